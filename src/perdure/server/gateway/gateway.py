"""The gateway: who is connected, what goes to the world, and what the world shows whom.

Contract: a `Gateway` is given settings and the worlds (`Worlds`), and has `start` and `stop`. Clients come in by
telnet and by the web port; each is told to the world once, with what it can do, as soon as a world serves. Lines go
to the world in order; `unfinished` names those that the world has not said to be done. Everything happens in one
event loop.

Invariants: `sessions` has all who are let in and not gone. What is shown in one turn of the loop leaves each session
in one write. The hot path (a line in, a text out) makes no task and awaits nothing.

Failure modes: ports that are taken raise `OSError` from `start`. A message of the world about a session that has
gone is passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from perdure.server import messages
from perdure.server.gateway import mssp
from perdure.server.gateway.limits import Door, Networks
from perdure.server.gateway.lines import clean_line
from perdure.server.gateway.listening import Listening
from perdure.server.gateway.metrics import Metrics, resident_bytes
from perdure.server.gateway.oob import Refused, checked_message, flags_from_options
from perdure.server.gateway.sessions import Session, Stage
from perdure.server.gateway.settings import GatewaySettings
from perdure.server.messages import Flag, SessionRecord

__all__ = ["Gateway", "Worlds"]

log = logging.getLogger("perdure.gateway")

_HOUSEKEEPING = 5.0
#: What clients send to keep their connection alive; nobody typed it.
_IDLE = "idle"
_OPTIONS = frozenset({"client_options", "hello", "supports_set"})


class Worlds(Protocol):
    """What the gateway needs of whoever looks after the worlds."""

    on_message: Callable[[Any], None] | None
    on_state: Callable[[Any], None] | None

    @property
    def http_socket(self) -> str | None:
        """The Unix socket with the web server of the world that serves."""

    @property
    def state(self) -> str:
        """Where the worlds are at, in a word."""

    @property
    def is_serving(self) -> bool:
        """Whether a world serves and takes what is sent."""

    def send(self, message: Any) -> Any:
        """Gives a message to the world, or keeps it for the next; False when it is not taken (the session was told)."""


class Gateway:
    """The clients' side of the gateway process.

    Args:
        settings: what it is told at the start.
        worlds: who looks after the worlds.
    """

    def __init__(self, settings: GatewaySettings, worlds: Worlds) -> None:
        self.settings = settings
        self.worlds = worlds
        self.sessions: dict[int, Session] = {}
        self.door = Door(settings.limits)
        self.upstream = Networks(settings.upstream_ips)
        self.metrics = Metrics()
        self.started = time.time()
        self.loop: asyncio.AbstractEventLoop
        self._last_sessid = 0
        self._touched: dict[Session, None] = {}
        self._flushing = False
        self._listening = Listening(self)
        self._serving = asyncio.Event()
        self._told_state = ""
        self._housekeeper: asyncio.Task[None] | None = None
        self._on: dict[type[Any], Callable[[Any], None]] = {
            messages.Text: self._on_text,
            messages.Prompt: self._on_prompt,
            messages.OobOut: self._on_oob,
            messages.Done: self._on_done,
            messages.SessionState: self._on_session_state,
            messages.EchoInput: self._on_echo_input,
            messages.Close: self._on_close,
            messages.Bans: self._on_bans,
        }
        worlds.on_message = self.on_message
        worlds.on_state = self.on_state

    # --- life ----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Opens the ports. Raises `OSError` when one cannot be had, with none of them open then."""
        self.loop = asyncio.get_running_loop()
        await self._listening.open()
        self.on_state(self.worlds.state)
        self._housekeeper = asyncio.create_task(self._keep_house(), name="housekeeping")

    async def stop(self, reason: str) -> None:
        """Says goodbye to everybody and closes the ports."""
        if self._housekeeper is not None:
            self._housekeeper.cancel()
        self._listening.close_telnet()
        if reason:
            self.notice(reason)
        for session in list(self.sessions.values()):
            session.close(reason)
        await self._listening.close_web()
        # Connections have a moment to take what was sent.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.timeouts.closing):
                while self.door.inside > 0:
                    await asyncio.sleep(0.01)

    @property
    def ports(self) -> dict[str, list[int]]:
        """The ports that are open: "telnet", "telnet-tls", "web"."""
        return {name: list(ports) for name, ports in self._listening.ports.items()}

    @property
    def encrypted_telnet_port(self) -> int:
        """The port of telnet over TLS; 0 when there is none."""
        return self._listening.ports.get("telnet-tls", [0])[0]

    # --- what clients do -----------------------------------------------------------------------------

    def next_sessid(self) -> int:
        """The number of a new session."""
        self._last_sessid += 1
        return self._last_sessid

    def add(self, session: Session) -> None:
        """A client has been let in."""
        self.metrics.connections += 1
        self.sessions[session.sessid] = session

    def ready(self, session: Session) -> None:
        """What the client can do is known, or it was given up on: the world may hear of it."""
        if session.stage is not Stage.NEW:
            return
        if self.worlds.is_serving:
            self._tell(session)
            return
        session.stage = Stage.WAITING
        name = self.settings.server_name
        session.show(
            self.settings.holding_text or f"{name} is just starting. You will be let in as soon as it is there.",
            "holding",
            {"raw": not self.settings.holding_text},
        )

    def _tell(self, session: Session) -> None:
        """The world hears of the session."""
        session.stage = Stage.KNOWN
        session.record = session.current_record()
        self.worlds.send(messages.Connected(session.record, session.ticket))
        session.resume()

    def remove(self, session: Session, reason: str) -> None:
        """A client has gone, or is made to go."""
        if session.stage is Stage.GONE:
            return
        known = session.stage is Stage.KNOWN
        session.stage = Stage.GONE
        self.sessions.pop(session.sessid, None)
        session.unfinished.clear()
        if known:
            self.worlds.send(messages.Disconnected(session.sessid, reason))

    def line(self, session: Session, text: str) -> None:
        """A client has sent a line."""
        if text != _IDLE:
            session.last_input = self.loop.time()
        limit = self.settings.limits.line_characters
        if len(text) > limit:
            text = text[:limit]
            session.show(f"(Only the first {limit} characters of that line were taken.)", "notice", {})
        if session.flags.get("INPUTDEBUG") and session.typing_visible:
            session.show(f"(received: {text!r})", "notice", {"raw": True})
        session.seq = seq = session.seq + 1
        line = messages.Line(session.sessid, seq, text)
        session.begin_line(line)
        self.metrics.lines += 1
        if self.worlds.send(line) is False:
            session.finish_line(seq)

    def message(
        self, session: Session, name: str, args: list[Any], kwargs: dict[str, Any], counted: bool = False
    ) -> None:
        """A client has sent a named message; `counted` if its rate has been looked at."""
        session.last_input = self.loop.time()
        if not counted and not session.bucket.take():
            self.metrics.throttled += 1
            return
        try:
            name, args, kwargs = checked_message(name, args, kwargs, self.settings.limits.message_depth + 1)
        except Refused:
            self.metrics.refused_messages += 1
            return
        if session.flags.get("INPUTDEBUG") and name != "text":
            session.show(f"(received: {name} {args!r} {kwargs!r})"[:1000], "notice", {"raw": True})
        if name == "text":
            if args and isinstance(args[0], str) and session.may_send:
                self.line(session, clean_line(args[0]))
            elif session.stage is Stage.KNOWN:
                session.show("(That was not taken: what you sent before is not done yet.)", "notice", {})
            return
        if name in _OPTIONS and not kwargs.get("get"):
            session.tell_flags(flags_from_options(kwargs))
            return
        if session.stage is not Stage.KNOWN:
            return
        self.metrics.messages += 1
        if name in _OPTIONS:
            name, args, kwargs = "get_client_options", [], {}
        self.worlds.send(messages.Oob(session.sessid, name, args, kwargs))

    def flags_of(self, session: Session, flags: dict[str, Flag]) -> None:
        """What a client can do has changed."""
        if session.stage is Stage.KNOWN:
            self.worlds.send(messages.Flags(session.sessid, flags))

    # --- what the world says -------------------------------------------------------------------------

    def on_message(self, message: Any) -> None:
        """A message of the world that serves; those that are not for clients are passed over."""
        handler = self._on.get(type(message))
        if handler is not None:
            handler(message)

    def _on_text(self, message: messages.Text) -> None:
        sessions, text, kind, options = self.sessions, message.text, message.kind, message.options
        for sessid in message.sessids:
            session = sessions.get(sessid)
            if session is not None:
                session.show(text, kind, options)

    def _on_prompt(self, message: messages.Prompt) -> None:
        for sessid in message.sessids:
            session = self.sessions.get(sessid)
            if session is not None:
                session.show_prompt(message.text, message.options)

    def _on_oob(self, message: messages.OobOut) -> None:
        for sessid in message.sessids:
            session = self.sessions.get(sessid)
            if session is not None:
                session.show_oob(message.name, message.args, message.kwargs)

    def _on_done(self, message: messages.Done) -> None:
        for sessid, seq in message.lines:
            session = self.sessions.get(sessid)
            if session is not None:
                session.finish_line(seq)
                session.resume()

    def _on_session_state(self, message: messages.SessionState) -> None:
        session = self.sessions.get(message.session.sessid)
        if session is not None:
            session.learn(message.session)

    def _on_echo_input(self, message: messages.EchoInput) -> None:
        session = self.sessions.get(message.sessid)
        if session is not None:
            session.show_typing(message.visible)

    def _on_close(self, message: messages.Close) -> None:
        session = self.sessions.get(message.sessid)
        if session is not None:
            session.close(message.reason)

    def _on_bans(self, message: messages.Bans) -> None:
        self.door.banned = Networks(message.networks)

    def on_state(self, state: str) -> None:
        """The worlds are at something else: who waits is greeted, browsers are told, others hear nothing of it."""
        if self.worlds.is_serving:
            self._serving.set()
            for session in list(self.sessions.values()):
                if session.stage is Stage.WAITING:
                    self._tell(session)
        else:
            self._serving.clear()
        if state == self._told_state:
            return
        self._told_state = state
        # One that does not read is ended by being told, and is not among them any more.
        for session in list(self.sessions.values()):
            if session.protocol == "websocket":
                session.show_oob("world", [state], {})

    async def world_serves(self, seconds: float) -> bool:
        """Waits until a world serves; whether one does."""
        if self.worlds.is_serving:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._serving.wait()
        return self.worlds.is_serving

    # --- what goes out -------------------------------------------------------------------------------

    def touch(self, session: Session) -> None:
        """The session has something to send at the end of this turn of the loop."""
        self._touched[session] = None
        if not self._flushing:
            self._flushing = True
            self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        touched, self._touched = self._touched, {}
        for session in touched:
            session.flush()

    # --- for who looks after the worlds --------------------------------------------------------------

    def records(self) -> list[SessionRecord]:
        """The sessions that the world knows, as it last said, with what their clients can do now."""
        return [session.current_record() for session in self.sessions.values() if session.stage is Stage.KNOWN]

    def notice(self, text: str, sessids: Iterable[int] | None = None) -> None:
        """Shows a text (with markup) to these sessions, or to all."""
        chosen = self.sessions.values() if sessids is None else [self.sessions.get(sessid) for sessid in sessids]
        for session in list(chosen):
            if session is not None:
                session.show(text, "notice", {})

    def unfinished(self) -> list[messages.Line]:
        """Lines that were passed on and are not yet said to be done; those of a session are in order.

        What was typed while it was hidden (a password) is not in them.
        """
        return [line for session in self.sessions.values() for line in session.unfinished.values()]

    def forget_unfinished(self, lines: Iterable[tuple[int, int]] | None = None) -> None:
        """These lines, `(sessid, seq)`, or all, are not waited for any more."""
        if lines is None:
            lines = [(line.sessid, line.seq) for line in self.unfinished()]
        self._on_done(messages.Done(list(lines)))

    async def http_drained(self, seconds: float = 5.0) -> bool:
        """Waits until no web request is under way; whether that came true in time."""
        web = self._listening.web
        return web is None or await web.proxy.drained(seconds)

    def status(self) -> dict[str, Any]:
        """How the gateway is, as plain JSON values."""
        return {
            "started": self.started,
            "ports": self.ports,
            "sessions": len(self.sessions),
            "protocols": dict(Counter(session.protocol for session in self.sessions.values())),
            "refused": self.door.refused,
            "resident_bytes": resident_bytes(),
            **self.metrics.as_dict(),
        }

    def metrics_text(self) -> str:
        """What was counted, for Prometheus."""
        protocols = Counter(session.protocol for session in self.sessions.values())
        unfinished = sum(len(session.unfinished) for session in self.sessions.values())
        return self.metrics.text(
            {
                "sessions": ("Clients that are connected.", {f'{{protocol="{p}"}}': n for p, n in protocols.items()}),
                "unfinished_lines": ("Lines that the world has not yet done.", {"": unfinished}),
                "refused_connections": ("Connections that were not let in.", {"": self.door.refused}),
                "world_serving": ("Whether a world serves.", {"": int(self.worlds.is_serving)}),
                "resident_bytes": ("Memory of the gateway that is in use.", {"": resident_bytes()}),
            }
        )

    def mssp(self) -> dict[str, str | list[str]]:
        """What lists of games are told."""
        players = sum(session.logged_in for session in self.sessions.values())
        ports = self._listening.ports
        tls, settings = self.encrypted_telnet_port, self.settings
        return mssp.variables(settings.server_name, players, self.started, ports.get("telnet", []), tls, settings.mssp)

    async def _keep_house(self) -> None:
        """Keeps silent connections alive, ends those that never log in, and looks after the certificate."""
        seconds = self.settings.timeouts.keepalive
        kept_alive = self.loop.time()
        while True:
            await asyncio.sleep(_HOUSEKEEPING)
            now = self.loop.time()
            if self._listening.certificate is not None:
                self._listening.certificate.refresh()
            keep_alive = 0 < seconds <= now - kept_alive
            if keep_alive:
                kept_alive = now
            for session in list(self.sessions.values()):
                try:
                    self._look_after(session, now, keep_alive)
                except Exception:
                    # What is wrong with one session must not end the care for all others.
                    log.exception("Session %d cannot be looked after", session.sessid)

    def _look_after(self, session: Session, now: float, keep_alive: bool) -> None:
        if keep_alive:
            session.keep_alive()
        if self._sits_idle(session, now):
            session.show("You have not logged in for a long time. Goodbye.", "notice", {})
            session.close("did not log in")

    def _sits_idle(self, session: Session, now: float) -> bool:
        limit = self.settings.timeouts.unauthenticated
        return limit > 0 and session.stage is Stage.KNOWN and not session.logged_in and now - session.last_input > limit
