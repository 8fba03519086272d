"""How many bytes of memory an object occupies, with everything that only it can reach.

Contract: `deep_size` counts an object and its parts, each once for one `seen`; what is shared by many (classes,
modules, functions, other live instances, weakly referenced things, a class with `_shared_by_many`) is the border.

What is counted is what the allocator hands out: sizes are rounded up to its 16 bytes, and blocks above 512 bytes, which
come from the C library, have a header of their own there. CPython's `sys.getsizeof` has the header of the garbage
collector and the table of a dictionary in it; the keys of a dictionary that instances share belong to the class.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from gc import get_referents
from sys import getsizeof
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from django.db.models import Model
from django.db.models.options import Options

__all__ = ["allocated", "deep_size"]

_BORDER = (Model, Options, type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, weakref.ref, tzinfo)
_LEAVES = (str, bytes, int, float, complex, type(None), datetime, date, time, timedelta, timezone, Decimal)
_SMALL = 512

# By type: whether its instances are parts of what refers to them.
_is_part: dict[type, bool] = dict.fromkeys(_LEAVES, True)


def allocated(size: int) -> int:
    """The bytes that the allocator spends on a block of this size."""
    return (size + 15) & ~15 if size <= _SMALL else (size + 8 + 15) & ~15


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
        total += allocated(getsizeof(found))
        if type(found) not in _LEAVES:
            waiting.extend(part for part in _parts(found) if _is_part.get(type(part)) or _belongs(part))
    return total


def _parts(found: Any) -> Iterable[Any]:
    # The collector does not visit keys that are text. Those of an instance's own dictionary are names, and shared.
    if isinstance(found, dict) and type(found) is not dict:
        return [*dict.keys(found), *get_referents(found)]
    return get_referents(found)


def _belongs(part: Any) -> bool:
    kind = type(part)
    known = _is_part.get(kind)
    if known is None:
        known = _is_part[kind] = not issubclass(kind, _BORDER) and not getattr(kind, "_shared_by_many", False)
    return known
