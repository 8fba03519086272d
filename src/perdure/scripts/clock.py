"""The clock that makes scripts repeat: all running timers on one heap.

Contract: `schedule` is told the due time of each script whenever it changes; `run_due` runs what is due, in order of
due time. The truth is the script's row: an entry of the heap that does not agree with it is dropped or corrected.
`advance` lets time pass step by step, which is how tests (and a world that stands still at night) use it.

What was missed, because nothing ran for longer than an interval, follows `SCRIPT_CATCH_UP`: "once" (the default)
runs one tick for all of them, "skip" none, "all" each of them.

Owner thread: the one that runs the world.
Failure modes: a tick that raises is undone and logged, and the timer goes on (see `ticking`). A script that cannot be
loaded is dropped from the heap and logged.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.utils import timezone

from perdure.conf import conf
from perdure.errors import ConfigurationError, DeletedObject, InvalidArgument, PerdureError, StaleObject
from perdure.idmapper.identity import identity_map
from perdure.scripts.state_machine import TimerState, timer_state

__all__ = ["POLICIES", "ScriptClock", "TimerKey", "catch_up_policy", "script_clock"]

logger = logging.getLogger("perdure.scripts")

RETRY = timedelta(seconds=10)
ATTEMPTS = 3
POLICIES = ("once", "skip", "all")


class TimerKey(NamedTuple):
    """Which script a timer belongs to."""

    alias: str
    pk: int


def catch_up_policy() -> str:
    """The setting `SCRIPT_CATCH_UP`. Raises `ConfigurationError` if it is none of the policies."""
    policy = str(conf.SCRIPT_CATCH_UP)
    if policy not in POLICIES:
        raise ConfigurationError(f"SCRIPT_CATCH_UP is {policy!r}; it must be one of {', '.join(map(repr, POLICIES))}")
    return policy


class ScriptClock:
    """The running timers of this process, by due time.

    Args:
        time_source: gives the present time.
    """

    def __init__(self, time_source: Callable[[], datetime] = timezone.now) -> None:
        self._time_source = time_source
        self._ahead = timedelta()
        self._heap: list[tuple[datetime, int, TimerKey]] = []
        self._entries: dict[TimerKey, tuple[datetime, int]] = {}
        self._doubtful: set[TimerKey] = set()
        self._serial = 0
        self._rescan: set[str] = set()

    def __len__(self) -> int:
        return len(self._entries)

    def timers(self) -> frozenset[TimerKey]:
        """The timers that it knows of."""
        return frozenset(self._entries)

    def now(self) -> datetime:
        """The present time of this clock."""
        return self._time_source() + self._ahead

    # --- what is due when

    def schedule(self, key: TimerKey, due: datetime | None) -> None:
        """The script `key` is due at `due`; None: it is not running."""
        if due is None:
            self._entries.pop(key, None)
            return
        if self._due(key) == due:
            return
        self._serial += 1
        self._entries[key] = (due, self._serial)
        heapq.heappush(self._heap, (due, self._serial, key))
        if len(self._heap) > 2 * len(self._entries) + 64:
            self._compact()

    def doubt(self, key: TimerKey) -> None:
        """What is known of the script `key` may be wrong (a rollback): read its row before the next tick."""
        self._doubtful.add(key)

    def rescan(self, alias: str = DEFAULT_DB_ALIAS) -> None:
        """Rows were written in bulk: read all due times before the next tick."""
        self._rescan.add(alias)

    def next_due(self) -> datetime | None:
        """When the next tick is due, or None."""
        self._settle()
        entry = self._first()
        return None if entry is None else entry[0]

    def clear(self) -> None:
        """Forget all timers and the time that was advanced; the rows stay as they are."""
        self.__init__(self._time_source)  # type: ignore[misc]

    # --- running

    def run_due(self, now: datetime | None = None) -> int:
        """Run what is due at `now` (the present, if not given); returns how many ticks were run."""
        now = self.now() if now is None else now
        self._settle()
        ticks = 0
        while (entry := self._first()) is not None and entry[0] <= now:
            ticks += self._run(entry[2], entry[0], now)
            self._settle()
        return ticks

    def advance(self, seconds: float) -> int:
        """Let `seconds` pass, running each tick at its own time; returns how many ticks were run."""
        if seconds < 0:
            raise InvalidArgument(f"advance({seconds!r}): time only goes forward; give seconds of 0 or more")
        end = self.now() + timedelta(seconds=seconds)
        ticks = 0
        while (due := self.next_due()) is not None and due <= end:
            self._move_to(due)
            ticks += self.run_due(max(due, self.now()))
        self._move_to(end)
        return ticks

    def _move_to(self, when: datetime) -> None:
        self._ahead += max(timedelta(), when - self.now())

    def _run(self, key: TimerKey, due: datetime, now: datetime) -> int:
        """Run the tick of one script; if that cannot be done now, its row is as it was and it is tried again later."""
        reason: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._tick(key, due, now)
            except StaleObject as error:
                # Another process wrote first. What was stale has been read again, so decide anew.
                reason = error
            except DeletedObject:
                self._entries.pop(key, None)
                self.doubt(key)
                return 0
            except (DatabaseError, PerdureError) as error:
                reason = error
                break
        logger.error("the tick of script #%s could not be run and is tried again: %s", key.pk, reason)
        # Undoing the tick cast doubt on the timer; settling that would make the same tick due again at once.
        self._doubtful.discard(key)
        self.schedule(key, now + RETRY)
        return 0

    def _tick(self, key: TimerKey, due: datetime, now: datetime) -> int:
        script = self._load(key)
        if script is None or timer_state(script) is not TimerState.RUNNING:
            self._entries.pop(key, None)
            return 0
        if script.db_next_due != due:
            self.schedule(key, script.db_next_due)
            return 0
        ticks: int = script._tick(due, now)
        if self._due(key) == due:
            # Whatever happened, the same tick must not come again at once.
            self.schedule(key, now + RETRY)
        return ticks

    @staticmethod
    def _load(key: TimerKey) -> Any:
        """The script. A running one is in memory, so the database is rarely asked; the tick finds a stale one out."""
        model: Any = apps.get_model("scripts", "ScriptDB")
        script = identity_map(key.alias, model).get(key.pk)
        if script is None or script._unavailable is not None:
            script = model.objects.using(key.alias).filter(pk=key.pk).first()
        return None if script is None or script._is_deleted else script

    # --- upkeep

    def _first(self) -> tuple[datetime, int, TimerKey] | None:
        while self._heap:
            if self._is_current(self._heap[0]):
                return self._heap[0]
            heapq.heappop(self._heap)
        return None

    def _is_current(self, entry: tuple[datetime, int, TimerKey]) -> bool:
        """Whether this is what is known of the script; entries that are out of date stay in the heap for a while."""
        return self._entries.get(entry[2]) == entry[:2]

    def _due(self, key: TimerKey) -> datetime | None:
        known = self._entries.get(key)
        return None if known is None else known[0]

    def _settle(self) -> None:
        """Bring what is known in line with rows that may have changed behind it."""
        while self._rescan:
            alias = self._rescan.pop()
            self._entries = {key: entry for key, entry in self._entries.items() if key.alias != alias}
            for key, due in self._stored(alias):
                self.schedule(key, due)
        while self._doubtful:
            key = self._doubtful.pop()
            self.schedule(key, self._stored_due(key))

    def _stored_due(self, key: TimerKey) -> datetime | None:
        """When the row says that the script is due; None if it is not running, or gone."""
        try:
            script = self._load(key)
            running = script is not None and timer_state(script) is TimerState.RUNNING
            return script.db_next_due if running else None
        except DeletedObject:
            return None

    @staticmethod
    def _stored(alias: str) -> Iterator[tuple[TimerKey, datetime]]:
        model: Any = apps.get_model("scripts", "ScriptDB")
        rows = model.objects.using(alias).filter(
            db_is_active=True, db_next_due__isnull=False, db_paused_remaining__isnull=True
        )
        for pk, due in rows.values_list("pk", "db_next_due"):
            yield TimerKey(alias, pk), due

    def _compact(self) -> None:
        """Drop the entries that are out of date, so that the heap stays in proportion to the timers."""
        self._heap = [entry for entry in self._heap if self._is_current(entry)]
        heapq.heapify(self._heap)


script_clock = ScriptClock()
