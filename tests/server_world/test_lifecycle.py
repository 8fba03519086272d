"""How a world begins to serve and ceases to: what is told to whom."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Iterator
from typing import Any

import pytest

from perdure import DefaultObject
from perdure.server.world import lifecycle
from perdure.testing import TestWorld

pytestmark = pytest.mark.django_db(transaction=True)

HOOKS = (
    "at_server_init",
    "at_server_start",
    "at_server_stop",
    "at_server_reload_start",
    "at_server_reload_stop",
    "at_server_cold_start",
    "at_server_cold_stop",
)


class Sentinel(DefaultObject):
    """Notes what it is told."""

    told: list[str] = []

    def at_server_reload(self) -> None:
        self.told.append("reload")
        self.db.reloads = (self.db.reloads or 0) + 1

    def at_server_shutdown(self) -> None:
        self.told.append("shutdown")
        raise ValueError("a hook that fails")


@pytest.fixture
def heard(settings: Any) -> Iterator[list[str]]:
    """What a game's module of start and stop hooks is told, in order."""
    told: list[str] = []
    module = types.ModuleType("game_hooks")
    for name in HOOKS:
        setattr(module, name, lambda name=name: told.append(name))
    sys.modules["game_hooks"] = module
    settings.AT_SERVER_STARTSTOP_MODULE = "game_hooks"
    yield told
    del sys.modules["game_hooks"]


def test_a_reload_tells_the_game_in_the_documented_order(heard: list[str], world: TestWorld) -> None:
    assert heard == ["at_server_init", "at_server_cold_start", "at_server_start"]
    heard.clear()
    world.reload()
    assert heard == [
        "at_server_reload_stop",
        "at_server_stop",
        "at_server_init",
        "at_server_reload_start",
        "at_server_start",
    ]


def test_a_reset_is_cold(heard: list[str], world: TestWorld) -> None:
    heard.clear()
    world.reload("reset")
    assert heard == [
        "at_server_cold_stop",
        "at_server_stop",
        "at_server_init",
        "at_server_cold_start",
        "at_server_start",
    ]


def test_objects_in_memory_are_told_and_what_they_do_is_kept(world: TestWorld) -> None:
    Sentinel.told.clear()
    sentinel: Any = world.create("sentinel", Sentinel)
    world.reload()
    assert Sentinel.told == ["reload"]
    assert sentinel.db.reloads == 1


def test_a_hook_that_fails_keeps_nobody_else_from_being_told(heard: list[str], world: TestWorld) -> None:
    Sentinel.told.clear()
    held = [world.create("one", Sentinel), world.create("two", Sentinel)]
    world.reload("reset")
    assert len(held) == len(Sentinel.told) == 2
    assert heard[-1] == "at_server_start"


def test_sessions_come_back_without_hooks(world: TestWorld) -> None:
    anna = world.player("Anna")
    account, before = anna.account.pk, anna.session
    anna.session.server_data["tutorial"] = 3
    anna.heard()
    world.reload()
    assert anna.session is not before
    assert (anna.account.pk, anna.session.uname, anna.session.server_data) == (account, "Anna", {"tutorial": 3})
    assert anna.character.sessions.all() == [anna.session]
    assert "You become" not in anna.heard()


def test_somebody_who_was_not_logged_in_is_not_afterwards(world: TestWorld) -> None:
    stranger = world.connect()
    world.reload()
    assert stranger.account is None
    assert "connect" in stranger.send("look")


def test_a_shutdown_logs_everybody_out(world: TestWorld) -> None:
    anna = world.player("Anna")
    account, character = anna.account, anna.character
    world.world.quiesce("shutdown", 10)
    assert not account.is_connected
    assert character.account is None
    assert anna.closed is not None


def test_after_a_crash_who_saw_nothing_sees_the_login_screen(world: TestWorld) -> None:
    stranger = world.connect()
    stranger.heard()
    world.reload("crash")
    assert "connect" in stranger.heard()


def test_work_that_takes_long_on_another_thread_does_not_hold_up_a_reload(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway kills a world that does not finish in time, and all that was to be told is lost."""
    monkeypatch.setattr(lifecycle, "STEPS_SECONDS", 100)
    Sentinel.told.clear()
    held = world.create("sentinel", Sentinel)
    ended = threading.Event()
    world.loop.offload(ended.wait, 60)
    begun = time.monotonic()
    world.world.quiesce("reload", 0.6)
    assert time.monotonic() - begun < 50
    assert (held.db.reloads, Sentinel.told) == (1, ["reload"])
    ended.set()
