"""What the gateway and the world say to each other: one struct for each message, nothing else passes.

Contract: a frame on the link is a list of messages (`wire`). The link begins with `Hello` of the world, answered with
`Welcome`, or with a closed link when the protocol or the token does not fit. Every field has a type that is checked
when a frame is read; a frame that does not fit ends the link. What clients send reaches the world as a `Line`, as
`Flags` or as an `Oob` whose arguments are plain JSON; none of it ever names an attribute, a keyword or a file.

Invariants: `PROTOCOL` grows when a message changes. Both processes of a game run the same version of Perdure, so
another number means that one of them is left over from before an upgrade.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = [
    "PROTOCOL",
    "Bans",
    "Close",
    "CodeResult",
    "Connected",
    "Disconnected",
    "Done",
    "EchoInput",
    "Failed",
    "Flag",
    "Flags",
    "FromGateway",
    "FromWorld",
    "Hello",
    "Line",
    "Mode",
    "Oob",
    "OobOut",
    "Outcome",
    "Ping",
    "Pong",
    "Prompt",
    "Quiesce",
    "Quiesced",
    "Ready",
    "Resume",
    "RunCode",
    "Running",
    "SessionRecord",
    "SessionState",
    "Stop",
    "Stopped",
    "TakeOver",
    "Text",
    "Wanted",
    "Welcome",
]

PROTOCOL = 1

#: What a client is known to do, by name in capitals (ANSI, XTERM256, TRUECOLOR, SCREENREADER, SCREENWIDTH …).
Flag = bool | int | str
#: How a world starts or stops. `crash`: the world before it died, its sessions go on.
Mode = Literal["start", "reload", "reset", "crash", "shutdown"]


class Message(msgspec.Struct, array_like=True, tag=True, frozen=True, gc=False):
    """Base of all messages: the name of the class, then its fields."""


class SessionRecord(msgspec.Struct, array_like=True, frozen=True):
    """What is kept of a session while no world knows it.

    Args:
        sessid: its number.
        protocol: "telnet", "telnet-tls" or "websocket".
        address: where the client is.
        flags: what the client can do.
        conn_time: when it connected, in seconds since 1970.
        uid, puid: ids of its account and its puppet.
        uname: name of the account.
        cmdset_storage: paths of the session's own command sets, with commas.
        cmd_last, cmd_total: when something was typed last, and how often.
        data: what the game keeps with the session (`session.server_data`).
    """

    sessid: int
    protocol: str
    address: str
    flags: dict[str, Flag]
    conn_time: float
    uid: int | None = None
    puid: int | None = None
    uname: str = ""
    cmdset_storage: str = ""
    cmd_last: float = 0.0
    cmd_total: int = 0
    data: dict[str, Any] = {}


# --- from the gateway to the world ----------------------------------------------------------------


class Welcome(Message, frozen=True):
    """The gateway knows this world; it may check itself and then say `Ready`."""

    protocol: int
    generation: int
    mode: Mode
    gateway_started: float


class TakeOver(Message, frozen=True):
    """From now on this world serves: these are the sessions that are connected.

    Args:
        mode: why there is a new world.
        sessions: those who are connected now; `uid` and `puid` say who they were.
        sessid: the session that asked for it, or None.
    """

    mode: Mode
    sessions: list[SessionRecord]
    sessid: int | None = None


class Connected(Message, frozen=True):
    """A client has connected and said what it can do (or was given up on).

    Args:
        session: as a record, nobody logged in.
        ticket: what a page of the website gave the client, to be logged in with; empty without one.
    """

    session: SessionRecord
    ticket: str = ""


class Line(Message, frozen=True):
    """A line that a client sent; `seq` counts the lines of a session from 1."""

    sessid: int
    seq: int
    text: str


class Oob(Message, frozen=True):
    """A named message of a client other than text, as it came: plain JSON values, bounded in size and depth."""

    sessid: int
    name: str
    args: list[Any]
    kwargs: dict[str, Any]


class Flags(Message, frozen=True):
    """What a client can do has changed: the changed flags only."""

    sessid: int
    flags: dict[str, Flag]


class Disconnected(Message, frozen=True):
    """The client has gone."""

    sessid: int
    reason: str


class Quiesce(Message, frozen=True):
    """Finish what has come, tell the game that the world stops for `mode`, commit, answer `Quiesced`, and wait.

    Args:
        mode: "reload", "reset" or "shutdown".
        seconds: how long the world may take; then it is killed.
    """

    mode: Mode
    seconds: float
    sessid: int | None = None


class Resume(Message, frozen=True):
    """The other world did not come up: go on serving as if `Quiesce` had not been said."""

    sessions: list[SessionRecord]


class Stop(Message, frozen=True):
    """End the process."""


class Outcome(Message, frozen=True):
    """What came of a reload, reset or stop that somebody `Wanted`.

    Args:
        verb: what was wanted.
        ok: whether it happened. (A world that is told of a success is the new one.)
        summary: one line for whoever asked.
        detail: the traceback, file and line, for developers.
        sessid: the session that asked, or None.
    """

    verb: str
    ok: bool
    summary: str
    detail: str = ""
    sessid: int | None = None


class RunCode(Message, frozen=True):
    """Run Python in the world (`perdure shell --live`); answered with `CodeResult` of the same number."""

    number: int
    source: str


class Ping(Message, frozen=True):
    """Are you there?"""

    number: int


# --- from the world to the gateway ----------------------------------------------------------------


class Hello(Message, frozen=True):
    """The first message of a world.

    Args:
        token: the secret that the gateway gave the process when it started it.
    """

    protocol: int
    pid: int
    token: str


class Ready(Message, frozen=True):
    """All that can be checked without serving has been checked.

    Args:
        http_socket: path of the Unix socket with the world's web server, relative to the game directory.
        warnings: what was found and does not stop it.
        seconds: how long it took.
    """

    http_socket: str
    warnings: list[str]
    seconds: float


class Failed(Message, frozen=True):
    """The world cannot serve, and ends.

    Args:
        summary: one line: what, and where.
        detail: the traceback.
        file, line: where the error is, if that is known.
    """

    summary: str
    detail: str = ""
    file: str = ""
    line: int = 0


class Running(Message, frozen=True):
    """The world serves (after `TakeOver` or `Resume`)."""

    seconds: float


class Quiesced(Message, frozen=True):
    """The world has stopped working and committed; it waits for `Resume` or `Stop`.

    Args:
        leftovers: lines that were not begun, in order; another world may do them.
    """

    leftovers: list[Line]


class Stopped(Message, frozen=True):
    """The world ends now."""


class Text(Message, frozen=True):
    """Text for clients, with markup.

    Args:
        sessids: for whom.
        text: what the gateway turns into what each client understands.
        kind: what it is (say, look, examine …); empty for none.
        options: raw, nocolor, screenreader and the like, and what else comes with it for clients that want to know.
    """

    sessids: list[int]
    text: str
    kind: str = ""
    options: dict[str, Any] = {}


class Prompt(Message, frozen=True):
    """A prompt, with markup: shown after all other text, without an end of line."""

    sessids: list[int]
    text: str
    options: dict[str, Any] = {}


class OobOut(Message, frozen=True):
    """A named message for clients that understand such (GMCP, the browser); others do not get it."""

    sessids: list[int]
    name: str
    args: list[Any]
    kwargs: dict[str, Any]


class Done(Message, frozen=True):
    """These lines have been worked on and what they did is committed: `(sessid, seq)`."""

    lines: list[tuple[int, int]]


class SessionState(Message, frozen=True):
    """Who a session is has changed: what another world needs to know of it."""

    session: SessionRecord


class EchoInput(Message, frozen=True):
    """Whether a client should show what is typed (not while it is a password)."""

    sessid: int
    visible: bool


class Close(Message, frozen=True):
    """End the connection of a client, after what was sent to it has left."""

    sessid: int
    reason: str


class Bans(Message, frozen=True):
    """Addresses and networks to turn away at the door."""

    networks: list[str]


class Wanted(Message, frozen=True):
    """Somebody in the game wants the gateway to reload, reset or stop."""

    verb: Literal["reload", "reset", "stop"]
    reason: str = ""
    sessid: int | None = None


class CodeResult(Message, frozen=True):
    """What the code of a `RunCode` printed and gave."""

    number: int
    text: str
    failed: bool


class Pong(Message, frozen=True):
    """The answer to `Ping`; `busy` is for how many seconds the game thread has been at one piece of work."""

    number: int
    busy: float


FromGateway = (
    Welcome
    | TakeOver
    | Connected
    | Line
    | Oob
    | Flags
    | Disconnected
    | Quiesce
    | Resume
    | Stop
    | Outcome
    | RunCode
    | Ping
)
FromWorld = (
    Hello
    | Ready
    | Failed
    | Running
    | Quiesced
    | Stopped
    | Text
    | Prompt
    | OobOut
    | Done
    | SessionState
    | EchoInput
    | Close
    | Bans
    | Wanted
    | CodeResult
    | Pong
)
