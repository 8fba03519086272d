"""Where in the game's own code an error comes from.

Contract: `place_of` gives a file and a line that its author can go to, `trace_of` a traceback that is about their code.
They look at the error and its lines of source, and never raise.
"""

from __future__ import annotations

import traceback
from pathlib import Path

__all__ = ["place_of", "short_path", "trace_of"]


def place_of(error: BaseException, game: Path | None = None) -> tuple[str, int]:
    """File and line of an error: of the syntax error, else the innermost line of the game's own code.

    Args:
        error: what was raised; its cause is looked at when it says nothing itself.
        game: the game's directory; by default the current one.

    Returns:
        `("", 0)` when no line of the game had to do with it.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0
    here = str(game or Path.cwd())
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(here) and "/site-packages/" not in frame.filename]
    if own:
        return own[-1].filename, own[-1].lineno or 0
    if error.__cause__ is not None:
        return place_of(error.__cause__, game)
    return "", 0


def short_path(file: str, game: Path | None = None) -> str:
    """The path as one says it inside the game."""
    path, here = Path(file), game or Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def trace_of(error: BaseException) -> str:
    """The traceback, without the machinery of imports, which is never what is wrong."""
    told = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    links: list[traceback.TracebackException | None] = [told]
    while links:
        one = links.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.stack = traceback.StackSummary.from_list(
            [frame for frame in one.stack if not _is_machinery(frame.filename)]
        )
        links += [one.__cause__, one.__context__]
    return "".join(told.format())


def _is_machinery(file: str) -> bool:
    return file.startswith("<frozen importlib") or file.endswith("/importlib/__init__.py")
