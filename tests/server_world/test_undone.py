"""What units of a world asked for that are undone: logins, lines that wait, questions, maintenance."""

from __future__ import annotations

import pytest
from django.db import connection

from perdure.commands.command import Command
from perdure.server.messages import Line, Oob
from perdure.server.world import lifecycle
from perdure.testing import Player, TestWorld
from perdure.testing.world import PASSWORD
from tests.commands.test_dispatch import command, give

pytestmark = pytest.mark.django_db(transaction=True)


def refuse_this_tick(world: TestWorld) -> None:
    """Have the database refuse the commit of the tick that follows, so that its units are done again."""
    room = world.room.pk

    def refused() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE objects_objectdb SET db_home_id = 999999 WHERE id = %s", [room])

    world.loop.submit(refused, label="refused")


@pytest.fixture
def stranger(world: TestWorld) -> Player:
    """Somebody who is not logged in, and could be Anna."""
    world.player("Anna").disconnect()
    return world.connect(address="10.0.0.77")


def test_a_login_by_message_in_a_tick_that_is_refused_comes_about_once(world: TestWorld, stranger: Player) -> None:
    world.world.receive(Oob(stranger.record.sessid, "login", ["Anna", PASSWORD], {}))
    refuse_this_tick(world)
    world.run()
    assert stranger.account.key == "Anna"
    answers = [one for one in stranger.messages if getattr(one, "name", "") == "login"]
    assert [one.kwargs for one in answers] == [{"ok": True}]


def test_a_login_by_command_in_a_tick_that_is_refused_comes_about_once(world: TestWorld, stranger: Player) -> None:
    world.world.receive(Line(stranger.record.sessid, 1, f"connect Anna {PASSWORD.replace(' ', '')}"))
    world.world.receive(Line(stranger.record.sessid, 2, f'connect "Anna" "{PASSWORD}"'))
    refuse_this_tick(world)
    world.run()
    assert stranger.account.key == "Anna"
    assert stranger.text().count("wrong") == 1


def test_lines_behind_a_command_whose_last_step_is_undone_are_done(world: TestWorld) -> None:
    async def func(self: Command) -> None:
        await self.offload(int, exclusive=True)
        raise ZeroDivisionError

    anna = world.player("Anna")
    give(anna.character, command("ponder", func))
    told = anna.send("ponder", "say first", "say second")
    assert "error" in told
    assert told.index("first") < told.index("second")
    assert not anna.session.waiting


def test_a_question_whose_answer_is_undone_is_not_withdrawn_as_well(world: TestWorld) -> None:
    async def func(self: Command) -> None:
        await self.ask("Sure?", timeout=30)
        raise ZeroDivisionError

    anna = world.player("Anna")
    give(anna.character, command("wait", func))
    assert "error" in anna.send("wait", "yes")
    before = len(anna.messages)
    world.advance(100)
    assert anna.text(before) == ""


def test_a_question_of_a_unit_that_is_undone_leaves_no_timer(world: TestWorld) -> None:
    async def func(self: Command) -> None:
        await self.ask("Sure?", timeout=30)

    anna = world.player("Anna")
    give(anna.character, command("wait", func))
    timers = world.loop.timers

    def undone() -> None:
        anna.session.execute_cmd("wait")
        raise ZeroDivisionError

    world.loop.submit(undone)
    world.run()
    assert world.loop.timers == timers


def test_maintenance_goes_on_when_a_part_of_it_fails(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("failed")
        raise ZeroDivisionError

    monkeypatch.setattr(lifecycle, "_end_what_is_idle", fails)
    monkeypatch.setattr(lifecycle, "_keep_memory", lambda: done.append("memory"))
    world.advance(3 * lifecycle.MAINTENANCE_SECONDS + 1)
    assert done == ["failed", "memory"] * 3
