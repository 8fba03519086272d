"""`set`, `wipe`, `cpattr` and `mvattr`."""

from __future__ import annotations

import datetime
from collections import deque
from decimal import Decimal

import pytest

# --- setting


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("5", 5),
        ("-2.5", -2.5),
        ("True", True),
        ("None", None),
        ("'text'", "text"),
        ("[1, 'a', {'b': (2, 3)}]", [1, "a", {"b": (2, 3)}]),
        ("{1, 2}", {1, 2}),
        ("set()", set()),
        ("date(2024, 2, 29)", datetime.date(2024, 2, 29)),
        ("timedelta(3)", datetime.timedelta(3)),
        ("Decimal('1.50')", Decimal("1.50")),
        ("b'ab'", b"ab"),
    ],
)
def test_a_value_is_a_python_literal(owner, small_world, typed, value):
    told = owner.type(f"set lamp/x = {typed}")
    found = small_world.lamp.db.x
    assert found == value
    assert isinstance(found, type(value))
    assert "taken as text" not in told


@pytest.mark.parametrize(
    "typed", ["hello there", "1 + 1", "it's", "__import__('os')", "open('x')", "10**10", "[1, 2", "lambda: 1"]
)
def test_what_is_no_literal_is_text_and_told(owner, small_world, typed):
    told = owner.type(f"set lamp/x = {typed}")
    assert small_world.lamp.db.x == typed
    assert "taken as text" in told


def test_a_value_that_cannot_be_made_changes_nothing(owner, small_world):
    told = owner.type("set lamp/x = date(2024, 13, 1)")
    assert "month" in told
    assert not small_world.lamp.attributes.has("x")


@pytest.mark.defect("V-37")
def test_several_attributes_are_set_at_once_and_each_is_told(owner, small_world):
    told = owner.type("set lamp/one/two = [1]")
    assert small_world.lamp.db.one == small_world.lamp.db.two == [1]
    small_world.lamp.db.one.append(2)
    assert small_world.lamp.db.two == [1]
    assert len(told.splitlines()) == 2


def test_a_category(owner, small_world):
    owner.type("set lamp/Oil:Fuel = 3")
    assert small_world.lamp.attributes.get("oil", category="fuel") == 3
    assert "= 3 (int)" in owner.type("set lamp/oil:fuel")
    assert "does not exist" in owner.type("set lamp/oil")


# --- showing


@pytest.mark.defect("V-37")
@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 (int)"), ("", "'' (str)"), (False, "False (bool)"), ([], "[] (list)"), (None, "None (NoneType)")],
)
def test_falsy_values_are_shown(owner, small_world, value, shown):
    small_world.lamp.db.x = value
    assert shown in owner.type("set lamp/x")
    assert shown in owner.type("set lamp")
    assert shown in owner.type("examine lamp/x")


def test_colour_codes_in_a_value_are_shown_and_not_obeyed(owner, small_world):
    small_world.lamp.db.x = "|rred|n"
    assert "|rred|n" in owner.type("set lamp/x")


def test_seeing_takes_examine(builder, small_world):
    small_world.lamp.db.secret = "zebra"
    small_world.lamp.locks.add("examine:false()")
    told = builder.type("set lamp/secret")
    assert "'examine'" in told
    assert "zebra" not in told


def test_locks_of_single_attributes_count(owner, builder, small_world):
    lamp = small_world.lamp
    lamp.locks.add(f"edit:id({builder.caller.pk})")
    lamp.attributes.add("pin", 1234, lockstring="attrread:false();attredit:false()")
    assert "1234" not in builder.type("set lamp/pin")
    assert "1234" not in builder.type("examine lamp")
    builder.type("set lamp/pin = 1")
    builder.type("set lamp/pin =")
    builder.type("wipe lamp/pin")
    builder.type("wipe lamp", answers=[True])
    assert lamp.attributes.get("pin") == 1234
    assert "1234" in owner.type("set lamp/pin")


# --- inside values


def test_inside_of_lists_and_dicts(owner, small_world):
    lamp = small_world.lamp
    owner.type("set lamp/x = {'Coins': [1, 2], 5: 'five', 'a/b:c': 0}")
    owner.type("set lamp/x[Coins][0] = 10")
    owner.type("set lamp/x[Coins][+] = 3")
    owner.type("set lamp/x[Coins][+0] = 0")
    owner.type("set lamp/x[5] = 'FIVE'")
    owner.type("set lamp/x['a/b:c'] = 1")
    owner.type("set lamp/x[new] = {}")
    assert lamp.db.x == {"Coins": [0, 10, 2, 3], 5: "FIVE", "a/b:c": 1, "new": {}}
    assert "= 10 (int)" in owner.type("set lamp/x[Coins][1]")
    owner.type("set lamp/x[Coins][-1] =")
    owner.type("set lamp/x[new] =")
    assert lamp.db.x == {"Coins": [0, 10, 2], 5: "FIVE", "a/b:c": 1}


@pytest.mark.parametrize(
    "line", ["x[9]", "x[9] = 1", "x[0][0] = 1", "x[a] = 1", "missing[0] = 1", "x[9] =", "x[0", "x[+]"]
)
def test_a_way_that_leads_nowhere_changes_nothing_and_is_told(owner, small_world, line):
    small_world.lamp.db.x = ["text"]
    assert owner.type(f"set lamp/{line}")
    assert small_world.lamp.db.x == ["text"]
    assert not small_world.lamp.attributes.has("missing")


# --- references


def test_references_to_what_one_may_edit(owner, small_world):
    owner.type(f"set lamp/place = $dbref({small_world.cellar.dbref})")
    assert small_world.lamp.db.place is small_world.cellar
    owner.type("set lamp/places = [$search(cellar), 'not $search(this)']")
    assert small_world.lamp.db.places == [small_world.cellar, "not $search(this)"]
    assert "Cellar(#" in owner.type("set lamp/places")


def test_a_reference_takes_edit_access_to_what_it_refers_to(builder, small_world):
    small_world.lamp.locks.add(f"edit:id({builder.caller.pk})")
    told = builder.type(f"set lamp/place = $dbref({small_world.cellar.dbref})")
    assert "may not refer to" in told
    assert not small_world.lamp.attributes.has("place")


@pytest.mark.parametrize("typed", ["$dbref(#99999)", "[$search(no such thing)]", "see $search(lamp)"])
def test_a_reference_that_is_none_is_never_text(owner, small_world, typed):
    owner.type(f"set lamp/place = {typed}")
    assert not small_world.lamp.attributes.has("place")


# --- targets


def test_accounts_scripts_and_channels(owner, builder, small_world):
    from perdure.create import create_channel, create_script
    from perdure.scripts.scripts import DefaultScript

    script, channel = create_script(DefaultScript, key="clock"), create_channel("public")
    owner.type("set *Bert/x = 1")
    owner.type("set/account Bert/y = 2")
    owner.type("set/script clock/x = 3")
    owner.type("set/channel public/x = 4")
    assert (builder.account.db.x, builder.account.db.y, script.db.x, channel.db.x) == (1, 2, 3, 4)


@pytest.mark.defect("V-37")
def test_a_failed_search_stops(owner):
    assert "Could not find" in owner.type("set nothing at all/x = 1")
    assert "no script" in owner.type("set/script nothing/x = 1")


def test_rooms_are_found_everywhere(owner, small_world):
    owner.type("set/room Cellar/x = 1")
    assert small_world.cellar.db.x == 1


def test_deleting(owner, small_world):
    small_world.lamp.db.x = 0
    owner.type("set lamp/x/y =")
    assert not small_world.lamp.attributes.has("x")


# --- wipe and the others


@pytest.mark.defect("V-36")
def test_wipe_asks_before_all_attributes_go(owner, small_world):
    lamp = small_world.lamp
    lamp.db.one, lamp.db.two = 1, 2
    lamp.attributes.add("three", 3, category="c")
    owner.type("wipe lamp/one")
    assert not lamp.attributes.has("one")
    owner.type("wipe lamp", answers=[False])
    assert lamp.db.two == 2
    owner.type("wipe lamp", answers=[True])
    assert lamp.attributes.all() == []


def test_cpattr_and_mvattr(owner, small_world):
    lamp, hall, cellar = small_world.lamp, small_world.hall, small_world.cellar
    lamp.db.oil, lamp.db.wick = [1], 2
    owner.type(f"cpattr lamp/oil/wick = {hall.dbref}, {cellar.dbref}/fuel")
    assert hall.db.oil == [1]
    assert hall.db.wick == 2
    assert cellar.db.fuel == [1]
    assert cellar.db.wick == 2
    hall.db.oil.append(2)
    assert lamp.db.oil == [1]
    owner.type(f"mvattr lamp/oil = {hall.dbref}/other")
    assert hall.db.other == [1]
    assert not lamp.attributes.has("oil")
    owner.caller.db.mine = 5
    owner.type("cpattr mine = lamp")
    assert lamp.db.mine == 5


def test_what_is_not_moved_everywhere_stays(owner, small_world):
    small_world.lamp.db.oil = 1
    told = owner.type(f"mvattr lamp/oil = {small_world.hall.dbref}, no such thing")
    assert small_world.lamp.db.oil == 1
    assert "keeps" in told


@pytest.mark.defect("V-37")
def test_sets_and_full_queues(small_world):
    lamp, owner = small_world.lamp, small_world.owner
    lamp.db.marks, lamp.db.last = {1, 2}, deque([1, 2], maxlen=2)
    assert "cannot be in a set" in owner.type("set lamp/marks[+] = [1]")
    assert "no 7 in this set" in owner.type("set lamp/marks[7] =")
    assert "deleted" in owner.type("set lamp/marks[1] =")
    for line in ("set lamp/last[+] = 3", "set lamp/last[+0] = 3"):
        assert "full" in owner.type(line)
    assert lamp.db.marks == {2}
    assert list(lamp.db.last) == [1, 2]
    assert "no key" in owner.type("set lamp/oil = {}") + owner.type("set lamp/oil[({{}})]")


@pytest.mark.defect("V-37")
def test_a_name_that_none_can_have_has_its_line_and_the_others_are_set(small_world):
    long = "x" * 300
    told = small_world.owner.type(f"set lamp/a/{long}/b = 1")
    assert len(told.splitlines()) == 3
    assert small_world.lamp.db.a == small_world.lamp.db.b == 1
