from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Count, Q

from perdure.errors import (
    DeletedObject,
    InvalidArgument,
    InvalidKey,
    TagCriteriaMismatch,
    TypeclassNotFound,
    UnknownLookup,
    WrongFamily,
)
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.scripts.scripts import DefaultScript
from perdure.typeclasses import registry
from perdure.typeclasses.nicks import NickHandler
from perdure.typeclasses.tag_model import Tag
from tests.typeclasses.making import forget, keys, make, statements

pytestmark = pytest.mark.django_db


class MgrFurniture(DefaultObject):
    pass


class MgrChair(MgrFurniture):
    pass


class MgrSofa(MgrChair):
    pass


class MgrRock(DefaultObject):
    pass


class MgrWatcher(DefaultScript):
    pass


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


# --- get_by_tag


@pytest.fixture
def tagged(db):
    """Objects with tags that invite mistakes."""
    return {
        "plain": make(MgrRock, "plain", tags=["x", "y"]),
        "aliased": make(MgrRock, "aliased", tags=["x"], aliases=["x", "y"]),
        "in c": make(MgrRock, "in c", tags=[("x", "c1"), ("y", "c1")]),
        "in both": make(MgrRock, "in both", tags=[("x", "c1"), ("z", "c2")]),
        "chair": make(MgrChair, "chair", tags=["x"]),
        "bare": make(MgrRock, "bare"),
    }


@pytest.mark.defect("M-4")
def test_an_alias_does_not_stand_in_for_a_tag(tagged):
    assert keys(ObjectDB.objects.get_by_tag(["x", "y"])) == ["plain"]
    assert keys(ObjectDB.objects.get_by_tag("y")) == ["plain"]
    assert keys(ObjectDB.objects.get_by_alias("y")) == ["aliased"]
    assert keys(ObjectDB.objects.get_by_tag(["x", "y"], tagtype="alias")) == ["aliased"]


@pytest.mark.defect("M-5")
def test_two_tags_of_one_category_do_not_stand_in_for_two_categories(tagged):
    assert keys(ObjectDB.objects.get_by_tag(category=["c1", "c2"])) == ["in both"]
    assert keys(ObjectDB.objects.get_by_tag(category="c1")) == ["in c", "in both"]


@pytest.mark.defect("M-5")
def test_a_key_given_twice_asks_for_one_tag(tagged):
    assert keys(ObjectDB.objects.get_by_tag(["y", "y", "Y "])) == ["plain"]


def test_a_key_without_a_category_means_uncategorised(tagged):
    assert keys(ObjectDB.objects.get_by_tag("x")) == ["plain", "aliased", "chair"]
    assert keys(ObjectDB.objects.get_by_tag("x", "")) == ["plain", "aliased", "chair"]
    assert keys(ObjectDB.objects.get_by_tag("x", "c1")) == ["in c", "in both"]


def test_keys_and_categories_pair_up(tagged):
    assert keys(ObjectDB.objects.get_by_tag(["x", "z"], ["c1", "c2"])) == ["in both"]
    assert keys(ObjectDB.objects.get_by_tag(["x", "y"], "C1")) == ["in c"]
    assert keys(ObjectDB.objects.get_by_tag(["x", "y"], [None, None])) == ["plain"]
    assert keys(ObjectDB.objects.get_by_tag(["x"], ["c1", "c2"])) == ["in c", "in both"]  # extra ones are ignored


def test_fewer_categories_than_keys_are_refused(tagged):
    with pytest.raises(TagCriteriaMismatch, match="3 keys and 2 categories") as refused:
        ObjectDB.objects.get_by_tag(["a", "b", "c"], ["c1", "c2"])
    assert isinstance(refused.value, IndexError)


def test_any_is_ordered_by_the_number_of_matches(tagged):
    found = list(ObjectDB.objects.get_by_tag(["x", "y"], match="any"))
    assert [(obj.db_key, obj.matches) for obj in found] == [("plain", 2), ("aliased", 1), ("chair", 1)]


def test_all_counts_matches_too(tagged):
    assert [obj.matches for obj in ObjectDB.objects.get_by_tag(["x", "y"])] == [2]


def test_tags_are_found_whatever_the_case_and_as_numbers(tagged):
    tagged["bare"].tags.add(7, category="Number")
    assert keys(ObjectDB.objects.get_by_tag(7, "NUMBER")) == ["bare"]
    assert keys(ObjectDB.objects.get_by_tag("7", "number")) == ["bare"]
    assert keys(ObjectDB.objects.get_by_tag(" X ")) == ["plain", "aliased", "chair"]


@pytest.mark.parametrize("nothing", [None, "", "  ", [], ()])
@pytest.mark.parametrize("match", ["all", "any"])
def test_no_criteria_find_nothing(tagged, nothing, match):
    found = ObjectDB.objects.get_by_tag(nothing, match=match)
    assert not found
    assert list(found) == []
    assert found.filter(db_key="plain").count() == 0
    assert list(ObjectDB.objects.get_by_tag(nothing, "c1", match=match)) == (
        list(ObjectDB.objects.get_by_tag(category="c1", match=match)) if nothing is None else []
    )


def test_blank_and_empty_categories_alone_find_nothing(tagged):
    assert list(ObjectDB.objects.get_by_tag(category="")) == []
    assert list(ObjectDB.objects.get_by_tag(category=[])) == []


def test_keys_that_are_no_text_are_refused(tagged):
    with pytest.raises(InvalidKey):
        ObjectDB.objects.get_by_tag([object()])
    with pytest.raises(InvalidKey):
        ObjectDB.objects.get_by_tag(3.5)


def test_a_typeclass_manager_searches_its_class_only(tagged):
    assert keys(MgrChair.objects.get_by_tag("x")) == ["chair"]
    assert keys(MgrSofa.objects.get_by_tag("x")) == []


def test_results_of_a_tag_search_chain(tagged):
    found = ObjectDB.objects.get_by_tag("x").filter(db_key__startswith="p")
    assert keys(found) == ["plain"]
    assert found.count() == 1
    assert keys(ObjectDB.objects.get_by_tag("x").filter(db_tags__db_key="y").order_by("-pk")) == ["aliased", "plain"]
    assert ObjectDB.objects.get_by_tag("x").exclude(db_key="plain").update(db_key="changed") == 2


def test_the_number_of_matches_does_not_stick_to_the_object(tagged):
    (found,) = ObjectDB.objects.get_by_tag(["x", "y"])
    assert found.matches == 2
    again = ObjectDB.objects.filter(db_key="plain")[0]
    assert again is found
    assert not hasattr(again, "matches")


def test_a_tag_search_is_one_statement(tagged):
    with statements() as queries:
        list(ObjectDB.objects.get_by_tag(["x", "y", "z"], match="any"))
    assert len(queries) == 1


def test_scripts_do_not_answer_for_objects(tagged):
    make(MgrWatcher, "watcher", tags=["x"])
    assert keys(MgrWatcher.objects.get_by_tag("x")) == ["watcher"]
    assert "watcher" not in keys(ObjectDB.objects.get_by_tag("x"))


def test_permissions_are_found(db):
    make(MgrRock, "guard", permissions=["Builder"])
    assert keys(ObjectDB.objects.get_by_permission("builder")) == ["guard"]
    assert not ObjectDB.objects.get_by_tag("builder")


# --- get_tag, create_tag


@pytest.mark.defect("M-10")
def test_get_tag_of_an_object_on_a_typeclass_manager(tagged):
    assert sorted(t.db_key for t in MgrRock.objects.get_tag(obj=tagged["plain"])) == ["x", "y"]
    assert not MgrChair.objects.get_tag(obj=tagged["plain"])


@pytest.mark.defect("M-10")
def test_get_tag_of_an_object_in_all_tags(tagged):
    assert [t.db_key for t in ObjectDB.objects.get_tag("x", obj=tagged["plain"], global_search=True)] == ["x"]
    assert not ObjectDB.objects.get_tag("x", obj=tagged["bare"], global_search=True)
    assert not ObjectDB.objects.get_tag(
        "z", obj=tagged["in both"], global_search=True
    )  # None means uncategorised there
    assert [t.db_key for t in ObjectDB.objects.get_tag("z", obj=tagged["in both"])] == ["z"]


@pytest.mark.defect("M-11")
def test_get_tag_does_not_mind_the_case(tagged):
    assert [str(t) for t in ObjectDB.objects.get_tag(" X", category="C1")] == ["<Tag: x(category:c1)>"]


def test_get_tag_answers_for_the_objects_of_the_manager(tagged):
    assert {t.db_key for t in MgrChair.objects.get_tag()} == {"x"}
    assert {str(t) for t in ObjectDB.objects.get_tag("x")} == {"<Tag: x()>", "<Tag: x(category:c1)>"}
    assert [str(t) for t in ObjectDB.objects.get_tag("x", category="")] == ["<Tag: x()>"]
    assert not MgrChair.objects.get_tag("y")
    assert [t.db_key for t in MgrChair.objects.get_tag("y", global_search=True)] == ["y"]
    assert not ObjectDB.objects.get_tag("")


def test_get_alias_and_get_permission(tagged):
    tagged["bare"].permissions.add("builder")
    assert [t.db_tagtype for t in ObjectDB.objects.get_alias("y")] == ["alias"]
    assert [t.db_key for t in ObjectDB.objects.get_permission(obj=tagged["bare"])] == ["builder"]
    assert not ObjectDB.objects.get_alias("y", obj=tagged["plain"])


def test_create_tag_finds_or_makes_one(db):
    tag = ObjectDB.objects.create_tag(" Big ", category="SIZE", data="large")
    assert (tag.db_key, tag.db_category, tag.db_data, tag.db_model) == ("big", "size", "large", "objectdb")
    assert ObjectDB.objects.create_tag("big", "size") == tag
    tag.refresh_from_db()
    assert tag.db_data == "large"
    ObjectDB.objects.create_tag("big", "size", data="huge")
    tag.refresh_from_db()
    assert tag.db_data == "huge"
    assert ObjectDB.objects.create_tag("big", "size", tagtype="alias") != tag
    assert Tag.objects.filter(db_key="big").count() == 2
    with pytest.raises(InvalidKey):
        ObjectDB.objects.create_tag(" ")
    with pytest.raises(InvalidKey):
        ObjectDB.objects.create_tag(None)


# --- attributes


@pytest.fixture
def valued(db):
    """Objects with an attribute `v` of values that are easily mistaken for each other."""
    values = {"zero": 0, "one": 1, "true": True, "false": False, "none": None, "empty": "", "text": "1", "float": 1.5}
    objects = {key: make(MgrRock, key, {"v": value}) for key, value in values.items()}
    objects["without"] = make(MgrRock, "without")
    return objects


@pytest.mark.defect("M-8")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, ["zero"]),
        (1, ["one"]),
        (1.0, ["one"]),
        (True, ["true"]),
        (False, ["false"]),
        (None, ["none"]),
        ("", ["empty"]),
        ("1", ["text"]),
        (1.5, ["float"]),
        (2, []),
    ],
)
def test_every_value_can_be_searched(valued, value, expected):
    assert keys(ObjectDB.objects.get_by_attribute("v", value=value)) == expected
    assert [a.owner.db_key for a in ObjectDB.objects.get_attribute("v", value=value)] == expected


@pytest.mark.defect("M-8")
def test_a_value_that_is_left_out_is_any(valued):
    assert ObjectDB.objects.get_by_attribute("v").count() == 8
    assert ObjectDB.objects.get_attribute("v").count() == 8


@pytest.mark.defect("M-7")
def test_an_owner_is_found_once(db):
    owner = make(MgrRock, "owner")
    owner.attributes.add("v", 1)
    owner.attributes.add("v", 1, category="c")
    owner.attributes.add("w", 1)
    assert keys(ObjectDB.objects.get_by_attribute("v")) == ["owner"]
    assert keys(ObjectDB.objects.get_by_attribute(value=1)) == ["owner"]


@pytest.mark.defect("M-9")
def test_containers_compare_by_what_they_hold(db):
    friend = make(MgrRock, "friend")
    owner = make(MgrRock, "owner", {"d": {"a": 1, "b": [2]}, "s": {"x", "y"}, "l": [friend, 1], "n": friend})
    friend.db.visited = True
    search = ObjectDB.objects.get_by_attribute
    assert keys(search("d", value={"b": [2], "a": True})) == ["owner"]
    assert keys(search("d", value=owner.db.d)) == ["owner"]
    assert keys(search("s", value={"y", "x"})) == ["owner"]
    assert keys(search("l", value=[friend, 1])) == ["owner"]
    assert keys(search("n", value=friend)) == ["owner"]
    assert not search("d", value={"a": 1})


def test_a_value_that_cannot_be_stored_is_an_error(db):
    with pytest.raises(UnknownLookup, match="cannot be stored"):
        ObjectDB.objects.get_by_attribute("v", value=object())


@pytest.mark.defect("M-11")
def test_attribute_keys_do_not_mind_the_case(valued):
    valued["zero"].attributes.add("Weight", 5, category="Stats")
    assert keys(ObjectDB.objects.get_by_attribute(" WEIGHT ", category="STATS")) == ["zero"]
    assert [a.db_key for a in ObjectDB.objects.get_attribute("WEIGHT")] == ["weight"]


def test_a_category_of_none_is_any_and_a_blank_one_is_none(db):
    make(MgrRock, "plain", {"v": 1})
    make(MgrRock, "filed").attributes.add("v", 1, category="c")
    assert keys(ObjectDB.objects.get_by_attribute("v").order_by("pk")) == ["plain", "filed"]
    assert keys(ObjectDB.objects.get_by_attribute("v", category="")) == ["plain"]
    assert keys(ObjectDB.objects.get_by_attribute("v", category="c")) == ["filed"]


def test_criteria_apply_to_one_attribute(db):
    owner = make(MgrRock, "owner", {"a": 1, "b": 2})
    assert keys(ObjectDB.objects.get_by_attribute("a", value=1)) == ["owner"]
    assert not ObjectDB.objects.get_by_attribute("a", value=2)
    owner.attributes.add("a", 2, category="c")
    assert not ObjectDB.objects.get_by_attribute("a", category="c", value=1)


def test_plain_strings_beside_the_value(db):
    owner = make(MgrRock, "owner")
    owner.attributes.add("title", "Sir", strattr=True)
    assert keys(ObjectDB.objects.get_by_attribute("title", strvalue="Sir", value="ignored")) == ["owner"]
    assert not ObjectDB.objects.get_by_attribute("title", strvalue="sir")
    assert not ObjectDB.objects.get_by_attribute("title", value=None)


def test_blank_keys_match_nothing(valued):
    assert not ObjectDB.objects.get_by_attribute("")
    assert not ObjectDB.objects.get_attribute("  ", value=1)
    assert not ObjectDB.objects.get_by_nick("")
    assert not ObjectDB.objects.get_nick("  ")


def test_attributes_of_one_object_and_of_one_class(valued):
    chair = make(MgrChair, "chair", {"v": 1})
    assert [a.owner for a in MgrChair.objects.get_attribute("v")] == [chair]
    assert [a.owner for a in ObjectDB.objects.get_attribute("v", obj=chair)] == [chair]
    assert not MgrRock.objects.get_attribute("v", obj=chair)
    assert not ObjectDB.objects.get_attribute("v", obj=make(MgrWatcher, "w"))
    assert ObjectDB.objects.get_attribute("v", obj=chair)[0].value == 1
    assert keys(MgrChair.objects.get_by_attribute("v", value=1)) == ["chair"]


def test_further_criteria_on_the_attribute(db):
    owner = make(MgrRock, "owner")
    owner.attributes.add("v", 1, lockstring="attrread:false()")
    make(MgrRock, "open", {"v": 1})
    assert keys(ObjectDB.objects.get_by_attribute("v", db_lock_storage__contains="attrread")) == ["owner"]


# --- nicks


@pytest.fixture
def nicked(db):
    """Owners of nicks, and of attributes of the same names."""
    first, second = make(MgrRock, "first"), make(MgrChair, "second")
    NickHandler(first).add("hi $1", "say Hello, $1")
    NickHandler(second).add("hi $1", "wave $1", category="channel")
    first.attributes.add("hi $1", "say Hello, $1")
    return first, second


@pytest.mark.defect("M-6")
def test_get_nick_gives_nicks_only(nicked):
    assert [(n.db_attrtype, n.owner.db_key) for n in ObjectDB.objects.get_nick("hi $1")] == [
        ("nick", "first"),
        ("nick", "second"),
    ]
    assert [n.owner.db_key for n in ObjectDB.objects.get_nick(value="wave $1")] == ["second"]
    assert [n.owner.db_key for n in ObjectDB.objects.get_nick(strvalue="wave $1")] == ["second"]
    assert [n.owner.db_key for n in ObjectDB.objects.get_nick(category="inputline")] == ["first"]
    assert [n.owner.db_key for n in MgrChair.objects.get_nick("HI $1")] == ["second"]
    assert not ObjectDB.objects.get_nick("hi $1", category="channel", obj=nicked[0])


@pytest.mark.defect("M-6")
def test_get_by_nick_finds_owners_by_the_replacement(nicked):
    assert keys(ObjectDB.objects.get_by_nick(nick="say Hello, $1")) == ["first"]
    assert keys(ObjectDB.objects.get_by_nick("hi $1")) == ["first"]
    assert keys(ObjectDB.objects.get_by_nick("hi $1", category="channel")) == ["second"]
    assert keys(ObjectDB.objects.get_by_nick("hi $1", category=None).order_by("pk")) == ["first", "second"]
    for near in ("say hello, $1", "Hello, $1", "say Hello, $", "", "%"):
        assert not ObjectDB.objects.get_by_nick(nick=near)


@pytest.mark.defect("M-6")
@pytest.mark.parametrize("replacement", ['say "quoted"', ',"x', "]}", "50% _ \\", "grüße ☃ \U0001f600", "tab\there"])
def test_a_replacement_is_found_whatever_is_in_it(db, replacement):
    owner, other = make(MgrRock, "owner"), make(MgrRock, "other")
    NickHandler(owner).add("a", replacement)
    NickHandler(other).add("a", f'x,"{replacement}')
    assert keys(ObjectDB.objects.get_by_nick("a", replacement)) == ["owner"]
    stored = NickHandler(owner).get("a", return_tuple=True)
    assert [n.owner.db_key for n in ObjectDB.objects.get_nick("a", value=stored)] == ["owner"]


def test_long_patterns_are_found(db):
    owner = make(MgrRock, "owner")
    NickHandler(owner).add("p" * 300, "short")
    assert keys(ObjectDB.objects.get_by_nick("p" * 300)) == ["owner"]
    assert not ObjectDB.objects.get_by_nick("p" * 299)


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


# --- smart_search


@pytest.fixture
def shop(db):
    """Wares with tags and attributes."""
    long = make(MgrRock, "long sword", {"worth": 10, "owner": "King Arthur", "magic": True}, tags=[("weapon", "kind")])
    short = make(MgrRock, "short Sword", {"worth": 5, "note": None}, tags=[("weapon", "kind"), "old"])
    shield = make(MgrRock, "shield", {"worth": 2.5, "code": "5"}, tags=["old"])
    shield.attributes.add("weight", 8, category="stats")
    make(MgrChair, "sword chair")
    return long, short, shield


@pytest.mark.defect("M-14")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sword", ["long sword", "short Sword"]),
        ("SWORD long", ["long sword"]),
        ('"ng sw"', ["long sword"]),
        ("tag==weapon:kind", ["long sword", "short Sword"]),
        ("TAG==Weapon:KIND", ["long sword", "short Sword"]),
        ("tag==weapon", []),
        ("tag==:kind", ["long sword", "short Sword"]),
        ("tag!=old", ["long sword"]),
        ("sword tag==old", ["short Sword"]),
        ("attr==worth", ["long sword", "short Sword", "shield"]),
        ("attr==note", ["short Sword"]),
        ("attr!=note", ["long sword", "shield"]),
        ("attr==note:none", ["short Sword"]),
        ("attr==worth:5", ["short Sword"]),
        ("attr==worth:2.5", ["shield"]),
        ("attr!=worth:5", ["long sword", "shield"]),
        ("attr==magic:true", ["long sword"]),
        ("attr==magic:1", []),
        ("attr==code:5", []),
        ('attr==code:"5"', ["shield"]),
        ('attr==owner:"King Arthur"', ["long sword"]),
        ('attr=="owner:King Arthur"', ["long sword"]),
        ("attr==weight:8:stats", ["shield"]),
        ("attr==weight::stats", ["shield"]),
        ("attr==weight:8", []),
        ("  sword\ttag!=old  ", ["long sword"]),
        ("", []),
        ("   ", []),
        ("100%", []),
    ],
)
def test_smart_search(shop, query, expected):
    assert keys(MgrRock.objects.smart_search(query)) == expected


@pytest.mark.defect("M-14")
def test_smart_search_gives_a_queryset_of_the_class(shop):
    found = MgrChair.objects.smart_search("sword")
    assert keys(found.filter(db_key__endswith="chair")) == ["sword chair"]


@pytest.mark.defect("M-14")
@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("tag==", "name a tag"),
        ("tag!=:", "name a tag"),
        ("tag==a:b:c", "key:category"),
        ("attr==", "name an attribute"),
        ("attr==:5", "name an attribute"),
        ("attr==a:b:c:d", "key:value:category"),
        ('sword "long', "position 6 is not closed"),
        ('attr==a:"long', "is not closed"),
    ],
)
def test_a_malformed_smart_search_says_what_is_wrong(shop, query, what):
    with pytest.raises(InvalidArgument, match=what):
        MgrRock.objects.smart_search(query)


@pytest.mark.defect("M-14")
def test_smart_search_takes_text_only(shop):
    with pytest.raises(InvalidArgument, match="takes a text"):
        MgrRock.objects.smart_search(None)


@pytest.mark.django_db(transaction=True)
def test_cold_objects_are_found_as_well():
    pk = make(MgrRock, "long sword", {"worth": 10}, tags=["old"]).pk
    forget(ObjectDB)
    found = MgrRock.objects.smart_search("sword attr==worth:10 tag==old")
    assert [(obj.pk, type(obj)) for obj in found] == [(pk, MgrRock)]


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
