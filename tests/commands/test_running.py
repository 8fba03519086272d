"""Commands that wait: steps as units of their own, cancellation, questions."""

from __future__ import annotations

import threading
from unittest import mock

import pytest
from django.db import transaction as django_transaction
from django.test import override_settings

from perdure.commands import running
from perdure.commands.command import Command
from perdure.commands.dispatch import handle_line
from perdure.commands.prompts import ask_yes_no, get_input, interactive, pending_question
from perdure.commands.running import RunState, cancel_all, cancel_for, session_is_busy, waiting_runs
from perdure.errors import InterruptCommand, InvalidArgument, NoGameLoop, Overloaded, PromptEnded, StaleObject
from perdure.gameloop import set_current_loop
from tests.commands.test_dispatch import command, give


@pytest.fixture(params=["coroutine", "generator"])
def both(request, anna):
    """The same command written in both ways."""

    def ask_and_wait(self):
        self.msg("one")
        yield 2
        answer = yield "Name?"
        self.msg(f"[{answer}]")

    async def ask_and_wait_async(self):
        self.msg("one")
        await self.sleep(2)
        answer = await self.ask("Name?")
        self.msg(f"[{answer}]")

    give(anna.character, command("wait", ask_and_wait_async if request.param == "coroutine" else ask_and_wait))
    return anna


def test_waiting_and_asking(both, loop):
    assert both.send("wait") == "one"
    assert "looked" in both.send("look")
    loop.advance(1.9)
    assert "Name?" not in both.heard()
    loop.advance(0.2)
    assert both.heard().endswith("Name?")
    assert both.send("get  lamp ") == "[get  lamp ]"
    assert both.send("get lamp") == "got [lamp]"
    assert not waiting_runs()


def test_at_post_cmd_comes_at_the_very_end(anna, loop):
    done = []

    class Slow(Command):
        key = "slow"

        async def at_pre_cmd(self):
            done.append("pre")
            await self.sleep(1)

        async def parse(self):
            done.append("parse")

        def func(self):
            yield 1
            done.append("func")

        def at_post_cmd(self):
            done.append("post")

    give(anna.character, Slow)
    anna.send("slow")
    assert done == ["pre"]
    loop.advance(1)
    assert done == ["pre", "parse"]
    loop.advance(1)
    assert done == ["pre", "parse", "func", "post"]


def test_each_step_is_a_unit_of_its_own(anna, loop):
    """What an earlier step did stays when a later one fails."""

    async def func(self):
        self.caller.db.gold = 1
        await self.sleep(1)
        self.caller.db.gold = 2
        self.msg("never heard")
        raise ZeroDivisionError

    give(anna.character, command("rob", func))
    anna.send("rob")
    loop.advance(1)
    assert anna.character.db.gold == 1
    assert "error" in anna.session.sent[-1]
    assert "Traceback" not in anna.session.sent[-1]
    assert not waiting_runs()


@pytest.mark.parametrize("wrong", [None, object(), True, [1], float("nan"), float("inf"), -1])
def test_a_generator_yields_seconds_or_questions(anna, wrong):
    def func(self):
        try:
            yield wrong
        except InvalidArgument:
            self.msg("refused")
            raise

    give(anna.character, command("odd", func))
    assert anna.send("odd") == "refused"
    assert isinstance(anna.errors[0], InvalidArgument)


def test_a_coroutine_awaits_what_is_known(anna):
    class Foreign:
        def __await__(self):
            yield "something of another loop"

    async def func(self):
        await Foreign()

    async def both(self):
        yield 1

    give(anna.character, command("odd", func), command("both", both))
    anna.send("odd")
    anna.send("both")
    assert [type(error) for error in anna.errors] == [InvalidArgument, InvalidArgument]


def test_without_a_world_nothing_can_wait(anna, loop):
    async def func(self):
        await self.sleep(1)

    give(anna.character, command("wait", func))
    set_current_loop(None)
    try:
        with pytest.raises(NoGameLoop):
            anna.character.execute_cmd("wait")
    finally:
        set_current_loop(loop)


# --- awaiting other commands


@pytest.mark.defect("V-31")
def test_the_result_of_another_command_can_be_awaited(anna, loop):
    async def slow(self):
        await self.sleep(1)
        return 42

    async def outer(self):
        self.msg(f"quick {await self.execute_cmd('quick')}")
        self.msg(f"slow {await self.execute_cmd('slow')}")

    give(anna.character, command("slow", slow), command("quick", lambda self: 7), command("outer", outer))
    assert anna.send("outer") == "quick 7"
    loop.advance(1)
    assert anna.heard().endswith("slow 42")


@pytest.mark.defect("V-31")
def test_errors_of_an_awaited_command_come_where_it_is_awaited(anna, loop):
    async def slow(self):
        await self.sleep(1)
        raise KeyError("lost")

    async def outer(self):
        try:
            await self.execute_cmd("slow")
        except KeyError as error:
            self.msg(f"caught {error}")

    give(anna.character, command("slow", slow), command("outer", outer))
    anna.send("outer")
    loop.advance(1)
    assert anna.heard().endswith("caught 'lost'")


def test_cancelling_reaches_those_who_await(anna):
    async def slow(self):
        await self.sleep(100)

    async def outer(self):
        await self.execute_cmd("slow")

    give(anna.character, command("slow", slow), command("outer", outer))
    anna.send("outer")
    assert len(waiting_runs()) == 2
    waiting_runs()[0].cancel("enough")
    assert not waiting_runs()


# --- being stopped


@pytest.mark.defect("V-31")
def test_what_waits_is_cancelled_with_a_notice(anna, person, loop):
    bea = person("Bea")
    closed = []

    async def func(self):
        try:
            await self.sleep(10)
        finally:
            closed.append(self.caller)

    for player in (anna, bea):
        give(player.character, command("wait", func))
        player.send("wait")
    (run,) = waiting_runs(anna.session)
    assert cancel_for(anna.session, "you left") == 1
    assert run.state is RunState.CANCELLED
    assert closed == [anna.character]
    assert "you left" in anna.session.sent[-1]
    assert "wait" in anna.session.sent[-1]
    assert cancel_all("the world reloads") == 1
    assert "the world reloads" in bea.session.sent[-1]
    loop.advance(20)
    assert not anna.errors


def test_a_finally_that_waits_does_not_stop_the_stopping(anna):
    async def func(self):
        try:
            await self.sleep(10)
        finally:
            await self.sleep(10)

    give(anna.character, command("wait", func))
    anna.send("wait")
    assert cancel_all("now") == 1
    assert not waiting_runs()


@pytest.mark.defect("V-31")
def test_letting_go_of_a_character_cancels_what_it_was_about_to_do(anna, loop):
    async def func(self):
        await self.ask("Sure?")

    give(anna.character, command("wait", func))
    anna.send("wait")
    anna.session.puid = anna.character.pk
    # Done when the transaction is committed, which the test's own never is.
    with mock.patch("perdure.commands.installation.on_commit", lambda function: function()):
        anna.account.unpuppet_object(anna.session)
    assert not waiting_runs()
    assert pending_question(anna.session) is None
    assert "no longer" in "\n".join(anna.session.sent)


def test_what_begins_to_wait_in_a_block_that_is_undone_does_not_wait(anna, loop):
    async def func(self):
        await self.sleep(1)
        self.msg("never")

    give(anna.character, command("wait", func))

    def broken():
        anna.character.execute_cmd("wait")
        raise ZeroDivisionError

    loop.submit(broken)
    loop.run_until_idle()
    assert not waiting_runs()
    loop.advance(5)
    assert "never" not in anna.heard()


def test_a_step_that_is_undone_is_not_taken_twice(anna, loop):
    async def func(self):
        await self.sleep(1)
        self.caller.db.gold = 5
        taken.append(1)

    taken = []
    give(anna.character, command("wait", func))
    anna.send("wait")
    (run,) = waiting_runs()
    turn = run._turn

    def undone():
        with django_transaction.atomic():
            run.resume(turn, None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    run.resume(turn, None)
    assert taken == [1]
    assert anna.character.db.gold is None
    assert "undone" in anna.session.sent[-1]


def test_a_stale_object_in_a_later_step_is_told_once(anna, loop):
    async def func(self):
        await self.sleep(1)
        taken.append(1)
        raise StaleObject("somebody else was first")

    taken = []
    give(anna.character, command("wait", func))
    anna.send("wait")
    before = len(anna.session.sent)
    loop.advance(1)
    assert taken == [1]
    assert len(anna.session.sent) == before + 1


def test_an_answer_is_not_taken_for_a_command_when_its_unit_is_done_again(anna, loop):
    async def func(self):
        await self.ask("Sure?")
        taken.append(1)
        raise StaleObject("somebody else was first")

    async def good(self):
        await self.ask("Sure?")
        self.caller.db.gold = 5

    taken = []
    give(anna.character, command("risk", func), command("good", good))
    anna.send("risk")
    assert anna.send("look") == ""
    assert taken == [1]
    assert [type(error) for error in anna.errors] == [StaleObject]
    anna.send("good")
    fail = [StaleObject("once")]

    def unit():
        handle_line(anna.session, "look")
        if fail:
            raise fail.pop()

    loop.submit(unit)
    loop.run_until_idle()
    assert "undone" in anna.session.sent[-1]
    assert anna.character.db.gold is None
    assert "looked" in anna.send("look")


# --- other threads


def test_offloaded_work(anna, loop):
    async def func(self):
        name = await self.offload(threading_name, 3)
        self.msg(name)
        try:
            await self.offload(fail)
        except KeyError:
            self.msg("failed there")

    give(anna.character, command("far", func))
    told = anna.send("far")
    assert "perdure-offload" in told
    assert "failed there" in told


def threading_name(number):
    return f"{threading.current_thread().name} {number}"


def fail():
    raise KeyError("x")


def test_exclusive_work_holds_the_lines_of_the_session(anna, loop):
    gate = threading.Event()
    freed = []
    running.busy_listeners.append(freed.append)

    async def func(self):
        await self.offload(gate.wait, 5, exclusive=True)
        self.msg(f"done {session_is_busy(self.session)}")

    give(anna.character, command("login", func))
    try:
        loop.submit(lambda: anna.session.puppet.execute_cmd("login", session=anna.session))
        loop.run_once()
        assert session_is_busy(anna.session)
        gate.set()
        loop.run_until_idle()
        assert not session_is_busy(anna.session)
        assert freed == [anna.session]
        assert anna.heard().endswith("done False")
    finally:
        running.busy_listeners.remove(freed.append)


def test_too_much_work_is_refused_inside_the_command(anna, loop, monkeypatch):
    def refuse(*args, **kwargs):
        raise Overloaded("full")

    async def func(self):
        try:
            await self.offload(fail)
        except Overloaded:
            self.msg("try later")

    monkeypatch.setattr(loop, "offload", refuse)
    give(anna.character, command("far", func))
    assert anna.send("far") == "try later"


# --- questions


def confirm_command(**kwargs):
    async def func(self):
        self.msg("yes!" if await self.confirm("Burn it?", **kwargs) else "no!")

    return command("burn", func)


@pytest.mark.defect("V-36")
@pytest.mark.parametrize(
    ("default", "answer", "outcome"),
    [
        (False, "y", "yes!"),
        (False, " YES ", "yes!"),
        (False, "n", "no!"),
        (False, "No", "no!"),
        (False, "", "no!"),
        (True, "", "yes!"),
        (None, "yes", "yes!"),
    ],
)
def test_yes_and_no(anna, default, answer, outcome):
    give(anna.character, confirm_command(default=default))
    assert "Burn it?" in anna.send("burn")
    assert anna.send(answer) == outcome


@pytest.mark.defect("V-36")
@pytest.mark.parametrize("other", ["service", "yep", "burn", "nope", "1", "look"])
def test_nothing_else_is_an_answer(anna, other):
    give(anna.character, confirm_command(default=False))
    anna.send("burn")
    told = anna.send(other)
    assert "yes!" not in told
    assert "|wyes|n" in told
    assert "Burn it?" in told
    assert "Burn it?" in anna.send(other)
    told = anna.send(other)
    assert "yes!" not in told
    assert "no!" not in told
    assert told
    assert not waiting_runs()
    assert "looked" in anna.send("look")
    assert not anna.errors


@pytest.mark.defect("V-36")
def test_an_empty_line_is_no_answer_without_a_default(anna):
    give(anna.character, confirm_command())
    anna.send("burn")
    assert "Burn it?" in anna.send("")
    assert anna.send("n") == "no!"


@pytest.mark.defect("V-36")
def test_a_question_expires(anna, loop):
    caught = []

    async def func(self):
        try:
            await self.ask("Name?", timeout=5)
        except PromptEnded as error:
            caught.append(error)
            raise

    give(anna.character, command("ask", func), confirm_command(default=True))
    anna.send("ask")
    loop.advance(5)
    assert len(caught) == 1
    assert "withdrawn" in anna.session.sent[-1]
    assert "looked" in anna.send("look")
    with override_settings(PROMPT_TIMEOUT=60):
        anna.send("burn")
        assert pending_question(anna.session) is not None
        loop.advance(61)
        assert pending_question(anna.session) is None
        assert "yes!" not in anna.heard()
    assert not anna.errors


def test_a_command_may_tidy_up_after_a_question_that_was_withdrawn(anna, loop):
    async def func(self):
        with pytest.raises(InterruptCommand):
            await self.ask("Name?", timeout=1)
        self.msg("tidy")

    give(anna.character, command("ask", func))
    anna.send("ask")
    loop.advance(1)
    assert anna.session.sent[-1] == "tidy"


def test_prompt_ended_is_quiet(anna):
    def func(self):
        raise PromptEnded("x")

    give(anna.character, command("end", func))
    anna.send("end")
    assert not anna.errors
    with pytest.raises(PromptEnded):
        raise PromptEnded("x")


@pytest.mark.defect("V-16")
def test_hidden_answers(anna):
    async def func(self):
        first = await self.ask("Old?", hidden=True)
        second = await self.ask("New?", hidden=True)
        third = await self.ask("Seen?")
        self.msg(f"{first}/{second}/{third}")

    give(anna.character, command("password", func))
    anna.character.nicks.add("a", "b")
    anna.send("password")
    assert anna.session.echoes == [False]
    anna.send("idle")
    assert anna.session.echoes[-1] is False
    anna.send(" a ")
    assert anna.session.echoes[-1] is True
    assert anna.send("c") == "idle/ a /c"


def test_hidden_input_is_shown_again_when_the_command_is_stopped(anna):
    async def func(self):
        await self.ask("Old?", hidden=True)

    give(anna.character, command("password", func))
    anna.send("password")
    cancel_for(anna.session, "stop")
    assert anna.session.echoes == [False, True]


def test_input_is_hidden_for_hidden_questions_only_whichever_comes_first(anna, loop):
    async def late(self):
        await self.sleep(1)
        await self.ask("Late?", hidden=self.args == " hidden")

    async def early(self):
        await self.ask("Early?", hidden=self.args == " hidden")

    give(anna.character, command("late", late), command("early", early))
    for lines, echoes in (
        (("late hidden", "early"), [False, True]),
        (("late", "early hidden"), [False, True, False, True]),
    ):
        anna.session.echoes.clear()
        for line in lines:
            anna.send(line)
        loop.advance(1)
        assert anna.session.sent[-1] == "Late?"
        anna.send("late")
        assert anna.session.sent[-1] == "Early?"
        anna.send("early")
        assert anna.session.echoes == echoes


def test_a_newer_question_comes_first_and_the_older_again(anna, loop):
    async def late(self):
        await self.sleep(1)
        self.msg(f"late {await self.ask('Late?')}")

    async def early(self):
        self.msg(f"early {await self.ask('Early?')}")

    give(anna.character, command("late", late), command("early", early))
    anna.send("late")
    anna.send("early")
    loop.advance(1)
    assert anna.session.sent[-1] == "Late?"
    assert anna.send("a") == "Early?\nlate a"
    assert anna.send("b") == "early b"


def test_questions_are_of_one_session(anna, person):
    bea = person("Bea")
    give(anna.character, confirm_command(default=False))
    anna.send("burn")
    assert "looked" in bea.send("look")
    assert anna.send("n") == "no!"


def test_an_npc_is_asked_where_it_has_no_session(hall, loop):
    from perdure.create import create_object

    crow = create_object(key="Crow", location=hall)
    heard = []

    async def func(self):
        heard.append(await self.ask("Who?"))

    give(crow, command("ask", func))
    crow.execute_cmd("ask")
    crow.execute_cmd("me")
    assert heard == ["me"]


def test_get_input(anna, loop):
    heard = []

    def callback(caller, prompt, result, *args, **kwargs):
        heard.append((caller, prompt, result, args, kwargs))
        return result != "stop"

    loop.submit(lambda: get_input(anna.character, "Say:", callback, anna.session, 1, two=2))
    loop.run_until_idle()
    assert anna.session.sent[-1] == "Say:"
    anna.send(" a ")
    anna.send("stop")
    assert [one[2] for one in heard] == ["a", "stop"]
    assert heard[0] == (anna.character, "Say:", "a", (1,), {"two": 2})
    assert "looked" in anna.send("look")


def test_get_input_in_a_command_asks_its_session(anna):
    def func(self):
        get_input(self.caller, "Say:", lambda caller, prompt, result: caller.msg(f"[{result}]"))

    give(anna.character, command("say", func))
    assert anna.send("say") == "Say:"
    assert anna.send("hello") == "[hello]"


@pytest.mark.defect("V-36")
def test_ask_yes_no(anna, loop):
    done = []

    def start(**kwargs):
        arguments = {"yes_action": lambda caller, *a: done.append(a), "no_action": "Left alone."}
        loop.submit(lambda: ask_yes_no(anna.character, "Go {options}?", *arguments.values(), **kwargs))
        loop.run_until_idle()

    start(default="N")
    assert anna.session.sent[-1] == "Go (yes/[no])?"
    assert anna.send("service") == "Go (yes/[no])?"
    assert anna.send("") == "Left alone."
    start(allow_abort=True)
    assert anna.session.sent[-1] == "Go (yes/no/abort)?"
    assert anna.send("a") == ""
    start()
    anna.send("yes")
    assert done == [()]
    start()
    for _ in range(3):
        anna.send("what")
    assert not waiting_runs()
    with pytest.raises(InvalidArgument):
        ask_yes_no(anna.character, "?", default="maybe")
    with pytest.raises(InvalidArgument):
        ask_yes_no(anna.character, "?", default="A")


def test_interactive(anna, loop):
    @interactive
    def chat(caller, greeting="Hi"):
        name = yield f"{greeting}, who are you?"
        yield 1
        caller.msg(f"[{name}]")
        return name

    @interactive
    async def quick(caller):
        return 5

    @interactive
    def plain(caller):
        return 6

    started = []
    loop.submit(lambda: started.append(chat(anna.character)))
    loop.run_until_idle()
    assert anna.session.sent[-1] == "Hi, who are you?"
    anna.send("Anna")
    loop.advance(1)
    assert anna.session.sent[-1] == "[Anna]"
    assert started[0].result == "Anna"
    assert quick(anna.character).result == 5
    assert plain(anna.character) == 6
    with pytest.raises(InvalidArgument, match="caller"):
        interactive(lambda who: None)
