"""The first start of a game: its owner, the owner's character #1, the room #2 and the default channels.

Contract: `first_start()` brings a migrated database to the point where somebody can enter the game. It is
resumable: each thing is made when it is missing, all of them in one transaction, so a start that was cut off
leaves nothing and the next one does the whole. Run again it changes nothing.

Invariants: the character is object #1 and the first room #2 (`DEFAULT_HOME` and `START_LOCATION` say so).

Failure modes: `ConfigurationError` when ids 1 or 2 are taken by something that is not a character or a room;
`InvalidArgument` when the owner's name or password is refused by the validators of the settings.
"""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from perdure.conf import conf
from perdure.errors import ConfigurationError, InvalidArgument

if TYPE_CHECKING:
    from perdure.accounts.models import AccountDB
    from perdure.objects.models import ObjectDB

__all__ = ["Credentials", "FirstStart", "check_credentials", "first_start", "from_environment"]

CHARACTER_ID, ROOM_ID = 1, 2
ROOM_KEY = "Limbo"
ROOM_DESCRIPTION = (
    "An empty place between places. Everything begins here, and things whose own place has gone come back here."
)

#: Of passwords that are made up: what is copied from a screen, by mouse or by hand.
LETTERS = "".join(sorted(set(string.ascii_letters + string.digits) - set("0O1lI")))


@dataclass(frozen=True)
class Credentials:
    """Name and password of the owner's account; `generated` when nobody has seen the password yet."""

    name: str
    password: str = field(repr=False)
    generated: bool = False

    @classmethod
    def generate(cls, name: str = "owner") -> Credentials:
        """A password that nobody has chosen: 93 bits, without signs and letters that are taken for others."""
        return cls(name, "".join(secrets.choice(LETTERS) for _ in range(16)), generated=True)


@dataclass
class FirstStart:
    """What a first start did: a sentence for each thing made, and the credentials if an account was."""

    done: list[str] = field(default_factory=list)
    owner: Credentials | None = None


def from_environment() -> Credentials | None:
    """The credentials in `PERDURE_OWNER` and `PERDURE_PASSWORD`; None when neither is set."""
    name, password = os.environ.get("PERDURE_OWNER", ""), os.environ.get("PERDURE_PASSWORD", "")
    if not name and not password:
        return None
    return Credentials(name or "owner", password) if password else Credentials.generate(name)


def check_credentials(credentials: Credentials) -> None:
    """Apply the validators of the settings.

    Raises:
        InvalidArgument: they refuse; the message says why.
    """
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.auth.password_validation import get_password_validators, validate_password
    from django.core.exceptions import ValidationError

    name = credentials.name.strip()
    if not name:
        raise InvalidArgument("the owner's name is blank: give a name (PERDURE_OWNER)")
    if credentials.generated:
        return
    try:
        validate_password(
            credentials.password,
            user=get_user_model()(username=name),
            password_validators=get_password_validators(settings.AUTH_PASSWORD_VALIDATORS),
        )
    except ValidationError as error:
        reasons = " ".join(error.messages)
        raise InvalidArgument(
            f"the owner's password is refused: {reasons} Choose another (PERDURE_PASSWORD)."
        ) from error


def first_start(ask: Callable[[], Credentials]) -> FirstStart:
    """Make what is missing.

    Args:
        ask: called for the owner's name and password, and only when there is no owner yet.

    Raises:
        ConfigurationError: ids 1 or 2 belong to something else.
        InvalidArgument: the name or the password is refused.
    """
    from perdure.transactions import transaction

    result = FirstStart()
    with transaction():
        _restart_numbering()
        owner = _owner(ask, result)
        character = _character(owner, result)
        room = _room(result)
        _settle(owner, character, room)
        _channels(owner, result)
        _game_hook(result)
    return result


def _restart_numbering() -> None:
    """Let an empty object table begin at 1 again, where a first start was cut off and ids were spent on it."""
    from django.core.management.color import no_style
    from django.db import connection

    from perdure.objects.models import ObjectDB

    if ObjectDB.objects.exists():
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [ObjectDB._meta.db_table])
        for statement in connection.ops.sequence_reset_sql(no_style(), [ObjectDB]):
            cursor.execute(statement)


def _owner(ask: Callable[[], Credentials], result: FirstStart) -> AccountDB:
    from perdure.accounts.models import AccountDB
    from perdure.create import create_account

    known: AccountDB | None = AccountDB.objects.filter(is_superuser=True).order_by("pk").first()
    if known is not None:
        return known
    credentials = ask()
    check_credentials(credentials)
    owner: AccountDB = create_account(
        credentials.name.strip(),
        "",
        credentials.password,
        typeclass=conf.BASE_ACCOUNT_TYPECLASS,
        is_superuser=True,
        permissions="Developer",  # what is left when the owner quells: a developer whom locks hold up
        locks="examine:perm(Developer);edit:false();delete:false();boot:false();msg:all()",
    )
    owner.is_staff = True
    owner.save(update_fields=["is_staff"])
    result.owner = credentials
    result.done.append(f"account {owner.key}, the owner of the game")
    return owner


def _existing(pk: int, wanted: type[Any], setting: str) -> Any:
    """The object with this id if it is what it should be, None if there is none."""
    from perdure.objects.models import ObjectDB

    found = ObjectDB.objects.filter(pk=pk).first()
    if found is None or isinstance(found, wanted):
        return found
    raise ConfigurationError(
        f"object #{pk} is {found!r}, a {type(found).__name__}, but a game keeps this id for {setting}. "
        "Make the game in an empty database, or give that object its class with swap_typeclass."
    )


def _character(owner: AccountDB, result: FirstStart) -> ObjectDB:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultCharacter

    if known := _existing(CHARACTER_ID, DefaultCharacter, "the owner's character"):
        return _typed(known)
    character = _typed(create_object(conf.BASE_CHARACTER_TYPECLASS, key=owner.key, nohome=True))
    _expect(character, CHARACTER_ID)
    character.locks.add(f"puppet:id({CHARACTER_ID}) or pid({owner.pk}) or perm(Developer)")
    character.permissions.add("Developer")
    result.done.append(f"character {character.key} (#{character.pk})")
    return character


def _room(result: FirstStart) -> ObjectDB:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultRoom

    if known := _existing(ROOM_ID, DefaultRoom, "the first room (DEFAULT_HOME)"):
        return _typed(known)
    room = _typed(
        create_object(conf.BASE_ROOM_TYPECLASS, key=ROOM_KEY, nohome=True, attributes=[("desc", ROOM_DESCRIPTION)])
    )
    _expect(room, ROOM_ID)
    result.done.append(f"room {room.key} (#{room.pk})")
    return room


def _typed(value: Any) -> ObjectDB:
    """The same, known to the type checker as an object of the world."""
    return value  # type: ignore[no-any-return]


def _expect(made: ObjectDB, pk: int) -> None:
    if made.pk != pk:
        raise ConfigurationError(
            f"{made.key} should have become object #{pk} and became #{made.pk}: this database has given that id "
            "to something that is gone. Make the game in an empty database."
        )


def _settle(owner: Any, character: ObjectDB, room: ObjectDB) -> None:
    """The character has a place and a home, and belongs to its owner."""
    if character.home is None:
        character.home = room
    if character.location is None:
        character.location = room
    if character not in owner.characters.all():
        owner.characters.add(character)
        owner.db._last_puppet = character


def _channels(owner: AccountDB, result: FirstStart) -> None:
    from perdure.channels.models import ChannelDB
    from perdure.create import create_channel

    for arguments in filter(None, [*conf.DEFAULT_CHANNELS, conf.CHANNEL_MUDINFO, conf.CHANNEL_CONNECTINFO]):
        if not ChannelDB.objects.filter(db_key__iexact=arguments["key"]).exists():
            channel = create_channel(**arguments)
            result.done.append(f"channel {channel.key}")
            if arguments in conf.DEFAULT_CHANNELS:
                channel.connect(owner)


def _game_hook(result: FirstStart) -> None:
    """The game's own `server/conf/at_initial_setup.py`, once."""
    from perdure.serverconfig.models import ServerConfig

    if ServerConfig.objects.conf("first_start_done", default=False):
        return
    if _exists("server.conf.at_initial_setup"):
        module = import_module("server.conf.at_initial_setup")
        module.at_initial_setup()
        result.done.append("what the game adds (server/conf/at_initial_setup.py)")
    ServerConfig.objects.conf("first_start_done", True)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
