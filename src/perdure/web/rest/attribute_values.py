"""Values of attributes as a client sends them.

Contract: a value is JSON: null, true, 5, 2.5, "text", [1, 2], {"a": 1}. What JSON has no word for is written as it is
stored, as an object with one key: `{"~tuple": [1, 2]}`, `{"~set": [1]}`, `{"~datetime": "2026-01-31T12:00:00"}`, and
the others of `FORMS`. `{"~ref": ["objects.objectdb", 5]}` stands for an entity; as in the game, it must be one that the
account may change. What is read back has the same form, so it can be sent again.

Nothing that is sent runs code or makes anything but plain data: the forms of types that a game has registered, and of
compiled patterns, are not taken.

Failure modes: `Problem` 422 naming the path inside the value; `UnstorableValue` for what cannot be stored.
"""

from __future__ import annotations

from typing import Any

import msgspec

from perdure.errors import UnreadableValue
from perdure.values import decode, plain
from perdure.values.references import Reference, hooks
from perdure.web.rest.problems import Forbidden, Missing, Problem
from perdure.web.rest.rights import require

__all__ = ["FORMS", "read_value"]

FORMS = frozenset(
    {
        "~bytes",
        "~complex",
        "~counter",
        "~date",
        "~datetime",
        "~decimal",
        "~deque",
        "~dict",
        "~float",
        "~frozenset",
        "~int",
        "~odict",
        "~range",
        "~ref",
        "~set",
        "~time",
        "~timedelta",
        "~tuple",
        "~uuid",
    }
)


def read_value(account: Any, said: Any, path: str = "value") -> Any:
    """The value that was sent; `path` is where it stood."""
    _check(account, said, path)
    try:
        return plain(decode(msgspec.json.encode(said).decode(), None))
    except (UnreadableValue, OSError) as error:  # a time zone that is a directory is an OSError
        raise Problem(422, f"{path} is no value: {error}", ((path, str(error)),)) from None


def _check(account: Any, node: Any, path: str) -> None:
    """Raise for a form that is not taken and for a reference that may not be made, wherever in the value."""
    if type(node) is list:
        for index, part in enumerate(node):
            _check(account, part, f"{path}[{index}]")
        return
    if type(node) is not dict:
        return
    if len(node) == 1:
        ((form, payload),) = node.items()
        if form[:1] == "~" and form not in FORMS:
            raise _refused(path, f"{form[:40]!r} is no form of a value; there are {', '.join(sorted(FORMS))}")
        if form == "~ref":
            _check_reference(account, payload, path)
            return
    for key, part in node.items():
        _check(account, part, f"{path}[{key[:40]!r}]")


def _check_reference(account: Any, payload: Any, path: str) -> None:
    try:
        model, number = payload
        reference = Reference(model, number)
        entity = hooks.resolve([reference]).get(reference) if _is_reference(reference) else None
    except (TypeError, ValueError):
        entity = None
    if entity is None:
        raise _refused(path, "it refers to nothing")
    try:
        require(account, entity, "edit")
    except Missing:
        raise _refused(path, "it refers to nothing") from None
    except Forbidden as error:
        raise Forbidden(f"{path} refers to what you may not change. {error.detail}") from None


def _is_reference(reference: Reference) -> bool:
    return type(reference.model) is str and type(reference.pk) is int and 0 < reference.pk < 2**63


def _refused(path: str, why: str) -> Problem:
    return Problem(422, f"{path}: {why}", ((path, why),))
