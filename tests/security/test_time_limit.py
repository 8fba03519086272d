"""The time limit of `py` ends code, but never half of a transaction."""

from __future__ import annotations

import signal
from functools import partial
from types import FunctionType
from typing import Any

import pytest

from perdure.commands.default import time_limits
from perdure.commands.default.time_limits import time_limit
from perdure.gameloop import Interrupted

done: list[str] = []
#: The time is over now.
alarm = partial(signal.raise_signal, signal.SIGALRM)


def _work() -> None:
    alarm()
    done.append("whole")


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limits, "_PATIENCE", -1000.0)
    done.clear()


def in_module(name: str) -> Any:
    """The same function as if it were in another module."""
    return FunctionType(_work.__code__, {"__name__": name, "alarm": alarm, "done": done})


@pytest.mark.defect("V-30")
@pytest.mark.parametrize("module", ["perdure.transactions.blocks", "django.db.transaction"])
def test_a_transaction_is_ended_or_undone_as_a_whole(module: str) -> None:
    with pytest.raises(Interrupted), time_limit(60):
        in_module(module)()
        alarm()
    assert done == ["whole"]


@pytest.mark.defect("V-30")
@pytest.mark.parametrize("module", ["perdure.objects.objects", "django.db.models.query", "game"])
def test_other_code_is_not_waited_for(module: str) -> None:
    with pytest.raises(Interrupted), time_limit(60):
        in_module(module)()
    assert done == []
