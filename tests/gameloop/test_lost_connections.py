"""PostgreSQL ends connections (a restart, a failover, an administrator): no unit is lost, and none is done twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from perdure import DefaultScript, create_object, create_script, on_rollback
from perdure.commands.delays import delay
from perdure.errors import OutcomeUnknown
from perdure.gameloop import GameLoop
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.server.messages import Line
from perdure.testing import TestWorld
from perdure.testing.plugin import world  # noqa: F401  (the fixture)

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


class LostCounting(DefaultScript):
    """Counts."""

    def at_repeat(self, **kwargs: Any) -> None:
        self.db.ticks = (self.db.ticks or 0) + 1


def outside() -> psycopg.Connection[Any]:
    """A connection that is no business of the game's."""
    given = connection.settings_dict
    return psycopg.connect(
        dbname=given["NAME"], user=given["USER"], host=given["HOST"], port=given["PORT"] or None, autocommit=True
    )


def end_connection() -> None:
    """Have the database end the connection of this thread, as an administrator does."""
    driver: Any = connections["default"].connection
    if driver is None or driver.closed:
        return
    pid = driver.info.backend_pid
    with outside() as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
            pass


@pytest.fixture
def chest(transactional_db: None) -> Any:
    return create_object(DefaultObject, key="chest", attributes=[("coins", 0)], nohome=True)


def stored_coins() -> int:
    """What the database holds, past everything."""
    with outside() as other:
        row = other.execute("SELECT db_number FROM objects_objectattribute WHERE db_key = 'coins'").fetchone()
        assert row is not None
        return int(row[0])


def deposits(loop: GameLoop, chest: Any, count: int) -> None:
    """Units that each bring a coin and say how many there are then: some read, some write at once."""
    for number in range(count):

        def work(number: int = number) -> None:
            chest.db.coins += 1
            if number % 3 == 1:
                list(ObjectDB.objects.filter(db_key="chest"))
            elif number % 3 == 2:
                chest.key = f"chest {number}"
            loop.submit(lambda: loop.outbox.put(f"asked by {number}"))
            loop.outbox.put(chest.db.coins)

        loop.submit(work, failed=lambda error, error_id: loop.outbox.put("failed"))


def check(loop: GameLoop, chest: Any, heard: list[Any], count: int) -> None:
    """Each unit is done once, or whoever asked for it was told that it was not; and memory says what is stored."""
    done = [one for one in heard if isinstance(one, int)]
    assert len(done) + heard.count("failed") == count
    assert done == list(range(1, len(done) + 1))
    asked = [one for one in heard if isinstance(one, str) and one.startswith("asked by")]
    assert len(asked) == len(set(asked)) == len(done)
    assert chest.db.coins == stored_coins() == len(done)


def test_a_connection_that_is_ended_between_ticks_is_not_noticed(loop: GameLoop, heard: list[Any], chest: Any) -> None:
    deposits(loop, chest, 3)
    loop.run_until_idle()
    end_connection()
    heard.clear()
    deposits(loop, chest, 3)
    loop.run_until_idle()
    assert [one for one in heard if isinstance(one, int)] == [4, 5, 6]
    assert "failed" not in heard
    assert chest.db.coins == stored_coins() == 6


@contextmanager
def ended_before(statement: int) -> Iterator[Callable[[], bool]]:
    """The connection is ended before the so many-eth statement from now on; whether that came about."""
    counter, done = itertools.count(), []

    def wrapper(execute: Any, *arguments: Any) -> Any:
        if next(counter) == statement:
            done.append(True)
            end_connection()
        return execute(*arguments)

    with connection.execute_wrapper(wrapper):
        yield lambda: bool(done)


def test_a_connection_that_is_ended_before_any_statement_loses_nothing(
    loop: GameLoop, heard: list[Any], chest: Any
) -> None:
    for statement in itertools.count():
        heard.clear()
        chest.db.coins = 0
        deposits(loop, chest, 6)
        with ended_before(statement) as came_about:
            loop.run_until_idle()
        check(loop, chest, heard, 6)
        assert "failed" not in heard
        if not came_about():
            assert statement > 8
            return


@pytest.mark.parametrize("unit", range(4))
def test_a_connection_that_is_ended_inside_of_a_unit_loses_nothing(
    loop: GameLoop, heard: list[Any], chest: Any, unit: int
) -> None:
    times = itertools.count()

    def ends() -> None:
        if next(times) == 0:
            end_connection()

    deposits(loop, chest, unit)
    loop.submit(ends)
    for number in range(unit, 4):

        def work(number: int = number) -> None:
            chest.db.coins += 1
            loop.submit(lambda: loop.outbox.put(f"asked by {number}"))
            loop.outbox.put(chest.db.coins)

        loop.submit(work, failed=lambda error, error_id: loop.outbox.put("failed"))
    loop.run_until_idle()
    check(loop, chest, heard, 4)


# --- while it is committed


@pytest.fixture
def lost_in_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Have the next commit end with the connection, after it has happened or before."""

    def prepare(happens: bool) -> None:
        wrapper = connections["default"]
        original = wrapper._commit

        def commit() -> None:
            monkeypatch.setattr(wrapper, "_commit", original)
            if happens:
                original()
            end_connection()
            original() if not happens else wrapper.cursor().execute("SELECT 1")

        monkeypatch.setattr(wrapper, "_commit", commit)

    return prepare


@pytest.mark.parametrize("happens", [True, False])
def test_a_connection_that_is_lost_in_a_commit_does_nothing_twice(
    loop: GameLoop, heard: list[Any], chest: Any, lost_in_commit: Callable[[bool], None], happens: bool
) -> None:
    told: list[Exception] = []

    def work() -> None:
        chest.db.coins += 1
        loop.submit(lambda: loop.outbox.put("asked for"))
        loop.outbox.put("done")

    lost_in_commit(happens)
    for _ in range(2):
        loop.submit(work, failed=lambda error, error_id: told.append(error))
    loop.run_until_idle()
    assert len(told) == 2
    for error in told:
        with pytest.raises(OutcomeUnknown, match="Look whether"):
            raise error
    assert heard == []
    assert chest.db.coins == stored_coins() == (2 if happens else 0)
    loop.submit(work)
    loop.run_until_idle()
    assert heard == ["done", "asked for"]
    assert chest.db.coins == stored_coins() == (3 if happens else 1)


def test_a_commit_of_nothing_is_never_in_doubt(
    loop: GameLoop, heard: list[Any], chest: Any, lost_in_commit: Callable[[bool], None]
) -> None:
    lost_in_commit(False)
    loop.submit(lambda: loop.outbox.put(ObjectDB.objects.filter(db_key="chest").count()))
    loop.run_until_idle()
    assert heard == [1]


# --- while there is none


@contextmanager
def unreachable() -> Iterator[None]:
    """The database takes no connections."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(
        dbname="postgres", user=connection.settings_dict["USER"], host=connection.settings_dict["HOST"], autocommit=True
    ) as other:
        other.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            other.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')


def test_while_the_database_is_away_everything_waits(
    loop: GameLoop, heard: list[Any], chest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    with unreachable():
        for number in range(3):

            def work(number: int = number) -> None:
                chest.db.coins += 1
                loop.submit(lambda: loop.outbox.put(f"asked by {number}"))
                loop.outbox.put(chest.db.coins)

            loop.submit(work, failed=lambda error, error_id: told.append(error_id), turn="anna")
        loop.between_ticks(lambda: told.append("between"))
        with pytest.raises(TimeoutError):
            loop.run_until_idle(1)
        assert (heard, told, loop.backlog) == ([], ["between"], 3)
    loop.run_until_idle()
    check(loop, chest, heard, 3)
    assert told == ["between"]
    assert len([record for record in caplog.records if "cannot be reached" in record.message]) == 1


def test_a_database_that_goes_away_in_a_tick_loses_nothing(loop: GameLoop, heard: list[Any], chest: Any) -> None:
    deposits(loop, chest, 6)
    with unreachable(), pytest.raises(TimeoutError):
        loop.run_until_idle(1)
    assert heard == []
    loop.run_until_idle()
    check(loop, chest, heard, 6)


def test_lines_timers_and_scripts_go_on_when_the_database_is_back(world: TestWorld) -> None:  # noqa: F811
    anna = world.player("Anna")
    script: Any = create_script(LostCounting, key="s", interval=10, start_delay=True)
    timers: list[str] = []

    def note(what: str) -> None:
        timers.append(what)
        on_rollback(lambda: timers.remove(what))

    world.loop.call_later(5, note, "timer")
    delay(5, note, "task")
    maintained = world.world.maintenance
    with unreachable(), pytest.raises(TimeoutError):
        world.world.receive(Line(anna.record.sessid, 1, "say hello"))
        world.loop._ahead += 65
        world.loop.run_until_idle(1)
    world.run()
    assert "hello" in anna.text()
    assert sorted(timers) == ["task", "timer"]
    assert world.world.maintenance is not maintained
    world.advance(20)
    assert script.db.ticks
    assert world.loop.away_since is None
