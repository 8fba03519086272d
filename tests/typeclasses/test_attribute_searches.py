from __future__ import annotations

import pytest

from perdure.errors import (
    UnknownLookup,
)
from perdure.objects.models import ObjectDB
from perdure.typeclasses.nicks import NickHandler
from tests.typeclasses.furniture import MgrChair, MgrRock, MgrWatcher
from tests.typeclasses.making import keys, make

pytestmark = pytest.mark.django_db


# --- attributes


@pytest.fixture
def valued(db):
    """Objects with an attribute `v` of values that are easily mistaken for each other."""
    values = {"zero": 0, "one": 1, "true": True, "false": False, "none": None, "empty": "", "text": "1", "float": 1.5}
    objects = {key: make(MgrRock, key, {"v": value}) for key, value in values.items()}
    objects["without"] = make(MgrRock, "without")
    return objects


@pytest.mark.defect("M-8")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, ["zero"]),
        (1, ["one"]),
        (1.0, ["one"]),
        (True, ["true"]),
        (False, ["false"]),
        (None, ["none"]),
        ("", ["empty"]),
        ("1", ["text"]),
        (1.5, ["float"]),
        (2, []),
    ],
)
def test_every_value_can_be_searched(valued, value, expected):
    assert keys(ObjectDB.objects.get_by_attribute("v", value=value)) == expected
    assert [a.owner.db_key for a in ObjectDB.objects.get_attribute("v", value=value)] == expected


@pytest.mark.defect("M-8")
def test_a_value_that_is_left_out_is_any(valued):
    assert ObjectDB.objects.get_by_attribute("v").count() == 8
    assert ObjectDB.objects.get_attribute("v").count() == 8


@pytest.mark.defect("M-7")
def test_an_owner_is_found_once(db):
    owner = make(MgrRock, "owner")
    owner.attributes.add("v", 1)
    owner.attributes.add("v", 1, category="c")
    owner.attributes.add("w", 1)
    assert keys(ObjectDB.objects.get_by_attribute("v")) == ["owner"]
    assert keys(ObjectDB.objects.get_by_attribute(value=1)) == ["owner"]


@pytest.mark.defect("M-9")
def test_containers_compare_by_what_they_hold(db):
    friend = make(MgrRock, "friend")
    owner = make(MgrRock, "owner", {"d": {"a": 1, "b": [2]}, "s": {"x", "y"}, "l": [friend, 1], "n": friend})
    friend.db.visited = True
    search = ObjectDB.objects.get_by_attribute
    assert keys(search("d", value={"b": [2], "a": True})) == ["owner"]
    assert keys(search("d", value=owner.db.d)) == ["owner"]
    assert keys(search("s", value={"y", "x"})) == ["owner"]
    assert keys(search("l", value=[friend, 1])) == ["owner"]
    assert keys(search("n", value=friend)) == ["owner"]
    assert not search("d", value={"a": 1})


def test_a_value_that_cannot_be_stored_is_an_error(db):
    with pytest.raises(UnknownLookup, match="cannot be stored"):
        ObjectDB.objects.get_by_attribute("v", value=object())


@pytest.mark.defect("M-11")
def test_attribute_keys_do_not_mind_the_case(valued):
    valued["zero"].attributes.add("Weight", 5, category="Stats")
    assert keys(ObjectDB.objects.get_by_attribute(" WEIGHT ", category="STATS")) == ["zero"]
    assert [a.db_key for a in ObjectDB.objects.get_attribute("WEIGHT")] == ["weight"]


def test_a_category_of_none_is_any_and_a_blank_one_is_none(db):
    make(MgrRock, "plain", {"v": 1})
    make(MgrRock, "filed").attributes.add("v", 1, category="c")
    assert keys(ObjectDB.objects.get_by_attribute("v").order_by("pk")) == ["plain", "filed"]
    assert keys(ObjectDB.objects.get_by_attribute("v", category="")) == ["plain"]
    assert keys(ObjectDB.objects.get_by_attribute("v", category="c")) == ["filed"]


def test_criteria_apply_to_one_attribute(db):
    owner = make(MgrRock, "owner", {"a": 1, "b": 2})
    assert keys(ObjectDB.objects.get_by_attribute("a", value=1)) == ["owner"]
    assert not ObjectDB.objects.get_by_attribute("a", value=2)
    owner.attributes.add("a", 2, category="c")
    assert not ObjectDB.objects.get_by_attribute("a", category="c", value=1)


def test_plain_strings_beside_the_value(db):
    owner = make(MgrRock, "owner")
    owner.attributes.add("title", "Sir", strattr=True)
    assert keys(ObjectDB.objects.get_by_attribute("title", strvalue="Sir", value="ignored")) == ["owner"]
    assert not ObjectDB.objects.get_by_attribute("title", strvalue="sir")
    assert not ObjectDB.objects.get_by_attribute("title", value=None)


def test_blank_keys_match_nothing(valued):
    assert not ObjectDB.objects.get_by_attribute("")
    assert not ObjectDB.objects.get_attribute("  ", value=1)
    assert not ObjectDB.objects.get_by_nick("")
    assert not ObjectDB.objects.get_nick("  ")


def test_attributes_of_one_object_and_of_one_class(valued):
    chair = make(MgrChair, "chair", {"v": 1})
    assert [a.owner for a in MgrChair.objects.get_attribute("v")] == [chair]
    assert [a.owner for a in ObjectDB.objects.get_attribute("v", obj=chair)] == [chair]
    assert not MgrRock.objects.get_attribute("v", obj=chair)
    assert not ObjectDB.objects.get_attribute("v", obj=make(MgrWatcher, "w"))
    assert ObjectDB.objects.get_attribute("v", obj=chair)[0].value == 1
    assert keys(MgrChair.objects.get_by_attribute("v", value=1)) == ["chair"]


def test_further_criteria_on_the_attribute(db):
    owner = make(MgrRock, "owner")
    owner.attributes.add("v", 1, lockstring="attrread:false()")
    make(MgrRock, "open", {"v": 1})
    assert keys(ObjectDB.objects.get_by_attribute("v", db_lock_storage__contains="attrread")) == ["owner"]


# --- nicks


@pytest.fixture
def nicked(db):
    """Owners of nicks, and of attributes of the same names."""
    first, second = make(MgrRock, "first"), make(MgrChair, "second")
    NickHandler(first).add("hi $1", "say Hello, $1")
    NickHandler(second).add("hi $1", "wave $1", category="channel")
    first.attributes.add("hi $1", "say Hello, $1")
    return first, second


@pytest.mark.defect("M-6")
def test_get_nick_gives_nicks_only(nicked):
    assert [(n.db_attrtype, n.owner.db_key) for n in ObjectDB.objects.get_nick("hi $1")] == [
        ("nick", "first"),
        ("nick", "second"),
    ]
    assert [n.owner.db_key for n in ObjectDB.objects.get_nick(value="wave $1")] == ["second"]
    assert [n.owner.db_key for n in ObjectDB.objects.get_nick(strvalue="wave $1")] == ["second"]
    assert [n.owner.db_key for n in ObjectDB.objects.get_nick(category="inputline")] == ["first"]
    assert [n.owner.db_key for n in MgrChair.objects.get_nick("HI $1")] == ["second"]
    assert not ObjectDB.objects.get_nick("hi $1", category="channel", obj=nicked[0])


@pytest.mark.defect("M-6")
def test_get_by_nick_finds_owners_by_the_replacement(nicked):
    assert keys(ObjectDB.objects.get_by_nick(nick="say Hello, $1")) == ["first"]
    assert keys(ObjectDB.objects.get_by_nick("hi $1")) == ["first"]
    assert keys(ObjectDB.objects.get_by_nick("hi $1", category="channel")) == ["second"]
    assert keys(ObjectDB.objects.get_by_nick("hi $1", category=None).order_by("pk")) == ["first", "second"]
    for near in ("say hello, $1", "Hello, $1", "say Hello, $", "", "%"):
        assert not ObjectDB.objects.get_by_nick(nick=near)


@pytest.mark.defect("M-6")
@pytest.mark.parametrize("replacement", ['say "quoted"', ',"x', "]}", "50% _ \\", "grüße ☃ \U0001f600", "tab\there"])
def test_a_replacement_is_found_whatever_is_in_it(db, replacement):
    owner, other = make(MgrRock, "owner"), make(MgrRock, "other")
    NickHandler(owner).add("a", replacement)
    NickHandler(other).add("a", f'x,"{replacement}')
    assert keys(ObjectDB.objects.get_by_nick("a", replacement)) == ["owner"]
    stored = NickHandler(owner).get("a", return_tuple=True)
    assert [n.owner.db_key for n in ObjectDB.objects.get_nick("a", value=stored)] == ["owner"]


def test_long_patterns_are_found(db):
    owner = make(MgrRock, "owner")
    NickHandler(owner).add("p" * 300, "short")
    assert keys(ObjectDB.objects.get_by_nick("p" * 300)) == ["owner"]
    assert not ObjectDB.objects.get_by_nick("p" * 299)
