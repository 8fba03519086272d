"""Foreign keys store ids and find their targets through the identity map, so they cannot go stale."""

from __future__ import annotations

import gc
import weakref

import pytest
from django.db import transaction
from django.db.models import Prefetch

from perdure.errors import DeletedObject, InvalidArgument
from perdure.idmapper.models import flush_cache
from perdure.idmapper.states import State, state_of
from tests.idmapper_app.models import Item, Mark, Place, Plain

usual = pytest.mark.usefixtures("db")
both = pytest.mark.usefixtures("mode")


@both
@pytest.mark.defect("I-15")
def test_a_kept_instance_points_at_the_live_target_after_a_flush():
    item = Item.objects.create(db_key="a", db_home=Item.objects.create(db_key="home"))
    old = weakref.ref(item.home)
    flush_cache()
    gc.collect()
    assert item.home is Item.objects.get(db_key="home")
    item.home.key = "house"
    assert item.home.key == "house"
    assert old() is None or old() is item.home


@usual
@pytest.mark.defect("I-15")
@pytest.mark.defect("I-34")
def test_relations_keep_nobody_alive():
    home = Item.objects.create(db_key="home")
    item = Item.objects.create(db_key="a", db_home=home)
    assert item.home is home
    assert list(home.residents.all()) == [item]
    seen = weakref.ref(home)
    del home
    flush_cache()
    gc.collect()
    assert seen() is None
    assert item.home.key == "home"


@both
@pytest.mark.defect("I-19")
@pytest.mark.parametrize("form", [lambda pk: pk, str, lambda pk: f"#{pk}"], ids=["int", "digits", "dbref"])
def test_ids_and_dbrefs_are_looked_up_in_the_target_of_the_key(form):
    Item.objects.create(db_key="x")
    item = Item.objects.create(db_key="a")
    place = Place.objects.create(db_key="place")
    item.place = form(place.pk)
    assert item.place is place
    item.home = form(item.pk)
    assert item.home is item
    item.place = None
    assert item.place is None
    del item.home
    assert item.home is None
    with pytest.raises(InvalidArgument, match="no Place #"):
        item.place = form(place.pk + 1000)
    for wrong in ("#0", "nowhere", 1.5, item):
        with pytest.raises(ValueError):
            item.place = wrong
    assert item.place is None


@both
@pytest.mark.defect("I-31")
@pytest.mark.parametrize("loaded", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("how", ["instance", "queryset"])
def test_holders_of_a_deleted_target_are_cleared_and_can_be_saved(stored, loaded, how):
    home = Item.objects.create(db_key="home")
    item = Item.objects.create(db_key="a", db_home=home)
    born = Item(db_key="born", db_home=home)
    born.save()
    if loaded:
        assert item.home is home
    if how == "instance":
        home.delete()
    else:
        Item.objects.filter(db_key="home").delete()
    for holder in (item, born):
        assert (holder.home, holder.db_home_id) == (None, None)
        holder.key = "b"
        holder.save()
        assert stored(holder, "db_key", "db_home_id") == ("b", None)


@usual
@pytest.mark.defect("I-31")
def test_holders_get_their_target_back_when_its_deletion_is_undone():
    home = Item.objects.create(db_key="home")
    item = Item.objects.create(db_key="a", db_home=home)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        home.delete()
        assert item.home is None
        _ = 1 / 0
    assert item.home is home


@usual
@pytest.mark.defect("I-31")
def test_a_target_deleted_elsewhere_is_not_served(elsewhere):
    home = Item.objects.create(db_key="home")
    item = Item.objects.create(db_key="a", db_home=home)
    elsewhere.set(item, db_home_id=None)
    elsewhere.delete(home)
    item.refresh_from_db()
    assert item.home is None
    item.key = "fine"


@both
def test_a_deleted_instance_cannot_be_assigned():
    home = Item.objects.create(db_key="home")
    item = Item.objects.create(db_key="a")
    home.delete()
    with pytest.raises(DeletedObject, match="cannot be assigned"):
        item.home = home
    with pytest.raises(DeletedObject):
        Item(db_key="b", db_home=home)
    assert item.home is None


@both
@pytest.mark.defect("I-32")
def test_a_bulk_update_moves_live_instances():
    first, second = Place.objects.create(db_key="one"), Place.objects.create(db_key="two")
    item = Item.objects.create(db_key="a", db_place=first)
    assert item.place is first
    Item.objects.update(db_place=second)
    assert item.place is second
    assert (list(first.items.all()), list(second.items.all())) == ([], [item])
    first.items.add(item)
    assert item.place is first
    assert (list(first.items.all()), list(second.items.all())) == ([item], [])
    first.items.remove(item)
    assert item.place is None
    second.items.set([item])
    assert item.place is second
    second.items.clear()
    assert item.place is None


@both
@pytest.mark.defect("I-33")
@pytest.mark.parametrize("save", [lambda item: item.save(), lambda item: item.save(update_fields=["db_place"])])
def test_a_key_assigned_directly_is_in_one_place_only(save):
    first, second = Place.objects.create(db_key="one"), Place.objects.create(db_key="two")
    item = Item.objects.create(db_key="a", db_place=first)
    item.db_place = second
    save(item)
    assert (list(first.items.all()), list(second.items.all())) == ([], [item])
    item.db_place_id = first.pk
    assert item.db_place is first
    save(item)
    assert (list(first.items.all()), list(second.items.all())) == ([item], [])


@both
@pytest.mark.defect("I-34")
def test_reverse_relations_give_the_live_instances_after_a_flush():
    place = Place.objects.create(db_key="one")
    held = Item.objects.create(db_key="a", db_place=place)
    Item.objects.create(db_key="b", db_place=place)
    assert len(place.items.all()) == 2
    flush_cache()
    gc.collect()
    found = {item.key: item for item in place.items.all()}
    assert found["a"] is held
    assert found["b"] is Item.objects.get(db_key="b")


@both
def test_a_target_that_is_saved_after_it_was_assigned():
    home = Item(db_key="home")
    item = Item(db_key="a", db_home=home)
    assert item.db_home is home
    home.save()
    item.save()
    assert item.home is home
    item.refresh_from_db()
    assert item.home is home


@usual
def test_an_unsaved_target_is_refused_by_the_save():
    item = Item(db_key="a", db_home=Item(db_key="home"))
    with pytest.raises(ValueError, match="unsaved related object"):
        item.save()
    assert state_of(item) is State.NEW


@both
def test_one_to_one_both_ways():
    keeper, other = Item.objects.create(db_key="k"), Item.objects.create(db_key="o")
    place = Place.objects.create(db_key="p", db_keeper=keeper)
    assert place.keeper is keeper
    assert keeper.kept_place is place
    assert not hasattr(other, "kept_place")
    place.keeper = other
    assert other.kept_place is place
    assert not hasattr(keeper, "kept_place")
    Place.objects.update(db_keeper=None)
    assert not hasattr(other, "kept_place")
    other.kept_place = place
    place.save()
    assert place.keeper is other
    other.delete()
    assert place.keeper is None


@both
def test_many_to_many_both_ways():
    item = Item.objects.create(db_key="a")
    marks = [Mark.objects.create(db_key=f"m{n}") for n in range(3)]
    item.db_marks.set(marks)
    Item.objects.filter(pk=item.pk).prefetch_related("db_marks")[0]
    assert list(item.db_marks.order_by("pk")) == marks
    marks[0].items.remove(item)
    assert set(item.db_marks.all()) == set(marks[1:])
    marks[1].delete()
    assert list(item.db_marks.all()) == marks[2:]
    item.db_marks.clear()
    assert list(marks[2].items.all()) == []


@both
def test_targets_that_are_plain_django_models(elsewhere):
    first, second = Plain.objects.create(name="one"), Plain.objects.create(name="two")
    item = Item.objects.create(db_key="a", db_plain=first)
    assert item.plain.name == "one"
    Item.objects.update(db_plain=second)
    assert item.plain == second
    assert Item.objects.select_related("db_plain").get().plain == second
    elsewhere.set(item, db_plain_id=first.pk)
    assert Item.objects.get(db_key="a").plain == first
    first.delete()
    assert item.plain is None
    item.plain = second
    assert item.plain == second
    assert list(second.items.all()) == [item]


@usual
def test_an_undone_assignment_of_a_plain_target():
    first, second = Plain.objects.create(name="one"), Plain.objects.create(name="two")
    item = Item.objects.create(db_key="a", db_plain=first)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        item.plain = second
        _ = 1 / 0
    assert item.plain == first


@both
def test_a_plain_target_is_not_remembered_for_ever():
    plain = Plain.objects.create(name="old")
    item = Item.objects.create(db_key="a", db_plain=plain)
    assert item.plain.name == "old"
    Plain.objects.update(name="new")
    assert item.plain.name == "new"


@both
def test_keys_from_plain_django_models():
    item = Item.objects.create(db_key="a")
    plain = Plain.objects.create(name="p", favourite=item)
    assert Plain.objects.get().favourite is item
    assert list(item.fans.all()) == [plain]
    item.delete()
    assert Plain.objects.get().favourite is None


@both
def test_cascades_through_several_tables():
    owner = Item.objects.create(db_key="owner")
    child = Item.objects.create(db_key="child", db_owner=owner)
    grandchild = Item.objects.create(db_key="grandchild", db_owner=child)
    bystander = Item.objects.create(db_key="bystander", db_home=grandchild)
    place = Place.objects.create(db_key="p", db_keeper=grandchild)
    owner.delete()
    assert [state_of(one) for one in (owner, child, grandchild)] == [State.DELETED] * 3
    assert (bystander.home, place.keeper) == (None, None)
    bystander.key = "unhurt"
    assert list(Item.objects.all()) == [bystander]


# --- targets that several share


@pytest.fixture
def shared_marks():
    """Three items and two marks; the items have both, one, and none of them; each mark has an item of its own, too."""
    red, blue = Mark.objects.create(db_key="red"), Mark.objects.create(db_key="blue")
    items = [Item.objects.create(db_key=key) for key in "abc"]
    items[0].db_marks.add(red, blue)
    items[1].db_marks.add(blue)
    return red, blue, items


@both
def test_prefetched_targets_that_are_shared_are_with_each_that_has_them(shared_marks, django_assert_num_queries):
    red, blue, _ = shared_marks
    with django_assert_num_queries(2):
        found = list(Item.objects.order_by("pk").prefetch_related("db_marks"))
        assert [list(item.db_marks.all()) for item in found] == [[red, blue], [blue], []]
    with django_assert_num_queries(2):
        marks = list(Mark.objects.order_by("-pk").prefetch_related("items"))
        assert [[item.key for item in mark.items.all()] for mark in marks] == [["a", "b"], ["a"]]


@both
def test_prefetched_targets_that_are_shared_keep_order_names_and_what_hangs_on_them(
    shared_marks, django_assert_num_queries
):
    red, blue, _ = shared_marks
    ordered = Prefetch("db_marks", queryset=Mark.objects.order_by("-pk"), to_attr="latest")
    found = list(Item.objects.order_by("pk").prefetch_related(ordered))
    assert [item.latest for item in found] == [[blue, red], [blue], []]
    with django_assert_num_queries(3):
        found = list(Item.objects.order_by("pk").prefetch_related("db_marks__items"))
        names = [[[one.key for one in mark.items.all()] for mark in item.db_marks.all()] for item in found]
    assert names == [[["a"], ["a", "b"]], [["a", "b"]], []]
    nested = Prefetch("db_marks", queryset=Mark.objects.order_by("pk").prefetch_related("items"))
    found = list(Item.objects.order_by("pk").prefetch_related(nested).iterator(chunk_size=10))
    names = [[[one.key for one in mark.items.all()] for mark in item.db_marks.all()] for item in found]
    assert names == [[["a"], ["a", "b"]], [["a", "b"]], []]


@usual
def test_prefetching_plain_targets_is_as_django_has_it(django_user_model):
    from django.contrib.auth.models import Group

    with transaction.atomic():  # of the rows that are left, only those of the test app are deleted
        group = Group.objects.create(name="all")
        people = [django_user_model.objects.create(username=name) for name in ("anna", "bert")]
        for one in people:
            one.groups.add(group)
        found = django_user_model.objects.filter(username__in=("anna", "bert")).prefetch_related("groups")
        assert [list(one.groups.all()) for one in found] == [[group], [group]]
        transaction.set_rollback(True)
    assert not Group.objects.exists()


@both
@pytest.mark.parametrize("deep", ["path", "in a queryset"])
def test_deeper_relations_are_fetched_anew_too(shared_marks, elsewhere, deep):
    red, _, items = shared_marks
    lookup = "db_marks__items" if deep == "path" else Prefetch("db_marks", Mark.objects.prefetch_related("items"))
    query = Item.objects.filter(pk=items[0].pk).prefetch_related(lookup)
    assert [one.key for one in query[0].db_marks.all()[0].items.all()] == ["a"]
    table = Item.db_marks.through._meta.db_table
    elsewhere.execute(f"INSERT INTO {table} (item_id, mark_id) VALUES (%s, %s)", items[2].pk, red.pk)
    assert sorted(one.key for one in query.all()[0].db_marks.all()[0].items.all()) == ["a", "c"]
