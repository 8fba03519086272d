"""Commands in a whole world: commits, reloads, disconnections."""

from __future__ import annotations

from typing import Any

import pytest

from perdure.commands.prompts import pending_question
from perdure.commands.running import waiting_runs
from perdure.testing.plugin import world  # noqa: F401  (the fixture)
from tests.commands.test_dispatch import command, give


async def waits(self: Any) -> None:
    self.msg(f"[{await self.ask('Sure?', hidden=True)}]")


@pytest.fixture
def anna(world):  # noqa: F811
    player = world.player("Anna")
    give(player.character, command("wait", waits))
    assert "Sure?" in player.send("wait")
    return player


def test_an_answer_reaches_the_command(anna):
    assert anna.send("north") == "[north]"


@pytest.mark.defect("V-31")
def test_leaving_the_character_cancels(anna):
    session = anna.session
    anna.world.loop.submit(lambda: session.account.unpuppet_object(session))
    anna.world.run()
    assert not waiting_runs()
    assert "no longer" in anna.text()
    assert pending_question(session) is None


@pytest.mark.defect("V-31")
def test_a_release_that_is_undone_cancels_nothing(anna):
    session = anna.session

    def undone():
        session.account.unpuppet_object(session)
        raise ZeroDivisionError

    anna.world.loop.submit(undone)
    anna.world.run()
    assert len(waiting_runs()) == 1


@pytest.mark.defect("V-31")
def test_hanging_up_cancels(anna):
    anna.disconnect()
    assert not waiting_runs()


@pytest.mark.defect("V-31")
def test_a_reload_cancels_with_a_notice(anna):
    anna.world.reload()
    assert not waiting_runs()
    assert "wait" in anna.text()
    assert "interrupted" in anna.text()
    assert "Sure?" not in anna.send("look")


@pytest.mark.defect("V-14")
def test_an_error_is_told_by_its_number_and_nothing_else_of_it_leaves(world):  # noqa: F811
    def func(self):
        self.msg("never heard")
        raise ZeroDivisionError

    player = world.player("Bea")
    give(player.character, command("break", func))
    told = player.send("break")
    assert "error" in told
    assert "never" not in told
    assert "Traceback" not in told
