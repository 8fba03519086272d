"""Changing and deleting things, as the builders' commands do: with the same locks asked and the same hooks called.

Contract: `change` is all or nothing in the caller's transaction: a field that is refused undoes those before it. Every
field of a schema is dealt with here by a function of its own; what is not sent stays.

- `location` moves the thing as `teleport` does: it must let itself be moved, and the place must take it in.
- `locks` are changed one by one; who controls a thing is changed by who controls it.
- `permissions` are given and taken by who may do that in the game, never above their own rank.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from perdure.errors import InvalidArgument
from perdure.locks.permissions import is_account
from perdure.locks.validation import checked_lockdefs
from perdure.objects.models import ObjectDB
from perdure.scripts.models import ScriptDB
from perdure.scripts.state_machine import TimerState
from perdure.transactions import on_commit
from perdure.typeclasses.unique_names import fold
from perdure.web.rest.problems import Forbidden, Problem
from perdure.web.rest.representation import plain_aliases
from perdure.web.rest.rights import check_deletion, named, require_control, require_permissions, require_place
from perdure.web.rest.schemas import Change

__all__ = ["change", "change_locks", "delete", "note_permissions"]

security = logging.getLogger("perdure.security")

Setter = Callable[[Any, Any, Any], None]
_TIMER = ("interval", "start_delay", "repeats")


def change(account: Any, entity: Any, said: Change) -> list[str]:
    """Write the fields that were sent; their names. Raises `Problem` or an error of the catalogue."""
    given = said.given()
    timer = {name: given.pop(name) for name in _TIMER if name in given}
    if timer:
        _change_timer(entity, timer)
    for name, setter in _SETTERS.items():  # rights last: who gives them away may still do the rest
        if name in given:
            setter(account, entity, given[name])
    return sorted({*given, *timer})


def delete(account: Any, entity: Any) -> None:
    """Delete it with its hooks. Raises `Problem` if it refuses."""
    check_deletion(account, entity)
    gone = entity.delete()
    if not gone and not entity._is_deleted:
        raise Problem(409, getattr(gone, "reason", "") or "It refuses to be deleted.")


def change_locks(account: Any, entity: Any, locks: dict[str, str | None]) -> None:
    """Set or take away locks by access type."""
    if any(access_type.strip().lower() == "control" for access_type in locks):
        require_control(account, entity)
    for access_type, text in locks.items():
        if text is None:
            entity.locks.remove(access_type)
        elif set(checked_lockdefs(f"{access_type}:{text}")) != {access_type.strip().lower()}:
            raise InvalidArgument(f"locks: {access_type!r} is one access type, and what it takes one expression")
        else:
            entity.locks.add(f"{access_type}:{text}")


# --- one function for each field


def _key(account: Any, entity: Any, key: str) -> None:
    if is_account(entity):
        key = entity.normalize_username(key)
        valid, problems = (True, []) if fold(key) == fold(entity.key) else entity.validate_username(key)
        if not valid:
            raise Problem(422, " ".join(problems), tuple(("key", problem) for problem in problems))
    entity.key = key


def _aliases(account: Any, entity: Any, names: list[str]) -> None:
    wanted = {name.lower() for name in names}
    held = set(plain_aliases(entity))
    entity.aliases.remove(sorted(held - wanted))
    entity.aliases.add(sorted(wanted - held))


def _permissions(account: Any, entity: Any, names: list[str]) -> None:
    wanted = {name.lower() for name in names}
    held = entity.permissions.all(return_key_and_category=True)
    known = {key for key, _ in held}
    require_permissions(account, entity, sorted(wanted ^ known))
    for key, category in held:
        if key not in wanted:
            entity.permissions.remove(key, category=category)
    entity.permissions.add(sorted(wanted - known))
    note_permissions(account, entity, given=wanted - known, taken=known - wanted)


def note_permissions(account: Any, entity: Any, given: Iterable[str], taken: Iterable[str] = ()) -> None:
    """Tell the security log, as the command `perm` does, once it is committed."""
    kind = "account" if is_account(entity) else "object"
    for names, what in ((given, "given to"), (taken, "taken from")):
        for name in sorted(names):
            on_commit(
                partial(
                    security.warning,
                    "permission %s %s %s %s (%s) by %s, api",
                    name,
                    what,
                    kind,
                    entity.dbref,
                    entity.key,
                    account,
                )
            )


def _location(account: Any, entity: Any, number: int | None) -> None:
    if number == entity.db_location_id:
        return
    if number is None:
        if entity.sessions.count():
            raise Problem(409, "Somebody is playing it, so it stays in the world.")
        entity.move_to(None, to_none=True)
        return
    place = named(account, ObjectDB, "location", number)
    require_place(account, place, entity)
    moved = entity.move_to(place, use_destination=False, move_type="teleport")
    if not moved:
        raise Problem(409, moved.reason or "It did not move.")


def _home(account: Any, entity: Any, number: int | None) -> None:
    if number == entity.pk:
        raise InvalidArgument("home: nothing can be its own home")
    entity.home = named(account, ObjectDB, "home", number)


def _destination(account: Any, entity: Any, number: int | None) -> None:
    entity.destination = named(account, ObjectDB, "destination", number)


def _email(account: Any, entity: Any, address: str) -> None:
    entity.email = address
    entity.save(update_fields=["email"])


def _desc(account: Any, entity: Any, text: str) -> None:
    if isinstance(entity, ScriptDB):
        entity.desc = text
        return
    row = entity.attributes.get("desc", return_obj=True)
    if row is not None and not row.access(account, "attredit", default=True):
        raise Forbidden("desc: the attribute has locks of its own, which do not let you.")
    entity.attributes.add("desc", text)


def _persistent(account: Any, entity: Any, lasting: bool) -> None:
    entity.persistent = lasting


def _timer(account: Any, entity: Any, operation: str) -> None:
    if operation in ("start", "unpause") and entity.db_interval <= 0:
        raise Problem(409, "It has no interval, so there is no timer.")
    if operation == "pause" and entity.timer is not TimerState.RUNNING:
        raise Problem(409, "Its timer is not running.")
    getattr(entity, operation)()


def _locks(account: Any, entity: Any, locks: dict[str, str | None]) -> None:
    change_locks(account, entity, locks)


def _change_timer(script: Any, fields: dict[str, Any]) -> None:
    """Change when a script ticks; a running timer begins anew with it."""
    if script.timer is TimerState.RUNNING:
        script.start(**fields)
        return
    for name, value in fields.items():
        setattr(script, name, value)


#: In this order.
_SETTERS: dict[str, Setter] = {
    "key": _key,
    "aliases": _aliases,
    "location": _location,
    "home": _home,
    "destination": _destination,
    "email": _email,
    "desc": _desc,
    "persistent": _persistent,
    "timer": _timer,
    "permissions": _permissions,
    "locks": _locks,
}
