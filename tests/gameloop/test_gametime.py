"""The time of the game: it counts what worlds have run, and never goes back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

from perdure import gametime
from perdure.errors import ConfigurationError
from perdure.scripts.clock import script_clock
from perdure.serverconfig.models import ServerConfig
from perdure.testing.world import TestWorld, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Any) -> Any:
    settings.TIME_FACTOR = 4.0
    made = make_world(settings)
    yield made
    made.close()
    gametime._clock.reading = None


def near(seconds: float) -> Any:
    """A clock that is real moves on by itself, and a slow test takes its time."""
    return pytest.approx(seconds + 25, abs=30)


def stored() -> dict[str, Any]:
    found: dict[str, Any] = ServerConfig.objects.conf("game_clock")
    return found


def test_it_runs_as_often_as_the_factor_says(world: TestWorld) -> None:
    run, game = gametime.runtime(), gametime.gametime()
    world.advance(3600)
    assert gametime.runtime() - run == near(3600)
    assert gametime.gametime() - game == pytest.approx(4 * (gametime.runtime() - run), abs=10)


def test_it_goes_on_after_a_reload_and_a_stop(world: TestWorld) -> None:
    world.advance(3600)
    for mode in ("reload", "reset", "shutdown"):
        before = gametime.runtime(), gametime.gametime()
        world.reload(mode)
        assert gametime.runtime() >= before[0]
        assert gametime.gametime() >= before[1]
        assert gametime.runtime() == near(3600)


def test_what_passes_while_nothing_runs_does_not_count(world: TestWorld) -> None:
    world.advance(100)
    gametime.end()
    run, game = gametime.runtime(), gametime.gametime()
    script_clock.advance(10_000)
    assert (gametime.runtime(), gametime.gametime()) == (run, game)
    gametime.begin()
    assert gametime.runtime() - run == near(0)


def test_it_counts_for_the_game_if_the_setting_says_so(world: TestWorld, settings: Any) -> None:
    settings.TIME_IGNORE_DOWNTIMES = True
    gametime.end()
    run, game = gametime.runtime(), gametime.gametime()
    script_clock.advance(10_000)
    gametime.begin()
    assert gametime.runtime() - run == near(0)
    assert 40_000 <= gametime.gametime() - game <= 40_300


def test_a_world_that_was_killed_takes_no_time_back(world: TestWorld) -> None:
    """It stores its time once a minute; what it lived after that is made up for, and not the night after."""
    world.advance(3600 + 59)
    run, game = gametime.runtime(), gametime.gametime()
    gametime._clock.reading = None  # as a new process has it: nothing was said at the end
    script_clock.advance(10_000)
    gametime.begin()
    assert run <= gametime.runtime() <= run + 180
    assert game <= gametime.gametime() <= game + 4 * 180


def test_it_is_stored_once_a_minute(world: TestWorld) -> None:
    before = stored()["run"]
    world.advance(59)
    assert stored()["run"] == before
    world.advance(2)
    assert stored()["run"] - before == near(60)


def test_another_process_reads_what_is_stored_and_goes_on(world: TestWorld) -> None:
    world.advance(3600)
    run = gametime.runtime()
    gametime._clock.reading = None
    assert gametime.runtime() == near(run)
    script_clock.advance(10_000)  # the world there is silent: it has ended, and nobody was told
    assert gametime.runtime() <= run + 180


def test_a_new_factor_counts_from_now_on(world: TestWorld, settings: Any) -> None:
    world.advance(1000)
    before = gametime.gametime()
    world.reload()
    settings.TIME_FACTOR = 100.0
    world.reload()
    assert gametime.gametime() - before <= 100 * 60
    settings.TIME_FACTOR = 0
    world.reload()
    before = gametime.gametime()
    world.advance(1000)
    assert gametime.gametime() == before


def test_a_reload_that_did_not_come_about_takes_no_time(world: TestWorld) -> None:
    world.advance(1000)
    run = gametime.runtime()
    world.world.quiesce("reload", 10)
    assert stored()["running"] is False
    world.world.resume([])
    assert stored()["running"] is True
    world.advance(1000)
    assert gametime.runtime() - run == near(1000)


def test_its_date(world: TestWorld, settings: Any) -> None:
    assert gametime.game_epoch() == gametime.server_epoch()
    settings.TIME_GAME_EPOCH = -1_000_000
    assert gametime.gametime(absolute=True) - gametime.gametime() == pytest.approx(-1_000_000, abs=300)


def test_where_no_world_ever_was(settings: Any) -> None:
    assert gametime.runtime() == gametime.gametime() == gametime.uptime() == 0
    assert ServerConfig.objects.conf("game_clock") is None
    gametime.keep()
    gametime.end()
    assert ServerConfig.objects.conf("game_clock") is None


def test_the_clock_of_the_machine_may_go_back(world: TestWorld) -> None:
    world.advance(5000)
    run = gametime.runtime()
    gametime.end()
    script_clock.clear()  # an hour and more earlier
    gametime.begin()
    assert gametime.runtime() == near(run)


@pytest.mark.parametrize(
    ("setting", "value"), [("TIME_FACTOR", -1), ("TIME_FACTOR", 1e300), ("TIME_FACTOR", "2"), ("TIME_GAME_EPOCH", True)]
)
def test_settings_that_cannot_work(settings: Any, setting: str, value: Any) -> None:
    assert "perdure.E006" not in [found.id for found in run_checks()]
    setattr(settings, setting, value)
    (message,) = [found for found in run_checks() if found.id == "perdure.E006"]
    assert setting in message.msg
    with pytest.raises(ConfigurationError, match=setting):
        gametime.time_factor() if setting == "TIME_FACTOR" else gametime.game_epoch()
