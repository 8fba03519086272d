"""Counting statements: the contract of a cache is what it does not ask."""

from __future__ import annotations

import gc

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ", "PRAGMA")


class Statements(CaptureQueriesContext):
    """The statements run inside a block, without those that only mark transactions."""

    def __init__(self) -> None:
        super().__init__(connection)

    @property
    def all(self) -> list[str]:
        return [query["sql"] for query in self.captured_queries if not query["sql"].upper().startswith(CONTROL)]

    def __len__(self) -> int:
        return len(self.all)

    def starting(self, *words: str) -> list[str]:
        return [sql for sql in self.all if sql.startswith(words)]


@pytest.fixture
def counted(transactional_db, settings):
    """`with counted() as statements:` counts; `len(statements)` says how many there were."""
    settings.DEFAULT_HOME = "#999999999"
    connection.ensure_connection()
    return Statements


@pytest.fixture
def forget_everything():
    """A function that lets go of everything in memory; what the test itself refers to stays."""
    from perdure.idmapper.identity import all_maps
    from perdure.idmapper.models import flush_cache

    def forget() -> None:
        gc.collect()
        for known in all_maps():
            for instance in known.instances():
                instance.flush_from_cache(force=True)
        flush_cache()
        gc.collect()  # what tests before have left in circles

    return forget
