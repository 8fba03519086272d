from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.core.exceptions import FieldError
from django.db import connection
from django.db.models import Count
from hypothesis import given, settings
from hypothesis import strategies as st

from perdure.create import create_objects
from perdure.errors import UnknownLookup
from perdure.objects.models import ObjectAttribute, ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.transactions import transaction
from perdure.typeclasses.attribute_model import PREFIX
from perdure.typeclasses.text_lookups import after_prefix
from perdure.typeclasses.value_conditions import value_condition
from tests.typeclasses.making import forget, keys, make, statements

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 17, 12, 0)
NOON_UTC = NOON.replace(tzinfo=UTC)
LONG = "a" * 300


class QryThing(DefaultObject):
    pass


class QryOther(DefaultObject):
    pass


VALUES = {
    "minus": -3,
    "zero": 0,
    "one": 1,
    "one and a half": 1.5,
    "two": Decimal("2"),
    "large": 2**62,
    "huge": 10**30,
    "true": True,
    "false": False,
    "none": None,
    "empty": "",
    "digit": "1",
    "apple": "apple",
    "Apple": "Apple",
    "percent": "50% of_it",
    "accent": "École",
    "long a": LONG,
    "long b": LONG + "b",
    "nul": "a\0b",
    "day": date(2024, 5, 17),
    "noon": NOON,
    "noon utc": NOON_UTC,
    "hour": timedelta(hours=1),
    "list": [1, 2],
    "tuple": (1, 2),
    "nan": float("nan"),
    "inf": float("inf"),
}


@pytest.fixture
def things(db):
    """One object for each value, with it as its `v`; one without."""
    objects = {key: make(QryThing, key, {"v": value}) for key, value in VALUES.items()}
    objects["without"] = make(QryThing, "without")
    return objects


def found(**lookups):
    return set(keys(QryThing.objects.filter_attributes(**lookups)))


# --- equality


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, {"zero"}),
        (1, {"one"}),
        (1.0, {"one"}),
        (Decimal("1.5"), {"one and a half"}),
        (2, {"two"}),
        (2**62, {"large"}),
        (2**62 + 1, set()),
        (True, {"true"}),
        (False, {"false"}),
        (None, {"none"}),
        ("", {"empty"}),
        ("1", {"digit"}),
        ("apple", {"apple"}),
        ("APPLE", set()),
        (LONG, {"long a"}),
        (LONG + "b", {"long b"}),
        (LONG[:PREFIX], set()),
        (date(2024, 5, 17), {"day"}),
        (NOON, {"noon"}),
        (NOON_UTC, {"noon utc"}),
        (datetime(2024, 5, 17, 14, 0, tzinfo=timezone(timedelta(hours=2))), {"noon utc"}),
        (timedelta(minutes=60), {"hour"}),
        ([1, 2], {"list"}),
        ((1, 2), {"tuple"}),
        ([2, 1], set()),
        (float("inf"), {"inf"}),
    ],
)
def test_equality(things, value, expected):
    assert found(v=value) == expected
    assert found(v__exact=value) == expected
    assert found(v__in=[value, "nonesuch"]) == expected


def test_in(things):
    assert found(v__in=[1, "1", True, None, [1, 2]]) == {"one", "digit", "true", "none", "list"}
    assert found(v__in=(n for n in (0, -3))) == {"zero", "minus"}
    assert found(v__in=[]) == set()


def test_references_are_found(things):
    things["one"].db.friend = things["two"]
    things["one"].db.friends = [things["two"]]
    assert found(friend=things["two"]) == {"one"}
    assert found(friends=[things["two"]]) == {"one"}
    assert found(friend=things["one"]) == set()


# --- order


@pytest.mark.parametrize(
    ("lookup", "value", "expected"),
    [
        ("gt", 1, {"one and a half", "two", "large", "huge", "inf"}),
        ("gte", 1, {"one", "one and a half", "two", "large", "huge", "inf"}),
        ("lt", 1, {"minus", "zero"}),
        ("lte", 1, {"minus", "zero", "one"}),
        ("lt", 0, {"minus"}),
        ("gt", 2**62 - 1, {"large", "huge", "inf"}),
        ("gt", 2**62, {"huge", "inf"}),
        ("gt", 2**63 - 1, {"huge", "inf"}),
        ("lt", float("inf"), {"minus", "zero", "one", "one and a half", "two", "large", "huge"}),
        ("gt", Decimal("1.4"), {"one and a half", "two", "large", "huge", "inf"}),
        ("gt", "apple", {"accent"}),
        ("lt", "Apple", {"empty", "digit", "percent"}),
        ("gte", "apple", {"apple", "accent"}),
        ("gt", LONG, {"long b", "apple", "accent"}),
        ("gte", LONG, {"long a", "long b", "apple", "accent"}),
        ("lt", LONG + "b", {"empty", "digit", "percent", "Apple", "long a"}),
        ("lte", LONG + "a", {"empty", "digit", "percent", "Apple", "long a"}),
        ("gte", date(2024, 5, 17), {"day"}),
        ("gt", date(2024, 5, 17), set()),
        ("lt", datetime(2024, 5, 17, 12, 0, 0, 1), {"noon"}),
        ("lte", datetime(2024, 5, 17, 11, 59), set()),
        ("gt", datetime(2024, 5, 17, 13, 59, tzinfo=timezone(timedelta(hours=2))), {"noon utc"}),
        ("gt", timedelta(minutes=59), {"hour"}),
        ("range", (0, 1.5), {"zero", "one", "one and a half"}),
        ("range", ["A", "b"], {"Apple", "apple", "long a", "long b"}),
    ],
)
def test_order(things, lookup, value, expected):
    assert found(**{f"v__{lookup}": value}) == expected


# --- text


@pytest.mark.parametrize(
    ("lookup", "value", "expected"),
    [
        ("startswith", "a", {"apple", "long a", "long b"}),
        ("startswith", "A", {"Apple"}),
        ("startswith", LONG, {"long a", "long b"}),
        ("startswith", LONG + "b", {"long b"}),
        ("startswith", "apple pie", set()),
        ("startswith", "50%", {"percent"}),
        ("startswith", "5_", set()),
        ("istartswith", "APP", {"apple", "Apple"}),
        ("contains", "ppl", {"apple", "Apple"}),
        ("contains", "PPL", set()),
        ("contains", "%", {"percent"}),
        ("contains", "f_i", {"percent"}),
        ("contains", "0_", set()),
        ("icontains", "PPL", {"apple", "Apple"}),
        ("icontains", "éCO", {"accent"}),
        ("endswith", "le", {"apple", "Apple", "accent"}),
        ("endswith", "LE", set()),
        ("endswith", "b", {"long b"}),
        ("iendswith", "LE", {"apple", "Apple", "accent"}),
        ("iexact", "APPLE", {"apple", "Apple"}),
        ("iexact", "école", {"accent"}),
        ("iexact", "École", {"accent"}),
        ("iexact", "appl_", set()),
    ],
)
def test_text(things, lookup, value, expected):
    assert found(**{f"v__{lookup}": value}) == expected


@pytest.mark.parametrize("lookup", ["startswith", "endswith", "contains", "istartswith", "iendswith", "icontains"])
def test_the_empty_text_is_in_every_text(things, lookup):
    texts = {key for key, value in VALUES.items() if isinstance(value, str)}
    assert found(**{f"v__{lookup}": ""}) == texts - {"nul"}


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4), st.data())
def test_text_compares_as_in_python(django_db_setup, django_db_blocker, operand, data):
    alphabet = st.sampled_from([*operand, "a", "B", "%", "_", "\\", "é", "\U0010ffff"])
    texts = data.draw(st.lists(st.text(alphabet, max_size=6), min_size=1, max_size=6, unique=True))
    with django_db_blocker.unblock(), transaction():
        objects = {text: make(QryOther, "x", {"v": text}) for text in texts}
        lookups = {
            "startswith": lambda text: text.startswith(operand),
            "endswith": lambda text: text.endswith(operand),
            "contains": lambda text: operand in text,
            "gt": lambda text: text > operand,
            "lte": lambda text: text <= operand,
            "exact": lambda text: text == operand,
        }
        for lookup, expected in lookups.items():
            result = set(QryOther.objects.filter_attributes(**{f"v__{lookup}": operand}))
            assert result == {obj for text, obj in objects.items() if expected(text)}, lookup
        for obj in objects.values():
            obj.delete()


@pytest.mark.parametrize(
    ("prefix", "after"),
    [("a", "b"), ("ab", "ac"), ("", None), ("\U0010ffff", None), ("a\U0010ffff", "b"), ("\ud7ff", "\ue000")],
)
def test_after_prefix(prefix, after):
    assert after_prefix(prefix) == after


# --- missing ones, categories, chains


def test_isnull(things):
    assert found(v__isnull=True) == {"none", "without"}
    assert found(v__isnull=False) == set(VALUES) - {"none"}
    assert "one" in found(w__isnull=True)


def test_exclude(things):
    everybody = {*VALUES, "without"}
    assert set(keys(QryThing.objects.exclude_attributes(v=1))) == everybody - {"one"}
    assert set(keys(QryThing.objects.exclude_attributes(v__gte=0, v__lt=2))) == everybody - {
        "zero",
        "one",
        "one and a half",
    }
    assert set(keys(QryThing.objects.exclude_attributes(v__isnull=True))) == set(VALUES) - {"none"}
    assert set(keys(QryThing.objects.exclude_attributes())) == everybody


def test_several_lookups_all_apply(things):
    things["one"].db.w = "x"
    things["two"].db.w = "x"
    assert found(v__lt=2, w="x") == {"one"}
    assert keys(QryThing.objects.filter_attributes(v__gte=1).filter_attributes(w="x").exclude(db_key="two")) == ["one"]


def test_categories(things):
    things["one"].attributes.add("v", 5, category="C")
    assert found(v=5) == set()
    assert found(category="c", v=5) == {"one"}
    assert found(category="c", v=1) == set()
    assert found(V=1) == {"one"}


def test_nicks_and_plain_strings_are_not_values(things):
    things["without"].attributes.add("s", "text", strattr=True)
    assert found(s="text") == set()
    assert found(s=None) == set()


def test_only_the_managers_class_is_found(things):
    other = make(QryOther, "other", {"v": 1})
    assert found(v=1) == {"one"}
    assert set(ObjectDB.objects.filter_attributes(v=1)) == {things["one"], other}


def test_a_change_is_found_at_once_also_in_a_transaction(things):
    things["one"].db.v = 77
    assert found(v=77) == {"one"}
    with transaction():
        things["one"].db.v = 78
        things["list"].db.v.append(3)
        assert found(v=78) == {"one"}
        assert found(v=77) == set()
        assert found(v=[1, 2, 3]) == {"list"}
        del things["two"].db.v
        assert "two" in found(v__isnull=True)


def test_bulk_calls_chain(things):
    assert QryThing.objects.filter_attributes(v__startswith="a").update(db_key="changed") == 3
    assert things["apple"].db_key == "changed"
    count, _ = QryThing.objects.filter_attributes(v=1).delete()
    assert count == 1
    assert found(v=1) == set()


def test_results_have_no_duplicates(things):
    things["one"].attributes.add("v", 1, category="c")
    found_twice = QryThing.objects.filter_attributes(v=1) | QryThing.objects.filter_attributes(category="c", v=1)
    assert keys(found_twice) == ["one"]


# --- what is refused


@pytest.mark.parametrize(
    ("lookups", "what"),
    [
        ({"v__foo": 1}, "no lookup 'foo'"),
        ({"v__regex": "a"}, "no lookup 'regex'"),
        ({"v__gt": True}, "has no order"),
        ({"v__lt": None}, "has no order"),
        ({"v__gt": [1]}, "no order in the storage"),
        ({"v__gt": float("nan")}, "has no order"),
        ({"v": float("nan")}, "nothing equals"),
        ({"v": 2**63}, "beyond 64 bits"),
        ({"v": 10**400}, "beyond 64 bits"),
        ({"v__lt": 10**30}, "beyond 64 bits"),
        ({"v": Decimal(10) ** 30}, "beyond 64 bits"),
        ({"v": "a\0b"}, "NUL"),
        ({"v__contains": "\0"}, "NUL"),
        ({"v__gt": "\0"}, "NUL"),
        ({"v__contains": 5}, "compares text"),
        ({"v__startswith": None}, "compares text"),
        ({"v__icontains": "\ud800"}, "cannot be stored"),
        ({"v": object()}, "cannot be stored"),
        ({"v__in": "abc"}, "takes a list"),
        ({"v__in": 5}, "takes a list"),
        ({"v__range": (1,)}, "lowest and the highest"),
        ({"v__range": "ab"}, "lowest and the highest"),
        ({"v__range": 7}, "lowest and the highest"),
    ],
)
def test_a_lookup_that_cannot_be_answered_raises(things, lookups, what):
    with pytest.raises(UnknownLookup, match=what) as refused:
        QryThing.objects.filter_attributes(**lookups)
    assert isinstance(refused.value, FieldError)


def test_the_error_names_the_lookup(db):
    with pytest.raises(UnknownLookup, match=r"filter_attributes\(worth__gt=…\)"):
        QryThing.objects.filter_attributes(worth__gt=None)


# --- ordering


def test_order_by_attribute(db):
    values = {"n10": 10, "n9": 9, "neg": -1, "half": 0.5, "b": "b", "B": "B", "a": "a", "none": None, "true": True}
    objects = [make(QryThing, key, {"v": value}) for key, value in values.items()]
    objects.append(make(QryThing, "without"))
    ordered = keys(QryThing.objects.order_by_attribute("v"))
    assert ordered == ["neg", "half", "true", "n9", "n10", "B", "a", "b", "none", "without"]
    backwards = keys(QryThing.objects.order_by_attribute("-v"))
    assert backwards == ["n10", "n9", "true", "half", "neg", "b", "a", "B", "none", "without"]


def test_order_by_several(db):
    for key, first, second in [("a", 1, 1), ("b", 1, 2), ("c", 0, 3), ("d", 1, None)]:
        make(QryThing, key, {"first": first, "second": second})
    assert keys(QryThing.objects.order_by_attribute("first", "-second")) == ["c", "b", "a", "d"]
    assert keys(QryThing.objects.order_by_attribute("-first", "second")[:2]) == ["a", "b"]


def test_order_of_dates_and_long_texts(db):
    values = {"late": date(2025, 1, 1), "early": date(1999, 12, 31), "long b": LONG + "b", "long a": LONG + "a"}
    for key, value in values.items():
        make(QryThing, key, {"v": value})
    assert keys(QryThing.objects.order_by_attribute("v")) == ["early", "late", "long a", "long b"]


def test_order_in_a_category_and_ties_by_id(db):
    objects = [make(QryThing, key) for key in "abc"]
    for obj, value in zip(objects, (2, 1, 1), strict=True):
        obj.attributes.add("v", value, category="c")
    assert keys(QryThing.objects.order_by_attribute("v", category="c")) == ["b", "c", "a"]
    assert keys(QryThing.objects.order_by_attribute("v")) == ["a", "b", "c"]


@pytest.fixture
def ranked(db):
    """Four objects with the values 1 to 3 of `v`, one of them without; each has other attributes too."""
    objects = {}
    for key, value in (("b", 2), ("c", 3), ("a", 1)):
        objects[key] = make(QryThing, key, {"v": value, "w": -value, "x": "x"}, tags=["even"] if value == 2 else [])
    objects["none"] = make(QryThing, "none", {"w": 0, "x": "x"})
    return objects


def test_an_ordered_query_chains(ranked):
    ordered = QryThing.objects.order_by_attribute("-v")
    assert keys(ordered) == ["c", "b", "a", "none"]
    assert keys(ordered.filter_attributes(v__lt=3)) == ["b", "a"]
    assert keys(ordered.filter(db_attributes__db_key="w", db_attributes__db_number__lt=-1)) == ["c", "b"]
    assert keys(ordered.exclude_attributes(v=3)) == ["b", "a", "none"]
    assert keys(ordered.exclude(db_attributes__db_key="v")) == ["none"]
    assert keys(ordered.reverse()) == ["none", "a", "b", "c"]
    assert (ordered.first(), ordered.last()) == (ranked["c"], ranked["none"])
    assert (ordered.count(), ordered.exists(), len(ordered.distinct())) == (4, True, 4)
    assert list(ordered.values_list("db_key", flat=True)[1:3]) == ["b", "a"]
    assert keys(ordered.order_by_attribute("w")) == ["c", "b", "a", "none"]
    assert keys(ordered.order_by("db_key")) == ["a", "b", "c", "none"]
    assert set(keys(ObjectDB.objects.filter(pk__in=ordered.values("pk")[:2]))) == {"b", "c"}
    assert keys(ordered.filter(db_key="a") | ordered.filter(db_key="c")) == ["c", "a"]
    assert keys(ordered.filter(db_key__gt="a") & QryThing.objects.filter(db_key__lt="n")) == ["c", "b"]
    assert [obj.tagged for obj in ordered.annotate(tagged=Count("db_tags"))] == [0, 1, 0, 0]


def test_an_ordered_query_can_be_asked_again_and_ordered_anew(ranked):
    first = QryThing.objects.order_by_attribute("v")
    assert keys(first) == ["a", "b", "c", "none"]
    second = first.order_by_attribute("w", "v")
    assert keys(second) == ["c", "b", "a", "none"]
    assert keys(first.all()) == ["a", "b", "c", "none"]
    assert keys(QryThing.objects.order_by_attribute("x", "-x", "-w")) == ["none", "a", "b", "c"]
    assert keys(QryThing.objects.order_by_attribute()) == ["b", "c", "a", "none"]


@pytest.mark.parametrize(
    "condition",
    [
        lambda things: things.filter_attributes(v__gte=2).filter_attributes(w__gte=-2),
        lambda things: things.filter_attributes(v__gt=1, w=-2, x="x"),
        lambda things: things.get_by_tag("even").filter_attributes(v__gt=1, x__isnull=False),
        lambda things: things.filter_attributes(v__in=[2, 9]).filter(db_tags__db_key="even"),
        lambda things: things.filter_attributes(v__gt=1).exclude_attributes(w__lt=-2, x="x"),
        lambda things: (
            things.filter_attributes(v__gt=0, w__range=(-2, -1))
            .exclude_attributes(v=1)
            .filter(pk__in=things.filter_attributes(v__lt=3, w__lt=0, x="x").values("pk"))
        ),
        lambda things: things.filter_attributes(x="x", w=-2) | things.filter_attributes(x="x", v=2, w__gt=0),
        lambda things: things.get_by_tag("even") & things.filter_attributes(v=2, x="x"),
    ],
)
def test_conditions_that_hold_together(ranked, condition):
    assert keys(condition(QryThing.objects)) == ["b"]


def test_nothing_meets_conditions_that_exclude_each_other(ranked):
    assert not QryThing.objects.filter_attributes(v__in=[]).filter_attributes(w=-2)
    assert not QryThing.objects.filter_attributes(v=2).filter_attributes(w=-3)
    assert QryThing.objects.filter_attributes(v=2, w=-2).update(db_key="two") == 1
    assert QryThing.objects.filter_attributes(v=2, w=-3).update(db_key="three") == 0
    assert QryThing.objects.filter_attributes(v__gt=0, w__lt=0).aggregate(number=Count("pk")) == {"number": 3}
    counted = QryThing.objects.filter_attributes(v__gt=0, w__lt=0).annotate(tagged=Count("db_tags")).filter(tagged=1)
    assert keys(counted) == ["two"]


def test_more_conditions_than_a_sub_query_takes(db):
    """SQLite joins 64 tables, and a tag takes two."""
    tags = [f"tag {number}" for number in range(70)]
    make(QryThing, "all", tags=tags)
    make(QryThing, "nearly all", tags=tags[:-1])
    assert keys(QryThing.objects.get_by_tag(tags)) == ["all"]
    assert keys(QryThing.objects.get_by_tag(tags[:-1])) == ["all", "nearly all"]


def test_ordering_leaves_nothing_on_the_objects(ranked):
    found = list(QryThing.objects.order_by_attribute("v"))
    assert not [name for obj in found for name in vars(obj) if "order" in name]


def test_an_ordered_query_updates_and_deletes(ranked):
    assert QryThing.objects.order_by_attribute("v").filter_attributes(v__gt=1).update(db_key="high") == 2
    assert [obj.key for obj in (ranked["b"], ranked["c"])] == ["high", "high"]
    assert QryThing.objects.order_by_attribute("v").filter_attributes(v=1).delete()[0] == 1
    assert keys(QryThing.objects.order_by_attribute("-v")) == ["high", "high", "none"]


@settings(max_examples=25)
@given(
    st.lists(st.one_of(st.integers(-(2**62), 2**62), st.floats(-(2.0**62), 2.0**62, width=32)), min_size=1, max_size=8)
)
def test_numbers_order_and_compare_as_in_python(django_db_setup, django_db_blocker, numbers):
    with django_db_blocker.unblock(), transaction():
        objects = [(number, make(QryOther, "x", {"v": number})) for number in numbers]
        ordered = [obj.db.v for obj in QryOther.objects.order_by_attribute("v")]
        assert ordered == sorted(numbers)
        pivot = numbers[0]
        for lookup, expected in (
            ("gt", lambda n: n > pivot),
            ("lte", lambda n: n <= pivot),
            ("exact", lambda n: n == pivot),
        ):
            result = set(QryOther.objects.filter_attributes(**{f"v__{lookup}": pivot}))
            assert result == {obj for number, obj in objects if expected(number)}, lookup
        for _, obj in objects:
            obj.delete()


# --- cost


def test_a_query_by_attribute_is_one_statement(things):
    assert QryThing.objects.exists()  # what is still to be written leaves before a query
    with statements() as queries:
        list(QryThing.objects.filter_attributes(v__gt=1, v__lt=9).order_by_attribute("v"))
    assert len(queries) == 1


@pytest.mark.defect("H-27")
@pytest.mark.django_db(transaction=True)
def test_preload_takes_a_fixed_number_of_statements():
    for number in range(30):
        make(QryThing, f"t{number}", {"v": number}, tags=["x"])
    forget(ObjectDB)
    with statements() as queries:
        loaded = list(QryThing.objects.preload())
        assert sum(obj.db.v for obj in loaded) == sum(range(30))
        assert all(obj.tags.has("x") for obj in loaded)
    assert len(queries) <= 3, [query["sql"] for query in queries]


@pytest.mark.django_db(transaction=True)
def test_touching_cold_objects_loads_them_together():
    for number in range(100):
        make(QryThing, f"t{number}", {"v": number})
    forget(ObjectDB)
    with statements() as queries:
        assert sum(obj.db.v for obj in list(QryThing.objects.all())) == sum(range(100))
    assert len(queries) <= 5


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("lookups", "index"),
    [
        ({"v": 5}, "number"),
        ({"v__gt": 5}, "number"),
        ({"v__range": (1, 9)}, "number"),
        ({"v__in": [1, 2]}, "number"),
        ({"v": "text"}, "text"),
        ({"v__gt": "text"}, "text"),
        ({"v__startswith": "te"}, "text"),
        ({"v": date(2024, 1, 1)}, "text"),
    ],
)
def test_the_indexes_are_used_on_sqlite(db, lookups, index):
    rows = QryThing.objects.get_queryset()
    for number in range(20):
        make(QryThing, f"t{number}", {"v": number, "w": "text"})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = rows.filter_attributes(**lookups).explain()
    assert f"objects_attribute_{index}" in plan, plan
    assert f"SCAN {ObjectAttribute._meta.db_table}" not in plan


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "lookups",
    [{"v": "text"}, {"v": "t" * 500}, {"v__in": ["a", "b"]}, {"v__gt": "text"}, {"v__startswith": "te"}],
    ids=["short", "long", "in", "gt", "startswith"],
)
def test_texts_are_found_by_the_part_that_the_index_holds(db, lookups):
    plan = QryThing.objects.filter_attributes(**lookups).explain()
    assert re.search(r"objects_attribute_text \(db_key=\? AND <expr>[=<>]", plan), plan


@pytest.mark.postgresql
@pytest.mark.parametrize(("lookup", "operand", "index"), [("gt", 395, "number"), ("startswith", "t39", "text")])
def test_the_indexes_are_used_on_postgresql(db, lookup, operand, index):
    """The condition on attribute rows by itself: how it is joined to the objects depends on what else is there."""
    values = [number if index == "number" else f"t{number}" for number in range(400)]
    create_objects(QryThing, [{"key": "t", "nohome": True, "attributes": [("v", value)]} for value in values])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE objects_objectattribute")
    rows = QryThing.objects.get_queryset()._attribute_rows("v", None, value_condition(lookup, operand, "here"))
    plan = rows.queryset("default").explain()
    assert f"objects_attribute_{index}" in plan, plan
