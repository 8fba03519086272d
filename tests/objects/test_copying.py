"""Copies are exact, of the parts that are asked for."""

from __future__ import annotations

import pytest

from perdure.create import create_object
from perdure.errors import InvalidArgument
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject

TOLD: list[tuple] = []


class Chest(DefaultObject):
    """Makes something when it is created, which a copy must not repeat."""

    def at_object_creation(self):
        self.db.made_by_hook = True
        self.tags.add("hook")

    def at_object_post_copy(self, new_obj, **kwargs):
        TOLD.append((self, new_obj, kwargs))


@pytest.fixture
def chest(room, cellar, bob):
    TOLD.clear()
    made = create_object(
        Chest,
        key="chest",
        location=room,
        home=cellar,
        destination=bob,
        aliases=["box", ("trunk", "old")],
        tags=[("wood", "material")],
        permissions=["Builder"],
        locks="get:false();open:perm(Admin)",
        attributes=[("inv", {"gold": [1, 2]}), ("secret", 1, "cat", "attrread:false()"), ("owner", bob)],
    )
    made.tags.remove("hook")
    del made.db.made_by_hook
    made.nicks.add("x", "y")
    made.ndb.temporary = 1
    create_object(DefaultObject, key="coin", location=made)
    return made


def test_a_copy_has_everything_its_original_has(chest, room, cellar, bob):
    copy = chest.copy()
    assert type(copy) is Chest
    assert copy is not chest
    assert copy.key == "chest001"
    assert (copy.location, copy.home, copy.destination) == (room, cellar, bob)
    assert room.contents[-1] is copy
    assert copy.locks.all() == chest.locks.all()
    for handler in ("tags", "aliases", "permissions"):
        theirs = getattr(copy, handler).all(return_key_and_category=True)
        assert theirs == getattr(chest, handler).all(return_key_and_category=True)
    assert copy.db.inv == {"gold": [1, 2]}
    assert copy.db.owner is bob
    assert copy.attributes.get("secret", category="cat") == 1
    assert copy.attributes.get("secret", category="cat", accessing_obj=bob) is None


@pytest.mark.defect("H-30")
def test_nothing_else_is_copied(chest):
    copy = chest.copy()
    assert copy.contents == []
    assert copy.nicks.get("x") is None
    assert copy.ndb.temporary is None
    assert copy.db.made_by_hook is None
    assert not copy.tags.has("hook")
    assert copy.db.inv is not chest.db.inv
    copy.db.inv["gold"].append(3)
    assert chest.db.inv == {"gold": [1, 2]}


@pytest.mark.defect("H-30")
def test_plurals_seen_by_a_looker_do_not_become_aliases(chest, room, bob):
    create_object(Chest, key="chest", location=room)
    bob.at_look(room)
    assert chest.copy().aliases.all() == ["box", "trunk"]


def test_numbers_go_on_from_the_highest(chest, room):
    create_object(DefaultObject, key="chest041", location=room)
    assert chest.copy().key == "chest042"
    assert chest.copy().key == "chest043"
    assert chest.copy("coffer").key == "coffer"
    chest.location = None
    assert chest.copy().key == "chest"


@pytest.mark.defect("H-30")
def test_what_is_given_replaces_none_included(chest, cellar):
    copy = chest.copy(
        new_location=None, new_home=cellar, new_destination=None, new_aliases=["crate"], new_locks="get:all()"
    )
    assert (copy.location, copy.home, copy.destination) == (None, cellar, None)
    assert copy.aliases.all() == ["crate"]
    assert copy.locks.all() == ["get:all()"]
    by_manager = ObjectDB.objects.copy_object(chest, new_key="third", new_location=cellar, new_permissions=[])
    assert (by_manager.key, by_manager.location, by_manager.permissions.all()) == ("third", cellar, [])


@pytest.mark.defect("H-30")
def test_parts_can_be_chosen(chest):
    bare = chest.copy(include=["locks"])
    assert (bare.location, bare.home, bare.tags.all(), bare.db.inv) == (None, None, [], None)
    assert bare.locks.all() == chest.locks.all()
    most = chest.copy(exclude=["attributes", "aliases"])
    assert most.db.inv is None
    assert most.aliases.all() == []
    assert most.tags.all() == ["wood"]
    before = ObjectDB.objects.count()
    with pytest.raises(InvalidArgument, match="colour"):
        chest.copy(include=["colour"])
    assert ObjectDB.objects.count() == before


@pytest.mark.defect("H-30")
def test_command_sets_stay_persistent(chest):
    chest.cmdset.add_default("world.cmdsets.Base")
    chest.cmdset.add("world.cmdsets.Extra", persistent=True)
    copy = chest.copy()
    assert copy.cmdset_storage == ["world.cmdsets.Base", "world.cmdsets.Extra"]
    assert copy.cmdset.has("world.cmdsets.Base", must_be_default=True)


def test_the_original_hears_of_it(chest):
    copy = chest.copy("other", colour="red")
    assert [(chest, copy, {"colour": "red"})] == TOLD


def test_a_copy_that_fails_leaves_nothing(chest, monkeypatch):
    before = ObjectDB.objects.count()

    def failing(self, new_obj, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(Chest, "at_object_post_copy", failing)
    with pytest.raises(RuntimeError):
        chest.copy()
    assert ObjectDB.objects.count() == before
