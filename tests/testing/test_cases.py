"""What developers of games test with: the test cases."""

from __future__ import annotations

import pytest

from perdure import Command
from perdure.testing.cases import EvenniaCommandTest, EvenniaTest, WorldTestCase

pytestmark = pytest.mark.defect("V-40")


class CmdAsk(Command):
    """Asks."""

    key = "ask"

    async def func(self) -> None:
        name = await self.ask("Your name?")
        self.msg(f"Hello {name}, you said{self.args}")


class CmdShout(Command):
    """Shouts."""

    key = "shout"

    def func(self) -> None:
        self.msg(f"You shout{self.args}")
        self.caller.location.msg_contents(f"{self.caller.key} shouts{self.args}", exclude=self.caller)


class TestPeopleAndThings(EvenniaTest):
    def test_everything_is_there(self) -> None:
        assert self.exit.destination is self.room2
        assert {self.obj1, self.obj2, self.char1, self.char2} <= set(self.room1.contents)
        assert self.session.account is self.account
        assert self.session.puppet is self.char1
        assert self.char2.account is None
        assert self.script.pk


class TestOneCommand(EvenniaCommandTest):
    def test_it_answers_what_is_asked(self) -> None:
        told = self.call(CmdAsk(), "please", "Your name?|Hello Ariadne", inputs=["Ariadne"])
        assert told.endswith("you said please")

    def test_callers_and_receivers_without_a_session_are_heard(self) -> None:
        self.call(CmdShout(), "now", "You shout now", caller=self.char2)
        self.call(CmdShout(), "again", "Char shouts again", receiver=self.char2)
        assert "msg" not in vars(self.char2)

    def test_a_difference_is_found(self) -> None:
        with pytest.raises(AssertionError):
            self.call(CmdAsk(), "x", "Something else", inputs=["Ariadne"])

    def test_equality_is_compared_as_a_whole(self) -> None:
        with pytest.raises(AssertionError):
            self.call(CmdAsk(), "x", "Your name?", inputs=["Ariadne"], use_assertequal=True)


class TestWorldOfItsOwn(WorldTestCase):
    def test_players_hear_each_other(self) -> None:
        anna, bert = self.world.player("Anna"), self.world.player("Bert")
        anna.send("say hello")
        assert "hello" in bert.text()

    def test_nothing_is_left_of_the_test_before(self) -> None:
        assert len(self.world.players) == 0
        assert [obj.key for obj in self.world.room.contents] == []
