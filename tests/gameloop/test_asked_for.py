"""What a unit asks for (units, timers, offloaded work, work between ticks) begins only if the unit stands."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perdure import create_object, on_rollback, transaction
from perdure.errors import Overloaded, StaleObject
from perdure.gameloop import GameLoop, TimerHandle
from perdure.gameloop import offloading as offloading_module
from perdure.objects.objects import DefaultObject
from perdure.transactions import all_or_nothing

pytestmark = pytest.mark.django_db(transaction=True)

#: Every way to ask for something: called with the loop, and with what notes that it has happened.
WAYS: dict[str, Callable[[GameLoop, Callable[[], object]], object]] = {
    "submit": lambda loop, note: loop.submit(note),
    "call_soon": lambda loop, note: loop.call_soon(note),
    "call_later": lambda loop, note: loop.call_later(0, note),
    "offload": lambda loop, note: loop.offload(int, then=lambda result, error: note()),
    "offloaded": lambda loop, note: loop.offload(note),
    "between_ticks": lambda loop, note: loop.between_ticks(note),
    "wanted": lambda loop, note: (setattr(loop, "control", lambda *wish: note()), loop.wanted("reload")),
    "after_commit": lambda loop, note: loop.after_commit(note),
}


@pytest.fixture
def chest(transactional_db: None) -> Any:
    return create_object(DefaultObject, key="chest", attributes=[("coins", 1)], nohome=True)


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest) -> Callable[[GameLoop, Callable[[], object]], object]:
    return WAYS[request.param]


def test_what_is_asked_for_begins_after_the_commit(loop: GameLoop, ask: Any, chest: Any) -> None:
    seen: list[bool] = []

    def work() -> None:
        chest.db.coins = 2
        ask(loop, lambda: seen.append(connection.in_atomic_block or threading.get_ident() != loop.thread_id))
        assert seen == []

    loop.submit(work)
    loop.run_until_idle()
    assert len(seen) == 1


def test_what_an_undone_unit_asked_for_does_not_happen(loop: GameLoop, ask: Any) -> None:
    happened: list[str] = []

    def broken() -> None:
        ask(loop, lambda: happened.append("never"))
        raise ValueError

    loop.submit(broken)
    loop.submit(lambda: ask(loop, lambda: happened.append("asked by another")))
    loop.run_until_idle()
    assert happened == ["asked by another"]


def test_what_an_undone_block_of_a_unit_asked_for_does_not_happen(loop: GameLoop, ask: Any) -> None:
    happened: list[str] = []

    def work() -> None:
        ask(loop, lambda: happened.append("before"))
        with pytest.raises(ValueError, match="block"), transaction():
            ask(loop, lambda: happened.append("never"))
            with transaction():
                ask(loop, lambda: happened.append("never either"))
            raise ValueError("block")
        ask(loop, lambda: happened.append("after"))

    loop.submit(work)
    loop.run_until_idle()
    assert sorted(happened) == ["after", "before"]


def test_what_is_asked_for_in_a_tick_that_is_refused_happens_once(loop: GameLoop, ask: Any, chest: Any) -> None:
    happened: list[str] = []

    def refused() -> None:
        ask(loop, lambda: happened.append("never"))
        with connection.cursor() as cursor:  # foreign keys are looked at when the transaction ends
            cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999 WHERE id = %s", [chest.pk])

    loop.submit(lambda: ask(loop, lambda: happened.append("first")))
    loop.submit(refused)
    loop.submit(lambda: ask(loop, lambda: happened.append("last")))
    loop.run_until_idle()
    assert sorted(happened) == ["first", "last"]


def test_what_an_attempt_asked_for_that_met_a_stale_object_does_not_happen(loop: GameLoop, ask: Any) -> None:
    happened: list[int] = []
    attempts = itertools.count(1)

    def work() -> None:
        attempt = next(attempts)
        ask(loop, lambda: happened.append(attempt))
        if attempt < 3:
            raise StaleObject("somebody else was first")

    loop.submit(work)
    loop.run_until_idle()
    assert happened == [3]


def test_what_is_asked_for_where_a_failure_is_told_happens(loop: GameLoop, ask: Any) -> None:
    happened: list[str] = []

    def broken() -> None:
        raise ValueError

    def told(error: Exception, error_id: str) -> None:
        ask(loop, lambda: happened.append("told"))

    def not_told(error: Exception, error_id: str) -> None:
        ask(loop, lambda: happened.append("never"))
        raise ValueError

    loop.submit(broken, failed=told)
    loop.submit(broken, failed=not_told)
    loop.run_until_idle()
    assert happened == ["told"]


def test_what_is_asked_for_after_the_connection_was_lost_does_not_happen(loop: GameLoop, ask: Any) -> None:
    """Code that does not notice that nothing it does can be committed any more."""
    happened: list[int] = []
    attempts = itertools.count(1)

    def work() -> None:
        attempt = next(attempts)
        if attempt == 1:
            connection.close()
        ask(loop, lambda: happened.append(attempt))
        loop.outbox.put(attempt)

    loop.submit(work)
    loop.run_until_idle()
    assert happened == [2]


def test_what_is_asked_for_outside_of_units_begins_at_once(loop: GameLoop) -> None:
    loop.submit(print)
    loop.call_later(10, print)
    assert (loop.backlog, loop.timers) == (1, 1)


def test_what_is_asked_for_in_a_transaction_between_ticks_follows_it(loop: GameLoop, ask: Any) -> None:
    happened: list[str] = []
    with pytest.raises(ValueError, match="undone"), transaction():
        ask(loop, lambda: happened.append("never"))
        raise ValueError("undone")
    with transaction():
        ask(loop, lambda: happened.append("yes"))
    loop.run_until_idle()
    assert happened == ["yes"]


def test_what_other_threads_ask_for_during_a_unit_does_not_depend_on_it(loop: GameLoop) -> None:
    happened: list[str] = []

    def broken() -> None:
        for function in (loop.submit, loop.between_ticks):
            thread = threading.Thread(target=function, args=(lambda: happened.append("yes"),))
            thread.start()
            thread.join()
        raise ValueError

    loop.submit(broken)
    loop.run_until_idle()
    assert happened == ["yes", "yes"]


def test_what_has_to_happen_anyway_does(loop: GameLoop) -> None:
    happened: list[str] = []

    def broken() -> None:
        loop.submit(lambda: happened.append("yes"), anyway=True)
        raise ValueError

    loop.submit(broken)
    loop.run_until_idle()
    assert happened == ["yes"]


def test_units_of_one_turn_stay_in_the_order_in_which_they_were_asked_for(loop: GameLoop) -> None:
    happened: list[int] = []

    def work() -> None:
        for number in range(5):
            loop.submit(lambda n=number: happened.append(n), turn="anna")

    loop.submit(work, turn="anna")
    loop.submit(lambda: happened.append(-1), turn="anna")
    loop.run_until_idle()
    assert happened == [-1, 0, 1, 2, 3, 4]


# --- timers


def test_a_timer_that_an_undone_unit_set_says_that_it_is_cancelled(loop: GameLoop) -> None:
    handles: list[TimerHandle] = []

    def broken() -> None:
        handles.append(loop.call_later(5, print))
        assert handles[0].active
        raise ValueError

    loop.submit(broken)
    loop.run_until_idle()
    assert (handles[0].active, loop.timers) == (False, 0)


def test_a_timer_that_is_set_and_cancelled_in_a_unit_never_comes(loop: GameLoop) -> None:
    happened: list[str] = []
    loop.submit(lambda: loop.call_later(5, happened.append, "never").cancel())
    loop.advance(10)
    assert (happened, loop.timers) == ([], 0)


@pytest.mark.parametrize("others", [0, 200])
def test_a_timer_that_an_undone_unit_cancelled_comes(loop: GameLoop, others: int) -> None:
    """Also when so many were cancelled with it that the heap was made anew."""
    happened: list[str] = []
    kept = loop.call_later(5, happened.append, "kept")
    more = [loop.call_later(4, happened.append, "more") for _ in range(others)]

    def broken() -> None:
        for handle in (kept, *more):
            handle.cancel()
            assert not handle.active
        raise ValueError

    loop.submit(broken)
    loop.run_until_idle()
    assert (kept.active, loop.timers) == (True, 1 + others)
    loop.advance(10)
    assert happened == [*["more"] * others, "kept"]
    assert loop.timers == 0


def test_a_timer_that_an_undone_block_cancelled_and_its_unit_set_comes(loop: GameLoop) -> None:
    happened: list[str] = []

    def work() -> None:
        handle = loop.call_later(5, happened.append, "yes")
        with pytest.raises(ValueError, match="undone"), transaction():
            handle.cancel()
            raise ValueError("undone")
        assert handle.active

    loop.submit(work)
    loop.advance(10)
    assert (happened, loop.timers) == (["yes"], 0)


# --- offloaded work


def test_a_place_that_is_not_used_is_given_back(loop: GameLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloading_module, "WAITING", 2)
    refused: list[type[Exception]] = []

    def greedy() -> None:
        loop.offload(int)
        loop.offload(int)
        loop.offload(int)

    for _ in range(5):
        loop.submit(greedy, failed=lambda error, error_id: refused.append(type(error)))
    loop.run_until_idle()
    assert refused == [Overloaded] * 5
    loop.submit(lambda: (loop.offload(int), loop.offload(int)))
    loop.run_until_idle()
    assert len(refused) == 5


def test_whoever_hears_that_it_is_undone_may_raise(loop: GameLoop) -> None:
    happened: list[str] = []

    def explode() -> None:
        raise ValueError("in the undoing")

    def broken() -> None:
        loop.after_commit(print, undone=lambda: happened.append("first"))
        loop.after_commit(print, undone=explode)
        loop.after_commit(print, undone=lambda: happened.append("last"))
        raise KeyError

    loop.submit(broken)
    loop.run_until_idle()
    assert happened == ["last", "first"]


# --- whatever comes

Step = Any
ASK = st.sampled_from(sorted(WAYS))
STEPS: st.SearchStrategy[list[Step]] = st.recursive(
    st.lists(ASK | st.sampled_from(["write", "set", "cancel"]), max_size=3),
    lambda inner: st.lists(
        ASK
        | st.sampled_from(["write", "set", "cancel"])
        | st.tuples(st.sampled_from(["stands", "raises", "engine", "engine raises"]), inner),
        max_size=4,
    ),
    max_leaves=12,
)
UNIT = st.tuples(STEPS, st.sampled_from(["stands", "stands", "raises", "stale once", "refused"]))


class _Undone(Exception):
    pass


class _Model:
    """Does what the steps say, and knows what must come of it."""

    def __init__(self, loop: GameLoop, chest: Any) -> None:
        self.loop, self.chest = loop, chest
        self.numbers = itertools.count()
        self.happened: list[int] = []
        self.expected: set[int] = set()
        #: Timers that stand, by number; those of `handles` of which no more is known are not to come.
        self.timers: set[int] = set()
        self.handles: dict[int, TimerHandle] = {}

    def note(self, number: int) -> None:
        """It happens: in a unit, which may be undone and done again, or in none."""
        self.happened.append(number)
        on_rollback(lambda: self.happened.remove(number))

    def run(self, steps: list[Step], asked: set[int], timers: set[int]) -> None:
        """Do the steps of a block; what it asks for is put into these sets."""
        for step in steps:
            if step == "write":
                self.chest.db.coins += 1
            elif step == "set":
                number = next(self.numbers)
                self.handles[number] = self.loop.call_later(60, self.note, number)
                timers.add(number)
            elif step == "cancel":
                if timers:
                    number = max(timers)
                    self.handles[number].cancel()
                    timers.discard(number)
            elif isinstance(step, str):
                number = next(self.numbers)
                WAYS[step](self.loop, partial(self.note, number))
                asked.add(number)
            else:
                kind, inner = step
                inner_asked, inner_timers = set(asked), set(timers)
                block = all_or_nothing("default") if kind.startswith("engine") else transaction()
                try:
                    with block:
                        self.run(inner, inner_asked, inner_timers)
                        if kind.endswith("raises"):
                            raise _Undone
                except _Undone:
                    continue
                asked |= inner_asked
                timers.clear()
                timers.update(inner_timers)

    def unit(self, steps: list[Step], fate: str) -> Callable[[], None]:
        attempts = itertools.count()
        #: What was so before the tick: it may be refused and its units done again.
        pending: dict[str, Any] = {}

        def work() -> None:
            asked, timers = set(), set(self.timers)
            self.run(steps, asked, timers)
            if fate == "raises":
                raise _Undone
            if fate == "stale once" and next(attempts) == 0:
                raise StaleObject("somebody else was first")
            if fate == "refused":
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999 WHERE id = %s", [self.chest.pk])
            pending.update(asked=asked, timers=timers, before=self.timers)
            self.timers = timers
            self.expected |= asked
            on_rollback(undo)

        def undo() -> None:
            self.timers = pending["before"]
            self.expected -= pending["asked"]

        return work


def test_exactly_what_was_asked_for_in_blocks_that_stand_happens(loop: GameLoop, chest: Any) -> None:
    @settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(st.lists(st.lists(UNIT, min_size=1, max_size=4), min_size=1, max_size=3))
    def go(ticks: list[list[tuple[list[Step], str]]]) -> None:
        model = _Model(loop, chest)
        for units in ticks:
            for steps, fate in units:
                loop.submit(model.unit(steps, fate))
            loop.run_once()
        loop.run_until_idle()
        assert sorted(model.happened) == sorted(model.expected)
        for number, handle in model.handles.items():
            assert handle.active is (number in model.timers)
        assert loop.timers == len(model.timers)
        model.happened.clear()
        loop.advance(60)
        assert set(model.happened) == model.timers
        assert len(model.happened) == len(model.timers)
        assert (loop.timers, loop.backlog, loop._pool.busy, len(loop.outbox), len(loop._after)) == (0, 0, 0, 0, 0)

    go()
