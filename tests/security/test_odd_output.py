"""Whatever a game sends, the frame reaches the gateway, the link stays, and nobody else loses what they were sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from perdure.server.messages import Done, FromWorld, SessionState, Text
from perdure.server.wire import FrameReader, encode
from perdure.testing.world import Player, TestWorld

pytestmark = pytest.mark.django_db(transaction=True)


class Mute:
    """Cannot be written."""

    def __str__(self) -> str:
        raise ValueError("no words")

    __repr__ = __str__


def endless() -> list[Any]:
    """Contains itself."""
    values: list[Any] = []
    values.append(values)
    return values


def deep(depth: int) -> list[Any]:
    """Lists in lists."""
    values: list[Any] = []
    for _ in range(depth):
        values = [values]
    return values


ODD: dict[str, Callable[[], Any]] = {
    "half of a character": lambda: "\ud800 said",
    "a number of many bits": lambda: 2**70,
    "a number of very many bits": lambda: 10**6000,
    "no number": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "bytes": lambda: b"\xff\x00",
    "a list in itself": endless,
    "deep lists": lambda: deep(900),
    "very deep lists": lambda: deep(5000),
    "a dict with odd keys": lambda: {1: 2, None: 3, "\udfff": 4, (1, 2): 5},
    "what cannot be written": Mute,
    "an error": lambda: ValueError("\ud800"),
    "a set": lambda: {1, "a", None},
    "nothing": lambda: None,
    "a tuple": lambda: ("x", {"type": 5, "y": object()}, "z"),
}


@pytest.fixture
def gateway(world: TestWorld) -> list[Any]:
    """What the gateway reads of the frames that this world writes."""
    heard: list[Any] = []
    reader = FrameReader(FromWorld)
    original = world.world._send

    def send(messages: list[Any]) -> None:
        frame = encode(messages)
        for frame_heard in reader.feed(frame):
            heard.extend(frame_heard)
        original(messages)

    world.world._send = send
    return heard


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("way", ["text", "options", "named", "arguments", "prompt", "data", "reason", "flags"])
def test_an_odd_value_spoils_nothing_but_itself(world: TestWorld, gateway: list[Any], kind: str, way: str) -> None:
    anna, bert = world.player("anna"), world.player("bert")
    value = ODD[kind]()

    def send() -> None:
        bert.session.data_out(text="before")
        session = anna.session
        match way:
            case "text":
                session.data_out(text=value)
            case "options":
                session.data_out(text=("words", {"odd": value}))
            case "named":
                session.data_out(news=([], {"odd": value}))
            case "arguments":
                session.data_out(news=[value, value])
            case "prompt":
                session.data_out(prompt=(value, {"odd": value}))
            case "data":
                session.server_data["odd"] = value
                session.changed()
            case "flags":
                session.protocol_flags[value if isinstance(value, int | str | bytes | float) else "ODD"] = value
                session.changed()
            case "reason":
                session.disconnect(value)
        bert.session.data_out(text="after")

    world.loop.submit(send)
    world.run()
    assert "before" in bert.text()
    texts = [message for message in gateway if isinstance(message, Text)]
    heard = [message.text for message in texts if message.sessids == [bert.record.sessid]]
    told = [message for message in heard if message in ("before", "after")]
    if way != "reason" or kind != "what cannot be written":  # who disconnects with that is told so by an error
        assert told == ["before", "after"]
    assert "Room" in bert.send("look")
    assert any(isinstance(message, Done) for message in gateway)


def test_who_somebody_is_is_told_though_their_data_are_odd(world: TestWorld, gateway: list[Any]) -> None:
    anna = world.player("anna")

    def change() -> None:
        anna.session.server_data.update({5: {1, 2}, "\ud800": "\ud800", "kept": [1, {"a": 2}]})
        anna.session.changed()

    gateway.clear()
    world.loop.submit(change)
    world.run()
    states = [message for message in gateway if isinstance(message, SessionState)]
    assert states[-1].session.data["kept"] == [1, {"a": 2}]
    assert states[-1].session.uname == "anna"


def test_a_text_without_end_is_cut(world: TestWorld, gateway: list[Any]) -> None:
    anna, bert = world.player("anna"), world.player("bert")

    def send() -> None:
        anna.session.data_out(text="x" * 70_000_000)
        bert.session.data_out(text="for bert")

    world.loop.submit(send)
    world.run()
    texts = {message.sessids[0]: message.text for message in gateway if isinstance(message, Text)}
    assert 100_000 < len(texts[anna.record.sessid]) < 2_000_000
    assert texts[bert.record.sessid] == "for bert"


@pytest.mark.parametrize("code", ["exit()", "raise GeneratorExit", "quit(3)"])
def test_python_of_developers_does_not_end_the_world(world: TestWorld, code: str) -> None:
    owner: Player = world.player("owner", superuser=True)
    said = owner.send(f"py {code}")
    assert said
    assert "Room" in owner.send("look")
