"""`obj.attributes`, `obj.db` and `obj.ndb` on stored objects: handlers, memory and rows in step."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict, defaultdict, deque
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, connection

from perdure.errors import (
    AttributeMissing,
    DeletedObject,
    DetachedContainer,
    InvalidKey,
    LockException,
    ReadOnlyProperty,
    UnreadableValue,
    UnsavedObject,
    UnstorableValue,
)
from perdure.objects.models import ObjectAttribute, ObjectDB
from perdure.transactions import transaction
from tests.typeclasses.making import make, statements

pytestmark = pytest.mark.django_db


class AttrBox(ObjectDB):
    """Something with attributes."""


class AttrPerson(ObjectDB):
    """Somebody who asks for them; no superuser, no permissions."""

    account = None
    is_superuser = False


@pytest.fixture
def box(db):
    return make(AttrBox, "box")


@pytest.fixture
def person(db):
    return make(AttrPerson, "person")


def again(obj):
    """The object, with its attributes read from the database."""
    obj.attributes.reset_cache()
    return obj


def rows(obj):
    """What the database has: {(category, key): text of the value}."""
    found = ObjectAttribute.objects.filter(owner_id=obj.pk).values_list("db_category", "db_key", "db_value")
    return {(category, key): text for category, key, text in found}


def writes(captured):
    """The statements that change something."""
    return [one["sql"] for one in captured if one["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]


# --- keys and categories


@pytest.mark.defect("A-1")
def test_has_tells_for_one_key_for_several_and_for_a_category(box):
    box.attributes.add("hp", 0)
    box.attributes.add("mood", None, category="mind")
    assert box.attributes.has("hp") is True
    assert box.attributes.has("nosuch") is False
    assert box.attributes.has(["hp", "nosuch"]) == [True, False]
    assert box.attributes.has(None) is True
    assert box.attributes.has(category="mind") is True
    assert box.attributes.has(category="nosuch") is False
    assert box.attributes.has("mood") is False
    assert box.nattributes.has("nosuch") is False


@pytest.mark.defect("A-2")
@pytest.mark.parametrize("blank", ["", "   ", "\t\n"])
def test_removing_a_blank_key_is_refused_and_removes_nothing(box, blank):
    box.db.hp, box.db.gold = 1, 2
    with pytest.raises(InvalidKey, match="blank"):
        box.attributes.remove(blank)
    with pytest.raises(InvalidKey, match="blank"):
        box.attributes.remove(["hp", blank])
    assert set(rows(box)) == {(None, "hp"), (None, "gold")}


@pytest.mark.defect("A-2")
def test_removing_an_empty_list_removes_nothing(box):
    box.db.hp = 1
    box.attributes.remove([])
    assert rows(box) == {(None, "hp"): "1"}


@pytest.mark.defect("A-3")
def test_keys_and_categories_are_never_run_together(box):
    box.attributes.add("a", 1, category="b-c")
    box.attributes.add("x", 2, category="a-b")
    assert box.attributes.get("a-b", category="c") is None
    assert box.attributes.get("c", category="a-b") is None
    assert box.attributes.get(category="b") is None
    assert box.attributes.get(category="a-b") == 2
    assert again(box).attributes.get("a", category="b-c") == 1
    box.attributes.add("a-b", 3, category="c")
    assert (box.attributes.get("a", category="b-c"), box.attributes.get("a-b", category="c")) == (1, 3)


@pytest.mark.defect("A-4")
def test_clearing_after_a_question_for_something_missing(box, person):
    box.attributes.add("hp", 1)
    box.attributes.add("mood", 2, category="mind")
    box.attributes.all()
    assert box.attributes.get("miss") is None
    assert box.attributes.get("miss", category="mind") is None
    box.attributes.clear(category="mind")
    assert set(rows(box)) == {(None, "hp")}
    box.attributes.clear(accessing_obj=person)
    assert rows(box) == {}


@pytest.mark.defect("A-33")
@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_key_is_refused_and_overwrites_nothing(box, blank):
    with pytest.raises(InvalidKey, match="blank"):
        box.attributes.add(blank, 99)
    assert rows(box) == {}
    box.db.foo = 1
    with pytest.raises(InvalidKey, match="blank"):
        box.attributes.add(blank, 99)
    with pytest.raises(InvalidKey, match="blank"):
        box.attributes.batch_add(("bar", 2), (blank, 99))
    with pytest.raises(InvalidKey, match="blank"):
        box.attributes.get(blank)
    assert rows(box) == {(None, "foo"): "1"}


@pytest.mark.parametrize("key", [None, 1.5, b"hp", object(), "x" * 256])
def test_keys_that_are_no_names_are_refused(box, key):
    with pytest.raises(InvalidKey):
        box.attributes.add(key, 1)
    assert rows(box) == {}


def test_keys_and_categories_are_kept_in_lower_case_without_blanks_around(box):
    box.attributes.add(" Hit Points ", 5, category=" Body ")
    assert box.attributes.get("hit points", category="body") == 5
    assert box.attributes.get("HIT POINTS", category="BODY") == 5
    assert rows(box) == {("body", "hit points"): "5"}
    box.db.HP = 1
    assert box.db.hp == box.db.Hp == 1


def test_a_blank_category_is_no_category(box):
    box.attributes.add("hp", 1, category="")
    assert box.attributes.get("hp") == 1
    assert again(box).attributes.get("hp", category="  ") == 1
    assert rows(box) == {(None, "hp"): "1"}


# --- documented calls


def test_the_shapes_of_get(box):
    box.attributes.batch_add(("a", 1), ("b", 2), ("c", None), ("z", 0, "low"))
    get = box.attributes.get
    assert get("a") == 1
    assert get(["a", "b"]) == [1, 2]
    assert get(["a", "nosuch"]) == 1
    assert get("nosuch", default=7) == 7
    assert get("c", default=7) is None
    assert get("z", category="low", default=7) == 0
    assert get("nosuch", return_list=True) == []
    assert get("nosuch", default=7, return_list=True) == [7]
    assert get("a", return_list=True) == [1]
    assert get() == [1, 2, None]
    assert get(category="low") == 0
    assert get("a", return_obj=True).key == "a"
    assert get("nosuch", default=7, return_obj=True) is None
    assert [one and one.key for one in get(["a", "nosuch"], return_obj=True)] == ["a", None]
    with pytest.raises(AttributeMissing, match="nosuch"):
        get("nosuch", default=7, raise_exception=True)


def test_a_string_kept_beside_the_value(box):
    box.attributes.add("motto", "dum spiro", strattr=True)
    assert again(box).attributes.get("motto", strattr=True) == "dum spiro"
    assert box.attributes.get("motto") is None
    box.attributes.add("motto", "spero")
    assert again(box).attributes.get("motto", strattr=True) is None
    assert box.attributes.get("motto") == "spero"


def test_remove_is_silent_about_what_is_missing_unless_asked(box):
    box.db.hp = 1
    box.attributes.remove("nosuch")
    with pytest.raises(AttributeMissing, match="nosuch"):
        box.attributes.remove(["hp", "nosuch"], raise_exception=True)
    assert rows(box) == {(None, "hp"): "1"}
    box.attributes.remove(["hp", "nosuch"])
    assert rows(box) == {}


def test_all_lists_attribute_objects_by_id(box, person):
    box.attributes.batch_add(("z", 1), ("a", 2, "low"), ("m", 3, None, "attrread:false()"))
    assert [one.key for one in box.attributes.all()] == ["z", "a", "m"]
    assert [one.key for one in box.attributes.all(category="LOW")] == ["a"]
    assert [one.key for one in box.attributes.all(accessing_obj=person)] == ["z", "a"]
    assert [one.key for one in box.db.all] == ["z", "a", "m"]
    first = box.attributes.all()[0]
    assert (str(first), first.value, first.category, first.model) == (f"z({first.pk})", 1, None, "objectdb")
    assert box.attributes.all()[0] is first


def test_an_attribute_object_is_the_attribute(box):
    box.db.items = ["lamp"]
    row = box.attributes.get("items", return_obj=True)
    assert row.value is box.db.items
    row.value = ["keys"]
    assert box.db.items == ["keys"]
    row.value.append("food")
    assert rows(box) == {(None, "items"): '["keys","food"]'}
    del row.value
    assert box.db.items is None
    assert rows(box) == {}


def test_the_db_holder_answers_none_for_what_is_missing_and_nothing_for_python_itself(box):
    assert box.db.nosuch is None
    assert box.db.name is None
    assert box.db.attributes is None
    del box.db.nosuch
    with pytest.raises(AttributeError):
        _ = box.db.__deepcopy__
    with pytest.raises(ReadOnlyProperty, match="__"):
        box.db.__odd__ = 1
    box.db.all = "everything"
    assert box.db.all == "everything"
    del box.db.all
    assert box.db.all == []


@pytest.mark.defect("A-28")
def test_no_setting_makes_clear_or_ndb_fail(box, settings):
    settings.TYPECLASS_AGGRESSIVE_CACHE = False
    box.db.hp = 1
    box.ndb.visitor = visitor = object()
    assert box.ndb.visitor is visitor
    assert box.nattributes.get("visitor") is visitor
    box.attributes.clear()
    assert rows(box) == {}
    assert box.db.hp is None
    box.nattributes.clear()
    assert box.ndb.visitor is None


# --- memory and rows in step


@pytest.mark.defect("A-5")
@pytest.mark.parametrize(
    "destroy",
    [
        lambda box: ObjectAttribute.objects.filter(owner=box, db_key="hp").delete(),
        lambda box: box.attributes.get("hp", return_obj=True).delete(),
        lambda box: box.db_attributes.all().delete(),
        lambda box: box.db_attributes.filter(db_key="hp").delete(),
    ],
    ids=["queryset", "row", "all of the owner", "some of the owner"],
)
def test_rows_deleted_past_the_handler_are_gone_from_memory(box, destroy):
    box.db.hp = [1]
    held = box.db.hp
    destroy(box)
    assert box.db.hp is None
    assert box.attributes.has("hp") is False
    with pytest.raises(DetachedContainer, match=r"box\(#\d+\)\.db\.hp"):
        held.append(2)
    box.db.hp = 5
    assert rows(box) == {(None, "hp"): "5"}


@pytest.mark.defect("A-6")
def test_a_handler_made_before_the_first_save_serves_afterwards():
    box = AttrBox(db_key="early")
    handler, holder = box.attributes, box.db
    with pytest.raises(UnsavedObject):
        handler.add("hp", 1)
    with pytest.raises(UnsavedObject):
        holder.hp = 1
    box.save()
    handler.add("hp", 1)
    holder.gold = 2
    assert (handler.get("hp"), holder.gold) == (1, 2)
    assert again(box).attributes.get(["hp", "gold"]) == [1, 2]
    assert rows(box) == {(None, "hp"): "1", (None, "gold"): "2"}


@pytest.mark.defect("A-7")
def test_a_refused_write_leaves_memory_and_row_as_they_were(box):
    box.db.items = ["lamp"]
    held = box.db.items
    with pytest.raises(UnstorableValue, match=r"box\(#\d+\)\.db\.items is a builtins\.function"):
        box.db.items = lambda: None
    with pytest.raises(UnstorableValue, match=r"given to box\(#\d+\)\.db\.items, is a builtins\.object"):
        box.db.items.append(object())
    with pytest.raises(UnstorableValue, match=r"\.db\.new\['a'\]\[0\]"):
        box.db.new = {"a": [open]}
    assert box.db.items is held
    assert box.db.items == ["lamp"]
    assert rows(box) == {(None, "items"): '["lamp"]'}


@pytest.mark.defect("A-8")
def test_an_instance_that_changes_unseen_is_refused(box):
    class Purse:
        coins = 1

    with pytest.raises(UnstorableValue, match="Purse") as caught:
        box.db.purse = Purse()
    assert "register_value_type" in str(caught.value)
    assert rows(box) == {}


@pytest.mark.defect("A-9")
def test_a_list_in_a_tuple_is_saved_at_any_depth(box):
    box.db.pair = ([1], {"deep": ([2],)})
    box.db.pair[0].append(3)
    box.db.pair[1]["deep"][0].append(4)
    assert again(box).db.pair == ([1, 3], {"deep": ([2, 4],)})


@pytest.mark.defect("A-10")
def test_nested_writes_of_every_kind_are_saved(box):
    box.db.data = {}
    data = box.db.data
    data.setdefault("a", []).append(1)
    data.update({"b": [1]})
    data["b"].append(2)
    data["ordered"] = OrderedDict(x=[])
    data["ordered"]["x"].append(1)
    data["queue"] = deque([[]])
    data["queue"][0].append(1)
    data["count"] = Counter("aab")
    data["count"].update("b")
    expected = {
        "a": [1],
        "b": [1, 2],
        "ordered": OrderedDict(x=[1]),
        "queue": deque([[1]]),
        "count": Counter(a=2, b=2),
    }
    assert data == expected
    assert again(box).db.data == expected


@pytest.mark.defect("A-11")
def test_in_place_addition_keeps_the_containers_tie(box):
    box.db.items = [1]
    items = box.db.items
    items += [5]
    items.append(6)
    assert items is box.db.items
    assert again(box).db.items == [1, 5, 6]


@pytest.mark.defect("A-12")
def test_set_algebra_on_stored_sets(box):
    box.db.a, box.db.b = {1, 2}, {2, 3}
    a, b = box.db.a, box.db.b
    assert (a & b, a - b, a ^ b, a | b) == ({2}, {1}, {1, 3}, {1, 2, 3})
    assert ({1, 2} & b, {1, 2} - b, {1, 2} ^ b) == ({2}, {1}, {1, 3})
    a &= {2, 9}
    b.symmetric_difference_update({2, 7})
    assert box.db.a.pop() == 2
    assert (again(box).db.a, box.db.b) == (set(), {3, 7})
    box.db.d = {"a": 1}
    assert {"a": 0} | box.db.d == {"a": 1}


@pytest.mark.defect("A-13")
def test_asking_a_defaultdict_stores_nothing(box):
    box.db.seen = defaultdict(list, {"y": [1]})
    with statements() as captured:
        assert "x" not in box.db.seen
        assert box.db.seen.get("x") is None
    assert not captured.captured_queries
    box.db.seen["x"].append(1)
    assert again(box).db.seen == {"x": [1], "y": [1]}
    assert box.db.seen.default_factory is list


@pytest.mark.defect("A-14")
def test_stored_containers_have_every_method_of_their_kind(box):
    box.db.d, box.db.o, box.db.q, box.db.l = {"a": 1}, OrderedDict(a=1, b=2), deque([1]), [1]
    box.db.d |= {"b": 2}
    box.db.o.move_to_end("a")
    assert box.db.o.popitem(last=False) == ("b", 2)
    box.db.q.extend([2, 3])
    box.db.q.insert(0, 0)
    box.db.q += [2]
    box.db.l *= 2
    assert (box.db.q.index(2), box.db.q.count(2)) == (2, 2)
    assert list(reversed(box.db.d)) == ["b", "a"]
    assert (box.db.d.copy(), box.db.q.copy()) == ({"a": 1, "b": 2}, deque([0, 1, 2, 3, 2]))
    assert [0] + box.db.l == [0, 1, 1]  # noqa: RUF005 - it is the addition that is tested
    again(box)
    assert (box.db.d, box.db.o, box.db.q, box.db.l) == (
        {"a": 1, "b": 2},
        OrderedDict(a=1),
        deque([0, 1, 2, 3, 2]),
        [1, 1],
    )


@pytest.mark.defect("A-15")
def test_stored_containers_are_of_the_built_in_kinds(box):
    box.db.data = {"l": [1], "s": {1}, "t": (1,)}
    data = again(box).db.data
    assert isinstance(data, dict)
    assert isinstance(data["l"], list)
    assert isinstance(data["s"], set)
    assert json.dumps(data["l"]) == "[1]"


@pytest.mark.defect("A-16")
@pytest.mark.parametrize(
    "value",
    [
        Counter(a=2),
        frozenset({1, (2, 3)}),
        range(1, 9, 2),
        deque([1, 2], maxlen=2),
        OrderedDict(b=1, a=2),
        (1, [2], {"k": (3,)}),
        b"\x00\xff",
        3 + 4j,
        Decimal("1.10"),
        UUID(int=5),
        datetime(2024, 2, 29, 12, tzinfo=UTC),
        date(2024, 2, 29),
        timedelta(days=-1, microseconds=3),
        float("inf"),
        2**70,
        {1: "one", "1": "text", (1,): "tuple", None: "none"},
    ],
    ids=repr,
)
def test_what_is_stored_comes_back_as_it_was(box, value):
    box.db.value = value
    back = again(box).db.value
    assert back == value
    assert isinstance(back, type(value))
    if isinstance(value, deque):
        assert back.maxlen == value.maxlen


@pytest.mark.defect("A-16")
def test_a_circle_is_refused(box):
    circle: list = []
    circle.append(circle)
    with pytest.raises(UnstorableValue, match="contains itself"):
        box.db.circle = circle
    assert rows(box) == {}


@pytest.mark.defect("A-17")
def test_a_value_that_cannot_be_read_raises_and_is_kept(box):
    box.db.gem = 1
    text = '{"~type":["mods.gems.Gem",5]}'
    with connection.cursor() as cursor:
        cursor.execute("UPDATE objects_objectattribute SET db_value = %s, db_kind = 'x', db_number = NULL", [text])
    again(box)
    with pytest.raises(UnreadableValue, match=r"box\(#\d+\)\.db\.gem: .*mods\.gems\.Gem"):
        _ = box.db.gem
    with pytest.raises(UnreadableValue):
        box.db.gem = 2
    box.db.other = 1
    box.save()
    assert rows(box)[None, "gem"] == text
    box.attributes.remove("gem")
    box.db.gem = 2
    assert rows(box)[None, "gem"] == "2"


@pytest.mark.defect("A-18")
def test_a_users_data_that_looks_like_a_reference_is_data(box):
    shapes = [("__packed_dbobj__", ("objects", "objectdb"), "2024", 1), {"~ref": ["objects.objectdb", box.pk]}]
    box.db.shapes = shapes
    assert again(box).db.shapes == shapes


def test_references_resolve_to_the_live_object_at_any_depth(box, person):
    box.db.seen = {person: [(person, {person})]}
    seen = again(box).db.seen
    assert next(iter(seen)) is person
    assert seen[person][0][0] is person
    assert next(iter(seen[person][0][1])) is person
    assert list(person.referrers()) == [box]


@pytest.mark.defect("A-19")
def test_a_part_of_an_overwritten_value_cannot_write_it_back(box):
    box.db.d = {"k": [1]}
    part = box.db.d["k"]
    box.db.d = {"new": True}
    with pytest.raises(DetachedContainer, match="overwritten; read it again"):
        part.append(1)
    assert part == [1]
    assert again(box).db.d == {"new": True}


@pytest.mark.defect("A-20")
def test_a_container_put_into_another_attribute_is_a_copy_there(box):
    box.db.first = [1]
    box.db.second = {"list": box.db.first}
    box.db.second["list"].append(2)
    assert (box.db.first, box.db.second) == ([1], {"list": [1, 2]})
    again(box)
    assert (box.db.first, box.db.second) == ([1], {"list": [1, 2]})


def test_two_names_for_one_container_are_one_container(box):
    box.db.items = [1]
    first, second = box.db.items, box.db.items
    assert first is second
    first.append(2)
    assert second == [1, 2]


# --- cost


@pytest.mark.defect("A-21")
@pytest.mark.django_db(transaction=True)
def test_one_statement_to_make_to_change_and_to_remove_and_none_for_the_same_value(box):
    box.attributes.all()
    for change, kind in (
        (lambda: box.attributes.add("hp", 1), "INSERT"),
        (lambda: box.attributes.add("hp", 2), "UPDATE" if connection.vendor == "sqlite" else "INSERT"),
        (lambda: box.attributes.add("hp", "two"), "INSERT"),
        (lambda: box.attributes.remove("hp"), "DELETE"),
    ):
        with statements() as captured:
            change()
        assert [one["sql"].split()[0] for one in captured] == [kind]
    box.db.hp = 5
    with statements() as captured:
        box.db.hp = 5
        box.attributes.add("hp", 5)
    assert not captured.captured_queries
    box.db.hp = 5.0
    assert rows(box) == {(None, "hp"): "5.0"}


@pytest.mark.defect("A-22")
def test_many_attributes_are_written_in_one_statement(box):
    box.attributes.all()
    with statements() as captured:
        box.attributes.batch_add(*[(f"k{number}", number) for number in range(10)])
    assert len(writes(captured)) == 1
    assert len(rows(box)) == 10
    with statements() as captured:
        assert len(again(box).attributes.all()) == 10
    assert len(captured) == 2


@pytest.mark.defect("H-27")
@pytest.mark.defect("A-22")
def test_reading_from_many_cold_objects_costs_few_queries(db):
    for number in range(50):
        make(AttrBox, f"box{number}", {"hp": number})
    boxes = list(AttrBox.objects.order_by("id"))
    for box in boxes:
        box.attributes.reset_cache()
    boxes = list(AttrBox.objects.order_by("id"))
    with statements() as captured:
        assert [box.db.hp for box in boxes] == list(range(50))
    assert len(captured) <= 4


@pytest.mark.defect("A-32")
def test_a_big_value_is_built_once_and_written_once(box):
    box.db.big = [[number] for number in range(1000)]
    again(box)
    first = box.db.big
    with statements() as captured:
        assert box.db.big is first
        assert all(box.db.big[number] is first[number] for number in range(1000))
    assert not captured.captured_queries
    with transaction(), statements() as captured:
        for number in range(1000):
            box.db.big[number].append(number)
        assert not captured.captured_queries
    assert again(box).db.big == [[number, number] for number in range(1000)]


# --- locks


@pytest.mark.defect("A-23")
def test_overwriting_needs_the_attributes_own_lock(box, person):
    box.attributes.add("secret", 1, lockstring="attredit:false();attrread:false()")
    box.attributes.add("secret", 2, accessing_obj=person)
    assert box.db.secret == 1
    box.attributes.remove("secret", accessing_obj=person)
    box.attributes.clear(accessing_obj=person)
    assert box.db.secret == 1
    assert box.attributes.get("secret", default="no", accessing_obj=person) == "no"
    assert box.attributes.get("secret", return_obj=True, accessing_obj=person) is None
    assert box.attributes.get("nosuch", return_obj=True, accessing_obj=person) is None


@pytest.mark.defect("A-23")
def test_making_a_new_one_needs_the_owners_lock(box, person):
    box.locks.add("attrcreate:false()")
    box.attributes.add("new", 1, accessing_obj=person)
    assert rows(box) == {}
    box.locks.add("attrcreate:all()")
    box.attributes.add("new", 1, accessing_obj=person)
    assert rows(box) == {(None, "new"): "1"}


@pytest.mark.defect("A-23")
def test_a_lockstring_given_again_replaces_the_first(box):
    box.attributes.add("hp", 1, lockstring="attrread:false()")
    box.attributes.add("hp", 1, lockstring="attrread:all()")
    assert again(box).attributes.get("hp", return_obj=True).lock_storage == "attrread:all()"
    box.attributes.add("hp", 2)
    assert again(box).attributes.get("hp", return_obj=True).lock_storage == "attrread:all()"


@pytest.mark.defect("A-23")
def test_a_malformed_lockstring_is_refused_and_changes_nothing(box):
    box.db.hp = 1
    with pytest.raises(LockException, match="hp") as raised:
        box.attributes.add("hp", 2, lockstring="attrread:(all(")
    assert raised.value.position == len(raised.value.text) == 14
    with pytest.raises(LockException, match="mp"):
        box.attributes.batch_add(("hp", 2), ("mp", 3, None, "attrread"))
    assert rows(box) == {(None, "hp"): "1"}


# --- uniqueness


@pytest.mark.defect("A-29")
def test_one_row_for_one_key_whoever_writes_it(box):
    box.db.hp = 1
    with pytest.raises(IntegrityError), transaction():
        ObjectAttribute.objects.bulk_create([ObjectAttribute(owner=box, db_key="hp", db_value="2")])
    assert rows(box) == {(None, "hp"): "1"}


@pytest.mark.defect("A-29")
def test_a_row_that_another_process_made_first_is_overwritten_not_doubled(box):
    assert box.db.hp is None
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO objects_objectattribute (owner_id, db_key, db_category, db_attrtype, db_kind, db_value, "
            "db_lock_storage, db_date_created, db_version) VALUES (%s, 'hp', '', '', 'i', '1', '', %s, 1)",
            [box.pk, datetime(2024, 1, 1, tzinfo=UTC)],
        )
    box.db.hp = 2
    assert rows(box) == {(None, "hp"): "2"}
    box.attributes.remove("hp")
    assert again(box).db.hp is None


# --- undoing


def test_a_rollback_brings_back_values_and_containers(box):
    box.db.hp, box.db.items = 1, ["lamp"]
    with suppress(ZeroDivisionError), transaction():
        box.db.hp = 2
        box.db.items.append("keys")
        lost = box.db.items
        box.attributes.add("new", 1)
        raise ZeroDivisionError
    assert (box.db.hp, box.db.items, box.db.new) == (1, ["lamp"], None)
    with pytest.raises(DetachedContainer, match="undone"):
        lost.append("food")
    box.db.items.append("food")
    assert rows(box) == {(None, "hp"): "1", (None, "items"): '["lamp","food"]'}


def test_a_deleted_object_refuses_its_attributes(box):
    box.db.hp = 1
    box.delete()
    with pytest.raises(DeletedObject):
        _ = box.db.hp
    with pytest.raises(DeletedObject):
        box.attributes.add("hp", 2)
    assert ObjectAttribute.objects.count() == 0


# --- attributes in memory only


def test_nattributes_keep_any_value_by_identity_and_store_nothing(box):
    box.ndb.visitor = visitor = object()
    box.nattributes.add("guard", visitor, category="watch")
    assert box.ndb.visitor is visitor
    assert box.nattributes.get("guard", category="watch") is visitor
    assert box.nattributes.get() is visitor
    assert rows(box) == {}
    assert box.at_idmapper_flush() is False
    box.nattributes.clear()
    assert box.at_idmapper_flush() is True


def test_a_row_written_through_django_loses_nothing_that_is_gathered(box):
    box.db.hp, box.db.mp = 1, 1
    with transaction():
        row = box.attributes.get("mp", return_obj=True)
        box.db.hp = 2
        box.db.fresh = [1]
        row.db_strvalue = "beside"
        row.save()
        assert (box.db.hp, box.db.fresh) == (2, [1])
    assert (box.db.hp, box.db.fresh, box.attributes.get("mp", strattr=True)) == (2, [1], "beside")
    assert again(box).db.hp == 2
