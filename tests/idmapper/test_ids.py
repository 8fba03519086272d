"""Ids only grow and are never given twice, whatever is undone or deleted."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.idmapper_app.models import Car, Item, Vehicle

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.defect("I-2")]


class Undo(Exception):
    """Raised to undo a block."""


def make(count=1, model=Item):
    return [model.objects.create(db_key="x").pk for _ in range(count)][-1]


def undone(count=1, model=Item):
    """Ids that were given in a transaction that is gone."""
    number = None
    try:
        with transaction.atomic():
            number = make(count, model)
            raise Undo
    except Undo:
        return number


def test_after_a_rollback():
    lost = undone(3)
    assert make() > lost


def test_after_many_rollbacks_and_in_bulk():
    given = []
    for _ in range(3):
        given.append(undone(2))
        given.append(make())
        try:
            with transaction.atomic():
                rows = Item.objects.bulk_create([Item(db_key="b"), Item(db_key="c")])
                given += [row.pk for row in rows]
                raise Undo
        except Undo:
            pass
    assert given == sorted(set(given))


def test_after_a_savepoint_rollback_in_the_same_transaction():
    with transaction.atomic():
        first = make()
        lost = undone()
        after = make()
    assert first < lost < after
    assert make() > after


def test_after_a_savepoint_rollback_inside_a_rollback():
    try:
        with transaction.atomic():
            lost = undone(5)
            raise Undo
    except Undo:
        pass
    assert make() > lost


def test_inside_a_transaction_that_begins_right_after_the_rollback():
    lost = undone(3)
    with transaction.atomic():
        assert make() > lost


def test_after_the_newest_was_deleted():
    newest = make(2)
    Item.objects.get(pk=newest).delete()
    assert make() > newest
    Item.objects.all().delete()
    assert make() > newest + 1


def test_after_a_creation_and_deletion_that_were_undone_together():
    try:
        with transaction.atomic():
            item = Item.objects.create(db_key="a")
            number = item.pk
            item.delete()
            raise Undo
    except Undo:
        pass
    assert make() > number


def test_of_inherited_tables():
    lost = undone(2, Car)
    assert make(model=Vehicle) > lost
    assert make(model=Car) > lost + 1


def test_after_a_failed_hook_outside_of_any_transaction(monkeypatch):
    seen = []

    def refuse(self):
        seen.append(self.pk)
        raise Undo

    monkeypatch.setattr(Item, "_first_saved", refuse)
    with pytest.raises(Undo):
        Item.objects.create(db_key="a")
    monkeypatch.undo()
    assert make() > seen[0]
