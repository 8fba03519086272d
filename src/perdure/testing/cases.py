"""Test cases for those who write tests with unittest, with the people and things that such tests expect.

Contract: `WorldTestCase` is a world of its own for each test (`self.world`, see `TestWorld`). `EvenniaTest` has besides
two accounts with characters, two rooms, an exit, two things, a script and a session; `EvenniaCommandTest` can `call`
one command. Everything goes through the real pipeline: what a test does is committed, and removed afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, ClassVar

from django.test import TransactionTestCase
from django.test.utils import override_settings

from perdure.conf import conf
from perdure.testing.world import Player, TestWorld, make_world
from perdure.text.markup import to_plain

__all__ = [
    "BaseEvenniaCommandTest",
    "BaseEvenniaTest",
    "EvenniaCommandTest",
    "EvenniaTest",
    "EvenniaTestCase",
    "WorldTestCase",
]

_RULES = re.compile(r"^[+|=\-_ ]+$")


class _Settings:
    """Where a test's settings are set; undone with the test."""

    def __init__(self, case: TransactionTestCase) -> None:
        object.__setattr__(self, "_case", case)

    def __setattr__(self, name: str, value: Any) -> None:
        overriding = override_settings(**{name: value})
        overriding.enable()
        self._case.addCleanup(overriding.disable)  # type: ignore[attr-defined]


class EvenniaTestCase(TransactionTestCase):
    """A test with a database and nothing in it."""


class WorldTestCase(EvenniaTestCase):
    """A test with a world: `self.world`, `self.world.player("Anna")`."""

    world: TestWorld

    def setUp(self) -> None:
        """Make the world."""
        super().setUp()
        self.world = make_world(_Settings(self))
        self.addCleanup(self.world.close)


class EvenniaTest(WorldTestCase):
    """A test with people and things.

    Attributes:
        room1, room2, exit: the exit `out` leads from the first to the second.
        obj1, obj2: in the first room.
        account, char1: a developer, logged in on `session`.
        account2, char2: a player, not connected.
        script: without a host.
        player: what types for `account`.
    """

    account_typeclass: ClassVar[Any] = None
    object_typeclass: ClassVar[Any] = None
    character_typeclass: ClassVar[Any] = None
    exit_typeclass: ClassVar[Any] = None
    room_typeclass: ClassVar[Any] = None
    script_typeclass: ClassVar[Any] = None

    player: Player

    def setUp(self) -> None:
        """Make them."""
        super().setUp()
        self.create_rooms()
        self.create_objs()
        self.create_accounts()
        self.create_chars()
        self.create_script()
        self.setup_session()

    def create_rooms(self) -> None:
        """Two rooms and an exit."""
        from perdure.create import create_object

        room = self.room_typeclass or conf.BASE_ROOM_TYPECLASS
        self.room1: Any = self.world.room
        self.room1.key, self.room1.db.desc = "Room", "room_desc"
        self.room2: Any = create_object(room, key="Room2", nohome=True)
        self.exit: Any = create_object(
            self.exit_typeclass or conf.BASE_EXIT_TYPECLASS, key="out", location=self.room1, destination=self.room2
        )

    def create_objs(self) -> None:
        """Two things."""
        self.obj1: Any = self.world.create("Obj", self.object_typeclass or conf.BASE_OBJECT_TYPECLASS)
        self.obj2: Any = self.world.create("Obj2", self.object_typeclass or conf.BASE_OBJECT_TYPECLASS)

    def create_accounts(self) -> None:
        """Two accounts."""
        from perdure.create import create_account

        cls = self.account_typeclass or conf.BASE_ACCOUNT_TYPECLASS
        self.account: Any = create_account("TestAccount", "", "testpassword", typeclass=cls)
        self.account2: Any = create_account("TestAccount2", "", "testpassword", typeclass=cls)
        self.account.permissions.add("Developer")

    def create_chars(self) -> None:
        """A character for each."""
        cls = self.character_typeclass or conf.BASE_CHARACTER_TYPECLASS
        self.char1: Any = self.world.create("Char", cls)
        self.char2: Any = self.world.create("Char2", cls)
        self.char1.permissions.add("Developer")
        for account, character in ((self.account, self.char1), (self.account2, self.char2)):
            character.locks.add(f"puppet:id({character.pk}) or pid({account.pk}) or perm(Developer)")
            account.characters.add(character)
            account.db._last_puppet = character

    def create_script(self) -> None:
        """A script."""
        from perdure.create import create_script

        self.script: Any = create_script(self.script_typeclass or conf.BASE_SCRIPT_TYPECLASS, key="Script")

    def setup_session(self) -> None:
        """Log the first account in."""
        self.player = self.world.player("TestAccount")

    @property
    def session(self) -> Any:
        """The session of `account`."""
        return self.player.session


class EvenniaCommandTest(EvenniaTest):
    """A test of single commands."""

    def call(
        self,
        cmdobj: Any,
        input_args: str,
        msg: Any = None,
        cmdset: Any = None,
        noansi: bool = True,
        caller: Any = None,
        receiver: Any = None,
        cmdstring: str | None = None,
        obj: Any = None,
        inputs: Any = None,
        raw_string: str | None = None,
        use_assertequal: bool = False,
    ) -> str:
        """Run one command and compare what the caller was told.

        Args:
            cmdobj: the command, or its class.
            input_args: what follows its name.
            msg: what the texts, joined by `|`, must begin with (be, with `use_assertequal`).
            cmdset, noansi: accepted for compatibility; colours are never compared.
            caller: who does it; `char1` by default.
            receiver: whose texts are meant; the caller's by default.
            cmdstring: the name it is called by.
            obj: what the command sits on.
            inputs: answers to what it asks, in order; they come from the session of `char1`.
            raw_string: the line, instead of name and arguments.

        Returns what was told.
        """
        from perdure.commands.dispatch import cmdhandler

        command = cmdobj() if isinstance(cmdobj, type) else cmdobj
        name = cmdstring or command.key
        line = raw_string or f"{name}{input_args if input_args[:1] == '/' else f' {input_args}'}".rstrip()
        doer = caller if caller is not None else self.char1
        given = {} if obj is None else {"obj": obj}
        connected = (self.char1, self.account)
        session = self.session if doer in connected else None
        hearer = receiver if receiver is not None else doer
        before = len(self.player.messages)
        with nullcontext() if hearer in connected else _overhearing(hearer) as overheard:
            self.world.loop.submit(
                lambda: cmdhandler(doer, line, session=session, cmdobj=command, cmdobj_key=name, **given),
                label=f"command {name}",
                caller=doer,
                failed=lambda error, error_id: hearer.msg(f"{type(error).__name__}: {error}"),
            )
            self.world.run()
            for answer in inputs or ():
                self.player.send(answer)
        texts = self.player.output_since(before) if overheard is None else overheard
        told = "|".join(_bare(text) for text in texts)
        if msg is not None:
            self._compare(told, str(msg).strip(), use_assertequal)
        return told

    def _compare(self, told: str, expected: str, equal: bool) -> None:
        if equal:
            self.assertEqual(told, expected)  # noqa: PT009  (a test case)
        elif not told.startswith(expected):
            self.fail(f"expected {expected!r} at the beginning of {told!r}")


@contextmanager
def _overhearing(entity: Any) -> Iterator[list[str]]:
    """What is sent meanwhile to somebody who has no session."""
    heard: list[str] = []
    send = entity.msg

    def msg(text: Any = None, *args: Any, **kwargs: Any) -> Any:
        if text is not None:
            heard.append(to_plain(str(text[0] if isinstance(text, tuple | list) else text)))
        return send(text, *args, **kwargs)

    entity.msg = msg
    try:
        yield heard
    finally:
        del entity.msg


def _bare(text: str) -> str:
    """A text without the lines that only draw a table."""
    return "\n".join(line.rstrip() for line in text.splitlines() if not _RULES.match(line) or not line).strip()


#: The same with the engine's own classes: a game's classes are those of its settings in both.
BaseEvenniaTest = EvenniaTest
BaseEvenniaCommandTest = EvenniaCommandTest
