"""Which of a kind are listed: what a client asks for in the address, as one query.

    /api/objects?tag=light:kind&attr.oil__gte=5&location=12&limit=50

Contract: every condition is met in SQL, so counting and paging are one statement each, however many there are. What a
filter compares is typed: `5`, `true`, `null`, `"5"` and `[1, 2]` are read as JSON, anything else is text.

Nobody finds out by comparing what they may not read. For who does not bypass locks, a filter by attribute finds what
they may examine by their rank alone (`_examined_by_rank`; other locks cannot be asked in SQL), and an attribute with a
lock `attrread` is not there. Filters of accounts by what is not known of everybody take an Admin.

Failure modes: 422 naming the parameter for what is not known, not fit to compare, or too much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Concat
from django.http import QueryDict

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB
from perdure.conf import conf
from perdure.errors import InvalidKey, UnknownLookup
from perdure.locks import check_perm
from perdure.locks.permissions import has_permission, is_effective_superuser
from perdure.scripts.models import ScriptDB
from perdure.typeclasses import registry
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.owner_conditions import AttributeRows
from perdure.typeclasses.tag_queries import carrying
from perdure.typeclasses.value_conditions import LOOKUPS, NOT_NONE, value_condition
from perdure.web.rest.kinds import Kind
from perdure.web.rest.problems import Forbidden, Problem
from perdure.web.rest.schemas import LARGEST_ID

__all__ = ["MOST_SHOWN", "PARAMETERS", "Page", "page_asked", "rows_asked"]

SHOWN, MOST_SHOWN = 25, 100
FURTHEST = 1_000_000
MOST_FILTERS = 20
LONGEST_VALUE = 1000
ATTRIBUTE = "attr."
#: Of an account, what is not known by looking who is there.
_ADMIN_ONLY = ("tag", "permission", ATTRIBUTE)

#: What every kind can be filtered by, for the description of the API.
PARAMETERS = {
    "name": "its name, in any case",
    "alias": "an alias that it has",
    "tag": "a tag that it has, `key` or `key:category`; may be given several times",
    "permission": "a permission that it holds itself",
    "typeclass": "of this class or one derived from it",
    "attr.<key>": (
        "the value of an attribute, as JSON or text; `attr.<key>:<category>` for one of a category, "
        f"and with a comparison behind it: `attr.<key>__gte`, one of {', '.join((*LOOKUPS, 'isnull', 'exists'))}"
    ),
}


class Page(NamedTuple):
    """Which part of a list is shown."""

    limit: int
    offset: int


def page_asked(query: QueryDict) -> Page:
    """The part of the list that is asked for."""
    return Page(_number(query, "limit", SHOWN, 1, MOST_SHOWN), _number(query, "offset", 0, 0, FURTHEST))


def rows_asked(kind: Kind, account: Any, query: QueryDict) -> Any:
    """Those of the kind that meet all conditions, by id."""
    rows = kind.rows()
    asked = [(name, value) for name, values in query.lists() if name not in ("limit", "offset") for value in values]
    if len(asked) > MOST_FILTERS:
        raise Problem(422, f"There are {len(asked)} filters; {MOST_FILTERS} are the most.")
    conditions = [_condition(kind, account, rows, name, _checked(name, value)) for name, value in asked]
    if any(name.startswith(ATTRIBUTE) for name, _ in asked) and not is_effective_superuser(account):
        rows = rows.alias(_locks=Concat(Value(";"), F("db_lock_storage"), Value(";"), output_field=TextField()))
        conditions.append(_examined_by_rank(kind, account))
    return rows.filter(*conditions).order_by("pk")


def _condition(kind: Kind, account: Any, rows: Any, name: str, value: str) -> Q:
    if kind.model is AccountDB and name.startswith(_ADMIN_ONLY) and not check_perm(account, "Admin"):
        raise Forbidden(f"Filtering accounts by {name} takes an Admin.")
    try:
        if name.startswith(ATTRIBUTE):
            return _attribute(kind, account, name, value)
        if name in _SIMPLE:
            return _SIMPLE[name](kind, rows, value)
    except (InvalidKey, UnknownLookup) as error:
        raise _unfit(name, str(error)) from None
    if name in kind.ids:
        return Q(**{kind.ids[name]: None if value == "null" else _id(name, value)})
    if name in kind.flags:
        return Q(**{kind.flags[name]: _flag(name, value)})
    known = ", ".join((*_SIMPLE, *kind.ids, *kind.flags, "attr.<key>", "limit", "offset"))
    raise _unfit(name, f"{kind.name} cannot be filtered by {name!r}; there are {known}")


# --- conditions that every kind has


def _named(kind: Kind, rows: Any, value: str) -> Q:
    return Q(db_key__iexact=value.strip())


def _aliased(kind: Kind, rows: Any, value: str) -> Q:
    return carrying(rows, (normal_key(value, "alias"), None), "alias")


def _tagged(kind: Kind, rows: Any, value: str) -> Q:
    key, _, category = value.partition(":")
    return carrying(rows, (normal_key(key, "tag"), normal_category(category, "tag", 64)))


def _permitted(kind: Kind, rows: Any, value: str) -> Q:
    return carrying(rows, (normal_key(value, "permission"), None), "permission")


def _classed(kind: Kind, rows: Any, value: str) -> Q:
    return Q(db_typeclass_path__in=registry.family_paths(kind.known_class(value)))


_SIMPLE: dict[str, Callable[[Kind, Any, str], Q]] = {
    "name": _named,
    "alias": _aliased,
    "tag": _tagged,
    "permission": _permitted,
    "typeclass": _classed,
}


def _attribute(kind: Kind, account: Any, name: str, value: str) -> Q:
    """The condition of `attr.<key>[:<category>][__<comparison>]`."""
    asked, _, lookup = name.removeprefix(ATTRIBUTE).rpartition("__")
    if not asked or lookup not in (*LOOKUPS, "isnull", "exists"):
        asked, lookup = name.removeprefix(ATTRIBUTE), "exact"
    key, _, category = asked.partition(":")
    values: tuple[Any, ...] = ()
    wanted = True
    if lookup in ("isnull", "exists"):
        wanted = _flag(name, value) is (lookup == "exists")
        values = (NOT_NONE,) if lookup == "isnull" else ()
    else:
        values = (value_condition(lookup, _operand(value), name),)
    found = AttributeRows(kind.model, "", normal_category(category), normal_key(key), values).queryset("default")
    if not is_effective_superuser(account):
        found = found.exclude(db_lock_storage__icontains="attrread")
    condition = Q(pk__in=found.order_by().values("owner_id"))
    return condition if wanted else ~condition


def _examined_by_rank(kind: Kind, account: Any) -> Q:
    """The condition that the API knows of an entity and its lock `examine` is one that the account's rank opens."""
    ranks = [rank for rank in conf.PERMISSION_HIERARCHY if has_permission(account, rank)]
    open_to_it = ["all()", "true()", *(f"perm({rank})" for rank in ranks)]
    own = Q(_locks__contains=";examine:")
    opened = Q(pk__in=[])
    for text in open_to_it:
        opened |= Q(_locks__icontains=f";examine:{text};")
        if kind.model is ChannelDB:
            opened |= Q(_locks__icontains=f";listen:{text};") & ~own
    if kind.model is ScriptDB and check_perm(account, "Admin"):
        opened |= ~own & ~Q(_locks__contains=";control:") & Q(db_obj=None, db_account=None)
    return opened & ~Q(_locks__contains=";api:")


# --- values


def _operand(value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _checked(name: str, value: str) -> str:
    if len(value) > LONGEST_VALUE or "\0" in name + value:
        raise _unfit(name, f"a filter compares with at most {LONGEST_VALUE} characters, none of them NUL")
    return value


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise _unfit(name, f"{name} is true or false, got {value!r}")
    return value == "true"


def _id(name: str, value: str) -> int:
    digits = value.removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20 and int(digits) <= LARGEST_ID):
        raise _unfit(name, f"{name} is an id, or null for none, got {value!r}")
    return int(digits)


def _number(query: QueryDict, name: str, default: int, least: int, most: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdecimal() and len(value) < 10 and least <= int(value) <= most):
        raise _unfit(name, f"{name} is a number from {least} to {most}, got {value[:40]!r}")
    return int(value)


def _unfit(name: str, message: str) -> Problem:
    return Problem(422, message, ((name, message),))
