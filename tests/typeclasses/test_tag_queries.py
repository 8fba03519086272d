from __future__ import annotations

import pytest

from perdure.errors import (
    InvalidKey,
    TagCriteriaMismatch,
)
from perdure.objects.models import ObjectDB
from perdure.typeclasses.tag_model import Tag
from tests.typeclasses.furniture import MgrChair, MgrRock, MgrSofa, MgrWatcher
from tests.typeclasses.making import keys, make, statements

pytestmark = pytest.mark.django_db


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
    assert ObjectDB.objects.exists()  # what is still to be written leaves before a query
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
