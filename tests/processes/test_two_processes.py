"""Law 7 at this floor: what another process has committed is found out before it is overwritten."""

from __future__ import annotations

import pytest
from django.db import transaction

from perdure.errors import DeletedObject, StaleObject
from perdure.idmapper.states import State, state_of
from tests.idmapper_app.models import Item, Versioned

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.defect("I-38")]


@pytest.mark.parametrize("gathered", [True, False])
def test_no_update_is_lost_between_processes(child, gathered, stored):
    row = Versioned.objects.create(db_key="v", db_count=1)
    child("bump", row.pk)

    def add_one():
        row.count = row.count + 1

    with pytest.raises(StaleObject, match="somebody else"):
        if gathered:
            with transaction.atomic():
                add_one()
        else:
            add_one()
    assert (row.count, row.version) == (11, 1)
    add_one()  # decided anew, on what is there
    assert stored(row, "db_count", "db_version") == (12, 2)
    child("bump", row.pk)
    assert Versioned.objects.filter(db_key="v").get() is row
    assert row.count == 22


@pytest.mark.parametrize("gathered", [True, False])
def test_a_row_deleted_by_another_process_stays_deleted(child, gathered):
    item = Item.objects.create(db_key="a")
    number = item.pk
    child("remove", number)

    def write():
        item.key = "b"

    with pytest.raises(DeletedObject):
        if gathered:
            with transaction.atomic():
                write()
        else:
            write()
    with pytest.raises(DeletedObject):
        _ = item.key
    assert state_of(item) is State.DELETED
    assert not Item.objects.filter(pk=number).exists()


def test_a_query_brings_what_another_process_has_written(child, stored):
    item = Item.objects.create(db_key="a", db_note="n")
    child("rename", item.pk, "theirs")
    assert Item.objects.get(db_key="theirs") is item
    assert item.key == "theirs"
    item.note = "mine"
    assert stored(item, "db_key", "db_note") == ("theirs", "mine")
    child("rename", item.pk, "again")
    item.refresh_from_db()
    assert item.key == "again"


def test_another_process_does_not_give_an_id_again(child):
    newest = Item.objects.create(db_key="a")
    number = newest.pk
    newest.delete()
    (made,) = child("create")[1]
    assert made > number
    try:
        with transaction.atomic():
            lost = Item.objects.create(db_key="undone").pk
            raise KeyError
    except KeyError:
        pass
    (made,) = child("create")[1]
    assert made > lost
