"""`find`, `examine`, `objects`, `cache` and `cmdsets`."""

from __future__ import annotations

import pytest

from perdure.create import create_object, create_objects
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultRoom


@pytest.fixture
def lamps(small_world):
    """Lamps with oil from 0 to 4, and one that is described as having some."""
    made = [create_object(key=f"lantern {n}", location=small_world.cellar) for n in range(5)]
    for n, lamp in enumerate(made):
        lamp.db.oil = n
    made.append(create_object(key="lantern of text", location=small_world.cellar))
    made[-1].db.oil = "3"
    return made


def refs(told):
    """The numbers of the objects that were found."""
    return {int(line.partition("(#")[2].partition(")")[0]) for line in told.splitlines()[1:] if "(#" in line}


def test_by_name_and_alias(owner, small_world):
    small_world.cellar.aliases.add("dungeon")
    assert refs(owner.type("find ELLA")) == {small_world.cellar.pk}
    assert refs(owner.type("find dunge")) == {small_world.cellar.pk}
    assert refs(owner.type("find/exact cell")) == set()
    assert refs(owner.type("find/exact cellar")) == {small_world.cellar.pk}
    assert refs(owner.type("find/startswith ellar")) == set()
    assert refs(owner.type("find/startswith cel")) == {small_world.cellar.pk}


@pytest.mark.defect("V-37")
def test_kinds_count_for_numbers_too_and_the_place_is_the_right_one(owner, small_world):
    lamp = small_world.lamp
    assert refs(owner.type(f"find/room {small_world.hall.dbref}")) == {small_world.hall.pk}
    assert refs(owner.type(f"find/room {lamp.dbref}")) == set()
    assert f"in Hall({small_world.hall.dbref})" in owner.type("find/loc lamp")
    assert "in Hall" in owner.type("locate lamp")
    assert refs(owner.type("find/room")) == {small_world.hall.pk, small_world.cellar.pk}
    assert refs(owner.type("find/char")) == {owner.caller.pk, small_world.builder.caller.pk}


def test_accounts(owner, builder):
    assert "*Bert" in owner.type("find *ber")


def test_a_window_of_numbers(owner, lamps):
    first, last = lamps[1].pk, lamps[2].pk
    assert refs(owner.type(f"find lantern = {first}-{last}")) == {first, last}
    assert refs(owner.type(f"find lantern = #{lamps[4].pk}")) == {lamps[4].pk, lamps[5].pk}
    assert "lowest" in owner.type("find lantern = all")


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("oil < 2", {0, 1}),
        ("oil <= 2", {0, 1, 2}),
        ("oil>3", {4}),
        ("oil >= 3", {3, 4}),
        ("oil = 3", {3}),
        ("oil = '3'", {5}),
        ("oil != 3", {0, 1, 2, 4, 5}),
        ("oil ~ 3.", set()),
        ("oil", {0, 1, 2, 3, 4, 5}),
    ],
)
def test_by_attribute_typed(owner, lamps, condition, wanted):
    if condition == "oil ~ 3.":
        assert "quotes" in owner.type(f"find/attr {condition}")
        return
    assert refs(owner.type(f"find/attr {condition}")) == {lamps[n].pk for n in wanted}


def test_by_attribute_of_a_category_and_of_a_kind(owner, lamps, small_world):
    small_world.hall.attributes.add("oil", 1, category="spilled")
    assert refs(owner.type("find/attr oil:spilled < 5")) == {small_world.hall.pk}
    assert refs(owner.type("find/attr/room oil < 5")) == set()
    assert refs(owner.type("find/attr/room oil:spilled = 1")) == {small_world.hall.pk}


def test_by_tag(owner, lamps):
    lamps[0].tags.add("light", category="kind")
    lamps[1].tags.add("dark", category="kind")
    assert refs(owner.type("find/tag light:kind")) == {lamps[0].pk}
    assert refs(owner.type("find/tag :kind")) == {lamps[0].pk, lamps[1].pk}


@pytest.mark.defect("V-32")
def test_a_whole_table_is_never_loaded(owner, small_world, django_assert_max_num_queries):
    create_objects(DefaultRoom, [{"key": f"field {n}"} for n in range(300)], hooks=False)
    from perdure.idmapper.models import flush_cache

    flush_cache()
    loaded = []
    original = ObjectDB.from_db.__func__

    def from_db(cls, *args, **kwargs):
        loaded.append(args)
        return original(cls, *args, **kwargs)

    ObjectDB.from_db = classmethod(from_db)
    try:
        with django_assert_max_num_queries(10):
            told = owner.type("find field")
    finally:
        del ObjectDB.from_db
    assert "300 found" in told
    assert "250 more" in told
    assert len(loaded) <= 60


# --- examine


def test_all_that_is_known(owner, builder, small_world):
    lamp = small_world.lamp
    lamp.aliases.add("light")
    lamp.tags.add("old", category="age")
    lamp.db.oil = 0
    lamp.ndb.hot = True
    told = owner.type("examine lamp")
    for part in ("lamp(#", "light", "old:age", "oil = 0 (int)", "hot = True", "get:all()", "DefaultObject", "Hall"):
        assert part in told, part
    told = owner.type("examine")
    for part in ("Hall(#", "Olga", "Bert", "lamp"):
        assert part in told, part
    told = owner.type("examine Bert")
    assert "Played by: *Bert" in told
    assert "Builder" in told


def test_accounts_scripts_and_channels_can_be_examined(owner, builder):
    from perdure.create import create_channel, create_script
    from perdure.scripts.scripts import DefaultScript

    create_script(DefaultScript, key="clock", interval=60, persistent=True)
    create_channel("public").connect(owner.account)
    assert "Characters" in owner.type("examine *Olga") or "Superuser: yes" in owner.type("examine *Olga")
    assert "every 60 s" in owner.type("examine/script clock")
    assert "1 in all" in owner.type("examine/channel public")


def test_single_attributes_whole_and_of_every_category(owner, small_world):
    small_world.lamp.db.text = "x" * 500
    small_world.lamp.attributes.add("text", 2, category="other")
    told = owner.type("examine lamp/text")
    assert "x" * 500 in told
    assert "text:other = 2" in told
    assert "does not exist" in owner.type("examine lamp/nothing")


def test_who_may_not_examine_looks(builder, small_world):
    small_world.lamp.db.desc = "It is made of brass."
    small_world.lamp.db.secret = 1
    small_world.lamp.locks.add("examine:false()")
    told = builder.type("examine lamp")
    assert "brass" in told
    assert "secret" not in told


@pytest.mark.defect("V-37")
def test_each_of_several_is_told(owner, small_world):
    told = owner.type("examine lamp, nothing at all, Bert")
    assert "lamp(#" in told
    assert "Could not find" in told
    assert "Bert(#" in told


READS = [
    "examine",
    "examine lamp",
    "examine *Bert",
    "set lamp",
    "set lamp/oil",
    "tag lamp",
    "alias lamp",
    "lock lamp",
    "find lamp",
    "find/attr oil < 20",
    "link lamp",
    "sethome lamp",
    "cmdsets",
    "objects",
    "cache",
    "typeclass lamp",
    "typeclass/list",
    "typeclass/show DefaultRoom",
    "scripts",
    "script lamp =",
    "explain lamp get",
    "tag/search old",
]


@pytest.mark.defect("V-33")
@pytest.mark.parametrize("line", READS)
def test_looking_writes_nothing(owner, small_world, line):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from perdure.transactions import unit_of_work

    small_world.lamp.db.oil = 5
    unit_of_work("default").flush()
    with CaptureQueriesContext(connection) as captured:
        assert owner.type(line)
        unit_of_work("default").flush()
    written = [query["sql"] for query in captured if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert written == []


# --- statistics


def test_objects_counts_kinds_and_classes(owner, small_world):
    owner.type("dig Attic = hatch")
    told = owner.type("objects 2")
    rows = {line.split()[0]: line.split()[1] for line in told.splitlines() if len(line.split()) > 2}
    assert (rows["characters"], rows["rooms"], rows["exits"], rows["others"]) == ("2", "3", "1", "1")
    assert "hatch" in told
    assert "Olga" not in told
    assert "Usage" in owner.type("objects many")


def test_cache_shows_what_is_in_memory(owner, small_world):
    told = owner.type("cache")
    for part in ("perdure.objects.objects.DefaultRoom", "give or take", "found in memory", "Pinned"):
        assert part in told, part


def test_only_developers_flush(owner, builder, small_world):
    assert "Only developers" in builder.type("cache/flush")
    create_objects(DefaultRoom, [{"key": f"field {n}"} for n in range(30)], hooks=False)
    list(ObjectDB.objects.all())
    assert "Let go of" in owner.type("cache/flush")


def test_cmdsets(owner, builder, small_world):
    assert "no command sets" in owner.type("cmdsets lamp")
    assert "CharacterCmdSet" in owner.type("cmdsets")
    small_world.lamp.locks.add("examine:false()")
    assert "'examine'" in builder.type("cmdsets lamp")


def test_attributes_that_may_not_be_read_are_not_found_by_their_value(small_world):
    lamp, builder, owner = small_world.lamp, small_world.builder, small_world.owner
    lamp.attributes.add("word", "swordfish", lockstring="attrread:false()")
    for line in ("find/attr word", "find/attr word ~ 'sword'", "find/attr word != 'x'", "find/attr word = swordfish"):
        assert "lamp" not in builder.type(line), line
        assert "lamp" in owner.type(line), line
    lamp.attributes.add("oil", 5)
    assert "lamp" in builder.type("find/attr oil > 4")
