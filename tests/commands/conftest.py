"""The command layer without a server: a game loop, sessions that write down what they are sent, rooms and people.

The engine is imported inside the fixtures: this file is read before Django is set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def loop(db: None, settings: Any) -> Iterator[Any]:
    """The command layer and a game loop; nothing of either is left afterwards."""
    from perdure.commands import installation, prompts, running
    from perdure.commands.gathering import merge_cache
    from perdure.gameloop import GameLoop, set_current_loop
    from perdure.idmapper.models import flush_cache
    from perdure.sessions import SESSION_HANDLER

    settings.CMDSET_PATHS = ("tests.commands",)
    installed = installation.installed()
    installation.install()
    SESSION_HANDLER.clear()
    merge_cache.clear()
    made = GameLoop(lambda items: None)
    set_current_loop(made)
    yield made
    running.cancel_all("")
    assert not prompts._questions
    made.close()
    set_current_loop(None)
    SESSION_HANDLER.clear()
    flush_cache()
    if not installed:
        installation.uninstall()


@pytest.fixture
def hall(loop: Any) -> Any:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultRoom

    return create_object(DefaultRoom, key="Hall", nohome=True)


@pytest.fixture
def cellar(loop: Any) -> Any:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultRoom

    return create_object(DefaultRoom, key="Cellar", nohome=True)


@pytest.fixture
def person(hall: Any) -> Any:
    """`person("Anna")` makes an account with a character in the hall, and a session that plays it."""
    from tests.commands.acting import Player

    def make(name: str, superuser: bool = False, permissions: Any = None) -> Any:
        from django.test import override_settings

        from perdure.create import create_account, create_object
        from perdure.objects.objects import DefaultCharacter

        with override_settings(CMDSET_ACCOUNT="tests.commands.sets.AccountSet"):
            account = create_account(name, "", None, is_superuser=superuser, permissions=permissions)
        with override_settings(CMDSET_CHARACTER="tests.commands.sets.CharacterSet"):
            character = create_object(DefaultCharacter, key=name, location=hall, home=hall, permissions=permissions)
        return Player(account, character)

    return make


@pytest.fixture
def anna(person: Any) -> Any:
    return person("Anna")
