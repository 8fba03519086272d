"""Scripts over the end of one server and the beginning of the next.

Contract: `pause_for` holds all running timers where they are and tells the scripts in memory; `resume_after` lets them
go on with exactly what remained of their wait, so that the time between does not count. After a crash nothing was held:
timers go on from their stored due time, and what they missed follows `SCRIPT_CATCH_UP`. Timers that do not survive a
restart are stopped, those that were paused by hand stay paused. `go_on` is for a server that stays after all.

Cost: a few statements however many timers there are, and scripts are loaded only if there is something to do for them:
a timer to write, or a hook that their class has overridden.

Owner thread: that of the game.
Failure modes: an error in the hook of a script undoes what was done for that script, is logged, and the others follow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db.models import Q

from perdure.errors import StaleObject
from perdure.idmapper.identity import identity_map
from perdure.idmapper.states import describe
from perdure.scripts.clock import script_clock
from perdure.scripts.state_machine import TimerState, timer_state
from perdure.transactions import all_or_nothing, transaction
from perdure.typeclasses import registry

__all__ = ["go_on", "pause_for", "resume_after"]

logger = logging.getLogger("perdure.scripts")

_PAUSED_BY_US = Q(db_is_active=True, db_paused_remaining__isnull=False, db_manually_paused=False)
_RUNNING = Q(db_is_active=True, db_paused_remaining__isnull=True, db_next_due__isnull=False)


def pause_for(mode: str) -> None:
    """Hold all running timers, and tell scripts in memory that the server ends.

    Args:
        mode: "reload" (`at_server_reload`), else `at_server_shutdown` for those with a timer.
    """
    with transaction():
        for script in _usable(_RUNNING):
            _contained(script, script.pause, manual_pause=False)
        reload = mode == "reload"
        for script in _in_memory("at_server_reload" if reload else "at_server_shutdown"):
            if reload:
                _contained(script, script.at_server_reload)
            elif script.db_is_active:
                _contained(script, script.at_server_shutdown)


def resume_after(mode: str = "start") -> None:
    """Let timers go on in a server that has just begun, and tell all scripts of the start.

    `at_start` is called for each timer that goes on, then `at_server_start` for every script.

    Args:
        mode: how the server before ended; what it left in the rows tells the same.
    """
    begun_here = script_clock.timers()  # by a start hook, or as global scripts: their `at_start` has been called
    script_clock.rescan()
    heard = Q(db_typeclass_path__in=_paths_overriding("at_server_start"))
    started = _RUNNING & Q(db_typeclass_path__in=_paths_overriding("at_start"))
    mortal = Q(db_is_active=True, db_persistent=False)
    with transaction():
        for script in _usable(_PAUSED_BY_US | mortal | started | heard):
            if script._timer_key() not in begun_here:
                _contained(script, _wake, script)
            if not script._is_deleted:
                _contained(script, script.at_server_start)
    logger.debug("timers of scripts go on after %s", mode)


def go_on() -> None:
    """Let timers go on that `pause_for` held, in the same server: nothing was restarted, so all of them do."""
    with transaction():
        for script in _usable(_PAUSED_BY_US):
            _contained(script, script.unpause)


def _wake(script: Any) -> None:
    if not script.db_is_active:
        return
    state = timer_state(script)
    if not script.db_persistent:
        script.stop()
    elif state is TimerState.PAUSED and not script.db_manually_paused:
        script.start()
    elif state is TimerState.RUNNING:
        script.at_start()


def _usable(condition: Q) -> list[Any]:
    scripts: Any = apps.get_model("scripts", "ScriptDB")._base_manager
    return [script for script in scripts.filter(condition).order_by("pk") if script._unavailable is None]


def _in_memory(hook: str) -> list[Any]:
    """The scripts in memory that have something to say to `hook`."""
    model: Any = apps.get_model("scripts", "ScriptDB")
    plain = _plain_hook(hook)
    return [
        script
        for script in identity_map("default", model).instances()
        if script._unavailable is None and not script._is_deleted and getattr(type(script), hook, plain) is not plain
    ]


def _paths_overriding(hook: str) -> list[str]:
    """The stored paths of the classes that do something in `hook`."""
    plain = _plain_hook(hook)
    classes = registry.all_typeclasses(apps.get_model("scripts", "ScriptDB"))
    return sorted(
        {path for cls in classes if getattr(cls, hook, plain) is not plain for path in registry.own_paths(cls)}
    )


def _plain_hook(hook: str) -> Any:
    from perdure.scripts.scripts import DefaultScript

    return getattr(DefaultScript, hook)


def _contained(script: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        with all_or_nothing(script._state.db):
            function(*args, **kwargs)
    except StaleObject:
        raise  # another process wrote first: all of it is undone and done again
    except Exception:  # boundary of user code: one broken script must keep no server from starting or ending
        logger.exception("error in %s of %s", getattr(function, "__name__", "hook"), describe(script))
