"""Named messages other than text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.server import messages, wire
from perdure.server.gateway.oob import Refused, flags_from_options, from_gmcp, from_json, to_gmcp, to_json


def test_a_message_is_a_name_and_values():
    assert from_json('["get_value", ["name"], {"a": 1}]', 4) == ("get_value", ["name"], {"a": 1})
    assert from_json('["echo", ["x"]]', 4) == ("echo", ["x"], {})
    assert from_json('["logout"]', 4) == ("logout", [], {})


@pytest.mark.defect("V-1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "{}",
        "[]",
        "[1]",
        '["__class__"]',
        '["a.b"]',
        '["text", "x"]',
        '["text", [], []]',
        '["text", [], {}, 1]',
        f'["{"a" * 65}"]',
        '["x", [[[[[[1]]]]]]]',
        '["x", ' + "[" * 5000 + "]" * 5000 + "]",
        f'["x", {json.dumps(list(range(3000)))}]',
        '["x", [1e999999999999999999999999999]]',
        '["x", [99999999999999999999999999]]',
        '["x", ["\\ud800"]]',
    ],
)
def test_what_is_not_let_through(text):
    with pytest.raises(Refused):
        from_json(text, 4)


@given(st.text() | st.binary())
def test_whatever_a_client_sends_is_refused_or_can_be_sent_on(text):
    for read in (from_json, from_gmcp):
        data = text if read is from_json else (text.encode("utf-8", "replace") if isinstance(text, str) else text)
        try:
            name, args, kwargs = read(data, 4)
        except Refused:
            continue
        wire.encode([messages.Oob(1, name, args, kwargs)])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(_JSON, _JSON)
def test_any_json_is_refused_or_can_be_sent_on(args, kwargs):
    text = json.dumps(["name", args, kwargs])
    try:
        message = from_json(text, 4)
    except Refused:
        return
    wire.encode([messages.Oob(1, *message)])


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'Char.Vitals {"hp": 3}', ("char_vitals", [], {"hp": 3})),
        (b"Core.Ping", ("ping", [], {})),
        (b"Core.Ping 120", ("ping", [120], {})),
        (b'Core.Hello { "client": "Mudlet", "version": "4" }', ("hello", [], {"client": "Mudlet", "version": "4"})),
        (b"Room.Look [1, 2]", ("room_look", [1, 2], {})),
        (b'Room.Look [[1, 2], {"a": 3}]', ("room_look", [1, 2], {"a": 3})),
        (b"Char.Value.Get", ("get_value", [], {})),
        (b"Core.Supports.Get", ("client_options", [], {})),
    ],
)
def test_gmcp_in(payload, message):
    assert from_gmcp(payload, 4) == message


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        (("foo_bar", [1], {}), b"Foo.Bar 1"),
        (("foo", [], {"a": 1}), b'Core.Foo {"a":1}'),
        (("foo", [1, 2], {}), b"Core.Foo [1,2]"),
        (("foo", [1], {"a": 2}), b'Core.Foo [[1],{"a":2}]'),
        (("get_value", [], {}), b"Char.Value.Get"),
        (("client_options", [], {"ansi": True}), b'Core.Supports.Get {"ansi":true}'),
    ],
)
def test_gmcp_out(message, payload):
    assert to_gmcp(*message) == payload


def test_json_out():
    assert json.loads(to_json("text", ["<b>"], {"type": "say"})) == ["text", ["<b>"], {"type": "say"}]


@pytest.mark.defect("V-1")
def test_only_known_flags_of_known_types_come_out():
    options = {
        "client": "Mud\x1blet",
        "ansi": "on",
        "SCREENWIDTH": 90,
        "screenheight": {"0": "40"},
        "xterm256": 1,
        "encoding": "UTF-8",
        "utf_8": True,
        "logged_in": True,
        "uid": 1,
        "mxp": [],
        "raw": "perhaps",
    }
    assert flags_from_options(options) == {
        "CLIENTNAME": "Mudlet",
        "ANSI": True,
        "SCREENWIDTH": 90,
        "SCREENHEIGHT": 40,
        "XTERM256": True,
        "ENCODING": "utf-8",
        "UTF-8": True,
    }
    assert flags_from_options({"encoding": "utf-7", "screenwidth": 10**9, "screenheight": -1}) == {}
