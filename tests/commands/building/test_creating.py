"""`create` and `copy`."""

from __future__ import annotations

import pytest

from perdure.objects.models import ObjectDB


def named(name):
    return ObjectDB.objects.get(db_key=name)


@pytest.mark.defect("V-37")
def test_every_one_of_several_things_is_made_and_told(builder):
    told = builder.type("create lamp;light;l, key, ")
    lamp, key = ObjectDB.objects.filter(db_key="lamp").last(), named("key")
    assert lamp.location is builder.caller
    assert key.home is builder.caller
    assert set(lamp.aliases.all()) == {"light", "l"}
    assert f"lamp(#{lamp.pk})" in told
    assert f"key(#{key.pk})" in told
    assert "needs a name" in told


def test_drop_puts_them_here(builder, small_world):
    builder.type("create/drop chest")
    assert named("chest").location is small_world.hall
    assert named("chest").home is small_world.hall


def test_the_maker_controls_what_it_made(builder):
    builder.type("create chest")
    assert named("chest").access(builder.caller, "control")
    assert named("chest").access(builder.account, "edit")


def test_a_class_can_be_named(builder):
    builder.type("create/drop Shop:objects.objects.DefaultRoom")
    assert type(named("Shop")).__name__ == "DefaultRoom"


@pytest.mark.parametrize("path", ["no.such.Class", "perdure.scripts.scripts.DefaultScript", "Nonsense"])
def test_a_wrong_class_makes_nothing_and_is_told(builder, path):
    told = builder.type(f"create chest:{path}, key")
    assert not ObjectDB.objects.filter(db_key="chest").exists()
    assert "'chest' was not made" in told
    assert named("key")


def test_a_character_made_by_a_builder_is_not_one_it_can_play(builder):
    builder.type("create Bob:objects.objects.DefaultCharacter")
    assert named("Bob") not in builder.account.characters.all()
    assert named("Bob").access(builder.caller, "edit")


@pytest.mark.defect("V-37")
def test_every_copy_is_told(owner, small_world):
    small_world.lamp.db.oil = 5
    small_world.lamp.tags.add("light")
    told = owner.type(f"copy lamp = one;first, two:{small_world.cellar.dbref}")
    one, two = named("one"), named("two")
    assert one.location is small_world.hall
    assert two.location is small_world.cellar
    assert one.db.oil == two.db.oil == 5
    assert one.tags.has("light")
    assert one.aliases.all() == ["first"]
    assert told.count("a copy of") == 2


def test_a_copy_without_a_name_is_called_as_its_original(owner, small_world):
    small_world.lamp.aliases.add("light")
    owner.type("copy lamp")
    assert named("lamp_copy").aliases.all() == ["light_copy"]


def test_a_copy_to_a_place_that_there_is_not_is_not_made(owner):
    told = owner.type("copy lamp = one:nowhere at all")
    assert "Could not find" in told
    assert not ObjectDB.objects.filter(db_key="one").exists()


def test_a_copy_keeps_the_aliases_unless_others_are_given(owner, small_world):
    small_world.lamp.aliases.add("light")
    owner.type("copy lamp = one, two;torch")
    assert named("one").aliases.all() == ["light"]
    assert named("two").aliases.all() == ["torch"]
