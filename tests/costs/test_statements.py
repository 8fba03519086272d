"""How many statements the common things cost."""

from __future__ import annotations

import pytest

from perdure.objects.creation import create_object, create_objects
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultObject, DefaultRoom
from perdure.transactions import transaction


class CostlyThing(DefaultObject):
    """A plain thing, so that the counts are those of the engine."""


@pytest.fixture
def room(counted):
    return create_object(ObjectDB, DefaultRoom, key="room", nohome=True)


@pytest.fixture
def thing(room):
    made = create_object(ObjectDB, CostlyThing, key="thing", location=room, home=room)
    made.db.hp = 1
    made.db.inv = {"deep": [{"deeper": {1}}]}
    made.tags.add("warm")
    return made


# --- one object


def test_attribute_write_is_one_statement(counted, thing):
    for write in (
        lambda: setattr(thing.db, "hp", 2),
        lambda: setattr(thing.db, "brand_new", "text"),
        lambda: setattr(thing.db, "boxes", [thing, {"a": 1}]),
        lambda: thing.attributes.add("level", 3, category="stats"),
        lambda: delattr(thing.db, "hp"),
    ):
        with counted() as statements:
            write()
        assert len(statements) == 1, statements.all


def test_writing_what_is_there_already_is_free(counted, thing):
    with counted() as statements:
        thing.db.hp = 1
        thing.key = "thing"
        thing.location = thing.location
        thing.tags.add("warm")
    assert statements.all == []


def test_nested_write_is_one_statement(counted, thing):
    for write in (
        lambda: thing.db.inv["deep"].append(1),
        lambda: thing.db.inv["deep"][0]["deeper"].add(2),
        lambda: thing.db.inv.update(a=1, b=2, c=3),
        lambda: thing.db.inv["deep"].extend(range(100)),
    ):
        with counted() as statements:
            write()
        assert len(statements) == 1, statements.all


def test_cold_attribute_write_is_one_statement(counted, thing, forget_everything):
    pk = thing.pk
    thing.attributes.reset_cache()
    with counted() as statements:
        thing.db.hp = 9
    assert len(statements) == 1, statements.all
    assert ObjectDB.objects.get(pk=pk).db.inv == {"deep": [{"deeper": {1}}]}


def test_field_write_is_one_statement(counted, thing):
    for write in (
        lambda: setattr(thing, "key", "renamed"),
        lambda: setattr(thing, "location", None),
        lambda: setattr(thing, "home", None),
        lambda: thing.locks.add("get:false()"),
    ):
        with counted() as statements:
            write()
        assert len(statements) == 1, statements.all


def test_saving_several_fields_is_one_statement(counted, thing):
    thing.db_key, thing.db_home = "other", None
    with counted() as statements:
        thing.save()
    assert len(statements) == 1, statements.all


def test_saving_nothing_costs_nothing(counted, thing):
    with counted() as statements:
        thing.save()
    assert statements.all == []


def test_warm_reads_cost_nothing(counted, thing, room):
    assert thing.db.missing is None
    assert room.contents == [thing]
    with counted() as statements:
        assert thing.db.hp == 1
        assert thing.db.missing is None
        assert thing.attributes.get("hp") == 1
        assert thing.attributes.has("missing", category="stats") is False
        assert thing.tags.has("warm")
        assert not thing.tags.has("missing")
        assert not thing.aliases.all()
        assert thing.location is room
        assert thing.key == "thing"
        assert thing.access(None, "get")
        assert room.contents == [thing]
        assert thing.is_typeclass(CostlyThing)
    assert statements.all == []


def test_get_of_a_live_object_costs_nothing(counted, thing):
    with counted() as statements:
        assert ObjectDB.objects.get(pk=thing.pk) is thing
        assert ObjectDB.objects.get(id=thing.pk) is thing
        assert CostlyThing.objects.get(pk=thing.pk) is thing
        assert thing.location.pk == thing.db_location_id
    assert statements.all == []


def test_contents_follow_moves_without_asking(counted, thing, room):
    assert room.contents == [thing]
    with counted() as statements:
        thing.location = None
        assert room.contents == []
        thing.location = room
        assert room.contents == [thing]
    assert len(statements) == 2, statements.all


def test_move_with_hooks_is_one_statement(counted, thing, room):
    elsewhere = create_object(ObjectDB, DefaultRoom, key="elsewhere", nohome=True)
    assert (room.contents, elsewhere.contents) == ([thing], [])
    with counted() as statements:
        assert thing.move_to(elsewhere)
    assert len(statements) == 1, statements.all


@pytest.mark.parametrize("cls", [CostlyThing, DefaultCharacter, DefaultRoom, DefaultExit])
def test_create_is_within_eight(counted, room, cls):
    create_object(ObjectDB, cls, key="first")
    with counted() as statements:
        create_object(
            ObjectDB,
            cls,
            key="second",
            location=room,
            home=room,
            tags=["a", ("b", "c")],
            aliases=["two"],
            attributes={"hp": 1, "inv": [1]},
            locks="get:all()",
        )
    assert len(statements) <= 8, statements.all


def test_delete_of_a_plain_object_is_within_twelve(counted, thing):
    with counted() as statements:
        assert thing.delete()
    assert len(statements) <= 12, statements.all


def test_swap_is_a_handful(counted, thing):
    with counted() as statements:
        thing.swap_typeclass(DefaultCharacter, run_start_hooks=None)
    assert len(statements) == 1, statements.all


# --- many objects


def make_many(count: int, room) -> None:
    create_objects(
        ObjectDB,
        CostlyThing,
        [
            {
                "key": f"thing{index}",
                "location": room,
                "nohome": True,
                "attributes": {"hp": index, "l": [1]},
                "tags": ["t"],
            }
            for index in range(count)
        ],
    )


def test_a_transaction_writes_each_table_once(counted, room):
    make_many(100, room)
    things = list(ObjectDB.objects.filter(db_location=room).preload())
    with counted() as statements, transaction():
        for thing in things:
            thing.db.hp = -1
            thing.db.brand_new = "x"
            thing.db.l.append(2)
            thing.tags.add("told once")
    attributes = [sql for sql in statements.all if "objects_objectattribute" in sql]
    links = [sql for sql in statements.all if sql.startswith("INSERT") and "db_tags" in sql]
    assert len(attributes) == 1, [sql[:100] for sql in attributes]
    assert len(links) == 1
    assert len(statements) <= 4, [sql[:100] for sql in statements.all]


def test_repeated_writes_in_a_transaction_are_one(counted, thing, room):
    with counted() as statements, transaction():
        for number in range(50):
            thing.db.hp = number + 100
            thing.db.inv["deep"].append(number)
            thing.home = None if number % 2 else room
    assert len(statements) == 2, [sql[:100] for sql in statements.all]


@pytest.mark.parametrize("count", [10, 300])
def test_bulk_creation_does_not_grow(counted, room, count):
    with counted() as statements:
        make_many(count, room)
    assert len(statements) <= 8, [sql[:120] for sql in statements.all]


@pytest.mark.parametrize("count", [10, 1000])
def test_preload_is_a_fixed_number(counted, room, forget_everything, count):
    make_many(count, room)
    pk = room.pk
    forget_everything()
    with counted() as statements:
        found = list(ObjectDB.objects.filter(db_location=pk).preload())
        assert len(found) == count
        assert sum(thing.db.hp for thing in found) == sum(range(count))
        assert all(thing.db.l == [1] and thing.tags.has("t") for thing in found)
    assert len(statements) == 3, [sql[:100] for sql in statements.all]


def test_cold_objects_load_together_by_themselves(counted, room, forget_everything):
    count = 1000
    make_many(count, room)
    pk = room.pk
    forget_everything()
    for touch in (lambda thing: thing.db.hp, lambda thing: thing.tags.has("t")):
        with counted() as statements:
            for thing in ObjectDB.objects.filter(db_location=pk):
                touch(thing)
        assert len(statements) <= 6 + count // 5000, len(statements)
        forget_everything()


def test_touching_one_object_of_many_loads_one(counted, room, forget_everything):
    make_many(50, room)
    forget_everything()
    found = list(ObjectDB.objects.filter(db_key__startswith="thing"))
    with counted() as statements:
        assert found[7].db.hp is not None
    assert len(statements) == 1
    assert not any(thing.__dict__.get("db") for thing in found if thing is not found[7])
