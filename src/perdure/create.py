"""The functions that create entities.

Contract: each creates one entity (or, in the plural, many) in one transaction, creation hooks included: whatever raises
leaves nothing behind. Arguments that are given win over what the hooks set, falsy ones too. The forms that arguments
may have are those of `perdure.typeclasses.creation`; anything else raises `InvalidArgument` naming the argument.

Each function also has a short name: `create.object`, `create.script` and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, overload

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB, Msg
from perdure.objects.creation import BATCH_SIZE
from perdure.objects.creation import create_object as _create_object
from perdure.objects.creation import create_objects as _create_objects
from perdure.objects.models import ObjectDB
from perdure.scripts.models import ScriptDB
from perdure.typeclasses.creation import NOT_GIVEN, given

Made = TypeVar("Made", bound=ObjectDB)

# --- objects


@overload
def create_object(
    typeclass: type[Made],
    key: str | None = None,
    location: Any = ...,
    home: Any = None,
    permissions: Any = ...,
    locks: Any = ...,
    aliases: Any = ...,
    tags: Any = ...,
    destination: Any = ...,
    report_to: Any = None,
    nohome: bool = False,
    attributes: Any = ...,
    nattributes: Any = ...,
) -> Made: ...


@overload
def create_object(
    typeclass: str | None = None,
    key: str | None = None,
    location: Any = ...,
    home: Any = None,
    permissions: Any = ...,
    locks: Any = ...,
    aliases: Any = ...,
    tags: Any = ...,
    destination: Any = ...,
    report_to: Any = None,
    nohome: bool = False,
    attributes: Any = ...,
    nattributes: Any = ...,
) -> Any: ...


def create_object(
    typeclass: Any = None,
    key: str | None = None,
    location: Any = NOT_GIVEN,
    home: Any = None,
    permissions: Any = NOT_GIVEN,
    locks: Any = NOT_GIVEN,
    aliases: Any = NOT_GIVEN,
    tags: Any = NOT_GIVEN,
    destination: Any = NOT_GIVEN,
    report_to: Any = None,
    nohome: bool = False,
    attributes: Any = NOT_GIVEN,
    nattributes: Any = NOT_GIVEN,
) -> Any:
    """Create an object.

    Args:
        typeclass: class, path, or path shortened by a prefix of TYPECLASS_PATHS; BASE_OBJECT_TYPECLASS by default.
        key: its name; `#id` by default, unless a creation hook names it.
        location: where it is: an object, an id or a dbref; None for nowhere.
        home: where it goes when its location goes away; None means DEFAULT_HOME.
        permissions: a permission or a list of them.
        locks: a lockstring or a list of them, on top of the class's default locks.
        aliases: an alias or a list of them.
        tags: a tag or a list of them: `key`, `(key, category)` or `(key, category, data)`. A bare tuple is one tag.
        destination: where it leads, as `location`; makes it an exit.
        report_to: kept for its callers; errors are raised.
        nohome: give it no home.
        attributes: a dict, or a list of `(key, value[, category[, lockstring[, default_access]]])`.
        nattributes: attributes in memory only: a dict, or a list of `(key, value)`.

    Raises `TypeclassNotFound`, `WrongFamily`, `InvalidArgument`, `EntityNotFound`, `LockException`, `UnstorableValue`,
    or what a creation hook raises. Nothing has been created then.
    """
    arguments = {
        "location": location,
        "home": home,
        "permissions": permissions,
        "locks": locks,
        "aliases": aliases,
        "tags": tags,
        "destination": destination,
        "nohome": nohome,
        "attributes": attributes,
        "nattributes": nattributes,
    }
    return _create_object(ObjectDB, typeclass, key=key, **given(arguments))


def create_objects(
    typeclass: Any = None,
    rows: Iterable[Mapping[str, Any]] = (),
    *,
    hooks: bool = True,
    batch_size: int = BATCH_SIZE,
) -> list[Any]:
    """Create many objects, all or none, with a handful of statements for each batch.

    Args:
        typeclass: class or path of the rows that do not name their own (`typeclass`).
        rows: the arguments of `create_object`, a dict for each object.
        hooks: run the creation hooks. Without them the objects have their class's default locks and what their row
            says, and nobody is told of them.
        batch_size: how many rows are written together.

    Raises what `create_object` raises; the message says which row it was.
    """
    return _create_objects(ObjectDB, typeclass, rows, hooks=hooks, batch_size=batch_size)


object = create_object  # noqa: A001
objects = create_objects


# --- scripts


def create_script(
    typeclass: Any = None,
    key: Any = NOT_GIVEN,
    obj: Any = NOT_GIVEN,
    account: Any = NOT_GIVEN,
    locks: Any = NOT_GIVEN,
    interval: Any = NOT_GIVEN,
    start_delay: Any = NOT_GIVEN,
    repeats: Any = NOT_GIVEN,
    persistent: Any = NOT_GIVEN,
    autostart: bool = True,
    report_to: Any = None,
    desc: Any = NOT_GIVEN,
    tags: Any = NOT_GIVEN,
    attributes: Any = NOT_GIVEN,
) -> Any:
    """Create a script.

    Args:
        typeclass: class, path, or path shortened by a prefix of TYPECLASS_PATHS; BASE_SCRIPT_TYPECLASS by default.
        key: its name; made of class and id by default.
        obj: the object (or account) that hosts it: itself, its id or its dbref; none makes a global script.
        account: the account that hosts it.
        locks: a lockstring or a list of them.
        interval: whole seconds between ticks; 0 or less for no timer.
        start_delay: True waits one interval before the first tick, False none, a number that many seconds.
        repeats: how many ticks there will be; 0 for no end.
        persistent: whether the timer survives a restart of the server.
        autostart: start the timer, if there is an interval.
        report_to: kept for its callers; errors are raised.
        desc: a line for listings.
        tags, attributes: as for `create_object`.

    Returns the script, or None if a creation hook deleted it. Raises as `create_object`; nothing has been created then.
    """
    return ScriptDB.objects.create_script(
        typeclass=typeclass,
        key=key,
        obj=obj,
        account=account,
        locks=locks,
        interval=interval,
        start_delay=start_delay,
        repeats=repeats,
        persistent=persistent,
        autostart=autostart,
        report_to=report_to,
        desc=desc,
        tags=tags,
        attributes=attributes,
    )


def create_scripts(
    typeclass: Any = None,
    rows: Iterable[Mapping[str, Any]] = (),
    *,
    hooks: bool = True,
    batch_size: int = BATCH_SIZE,
) -> list[Any]:
    """Create many scripts, all or none: `create_objects` for scripts."""
    return list(ScriptDB.objects.create_scripts(typeclass, rows, hooks=hooks, batch_size=batch_size))


script = create_script
scripts = create_scripts


# --- accounts


def create_account(
    key: str,
    email: str | None = None,
    password: str | None = None,
    typeclass: Any = None,
    is_superuser: bool = False,
    locks: Any = NOT_GIVEN,
    permissions: Any = NOT_GIVEN,
    tags: Any = NOT_GIVEN,
    attributes: Any = NOT_GIVEN,
    report_to: Any = None,
) -> Any:
    """Create an account.

    Args:
        key: its name, which no other account may have in any case.
        email: its address; may be empty.
        password: checked by AUTH_PASSWORD_VALIDATORS; None for an account that nobody can log in to.
        typeclass: class or path; BASE_ACCOUNT_TYPECLASS by default.
        is_superuser: whether it may do everything.
        locks: a lockstring or a list of them, on top of the default locks.
        permissions: instead of PERMISSION_ACCOUNT_DEFAULT; an empty list for none.
        tags, attributes: as for `create_object`.
        report_to: kept for its callers; errors are raised.

    Raises `InvalidKey`, `NameTaken`, Django's `ValidationError` for a weak password, and as `create_object`; nothing
    has been created then.
    """
    return AccountDB.objects.create_account(
        key,
        email=email,
        password=password,
        typeclass=typeclass,
        is_superuser=is_superuser,
        locks=locks,
        permissions=permissions,
        tags=tags,
        attributes=attributes,
        report_to=report_to,
    )


def create_accounts(
    typeclass: Any = None,
    rows: Iterable[Mapping[str, Any]] = (),
    *,
    hooks: bool = True,
    batch_size: int = BATCH_SIZE,
) -> list[Any]:
    """Create many accounts, all or none: `create_objects` for accounts."""
    return list(AccountDB.objects.create_accounts(typeclass, rows, hooks=hooks, batch_size=batch_size))


account = create_account
accounts = create_accounts


# --- channels and messages


def create_channel(
    key: str,
    aliases: Any = NOT_GIVEN,
    desc: Any = NOT_GIVEN,
    locks: Any = NOT_GIVEN,
    keep_log: bool = True,
    typeclass: Any = None,
    tags: Any = NOT_GIVEN,
    attrs: Any = NOT_GIVEN,
) -> Any:
    """Create a channel.

    Args:
        key: its name, which no other channel may have in any case.
        aliases: an alias or a list of them.
        desc: what it is for.
        locks: a lockstring or a list of them, on top of the default locks.
        keep_log: keep what is said in a log file.
        typeclass: class or path; BASE_CHANNEL_TYPECLASS by default.
        tags, attrs: as `tags` and `attributes` of `create_object`.

    Raises `InvalidKey`, `NameTaken`, and as `create_object`; nothing has been created then.
    """
    return ChannelDB.objects.create_channel(
        key, aliases=aliases, desc=desc, locks=locks, keep_log=keep_log, typeclass=typeclass, tags=tags, attrs=attrs
    )


def create_channels(
    typeclass: Any = None,
    rows: Iterable[Mapping[str, Any]] = (),
    *,
    hooks: bool = True,
    batch_size: int = BATCH_SIZE,
) -> list[Any]:
    """Create many channels, all or none: `create_objects` for channels."""
    return list(ChannelDB.objects.create_channels(typeclass, rows, hooks=hooks, batch_size=batch_size))


def create_message(
    senderobj: Any,
    message: str,
    receivers: Any = None,
    locks: Any = None,
    tags: Any = None,
    header: str | None = None,
    **kwargs: Any,
) -> Any:
    """Store a message.

    Args:
        senderobj: an account, object, script or the text of an external sender, or several; None for nobody.
        message: what is said.
        receivers: the same for receivers.
        locks: a lockstring or a list of them.
        tags: as for `create_object`.
        header: its subject.

    Returns the message, or None for an empty text. Raises `InvalidArgument` for a party that cannot be one, and for
    other arguments; nothing has been stored then.
    """
    return Msg.objects.create_message(
        senderobj, message, receivers=receivers, locks=locks, tags=tags, header=header, **kwargs
    )


channel = create_channel
channels = create_channels
message = create_message
