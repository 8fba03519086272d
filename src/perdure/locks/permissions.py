"""Who may what: the ladder of permissions, quelling and superusers, each decided in one place.

Contract: `has_permission` is the `perm` lock function; `check_permstring` looks at one entity's own list
only; `is_effective_superuser` says whether locks let somebody by. All are computed live from what the
entities hold now. None of them raises for a subject that lacks a handler or a field: it holds nothing.

Invariants: a quelled account is nowhere a superuser. A puppet's own ranks never lift its account.
Comparison ignores case; a trailing "s" is tolerated for names on the ladder.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from perdure.conf import conf

QUELL_ATTRIBUTE = "_quell"
NO_RANK = -1


def is_object(entity: object) -> bool:
    """Whether the entity is an Object (something that an account can puppet)."""
    return _family(entity) == "ObjectDB"


def is_account(entity: object) -> bool:
    """Whether the entity is an Account."""
    return _family(entity) == "AccountDB"


def controlling_account(entity: object) -> object | None:
    """The account that puppets the entity; None for anything but a puppeted Object."""
    return getattr(entity, "account", None) if is_object(entity) else None


def account_behind(entity: object) -> object | None:
    """The entity itself if it is an account, the account puppeting it if it is an Object, else None."""
    return entity if is_account(entity) else controlling_account(entity)


def is_quelled(account: object) -> bool:
    """Whether the account has laid down its powers (`quell`)."""
    attributes = getattr(account, "attributes", None)
    return attributes is not None and bool(attributes.get(QUELL_ATTRIBUTE))


def is_effective_superuser(entity: object) -> bool:
    """Whether locks let the entity by: a superuser that has not quelled, or the puppet of one."""
    if not getattr(entity, "is_superuser", False):
        return False
    account = entity if is_account(entity) else getattr(entity, "account", None)
    return account is None or not is_quelled(account)


def is_quelled_superuser(entity: object) -> bool:
    """Whether the entity would pass every lock, had it (or the account behind it) not quelled."""
    account = account_behind(entity)
    return account is not None and bool(getattr(account, "is_superuser", False)) and is_quelled(account)


def perm_rank(name: str) -> int:
    """The place of the name on the ladder, lowest is 0; `NO_RANK` if it is not on it."""
    return _ranks(tuple(conf.PERMISSION_HIERARCHY)).get(name.strip().lower(), NO_RANK)


def best_rank(entity: object) -> int:
    """The highest rank in the entity's own list; `NO_RANK` if it holds none."""
    return max(map(perm_rank, held_permissions(entity)), default=NO_RANK)


def held_permissions(entity: object) -> frozenset[str]:
    """The entity's own permissions in lower case; empty if it cannot hold any."""
    handler = getattr(entity, "permissions", None)
    return frozenset(name.lower() for name in handler.all()) if handler is not None else frozenset()


def has_permission(subject: object, name: str, above: bool = False) -> bool:
    """Whether the subject holds the permission or, for one on the ladder, a higher one.

    A puppet is judged by its account; if that has quelled, by the weaker of the two.

    Args:
        subject: an entity with `permissions`; anything else holds nothing.
        name: the permission, in any case.
        above: for a name on the ladder, demand a strictly higher rank.
    """
    name = name.strip().lower()
    if not name or getattr(subject, "permissions", None) is None:
        return False
    asked = perm_rank(name)
    if asked == NO_RANK:
        return any(name in held_permissions(entity) for entity in _holders(subject))
    effective = _effective_rank(subject)
    return effective > asked if above else effective >= asked


def has_permissions(subject: object, names: Iterable[str], require_all: bool = False) -> bool:
    """Whether the subject has any (or with `require_all` every one) of the permissions.

    No names at all: False, or True with `require_all`.
    """
    found = (has_permission(subject, name) for name in names)
    return all(found) if require_all else any(found)


def check_permstring(entity: object, permstring: str) -> bool:
    """Whether the entity's own list has the permission or a higher one; locks and accounts play no part.

    True for an unquelled superuser. A trailing "s" in the question is tolerated for any name.
    """
    name = permstring.strip().lower()
    if is_effective_superuser(entity):
        return True
    if not name:
        return False
    asked = perm_rank(name)
    if asked != NO_RANK:
        return best_rank(entity) >= asked
    held = held_permissions(entity)
    return name in held or (name.endswith("s") and name[:-1] in held)


def _family(entity: object) -> str:
    return getattr(getattr(entity, "__dbclass__", None), "__name__", "")


def _effective_rank(subject: object) -> int:
    account = controlling_account(subject)
    if account is None:
        return best_rank(subject)
    if is_quelled(account):
        return min(best_rank(account), best_rank(subject))
    return best_rank(account)


def _holders(subject: object) -> tuple[object, ...]:
    """Whose lists count for a permission outside the ladder."""
    account = controlling_account(subject)
    if account is None or is_quelled(account):
        return (subject,)
    return (account, subject)


@lru_cache(maxsize=8)
def _ranks(hierarchy: tuple[str, ...]) -> dict[str, int]:
    ranks = {name.lower(): rank for rank, name in enumerate(hierarchy)}
    for name, rank in list(ranks.items()):
        ranks.setdefault(f"{name}s", rank)
    return ranks
