"""The index of contents equals the database, whichever way a location is written."""

from __future__ import annotations

import gc
import random
import weakref

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext, override_settings

from perdure.create import create_object
from perdure.errors import DeletedObject, InvalidArgument, MoveLoop
from perdure.idmapper.residency import residents
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject, DefaultRoom
from perdure.transactions import transaction as perdure_transaction


def stored(container) -> list[int]:
    return list(ObjectDB.objects.filter(db_location_id=container.pk).order_by("pk").values_list("pk", flat=True))


def listed(container) -> list[int]:
    return sorted(member.pk for member in container.contents)


def test_contents_are_the_live_instances_in_order_of_arrival(room, cellar):
    first, second, third = (create_object(DefaultObject, key=key, location=room) for key in "abc")
    assert room.contents == [first, second, third]
    first.location = cellar
    first.location = room
    assert room.contents == [second, third, first]
    assert all(member is ObjectDB.objects.get(pk=member.pk) for member in room.contents)


def test_contents_is_a_list_of_the_callers_own(room, lamp):
    room.contents.clear()
    assert room.contents == [lamp]


def test_contents_cannot_be_assigned(room):
    with pytest.raises(AttributeError):
        room.contents = []
    with pytest.raises(AttributeError):
        del room.contents


def test_warm_contents_ask_the_database_nothing(room, lamp, django_assert_num_queries):
    assert room.contents == [lamp]
    with django_assert_num_queries(0):
        assert room.contents == [lamp]


def test_exclude_keeps_the_order(room):
    things = [create_object(DefaultObject, key=f"t{n}", location=room) for n in range(6)]
    assert room.contents_get(exclude=things[2]) == things[:2] + things[3:]
    assert room.contents_cache.get(exclude=[things[0], things[5]]) == things[1:5]


def test_content_types_filter(room, lamp, bob):
    assert room.contents_get(content_type="character") == [bob]
    assert room.contents_get(content_type="object") == [lamp]
    assert room.contents_get(content_type="exit") == []


def test_location_takes_objects_ids_and_dbrefs(room, cellar, lamp):
    for value in (cellar, None, room.pk, str(cellar.pk), room.dbref):
        lamp.location = value
        assert lamp.location is ObjectDB.objects.get(pk=lamp.pk).location
    assert lamp.location is room
    with pytest.raises(InvalidArgument):
        lamp.location = "#99999"
    with pytest.raises(ValueError):
        lamp.location = "nowhere in particular"
    assert lamp.location is room
    assert room.contents == [lamp]


def test_deleting_the_location_clears_it(room, lamp):
    assert room.contents == [lamp]
    del lamp.location
    assert lamp.location is None
    assert room.contents == []


@pytest.mark.defect("H-5")
@pytest.mark.parametrize("how", ["save", "save_fields", "update", "bulk_update", "property", "refresh", "sql"])
def test_every_way_of_writing_a_location_moves_it_in_the_contents(room, cellar, lamp, how):
    other = create_object(DefaultRoom, key="Other")
    stranger = create_object(DefaultObject, key="stranger", location=other)
    assert room.contents == [lamp]
    assert cellar.contents == []
    assert other.contents == [stranger]
    if how == "save":
        lamp.db_location = cellar
        lamp.save()
    elif how == "save_fields":
        lamp.db_location = cellar
        lamp.save(update_fields=["db_location"])
    elif how == "update":
        ObjectDB.objects.filter(pk=lamp.pk).update(db_location=cellar)
    elif how == "bulk_update":
        lamp.db_location = cellar
        ObjectDB.objects.bulk_update([lamp], ["db_location"])
    elif how == "property":
        lamp.location = cellar
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE objects_objectdb SET db_location_id = %s WHERE id = %s", [cellar.pk, lamp.pk])
        if how == "refresh":
            lamp.refresh_from_db()
        else:
            list(ObjectDB.objects.filter(pk=lamp.pk))
    assert lamp.location is cellar
    assert room.contents == []
    assert cellar.contents == [lamp]
    assert other.contents == [stranger]


def test_a_direct_save_with_the_location_expired_moves_it_too(room, cellar, lamp):
    assert room.contents == [lamp]
    assert cellar.contents == []
    lamp._expire_fields()
    assert room.contents == [lamp]
    lamp.db_location = cellar
    lamp.save()
    assert room.contents == []
    assert cellar.contents == [lamp]


@pytest.mark.defect("H-6")
def test_loops_are_refused_at_any_depth(room):
    boxes = [create_object(DefaultObject, key="box 0", location=room)]
    for depth in range(1, 25):
        boxes.append(create_object(DefaultObject, key=f"box {depth}", location=boxes[-1]))
    for how in ("property", "field", "move_to"):
        before = boxes[0].location
        if how == "move_to":
            result = boxes[0].move_to(boxes[-1])
            assert not result
            assert result.phase == "loop"
        else:
            with pytest.raises(MoveLoop):
                setattr(boxes[0], "location" if how == "property" else "db_location", boxes[-1])
        assert boxes[0].location is before
        assert listed(room) == stored(room)


@pytest.mark.defect("H-6")
def test_nothing_is_inside_itself_not_even_in_the_database(lamp):
    with pytest.raises(MoveLoop):
        lamp.location = lamp
    with pytest.raises(IntegrityError), transaction.atomic():
        ObjectDB.objects.filter(pk=lamp.pk).update(db_location=lamp.pk)


@pytest.mark.django_db(transaction=True)
def test_loop_check_finds_its_way_through_objects_that_are_not_in_memory(room):
    outer = create_object(DefaultObject, key="outer", location=room)
    middle = create_object(DefaultObject, key="middle", location=outer)
    inner_pk = create_object(DefaultObject, key="inner", location=middle).pk
    middle_pk = middle.pk
    del middle
    for instance in ObjectDB.get_all_cached_instances():
        if instance is not outer:
            instance.flush_from_cache(force=True)
    del instance
    gc.collect()
    assert ObjectDB.get_cached_instance(middle_pk) is None
    with pytest.raises(MoveLoop):
        outer.location = inner_pk


def test_rollback_puts_contents_back(room, cellar, lamp):
    assert room.contents == [lamp]
    assert cellar.contents == []
    with pytest.raises(RuntimeError), perdure_transaction():
        lamp.location = cellar
        made = create_object(DefaultObject, key="made", location=cellar)
        assert cellar.contents == [lamp, made]
        raise RuntimeError
    assert lamp.location is room
    assert room.contents == [lamp]
    assert cellar.contents == []


def test_rollback_of_a_savepoint_only(room, cellar, lamp):
    other = create_object(DefaultObject, key="other", location=room)
    with perdure_transaction():
        other.location = cellar
        with pytest.raises(RuntimeError), perdure_transaction():
            assert cellar.contents == [other]
            lamp.location = cellar
            raise RuntimeError
        assert cellar.contents == [other]
        assert room.contents == [lamp]
    assert cellar.contents == [other]


def test_an_index_built_in_a_transaction_goes_with_it(room, cellar, lamp):
    with pytest.raises(RuntimeError), perdure_transaction():
        lamp.location = cellar
        assert cellar.contents == [lamp]
        assert room.contents == []
        raise RuntimeError
    assert cellar.contents == []
    assert room.contents == [lamp]


def test_rollback_of_a_delete(room, lamp):
    assert room.contents == [lamp]
    with pytest.raises(RuntimeError), perdure_transaction():
        lamp.delete()
        assert room.contents == []
        raise RuntimeError
    assert room.contents == [lamp]
    assert lamp.location is room


def test_contents_of_a_deleted_object_say_so(room, lamp):
    lamp.delete()
    assert room.contents == []
    with pytest.raises(DeletedObject):
        _ = lamp.contents


@pytest.mark.defect("H-4")
def test_a_flushed_cache_leaves_one_instance_for_each_row(room):
    thing = create_object(DefaultObject, key="thing", location=room)
    assert room.contents == [thing]
    ObjectDB.flush_instance_cache(force=True)
    assert room.contents[0] is thing
    assert ObjectDB.objects.get(pk=thing.pk) is thing


@pytest.mark.django_db(transaction=True)
def test_an_evicted_member_is_not_held_by_its_container(room):
    thing = create_object(DefaultObject, key="thing", location=room)
    pk = thing.pk
    assert room.contents == [thing]
    gone = weakref.ref(thing)
    thing.flush_from_cache(force=True)
    del thing
    gc.collect()
    assert gone() is None
    assert [member.pk for member in room.contents] == [pk]


@pytest.mark.django_db(transaction=True)
def test_contents_work_when_the_cache_holds_nothing(room):
    for n in range(5):
        create_object(DefaultObject, key=f"t{n}", location=room)
    with override_settings(IDMAPPER_CACHE_MAXSIZE=0):
        residents.evict()
        assert listed(room) == stored(room)
        assert listed(room) == stored(room)


def test_handler_upkeep_by_hand_cannot_make_it_wrong(room, cellar, lamp):
    room.contents_cache.add(lamp)
    room.contents_cache.remove(lamp)
    cellar.contents_cache.add(lamp)
    assert room.contents == [lamp]
    assert cellar.contents == []
    room.contents_cache.clear()
    with CaptureQueriesContext(connection) as queries:
        assert room.contents_cache.get() == [lamp]
    assert len(queries) == 1
    room.contents_cache.init()
    assert room.contents == [lamp]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_contents_equal_the_database(seed):
    """A plain model, random writes by every route, one invariant."""
    rng = random.Random(seed)
    places = [create_object(DefaultRoom, key=f"place {n}") for n in range(3)]
    things = [create_object(DefaultObject, key=f"thing {n}", location=rng.choice(places)) for n in range(4)]

    def step() -> None:
        live = [thing for thing in things if not thing._is_deleted and not thing._state.adding]
        action = rng.randrange(9)
        if action == 0 or not live:
            things.append(create_object(DefaultObject, key="new", location=rng.choice([*places, None])))
            return
        thing, place = rng.choice(live), rng.choice([*places, *live, None])
        try:
            if action in (1, 2):
                thing.location = place
            elif action == 3:
                thing.db_location = place
                thing.save()
            elif action == 4 and place in places:
                ObjectDB.objects.filter(pk=thing.pk).update(db_location=place)
            elif action == 5 and len(live) > 2:
                thing.delete()
            elif action == 6:
                thing.flush_from_cache(force=True)
            elif action == 7:
                rng.choice(places).contents  # noqa: B018
            else:
                thing.move_to(place, to_none=True)
        except MoveLoop:
            thing.refresh_from_db()

    for _ in range(60):
        if rng.random() < 0.3:
            try:
                with perdure_transaction():
                    for _ in range(rng.randrange(1, 4)):
                        step()
                    if rng.random() < 0.5:
                        raise RuntimeError("roll back")
            except RuntimeError:
                pass
        else:
            step()
        containers = [*places, *(t for t in things if not t._is_deleted and not t._state.adding)]
        for container in containers:
            assert listed(container) == stored(container), f"seed {seed}"
