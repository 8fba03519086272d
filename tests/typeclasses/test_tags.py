"""`obj.tags`, `obj.aliases` and `obj.permissions` on stored objects: handlers, memory and rows in step."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import IntegrityError, connection

from perdure.errors import AttributeMissing, DeletedObject, InvalidArgument, InvalidKey
from perdure.objects.models import ObjectDB
from perdure.transactions import transaction
from perdure.typeclasses.models import Tag
from tests.typeclasses.making import make, statements

pytestmark = pytest.mark.django_db


class TagBox(ObjectDB):
    """Something with tags."""


@pytest.fixture
def box(db):
    return make(TagBox, "box")


def again(obj):
    """The object, with its tags read from the database."""
    obj.tags.reset_cache()
    return obj


def rows(obj):
    """What the database links to the object: {(type, category, key)}."""
    return set(obj.db_tags.values_list("db_tagtype", "db_category", "db_key"))


# --- removing


@pytest.mark.defect("G-1")
def test_batch_remove_takes_the_shapes_of_batch_add(box):
    box.tags.batch_add("a", ("b", "low"), ("c", "low", "data"), "d")
    box.tags.batch_remove("a", ("b", "low"), ("c", "low", "data"), "nosuch")
    assert rows(box) == {(None, None, "d")}
    with pytest.raises(InvalidArgument, match="a tag is"):
        box.tags.batch_remove("d", ())
    assert rows(box) == {(None, None, "d")}


@pytest.mark.defect("G-2")
def test_removing_nothing_removes_nothing(box):
    box.tags.batch_add("a", ("b", "low"))
    box.tags.remove([])
    for blank in ("", "  ", ["a", ""]):
        with pytest.raises(InvalidKey, match="blank"):
            box.tags.remove(blank)
    assert rows(box) == {(None, None, "a"), (None, "low", "b")}


def test_only_clear_and_the_key_none_remove_many(box):
    box.tags.batch_add("a", ("b", "low"), ("c", "low"))
    box.aliases.add("box")
    box.tags.remove(category="low")
    assert rows(box) == {(None, None, "a"), ("alias", None, "box")}
    box.tags.clear()
    assert rows(box) == {("alias", None, "box")}


# --- keys and categories


@pytest.mark.defect("G-5")
def test_keys_and_categories_are_never_run_together(box):
    box.tags.add("a", category="b-c")
    box.tags.add("x", category="p-q")
    assert box.tags.has("a-b", category="c") is False
    assert box.tags.get("a-b", category="c") is None
    assert box.tags.get(category="q") is None
    assert again(box).tags.get(category="p-q") == "x"


@pytest.mark.defect("G-9")
def test_numbers_are_taken_as_their_text_everywhere(box):
    box.tags.add(7, category=5)
    assert box.tags.has(7, category=5) is True
    assert box.tags.get("7", category="5") == "7"
    assert box.tags.get(category=5) == "7"
    assert rows(box) == {(None, "5", "7")}
    box.tags.remove(7, category=5)
    assert rows(box) == set()


@pytest.mark.defect("G-11")
@pytest.mark.parametrize(
    ("key", "category"), [("x" * 256, None), ("x", "c" * 65), ("", None), (1.5, None), ("x", ["low"])]
)
def test_keys_and_categories_that_cannot_be_stored_are_refused(box, key, category):
    with pytest.raises(InvalidKey):
        box.tags.add(key, category=category)
    with pytest.raises(InvalidKey):
        box.tags.batch_add("good", (key, category))
    assert rows(box) == set()
    assert Tag.objects.count() == 0


@pytest.mark.defect("G-11")
def test_the_longest_key_and_category_that_are_taken(box):
    box.tags.add("x" * 255, category="c" * 64)
    assert again(box).tags.has("x" * 255, category="c" * 64) is True


def test_keys_are_kept_in_lower_case_without_blanks_around(box):
    box.tags.add(" Magic Item ", category=" Loot ")
    assert box.tags.has("magic item", category="LOOT") is True
    assert rows(box) == {(None, "loot", "magic item")}


# --- documented calls


def test_the_shapes_of_has_get_and_all(box):
    box.tags.batch_add("a", "b", ("c", "low"))
    assert box.tags.has("a") is True
    assert box.tags.has(["a", "c"]) == [True, False]
    assert box.tags.has("a", return_list=True) == [True]
    assert box.tags.has(category="low") is True
    assert box.tags.has(category="nosuch") is False
    with pytest.raises(InvalidArgument, match="key or a category"):
        box.tags.has()
    assert box.tags.get("a") == "a"
    assert box.tags.get(["b", "a", "nosuch"]) == ["b", "a"]
    assert box.tags.get("nosuch", default=1) == 1
    assert box.tags.get("nosuch", default=1, return_list=True) == [1]
    assert sorted(box.tags.get()) == ["a", "b"]
    assert box.tags.get("c", category="low", return_tagobj=True).db_key == "c"
    with pytest.raises(AttributeMissing, match="nosuch"):
        box.tags.get("nosuch", raise_exception=True)
    assert box.tags.all() == ["a", "b", "c"]
    assert box.tags.all(return_key_and_category=True) == [("a", None), ("b", None), ("c", "low")]
    assert [str(tag) for tag in box.tags.all(return_objs=True)] == [
        "<Tag: a()>",
        "<Tag: b()>",
        "<Tag: c(category:low)>",
    ]
    assert str(box.tags) == "a,b,c"


def test_aliases_and_permissions_do_not_mix_with_tags(box):
    box.tags.add("x")
    box.aliases.add("y")
    box.permissions.add("Builder")
    assert (box.tags.all(), box.aliases.all(), box.permissions.all()) == (["x"], ["y"], ["builder"])
    box.aliases.clear()
    assert rows(box) == {(None, None, "x"), ("permission", None, "builder")}


@pytest.mark.defect("G-10")
def test_each_tag_of_a_batch_keeps_its_own_data(box):
    box.tags.batch_add(("a", "low", "first"), ("b", "low", "second"), ("c", "low"))
    data = dict(Tag.objects.filter(db_category="low").values_list("db_key", "db_data"))
    assert data == {"a": "first", "b": "second", "c": None}


# --- cost


@pytest.mark.defect("G-6")
def test_a_loaded_object_answers_no_without_asking(box):
    box.tags.add("a")
    again(box)
    with statements() as captured:
        assert box.tags.has("a") is True
    assert len(captured) == 1
    with statements() as captured:
        assert box.tags.has("missing") is False
        assert box.tags.get("missing", category="low") is None
        assert box.aliases.has("missing") is False
        box.tags.add("a")
        box.tags.remove("missing")
    assert not captured.captured_queries


@pytest.mark.defect("G-6")
@pytest.mark.django_db(transaction=True)
def test_adding_tags_takes_one_statement_however_many_and_one_more_for_new_ones(box):
    def count(owner, keys):
        owner.tags.all()
        with statements() as captured:
            owner.tags.add(keys)
        return len([1 for one in captured if one["sql"].split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")])

    other = type(box)(db_key="other")
    other.save()
    # No other test may have made these: the engine remembers which tags it has seen.
    first, more = ["first of this test"], ["second of this test", "third of this test", "fourth of this test"]
    assert [count(box, first), count(box, more)] == [2, 2]
    assert count(other, [*first, *more]) == 1
    assert other.tags.all() == box.tags.all()


@pytest.mark.django_db(transaction=True)
def test_a_tag_that_another_process_has_removed_is_made_again(box):
    box.tags.add("passing")
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {type(box).db_tags.through._meta.db_table}")
        cursor.execute(f"DELETE FROM {Tag._meta.db_table}")
    other = type(box)(db_key="other")
    other.save()
    other.tags.add(["passing", "fresh"])
    other.tags.reset_cache()
    assert other.tags.all() == ["fresh", "passing"]


# --- memory and rows in step


@pytest.mark.defect("G-7")
@pytest.mark.parametrize(
    "destroy",
    [
        lambda box: Tag.objects.filter(db_key="a").delete(),
        lambda box: Tag.objects.get(db_key="a").delete(),
        lambda box: box.db_tags.clear(),
        lambda box: box.db_tags.remove(*box.db_tags.all()),
        lambda box: Tag.objects.filter(db_key="a").update(db_key="b"),
    ],
    ids=["queryset", "row", "clear", "unlinked", "renamed"],
)
def test_tags_that_go_past_the_handler_are_gone_from_memory(box, destroy):
    box.tags.add("a")
    assert box.tags.has("a") is True
    destroy(box)
    assert box.tags.has("a") is False
    box.tags.add("a")
    assert (None, None, "a") in rows(box)


@pytest.mark.defect("G-7")
def test_a_rollback_undoes_tags_in_memory_too(box):
    box.tags.add("kept")
    with suppress(ZeroDivisionError), transaction():
        box.tags.add("lost")
        box.tags.remove("kept")
        assert box.tags.all() == ["lost"]
        raise ZeroDivisionError
    assert box.tags.all() == ["kept"]
    assert rows(box) == {(None, None, "kept")}


@pytest.mark.defect("G-8")
def test_one_row_for_one_tag_without_category_and_type_too(box):
    other = make(TagBox, "other")
    box.tags.add("a")
    other.tags.add("a")
    assert Tag.objects.filter(db_key="a").count() == 1
    with pytest.raises(IntegrityError), transaction():
        Tag.objects.create(db_key="a", db_model="objectdb")
    with pytest.raises(IntegrityError), transaction():
        Tag.objects.create(db_key="a", db_category=None, db_tagtype=None, db_model="objectdb")
    assert Tag.objects.filter(db_key="a").count() == 1


@pytest.mark.defect("G-12")
def test_tags_that_nobody_carries_any_more_leave_the_table(box):
    other = make(TagBox, "other", tags=["shared"])
    box.tags.batch_add("shared", ("described", "low", "data"), *[f"own{number}" for number in range(15)])
    assert len(rows(box)) == 17
    box.tags.clear()
    assert set(Tag.objects.values_list("db_key", flat=True)) == {"shared", "described"}
    other.delete()
    assert set(Tag.objects.values_list("db_key", flat=True)) == {"described"}


def test_a_deleted_object_refuses_its_tags(box):
    box.tags.add("a")
    box.delete()
    with pytest.raises(DeletedObject):
        box.tags.has("a")
    with pytest.raises(DeletedObject):
        box.tags.add("b")


def test_reading_the_tags_of_many_cold_objects_costs_few_queries(db):
    for number in range(50):
        make(TagBox, f"box{number}", tags=[f"t{number}"])
    for box in TagBox.objects.all():
        box.tags.reset_cache()
    boxes = list(TagBox.objects.order_by("id"))
    with statements() as captured:
        assert [box.tags.all() for box in boxes] == [[f"t{number}"] for number in range(50)]
    assert len(captured) <= 4
