"""The time of the game: how long worlds have run, and what date it is in the game.

Contract: `runtime()` counts the seconds during which a world ran, since the game was first started. The time of the
game runs `TIME_FACTOR` times as fast, beside it; with `TIME_IGNORE_DOWNTIMES` it runs also while no world does. A
factor that is changed counts from then on: the date does not jump. `gametime(absolute=True)` begins at
`TIME_GAME_EPOCH`, in seconds since 1970 (None: the moment of the first start).

Invariants: neither ever goes back, whatever ended the world before, as long as the machine's clock does not.

Owner thread: that of the game. It is stored when a world begins, once a minute, and when it ends; a process without a
world (a shell) reads what is stored and goes on from there for as long as a world may be running.

Failure modes: `ConfigurationError` for a factor or an epoch that is no number. After a world was killed, up to two
minutes that it did not live may be counted: it may have lived them.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register

from perdure.conf import conf
from perdure.errors import ConfigurationError, NoGameLoop
from perdure.gameloop import current_loop
from perdure.scripts.clock import script_clock

__all__ = [
    "begin",
    "check_game_time",
    "end",
    "game_epoch",
    "gametime",
    "keep",
    "runtime",
    "server_epoch",
    "time_factor",
    "uptime",
]

_KEY = "game_clock"
#: A world that has not stored its time for so long is not running any more.
_SILENCE = 120.0
_FASTEST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the clock showed at a moment.

    Attributes:
        first: when the game was first started; all moments are in seconds since 1970.
        at: the moment.
        run: seconds that worlds had run.
        game: seconds that had passed in the game.
        running: whether a world was running then.
    """

    first: float
    at: float
    run: float = 0.0
    game: float = 0.0
    running: bool = False

    def later(self, now: float, running: bool, most: float = math.inf) -> _Reading:
        """What it shows at `now`, at most `most` seconds of them run if a world was running."""
        passed = max(0.0, now - self.at)
        run = min(passed, most) if self.running else 0.0
        lived = passed if conf.TIME_IGNORE_DOWNTIMES else run
        return _Reading(
            self.first, max(now, self.at), self.run + run, self.game + lived * time_factor(), running=running
        )


class _Clock:
    """The clock of this process.

    Attributes:
        reading: what it showed when its world began or was last stored; None while no world runs here.
    """

    def __init__(self) -> None:
        self.reading: _Reading | None = None

    def now(self) -> _Reading:
        """What it shows now."""
        now = _now()
        if self.reading is not None:
            return self.reading.later(now, running=True)
        stored = _stored()
        return _Reading(now, now) if stored is None else stored.later(now, stored.running, most=_SILENCE)


_clock = _Clock()


# --- asking


def runtime() -> float:
    """Seconds that worlds have run since the first start."""
    return _clock.now().run


def gametime(absolute: bool = False) -> float:
    """Seconds that have passed in the game; with `absolute`, its date, in seconds since 1970."""
    passed = _clock.now().game
    return game_epoch() + passed if absolute else passed


def game_epoch() -> float:
    """The date at which the time of the game began, in seconds since 1970."""
    epoch = _epoch()
    return server_epoch() if epoch is None else epoch


def server_epoch() -> float:
    """When the game was first started, in seconds since 1970."""
    return _clock.now().first


def uptime() -> float:
    """Seconds since the world of this process began; 0 where there is none."""
    try:
        return max(0.0, time.time() - current_loop().started)
    except NoGameLoop:
        return 0.0


def time_factor() -> float:
    """How much faster than the clock on the wall the time of the game runs: the setting `TIME_FACTOR`."""
    factor = _number("TIME_FACTOR", conf.TIME_FACTOR)
    if not 0 <= factor <= _FASTEST:
        raise ConfigurationError(f"TIME_FACTOR is {factor:g}; it may be from 0 to {_FASTEST:,}")
    return factor


# --- what the world does


def begin() -> None:
    """A world begins here; what the one before could not store is made up for."""
    now = _now()
    stored = _stored()
    known = _Reading(now, now) if stored is None else stored
    _clock.reading = known.later(now, running=True, most=_SILENCE)
    _store(_clock.reading)


def keep() -> None:
    """Store what the clock shows, while a world runs here."""
    if _clock.reading is not None:
        _clock.reading = _clock.now()
        _store(_clock.reading)


def end() -> None:
    """The world of this process ends."""
    if _clock.reading is None:
        return
    _store(_clock.reading.later(_now(), running=False))
    _clock.reading = None


# --- settings


@register("perdure")
def check_game_time(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """perdure.E006: the time of the game has a factor or an epoch that is none."""
    found: list[CheckMessage] = []
    for setting, ask in (("TIME_FACTOR", time_factor), ("TIME_GAME_EPOCH", _epoch)):
        try:
            ask()
        except ConfigurationError as error:
            found.append(Error(f"{error}.", hint=f"Set {setting} to a number, or leave it out.", id="perdure.E006"))
    return found


def _epoch() -> float | None:
    epoch = conf.TIME_GAME_EPOCH
    return None if epoch is None else _number("TIME_GAME_EPOCH", epoch)


# --- storing


def _now() -> float:
    """The present, by the clock that scripts run by: a test can advance it."""
    return script_clock.now().timestamp()


def _rows() -> Any:
    model: Any = apps.get_model("server", "ServerConfig")
    return model.objects


def _stored() -> _Reading | None:
    found = _rows().conf(_KEY)
    return None if found is None else _Reading(**found)


def _store(reading: _Reading) -> None:
    _rows().conf(_KEY, asdict(reading))


def _number(setting: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigurationError(f"{setting} is {value!r}; it must be a number")
    return float(value)
