"""What developers of games test with: the fixture `world`."""

from __future__ import annotations

from typing import Any

import pytest

from perdure import Command, DefaultObject, DefaultScript, Veto, create_script, delay
from perdure.testing import TestWorld

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.defect("V-40")]


class Bell(DefaultObject):
    """Something that rings."""


class Hourly(DefaultScript):
    """Ticks."""

    def at_repeat(self, **kwargs: Any) -> None:
        self.db.ticks = (self.db.ticks or 0) + 1


class CmdBroken(Command):
    """Breaks off half-way."""

    key = "breakoff"

    def func(self) -> None:
        self.caller.db.half = "done"
        self.msg("half-way")
        raise ValueError("broken")


class CmdWait(Command):
    """Waits, then speaks."""

    key = "wait"

    async def func(self) -> None:
        self.msg("first")
        await self.sleep(10)
        self.msg("second")


def test_a_line_goes_through_locks_and_parser(world: TestWorld) -> None:
    anna = world.player("Anna")
    chest = world.create("chest")
    chest.locks.add("get:false()")
    assert "chest" not in [thing.key for thing in anna.character.contents]
    anna.send("GET chest")
    assert chest.location is world.room
    anna.send("frobnicate")
    assert "frobnicate" in anna.text()


@pytest.mark.defect("V-14")
def test_an_error_undoes_the_command_and_gives_an_id_only(world: TestWorld) -> None:
    anna = world.player("Anna")
    anna.character.cmdset.add(_with(CmdBroken))
    told = anna.send("breakoff")
    assert "half-way" not in told
    assert "error" in told
    assert "ValueError" not in told
    assert anna.character.db.half is None


@pytest.mark.defect("V-14")
def test_developers_see_the_traceback(world: TestWorld) -> None:
    dora = world.player("Dora", permissions="Developer")
    dora.character.cmdset.add(_with(CmdBroken))
    assert "ValueError: broken" in dora.send("breakoff")


def test_time_passes_when_the_test_says_so(world: TestWorld) -> None:
    anna = world.player("Anna")
    anna.character.cmdset.add(_with(CmdWait))
    assert anna.send("wait") == "first"
    world.advance(9)
    assert anna.heard().endswith("first")
    world.advance(2)
    assert anna.heard() == "second"


def test_delays_and_scripts_follow_the_same_clock(world: TestWorld) -> None:
    done: list[str] = []
    world.loop.submit(lambda: delay(30, done.append, "delayed"))
    script: Any = create_script(Hourly, key="hourly", interval=60, start_delay=True, autostart=True)
    world.advance(31)
    assert done == ["delayed"]
    assert script.db.ticks is None
    world.advance(90)
    assert script.db.ticks == 2


@pytest.mark.promise("kept-on-instance")
def test_a_reload_keeps_who_is_there_and_what_is_stored_and_nothing_else(world: TestWorld) -> None:
    anna = world.player("Anna")
    bell: Any = world.create("bell", Bell, attributes=[("tone", "a")])
    bell.ndb.ringing = True
    anna.character.db.mood, anna.character.ndb.mood = "stored", "not stored"
    session = anna.session
    pk = bell.pk
    del bell
    world.reload()
    assert anna.session is not session
    assert anna.character.key == "Anna"
    assert anna.character.db.mood == "stored"
    assert anna.character.ndb.mood is None
    again = Bell.objects.get(pk=pk)
    assert (again.db.tone, again.ndb.ringing) == ("a", None)
    assert "Room" in anna.send("look")


def test_a_script_keeps_what_remains_of_its_wait_over_a_reload(world: TestWorld) -> None:
    script: Any = create_script(Hourly, key="hourly", interval=60, start_delay=True, autostart=True)
    pk = script.pk
    del script
    world.advance(40)
    world.reload()
    world.advance(15)
    assert Hourly.objects.get(pk=pk).db.ticks is None
    world.advance(10)
    assert Hourly.objects.get(pk=pk).db.ticks == 1


def test_what_the_test_sends_is_heard(world: TestWorld) -> None:
    anna = world.player("Anna")
    anna.character.msg("by run")
    world.run()
    assert anna.heard() == "by run"
    anna.character.msg("by advance")
    world.advance(1)
    assert anna.heard() == "by advance"
    anna.character.msg("by a line")
    assert "by a line" in anna.send("look")


def test_somebody_hangs_up(world: TestWorld) -> None:
    anna, bert = world.player("Anna"), world.player("Bert")
    bert.heard()
    character = anna.character
    anna.disconnect()
    assert anna.session is None
    assert character.location is None
    assert "Anna" in bert.heard()


def test_a_budget_of_statements(world: TestWorld) -> None:
    anna = world.player("Anna")
    world.create("lamp")
    anna.send("look")
    with world.budget(0):
        anna.send("look")
    with (
        pytest.raises(AssertionError, match=r"(?s)statements were sent, 0 are allowed.*command get of Anna"),
        world.budget(0),
    ):
        anna.send("get lamp")
    with pytest.raises(AssertionError, match="by the test itself"), world.budget(0):
        anna.character.db.mood = "written at the commit or at once"


def test_how_each_piece_of_work_went(world: TestWorld) -> None:
    anna = world.player("Anna")
    anna.character.cmdset.add(_with(CmdBroken))
    anna.send("breakoff", "look")
    went = [(report.label, report.ok) for report in world.reports[-2:]]
    assert went == [("line", False), ("command look", True)]  # what was undone has the name of no command


def test_what_is_slow_in_a_test_is_not_logged(
    world: TestWorld, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    settings.SLOW_COMMAND_SECONDS = 0.0
    anna = world.player("Anna")
    world.reload()
    anna.send("look")
    assert not [record for record in caplog.records if record.name == "perdure.slow"]


def test_named_messages_are_answered(world: TestWorld) -> None:
    anna = world.player("Anna")
    answers = anna.send_oob("get_value", "name")
    assert "Anna" in str([(answer.args, answer.kwargs) for answer in answers])


def _with(command: type[Command]) -> Any:
    """A command set with one command."""
    from perdure import CmdSet

    cmdset = CmdSet(key=command.__name__)
    cmdset.add(command)
    return cmdset


class CmdRefuse(Command):
    """Does something, then refuses."""

    key = "refuse"

    def func(self) -> None:
        self.caller.db.half = "done"
        raise Veto("The door is |rlocked|n.")


def test_a_veto_in_a_command_is_a_refusal_and_undoes_it(world: TestWorld, caplog: pytest.LogCaptureFixture) -> None:
    anna = world.player("Anna")
    anna.character.cmdset.add(_with(CmdRefuse))
    assert anna.send("refuse") == "The door is locked."
    assert anna.character.db.half is None
    assert "error" not in caplog.text.lower()
