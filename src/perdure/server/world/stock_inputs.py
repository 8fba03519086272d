"""The messages that clients of any game may send; see `inputs` for what all of them have in common.

What they take and answer:

    client_options {option: value}      says what the client can do (the gateway has taken note); answers nothing
    get_client_options                  client_options {option: value}
    get_inputfuncs                      get_inputfuncs [names]
    echo [anything]                     echo [the same]
    get_value [name]                    get_value name= value=   (name, key, location, servername)
    monitor [name], unmonitor [name]    monitor name= value=, now and at each change   (name, location, desc)
    monitored                           monitored [names]
    repeat [callback, interval], unrepeat [callback]   repeat callback= time= every interval seconds   (idle, time)
    webclient_options [{option: value}] webclient_options {all options}
    login [name, password]              login ok= reason=
    is_typing_setup, is_typing_state [state]   is_typing name= state=   to those in the same place who asked for it
"""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any, Literal

import msgspec

from perdure.accounts.authentication import LoginCheck, begin
from perdure.accounts.passwords import MAX_PASSWORD, Verdict
from perdure.conf import conf
from perdure.errors import Overloaded
from perdure.gameloop import current_loop
from perdure.server.world import monitors
from perdure.server.world.inputs import Call, input_function, known
from perdure.sessions import SESSION_HANDLER
from perdure.transactions import on_rollback

__all__ = ["MAX_OPTIONS", "WEBCLIENT_OPTIONS", "call_off_login"]

WEBCLIENT_OPTIONS = "_saved_webclient_options"
MAX_OPTIONS = 50

Name = Annotated[str, msgspec.Meta(max_length=64)]
Text = Annotated[str, msgspec.Meta(max_length=1024)]
Size = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Simple = Text | bool | Size | float | None
Readable = Literal["name", "key", "location", "servername"]
Monitored = Literal["name", "location", "desc"]
Repeatable = Literal["idle", "time"]


class Nothing(msgspec.Struct):
    """No values."""


class Anything(msgspec.Struct):
    """Values as they come."""

    values: list[Any] = []


class Options(msgspec.Struct):
    """Options by name."""

    options: dict[Name, Simple] = {}


class ClientOptions(msgspec.Struct):
    """What a client says of itself."""

    options: dict[Name, Any] = {}


class AskedValue(msgspec.Struct):
    """Which value is meant."""

    name: Readable


class AskedMonitor(msgspec.Struct):
    """Which value is to be watched."""

    name: Monitored


class AskedRepeat(msgspec.Struct):
    """What is to be told again and again."""

    callback: Repeatable
    interval: Annotated[float, msgspec.Meta(ge=5, le=86_400)] = 30.0


class EndedRepeat(msgspec.Struct):
    """What is not to be told any more."""

    callback: Repeatable


class Credentials(msgspec.Struct):
    """Who somebody says to be."""

    name: Annotated[str, msgspec.Meta(max_length=150)]
    password: Annotated[str, msgspec.Meta(max_length=MAX_PASSWORD)]


class Typing(msgspec.Struct):
    """Whether somebody types."""

    state: bool


def _is_here(session: Any) -> bool:
    return not session.is_closing and SESSION_HANDLER.get(session.sessid) is session


# --- what the client can do, and what it may ask


@input_function("client_options", ClientOptions, state="any", aliases=("hello", "supports_set"), kwargs_to="options")
def client_options(call: Call, given: ClientOptions) -> None:
    """The gateway takes note of options itself; what comes here are those of other entrances."""
    from perdure.server.gateway.oob import flags_from_options

    call.session.protocol_flags.update(flags_from_options(given.options))


@input_function("get_client_options", Nothing, state="any")
def get_client_options(call: Call, given: Nothing) -> None:
    """Tell the client what it is known to do."""
    flags = call.session.protocol_flags
    options = {name.lower(): value for name, value in flags.items() if isinstance(value, bool | int | str)}
    call.reply("client_options", **options)


@input_function("get_inputfuncs", Nothing, state="any")
def get_inputfuncs(call: Call, given: Nothing) -> None:
    """Tell which messages mean something now."""
    call.reply("get_inputfuncs", *known(call.session))


@input_function("echo", Anything, state="any", args_to="values")
def echo(call: Call, given: Anything) -> None:
    """Send the same back."""
    call.reply("echo", *given.values)


@input_function("get_value", AskedValue, state="account")
def get_value(call: Call, asked: AskedValue) -> None:
    """Tell the name or the place of what is played."""
    if asked.name == "servername":
        value = conf.SERVERNAME
    else:
        who = call.session.puppet if call.session.puppet is not None else call.session.account
        place = getattr(who, "location", None)
        value = who.key if asked.name != "location" else (None if place is None else place.key)
    call.reply("get_value", name=asked.name, value=value)


# --- what is told without being asked


@input_function("monitor", AskedMonitor, state="puppet")
def monitor(call: Call, asked: AskedMonitor) -> None:
    """Tell a value now and whenever it changes."""
    call.reply("monitor", name=asked.name, value=monitors.begin(call.session, asked.name))


@input_function("unmonitor", AskedMonitor, state="puppet")
def unmonitor(call: Call, asked: AskedMonitor) -> None:
    """Tell it no more."""
    monitors.end(call.session, asked.name)


@input_function("monitored", Nothing, state="puppet")
def monitored(call: Call, given: Nothing) -> None:
    """Tell which values are watched."""
    call.reply("monitored", *monitors.names(call.session))


@input_function("repeat", AskedRepeat, state="any")
def repeat(call: Call, asked: AskedRepeat) -> None:
    """Tell the time, or just that there is a connection, every so many seconds."""
    unrepeat(call, EndedRepeat(asked.callback))
    _repetitions(call.session)[asked.callback] = current_loop().call_later(
        asked.interval, _repeated, call, asked, label=f"repeat {asked.callback}"
    )


@input_function("unrepeat", EndedRepeat, state="any")
def unrepeat(call: Call, ended: EndedRepeat) -> None:
    """Tell it no more."""
    handle = _repetitions(call.session).pop(ended.callback, None)
    if handle is not None:
        handle.cancel()


def _repetitions(session: Any) -> dict[str, Any]:
    if session.ndb.repetitions is None:
        session.ndb.repetitions = {}
    return session.ndb.repetitions  # type: ignore[no-any-return]


def _repeated(call: Call, asked: AskedRepeat) -> None:
    if not _is_here(call.session):
        return
    if asked.callback == "time":
        call.reply("repeat", callback=asked.callback, time=time.time())
    else:
        call.reply("repeat", callback=asked.callback)
    repeat(call, asked)


@input_function("is_typing_setup", Nothing, state="any")
def is_typing_setup(call: Call, given: Nothing) -> None:
    """The client shows who types."""
    call.session.protocol_flags["ISTYPING"] = True


@input_function("is_typing_state", Typing, state="puppet")
def is_typing_state(call: Call, typing: Typing) -> None:
    """Tell those in the same place who show it."""
    puppet = call.session.puppet
    place = puppet.db_location_id
    if place is None:
        return
    for session in SESSION_HANDLER.get_sessions():
        other = session.puppet
        if other is None or other is puppet or other.db_location_id != place:
            continue
        if session.protocol_flags.get("ISTYPING"):
            session.data_out(is_typing=([], {"name": puppet.get_display_name(other), "state": typing.state}))


# --- what is kept for the browser


@input_function("webclient_options", Options, state="account", kwargs_to="options")
def webclient_options(call: Call, given: Options) -> None:
    """Keep options of the browser with the account, and tell all that are kept."""
    attributes = call.session.account.attributes
    kept = {str(name): value for name, value in dict(attributes.get(WEBCLIENT_OPTIONS) or {}).items()}
    changed = {name: value for name, value in given.options.items() if name in kept}
    new = {name: value for name, value in given.options.items() if name not in kept}
    changed.update(list(new.items())[: max(0, MAX_OPTIONS - len(kept))])
    if changed:
        kept.update(changed)
        attributes.add(WEBCLIENT_OPTIONS, kept)
    call.reply("webclient_options", **kept)


# --- who somebody is


@input_function("login", Credentials, state="anonymous")
def login(call: Call, given: Credentials) -> None:
    """Log in without the command."""
    session = call.session
    if session.ndb.is_logging_in:
        return
    check = begin(given.name, session.address)
    if check.errors:
        call.reply("login", ok=False, reason=check.errors[0])
        return
    session.ndb.is_logging_in = call
    on_rollback(partial(_not_logging_in, session))
    try:
        current_loop().offload(check.verify, given.password, then=partial(_verified, call, check))
    except Overloaded:
        _not_logging_in(session)
        call.reply("login", ok=False, reason="Too many people are logging in at this moment. Try again.")


def _not_logging_in(session: Any) -> None:
    session.ndb.is_logging_in = None


def call_off_login(session: Any) -> None:
    """Tell a client that is being logged in by message to ask again; nothing happens to any other."""
    call = session.ndb.is_logging_in
    if call is not None:
        _not_logging_in(session)
        call.reply("login", ok=False, reason="The world is being restarted. Try again in a moment.")


def _verified(call: Call, check: LoginCheck, verdict: Verdict | None, error: BaseException | None) -> None:
    session = call.session
    if session.ndb.is_logging_in is not call:
        return  # it was called off
    _not_logging_in(session)
    on_rollback(partial(setattr, session.ndb, "is_logging_in", call))
    if error is not None or verdict is None:
        raise RuntimeError("a password could not be compared") from error
    account, errors = check.finish(verdict, session)
    if not _is_here(session) or session.logged_in:
        return
    if account is None:
        call.reply("login", ok=False, reason=errors[0])
        return
    call.reply("login", ok=True)
    SESSION_HANDLER.login(session, account)
