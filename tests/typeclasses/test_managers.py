from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Count, Q

from perdure.errors import (
    DeletedObject,
    TypeclassNotFound,
    WrongFamily,
)
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.typeclasses import registry
from tests.typeclasses.furniture import MgrChair, MgrFurniture, MgrRock, MgrSofa, MgrWatcher
from tests.typeclasses.making import forget, keys, make, statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def household(db):
    """Two pieces of furniture, a chair, a sofa, a rock."""
    return {
        key: make(cls, key)
        for key, cls in [
            ("table", MgrFurniture),
            ("shelf", MgrFurniture),
            ("chair", MgrChair),
            ("sofa", MgrSofa),
            ("rock", MgrRock),
        ]
    }


# --- which rows a manager covers


READS = {
    "all": lambda m: keys(m.all()),
    "filter": lambda m: keys(m.filter(db_key__contains="")),
    "exclude": lambda m: keys(m.exclude(db_key="nonesuch")),
    "order_by": lambda m: keys(m.order_by("pk")),
    "iterator": lambda m: keys(m.iterator()),
    "in_bulk": lambda m: keys(m.in_bulk().values()),
    "only": lambda m: keys(m.only("db_key")),
    "defer": lambda m: keys(m.defer("db_key")),
    "distinct": lambda m: keys(m.distinct()),
    "select_related": lambda m: keys(m.select_related("db_location")),
    "alias": lambda m: keys(m.alias(n=Count("db_tags"))),
    "annotate": lambda m: keys(m.annotate(n=Count("db_tags"))),
    "using": lambda m: keys(m.using("default")),
    "get_queryset": lambda m: keys(m.get_queryset()),
    "get_dbref_range": lambda m: keys(m.get_dbref_range()),
    "values_list": lambda m: list(m.values_list("db_key", flat=True)),
    "values": lambda m: [row["db_key"] for row in m.values("db_key")],
    "first_last": lambda m: [m.order_by("pk").first().db_key, m.order_by("pk").last().db_key],
    "latest": lambda m: [m.earliest("pk").db_key, m.latest("pk").db_key],
    "union": lambda m: keys(m.all().union(m.all())),
    "db_manager": lambda m: keys(m.db_manager("default").all()),
}


@pytest.mark.defect("H-14")
@pytest.mark.defect("M-1")
@pytest.mark.parametrize("how", READS)
def test_every_read_of_a_typeclass_manager_is_limited_to_the_class(household, how):
    assert sorted(READS[how](MgrFurniture.objects)) == ["shelf", "table"]


@pytest.mark.defect("M-1")
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (lambda m: m.count(), 2),
        (lambda m: m.aggregate(n=Count("pk"))["n"], 2),
        (lambda m: m.exists(), True),
        (lambda m: len(m.dates("db_date_created", "day")), 1),
        (lambda m: m.filter(db_key="rock").exists(), False),
    ],
)
def test_every_question_to_a_typeclass_manager_is_limited_to_the_class(household, how, expected):
    assert how(MgrFurniture.objects) == expected


@pytest.mark.defect("M-1")
def test_contains_is_limited_to_the_class(household):
    assert MgrFurniture.objects.contains(household["table"])
    assert not MgrFurniture.objects.contains(household["rock"])


@pytest.mark.defect("M-1")
def test_update_through_a_typeclass_manager_leaves_other_classes_alone(household):
    assert MgrFurniture.objects.update(db_key="changed") == 2
    assert sorted(keys(ObjectDB.objects.filter(pk__in=[o.pk for o in household.values()]))) == [
        "chair",
        "changed",
        "changed",
        "rock",
        "sofa",
    ]
    assert household["table"].db_key == "changed"
    assert household["rock"].db_key == "rock"


@pytest.mark.defect("M-1")
def test_delete_through_a_typeclass_manager_leaves_other_classes_alone(household):
    count, _ = MgrFurniture.objects.exclude(db_key="zzz").delete()
    assert count == 2
    left = ObjectDB.objects.filter(pk__in=[household[key].pk for key in ("chair", "sofa", "rock")])
    assert left.count() == 3


@pytest.mark.defect("M-1")
def test_get_or_create_never_answers_with_another_class(household):
    found, created = MgrSofa.objects.get_or_create(db_key="chair")
    assert created
    assert type(found) is MgrSofa
    again, created = MgrSofa.objects.get_or_create(db_key="chair")
    assert again is found
    assert not created


@pytest.mark.defect("H-14")
@pytest.mark.defect("M-2")
def test_get_keeps_its_positional_conditions(household):
    with pytest.raises(MgrFurniture.DoesNotExist):
        MgrFurniture.objects.get(Q(db_key="nonexistent"))
    assert MgrFurniture.objects.get(Q(db_key="table")) is household["table"]
    with pytest.raises(MgrFurniture.DoesNotExist):
        MgrFurniture.objects.get_family(Q(db_key="nonexistent"))


@pytest.mark.defect("M-1")
def test_a_condition_on_the_path_narrows_and_does_not_replace_the_class(household):
    assert not MgrFurniture.objects.filter(db_typeclass_path=MgrRock.path).exists()


# --- families


@pytest.mark.defect("M-3")
def test_a_long_chain_of_subclasses_is_walked_once(db):
    classes = [MgrRock]
    for number in range(19):
        classes.append(type(DefaultObject)(f"MgrChained{number}", (classes[-1],), {"__module__": __name__}))
    last = make(classes[-1], "last")
    assert len(registry.family_paths(MgrRock)) == 20
    with statements() as queries:
        assert keys(MgrRock.objects.all_family()) == ["last"]
    assert len(queries) == 1
    assert type(last) is classes[-1]


@pytest.mark.defect("M-3")
def test_a_class_defined_after_the_family_was_asked_for_belongs_to_it(household):
    assert sorted(keys(MgrFurniture.objects.all_family())) == ["chair", "shelf", "sofa", "table"]
    stool = type(DefaultObject)("MgrStool", (MgrChair,), {"__module__": __name__})
    make(stool, "stool")
    assert sorted(keys(MgrFurniture.objects.all_family())) == ["chair", "shelf", "sofa", "stool", "table"]
    assert sorted(keys(MgrChair.objects.filter_family(db_key__contains="o"))) == ["sofa", "stool"]
    assert MgrFurniture.objects.get_family(db_key="stool").db_key == "stool"
    with pytest.raises(MgrFurniture.DoesNotExist):
        MgrFurniture.objects.get_family(db_key="rock")


@pytest.mark.defect("M-3")
def test_a_diamond_counts_each_class_once(db):
    left = type(DefaultObject)("MgrLeft", (MgrRock,), {"__module__": __name__})
    right = type(DefaultObject)("MgrRight", (MgrRock,), {"__module__": __name__})
    both = type(DefaultObject)("MgrBoth", (left, right), {"__module__": __name__})
    paths = registry.family_paths(MgrRock)
    assert len(paths) == len(set(paths))
    assert {left.path, right.path, both.path} <= set(paths)


# --- ids


@pytest.mark.parametrize(
    ("given", "reqhash", "expected"),
    [
        ("#12", True, "12"),
        ("12", True, None),
        (12, True, None),
        ("#12", False, "12"),
        ("12", False, "12"),
        (12, False, 12),
        ("#-1", True, None),
        (-1, False, None),
        ("#x", True, None),
        (None, False, None),
        ("", False, None),
        (True, False, None),
        (1.5, False, None),
    ],
)
def test_dbref(given, reqhash, expected):
    assert ObjectDB.objects.dbref(given, reqhash) == expected


@pytest.mark.defect("M-12")
def test_ids_are_answered_from_memory(household):
    chair = household["chair"]
    pk = chair.pk
    with statements() as queries:
        for given in (pk, str(pk), f"#{pk}", f" #{pk} "):
            assert ObjectDB.objects.get_id(given) is chair
            assert MgrChair.objects.get_id(given) is chair
        assert MgrChair.objects.get(id=pk) is chair
        assert MgrChair.objects.get(pk=pk) is chair
    assert len(queries) == 0


@pytest.mark.defect("M-13")
def test_get_id_keeps_to_the_class_and_to_what_is_there(household):
    chair = household["chair"]
    pk = chair.pk
    assert MgrSofa.objects.get_id(pk) is None
    ObjectDB.objects.filter(pk=pk).delete()
    assert ObjectDB.objects.get_id(pk) is None
    assert MgrChair.objects.get_id(f"#{pk}") is None


@pytest.mark.defect("M-13")
def test_a_row_that_vanished_is_not_found_once_that_is_known(household):
    chair = household["chair"]
    pk = chair.pk
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM objects_objectdb WHERE id = %s", [pk])
    with pytest.raises(DeletedObject):
        chair.refresh_from_db()
    assert ObjectDB.objects.get_id(pk) is None


@pytest.mark.parametrize("given", [None, "", "#", "#0", 0, -5, "x", "#99999999", "9" * 30, True, 1.5])
def test_get_id_of_nonsense_is_none(household, given):
    assert ObjectDB.objects.get_id(given) is None
    assert list(ObjectDB.objects.dbref_search(given)) == []


def test_dbref_search_gives_a_queryset(household):
    rock = household["rock"]
    assert list(ObjectDB.objects.dbref_search(rock.dbref)) == [rock]
    assert list(MgrSofa.objects.search_dbref(rock.pk)) == []
    assert ObjectDB.objects.search_dbref(rock.pk).filter(db_key="rock").exists()


def test_dbref_ranges_are_inclusive(household):
    table, shelf, chair, sofa, rock = household.values()
    search = ObjectDB.objects.get_dbref_range
    assert list(search(shelf.pk, sofa.pk)) == [shelf, chair, sofa]
    assert list(search(min_dbref=sofa.dbref)) == [sofa, rock]
    assert list(search(max_dbref=shelf.pk).filter(pk__gte=table.pk)) == [table, shelf]
    assert list(MgrChair.objects.get_dbref_range(table.pk, rock.pk)) == [chair]
    assert list(search(max_dbref=0)) == []
    assert list(search(min_dbref="nonsense")) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.defect("M-12")
def test_a_cold_id_costs_one_statement():
    pk = make(MgrRock, "rock").pk
    forget(ObjectDB)
    with statements() as queries:
        rock = MgrRock.objects.get_id(f"#{pk}")
        assert MgrRock.objects.get_id(pk) is rock
    assert rock.db_key == "rock"
    assert len(queries) == 1


# --- classes


def test_totals(household):
    rows = {row["typeclass"]: row for row in ObjectDB.objects.get_typeclass_totals()}
    assert rows[MgrFurniture.path] == {"typeclass": MgrFurniture.path, "count": 2, "percent": 40.0}
    assert sum(row["percent"] for row in rows.values()) == pytest.approx(100)
    assert ObjectDB.objects.get_typeclass_totals()[0]["typeclass"] == MgrFurniture.path
    assert ObjectDB.objects.get_typeclass_totals().filter(count__gt=1).count() == 1
    assert ObjectDB.objects.object_totals() == {
        MgrChair.path: 1,
        MgrFurniture.path: 2,
        MgrRock.path: 1,
        MgrSofa.path: 1,
    }
    assert MgrRock.objects.object_totals() == {MgrRock.path: 1}


def test_totals_of_nothing(db):
    assert list(ObjectDB.objects.get_typeclass_totals()) == []
    assert ObjectDB.objects.object_totals() == {}


def test_typeclass_search(household):
    search = ObjectDB.objects.typeclass_search
    assert sorted(keys(search(MgrFurniture))) == ["shelf", "table"]
    assert sorted(keys(search(MgrFurniture.path))) == ["shelf", "table"]
    assert sorted(keys(search(MgrChair, include_children=True))) == ["chair", "sofa"]
    assert sorted(keys(search(MgrChair, include_parents=True))) == ["chair", "shelf", "table"]
    both = search(MgrChair, include_children=True, include_parents=True)
    assert sorted(keys(both)) == ["chair", "shelf", "sofa", "table"]
    assert keys(both.filter(db_key="sofa")) == ["sofa"]


def test_typeclass_search_of_a_bad_path(household):
    with pytest.raises(TypeclassNotFound) as refused:
        ObjectDB.objects.typeclass_search("typeclasses.nothing.Nothing")
    assert isinstance(refused.value, ImportError)
    with pytest.raises(WrongFamily):
        ObjectDB.objects.typeclass_search(MgrWatcher)


# --- T-12: the class method


@pytest.mark.defect("T-12")
def test_search_by_key_and_dbref(household):
    watcher = make(MgrWatcher, "Night Watcher")
    assert list(MgrWatcher.search("night watcher")) == [watcher]
    assert list(MgrWatcher.search(watcher.dbref)) == [watcher]
    assert list(MgrWatcher.search("#99999")) == []
    assert list(MgrWatcher.search("")) == []
