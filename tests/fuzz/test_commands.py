"""Every stock command with odd arguments, by a player, a builder and an owner: nothing ends as an error of the game.

Bounded and repeatable: `FUZZ_SEED` chooses the lines and `FUZZ_LINES` how many; both are told when something is found.
What would end the game or run any code (`shutdown`, `py`) is left out.
"""

from __future__ import annotations

import logging
import os
import random
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from perdure.commands.gathering import gather_for
from perdure.commands.prompts import pending_question
from perdure.testing.world import Player, TestWorld
from tests.fuzz.lines import LEFT_OUT, odd_line

pytestmark = pytest.mark.django_db(transaction=True)

SEED = int(os.environ.get("FUZZ_SEED", "20260731"))
LINES = int(os.environ.get("FUZZ_LINES", "400"))
ANSWERS = ("yes", "no", "y", "", "abc", ":q", ":q!", ":wq", ":h", ":s a b", f":{'9' * 30}", ":dd 0", ":r", ":i", ":UU")


class Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        error = record.exc_info[1] if record.exc_info else None
        trace = "".join(traceback.format_exception(error)[-4:]) if error is not None else ""
        self.found.append(f"{record.getMessage()[:300]}\n{trace}")


@pytest.fixture
def errors() -> Iterator[Errors]:
    handler = Errors()
    logging.getLogger("perdure").addHandler(handler)
    yield handler
    logging.getLogger("perdure").removeHandler(handler)


class Somebody:
    """A player who is there again whenever what they typed has ended them."""

    def __init__(self, world: TestWorld, role: str) -> None:
        self.world, self.role = world, role
        self.born = 0
        self.player: Player = self._arrive()

    def _arrive(self) -> Player:
        self.born += 1
        permissions = ["Builder"] if self.role == "builder" else []
        owner = self.role == "owner"
        player = self.world.player(f"{self.role}{self.born}", superuser=owner, permissions=permissions)
        for _ in range(2):
            self.world.create("ball")
        self.world.player(f"anna{self.role}{self.born}")
        return player

    def ready(self) -> Player:
        """The player, logged in and somewhere."""
        session = self.player.session
        if session is None or session.account is None or session.puppet is None or session.puppet.location is None:
            self.player = self._arrive()
        return self.player

    def commands(self) -> dict[str, Any]:
        """The commands that may be tried, by name."""
        session = self.ready().session
        gathered = gather_for(session, session)
        return {
            command.key: command
            for command in gathered.cmdset.commands
            if not command.key.startswith("__")
            and not {command.key, command.key.lstrip("@")} & LEFT_OUT
            and not command.is_exit
            and command.access(gathered.caller, "cmd")
        }


@pytest.mark.defect("V-37")
@pytest.mark.parametrize("role", ["player", "builder", "owner"])
def test_no_line_ends_as_an_error_of_the_game(world: TestWorld, errors: Errors, role: str) -> None:
    somebody = Somebody(world, role)
    chance = random.Random(f"{role}{SEED}")
    commands = somebody.commands()
    assert len(commands) > 25
    for number in range(LINES):
        player = somebody.ready()
        name = chance.choice(sorted(commands))
        line = odd_line(chance, [name], list(getattr(commands[name], "switch_options", ()) or ()))
        player.send(line)
        for _ in range(4):
            session = player.session
            if session is None or pending_question(session, session.puppet, session.account) is None:
                break
            player.send(chance.choice(ANSWERS))
        assert not errors.found, f"FUZZ_SEED={SEED}, line {number} of {role}: {line!r}\n{errors.found[0]}"


@pytest.mark.defect("V-37")
@pytest.mark.parametrize(
    "line",
    [
        "channel " + "not " * 400,
        "channel/unalias " + "-" * 3000,
        "page " + "1" * 5000,
        "get " + "1" * 5000 + "-ball",
        "nick/delete " + "9" * 5000,
        "drop " + "1" * 5000 + " ball",
    ],
)
def test_lines_that_were_errors_once(world: TestWorld, errors: Errors, line: str) -> None:
    assert world.player("anna").send(line)
    assert errors.found == []


@pytest.mark.defect("V-37")
@pytest.mark.parametrize(
    "line",
    [
        "tag/search a/" + "(" * 300 + ":" + "(" * 300,
        "mvattr a:" + "x" * 3000 + " = ball",
        "cpattr/move " + "not " * 400 + " = ball",
        "set me/" + "x" * 600,
        "set me/x:" + "y" * 300,
        "scripts #1-#" + "1" * 5000,
        "destroy #1-#" + "1" * 5000,
        "find #1-" + "1" * 5000,
        "objects " + "1" * 5000,
        "accounts " + "1" * 5000,
        "boot/sid " + "1" * 5000,
        "unban " + "1" * 5000,
        "set me/x[" + "1" * 5000 + "]",
    ],
)
def test_lines_of_builders_that_were_errors_once(world: TestWorld, errors: Errors, line: str) -> None:
    assert world.player("owner", superuser=True).send(line)
    assert errors.found == []


@pytest.mark.parametrize("name", ["look", "quit", "say", "get", "n", "#1", "me", "here", "ball", "=", "a" * 200])
def test_exits_may_be_called_like_commands(world: TestWorld, errors: Errors, name: str) -> None:
    """Whoever builds an exit `look` is asked which is meant, or goes there; nothing breaks."""
    builder, anna = world.player("builder", permissions=["Builder"]), world.player("anna")
    builder.send(f"dig Cellar = {name}, back")
    anna.send(name, "look", "say hello", "back")
    assert errors.found == []
    anna.send("quit")
