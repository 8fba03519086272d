"""Making things: through the functions that the game makes them with, with the rules of the builders' commands.

Contract: who makes something controls it. A class is one that the game has; places and hosts must take it in; nobody
gives a permission above their own rank. Accounts are made as people register them: the same rules for names and
passwords, the same throttle and bans, and hashing leaves the game thread.

Failure modes: `Problem`, or an error of the catalogue; the caller's transaction undoes what was made.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from perdure.accounts.models import AccountDB
from perdure.accounts.registration import BANNED, CLOSED, TOO_MANY, begin_creation
from perdure.create import create_channel, create_object, create_script
from perdure.objects.makers import CharacterMaker
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.scripts.models import ScriptDB
from perdure.web.offloading import OffloadResponse, offload, offloaded
from perdure.web.rest import schemas
from perdure.web.rest.attribute_values import read_value
from perdure.web.rest.callers import Caller
from perdure.web.rest.changing import change_locks, note_permissions
from perdure.web.rest.kinds import Kind
from perdure.web.rest.problems import Problem
from perdure.web.rest.rights import named, require, require_permissions, require_place

__all__ = ["make", "make_account"]


def make(kind: Kind, caller: Caller, said: Any) -> Any:
    """Make one of the kind; not for accounts. Returns it."""
    if kind.model is ObjectDB:
        made = _make_object(kind, caller, said)
    elif kind.model is ScriptDB:
        made = _make_script(kind, caller, said)
    else:
        made = _make_channel(kind, caller, said)
    if made is None or made._is_deleted:
        raise Problem(409, f"The {kind.one} has deleted itself when it was made.")
    if said.locks:
        change_locks(caller.account, made, said.locks)
    return made


def make_account(kind: Kind, request: HttpRequest, caller: Caller, said: schemas.AccountCreation) -> Any:
    """Make an account: it, or the `OffloadResponse` with which the view is to be called again."""
    require_permissions(caller.account, None, said.permissions)
    done = offloaded(request, "account")
    if done is None:
        arguments: dict[str, Any] = {"typeclass": kind.class_of_new(said.typeclass)}
        if said.permissions:
            arguments["permissions"] = said.permissions
        check = begin_creation(said.key, said.password, said.email, caller.address, **arguments)
        _refuse(check.errors)
        done = offload(request, "account", lambda: (check, check.hash(said.password)))
        if isinstance(done, OffloadResponse):
            return done
    check, encoded = done
    account, errors = check.finish(encoded)
    _refuse(errors)
    note_permissions(caller.account, account, given=said.permissions)
    return account


def _refuse(errors: list[str]) -> None:
    if not errors:
        return
    status = {TOO_MANY: 429, BANNED: 403, CLOSED: 403}.get(errors[0], 422)
    raise Problem(status, " ".join(errors))


def _make_object(kind: Kind, caller: Caller, said: schemas.ObjectCreation) -> Any:
    account, given = caller.account, said.given()
    cls = kind.class_of_new(said.typeclass)
    require_permissions(account, None, said.permissions)
    places = {
        name: named(account, ObjectDB, name, given[name]) for name in ("location", "destination") if name in given
    }
    if places.get("location") is not None:
        require_place(account, places["location"])
    if issubclass(cls, CharacterMaker):
        problem = cls.validate_name(said.key)
        if problem:
            raise Problem(422, problem, (("key", problem),))
    home: dict[str, Any] = {}
    if "home" in given:
        home = {"nohome": True} if said.home is None else {"home": named(account, ObjectDB, "home", said.home)}
    made = create_object(
        cls,
        key=said.key,
        aliases=said.aliases,
        permissions=said.permissions,
        **_labels(account, said),
        **places,
        **home,
    )
    if not made._is_deleted:
        made.locks.add(DefaultObject.get_default_lockstring(account=account))
        made.attributes.add("creator_id", account.pk)
        note_permissions(account, made, given=said.permissions)
    return made


def _make_script(kind: Kind, caller: Caller, said: schemas.ScriptCreation) -> Any:
    account, given = caller.account, said.given()
    if said.obj is not None and said.account is not None:
        raise Problem(422, "obj, account: a script has one host", (("account", "a script has one host"),))
    hosts: dict[str, Any] = {}
    for name, model in (("obj", ObjectDB), ("account", AccountDB)):
        if given.get(name) is not None:
            hosts[name] = named(account, model, name, given[name])
            require(account, hosts[name], "edit")
    fields = ("desc", "interval", "start_delay", "repeats", "persistent", "autostart")
    made = create_script(
        kind.class_of_new(said.typeclass),
        key=said.key,
        **{name: given[name] for name in fields if name in given},
        **_labels(account, said),
        **hosts,
    )
    if made is not None and not made._is_deleted and not hosts:
        made.locks.add(f"{DefaultObject.get_default_lockstring(account=account)};examine:perm(Builder)")
    return made


def _make_channel(kind: Kind, caller: Caller, said: schemas.ChannelCreation) -> Any:
    account = caller.account
    labels = _labels(account, said)
    made = create_channel(
        said.key,
        aliases=said.aliases,
        desc=said.desc,
        keep_log=said.keep_log,
        typeclass=kind.class_of_new(said.typeclass),
        tags=labels["tags"],
        attrs=labels["attributes"],
    )
    if not made._is_deleted:
        made.locks.add(f"control:pid({account.pk}) or perm(Admin)")
        made.attributes.add("creator_id", account.pk)
    return made


def _labels(account: Any, said: Any) -> dict[str, Any]:
    """Tags and attributes, as the functions take them."""
    return {
        "tags": [(tag.key, tag.category) for tag in said.tags],
        "attributes": {
            key: read_value(account, value, f"attributes[{key!r}]") for key, value in said.attributes.items()
        },
    }
