"""What may be stored as a lock: text in the language that calls only lock functions that exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from perdure.errors import LockException
from perdure.locks.evaluation import logger
from perdure.locks.grammar import parse, parse_expression
from perdure.locks.registry import get_all_lockfuncs
from perdure.locks.tree import Lockdef, Node, calls_of


def validate_lockstring(lockstring: str | Iterable[str]) -> tuple[bool, LockException | None]:
    """Whether the text is a lockstring of existing lock functions: `(True, None)`, or False and the error."""
    try:
        checked_lockdefs(lockstring, notify=False)
    except LockException as error:
        return False, error.with_traceback(None)
    return True, None


def checked_lockdefs(lockstring: str | Iterable[str], notify: bool = True) -> dict[str, Lockdef]:
    """The lockdefs of the texts by type, each of whose functions exists. Raises `LockException`."""
    lockdefs: dict[str, Lockdef] = {}
    for text in [lockstring] if isinstance(lockstring, str) else _listed(lockstring):
        for lockdef in parse(text):
            _refuse_unknown(lockdef.expression, text)
            if notify and lockdef.access_type in lockdefs:
                logger.warning("two locks of the type %r are given; the later wins: %s", lockdef.access_type, text)
            lockdefs[lockdef.access_type] = lockdef
    return lockdefs


def checked_expression(text: str) -> tuple[Node, str]:
    """A bare expression as tree and as text, each of whose functions exists. Raises `LockException`."""
    expression = parse_expression(text)
    _refuse_unknown(expression, text)
    return expression, text.strip()


def _listed(lockstrings: Iterable[str]) -> list[str]:
    try:
        return list(lockstrings)
    except TypeError:
        raise LockException(f"a lockstring is text or a list of texts, not {type(lockstrings).__name__}") from None


def _refuse_unknown(expression: Node, text: str) -> None:
    known = get_all_lockfuncs()
    for call in calls_of(expression):
        if call.name in known:
            continue
        similar = difflib.get_close_matches(call.name.lower(), known, n=1)
        hint = f"did you mean {similar[0]!r}?" if similar else "LOCK_FUNC_MODULES names the modules that are searched"
        raise LockException(f"there is no lock function {call.name!r}; {hint}", text, call.position)
