"""Sequences that once broke a law, each by itself."""

from __future__ import annotations

import pytest
from django.db import connection

from perdure.errors import DetachedContainer
from perdure.objects.creation import create_object, create_objects
from perdure.objects.models import ObjectDB
from perdure.transactions import transaction
from perdure.typeclasses.tag_model import Tag
from tests.laws import live
from tests.laws.things import LawRoom, LawStone

pytestmark = pytest.mark.django_db(transaction=True)


class Undo(Exception):
    pass


@pytest.fixture
def stone():
    live.wipe()
    room = create_object(ObjectDB, LawRoom, key="room", nohome=True)
    return create_object(ObjectDB, LawStone, key="stone", location=room, home=room)


def undone(work):
    """Do `work` in a transaction that is rolled back."""
    with pytest.raises(Undo), transaction():
        work()
        raise Undo


def test_resetting_caches_does_not_lose_gathered_writes(stone):
    stone.db.hp = 1
    with transaction():
        stone.db.hp = 2
        stone.db.inv = [1]
        stone.attributes.reset_cache()
        stone.tags.add("light")
        stone.tags.reset_cache()
        assert (stone.db.hp, stone.db.inv) == (2, [1])
        assert stone.tags.has("light")
    stone.attributes.reset_cache()
    stone.tags.reset_cache()
    assert (stone.db.hp, stone.db.inv, stone.tags.all()) == (2, [1], ["light"])


def test_a_place_given_at_creation_is_not_remembered_past_its_row(stone):
    ObjectDB.objects.filter(pk=stone.pk).update(db_location=None)
    assert stone.location is None


def test_undone_bulk_creation_leaves_no_ids():
    made = []
    undone(lambda: made.extend(create_objects(ObjectDB, LawStone, [{"key": "a", "nohome": True}])))
    assert made[0].pk is None


def test_what_raw_sql_wrote_and_a_refresh_read_is_undone(stone):
    def work():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE objects_objectdb SET db_key = 'raw' WHERE id = %s", [stone.pk])
        stone.refresh_from_db()
        assert stone.key == "raw"

    undone(work)
    assert stone.key == "stone"


def test_what_was_loaded_cold_in_a_transaction_is_undone(stone):
    pk = stone.pk
    held = []

    def work():
        ObjectDB.objects.filter(pk=pk).update(db_key="updated")
        held.append(ObjectDB.objects.get(pk=pk))
        assert held[0].key == "updated"

    live.live_objects()[pk].flush_from_cache(force=True)
    del stone
    undone(work)
    assert held[0].key == "stone"


def test_tags_linked_past_the_handler_are_undone(stone):
    def work():
        stone.db_tags.add(Tag.objects.create(db_key="linked", db_model="objectdb"))
        assert stone.tags.has("linked")

    undone(work)
    assert not stone.tags.has("linked")


def test_places_that_lead_to_each_other_can_be_deleted(stone):
    other = create_object(ObjectDB, LawStone, key="other", nohome=True)
    stone.destination, other.destination = other, stone
    stone.delete()
    assert not ObjectDB.objects.filter(pk__in=[stone.__dict__["id"], other.__dict__["id"]]).exists()


def test_old_names_of_containers_do_not_write_after_an_undo(stone):
    stone.db.inv = {"deep": [1]}
    deep = stone.db.inv["deep"]
    undone(lambda: deep.append(2))
    with pytest.raises(DetachedContainer):
        deep.append(3)
    assert stone.db.inv == {"deep": [1]}


def test_what_was_put_into_a_container_and_then_deleted_is_none(stone):
    other = create_object(ObjectDB, LawStone, key="other", nohome=True)
    stone.db.inv = [[]]
    stone.db.inv[0].append((1, other))
    other.delete()
    assert stone.db.inv == [[(1, None)]]


def test_a_reference_to_what_is_no_entity_is_not_followed(stone):
    stone.db.inv = [1]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE objects_objectattribute SET db_value = %s",
            ['[{"~ref":["contenttypes.contenttype",1]},{"~ref":["objects.objectdb","x"]},{"~ref":[5,1]}]'],
        )
    stone.attributes.reset_cache()
    assert stone.db.inv == [None, None, None]


def test_a_deletion_hook_that_writes_about_the_deleted_loses_nothing(stone):
    """Other attributes that a hook writes while an object goes are kept."""
    from django.db.models.signals import post_delete

    room = stone.location
    room.db.log = [stone]

    def remember(instance, **kwargs):
        if isinstance(instance, ObjectDB):
            room.db.log.append("gone")

    post_delete.connect(remember)
    try:
        stone.delete()
    finally:
        post_delete.disconnect(remember)
    assert room.db.log == [None, "gone"]
    room.attributes.reset_cache()
    assert room.db.log == [None, "gone"]
