"""From what a tick has sent to the messages of its frame."""

from __future__ import annotations

from typing import Any

from perdure.server.messages import Close, Done, EchoInput, OobOut, Prompt, SessionRecord, SessionState, Text
from perdure.server.world.output import Closing, Echo, Finished, Out, State, arguments_of, frame_of


class Session:
    """As much of a session as a frame needs."""

    is_closing = False

    def __init__(self, sessid: int) -> None:
        self.sessid = sessid

    def record(self) -> SessionRecord:
        return SessionRecord(self.sessid, "telnet", "127.0.0.1", {}, 0.0, uname=f"p{self.sessid}")


ANNA, BERT = Session(1), Session(2)


def test_a_text_for_several_in_a_row_is_one_message() -> None:
    frame = frame_of([Out(ANNA, "text", "hi", {}), Out(BERT, "text", "hi", {}), Out(ANNA, "text", "ho", {})])
    assert frame == [Text([1, 2], "hi"), Text([1], "ho")]


def test_an_empty_text_is_not_sent() -> None:
    assert frame_of([Out(ANNA, "text", value, {}) for value in ("", (), [], ("", {"type": "look"}))]) == []


def test_texts_of_one_session_keep_their_order() -> None:
    frame = frame_of([Out(ANNA, "text", "a", {}), Out(ANNA, "text", "b", {}), Out(BERT, "text", "a", {})])
    assert [(message.sessids, message.text) for message in frame] == [([1], "a"), ([1], "b"), ([2], "a")]


def test_the_kind_of_a_text_is_taken_out_of_its_options() -> None:
    frame = frame_of([Out(ANNA, "text", ("hello", {"type": "say", "raw": True}), {"nocolor": True})])
    assert frame == [Text([1], "hello", "say", {"nocolor": True, "raw": True})]


def test_prompts_come_after_all_text_and_acknowledgements_last_but_for_closing() -> None:
    frame = frame_of(
        [
            Out(ANNA, "prompt", "HP 3>", {}),
            Finished(1, 7),
            Closing(BERT, "bye"),
            State(ANNA),
            Out(ANNA, "text", "ouch", {}),
            State(ANNA),
            Echo(ANNA, False),
        ]
    )
    kinds = [type(message) for message in frame]
    assert kinds == [Text, EchoInput, Prompt, SessionState, Done, Close]
    assert frame[4] == Done([(1, 7)])


def test_a_session_that_ends_is_not_told_who_it_is() -> None:
    assert frame_of([State(ANNA), Closing(ANNA, "")]) == [Close(1, "")]


def test_named_messages_take_the_documented_shapes() -> None:
    cases: list[tuple[Any, Any]] = [
        (None, ([], {})),
        (5, ([5], {})),
        ("x", (["x"], {})),
        ([1, 2], ([1, 2], {})),
        ({"a": 1}, ([], {"a": 1})),
        ((1, {"a": 2}), ([1], {"a": 2})),
        (([1, 2], {"a": 2}), ([1, 2], {"a": 2})),
    ]
    for given, expected in cases:
        assert arguments_of(given) == expected


def test_what_is_no_plain_value_is_sent_as_its_text() -> None:
    assert frame_of([Out(ANNA, "vitals", {"hp": 5, "who": Session, 3: {1}}, {})]) == [
        OobOut([1], "vitals", [], {"hp": 5, "who": str(Session), "3": [1]})
    ]
