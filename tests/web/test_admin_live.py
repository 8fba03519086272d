"""The admin while the game runs: what is deleted or changed there is in use."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from perdure.sessions import SESSION_HANDLER
from perdure.testing.plugin import world
from tests.web.test_admin import address, client, form_data, text_of

__all__ = ["client", "world"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_character_that_is_played_is_deleted(world: Any, client: Client) -> None:
    anna, bob = world.player("anna"), world.player("bob")
    character = anna.character
    session = anna.session
    response = client.post(address("objects.objectdb", "delete", character.pk), {"post": "yes"})
    assert response.status_code == 302
    world.run()
    assert character._is_deleted
    assert session.puppet is None
    assert "anna" not in bob.send("look")
    anna.send("look")
    assert anna.session.logged_in
    assert character not in anna.account.characters.all()


def test_an_account_that_is_connected_is_deleted(world: Any, client: Client) -> None:
    anna = world.player("anna")
    account, character = anna.account, anna.character
    assert client.post(address("accounts.accountdb", "delete", account.pk), {"post": "yes"}).status_code == 302
    world.run()
    assert account._is_deleted
    assert not character._is_deleted
    assert character.account is None
    assert not any(session.account is account for session in SESSION_HANDLER.get_sessions())


def test_a_room_with_people_in_it_is_deleted(world: Any, client: Client) -> None:
    anna = world.player("anna")
    place = world.create("cellar", "perdure.objects.objects.DefaultRoom")
    anna.character.location = place
    assert client.post(address("objects.objectdb", "delete", place.pk), {"post": "yes"}).status_code == 302
    assert not anna.character._is_deleted
    assert anna.character.location is world.room
    assert anna.character in world.room.contents


def test_a_timer_is_changed_while_it_runs(world: Any, client: Client) -> None:
    from perdure.create import create_script
    from perdure.scripts.scripts import DefaultScript

    class AdminTicker(DefaultScript):
        def at_repeat(self, **kwargs: Any) -> None:
            self.ndb.ticks = (self.ndb.ticks or 0) + 1

    script = create_script(AdminTicker, key="ticker", interval=100, start_delay=True)
    url = address("scripts.scriptdb", "change", script.pk)
    assert client.post(url, form_data(client.get(url)) | {"db_interval": 10}).status_code == 302
    world.run()
    world.advance(11)
    assert script.ndb.ticks == 1
    assert client.post(url, form_data(client.get(url)) | {"db_interval": 0}).status_code == 302
    world.advance(100)
    assert script.ndb.ticks == 1
    assert not script.is_active


def test_a_script_has_one_host(world: Any, client: Client) -> None:
    from perdure.create import create_script

    anna = world.player("anna")
    script = create_script(key="ticker", obj=anna.character)
    url = address("scripts.scriptdb", "change", script.pk)
    page = client.post(url, form_data(client.get(url)) | {"db_account": anna.account.pk})
    assert "has one host" in text_of(page)
    assert script.obj is anna.character
