"""How a world begins to serve and ceases to: who is told what, in which order.

Contract: `start`, `finish`, `stop` and `resume` run on the game thread, outside of ticks. Each step is a tick of its
own, so that it is committed before the next begins; a step that raises is undone, logged, and the next one follows.

Beginning: what an unclean end left behind is put right, the time of the game runs, `at_server_init`,
`at_server_reload_start` (after a reload) or `at_server_cold_start`, `at_server_start`, global scripts, sessions have
account and puppet again (without hooks), timers of scripts, delayed tasks, and everybody is told if the world was away.

Ceasing: `at_server_reload` (for a reload) or `at_server_shutdown` on everything in memory, timers pause,
`at_server_reload_stop` or `at_server_cold_stop`, `at_server_stop`. For a shutdown everybody is logged out first.

Owner: the game thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.apps import apps

from perdure import gametime
from perdure.accounts.accounts import DefaultAccount
from perdure.conf import conf
from perdure.gameloop import Unit
from perdure.objects.objects import DefaultObject
from perdure.server.messages import Line, Mode, SessionRecord
from perdure.server.world import begun
from perdure.server.world.checks import remember_missing
from perdure.sessions import SESSION_HANDLER
from perdure.transactions import transaction

if TYPE_CHECKING:
    from perdure.server.world.sessions import ServerSession
    from perdure.server.world.world import World

__all__ = ["finish", "greet", "hooks_module", "resume", "start", "stop"]

logger = logging.getLogger("perdure.server")

MAINTENANCE_SECONDS = 60
#: How long the hooks of all entities together may take.
STEPS_SECONDS = 5.0


def greet(session: ServerSession) -> None:
    """Show the login screen."""
    from perdure.commands.dispatch import cmdhandler
    from perdure.commands.syscmdkeys import CMD_LOGINSTART

    cmdhandler(session, CMD_LOGINSTART, session=session, callertype="session")


# --- beginning


def start(world: World, mode: Mode, records: Sequence[SessionRecord]) -> None:
    """Begin to serve for the sessions of `records`."""
    from perdure.accounts import logins
    from perdure.commands import delays
    from perdure.scripts import lifecycle as scripts
    from perdure.scripts.global_scripts import GLOBAL_SCRIPTS
    from perdure.server.world import monitors

    after = "at_server_reload_start" if mode == "reload" else "at_server_cold_start"
    sessions = [world.add_session(record) for record in records]
    _step(world, "stale sessions", lambda: logins.clear_stale(keep=records))
    _step(world, "missing classes", remember_missing)
    _step(world, "game time", gametime.begin)
    _step(world, "at_server_init", lambda: _hook("at_server_init"))
    _step(world, after, lambda: _hook(after))
    _step(world, "at_server_start", lambda: _hook("at_server_start"))
    _step(world, "global scripts", GLOBAL_SCRIPTS.start)
    restored = list(zip(sessions, records, strict=True))
    _steps(world, "session", [partial(_restore, session, record) for session, record in restored])
    if mode == "crash":
        # The world before may have died before it showed them anything.
        _steps(world, "connection", [partial(greet, session) for session in sessions if session.uid is None])
    _step(world, "monitors", monitors.resume)
    _step(world, "timers of scripts", lambda: scripts.resume_after(mode))
    _step(world, "delayed tasks", lambda: delays.restore_tasks(mode))
    _step(world, "bans", lambda: tell_bans(world))
    SESSION_HANDLER.tell_bans = lambda: tell_bans(world)
    if mode != "start":
        _step(world, "news", lambda: _announce(conf.BROADCAST_SERVER_RESTART_MESSAGES))
    _maintain_later(world)


def _restore(session: ServerSession, record: SessionRecord) -> None:
    """A session that another world knew: its account and its puppet, without hooks."""
    from perdure.accounts import logins

    if record.uid is None:
        return
    account: Any = apps.get_model("accounts", "AccountDB").objects.filter(pk=record.uid).first()
    puppet: Any = None
    if record.puid is not None:
        puppet = apps.get_model("objects", "ObjectDB").objects.filter(pk=record.puid).first()
    if account is None:
        session.disconnect("Your account is not there any more.")
        return
    logins.restore(account, session, puppet)
    session.at_restored(account)


def tell_bans(world: World) -> None:
    """Tell the gateway which addresses to turn away at the door."""
    from perdure.accounts.bans import all_bans, as_network
    from perdure.server.messages import Bans

    patterns = [str(ban[1]) for ban in all_bans() if len(ban) > 1 and ban[1]]
    networks = [network for pattern in patterns if (network := as_network(pattern)) is not None]
    world.loop.after_commit(lambda: world.send_now(Bans(networks)))


def _announce(text: str | None) -> None:
    if text:
        for session in SESSION_HANDLER.get_sessions():
            session.data_out(text=text)


# --- while it serves


def maintain(world: World) -> None:
    """Once a minute: the time of the game, sessions that have been idle for too long, and memory."""
    _maintain_later(world)
    # Units of their own: if one fails, the others are done, and there is a next time.
    for function in (gametime.keep, _end_what_is_idle, _keep_memory):
        world.loop.call_soon(function, label="maintenance")


def _keep_memory() -> None:
    from perdure.idmapper.models import conditional_flush

    conditional_flush(conf.IDMAPPER_CACHE_MAXSIZE)


def _end_what_is_idle() -> None:
    from perdure.accounts import logins

    logins.release_unheld("the connection was lost")
    if conf.IDLE_TIMEOUT > 0:
        now = time.time()
        for session in list(SESSION_HANDLER.values()):
            if now - session.cmd_last > conf.IDLE_TIMEOUT and not _may_idle(session):
                session.disconnect("You have been idle for too long.")


def _maintain_later(world: World) -> None:
    """Once: a unit that is done again must not set a second timer."""
    if world.maintenance is not None:
        world.maintenance.cancel()
    world.maintenance = world.loop.call_later(MAINTENANCE_SECONDS, maintain, world, label="maintenance")


def _may_idle(session: ServerSession) -> bool:
    account = session.account
    return bool(account is not None and account.access(account, "noidletimeout", default=False))


# --- ceasing


def finish(world: World, seconds: float, again: bool = True) -> list[Line]:
    """Do what has come, call off what waits, and give back the lines that another world is to do, in order.

    Those are the lines that were not begun, and those of commands that begin anew: a login that is under way.
    """
    from perdure.commands.running import cancel_all

    _finish_work(world, seconds / 2)
    leftovers: list[Line] = []
    if again:
        _step(world, "commands that begin anew", lambda: leftovers.extend(begun.take_back()))
    _step(world, "logins by message", _call_off_logins)
    _step(world, "waiting commands", lambda: cancel_all("the world is being restarted"))
    _finish_work(world, seconds / 2, offloaded=False)
    leftovers += [unit.about for unit in world.loop.withdraw(lambda unit: isinstance(unit.about, Line))]
    leftovers += [line for session in SESSION_HANDLER.values() for line in session.waiting]
    for session in SESSION_HANDLER.values():
        session.waiting.clear()
    return sorted(leftovers, key=lambda line: (line.sessid, line.seq))


def _call_off_logins() -> None:
    from perdure.server.world.stock_inputs import call_off_login

    for session in SESSION_HANDLER.values():
        call_off_login(session)


def _finish_work(world: World, seconds: float, offloaded: bool = True) -> None:
    try:
        world.loop.run_until_idle(seconds, offloaded=offloaded)
    except TimeoutError as error:
        logger.warning("%s; it is left undone", error)


def stop(world: World, mode: Mode) -> None:
    """Tell the game that this world ceases."""
    from perdure.scripts import lifecycle as scripts

    if mode == "shutdown":
        _step(world, "logging out", _log_everybody_out)
    hook = "at_server_reload" if mode == "reload" else "at_server_shutdown"
    _steps(world, hook, [getattr(entity, hook) for entity in _listening(hook)])
    _step(world, "timers of scripts", lambda: scripts.pause_for(mode))
    after = "at_server_reload_stop" if mode == "reload" else "at_server_cold_stop"
    _step(world, after, lambda: _hook(after))
    _step(world, "at_server_stop", lambda: _hook("at_server_stop"))
    _step(world, "game time", gametime.end)


def resume(world: World, records: Sequence[SessionRecord]) -> None:
    """Go on after a reload that did not come about.

    Who has left meanwhile is logged out, timers run again, and texts that were being written are open again.
    """
    from perdure.commands.writing import resume_soon
    from perdure.scripts import lifecycle as scripts

    _step(world, "game time", gametime.begin)
    here = {record.sessid for record in records}
    for session in [one for sessid, one in SESSION_HANDLER.items() if sessid not in here]:
        _step(world, "disconnection", partial(session.gone, "disconnected"))
    for record in records:
        if record.sessid not in SESSION_HANDLER:
            session = world.add_session(record)
            _step(world, "connection", partial(greet, session))
    _step(world, "timers of scripts", scripts.go_on)
    for session in SESSION_HANDLER.values():
        resume_soon(session)


def _log_everybody_out() -> None:
    for session in list(SESSION_HANDLER.values()):
        with transaction():
            session.disconnect("The server is being shut down.")


def _listening(hook: str) -> Iterator[Any]:
    """The entities in memory whose class has something to do in this hook."""
    stock = {getattr(base, hook) for base in (DefaultObject, DefaultAccount)}
    for label, name in (("objects", "ObjectDB"), ("accounts", "AccountDB"), ("comms", "ChannelDB")):
        model: Any = apps.get_model(label, name)
        for entity in model.get_all_cached_instances():
            function = getattr(type(entity), hook, None)
            if function is not None and function not in stock and not entity._is_deleted:
                yield entity


# --- steps


def hooks_module() -> Any:
    """The game's module of start and stop hooks, or None."""
    path = conf.AT_SERVER_STARTSTOP_MODULE
    if not path:
        return None
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name and path.startswith(error.name):
            return None
        raise


def _hook(name: str) -> None:
    function = getattr(hooks_module(), name, None)
    if callable(function):
        function()


def _step(world: World, label: str, function: Callable[[], Any]) -> None:
    world.loop.tick([Unit(function, label)])


def _steps(world: World, label: str, functions: Sequence[Callable[[], Any]]) -> None:
    """Several steps that share commits, each of which may fail alone."""
    world.loop.tick([Unit(function, label) for function in functions])
    _finish_work(world, STEPS_SECONDS, offloaded=False)
