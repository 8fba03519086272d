"""Commands that wait, in the hard cases: what is deleted, swapped, disconnected, undone or unending."""

from __future__ import annotations

import gc
import logging
import threading
from typing import Any

import pytest
from django.db import connection

from perdure.commands import prompts, running
from perdure.commands.command import Command
from perdure.commands.prompts import get_input, interactive, pending_question
from perdure.commands.running import CommandRun, current_run, waiting_runs
from perdure.conf import conf
from perdure.gameloop import ticks
from perdure.objects.objects import DefaultCharacter
from perdure.server.messages import Disconnected, EchoInput, Line
from perdure.testing.plugin import world  # noqa: F401  (the fixture)
from tests.commands.test_dispatch import command, give


@pytest.fixture
def anna(world, monkeypatch):  # noqa: F811
    monkeypatch.setattr(ticks, "TICK_SECONDS", 1000.0)  # however slow it is here, what comes at once is in one tick
    return world.player("Anna")


def refuse_the_tick(thing: Any) -> None:
    """What the database refuses only when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999 WHERE id = %s", [thing.pk])


# --- what happens to the caller meanwhile


def test_a_command_may_delete_its_caller(world, anna):  # noqa: F811
    async def func(self):
        self.caller.delete()
        self.msg("gone")
        await self.sleep(1)
        self.msg("never")

    give(anna.character, command("vanish", func))
    told = anna.send("vanish")
    assert "no longer" in told
    world.advance(2)
    assert "never" not in anna.text()
    assert not waiting_runs()
    assert "error" not in anna.text()


def test_a_thing_that_deletes_itself_goes_on_to_the_end(world, anna):  # noqa: F811
    bomb = world.create("bomb")

    async def func(self):
        place = self.caller.location
        self.caller.delete()
        await self.sleep(1)
        place.msg_contents("boom")

    give(bomb, command("explode", func))
    world.loop.submit(lambda: bomb.execute_cmd("explode"))
    world.advance(2)
    assert "boom" in anna.text()


def test_a_thing_that_is_gone_and_asked_or_wrong_harms_nobody(world, anna, caplog):  # noqa: F811
    crow = world.create("crow")

    async def asks(self):
        await self.ask("Who?", timeout=5)

    async def fails(self):
        await self.sleep(1)
        raise ZeroDivisionError

    give(crow, command("ask", asks), command("fail", fails))
    for line in ("fail", "ask"):
        world.loop.submit(lambda line=line: crow.execute_cmd(line))
    world.run()
    world.loop.submit(crow.delete)
    world.advance(10)
    assert not waiting_runs()
    assert not prompts._questions
    assert "ZeroDivisionError" in caplog.text
    assert "could not be told" not in caplog.text
    assert "look" not in anna.heard()
    assert "Room" in anna.send("look")


def test_a_command_moves_its_caller_and_swaps_its_class_while_it_waits(world, anna):  # noqa: F811
    cellar = world.create("cellar", location=None)

    class Ghost(DefaultCharacter):
        def at_say_ghostly(self) -> str:
            return "huu"

    async def func(self):
        self.caller.move_to(cellar)
        await self.sleep(1)
        self.caller.swap_typeclass(Ghost, run_start_hooks=None)
        await self.sleep(1)
        self.msg(f"{self.caller.at_say_ghostly()} in {self.caller.location}")

    give(anna.character, command("haunt", func))
    anna.send("haunt")
    world.advance(3)
    assert "huu in cellar" in anna.text()


def test_a_command_that_ends_its_own_session_and_waits(world, anna):  # noqa: F811
    async def func(self):
        self.session.disconnect("bye")
        await self.sleep(1)
        heard.append("never")

    heard: list[str] = []
    give(anna.character, command("leave", func))
    anna.send("leave")
    world.advance(2)
    assert anna.session is None
    assert not waiting_runs()
    assert heard == []


def test_a_question_without_a_session_goes_with_the_last_player(world, anna):  # noqa: F811
    """Nobody who plays the character next answers what another was asked."""
    heard: list[str] = []
    character = anna.character
    world.loop.submit(
        lambda: get_input(character, "Name?", lambda caller, prompt, answer: heard.append(answer)) and None
    )
    world.run()
    assert "Name?" in anna.heard()
    session = anna.session
    world.loop.submit(lambda: session.account.unpuppet_object(session))
    world.run()
    assert not waiting_runs()
    world.loop.submit(lambda: session.account.puppet_object(session, character))
    world.run()
    assert "Room" in anna.send("look")
    assert heard == []


# --- what is undone


def test_who_awaits_a_command_whose_end_is_undone_is_told_and_waits_no_more(world, anna):  # noqa: F811
    async def slow(self):
        await self.ask("Sure?")

    async def outer(self):
        await self.execute_cmd("slow")
        self.msg("never")

    give(anna.character, command("slow", slow), command("outer", outer))
    anna.send("outer")
    assert len(waiting_runs()) == 2
    lamp = world.create("lamp")
    world.world.receive(Line(anna.record.sessid, 90, "yes"))
    world.loop.submit(lambda: refuse_the_tick(lamp))
    world.run()
    assert not waiting_runs()
    assert "never" not in anna.text()
    assert "outer" in anna.text()
    assert "undone" in anna.text()


def test_what_an_undone_command_asked_and_set_is_not_there(world, anna):  # noqa: F811
    from perdure.commands.delays import TASK_HANDLER, delay

    happened: list[int] = []

    def func(self):
        get_input(self.caller, "Name?", lambda *args: happened.append(1))
        delay(1, happened.append, 2)
        self.caller.execute_cmd("sleeps")
        self.caller.nicks.add("x", "look")
        self.caller.cmdset.add(type("Extra", (give.__globals__["CmdSet"],), {}))
        raise ZeroDivisionError

    async def sleeps(self):
        await self.sleep(1)
        happened.append(3)

    give(anna.character, command("break", func), command("sleeps", sleeps))
    anna.send("break")
    world.advance(5)
    assert happened == []
    assert pending_question(anna.session) is None
    assert not waiting_runs()
    assert not TASK_HANDLER.all()
    assert anna.character.nicks.get("x") is None
    assert not anna.character.cmdset.has("Extra")
    assert "no command" in anna.send("x")


def test_input_is_shown_again_when_what_a_hidden_answer_did_is_undone(world, anna):  # noqa: F811
    async def fails(self):
        await self.ask("Old?", hidden=True)
        raise ZeroDivisionError

    async def again(self):
        await self.ask("Old?", hidden=True)
        await self.ask("New?", hidden=True)

    def echoes():
        return [message.visible for message in anna.messages if isinstance(message, EchoInput)]

    give(anna.character, command("fail", fails), command("again", again))
    anna.send("fail", "x")
    assert echoes() == [False, True]
    lamp = world.create("lamp")
    anna.send("again")
    world.world.receive(Line(anna.record.sessid, 90, "x"))
    world.loop.submit(lambda: refuse_the_tick(lamp))
    world.run()
    assert echoes()[-1] is True


def test_answers_that_failed_leave_nothing_of_a_session_that_is_gone(world, anna, monkeypatch):  # noqa: F811
    monkeypatch.setattr(
        logging.getLogger("perdure.gameloop"), "disabled", True
    )  # pytest keeps records with their frames

    async def func(self):
        await self.ask("Sure?")
        raise ZeroDivisionError

    give(anna.character, command("fail", func))
    anna.send("fail", "yes")
    anna.disconnect()
    bea = world.player("Bea")
    give(bea.character, command("fail", func))
    bea.send("fail", "yes")
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, prompts.Ask) and one._key is not bea.session]


# --- without end


def test_commands_that_begin_each_other_for_ever_keep_nothing(world, anna):  # noqa: F811
    class Tick(Command):
        key = "tick"

        async def func(self):
            await self.sleep(1)
            if self.caller.ndb.stop is None:
                self.execute_cmd("tick")

    give(anna.character, Tick)
    anna.send("tick")
    world.advance(30)
    gc.collect()
    assert sum(isinstance(one, CommandRun) and one.label == "tick" for one in gc.get_objects()) <= 3
    anna.character.ndb.stop = True
    world.advance(2)
    assert not waiting_runs()


@pytest.mark.parametrize("hook", ["at_pre_cmd", "parse", "func", "at_post_cmd"])
def test_an_error_in_any_hook_undoes_the_command_and_is_told(world, anna, hook):  # noqa: F811
    def fails(self):
        self.caller.db.gold = 5
        raise ZeroDivisionError

    give(anna.character, type("Broken", (Command,), {"key": "broken", hook: fails}))
    assert "error" in anna.send("broken")
    assert anna.character.db.gold is None


@pytest.mark.parametrize("hook", ["at_pre_cmd", "parse", "func", "at_post_cmd"])
def test_interrupting_in_any_hook_is_quiet_and_keeps_what_was_done(world, anna, hook):  # noqa: F811
    from perdure import InterruptCommand

    async def stops(self):
        self.caller.db.gold = 5
        self.msg("so far")
        raise InterruptCommand

    done: list[str] = []
    after = {
        "at_pre_cmd": ["parse", "func", "at_post_cmd"],
        "parse": ["func", "at_post_cmd"],
        "func": ["at_post_cmd"],
        "at_post_cmd": [],
    }[hook]
    others = {name: (lambda self, name=name: done.append(name)) for name in after}
    give(anna.character, type("Stops", (Command,), {"key": "stops", hook: stops, **others}))
    told = anna.send("stops")
    assert "so far" in told
    assert "error" not in told
    assert anna.character.db.gold == 5
    assert done == []


def test_interactive_with_a_caller_by_default(world, anna):  # noqa: F811
    @interactive
    async def greet(caller: Any = anna.character) -> str:
        return caller.key

    world.loop.submit(lambda: done.append(greet().result))
    done: list[Any] = []
    world.run()
    assert done == ["Anna"]


def test_a_command_does_not_await_itself(world, anna):  # noqa: F811
    async def alone(self):
        await current_run()

    async def one(self):
        await self.sleep(0)
        await waiting_runs()[0]

    async def two(self):
        await self.execute_cmd("one")

    give(anna.character, command("alone", alone), command("one", one), command("two", two))
    for line in ("alone", "two"):
        assert "error" in anna.send(line)
        assert not waiting_runs()


def test_who_awaits_what_was_stopped_ends_quietly(world, anna):  # noqa: F811
    async def slow(self):
        await self.sleep(10)

    async def outer(self):
        run = self.execute_cmd("slow")
        run.cancel("enough")
        await run
        self.msg("never")

    give(anna.character, command("slow", slow), command("outer", outer))
    told = anna.send("outer")
    assert "enough" in told
    assert "never" not in told
    assert "error" not in told


def test_hanging_up_while_another_thread_works_tidies_up(world, anna):  # noqa: F811
    gate = threading.Event()
    character = anna.character

    async def func(self):
        try:
            await self.offload(gate.wait, 60, exclusive=True)
        finally:
            self.caller.db.tidy = True

    give(character, command("slow", func))
    for seq, text in enumerate(("slow", "look")):
        world.world.receive(Line(anna.record.sessid, 50 + seq, text))
        world.loop.run_once()
    world.world.receive(Disconnected(anna.record.sessid, "hung up"))
    world.loop.run_once()
    gate.set()
    world.run()
    assert character.db.tidy
    assert not waiting_runs()
    assert not running._held


def test_nicks_do_not_go_round_in_circles_and_make_no_endless_lines(world, anna):  # noqa: F811
    anna.character.nicks.add("look", "look here")
    anna.character.nicks.add("a $1", "say $1 $1 $1")
    assert "A bare room" in anna.send("look")
    told = anna.send("a " + "b" * (conf.MAX_CHAR_LIMIT - 10))
    assert "were taken" in told
    assert len(told) < 2 * conf.MAX_CHAR_LIMIT
