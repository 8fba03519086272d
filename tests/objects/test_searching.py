"""Searching: names, numbers, ids, tags, and what may be seen."""

from __future__ import annotations

import pytest
from django.test.utils import override_settings

from perdure.create import create_object
from perdure.errors import InvalidArgument, TypeclassNotFound
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultObject
from perdure.search import (
    search_attribute_object,
    search_object,
    search_object_attribute,
    search_objects,
    search_tag,
    search_tag_object,
    search_typeclass,
)


class Weapon(DefaultObject):
    """Something to search for by class."""


class Sword(Weapon):
    """A kind of weapon."""


def make(key, location, cls=DefaultObject, **arguments):
    return create_object(cls, key=key, location=location, **arguments)


def hide(obj):
    obj.locks.add("search:false()")
    return obj


# --- the ladder


def test_names_and_aliases_in_any_case(bob, room):
    sword = make("Big Red Sword", room, aliases=["blade"])
    assert bob.search("big red sword") is sword
    assert bob.search(" BLADE ") is sword
    assert bob.search("Big Red Sword", exact=True) is sword


def test_beginnings_of_words_in_order(bob, room):
    sword = make("Big Red Sword", room)
    for text in ("big sw", "red", "bi re sw", "sword"):
        assert bob.search(text) is sword
    assert bob.search("red big", quiet=True) == []
    assert bob.search("ed", quiet=True) == []
    assert bob.search("red", exact=True, quiet=True) == []


def test_a_whole_name_hides_beginnings(bob, room):
    make("Big Sword", room)
    plain = make("sword", room)
    assert bob.search("sword") is plain


def test_where_it_looks(bob, room, cellar):
    carried = make("coin", bob)
    beside = make("bench", room)
    elsewhere = make("barrel", cellar)
    assert bob.search("coin") is carried
    assert bob.search("bench") is beside
    assert bob.search("Hall") is room
    assert bob.search("barrel", quiet=True) == []
    assert bob.search("barrel", global_search=True) is elsewhere
    assert bob.search("barrel", location=cellar) is elsewhere
    assert bob.search("barrel", location=[room, cellar]) is elsewhere
    assert bob.search("Cellar", location=cellar, quiet=True) == []
    assert bob.search("barrel", candidates=[elsewhere]) is elsewhere
    bob.location = None
    assert bob.search("coin") is carried
    assert bob.search("Bob") is bob


def test_me_and_here(bob, room):
    assert bob.search("me") is bob
    assert bob.search("SELF") is bob
    assert bob.search("here") is room
    assert bob.search("me", quiet=True) == [bob]
    assert bob.search("here", candidates=[bob], quiet=True) == []


@pytest.mark.defect("H-17")
def test_numbers_count_what_is_visible_in_the_order_it_is_listed(bob, room, connect):
    session = connect(bob)
    hide(make("orb", room))
    first, second = make("orb", room), make("orb", room)
    assert bob.search("orb") is None
    assert session.texts[0].split("\n")[1:] == [" orb-1", " orb-2"]
    assert bob.search("orb-1") is first
    assert bob.search("orb-2") is second
    assert bob.search("orb-3", quiet=True) == []
    assert bob.search("orb-0", quiet=True) == []


@pytest.mark.defect("H-17")
def test_numbers_of_a_listing_with_several_names(bob, room):
    globe = make("globe", room, aliases=["orb"])
    orb = make("orb", room)
    assert bob.search("orb", quiet=True) == [globe, orb]
    assert bob.search("orb-1") is orb
    assert bob.search("globe-1") is globe


@pytest.mark.defect("H-17")
@pytest.mark.parametrize("text", ["box-2", "2-box", "2.box", "2. box", "second box", "Second BOX"])
def test_ways_to_say_the_second(bob, room, text):
    _, second = make("box", room), make("box", room)
    assert bob.search(text) is second


@pytest.mark.defect("H-17")
def test_the_ways_to_number_are_a_setting(bob, room):
    _, second = make("box", room), make("box", room)
    with override_settings(SEARCH_ORDINAL_STYLES=()):
        assert bob.search("2-box", quiet=True) == []
        assert bob.search("box-2") is second
    with override_settings(SEARCH_MULTIMATCH_REGEX=r"^(?P<name>.*)#(?P<number>[0-9]+)$", SEARCH_ORDINAL_STYLES=()):
        assert bob.search("box#2") is second
        assert bob.search("box-2", quiet=True) == []


def test_a_name_that_looks_numbered_is_found_as_it_is(bob, room):
    make("mark", room)
    numbered = make("mark-1", room)
    assert bob.search("mark-1") is numbered


def test_what_is_hidden_hides_nothing_else(bob, room):
    hide(make("sword", room))
    visible = make("sword of light", room)
    assert bob.search("sword") is visible
    assert len(bob.search("sword", quiet=True, use_locks=False)) == 1


@pytest.mark.defect("H-18")
def test_blank_text_finds_nothing(bob, room, lamp):
    for blank in ("", "   ", "\n"):
        assert bob.search(blank, quiet=True) == []
        assert list(search_object(blank)) == []
        assert list(search_object(blank, exact=False)) == []
        assert list(search_object(blank, candidates=[lamp], exact=False)) == []


@pytest.mark.defect("H-18")
def test_an_object_finds_itself(bob, room, cellar, lamp):
    make("lamp", room)
    elsewhere = make("lamp", cellar)
    assert bob.search(lamp) is lamp
    assert bob.search(elsewhere, quiet=True) == []
    assert bob.search(elsewhere, global_search=True) is elsewhere
    assert list(search_object(lamp)) == [lamp]
    assert list(search_object(lamp, candidates=[elsewhere])) == []


@pytest.mark.defect("H-18")
def test_numbers_are_ids(bob, lamp):
    assert bob.search(lamp.pk) is lamp
    assert list(search_object(lamp.pk)) == [lamp]
    assert list(search_object(99999)) == []
    assert list(search_object(None)) == []
    assert list(search_object([lamp])) == []


def test_dbrefs_are_for_builders(bob, cellar):
    thing = make("thing", cellar)
    assert bob.search(thing.dbref, quiet=True) == []
    assert bob.search(thing.dbref, use_dbref=True) is thing
    bob.permissions.add("Builder")
    assert bob.search(thing.dbref) is thing
    assert bob.search(thing.dbref, candidates=[bob]) is thing
    assert bob.search(thing.dbref, use_dbref=False, quiet=True) == []
    named = make(f"#{thing.pk}", cellar)
    assert bob.search(thing.dbref, use_dbref=False) is named


@pytest.mark.defect("H-18")
@pytest.mark.parametrize("tags", ["shiny", ["shiny"], ("shiny", None), [("shiny",)], [("shiny", None)]])
def test_tags_narrow_a_search(bob, room, tags):
    make("ring", room)
    shiny = make("ring", room, tags=["shiny", ("gold", "metal")])
    assert bob.search("ring", tags=tags) is shiny
    assert bob.search("ring", tags=[("gold", "metal"), "shiny"]) is shiny
    assert bob.search("ring", tags="gold", quiet=True) == []
    assert list(search_object("ring", tags=tags)) == [shiny]


@pytest.mark.defect("H-16")
def test_typeclass_narrows_a_search_to_a_class_and_those_derived_from_it(bob, room):
    thing, weapon, sword = make("it", room), make("it", room, Weapon), make("it", room, Sword)
    path = f"{Weapon.__module__}.Weapon"
    for form in (Weapon, path, [Weapon], (path,)):
        assert bob.search("it", typeclass=form, quiet=True) == [weapon, sword]
        assert list(search_object("it", typeclass=form)) == [weapon, sword]
    assert bob.search("it", typeclass=Weapon, exact_class=True) is weapon
    assert list(search_object("it", typeclass=Weapon, exact_class=True)) == [weapon]
    assert thing in search_object("it", typeclass="objects.objects.DefaultObject")
    given = [path]
    search_object("it", typeclass=given)
    assert given == [path]
    with pytest.raises(TypeclassNotFound):
        search_object("it", typeclass="objects.objects.NoSuch")


def test_attributes_and_fields(bob, room):
    red = make("ball", room, attributes={"colour": "red", "size": 3})
    blue = make("ball", room, attributes={"colour": "blue", "size": 0})
    assert bob.search("red", attribute_name="colour") is red
    assert bob.search(0, attribute_name="size") is blue
    assert bob.search("ball", attribute_name="key", quiet=True) == [red, blue]
    assert bob.search("BALL", attribute_name="key", quiet=True) == []
    assert bob.search("ball-2", attribute_name="key") is blue
    assert bob.search("x", attribute_name="location", quiet=True) == []


def test_plurals_are_found_without_being_stored(bob, room):
    apples = [make("apple", room) for _ in range(3)]
    assert bob.search("apples", quiet=True) == apples
    assert bob.search("three apples", quiet=True) == apples
    assert bob.search("an apple-2") is apples[1]
    assert apples[0].aliases.all() == []


def test_nicks_are_replaced(bob, room, lamp):
    bob.nicks.add("glow", "lamp", category="object")
    assert bob.search("glow") is lamp
    assert bob.search("glow", use_nicks=False, quiet=True) == []


def test_stacks(bob, room):
    coins = [make("coin", room) for _ in range(4)]
    assert bob.search("coin", stacked=3) == coins[:3]
    assert bob.search("coin", stacked=3, typeclass=DefaultObject) == coins[:3]
    make("coin purse", room)
    assert bob.search("coi", stacked=3) is None


def test_what_the_player_is_told(bob, room, connect):
    session = connect(bob)
    assert bob.search("nothing") is None
    assert bob.search("nothing", nofound_string="No luck.") is None
    make("box", room, aliases=["crate"])
    make("box", bob)
    assert bob.search("box") is None
    assert bob.search("box", multimatch_string="Which?") is None
    assert session.texts == [
        "Could not find 'nothing'.",
        "No luck.",
        "More than one match for 'box' (please narrow target):\n box-1 [crate]\n box-2 (carried)",
        "Which?\n box-1 [crate]\n box-2 (carried)",
    ]


def own_handler(matches, caller, query="", quiet=False, **kwargs):
    return ("handled", len(matches), query)


def test_the_result_handler_is_a_setting(bob, lamp):
    with override_settings(SEARCH_AT_RESULT=f"{__name__}.own_handler"):
        assert bob.search("lamp") == ("handled", 1, "lamp")


@pytest.mark.defect("H-21")
def test_find_gives_a_typed_result_and_tells_nobody(bob, room, lamp, connect):
    session = connect(bob)
    result = bob.find("lamp")
    assert (result.one(), result.all(), result.error, bool(result)) == (lamp, [lamp], "", True)
    missing = bob.find("nothing")
    assert (missing.one(), missing.all(), missing.error) == (None, [], "Could not find 'nothing'.")
    make("lamp", room)
    several = bob.find("lamp")
    assert several.one() is None
    assert len(several) == 2
    assert "lamp-2" in several.error
    assert bob.find("here").one() is room
    assert session.texts == []
    with pytest.raises(InvalidArgument):
        bob.find("lamp", colour="red")


class Fussy(DefaultCharacter):
    """Overrides the steps of a search."""

    def get_search_query_replacement(self, searchdata, **kwargs):
        return searchdata.removeprefix("the ")

    def get_search_candidates(self, searchdata, **kwargs):
        return [*(super().get_search_candidates(searchdata, **kwargs) or ()), *self.db.remembered]

    def handle_search_results(self, searchdata, results, **kwargs):
        return ("fussy", list(results))


def test_the_steps_can_be_overridden(room, cellar):
    barrel = make("barrel", cellar)
    fussy = make("Fussy", room, Fussy, attributes={"remembered": [barrel]})
    assert fussy.search("the barrel") == ("fussy", [barrel])


# --- the flat functions and the manager


def test_search_object_is_ordered_by_id_and_numbered(room):
    things = [make("thing", room) for _ in range(3)]
    assert list(search_object("thing")) == things
    assert list(search_object("thing-2")) == [things[1]]
    assert list(search_object("thing", candidates=[things[2], things[0], None])) == [things[0], things[2]]
    assert list(search_object("thing", candidates=[])) == []
    assert search_objects is search_object
    assert search_object("THING").filter(pk=things[0].pk).count() == 1
    assert search_object("th", exact=False).count() == 3


def test_search_object_of_non_ascii_names(room):
    elf = make("Éowyn", room, aliases=["Ælf"])
    assert list(search_object("éowyn")) == [elf]
    assert list(search_object("ælf")) == [elf]
    assert list(search_object("éow", exact=False)) == [elf]


def test_search_object_by_dbref_falls_through_to_names(room):
    thing = make("thing", room)
    assert list(search_object(thing.dbref)) == [thing]
    odd = make("#99999", room)
    assert list(search_object("#99999")) == [odd]
    assert list(search_object(thing.dbref, candidates=[odd])) == []


@pytest.mark.defect("H-19")
def test_other_flat_searches(room):
    red = make("ball", room, attributes={"colour": "red", "size": 0}, tags=[("toy", "kind")])
    assert list(search_object_attribute("colour", value="red")) == [red]
    assert list(search_object_attribute("size", value=0)) == [red]
    assert list(search_object_attribute("size", value=1)) == []
    assert [row.value for row in search_attribute_object("colour")] == ["red"]
    assert list(search_tag("toy", category="kind")) == [red]
    assert [tag.db_key for tag in search_tag_object("toy", category="kind")] == ["toy"]
    sword = make("s", room, Sword)
    assert list(search_typeclass(Weapon)) == []
    assert list(search_typeclass(Weapon, include_children=True)) == [sword]


def test_methods_of_the_manager(bob, room, cellar):
    manager = ObjectDB.objects
    sword = make("Excalibur", room, Sword, aliases=["blade"], attributes={"worth": 0})
    assert list(manager.get_objs_with_key_and_typeclass("excalibur", Sword)) == [sword]
    assert list(manager.get_objs_with_key_and_typeclass("excalibur", Weapon)) == []
    assert list(manager.get_objs_with_attr("worth")) == [sword]
    assert list(manager.get_objs_with_attr("worth", candidates=[bob])) == []
    assert list(manager.get_objs_with_attr_value("worth", 0, typeclasses=Weapon)) == [sword]
    assert list(manager.get_objs_with_db_property("destination")) == []
    sword.destination = cellar
    assert list(manager.get_objs_with_db_property("destination")) == [sword]
    assert list(manager.get_objs_with_db_property("no_such_field")) == []
    assert list(manager.get_objs_with_db_property_value("key", "Excalibur")) == [sword]
    assert list(manager.get_objs_with_db_property_value("destination", "text")) == []
    assert list(manager.get_objs_with_key_or_alias("blade", typeclasses=[Sword])) == [sword]
    assert list(manager.get_objs_with_key_or_alias("exc", exact=False)) == [sword]
    assert list(manager.get_contents(room, excludeobj=bob)) == [sword]
    assert list(manager.get_object_with_account("*nobody")) == []
    assert list(manager.get_object_with_account("")) == []


def test_a_typeclass_manager_searches_its_class_only(room):
    weapon, sword = make("it", room, Weapon), make("it", room, Sword)
    assert list(Weapon.objects.search_object("it")) == [weapon]
    assert list(Weapon.objects.search_object("it", candidates=[weapon, sword])) == [weapon]
    assert list(Weapon.objects.filter_family(db_key="it").order_by("pk")) == [weapon, sword]
    made = Sword.objects.create_object(key="new")
    assert type(made) is Sword


def test_sessions_ids_are_forgotten_after_a_cold_start(bob, connect):
    connect(bob)
    assert bob.db_sessid == "1"
    ObjectDB.objects.clear_all_sessids()
    assert bob.db_sessid is None
    assert bob.has_account == 0
