"""From what a tick has sent to the messages of one frame.

Contract: items go in as they were sent and come out as messages in the same order; a text that goes to several sessions
in a row is one message for all of them, and an empty one is none. What a session is now is told once, however often it
changed, and last of all it is said which lines are done.

Failure modes: none for the frame. An item that cannot be made into a message (a value whose `__str__` raises) is logged
and left out. A message may still hold what no frame can (half of a character, a number of more than 64 bits, a text
without end); `sendable` makes of such a message one that can be sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from perdure.server.messages import Close, Done, EchoInput, OobOut, Prompt, SessionState, Text

__all__ = ["Closing", "Echo", "Finished", "Out", "State", "arguments_of", "frame_of", "plain_value", "sendable"]

logger = logging.getLogger("perdure.server")

#: How deep a value may be nested; what is deeper is left out. (A client may send less: `Limits.message_depth`.)
MAX_DEPTH = 16
#: Longest text of a message that had to be mended.
MAX_TEXT = 1_000_000
_WHOLE = 2**63


class Out(NamedTuple):
    """A named message to a session."""

    session: Any
    name: str
    value: Any
    options: dict[str, Any]


class Echo(NamedTuple):
    """Whether a session's client shows what is typed."""

    session: Any
    visible: bool


class State(NamedTuple):
    """A session is somebody else now."""

    session: Any


class Closing(NamedTuple):
    """A session is to end."""

    session: Any
    reason: str


class Finished(NamedTuple):
    """A line of a session has been worked on."""

    sessid: int
    seq: int


def frame_of(items: Iterable[Any]) -> list[Any]:
    """The messages that say what `items` say."""
    frame = _Frame()
    for item in items:
        try:
            frame.add(item)
        except Exception:  # boundary of user code: one odd value must not take with it what others were sent
            logger.exception("a message to %r cannot be made", getattr(item, "session", None))
    return frame.messages()


class _Frame:
    """The messages of a frame, as they gather."""

    __slots__ = ("closing", "done", "prompts", "said", "states")

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.states: dict[int, Any] = {}
        self.done: list[tuple[int, int]] = []
        self.closing: list[Close] = []
        self.prompts: list[Prompt] = []

    def add(self, item: Any) -> None:
        """Take in one item."""
        match item:
            case Out(session, "text", value, options):
                _add_text(self.said, session.sessid, value, options)
            case Out(session, "prompt", value, options):
                text, given = _text_and_options(value)
                self.prompts.append(Prompt([session.sessid], text, _plain_dict({**options, **given})))
            case Out(session, name, value, _):
                args, kwargs = arguments_of(value)
                self.said.append(OobOut([session.sessid], name, args, kwargs))
            case Finished(sessid, seq):
                self.done.append((sessid, seq))
            case State(session):
                self.states[session.sessid] = session
            case Echo(session, visible):
                self.said.append(EchoInput(session.sessid, bool(visible)))
            case Closing(session, reason):
                self.closing.append(Close(session.sessid, str(reason)))
                self.states.pop(session.sessid, None)

    def messages(self) -> list[Any]:
        """All of them, in the order in which they are sent."""
        messages = [*self.said, *self.prompts]
        messages += self._states()
        if self.done:
            messages.append(Done(self.done))
        return messages + self.closing

    def _states(self) -> list[SessionState]:
        told: list[SessionState] = []
        for session in self.states.values():
            try:
                if not session.is_closing:
                    told.append(SessionState(session.record()))
            except Exception:  # boundary of user code: the game keeps something with the session that is no plain data
                logger.exception("the gateway cannot be told who %r is", session)
        return told


def sendable(message: Any) -> Any:
    """The message with what no frame can hold replaced, and what is too long cut."""
    return msgspec.structs.replace(
        message, **{name: _sendable(getattr(message, name)) for name in message.__struct_fields__}
    )


def _sendable(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        text = value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}\n(…)"
        return text.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return value if -_WHOLE <= value < 2 * _WHOLE else _digits(value)
    if isinstance(value, msgspec.Struct):
        return sendable(value)
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {_sendable(key): _sendable(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_sendable(one, depth + 1) for one in value]
    return _sendable(str(value))


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no number of many thousand digits
        return "(a very large number)"


def _add_text(messages: list[Any], sessid: int, value: Any, options: dict[str, Any]) -> None:
    text, given = _text_and_options(value)
    if not text:
        return
    if options or given:
        given = _plain_dict({**options, **given})
    kind = given.pop("type", "")
    kind = kind if isinstance(kind, str) else ""
    last = messages[-1] if messages else None
    if type(last) is Text and last.text == text and last.kind == kind and last.options == given:
        last.sessids.append(sessid)
        return
    messages.append(Text([sessid], text, kind, given))


def _text_and_options(value: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if isinstance(value, tuple | list):
        text = value[0] if value else ""
        given = value[1] if len(value) > 1 and isinstance(value[1], dict) else {}
        return text if isinstance(text, str) else str(text), dict(given)
    return str(value), {}


def arguments_of(value: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a named message, from the shapes in which it may be given."""
    if value is None:
        return [], {}
    if isinstance(value, dict):
        return [], _plain_dict(value)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], dict):
        first = value[0]
        args = list(first) if isinstance(first, list | tuple) else [first]
        return [plain_value(one) for one in args], _plain_dict(value[1])
    if isinstance(value, list | tuple):
        return [plain_value(one) for one in value], {}
    return [plain_value(value)], {}


def _plain_dict(values: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    return {str(key): plain_value(value, depth + 1) for key, value in values.items()}


def plain_value(value: Any, depth: int = 0) -> Any:
    """`value` as what a client can be sent; stored entities become their text, and what is nested too deep None."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "_meta"):
        return str(value)
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return _plain_dict(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(one, depth + 1) for one in value]
    return str(value)
