"""The time limit of `py` ends code, but never half of a transaction."""

from __future__ import annotations

import time
from types import FunctionType
from typing import Any

import pytest

from perdure.commands.default import time_limits
from perdure.commands.default.time_limits import time_limit
from perdure.gameloop import Interrupted

done: list[str] = []


def _long_work() -> None:
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        pass
    done.append("whole")


def in_module(name: str) -> Any:
    """The same function as if it were in another module."""
    return FunctionType(_long_work.__code__, {"__name__": name, "time": time, "done": done})


@pytest.mark.defect("V-30")
@pytest.mark.parametrize("module", ["perdure.transactions.blocks", "django.db.transaction"])
def test_a_transaction_is_ended_or_undone_as_a_whole(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(time_limits, "_PATIENCE", 0.01)
    done.clear()
    with pytest.raises(Interrupted), time_limit(0.05):
        in_module(module)()
        while True:
            pass
    assert done == ["whole"]


@pytest.mark.defect("V-30")
@pytest.mark.parametrize("module", ["perdure.objects.objects", "django.db.models.query", "game"])
def test_other_code_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(time_limits, "_PATIENCE", 0.01)
    done.clear()
    with pytest.raises(Interrupted), time_limit(0.05):
        in_module(module)()
    assert done == []
