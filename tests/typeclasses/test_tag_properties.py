from __future__ import annotations

from contextlib import suppress

import pytest

from perdure.errors import InvalidArgument, InvalidKey, UnsavedObject
from perdure.objects.models import ObjectDB
from perdure.transactions import transaction
from perdure.typeclasses.tag_properties import AliasProperty, PermissionProperty, TagCategoryProperty, TagProperty

made = 0


def scouts() -> str:
    global made
    made += 1
    return "Scouts"


class TaggedElf(ObjectDB):
    elf = TagProperty(category="race", data="pointed ears")
    lonely = TagProperty()
    Sindar = AliasProperty()
    helper = PermissionProperty()
    guild = TagCategoryProperty("thieves", scouts)
    badges = TagCategoryProperty()


@pytest.fixture
def elf(db):
    """An elf that was made before its class declared any tags."""
    elf = TaggedElf(db_key="elf")
    elf.save()
    for handler in (elf.tags, elf.aliases, elf.permissions):
        handler.clear()
    return elf


@pytest.fixture
def other(db):
    elf = TaggedElf(db_key="other")
    elf.save()
    elf.init_evennia_properties()
    return elf


def stored(obj, handler="tags"):
    """What the database has, not memory."""
    obj.tags.reset_cache()
    obj.attributes.reset_cache()
    return getattr(obj, handler).all(return_key_and_category=True)


def test_reading_gives_the_key_and_adds_the_tag_the_first_time_too(elf):
    assert elf.elf == "elf"
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", "race")]
    assert elf.tags.get("elf", category="race", return_tagobj=True).db_data == "pointed ears"


def test_aliases_and_permissions(elf):
    assert (elf.Sindar, elf.helper, elf.lonely) == ("sindar", "helper", "lonely")
    assert stored(elf, "aliases") == [("sindar", None)]
    assert stored(elf, "permissions") == [("helper", None)]
    assert stored(elf) == [("lonely", None)]


def test_tags_are_there_from_creation(other):
    assert stored(other) == [("elf", "race"), ("lonely", None), ("scouts", "guild"), ("thieves", "guild")]


def test_reading_costs_no_query_once_warm(other, django_assert_num_queries):
    assert other.elf == "elf"
    with django_assert_num_queries(0):
        assert (other.elf, other.guild, other.badges) == ("elf", ["thieves", "scouts"], [])


@pytest.mark.defect("G-13")
def test_the_class_gives_the_descriptor():
    assert isinstance(TaggedElf.elf, TagProperty)
    assert isinstance(TaggedElf.guild, TagCategoryProperty)
    assert (TaggedElf.elf.category, TaggedElf.guild.default_tags) == ("race", ("thieves", "scouts"))
    assert "elf" in repr(TaggedElf.elf)


@pytest.mark.defect("G-3")
def test_assigning_a_category_changes_one_object_only(elf, other):
    assert elf.elf == "elf"
    elf.elf = "Kin"
    assert TaggedElf.elf.category == "race"
    assert other.elf == "elf"
    assert ("elf", "race") in stored(other)
    assert stored(elf) == [("elf", "kin")]
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", "kin")]
    assert elf.tags.get("elf", category="kin", return_tagobj=True).db_data == "pointed ears"


def test_an_assigned_category_holds_when_the_tag_is_taken_away(elf):
    elf.elf = "kin"
    elf.tags.clear()
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", "kin")]


def test_an_assigned_category_can_be_assigned_again_none_and_back(elf):
    elf.elf = "kin"
    elf.elf = "folk"
    assert stored(elf) == [("elf", "folk")]
    elf.elf = None
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", None)]
    elf.elf = "race"
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", "race")]


def test_another_tag_of_the_same_key_is_not_the_property(elf):
    elf.tags.add("elf", category="seen")
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", "race"), ("elf", "seen")]
    elf.elf = "kin"
    assert stored(elf) == [("elf", "kin"), ("elf", "seen")]


def test_the_assigned_category_is_no_attribute(elf):
    elf.elf = "kin"
    assert elf.attributes.all() == []
    elf.attributes.clear()
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", "kin")]


def test_deleting_brings_the_class_category_back(elf):
    elf.elf = "kin"
    del elf.elf
    assert stored(elf) == []
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", "race")]


def test_a_rollback_takes_an_assigned_category_back(elf):
    assert elf.elf == "elf"
    with suppress(RuntimeError), transaction():
        elf.elf = "kin"
        raise RuntimeError("stop")
    assert elf.elf == "elf"
    assert stored(elf) == [("elf", "race")]


def test_a_category_that_cannot_be_one_is_refused(elf):
    assert elf.elf == "elf"
    with pytest.raises(InvalidKey):
        elf.elf = "x" * 65
    with pytest.raises(InvalidKey):
        elf.elf = ["race"]
    assert stored(elf) == [("elf", "race")]


def test_an_unsaved_object_reads_and_refuses_writes(db):
    elf = TaggedElf(db_key="new")
    assert (elf.elf, elf.guild) == ("elf", ["thieves", "scouts"])
    with pytest.raises(UnsavedObject):
        elf.elf = "kin"
    with pytest.raises(UnsavedObject):
        elf.guild = "x"
    with pytest.raises(UnsavedObject):
        del elf.elf
    with pytest.raises(UnsavedObject):
        del elf.guild


# --- categories


def test_a_category_reads_its_defaults_and_whatever_else_is_in_it(elf):
    elf.tags.add("Bakers", category="guild")
    elf.tags.add("elsewhere")
    assert sorted(elf.guild) == ["bakers", "scouts", "thieves"]
    assert stored(elf) == [("bakers", "guild"), ("elsewhere", None), ("scouts", "guild"), ("thieves", "guild")]


def test_default_callables_are_called_when_the_class_is_defined(elf, other):
    assert (elf.guild, other.guild) == (["thieves", "scouts"], ["thieves", "scouts"])
    assert made == 1


def test_an_assignment_adds_one_more(elf):
    elf.badges = "Bronze"
    elf.badges = "silver"
    assert elf.badges == ["bronze", "silver"]
    assert stored(elf) == [("bronze", "badges"), ("silver", "badges")]


@pytest.mark.defect("G-4")
def test_an_assigned_list_adds_each(elf):
    elf.badges = ["d", "E"]
    elf.badges = ("f",)
    assert elf.badges == ["d", "e", "f"]
    assert stored(elf) == [("d", "badges"), ("e", "badges"), ("f", "badges")]


@pytest.mark.parametrize("bad", ["", "  ", None, ["a", ""], ["a", None], {"a": 1}, b"a", 1.5])
def test_what_cannot_be_tags_is_refused_whole(elf, bad):
    with pytest.raises((InvalidKey, InvalidArgument)):
        elf.badges = bad
    assert stored(elf) == []


def test_deleting_a_category_leaves_the_defaults_to_return(elf):
    elf.guild = "bakers"
    elf.tags.add("bakers")
    del elf.guild
    assert stored(elf) == [("bakers", None)]
    assert elf.guild == ["thieves", "scouts"]


def test_one_declaration_under_two_names_is_refused():
    shared = TagProperty()
    with pytest.raises((InvalidArgument, RuntimeError)):
        type("TwoTagNames", (), {"one": shared, "two": shared})
