"""Who may do what through the API: the rules of the builders' commands, asked of the account behind the request.

Contract: nothing is read or changed without one of these. All are computed live; a quelled superuser bypasses none.

- `api` on an entity: whether the API knows of it for this account. Without such a lock, Builders.
- `examine` to see it, `edit` to change it, `delete` to delete it; who passes `control` may all three. Where an entity
  has neither lock, admins may. A script without locks of its own goes by those of its host: who may edit that, may
  delete it. A channel without `examine` is seen by who may listen.
- Nobody changes an account that stands above them, nor gives or takes a rank above their own.

Failure modes: `Missing` for what the API does not know of, `Forbidden` naming the lock for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perdure.channels.models import ChannelDB
from perdure.commands.default.ranks import acting_rank, outranks
from perdure.conf import conf
from perdure.errors import EntityNotFound
from perdure.idmapper.wrappers import dbref_number
from perdure.locks import check_lockstring, check_perm
from perdure.locks.control import controls_or_has, has_lock
from perdure.locks.permissions import is_account, is_object, perm_rank
from perdure.scripts.models import ScriptDB
from perdure.web.rest.problems import Forbidden, Missing, Problem

__all__ = [
    "check_deletion",
    "is_shown_to",
    "may",
    "named",
    "require",
    "require_builder",
    "require_control",
    "require_permissions",
    "require_place",
]


def is_shown_to(account: Any, entity: Any) -> bool:
    """Whether the API knows of the entity for this account."""
    return bool(entity.access(account, "api", default=check_perm(account, "Builder")))


def named(account: Any, model: Any, field: str, number: int | None) -> Any:
    """The entity whose id was sent as `field`; None for null. Raises `EntityNotFound`, also if the API hides it."""
    if number is None:
        return None
    found = model.objects.filter(pk=number).first()
    if found is None or not is_shown_to(account, found):
        raise EntityNotFound(f"{field} is {number}, but there is no such {model._meta.verbose_name.lower()}")
    return found


def may(account: Any, entity: Any, access: str) -> bool:
    """Whether the account controls the entity or has this access to it."""
    guarded, asked = _asked(entity, access)
    return controls_or_has(account, guarded, asked)


def require(account: Any, entity: Any, access: str) -> None:
    """Raise unless the API knows of the entity and the account may. Changing an account takes a rank not below its."""
    if not is_shown_to(account, entity):
        raise Missing
    if not may(account, entity, access):
        raise Forbidden(f"This takes the access '{access}' or 'control' to #{entity.pk}.")
    if access != "examine" and is_account(entity) and outranks(entity, account):
        raise Forbidden(f"The account #{entity.pk} stands above yours.")


def require_control(account: Any, entity: Any) -> None:
    """Raise unless the account controls the entity."""
    if not entity.access(account, "control"):
        raise Forbidden(f"This takes the access 'control' to #{entity.pk}.")


def require_builder(account: Any) -> None:
    """Raise unless the account is a builder: those may list and make things."""
    if not check_perm(account, "Builder"):
        raise Forbidden("This takes the rank of a Builder.")


def require_permissions(account: Any, entity: Any, names: Iterable[str]) -> None:
    """Raise unless the account may give and take these permissions; `entity` is None for one that is being made."""
    names = list(names)
    if not names:
        return
    if not check_lockstring(account, "perm(perm) or perm(Developer)"):
        raise Forbidden("Giving and taking permissions takes the permission 'perm' or the rank of a Developer.")
    if entity is not None:
        if is_account(entity):
            require(account, entity, "edit")
        else:
            require_control(account, entity)
        if outranks(entity, account):
            raise Forbidden(f"#{entity.pk} stands above you.")
    for name in names:
        if perm_rank(name) > acting_rank(account):
            raise Forbidden(f"{name} is above your own rank.")


def require_place(account: Any, place: Any, thing: Any = None) -> None:
    """Raise unless the account may put something (`thing`, None for one that is being made) into a place."""
    if check_perm(account, "Admin"):
        return
    if thing is not None and not thing.access(account, "teleport") and not may(account, thing, "edit"):
        raise Forbidden(f"This takes the access 'teleport' to #{thing.pk}.")
    if not place.access(thing if thing is not None else account, "teleport_here") and not may(account, place, "edit"):
        raise Forbidden(f"This takes the access 'teleport_here' to #{place.pk}.")


def check_deletion(account: Any, entity: Any) -> None:
    """Raise for what may not be deleted whatever its locks say."""
    if entity == account:
        raise Problem(409, "This is your own account.")
    if getattr(entity, "sessions", None) is not None and entity.sessions.count():
        raise Problem(409, "Somebody is connected to it.")
    if not is_object(entity):
        return
    for setting in ("DEFAULT_HOME", "START_LOCATION"):
        if entity.pk == dbref_number(getattr(conf, setting)):
            raise Problem(409, f"It is needed: the setting {setting} names it.")


def _asked(entity: Any, access: str) -> tuple[Any, str]:
    """Whose lock is asked, and which."""
    if isinstance(entity, ChannelDB):
        hears = access == "examine" and not has_lock(entity, "examine")
        return entity, "listen" if hears else access
    if not isinstance(entity, ScriptDB) or has_lock(entity, "control") or has_lock(entity, access):
        return entity, access
    host = entity.obj
    return (entity, access) if host is None else (host, "edit" if access == "delete" else access)
