"""Whatever can be stored comes back exactly as it was."""

from __future__ import annotations

import json
from collections import deque
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from perdure.errors import UnreadableValue
from perdure.values import (
    Encoded,
    TrackedDict,
    TrackedList,
    adopt,
    comparison_key,
    decode,
    encode,
    plain,
    references_in,
)
from tests.values.fakes import CountingAnchor, Thing, containers, shape
from tests.values.strategies import THINGS, values


@given(values)
def test_every_value_comes_back_exactly(value):
    Thing.rows.update(_rows())
    anchor = CountingAnchor()
    before = shape(value)
    live = adopt(value, anchor, "value")
    assert shape(live) == before
    stored = encode(live)
    again = decode(stored.text, anchor)
    assert shape(again) == before
    assert encode(again) == stored, "one value has one text"
    assert shape(value) == before, "the caller's value was touched"
    for tree in (live, again):
        assert all(container._anchor is anchor for container in containers(tree))
    assert shape(plain(live)) == before
    assert not containers(plain(live))
    assert encode(value) == stored, "a plain value is encoded as the live one"
    assert comparison_key(value) == stored[1:4]
    assert set(stored.references) == {fake.pk and ("objects.objectdb", fake.pk) for fake in references_in(value)}
    assert (anchor.asked, anchor.told) == (0, 0)


def _rows():
    return {("objects.objectdb", thing.pk): thing for thing in THINGS}


@given(values)
def test_the_text_is_json_that_any_reader_reads_exactly(value):
    text = encode(value).text

    def whole_number(digits: str) -> int:
        assert abs(int(digits)) < 2**53
        return int(digits)

    json.loads(text, parse_int=whole_number, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert "\0" not in text


def test_plain_data_stays_plain_json():
    assert encode({"b": [1, 2.0, None, True], "a": "é"}).text == '{"b":[1,2.0,null,true],"a":"é"}'
    assert encode(1.0).text == "1.0"
    assert encode(-0.0).text == "-0.0"
    assert encode((1, "a")).text == '{"~tuple":[1,"a"]}'
    assert encode({3, 1, 2}).text == '{"~set":[1,2,3]}'
    assert encode(2**53).text == '{"~int":"9007199254740992"}'
    assert encode({"~x": 1}).text == '{"~dict":[["~x",1]]}'


def test_an_integer_too_long_to_print_is_kept(anchor):
    number = 10**5000 + 7  # Python refuses to write this one in decimal
    stored = encode([number, -number])
    assert decode(stored.text, anchor) == [number, -number]
    assert encode(number).number == float("inf")
    assert comparison_key([number]) != comparison_key([number + 1])


def test_scalars_have_their_columns():
    assert encode(5) == Encoded("5", "i", 5, None, ())
    assert encode(True) == Encoded("true", "b", 1, None, ())
    assert encode(None) == Encoded("null", "n", None, None, ())
    assert encode("a") == Encoded('"a"', "s", None, "a", ())
    assert encode(1.5) == Encoded("1.5", "i", 1.5, None, ())
    thing = Thing(77)
    assert encode(thing) == Encoded(
        '{"~ref":["objects.objectdb",77]}', "r", None, "objects.objectdb:77", (("objects.objectdb", 77),)
    )


@pytest.mark.defect("A-16")
def test_containers_of_every_kind_keep_their_type(anchor):
    stored = encode([range(3), frozenset({1}), deque([1, 2], maxlen=2)])
    a, b, c = decode(stored.text, anchor)
    assert a == range(3)
    assert b == frozenset({1})
    assert type(b) is frozenset
    c.append(3)
    assert list(c) == [2, 3]


@pytest.mark.defect("A-18")
def test_user_data_is_never_taken_for_a_tag(anchor):
    for value in ({"~ref": ["objects.objectdb", 1]}, {"~tuple": [1]}, ["~ref", "objects.objectdb", 1], {"~nope": 1}):
        assert plain(decode(encode(value).text, anchor)) == value
    assert Thing.lookups == []


def test_zones_and_fold_are_kept():
    late = datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    back = decode(encode(late).text, None)
    assert (back.fold, back.tzinfo, back.utcoffset()) == (1, late.tzinfo, late.utcoffset())
    named = datetime(2024, 1, 1, tzinfo=timezone(late.utcoffset(), "CET"))
    assert decode(encode(named).text, None).tzname() == "CET"


def test_without_an_anchor_the_tree_is_free():
    tree = decode('{"a":[1]}', None)
    assert type(tree) is TrackedDict
    tree["a"].append(object())
    assert len(tree["a"]) == 2


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"~nope":[1]}', "~nope"),
        ('[{"~type":["game.Gone","X"]}]', r"register_value_type\(cls, name='game.Gone'\)"),
        ('{"~type":["test.colour","BLUE"]}', "BLUE"),
        ('{"~defaultdict":["mine",[]]}', r"register_factory\('mine'"),
        ('{"~decimal":"x"}', "damaged"),
        ('{"~datetime":"yesterday"}', "damaged"),
        ('{"~datetime":["2024-01-01T00:00:00","No/Where"]}', "damaged"),
        ('{"~set":[[1]]}', "damaged"),
        ('{"~tuple":"abc"}', "damaged"),
        ('{"~pattern":["(",0]}', "damaged"),
        ('{"~dict":[[1]]}', "damaged"),
        ('{"~ref":[1]}', "damaged"),
        ('{"~bytes":"###"}', "damaged"),
        ("[1", "damaged"),
        ("", "damaged"),
        ("nonsense", "damaged"),
        ("[" * 5000 + "]" * 5000, "damaged"),
    ],
)
@pytest.mark.defect("A-17")
def test_what_cannot_be_read_says_so_and_where(text, names, anchor):
    with pytest.raises(UnreadableValue, match=names) as caught:
        decode(text, anchor)
    assert "lamp(#5).db.inv" in str(caught.value)


@pytest.mark.defect("A-31")
def test_reading_runs_no_code_and_imports_nothing(anchor):
    import sys

    for text in (
        '{"~type":["os.system","true"]}',
        '{"~type":["this.module","x"]}',
        '{"~enum":["os.x",1]}',
        '{"py/object":"os.system"}',
    ):
        try:
            decode(text, anchor)
        except UnreadableValue:
            continue
        assert text.startswith('{"py')  # plain data to us
    assert "this" not in sys.modules


def test_all_references_of_a_value_are_resolved_with_one_lookup(anchor):
    first, second = THINGS[0], THINGS[1]
    Thing.rows.update(_rows())
    value = [first, {second: [first]}]
    assert plain(decode(encode(value).text, anchor)) == value
    assert Thing.lookups == [{("objects.objectdb", 1), ("objects.objectdb", 2)}]


@pytest.mark.parametrize("text", ['{"~nope":1}', "[", '{"~ref":[1,2,3]}', '{"~ref":5}', ""])
def test_damaged_text_is_unreadable(anchor, text):
    with pytest.raises(UnreadableValue):
        decode(text, anchor)


def test_a_tree_is_decoded_into_tracked_containers(anchor):
    tree = decode('{"a":[{"~tuple":[[1]]}]}', anchor)
    inner = tree["a"][0][0]
    assert type(inner) is TrackedList
    inner.append(2)
    assert anchor.told == 1
    assert encode(tree).text == '{"a":[{"~tuple":[[1,2]]}]}'
