"""Laws 1 and 2: random operations against a model."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.laws.machine import WorldMachine


def test_memory_and_database_move_together(witness, raw_cursor):
    class Machine(WorldMachine):
        pass

    Machine.witness, Machine.raw_cursor = witness, raw_cursor
    run_state_machine_as_test(Machine, settings=settings())
