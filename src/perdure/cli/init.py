"""`perdure init`: lay out a game directory from the template."""

from __future__ import annotations

import re
import secrets
import shlex
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from perdure.cli.output import stdout
from perdure.errors import InvalidArgument

__all__ = ["init", "lay_out"]

WORLDS = ("airports", "cave")
# Names that a file of the template has where the copy has another: packaging tools drop or read these.
RENAMED = {"gitignore": ".gitignore", "readme.md": "README.md"}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def init(
    name: Annotated[str, typer.Argument(help="Name of the game, or a path whose last part is the name.")],
    world: Annotated[
        str | None, typer.Option(help=f"A demo world, built by the first migrate: {', '.join(WORLDS)}.")
    ] = None,
) -> None:
    """Lay out a new game directory.

    It holds your classes (typeclasses/), commands, world modules, web pages and settings.py, each file with
    a word on what belongs there. Nothing is made outside it, and an existing directory is left alone.
    """
    directory = lay_out(Path(name), world)
    shown = directory if Path(name).is_absolute() else Path(name)
    stdout.print(f"Made the game {directory.name} in {shown}.", markup=False)
    stdout.print(f"Next:  cd {shlex.quote(str(shown))} && perdure migrate", markup=False)


def lay_out(directory: Path, world: str | None = None) -> Path:
    """Copy the template to `directory` and write its secrets.

    Raises:
        InvalidArgument: the name cannot be used, the directory exists, or there is no such world.
    """
    directory = directory.expanduser().absolute()
    if not NAME.fullmatch(directory.name):
        raise InvalidArgument(
            f"{directory.name!r} cannot name a game: use letters, digits, _ and -, beginning with a letter"
        )
    if world is not None and world not in WORLDS:
        raise InvalidArgument(f"there is no demo world {world!r}: choose from {', '.join(WORLDS)}")
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise InvalidArgument(f"{directory} exists already: choose another name, or remove it first") from None
    except OSError as error:
        raise InvalidArgument(f"{directory} cannot be made: {error.strerror or error}") from error
    try:
        _copy_template(directory, world)
    except OSError as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise InvalidArgument(f"{directory} cannot be made: {error.strerror or error}") from error
    return directory


def _copy_template(directory: Path, world: str | None) -> None:
    with as_file(files("perdure") / "template") as template:
        shutil.copytree(template, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for old, new in RENAMED.items():
        (directory / old).rename(directory / new)
    _fill_in(directory / "settings.py", directory.name, world)
    _fill_in(directory / "README.md", directory.name, world)
    secret = directory / "secret_settings.py"
    secret.touch(mode=0o600)
    secret.write_text(
        '"""Secrets of this game: never share this file, never put it under version control."""\n\n'
        f'SECRET_KEY = "{secrets.token_urlsafe(50)}"\n',
        encoding="utf-8",
    )


def _fill_in(path: Path, name: str, world: str | None) -> None:
    text = path.read_text(encoding="utf-8")
    chosen = f'"{world}"' if world else "None"
    path.write_text(text.replace("GAME_NAME", name).replace('"GAME_WORLD"', chosen), encoding="utf-8")
