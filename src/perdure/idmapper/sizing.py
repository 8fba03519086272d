"""How many bytes of memory an object occupies, with everything that only it can reach.

Contract: `deep_size` counts an object and its parts, each once for one `seen`; what is shared by many (classes,
modules, functions, other live instances, what a class says of itself with `_shared_by_many`) is the border.

What is counted are the blocks that the allocator hands out for them: it rounds up to 16 bytes, and a dictionary has
two. CPython's `sys.getsizeof` has the header of the garbage collector and the table of a dictionary in it; names that
the dictionaries of many instances share belong to their class.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from gc import get_referents
from sys import getsizeof
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from django.db.models import Model
from django.db.models.options import Options

from perdure.idmapper.identity import IdentityRef

__all__ = ["deep_size"]

_BORDER = (Model, Options, IdentityRef, type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, tzinfo)
_LEAVES: frozenset[type] = frozenset(
    {str, bytes, int, float, complex, bool, type(None), datetime, date, time, timedelta, Decimal}
)
# Bytes that come with a dictionary beside what `getsizeof` says: its table is a block of its own, and has a prefix.
_TABLE = 24

# By type: whether its instances are parts of what refers to them.
_is_part: dict[type, bool] = dict.fromkeys(_LEAVES, True)


def deep_size(instance: Any, seen: set[int] | None = None) -> int:
    """Bytes that `instance` and what only it can reach occupy; what `seen` has the ids of is left out."""
    seen = set() if seen is None else seen
    total = 0
    waiting = [instance]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        size = getsizeof(found)
        kind = type(found)
        if kind not in _LEAVES:
            parts = _parts(found)
            waiting.extend(part for part in parts if _is_part.get(type(part)) or _belongs(part))
            size += _beside(found, kind, parts)
        total += (size + 15) & ~15
    return total


def _parts(found: Any) -> list[Any]:
    # The collector does not visit keys that are text. Those of an instance's own dictionary are names, and shared.
    if isinstance(found, dict) and type(found) is not dict:
        return [*dict.keys(found), *get_referents(found)]
    return get_referents(found)


def _beside(found: Any, kind: type, parts: list[Any]) -> int:
    """The bytes of a block that `found` has beside itself."""
    if isinstance(found, dict):
        return _TABLE
    if kind.__dictoffset__ and not any(type(part) is dict for part in parts):
        return _TABLE + 8 * len(parts)  # the values of its attributes: nobody has asked for a dictionary
    return 0


def _belongs(part: Any) -> bool:
    kind = type(part)
    known = _is_part.get(kind)
    if known is None:
        known = _is_part[kind] = not issubclass(kind, _BORDER) and not getattr(kind, "_shared_by_many", False)
    return known
