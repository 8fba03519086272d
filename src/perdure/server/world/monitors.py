"""Values that a client is told of whenever they change: name, place and description of what it plays.

Contract: after each unit of work the values of those who watch are compared with what their clients were told last;
what differs is sent, with the commit of that work. Nothing is compared while nobody watches. What a session watches is
kept with it over a reload; `resume` begins again in the new world.

Invariants: a watched value costs a comparison for each unit, and no statement unless it has to be read anew.
Failure modes: a value that cannot be read is not told.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from perdure.gameloop import current_loop
from perdure.sessions import SESSION_HANDLER
from perdure.transactions import on_rollback

__all__ = ["begin", "end", "names", "resume"]

logger = logging.getLogger("perdure.inputs")

KEPT = "monitored"
_UNTOLD = object()

#: What each watching session was told last, by session id.
_told: dict[int, dict[str, Any]] = {}


def begin(session: Any, name: str) -> Any:
    """Watch a value for the client of `session`; what it is now."""
    kept = names(session)
    if name not in kept:
        session.server_data[KEPT] = [*kept, name]
        session.changed()
    value = _value(session.puppet, name)
    _told.setdefault(session.sessid, {})[name] = value
    _look_after()
    return value


def end(session: Any, name: str) -> None:
    """Watch it no more."""
    kept = names(session)
    if name in kept:
        session.server_data[KEPT] = [one for one in kept if one != name]
        session.changed()
    told = _told.get(session.sessid)
    if told is not None:
        told.pop(name, None)
        if not told:
            del _told[session.sessid]


def names(session: Any) -> list[str]:
    """What is watched for the client."""
    return list(session.server_data.get(KEPT) or ())


def resume() -> None:
    """Watch what was watched in the world before; what has changed since is told."""
    _told.clear()
    for session in SESSION_HANDLER.values():
        if kept := names(session):
            _told[session.sessid] = dict.fromkeys(kept, _UNTOLD)
    if _told:
        _look_after()


def _look_after() -> None:
    observers = current_loop().observers
    if _compare not in observers:
        observers.append(_compare)


def _compare(report: Any) -> None:
    """Called after each unit."""
    if not _told:
        observers = current_loop().observers
        observers[:] = [one for one in observers if one is not _compare]
        return
    for sessid in list(_told):
        session = SESSION_HANDLER.get(sessid)
        if session is None or session.is_closing:
            del _told[sessid]
        elif session.puppet is not None:
            _tell_changes(session, _told[sessid])


def _tell_changes(session: Any, told: dict[str, Any]) -> None:
    for name, before in list(told.items()):
        try:
            value = _value(session.puppet, name)
        except Exception:  # boundary of user code: a description may be computed by the game
            logger.debug("%s of %r cannot be told", name, session.puppet, exc_info=True)
            continue
        if value != before:
            on_rollback(partial(told.__setitem__, name, before))
            told[name] = value
            session.data_out(monitor=([], {"name": name, "value": value}))


def _value(puppet: Any, name: str) -> Any:
    match name:
        case "name":
            return puppet.key
        case "location":
            place = puppet.location
            return None if place is None else place.key
        case "desc":
            return str(puppet.db.desc or "")
    return None
