"""A small world without a network, and builders in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def small_world(db: None, settings: Any) -> Iterator[Any]:
    """Rooms `Hall` and `Cellar`, a `lamp`, and those who change them: `owner` (a superuser) and `builder`."""
    from types import SimpleNamespace

    from perdure.create import create_account, create_object
    from perdure.idmapper.models import flush_cache
    from perdure.objects.objects import DefaultCharacter, DefaultRoom
    from perdure.sessions import SESSION_HANDLER
    from tests.commands.building.builders import Builder, FakeSession

    SESSION_HANDLER.clear()
    settings.DEFAULT_HOME = "#0"  # whatever ids the rooms get, none of them is the one that is protected
    hall = create_object(DefaultRoom, key="Hall", nohome=True)
    cellar = create_object(DefaultRoom, key="Cellar", nohome=True)
    lamp = create_object(key="lamp", location=hall, home=hall)

    def person(name: str, rank: str, superuser: bool = False) -> Any:
        account = create_account(name, None, "a long password", permissions=rank)
        if superuser:
            account.is_superuser = True
            account.save()
        character = create_object(DefaultCharacter, key=name, location=hall, home=hall, permissions=rank)
        session = FakeSession(len(SESSION_HANDLER) + 1)
        SESSION_HANDLER.add(session)
        character.account = account
        character.sessions.add(session)
        session.account, session.puppet, session.logged_in = account, character, True
        return Builder(character, account, session)

    yield SimpleNamespace(
        hall=hall,
        cellar=cellar,
        lamp=lamp,
        owner=person("Olga", "Developer", superuser=True),
        builder=person("Bert", "Builder"),
        person=person,
    )
    SESSION_HANDLER.clear()
    flush_cache()


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[Any]:
    """A world of the test's own, with the stock commands, for lines that go through the real pipeline."""
    from perdure.testing.world import make_world

    for kind in ("Unloggedin", "Session", "Account", "Character"):
        setattr(settings, f"CMDSET_{kind.upper()}", f"perdure.commands.default.cmdsets.{kind}CmdSet")
    made = make_world(settings)
    yield made
    made.close()


@pytest.fixture
def owner(small_world: Any) -> Any:
    return small_world.owner


@pytest.fixture
def builder(small_world: Any) -> Any:
    return small_world.builder
