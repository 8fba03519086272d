"""What objects look like; looking never writes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perdure.create import create_object
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultObject, DefaultRoom


class Museum(DefaultRoom):
    """Overrides parts of its appearance."""

    def get_display_header(self, looker, **kwargs):
        return "== museum =="

    def get_display_footer(self, looker, **kwargs):
        return f"({kwargs.get('hours', 'closed')})"


@pytest.fixture
def scene(room, cellar, bob):
    room.db.desc = "A  long hall."
    for _ in range(3):
        create_object(DefaultObject, key="apple", location=room)
    create_object(DefaultObject, key="sword", location=room)
    create_object(DefaultCharacter, key="Ann", location=room)
    for name in ("north", "down", "east"):
        create_object(DefaultExit, key=name, location=room, destination=cellar)
    return room


def test_the_whole_appearance(scene, bob):
    assert scene.return_appearance(bob).split("\n") == [
        "|cHall|n",
        "A long hall.",
        "|wExits:|n down, east, and north",
        "|wCharacters:|n Ann",
        "|wYou see:|n three apples and a sword",
    ]
    assert scene.return_appearance(None) == ""


def test_builders_see_ids(scene, bob):
    assert f"(#{scene.pk})" not in scene.return_appearance(bob)
    bob.permissions.add("Builder")
    assert scene.return_appearance(bob).startswith(f"|cHall|n(#{scene.pk})")


def test_empty_parts_leave_no_lines(cellar, bob):
    assert cellar.return_appearance(bob) == "|cCellar|n\nThis is a room."


def test_helpers_get_the_arguments(bob):
    museum = create_object(Museum, key="Museum")
    museum.db.desc = "{name} is not a template.\n\n\n\nAnd a second paragraph."
    assert museum.return_appearance(bob, hours="9 to 5") == (
        "== museum ==\n|cMuseum|n\n{name} is not a template.\n\nAnd a second paragraph.\n(9 to 5)"
    )


def test_exits_in_an_order_of_ones_own(scene, bob):
    assert scene.get_display_exits(bob, exit_order=["north"]) == "|wExits:|n north, down, and east"


@pytest.mark.defect("H-26")
def test_looking_writes_nothing_and_asks_nothing_twice(scene, bob):
    bob.at_look(scene)
    versions = list(ObjectDB.objects.values_list("pk", "db_version"))
    with CaptureQueriesContext(connection) as queries:
        bob.at_look(scene)
    assert [query["sql"] for query in queries.captured_queries] == []
    assert list(ObjectDB.objects.values_list("pk", "db_version")) == versions
    assert all(thing.aliases.all() == [] for thing in scene.contents)


def test_numbered_names(bob):
    apple = create_object(DefaultObject, key="apple")
    assert apple.get_numbered_name(1, bob) == ("an apple", "apples")
    assert apple.get_numbered_name(3, bob) == ("an apple", "three apples")
    assert apple.get_numbered_name(30, bob)[1] == "30 apples"
    assert apple.get_numbered_name(1, bob, no_article=True)[0] == "apple"
    assert apple.get_numbered_name(2, bob, key="box") == ("a box", "two boxes")
    assert apple.get_numbered_name(2, bob, return_string=True) == "two apples"
    assert apple.get_numbered_name(1, bob, return_string=True) == "an apple"


def test_what_cannot_be_seen_is_not_shown(scene, bob):
    sword = ObjectDB.objects.get(db_key="sword")
    sword.locks.add("view:false()")
    apple = ObjectDB.objects.filter(db_key="apple").first()
    apple.locks.add("search:false()")
    assert scene.get_display_things(bob) == "|wYou see:|n two apples"
    assert bob not in scene.filter_visible(scene.contents, bob)
    visible = scene.get_visible_contents(bob)
    assert [obj.key for obj in visible["characters"]] == ["Ann"]
    assert scene.get_content_names(bob)["things"] == ["apple", "apple"]


def test_looking_at_what_may_not_be_seen(bob, lamp):
    lamp.locks.add("view:false()")
    assert bob.at_look(lamp) == "You cannot look at lamp."


class Vain(DefaultObject):
    """Knows who looked."""

    def at_desc(self, looker=None, **kwargs):
        self.ndb.looker = looker


def test_the_thing_looked_at_hears_of_it(bob, room):
    vain = create_object(Vain, key="mirror", location=room)
    assert bob.at_look(vain).startswith("|cmirror|n")
    assert vain.ndb.looker is bob
