"""From what a tick has sent to the messages of one frame.

Contract: items go in as they were sent and come out as messages in the same order; a text that goes to several sessions
in a row is one message for all of them. What a session is now is told once, however often it changed, and last of all
it is said which lines are done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from perdure.server.messages import Close, Done, EchoInput, OobOut, Prompt, SessionState, Text

__all__ = ["Closing", "Echo", "Finished", "Out", "State", "arguments_of", "frame_of", "plain_value"]


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
    messages: list[Any] = []
    states: dict[int, Any] = {}
    done: list[tuple[int, int]] = []
    closing: list[Close] = []
    prompts: list[Prompt] = []
    for item in items:
        match item:
            case Out(session, "text", value, options):
                _add_text(messages, session.sessid, value, options)
            case Out(session, "prompt", value, options):
                text, given = _text_and_options(value)
                prompts.append(Prompt([session.sessid], text, _plain_dict({**options, **given})))
            case Out(session, name, value, _):
                args, kwargs = arguments_of(value)
                messages.append(OobOut([session.sessid], name, args, kwargs))
            case Finished(sessid, seq):
                done.append((sessid, seq))
            case State(session):
                states[session.sessid] = session
            case Echo(session, visible):
                messages.append(EchoInput(session.sessid, visible))
            case Closing(session, reason):
                closing.append(Close(session.sessid, reason))
                states.pop(session.sessid, None)
    messages += prompts
    messages += [SessionState(session.record()) for session in states.values() if not session.is_closing]
    if done:
        messages.append(Done(done))
    return messages + closing


def _add_text(messages: list[Any], sessid: int, value: Any, options: dict[str, Any]) -> None:
    text, given = _text_and_options(value)
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


def _plain_dict(values: dict[str, Any]) -> dict[str, Any]:
    return {str(key): plain_value(value) for key, value in values.items()}


def plain_value(value: Any) -> Any:
    """`value` as what a client can be sent; stored entities become their text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "_meta"):
        return str(value)
    if isinstance(value, dict):
        return _plain_dict(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(one) for one in value]
    return str(value)
