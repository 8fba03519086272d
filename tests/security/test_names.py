"""Names that players choose: they are no markup, no dbrefs, and look like nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB
from perdure.testing.world import TestWorld

pytestmark = pytest.mark.django_db(transaction=True)

MISLEADING = [
    "|rBob",
    "Bob|/System: the game is closed",
    "||",
    "me",
    "HERE",
    "self",
    "#1",
    "*anna",
    "@py",
    "anna\u200b",
    "\u202eanna",
    "\ufeffanna",
    "a;b",
    "2-anna",
    "anna-2",
]


@pytest.mark.parametrize("name", MISLEADING)
def test_no_character_has_a_misleading_name(world: TestWorld, settings: Any, name: str) -> None:
    settings.MAX_NR_CHARACTERS = 5
    mallory = world.player("mallory")
    mallory.send(f"charcreate {name}")
    assert [one.key for one in mallory.account.characters.all()] == ["mallory"]


@pytest.mark.parametrize("name", ["D'Artagnan", "Jean-Luc", "Anna Maria", "Émile", "O2", "St. John", "Zoë 3rd"])
def test_names_of_people_are_names(world: TestWorld, settings: Any, name: str) -> None:
    settings.MAX_NR_CHARACTERS = 5
    player = world.player("mallory")
    player.send(f"charcreate {name}")
    assert len(player.account.characters.all()) == 2


@pytest.mark.parametrize("name", [*MISLEADING, "a b", "x", "a" * 31])
def test_no_account_has_a_misleading_name(world: TestWorld, settings: Any, name: str) -> None:
    before = AccountDB.objects.count()
    stranger = world.connect()
    stranger.send(f'create "{name}" correct-horse-battery', "yes")
    assert AccountDB.objects.count() == before


def test_a_name_that_looks_the_same_is_taken(world: TestWorld, settings: Any) -> None:
    settings.MAX_NR_CHARACTERS = 5
    world.player("anna")
    mallory = world.player("mallory")
    for name in ("ANNA", "ａｎｎａ", "a\u0301nna"):
        mallory.send(f"charcreate {name}")
    assert len(mallory.account.characters.all()) == 1


def test_no_channel_has_a_misleading_name_or_a_class_that_a_player_chose(world: TestWorld) -> None:
    mallory = world.player("mallory")
    for name in (
        "N|/System",
        "|rPublic",
        "Pub\u200blic",
        "x;y|/z",
        "#1",
        "fine:perdure.channels.channels.DefaultChannel",
    ):
        mallory.send(f"channel/create {name}")
    assert ChannelDB.objects.count() == 0


def test_a_player_keeps_some_channels_and_no_more(world: TestWorld) -> None:
    mallory = world.player("mallory")
    for number in range(14):
        mallory.send(f"channel/create c{number}")
    assert ChannelDB.objects.count() == 10
    mallory.send("channel/destroy c0", "yes", "channel/create c99")
    assert ChannelDB.objects.filter(db_key="c99").exists()
