"""What a world counts, in the form that Prometheus reads.

Contract: `Metrics` watches a loop and is asked for text by `/metrics`. Names of commands are those of their classes'
keys; what people call their exits and channels never becomes a label.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from perdure.gameloop import Report
from perdure.sessions import SESSION_HANDLER

if TYPE_CHECKING:
    from perdure.server.world.world import World

__all__ = ["Metrics"]

BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5)
#: More different kinds than this are not told apart.
MAX_NAMES = 300
#: Units that are counted by their label; of some, what follows is left out, since clients choose it. All others are
#: "other".
KINDS = (
    "command ",
    "exit",
    "line",
    "timers of scripts",
    "maintenance",
    "connection",
    "disconnection",
    "offloaded work",
)
_WITHOUT_REST = ("http ", "input ")


class Metrics:
    """Counters of one world.

    Args:
        world: what is counted.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._started = time.time()
        self._names: set[str] = set()
        self.registry = CollectorRegistry()
        self._units = Counter(
            "perdure_units", "Units of work done, by kind and outcome.", ["kind", "ok"], registry=self.registry
        )
        self._seconds = Histogram(
            "perdure_unit_seconds", "How long units of work take.", ["kind"], buckets=BUCKETS, registry=self.registry
        )
        self._statements = Counter("perdure_sql_statements", "SQL statements sent.", registry=self.registry)
        for name, text, function in (
            ("perdure_sessions", "Connected clients.", lambda: len(SESSION_HANDLER)),
            ("perdure_accounts_online", "Different accounts that are logged in.", SESSION_HANDLER.account_count),
            ("perdure_queue_units", "Units of work that wait.", lambda: world.loop.backlog),
            ("perdure_timers", "Timers that are set.", lambda: world.loop.timers),
            ("perdure_busy_seconds", "How long the game thread has been at one unit.", world.loop.busy_for),
            ("perdure_database_reachable", "0 while work waits for it.", lambda: world.loop.away_since is None),
            ("perdure_uptime_seconds", "How long this world has been running.", lambda: time.time() - self._started),
        ):
            Gauge(name, text, registry=self.registry).set_function(function)
        self._instances = Gauge(
            "perdure_cache_instances", "Instances in memory, by class.", ["typeclass"], registry=self.registry
        )
        world.loop.observers.append(self._observe)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it. From any thread."""
        from perdure.idmapper.models import cache_size

        self._instances.clear()  # a class of which nothing is there any more is not shown with what there was
        for cls, number in cache_size()[1].items():
            self._instances.labels(str(cls)).set(number)
        return generate_latest(self.registry)

    def _observe(self, report: Report) -> None:
        kind = self._kind(report.label)
        self._units.labels(kind, "yes" if report.ok else "no").inc()
        self._seconds.labels(kind).observe(report.seconds)
        self._statements.inc(report.statements)

    def _kind(self, label: str) -> str:
        kind = next((prefix.strip() for prefix in _WITHOUT_REST if label.startswith(prefix)), label)
        if kind in self._names:
            return kind
        if len(self._names) >= MAX_NAMES or (kind is label and not label.startswith(KINDS)):
            return "other"
        self._names.add(kind)
        return kind
