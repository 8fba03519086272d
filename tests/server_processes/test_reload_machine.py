"""One world follows another: every phase, every way it can go wrong, with worlds that are real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from perdure.server.gateway.process import WorldLost
from perdure.server.gateway.reload import TRANSITIONS, IllegalTransition, Phase, Succession
from perdure.server.gateway.settings import Timeouts
from perdure.server.messages import Flags
from tests.server_processes.harness import Harness, is_alive

pytestmark = pytest.mark.sqlite

A_RELOAD = [Phase.CHECKING, Phase.DRAINING, Phase.TAKING_OVER, Phase.SERVING]


def drive(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on an event loop."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 300))

    return run


# --- the table ------------------------------------------------------------------------------------


class _Nobody:
    def moved(self, before: Phase, phase: Phase) -> None: ...


@pytest.mark.parametrize("before", Phase)
@pytest.mark.parametrize("after", Phase)
def test_only_the_transitions_of_the_table_are_possible(before: Phase, after: Phase) -> None:
    succession = Succession(_Nobody(), Timeouts())  # type: ignore[arg-type]
    succession.phase = before
    if after in TRANSITIONS[before]:
        succession.move(after)
        assert succession.phase is after
        return
    with pytest.raises(IllegalTransition, match=f"{after.value} may not follow {before.value}"):
        succession.move(after)
    assert succession.phase is before


def test_every_phase_can_be_reached_and_left() -> None:
    reached = set().union(*TRANSITIONS.values()) | {Phase.DOWN}
    assert reached == set(Phase)
    assert [phase for phase in Phase if Phase.STOPPING not in TRANSITIONS[phase]] == [Phase.STOPPING, Phase.STOPPED]


# --- the first world ------------------------------------------------------------------------------


@drive
async def test_the_first_world_starts_and_serves() -> None:
    async with Harness(serve=False) as game:
        assert game.worlds.state == "starting"
        assert game.worlds.http_socket is None
        game.connect(1)
        game.type(1, "hello")
        await game.until(lambda: game.did(1))
        assert game.phases == [Phase.STARTING, Phase.TAKING_OVER, Phase.SERVING]
        assert game.worlds.state == "serving"
        assert game.worlds.http_socket == f"server/run/http-{game.generation}.sock"
        said = ["Welcome to the fake world. Say something.", f"{game.generation}> hello"]
        await game.until(lambda: game.shown(1) == said)
        assert game.ledger("take over")[0] == {"generation": 1, "what": "take over", "mode": "start", "sessions": []}


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"check": "fail"}, r"typeclasses/rooms\.py, line 7: SyntaxError"),
        ({"check": "hang"}, "did not finish checking itself within"),
        ({"check": "die"}, "ended while it was checking itself: it was ended by the signal SIGKILL"),
        ({"start": "die"}, "SIGKILL"),
        ({"start": "exit"}, r"exit code 1 \(settings\.py, line 3\)"),
        ({"token": True}, "ended while it was checking itself"),
        ({"protocol": 99}, "speaks version 99"),
        ({"take_over": "die"}, "ended while it was taking over"),
        ({"take_over": "hang"}, "did not finish taking over within"),
        ({"take_over": "fail"}, r"typeclasses/rooms\.py, line 7"),
    ],
)
def test_a_first_world_that_cannot_serve_ends_the_gateway_with_the_reason(plan: dict[str, Any], said: str) -> None:
    async def test() -> None:
        game = Harness({"default": plan}, serve=False)
        async with game:
            game.impatient_with(plan)
            with pytest.raises(WorldLost, match=said):
                await asyncio.wait_for(game.running, 60)
            assert game.worlds.succession.phase is Phase.STOPPED
            assert not any(is_alive(pid) for pid in game.pids())

    asyncio.run(test())


@drive
async def test_the_reason_of_a_death_is_read_to_the_end() -> None:
    """However late the last that a dying world wrote comes out of its pipe."""
    command = [
        "/bin/sh",
        "-c",
        # The shell is the world; what it leaves behind writes the traceback when it is dead.
        "(sleep 0.4; echo '  File \"late.py\", line 3, in <module>' >&2; echo ValueError: late >&2) & exit 1",
    ]
    async with Harness(serve=False, command=command) as game:
        with pytest.raises(WorldLost, match=r"exit code 1 \(late\.py, line 3\)") as lost:
            await game.running
        assert "ValueError: late" in lost.value.detail


@drive
async def test_a_program_of_the_game_that_outlives_it_is_not_waited_for() -> None:
    async with Harness(serve=False, command=["/bin/sh", "-c", "sleep 20 & exit 1"]) as game:
        with pytest.raises(WorldLost, match="exit code 1"):
            await asyncio.wait_for(game.running, 15)


# --- reload ---------------------------------------------------------------------------------------


@drive
async def test_a_reload_puts_a_new_world_in_the_place_of_the_old() -> None:
    async with Harness() as game:
        game.connect(1)
        steps: list[str] = []
        result = await game.reload(sessid=1, report=steps.append)
        assert result.ok
        assert game.phases == A_RELOAD
        assert len(steps) == len(A_RELOAD)
        assert game.generation == 2
        await game.until(lambda: game.ledger("outcome"))
        assert [(entry["generation"], entry["ok"], entry["sessid"]) for entry in game.ledger("outcome")] == [
            (2, True, 1)
        ]
        assert [(entry["mode"], entry["sessions"]) for entry in game.ledger("take over")] == [
            ("start", []),
            ("reload", [1]),
        ]
        old = game.pids()[0]
        await game.until(lambda: not is_alive(old))
        order = [(entry["generation"], entry["what"]) for entry in game.ledger()]
        assert order.index((1, "quiesce")) < order.index((2, "take over")) < order.index((1, "stop"))


@drive
async def test_a_reset_goes_the_same_way() -> None:
    async with Harness() as game:
        assert (await game.reload("reset")).ok
        assert game.phases == A_RELOAD
        assert [entry["mode"] for entry in game.ledger("quiesce")] == ["reset"]
        assert game.ledger("take over")[-1]["mode"] == "reset"


@drive
async def test_the_old_world_serves_while_the_new_one_checks_itself() -> None:
    async with Harness({"2": {"check": "until seen"}}) as game:
        game.connect(1)
        change = asyncio.create_task(game.reload())
        await game.until(lambda: game.worlds.succession.phase is Phase.CHECKING)
        assert game.worlds.is_serving
        assert game.worlds.state == "serving"
        game.type(1, "look")
        await game.until(lambda: game.did(1) == ["look"])
        assert not change.done()
        await game.until(lambda: "1> look" in game.shown(1))
        Path("seen").touch()
        assert (await change).ok


@pytest.mark.defect("V-20")
@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"check": "fail"}, r"typeclasses/rooms.py, line 7: SyntaxError"),
        ({"check": "fail", "linger": 30}, r"typeclasses/rooms.py, line 7: SyntaxError"),
        ({"check": "hang"}, "did not finish checking itself"),
        ({"check": "die"}, "SIGKILL"),
        ({"start": "die"}, "SIGKILL"),
        ({"start": "hang"}, "did not finish checking itself"),
        ({"start": "exit"}, "settings.py, line 3"),
        ({"take_over": "die"}, "ended while it was taking over"),
        ({"take_over": "hang"}, "did not finish taking over"),
        ({"take_over": "fail"}, "typeclasses/rooms.py, line 7"),
    ],
)
def test_after_a_reload_that_fails_the_old_world_goes_on_and_the_asker_hears_why(
    plan: dict[str, Any], said: str
) -> None:
    async def test() -> None:
        async with Harness({"2": plan}) as game:
            game.connect(1)
            game.type(1, "before")
            await game.until(lambda: game.did(1))
            game.impatient_with(plan)
            result = await game.reload(sessid=1)
            assert not result.ok
            assert said in result.summary
            assert game.generation == 1
            assert game.worlds.state == "serving"
            game.type(1, "after")
            await game.until(lambda: game.did(1) == ["before", "after"])
            await game.until(lambda: "1> after" in game.shown(1))
            outcome = game.ledger("outcome")[-1]
            assert (outcome["generation"], outcome["ok"], outcome["sessid"]) == (1, False, 1)
            assert said in outcome["summary"]
            assert game.notices() == []
            await game.until(lambda: not any(is_alive(pid) for pid in game.pids()[1:]))
            # Mended, the next one succeeds.
            game.impatient_with({})
            assert (await game.reload()).ok
            assert game.generation == 3

    asyncio.run(test())


@drive
async def test_the_traceback_reaches_who_asked() -> None:
    async with Harness({"2": {"check": "fail"}, "3": {"start": "exit"}}) as game:
        assert "SyntaxError" in (await game.reload()).detail
        await game.until(lambda: game.ledger("outcome"))
        assert "NameError: name 'SERVERNAM'" in (await game.reload()).detail
        assert "SyntaxError" in game.ledger("outcome")[0]["detail"]


@drive
async def test_the_old_world_resumes_with_what_waited_when_the_new_one_dies_taking_over() -> None:
    async with Harness({"1": {"line": 0.05}, "2": {"take_over": "die"}}) as game:
        game.connect(1)
        for number in range(10):
            game.type(1, str(number))
        await game.until(lambda: game.did(1))
        change = asyncio.create_task(game.reload())
        await game.until(lambda: change.done() or game.worlds.succession.phase in (Phase.DRAINING, Phase.TAKING_OVER))
        for number in range(10, 20):
            game.type(1, str(number))
        assert not (await change).ok
        assert game.phases[-2:] == [Phase.TAKING_OVER, Phase.SERVING]
        await game.until(lambda: len(game.did(1)) == 20)
        assert game.did(1) == [str(number) for number in range(20)]
        assert game.ledger("resume")[0]["generation"] == 1


@pytest.mark.parametrize("quiesce", ["hang", "die"])
def test_an_old_world_that_does_not_finish_is_killed_and_the_new_one_serves(quiesce: str) -> None:
    async def test() -> None:
        async with Harness({"1": {"quiesce": quiesce}}) as game:
            game.impatient_with({"quiesce": quiesce})
            game.connect(1)
            old = game.pids()[0]
            assert (await game.reload()).ok
            assert game.phases == A_RELOAD
            assert game.generation == 2
            await game.until(lambda: not is_alive(old))
            # It said no farewell: the new one puts things right as after a crash.
            assert game.ledger("take over")[-1]["mode"] == "crash"
            game.type(1, "hello")
            await game.until(lambda: "2> hello" in game.shown(1))

    asyncio.run(test())


@drive
async def test_a_slow_farewell_is_waited_for() -> None:
    async with Harness({"1": {"quiesce": 0.4}}) as game:
        assert (await game.reload()).ok
        assert game.ledger("take over")[-1]["mode"] == "reload"


@drive
async def test_an_old_world_that_does_not_end_is_killed_later() -> None:
    async with Harness({"1": {"stop": "hang"}}) as game:
        game.impatient_with({"stop": "hang"}, 3.0)
        old = game.pids()[0]
        assert (await game.reload()).ok
        assert is_alive(old)
        await game.until(lambda: not is_alive(old))


@pytest.mark.parametrize("resume", ["hang", "die"])
def test_when_both_worlds_fail_another_is_started(resume: str) -> None:
    async def test() -> None:
        plan = {"1": {"resume": resume}, "2": {"take_over": "die"}}
        async with Harness(plan) as game:
            game.connect(1)
            game.impatient_with(plan["1"], 3.0)
            assert not (await game.reload()).ok
            game.impatient_with({})
            game.type(1, "still here")
            await game.until(lambda: game.did(1))
            assert game.generation == 3
            assert game.ledger("take over")[-1]["mode"] == "crash"

    asyncio.run(test())


@drive
async def test_the_old_world_dies_while_the_new_one_checks_itself() -> None:
    async with Harness({"2": {"check": "until seen"}}) as game:
        game.connect(1)
        change = asyncio.create_task(game.reload())
        await game.until(lambda: game.worlds.succession.phase is Phase.CHECKING)
        os.kill(game.pids()[0], signal.SIGKILL)
        await game.until(lambda: game.worlds.succession.phase is Phase.STARTING)
        assert game.worlds.state == "starting"
        game.type(1, "kept")
        Path("seen").touch()
        assert (await change).ok
        await game.until(lambda: game.did(1) == ["kept"])
        assert game.generation == 2
        assert game.ledger("take over")[-1] == {"generation": 2, "what": "take over", "mode": "crash", "sessions": [1]}
        assert Phase.DRAINING not in game.phases


@drive
async def test_both_die_while_the_new_one_checks_itself() -> None:
    async with Harness({"2": {"check": "until killed"}}) as game:
        change = asyncio.create_task(game.reload())
        await game.until(lambda: len(game.pids()) == 2)
        for pid in game.pids():
            os.kill(pid, signal.SIGKILL)
        assert not (await change).ok
        await game.until(lambda: game.generation == 3)


@drive
async def test_a_disk_that_is_full_is_no_reason_to_end_the_old_world() -> None:
    async with Harness() as game:
        game.connect(1)
        counter = Path("server/run/generation")
        counter.unlink()
        counter.mkdir()  # what cannot be written
        refused = await game.reload()
        assert not refused.ok
        assert "the next world cannot be started" in refused.summary
        game.type(1, "still here")
        await game.until(lambda: game.did(1) == ["still here"])
        counter.rmdir()
        counter.write_text("1")
        assert (await game.reload()).ok


@drive
async def test_one_change_at_a_time() -> None:
    async with Harness({"2": {"check": "until seen"}}) as game:
        first = asyncio.create_task(game.reload())
        await game.until(lambda: game.worlds.succession.phase is Phase.CHECKING)
        second = await game.reload("reset")
        assert not second.ok
        assert "a new world is checking itself" in second.summary
        Path("seen").touch()
        assert (await first).ok
        assert len(game.pids()) == 2


@drive
async def test_the_game_itself_wants_a_reload() -> None:
    async with Harness({"3": {"check": "fail"}}) as game:
        game.connect(5)
        game.type(5, "want reload")
        await game.until(lambda: game.generation == 2)
        await game.until(lambda: any(text.startswith("outcome True") for text in game.shown(5)))
        game.type(5, "want reset")
        await game.until(lambda: any(text.startswith("outcome False: typeclasses/rooms.py") for text in game.shown(5)))
        assert game.generation == 2


# --- nothing is lost ------------------------------------------------------------------------------


@pytest.mark.defect("V-18")
@drive
async def test_twenty_reloads_lose_nothing_and_keep_the_order() -> None:
    async with Harness({"default": {"line": 0.001}}, queued=10_000) as game:
        sent = dict.fromkeys((1, 2, 3), 0)
        for sessid in sent:
            game.connect(sessid)
        typing = True

        async def type_on() -> None:
            while typing:
                for sessid in sent:
                    sent[sessid] += 1
                    assert game.type(sessid, str(sent[sessid]))
                await asyncio.sleep(0.003)

        typist = asyncio.create_task(type_on())
        for number in range(20):
            assert (await game.reload()).ok
            assert game.generation == number + 2
            await asyncio.sleep(0.02)
        typing = False
        await typist
        await game.until(lambda: not game.sessions.open_lines, 120)
        for sessid, number in sent.items():
            assert number > 100
            assert game.did(sessid) == [str(one) for one in range(1, number + 1)]
        assert len({entry["generation"] for entry in game.ledger("did")}) > 10
        assert game.sessions.notices == []


@drive
async def test_what_waits_is_bounded_and_the_player_is_told_once() -> None:
    async with Harness({"1": {"quiesce": "until seen"}}, queued=5) as game:
        for sessid in (1, 2):
            game.connect(sessid)
        change = asyncio.create_task(game.reload())
        await game.until(lambda: game.worlds.succession.phase is Phase.DRAINING)
        assert [game.type(1, str(number)) for number in range(8)] == [True] * 5 + [False] * 3
        assert game.type(2, "mine has room")
        assert len(game.notices(1)) == 1
        assert game.notices(2) == []
        Path("seen").touch()
        await change
        await game.until(lambda: len(game.did(1)) == 5 and game.did(2))
        game.type(1, "again")
        await game.until(lambda: game.did(1)[-1] == "again")


@drive
async def test_who_comes_and_goes_during_a_reload() -> None:
    """A newcomer is greeted by the new world, one who left is told of, and who came and left is not heard of."""
    async with Harness({"1": {"quiesce": "until seen"}}) as game:
        game.connect(1)
        game.connect(2)
        game.type(1, "state")
        await game.until(lambda: game.did(1))
        change = asyncio.create_task(game.reload())
        await game.until(lambda: game.worlds.succession.phase is Phase.DRAINING)
        game.type(2, "my last words")
        game.disconnect(2)
        game.connect(3, ticket="from the website")
        game.type(3, "first words")
        game.worlds.send(Flags(3, {"SCREENWIDTH": 80}))
        game.worlds.send(Flags(3, {"SCREENWIDTH": 100, "UTF-8": True}))
        game.connect(4)
        game.type(4, "never mind")
        game.disconnect(4)
        Path("seen").touch()
        assert (await change).ok
        await game.until(lambda: game.ledger("flags"))
        assert game.ledger("take over")[-1]["sessions"] == [1, 2]
        second = [entry for entry in game.ledger() if entry["generation"] == 2]
        assert {entry["sessid"] for entry in second if entry.get("sessid")} == {2, 3}
        assert [entry["ticket"] for entry in game.ledger("connected")] == ["", "", "from the website"]
        assert game.ledger("disconnected") == [{"generation": 2, "what": "disconnected", "sessid": 2, "known": True}]
        assert [entry["flags"] for entry in game.ledger("flags")] == [{"SCREENWIDTH": 100, "UTF-8": True}]
        await game.until(lambda: game.did(3) == ["first words"])
        assert game.did(4) == []


# --- the world dies -------------------------------------------------------------------------------


@drive
async def test_a_world_that_dies_is_followed_by_another_and_sessions_go_on() -> None:
    async with Harness() as game:
        game.connect(1)
        game.connect(2)
        game.type(1, "state")
        await game.until(lambda: game.did(1))
        os.kill(game.pids()[0], signal.SIGKILL)
        await game.until(lambda: not game.worlds.is_serving)
        game.type(2, "typed in the gap")
        await game.until(lambda: game.did(2))
        assert game.generation == 2
        assert game.ledger("take over")[-1] == {
            "generation": 2,
            "what": "take over",
            "mode": "crash",
            "sessions": [1, 2],
        }
        assert len(game.notices()) == 2  # it is gone, it is back
        assert game.notices(1) == game.notices(2) == []  # nothing of theirs was in doubt


@drive
async def test_lines_that_died_with_a_world_are_told_of_and_not_done_twice() -> None:
    async with Harness({"1": {"line": 0.02}}) as game:
        game.connect(1)
        game.connect(2)
        game.type(1, "done")
        await game.until(lambda: not game.sessions.open_lines)
        game.type(1, "get lamp")
        game.type(1, "kill yourself")
        game.type(1, "never begun")
        game.type(2, "mine too")
        await game.until(lambda: game.generation == 2)
        assert "get lamp" not in "".join(game.notices(1))  # it was acknowledged
        assert "never begun" in game.notices(1)[0]
        assert "kill yourself" in game.notices(1)[0]
        assert "mine too" in game.notices(2)[0]
        assert game.sessions.open_lines == {}
        game.type(1, "go on")
        await game.until(lambda: game.did(1)[-1] == "go on")
        assert game.did(1) == ["done", "get lamp", "go on"]


@drive
async def test_after_some_quick_deaths_we_wait_to_be_asked() -> None:
    async with Harness() as game:
        game.connect(1)
        game.plan({"default": {"check": "fail"}})
        os.kill(game.pids()[0], signal.SIGKILL)
        await game.until(lambda: game.worlds.state == "down")
        attempts = len(game.pids())
        assert attempts > 2
        assert not game.worlds.is_serving
        assert "mend" in game.notices()[-1]
        assert "rooms.py" in game.worlds.status()["error"]
        game.type(1, "kept all the time")
        await asyncio.sleep(0.3)
        assert len(game.pids()) == attempts
        refused = await game.reload()
        assert not refused.ok
        assert "rooms.py, line 7" in refused.summary
        game.plan({})
        assert (await game.reload()).ok
        await game.until(lambda: game.did(1) == ["kept all the time"])
        assert game.worlds.status()["error"] is None


@drive
async def test_a_world_whose_link_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perdure.server.gateway.process.UNLINKED_SECONDS", 0.3)
    async with Harness({"1": {"line": 3600}}) as game:
        game.connect(1)
        game.type(1, "hang")
        await asyncio.sleep(0.1)
        world = game.worlds.succession.serving
        assert world is not None
        assert world.link is not None
        world.link.abort("for the test")
        await game.until(lambda: game.generation == 2)
        await game.until(lambda: not is_alive(game.pids()[0]))


# --- stopping -------------------------------------------------------------------------------------


@drive
async def test_stop_lets_the_world_say_farewell() -> None:
    async with Harness() as game:
        await game.worlds.stop()
        await game.running
        assert [entry["mode"] for entry in game.ledger("quiesce")] == ["shutdown"]
        assert game.ledger()[-1]["what"] == "stop"
        assert game.phases == [Phase.STOPPING, Phase.STOPPED]
        assert game.worlds.state == "down"
        assert not is_alive(game.pids()[0])


@drive
async def test_stop_at_once_says_none() -> None:
    async with Harness({"1": {"quiesce": "hang"}}) as game:
        await game.worlds.stop(now=True)
        assert game.ledger("quiesce") == []
        assert not is_alive(game.pids()[0])


@pytest.mark.parametrize("plan", [{"quiesce": "hang"}, {"quiesce": "die"}, {"stop": "hang"}, {"stop": "die"}])
def test_stop_ends_a_world_that_does_not_want_to(plan: dict[str, Any]) -> None:
    async def test() -> None:
        async with Harness({"1": plan}) as game:
            game.impatient_with(plan)
            await asyncio.wait_for(game.worlds.stop(), 60)
            assert game.worlds.succession.phase is Phase.STOPPED
            assert not is_alive(game.pids()[0])

    asyncio.run(test())


@pytest.mark.parametrize(
    ("phase", "plan"),
    [
        (Phase.CHECKING, {"2": {"check": "hang"}}),
        (Phase.DRAINING, {"1": {"quiesce": "until seen"}}),
        (Phase.TAKING_OVER, {"2": {"take_over": "until seen"}}),
    ],
)
def test_stop_in_the_middle_of_a_reload(phase: Phase, plan: dict[str, Any]) -> None:
    async def test() -> None:
        async with Harness(plan) as game:
            change = asyncio.create_task(game.reload())
            await game.until(lambda: game.worlds.succession.phase is phase)
            stopping = asyncio.create_task(game.worlds.stop())
            await asyncio.sleep(0.05)
            Path("seen").touch()
            await asyncio.wait_for(stopping, 60)
            await change
            assert game.ledger("quiesce")[-1]["mode"] == "shutdown"
            assert not any(is_alive(pid) for pid in game.pids())

    asyncio.run(test())


@drive
async def test_stop_while_the_first_world_starts() -> None:
    async with Harness({"1": {"check": "hang"}}, serve=False) as game:
        await game.until(lambda: game.pids())
        await game.worlds.stop()
        await game.running
        assert not is_alive(game.pids()[0])


@drive
async def test_stop_while_nothing_can_be_started() -> None:
    async with Harness() as game:
        game.plan({"default": {"start": "die"}})
        os.kill(game.pids()[0], signal.SIGKILL)
        await game.until(lambda: game.worlds.state == "down")
        await asyncio.wait_for(game.worlds.stop(), 60)
        assert not (await game.reload()).ok


@drive
async def test_the_game_itself_wants_to_stop() -> None:
    async with Harness() as game:
        game.connect(1)
        game.type(1, "want stop")
        await asyncio.wait_for(game.running, 60)
        assert [entry["mode"] for entry in game.ledger("quiesce")] == ["shutdown"]


# --- code and signs of life -----------------------------------------------------------------------


@pytest.mark.defect("V-26")
@drive
async def test_code_runs_in_the_serving_world() -> None:
    async with Harness() as game:
        assert (await game.worlds.run_code("1 + 1")).summary == "ran '1 + 1' in 1"
        assert not (await game.worlds.run_code("raise ValueError")).ok
        assert (await game.reload()).ok
        assert (await game.worlds.run_code("2")).summary == "ran '2' in 2"
        lost = await game.worlds.run_code("die")
        assert not lost.ok
        assert "ended while it was running the code" in lost.summary
        await game.until(lambda: game.generation == 3)
        await game.worlds.stop()
        assert not (await game.worlds.run_code("1")).ok


@drive
async def test_how_long_the_game_has_been_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perdure.server.gateway.worlds.PING_SECONDS", 0.02)
    async with Harness() as game:
        await game.until(lambda: game.worlds.status()["busy"] == 0.25)
        status = game.worlds.status()
        assert status["world"]["pid"] == game.pids()[0]
        assert status["world"]["memory"] > 1_000_000
        assert status["serving"] is True
