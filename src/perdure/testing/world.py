"""A world in the process of a test: lines go through the real pipeline, time passes when the test says so.

Contract: `player.send(line)` hands the line to the same `World` that a game runs in: nicks, command sets, locks,
parser, the game loop's tick and its commit. What comes back is the text that the gateway would have been given, without
colours. `world.advance` lets time pass at once; `world.reload` does what a reload does, in this process: hooks, timers,
sessions, and everything that is only in memory is gone.

    def test_the_lamp_is_taken(world):
        anna = world.player("Anna")
        lamp = world.create("lamp")
        assert "lamp" in anna.send("get lamp")
        assert lamp.location is anna.character
"""

from __future__ import annotations

import gc
import itertools
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from perdure.commands.installation import install, installed, uninstall
from perdure.commands.running import cancel_all
from perdure.gameloop.units import Report
from perdure.server.messages import (
    Connected,
    Disconnected,
    Line,
    Oob,
    OobOut,
    Prompt,
    SessionRecord,
    SessionState,
    Text,
)
from perdure.server.world.world import World
from perdure.sessions import SESSION_HANDLER
from perdure.text.markup import to_plain
from perdure.transactions.connection import unit_of_work

__all__ = ["Player", "TestWorld", "make_world"]

PASSWORD = "correct horse battery staple"
FLAGS: dict[str, bool | int | str] = {"SCREENWIDTH": 78, "SCREENHEIGHT": 999, "ENCODING": "utf-8", "CLIENTNAME": "test"}


class Player:
    """Somebody who is connected to the world of a test.

    Args:
        world: which.
        record: the session as the gateway would have it.
    """

    def __init__(self, world: TestWorld, record: SessionRecord) -> None:
        self.world = world
        self.record = record
        self.messages: list[Any] = []
        self.closed: str | None = None
        self._seq = itertools.count(1)
        self._heard = 0

    def __repr__(self) -> str:
        return f"<player of session {self.record.sessid}>"

    @property
    def session(self) -> Any:
        """The session in the world, or None when it has ended."""
        return SESSION_HANDLER.get(self.record.sessid)

    @property
    def account(self) -> Any:
        """The account that is logged in, or None."""
        return getattr(self.session, "account", None)

    @property
    def character(self) -> Any:
        """What is being played, or None."""
        return getattr(self.session, "puppet", None)

    @property
    def output(self) -> list[str]:
        """All texts and prompts so far, without colours."""
        return self.output_since(0)

    def send(self, *lines: str) -> str:
        """Type these lines, one after the other, and give what they brought, without colours."""
        before = len(self.messages)
        for line in lines:
            self.world.world.receive(Line(self.record.sessid, next(self._seq), line))
        self.world.run()
        return self.text(before)

    def send_oob(self, name: str, *args: Any, **kwargs: Any) -> list[OobOut]:
        """Send a named message as a client would; the named messages that came back."""
        before = len(self.messages)
        self.world.world.receive(Oob(self.record.sessid, name, list(args), kwargs))
        self.world.run()
        return [message for message in self.messages[before:] if isinstance(message, OobOut)]

    def text(self, since: int = 0) -> str:
        """The texts and prompts that have come, from the message with this number on."""
        return "\n".join(self.output_since(since))

    def output_since(self, since: int) -> list[str]:
        """The texts and prompts from the message with this number on, without colours."""
        return [to_plain(message.text) for message in self.messages[since:] if isinstance(message, Text | Prompt)]

    def heard(self) -> str:
        """What has come since this was asked last, or since `world.player` let them in."""
        since, self._heard = self._heard, len(self.messages)
        return self.text(since)

    def kinds(self) -> list[str]:
        """The kinds (look, say …) of all texts so far."""
        return [message.kind for message in self.messages if isinstance(message, Text)]

    def disconnect(self) -> None:
        """Hang up."""
        self.world.world.receive(Disconnected(self.record.sessid, "hung up"))
        self.world.run()


class TestWorld:
    """The world of a test.

    Attributes:
        world: the `World` as the server has it.
        room: the room in which everything begins.
        asked: what the game has asked of the gateway.
        reports: how each piece of work went: what, whose, how many SQL statements, whether it went through.
    """

    __test__ = False

    def __init__(self, room: Any) -> None:
        self.players: dict[int, Player] = {}
        self._sessids = itertools.count(1)
        self._room_id = room.pk
        self._installed_here = not installed()
        install()
        self.asked: list[tuple[str, str, int | None]] = []
        self.reports: list[Report] = []
        self.world = self._begin("start", [])

    @property
    def loop(self) -> Any:
        """The game loop."""
        return self.world.loop

    @property
    def room(self) -> Any:
        """The room in which everything begins."""
        from perdure.objects.models import ObjectDB

        return ObjectDB.objects.get(pk=self._room_id)

    # --- people and things

    def connect(self, address: str = "10.0.0.1", protocol: str = "telnet", ticket: str = "") -> Player:
        """Somebody who has connected and sees the login screen."""
        record = SessionRecord(next(self._sessids), protocol, address, dict(FLAGS), time.time())
        player = self.players[record.sessid] = Player(self, record)
        self.world.receive(Connected(record, ticket))
        self.run()
        return player

    def player(
        self,
        name: str,
        *,
        superuser: bool = False,
        permissions: Iterable[str] | str = (),
        character: bool = True,
        password: str = PASSWORD,
    ) -> Player:
        """Somebody who is logged in, and plays a character in the first room.

        Args:
            name: of the account (made if there is none) and its character.
            superuser: may do everything.
            permissions: of account and character, instead of those of a new player.
            character: play one; without, the player is out of character.
            password: of a new account.
        """
        from perdure.accounts.models import AccountDB

        wanted = [permissions] if isinstance(permissions, str) else list(permissions)
        account: Any = AccountDB.objects.get_account_from_name(name)
        if account is None:
            account = self._make_account(name, superuser, wanted, character, password)
        player = self.connect()
        self.loop.submit(lambda: player.session.login(account), label="login")
        self.run()
        if player.account is None:
            raise AssertionError(f"{name} could not be logged in: {player.text()}")
        player.heard()
        return player

    def _make_account(self, name: str, superuser: bool, permissions: list[str], character: bool, password: str) -> Any:
        from perdure.conf import conf
        from perdure.create import create_account, create_object
        from perdure.transactions import transaction

        with transaction():
            given = {"permissions": permissions} if permissions else {}
            account: Any = create_account(
                name, "", password, typeclass=conf.BASE_ACCOUNT_TYPECLASS, is_superuser=superuser, **given
            )
            if character:
                played: Any = create_object(
                    conf.BASE_CHARACTER_TYPECLASS,
                    key=name,
                    location=self.room,
                    home=self.room,
                    permissions=permissions or [conf.PERMISSION_ACCOUNT_DEFAULT],
                )
                played.locks.add(f"puppet:id({played.pk}) or pid({account.pk}) or perm(Developer)")
                account.characters.add(played)
                account.db._last_puppet = played
        return account

    def create(self, key: str, typeclass: Any = None, **kwargs: Any) -> Any:
        """A thing, in the first room unless `location` says otherwise; arguments as of `create_object`."""
        from perdure.create import create_object

        return create_object(typeclass, key=key, **{"location": self.room, "home": self.room, **kwargs})

    # --- time

    def run(self) -> None:
        """Do everything that waits now, and send what the test itself has sent by `msg`."""
        if len(self.loop.outbox):
            self.loop.submit(_nothing, label="test")
        self.loop.run_until_idle()

    def advance(self, seconds: float) -> None:
        """Let time pass at once: delays, timers of scripts and pauses of commands, each at its time."""
        self.run()
        self.loop.advance(seconds)

    def reload(self, mode: Any = "reload") -> None:
        """What a reload does: hooks, timers, sessions go on, and what was only in memory is gone."""
        self.world.quiesce(mode, 10)
        records = [player.session.record() for player in self.players.values() if player.session is not None]
        self.world.close()
        _forget_everything()
        gc.collect()  # what is still alive now, the test itself holds
        self.world = self._begin(mode, records)

    @contextmanager
    def budget(self, statements: int) -> Iterator[None]:
        """Fail if what is done inside costs more SQL statements than this, and say what did.

        Reads and writes count, also those that are gathered until the commit.
        """
        self.run()
        counter, done = unit_of_work(), len(self.reports)
        before = counter.statements
        yield
        self.run()
        sent = counter.statements - before
        if sent > statements:
            raise AssertionError(
                f"{sent} SQL statements were sent, {statements} are allowed. Of these, before the commits: "
                f"{'; '.join(map(_cost, self.reports[done:])) or 'all, by the test itself'}"
            )

    def close(self) -> None:
        """End this world."""
        cancel_all("")
        self.world.close()
        _forget_everything()
        if self._installed_here:
            uninstall()

    def _begin(self, mode: Any, records: list[SessionRecord]) -> World:
        world = World(self._deliver)
        world.loop.slow_seconds = math.inf  # in a test it says nothing about the game
        world.loop.observers.append(self.reports.append)
        world.ask_gateway = lambda verb, reason, sessid: self.asked.append((verb, reason, sessid))
        world.take_over(mode, records)
        return world

    def _deliver(self, messages: list[Any]) -> None:
        for message in messages:
            if isinstance(message, SessionState) and message.session.sessid in self.players:
                self.players[message.session.sessid].record = message.session
            for sessid in getattr(message, "sessids", None) or [getattr(message, "sessid", None)]:
                if player := self.players.get(sessid):
                    player.messages.append(message)
                    if type(message).__name__ == "Close":
                        player.closed = message.reason


def _cost(report: Report) -> str:
    """`command get of Anna (session 1): 3`."""
    return f"{report.label}{f' of {report.caller}' if report.caller else ''}: {report.statements}"


def _nothing() -> None:
    """A unit that only has what was sent before it go out."""


def _forget_everything() -> None:
    """What is only in memory goes. What the test still holds keeps its identity, without its `ndb`."""
    from perdure.commands.gathering import merge_cache
    from perdure.idmapper.identity import all_maps
    from perdure.scripts.clock import script_clock

    for session in SESSION_HANDLER.values():
        session.account = session.puppet = None
    SESSION_HANDLER.clear()
    merge_cache.clear()
    script_clock.clear()
    for known in all_maps():
        for instance in list(known.instances()):
            if "ndb" in instance.__dict__:
                vars(instance.ndb).clear()
            instance.flush_from_cache(force=True)


def make_world(settings: Any) -> TestWorld:
    """A world with one room, which is everybody's start and home.

    Args:
        settings: where `START_LOCATION` and `DEFAULT_HOME` are set: the fixture `settings` of pytest-django.
    """
    from perdure.conf import conf
    from perdure.create import create_object
    from perdure.server.world.warming import warm_up

    warm_up()
    room: Any = create_object(conf.BASE_ROOM_TYPECLASS, key="Room", nohome=True, attributes=[("desc", "A bare room.")])
    settings.START_LOCATION = settings.DEFAULT_HOME = room.dbref
    return TestWorld(room)
