"""Random lives of commands that wait: what is waited for, what waits, and what was told and stored agree after each."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perdure.commands import prompts, running
from perdure.commands.command import Command
from perdure.commands.running import RunState, waiting_runs
from perdure.server.messages import EchoInput
from perdure.sessions import SESSION_HANDLER
from perdure.testing.plugin import world  # noqa: F401  (the fixture)
from tests.commands.test_dispatch import give


class Life(Command):
    """Does what its argument says, letter by letter, and counts what it has done: told and stored."""

    key = "life"
    number = 0

    async def func(self) -> None:
        self.number = self.caller.db.begun = (self.caller.db.begun or 0) + 1
        for letter in self.args.strip():
            match letter:
                case "a":
                    await self.ask("?", timeout=50)
                case "h":
                    await self.ask("?", hidden=True, timeout=50)
                case "c":
                    await self.confirm("?")
                case "s":
                    await self.sleep(1)
                case "o":
                    await self.offload(len, "x")
                case "x":
                    await self.execute_cmd("life s")
                case "f":
                    raise ZeroDivisionError
                case "v":
                    refuse(self.caller)
            self.caller.db.done = (self.caller.db.done or 0) + 1
            self.msg("done")


def refuse(thing: Any) -> None:
    """What the database refuses only when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE objects_objectdb SET db_destination_id = 999999 WHERE id = %s", [thing.pk])


STEPS = st.one_of(
    st.builds(lambda letters: f"life {letters}", st.text("ahcsoxfv", min_size=1, max_size=4)),
    st.sampled_from(["yes", "no", "", "maybe", "look", "/advance 1", "/advance 60", "/refuse", "/unpuppet", "/reload"]),
)


#: Commands whose first step, before they wait for anything, is undone.
FAILS_AT_ONCE = re.compile("life v*[vf]")


def check(player: Any) -> None:
    """What must hold between any two lines."""
    for run in waiting_runs():
        assert run.state is RunState.WAITING
        assert run.session is None or SESSION_HANDLER.get(run.session.sessid) is run.session
    asked = [question for waiting in prompts._questions.values() for question in waiting]
    assert {id(run._request) for run in waiting_runs() if isinstance(run._request, prompts.Ask)} == {
        id(question) for question in asked
    }
    numbers = [run.command.number for run in waiting_runs()]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers, default=0) <= (player.character.db.begun or 0)  # nothing waits whose beginning was undone
    assert all(running._held.values())
    assert not running._stack
    hidden = [waiting[-1].hidden for waiting in prompts._questions.values()]
    echoes = [message.visible for message in player.messages if isinstance(message, EchoInput)]
    assert (echoes[-1] if echoes else True) is not any(hidden)


@pytest.mark.soak
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_whatever_is_typed_and_happens(world, steps):  # noqa: F811
    player = world.player("Anna")
    character, account = player.character, player.account
    give(character, Life)
    character.attributes.remove("done")
    for step in steps:
        match step.split():
            case ["/advance", seconds]:
                world.advance(float(seconds))
            case ["/refuse"]:
                world.loop.submit(lambda: refuse(character))
                world.run()
            case ["/unpuppet"]:
                session = player.session
                world.loop.submit(lambda session=session: account.unpuppet_object(session))
                world.loop.submit(lambda session=session: account.puppet_object(session, character))
                world.run()
            case ["/reload"]:
                world.reload()
                give(character, Life)
            case _:
                is_undone = not prompts._questions and FAILS_AT_ONCE.match(step)
                told = player.send(step)
                assert not is_undone or "done" not in told.split()
        check(player)
        told = sum(line == "done" for line in player.output)
        assert told == (character.db.done or 0)
    player.disconnect()
    assert not waiting_runs()
    assert not prompts._questions
    assert not running._held
