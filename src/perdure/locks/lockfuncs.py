"""The stock lock functions: what can be asked in a lockstring.

A lock function is called as `f(accessing_obj, accessed_obj, *args, access_type=..., session=..., **kwargs)`; its
own arguments are always text. It answers True or False. "Subject" is the accessing entity, "target" the one with
the lock. Where a command or script stands for the thing it sits on, its `obj` is looked at instead.

A question that makes no sense (an argument missing, a number that is none, an entity without a location) is
answered False. Every name in `__all__` is a lock function; a game adds its own in `server/conf/lockfuncs.py`.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings as django_settings

from perdure.conf import DEFAULTS, conf
from perdure.locks import permissions

__all__ = [
    "all",
    "attr",
    "attr_eq",
    "attr_ge",
    "attr_gt",
    "attr_le",
    "attr_lt",
    "attr_ne",
    "dbref",
    "false",
    "has_account",
    "holds",
    "id",
    "inside",
    "inside_rec",
    "is_ooc",
    "locattr",
    "none",
    "objattr",
    "objlocattr",
    "objloctag",
    "objtag",
    "pdbref",
    "perm",
    "perm_above",
    "pid",
    "pperm",
    "pperm_above",
    "self",
    "serversetting",
    "superuser",
    "tag",
    "true",
]

MAX_LOCATIONS = 10
_MISSING = object()
# What these settings hold is not to be found out by trying, lock after lock.
_SECRET = re.compile("TOKEN|KEY|SECRET|PASS|SIGNATURE")
_NUMBERED = re.compile(r"#?([0-9]+)")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "ne": operator.ne,
}


def true(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """Always passes."""
    return True


def all(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:  # noqa: A001
    """Always passes."""
    return True


def false(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """Never passes."""
    return False


def none(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """Never passes."""
    return False


def superuser(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """Never passes by itself: only a superuser, who passes every lock, gets through."""
    return False


# What `LockHandler.check` need not call to know; a function of a game that takes the place of one has no such mark.
for _function in (true, all):
    _function.lets_everybody = True  # type: ignore[attr-defined]
for _function in (false, none, superuser):
    _function.lets_nobody = True  # type: ignore[attr-defined]


def self(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """Passes when the subject is the target."""
    return accessing_obj is not None and accessing_obj == accessed_obj


def perm(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`perm(P)`: the subject has the permission, or a higher one of the ladder."""
    return bool(args) and permissions.has_permission(accessing_obj, args[0])


def perm_above(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`perm_above(P)`: the subject stands strictly higher on the ladder than P."""
    return bool(args) and permissions.has_permission(accessing_obj, args[0], above=True)


def pperm(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`pperm(P)`: as `perm`, asked of the account behind the subject."""
    return perm(permissions.account_behind(accessing_obj), accessed_obj, *args)


def pperm_above(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`pperm_above(P)`: as `perm_above`, asked of the account behind the subject."""
    return perm_above(permissions.account_behind(accessing_obj), accessed_obj, *args)


def dbref(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`dbref(N)`: the subject's database id is N, with or without `#`."""
    wanted = _NUMBERED.fullmatch(args[0]) if args else None
    return wanted is not None and str(getattr(accessing_obj, "id", None)) == (wanted[1].lstrip("0") or "0")


def id(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:  # noqa: A001
    """`id(N)`: as `dbref`. Objects and accounts are numbered apart: an account with id N passes too."""
    return dbref(accessing_obj, accessed_obj, *args)


def pdbref(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`pdbref(N)`: the id of the account behind the subject is N."""
    return dbref(permissions.account_behind(accessing_obj), accessed_obj, *args)


def pid(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`pid(N)`: as `pdbref`."""
    return pdbref(accessing_obj, accessed_obj, *args)


def attr(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`attr(name)`: a readable property or stored attribute of the subject is truthy.

    `attr(name, value)`: it equals the value, as it is, as text or as a number.
    `attr(name, value, compare=T)`: T is one of eq, gt, lt, ge, le, ne; all but eq compare numbers.
    """
    return _attribute_passes(_standing_for(accessing_obj), args, kwargs)


def attr_eq(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`attr_eq(name, value)`: the subject's attribute equals the value."""
    return _attribute_compares(accessing_obj, args, "eq")


def attr_gt(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`attr_gt(name, value)`: the subject's attribute is a number greater than the value."""
    return _attribute_compares(accessing_obj, args, "gt")


def attr_ge(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`attr_ge(name, value)`: the subject's attribute is a number greater than the value or equal to it."""
    return _attribute_compares(accessing_obj, args, "ge")


def attr_lt(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`attr_lt(name, value)`: the subject's attribute is a number less than the value."""
    return _attribute_compares(accessing_obj, args, "lt")


def attr_le(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`attr_le(name, value)`: the subject's attribute is a number less than the value or equal to it."""
    return _attribute_compares(accessing_obj, args, "le")


def attr_ne(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`attr_ne(name, value)`: the subject's attribute is a number other than the value."""
    return _attribute_compares(accessing_obj, args, "ne")


def objattr(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """As `attr`, asked of the target."""
    return attr(accessed_obj, accessed_obj, *args, **kwargs)


def locattr(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """As `attr`, asked of the place where the subject is."""
    return attr(_location(accessing_obj), accessed_obj, *args, **kwargs)


def objlocattr(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """As `attr`, asked of the place where the target is."""
    return attr(_location(accessed_obj), accessed_obj, *args, **kwargs)


def tag(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`tag(key)` or `tag(key, category)`: the subject carries the tag."""
    tags = getattr(_standing_for(accessing_obj), "tags", None)
    if tags is None or not args or not args[0]:
        return False
    category = args[1] if len(args) > 1 else kwargs.get("category")
    return bool(tags.has(args[0], category=category))


def objtag(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """As `tag`, asked of the target."""
    return tag(accessed_obj, accessed_obj, *args, **kwargs)


def objloctag(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """As `tag`, asked of the place where the target is."""
    return tag(_location(accessed_obj), accessed_obj, *args, **kwargs)


def is_ooc(accessing_obj: object, accessed_obj: object, *args: str, session: object = None, **kwargs: object) -> bool:
    """Passes when the session puppets nothing, or nobody is logged in.

    Without a session, the sessions of the target's account are asked, and none of them may puppet anything.
    """
    if session is not None:
        return getattr(session, "puppet", None) is None
    target = _standing_for(accessed_obj)
    account = permissions.account_behind(target) or getattr(target, "account", None)
    handler = getattr(account, "sessions", None)
    sessions: Iterable[object] = handler.all() if handler is not None else ()
    return not any(getattr(one, "puppet", None) is not None for one in sessions)


def inside(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """Passes when the subject is directly inside the target."""
    location = getattr(accessing_obj, "location", None)
    return location is not None and location == _standing_for(accessed_obj)


def inside_rec(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """Passes when the subject is inside the target, or inside something that is, up to ten levels."""
    target, place = _standing_for(accessed_obj), accessing_obj
    for _ in range(MAX_LOCATIONS):
        place = getattr(place, "location", None)
        if place is None:
            return False
        if place == target:
            return True
    return False


def holds(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`holds()`: the subject carries the target.

    `holds(X)`: it carries something whose dbref, key or alias is X.
    `holds(name, value)`: it carries something whose stored attribute, as text, is the value.
    """
    contents = list(getattr(accessing_obj, "contents", None) or ())
    if not args:
        return accessed_obj in contents or _standing_for(accessed_obj) in contents
    if len(args) == 1:
        return any(_is_called(thing, args[0].lower()) for thing in contents)
    found = (_stored(thing, args[0]) for thing in contents)
    return any(value is not _MISSING and str(value) == args[1] for value in found)


def has_account(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """Passes when the subject is an Object that an account puppets."""
    return permissions.controlling_account(accessing_obj) is not None


def serversetting(accessing_obj: object, accessed_obj: object, *args: str, **kwargs: object) -> bool:
    """`serversetting(NAME)` or `serversetting(NAME, value)`: the setting has that value, by default True.

    Settings that are secrets, by their names, have none.
    """
    if not args or not args[0].isupper() or _SECRET.search(args[0]):
        return False
    found = getattr(django_settings, args[0], DEFAULTS.get(args[0], _MISSING))
    return found is not _MISSING and bool(found == (_literal(args[1]) if len(args) > 1 else True))


def _standing_for(entity: object) -> object:
    """What a command or script sits on; anything else stands for itself."""
    sits_on = getattr(entity, "obj", None)
    return entity if sits_on is None else sits_on


def _location(entity: object) -> object:
    return getattr(_standing_for(entity), "location", None)


def _stored(entity: object, name: str) -> object:
    attributes = getattr(entity, "attributes", None)
    return attributes.get(name) if attributes is not None and attributes.has(name) else _MISSING


def _read(entity: object, name: str) -> object:
    """A declared property of the entity, else its stored attribute. No other property runs from a lockstring."""
    if name in conf.LOCK_READABLE_PROPERTIES:
        if name == "is_superuser":  # one that has quelled counts as none, here too
            return permissions.is_effective_superuser(entity)
        found: object = getattr(entity, name, _MISSING)
        if found is not _MISSING:
            return found
    return _stored(entity, name)


def _attribute_passes(entity: object, args: tuple[str, ...], kwargs: dict[str, object]) -> bool:
    if entity is None or not args:
        return False
    value = _read(entity, args[0])
    if value is _MISSING:
        return False
    if len(args) == 1:
        return bool(value)
    return _compares(value, args[1], str(kwargs.get("compare", "eq")))


def _attribute_compares(entity: object, args: tuple[str, ...], compare: str) -> bool:
    return len(args) > 1 and _attribute_passes(_standing_for(entity), args, {"compare": compare})


def _compares(value: object, text: str, compare: str) -> bool:
    if compare == "eq" and (value == text or str(value) == text):
        return True
    compared = operator.eq if compare == "eq" else _COMPARISONS.get(compare)
    left, right = _number(value), _number(text)
    if compared is None or left is None or right is None:
        return False
    return bool(compared(left, right))


def _number(value: Any) -> int | float | None:
    """The value as a number; whole ones stay whole, so that large ones compare exactly."""
    if isinstance(value, int):
        return value
    try:
        return int(value) if isinstance(value, str) else _float(value)
    except ValueError:
        return _float(value)


def _float(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(number) else number


def _is_called(thing: object, wanted: str) -> bool:
    names = [getattr(thing, "dbref", None), getattr(thing, "key", None)]
    aliases = getattr(thing, "aliases", None)
    names += aliases.all() if aliases is not None else []
    return wanted in [str(name).lower() for name in names if name is not None]


def _literal(text: str) -> object:
    """The plain Python value that the text writes (a number, True, a list ...), else the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
