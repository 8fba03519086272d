from __future__ import annotations

import logging

import pytest

from perdure.errors import TypeclassError, UpgradeFailed
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.typeclasses.upgrades import due, steps_of, upgrade, upgrade_all, upgrade_object
from tests.typeclasses.making import forget, make

pytestmark = pytest.mark.django_db(transaction=True)


def define(name, *bases, **body):
    return type(bases[0])(name, bases, {"__module__": __name__, **body})


def first_lamp():
    """A lamp of the first version."""
    return define("UpgLamp", DefaultObject)


def newer_lamp(**body):
    """A lamp of the third version, with its steps."""

    @upgrade(to=1)
    def name_the_fuel(self):
        self.db.fuel = self.db.oil
        del self.db.oil

    @upgrade(to=2)
    def count_in_drops(self):
        self.db.fuel *= 10
        self.db.steps = (self.db.steps or 0) + 1

    @upgrade(to=3)
    def mark(self):
        self.tags.add("upgraded")

    steps = {"name_the_fuel": name_the_fuel, "count_in_drops": count_in_drops, "mark": mark}
    return define("UpgLamp", DefaultObject, **({"typeclass_version": 3} | steps | body))


def old_lamps(count=1):
    """The ids of lamps of the first version, none of them in memory."""
    lamp = first_lamp()
    pks = [make(lamp, f"lamp {number}", {"oil": number}).pk for number in range(count)]
    forget(ObjectDB)
    return pks


def version_of(pk):
    return ObjectDB.objects.filter(pk=pk).values_list("db_typeclass_version", flat=True).get()


def test_steps_run_in_order_when_the_object_is_loaded():
    (pk,) = old_lamps()
    newer_lamp()
    lamp = ObjectDB.objects.get(pk=pk)
    assert (lamp.db.fuel, lamp.db.oil, lamp.db.steps, lamp.tags.all()) == (0, None, 1, ["upgraded"])
    assert (lamp.db_typeclass_version, version_of(pk)) == (3, 3)


def test_steps_run_before_at_init():
    (pk,) = old_lamps()
    seen = []
    newer_lamp(at_init=lambda self: seen.append(self.db.fuel))
    ObjectDB.objects.get(pk=pk)
    assert seen == [0]


def test_steps_run_once():
    (pk,) = old_lamps()
    newer_lamp()
    lamp = ObjectDB.objects.get(pk=pk)
    assert upgrade_object(lamp) is False
    del lamp
    forget(ObjectDB)
    assert ObjectDB.objects.get(pk=pk).db.steps == 1


def test_only_the_steps_in_between_run():
    (pk,) = old_lamps()
    newer_lamp(typeclass_version=1)
    lamp = ObjectDB.objects.get(pk=pk)
    assert (lamp.db.fuel, lamp.db.steps, version_of(pk)) == (0, None, 1)
    lamp.db.fuel = 7
    del lamp
    forget(ObjectDB)
    newer_lamp()
    lamp = ObjectDB.objects.get(pk=pk)
    assert (lamp.db.fuel, lamp.db.steps, version_of(pk)) == (70, 1, 3)


def test_new_objects_start_at_the_version_of_their_class():
    lamp = make(newer_lamp(), "new")
    assert lamp.db_typeclass_version == 3
    pk = lamp.pk
    del lamp
    forget(ObjectDB)
    assert ObjectDB.objects.get(pk=pk).db.steps is None


def test_a_version_without_a_step_is_fine():
    (pk,) = old_lamps()
    define("UpgLamp", DefaultObject, typeclass_version=9)
    assert ObjectDB.objects.get(pk=pk).db_typeclass_version == 9


def test_an_object_of_a_later_version_is_left_alone():
    lamp = make(newer_lamp(), "from the future")
    pk = lamp.pk
    del lamp
    forget(ObjectDB)
    newer_lamp(typeclass_version=2)
    lamp = ObjectDB.objects.get(pk=pk)
    assert (lamp.db_typeclass_version, lamp.db.steps) == (3, None)


def test_a_step_that_raises_leaves_the_object_as_it_was(caplog):
    (pk,) = old_lamps()

    @upgrade(to=2)
    def fail(self):
        self.db.fuel = "half"
        raise ZeroDivisionError("no fuel")

    newer_lamp(count_in_drops=fail)
    with caplog.at_level(logging.ERROR):
        lamp = ObjectDB.objects.get(pk=pk)
    assert (lamp.db.oil, lamp.db.fuel, lamp.db_typeclass_version, version_of(pk)) == (0, None, 0, 0)
    assert "ZeroDivisionError" in caplog.text
    lamp.db.oil = 5
    assert lamp.db.oil == 5
    with pytest.raises(UpgradeFailed, match=r"version 0 .*ZeroDivisionError: no fuel") as failed:
        upgrade_object(lamp)
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    assert (lamp.db.oil, lamp.db.fuel, version_of(pk)) == (5, None, 0)


def test_all_objects_are_upgraded_and_failures_reported():
    pks = old_lamps(5)

    @upgrade(to=1)
    def fussy(self):
        if self.db.oil == 3:
            raise ValueError("three")
        self.db.fuel = self.db.oil

    lamp = newer_lamp(name_the_fuel=fussy)
    ticks = []
    report = upgrade_all(lamp, progress=lambda done, total: ticks.append((done, total)))
    assert report.upgraded == 4
    assert [name for name, _ in report.failed] == [f"UpgLamp #{pks[3]}"]
    assert ticks == [(number, 5) for number in range(1, 6)]
    assert [version_of(pk) for pk in pks] == [3, 3, 3, 0, 3]


def test_an_interrupted_upgrade_goes_on_where_it_was():
    pks = old_lamps(4)
    lamp = newer_lamp()

    class Interrupted(Exception):
        pass

    def stop_after_two(done, total):
        if done == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        upgrade_all(lamp, progress=stop_after_two)
    forget(ObjectDB)
    report = upgrade_all(lamp)
    assert (report.upgraded, report.failed) == (2, [])
    assert due(lamp).count() == 0
    assert [ObjectDB.objects.get(pk=pk).db.steps for pk in pks] == [1, 1, 1, 1]


def test_a_dry_run_counts_and_changes_nothing():
    pks = old_lamps(3)
    lamp = newer_lamp()
    assert upgrade_all(lamp, dry_run=True).upgraded == 3
    assert [version_of(pk) for pk in pks] == [0, 0, 0]
    assert due(lamp).count() == 3


def test_due_lists_what_there_is_to_do_and_loads_nothing():
    pks = old_lamps(3)
    lamp = newer_lamp()
    make(lamp, "new")
    assert list(due(lamp).values_list("pk", flat=True)) == pks
    assert due(lamp).count() == 3
    assert [version_of(pk) for pk in pks] == [0, 0, 0]


def test_steps_are_inherited_and_aliases_are_due():
    base = newer_lamp()
    torch = define("UpgTorch", base, typeclass_aliases=("old.torches.Torch",))
    obj = make(torch, "torch", {"oil": 2})
    pk = obj.pk
    ObjectDB.objects.filter(pk=pk).update(db_typeclass_version=0, db_typeclass_path="old.torches.Torch")
    del obj
    forget(ObjectDB)
    assert list(due(torch).values_list("pk", flat=True)) == [pk]
    assert ObjectDB.objects.get(pk=pk).db.fuel == 20


def test_two_steps_to_one_version_are_refused():
    @upgrade(to=1)
    def first(self):
        pass

    @upgrade(to=1)
    def second(self):
        pass

    cls = define("UpgAmbiguous", DefaultObject, typeclass_version=1, first=first, second=second)
    with pytest.raises(TypeclassError, match="two upgrade steps to version 1: first and second"):
        steps_of(cls)


def test_a_swap_takes_the_version_of_the_new_class():
    obj = make(first_lamp(), "lamp", {"oil": 1})
    obj.swap_typeclass(newer_lamp(), run_start_hooks=None)
    assert (obj.db_typeclass_version, obj.db.oil, obj.db.fuel) == (3, 1, None)
