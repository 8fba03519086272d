"""What the documents mention in passing, each as somebody who reads them would try it: one test for each row."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import perdure
from perdure import ObjectDB, ScriptDB, create_account, create_object, create_script, search_objects
from perdure.errors import DuplicateTypeclass
from perdure.idmapper import models as idmapper
from perdure.testing import Player, TestWorld
from tests.server_world.seed_things import Furniture, Greeted, Overloaded, Seconds, Sitables

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "tests.server_world.seed_things"


@pytest.fixture
def owner(world: TestWorld) -> Player:
    return world.player("Ariadne", superuser=True)


@pytest.mark.promise("typeclass-list")
def test_typeclass_list_knows_every_class(owner: Player) -> None:
    owner.session.protocol_flags["SCREENREADER"] = True  # no pages
    told = owner.send("typeclass/list")
    assert "perdure.objects.objects.DefaultExit" in told
    assert "perdure.scripts.scripts.DefaultScript" in told


@pytest.mark.promise("unique-names")
def test_a_second_class_of_a_name_fails_at_its_definition_naming_both_modules() -> None:
    source = "from perdure import DefaultObject as BaseObject\nclass DefaultObject(BaseObject):\n    pass\n"
    with pytest.raises(DuplicateTypeclass) as caught:
        exec(source, {"__name__": "typeclasses.mine"})
    assert "perdure.objects.objects" in str(caught.value)
    assert "typeclasses.mine" in str(caught.value)


@pytest.mark.promise("own-init")
def test_init_may_be_overloaded(world: TestWorld) -> None:
    made = world.create("thing", Overloaded)
    assert made.made_by == "init"
    pk = made.pk
    del made
    idmapper.flush_cache(force=True)
    assert Overloaded.objects.get(pk=pk).made_by == "init"


@pytest.mark.promise("creation-hook-once")
@pytest.mark.promise("at-init-each-load")
def test_creation_is_once_and_init_at_every_caching(world: TestWorld) -> None:
    chair = world.create("chair", Furniture)
    assert (chair.db.created, chair.ndb.cached) == (1, 1)
    pk = chair.pk
    del chair
    world.reload()
    again = Furniture.objects.get(pk=pk)
    assert (again.db.created, again.ndb.cached) == (1, 1)


@pytest.mark.promise("create-by-save")
@pytest.mark.promise("create-object")
def test_all_three_ways_to_make_one(world: TestWorld, settings: Any) -> None:
    settings.TYPECLASS_PATHS = ["tests.server_world", "perdure"]
    by_hand = Furniture(db_key="Chair")
    by_hand.save()
    by_class = create_object(Furniture, key="Chair")
    by_path = create_object("seed_things.Furniture", key="Chair")
    assert all(type(one) is Furniture and one.pk for one in (by_hand, by_class, by_path))
    assert by_path.path == f"{HERE}.Furniture"


@pytest.mark.promise("field-and-save")
@pytest.mark.promise("wrapper-saves")
def test_the_key_is_saved_at_once_by_one_column(world: TestWorld, django_assert_num_queries: Any) -> None:
    chair = world.create("Chair", Furniture)
    with django_assert_num_queries(1) as asked:
        chair.key = "Table"
    assert asked.captured_queries[0]["sql"].startswith("UPDATE")
    assert "db_location_id" not in asked.captured_queries[0]["sql"]
    assert chair.name == "Table"
    chair.db_key = "Desk"
    chair.save()
    assert chair.key == "Desk"


@pytest.mark.promise("shared-fields")
@pytest.mark.promise("shared-handlers")
def test_all_four_kinds_have_the_same_fields_and_handlers(world: TestWorld, owner: Player) -> None:
    channel = perdure.create_channel("Gossip")
    for entity in (owner.character, owner.account, create_script(Seconds, key="s"), channel):
        for field in ("id", "dbid", "pk", "dbref", "date_created", "typeclass_path"):
            assert getattr(entity, field), field
        for handler in ("tags", "locks", "attributes", "db", "nattributes", "ndb"):
            assert getattr(entity, handler) is not None, handler


@pytest.mark.promise("at-login")
def test_at_login_is_called_on_every_login_with_the_session_in_its_place(world: TestWorld, settings: Any) -> None:
    settings.BASE_ACCOUNT_TYPECLASS = f"{HERE}.Greeted"
    create_account("Theseus", "", "a-clew-of-thread", typeclass=Greeted)
    for protocol in ("telnet", "websocket"):
        Greeted.heard.clear()
        player = world.connect(protocol=protocol)
        player.send("connect Theseus a-clew-of-thread")
        world.run()
        assert [name for name, _ in Greeted.heard] == ["at_pre_login", "at_login", "at_post_login"]
        assert Greeted.heard[1][1] == player.session.sessid


@pytest.mark.promise("at-repeat")
def test_at_repeat_is_called_about_once_a_second_until_its_repeats_are_over(world: TestWorld) -> None:
    script: Any = create_script(Seconds, key="s", interval=1, start_delay=True, repeats=3)
    world.advance(2.5)
    assert script.db.ticks == 2
    world.reload()
    world.advance(10)
    assert Seconds.objects.get().db.ticks == 3


@pytest.mark.promise("search")
def test_caller_search_has_the_documented_arguments_and_finds_as_said(world: TestWorld, owner: Player) -> None:
    names = list(inspect.signature(owner.character.search).parameters)
    assert names[:15] == [
        "searchdata",
        "global_search",
        "use_nicks",
        "typeclass",
        "location",
        "attribute_name",
        "quiet",
        "exact",
        "candidates",
        "use_locks",
        "nofound_string",
        "multimatch_string",
        "use_dbref",
        "tags",
        "stacked",
    ]
    me = owner.character
    box, second = world.create("box"), world.create("box")
    assert me.search("me") is me
    assert me.search("here") is world.room
    assert me.search(box.dbref) is box
    assert me.search("box-2") is second
    assert me.search("nowhere at all") is None
    assert me.search("nowhere at all", quiet=True) == []
    anna = world.player("Anna")
    box.locks.add("search:false()")
    assert anna.character.search("box") is second


@pytest.mark.promise("search")
def test_search_objects_is_there() -> None:
    assert search_objects("no such thing") is not None
    assert list(search_objects("no such thing")) == []


@pytest.mark.promise("query-exactly")
@pytest.mark.promise("query-family")
@pytest.mark.promise("query-model")
def test_queries_by_class_by_family_and_by_table(world: TestWorld) -> None:
    chair, sofa = world.create("Chair", Furniture), world.create("Chair", Sitables)
    assert Furniture.objects.get(db_key="Chair") is chair
    assert set(Furniture.objects.filter_family(db_key__startswith="Chair")) == {chair, sofa}
    assert Furniture.objects.get_family(pk=sofa.pk) is sofa
    create_script(Seconds, key="Combat turn")
    assert ScriptDB.objects.filter(db_key__contains="Combat").count() == 1


@pytest.mark.promise("in-game-py")
@pytest.mark.promise("one-line")
@pytest.mark.promise("rerun-hook")
def test_a_loop_over_all_of_a_class_in_the_game(world: TestWorld, owner: Player) -> None:
    chairs = [world.create(f"chair {number}", Furniture) for number in range(3)]
    for chair in chairs:
        del chair.db.worth
    owner.send(
        f"py from {HERE} import Furniture; "
        "[obj.at_object_creation() for obj in Furniture.objects.all() if not obj.db.worth]"
    )
    assert [chair.db.worth for chair in chairs] == [10, 10, 10]
    told = owner.send("py x = 5; print([x for _ in range(2)])")
    assert "[5, 5]" in told


@pytest.mark.promise("in-game-typeclass")
@pytest.mark.promise("swap-reset")
@pytest.mark.promise("swap-same-class")
def test_typeclass_swaps_and_reset_purges_after_asking(world: TestWorld, owner: Player) -> None:
    chair: Any = world.create("chair", Furniture)
    chair.db.colour = "green"
    owner.send(f"typeclass chair = {HERE}.Sitables")
    assert type(chair) is Sitables
    assert chair.db.colour == "green"
    owner.send(f"typeclass chair = {HERE}.Sitables")
    assert chair.db.created == 2  # the same class is refused without force
    owner.send(f"typeclass/force/reset chair = {HERE}.Sitables", "no")
    assert chair.db.colour == "green"
    owner.send(f"typeclass/force/reset chair = {HERE}.Sitables", "yes")
    assert (chair.db.colour, chair.db.created) == (None, 1)


@pytest.mark.promise("swap")
def test_swap_typeclass_is_there_on_all_kinds_with_the_documented_arguments(world: TestWorld, owner: Player) -> None:
    for entity in (owner.character, owner.account, create_script(Seconds, key="s"), perdure.create_channel("c")):
        names = list(inspect.signature(entity.swap_typeclass).parameters)
        assert names[:5] == ["new_typeclass", "clean_attributes", "run_start_hooks", "no_default", "clean_cmdsets"]


@pytest.mark.promise("one-instance")
@pytest.mark.promise("kept-on-instance")
@pytest.mark.promise("cache-size")
@pytest.mark.promise("get-cached-instance")
@pytest.mark.promise("all-cached-instances")
def test_the_identity_map_keeps_one_instance_and_what_is_on_it(world: TestWorld, owner: Player) -> None:
    chair: Any = world.create("chair", Furniture)
    owner.send("py me.search('chair').plain = 'kept between commands'")
    assert ObjectDB.objects.get(pk=chair.pk) is Furniture.objects.get(db_key="chair") is chair
    assert chair.plain == "kept between commands"
    assert Furniture.get_cached_instance(chair.pk) is chair
    assert chair in Furniture.get_all_cached_instances()
    total, by_class = idmapper.cache_size()
    assert total == sum(by_class.values())
    assert isinstance(chair.at_idmapper_flush(), bool)
    assert "Furniture" in owner.send("server/mem") + owner.send("cache")
    owner.send("server/flushmem")
    assert ObjectDB.objects.get(pk=chair.pk) is chair


@pytest.mark.promise("multiple-inheritance")
@pytest.mark.promise("no-boilerplate")
def test_two_bases_of_one_table_without_boilerplate(world: TestWorld) -> None:
    class Mixed(Sitables, Overloaded):
        pass

    made = world.create("both", Mixed)
    assert isinstance(made, Furniture)
    assert made.made_by == "init"


@pytest.mark.promise("ids-grow")
def test_numbers_of_objects_are_never_used_again(world: TestWorld) -> None:
    newest = world.create("newest")
    number = newest.pk
    newest.delete()
    world.reload()
    assert world.create("next").pk > number
