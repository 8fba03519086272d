"""Wrong configuration is told by Django's system checks, with id, hint and subject."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection


def ids(**arguments: Any) -> list[str]:
    return [message.id for message in run_checks(**arguments)]


def test_the_suites_own_settings_are_fine() -> None:
    assert [found for found in ids() if found.startswith("perdure.")] == []


def test_a_base_class_that_is_not_there(settings: Any) -> None:
    settings.BASE_OBJECT_TYPECLASS = "typeclasses.nowhere.Thing"
    (message,) = [found for found in run_checks() if found.id == "perdure.E001"]
    assert "BASE_OBJECT_TYPECLASS" in message.msg
    assert "BASE_OBJECT_TYPECLASS" in message.hint
    assert message.obj.__name__ == "ObjectDB"


def test_a_base_class_of_another_kind(settings: Any) -> None:
    settings.BASE_SCRIPT_TYPECLASS = "perdure.objects.objects.DefaultObject"
    assert ids().count("perdure.E001") == 1


@pytest.mark.parametrize("budget", ["400", 0, -1, True])
def test_a_budget_that_is_no_number_of_megabytes(settings: Any, budget: object) -> None:
    settings.IDMAPPER_CACHE_MAXSIZE = budget
    assert "perdure.E002" in ids()


@pytest.mark.parametrize("budget", [400, 0.5, None])
def test_budgets_that_are_fine(settings: Any, budget: object) -> None:
    settings.IDMAPPER_CACHE_MAXSIZE = budget
    assert "perdure.E002" not in ids()


def test_a_way_with_threads_that_there_is_not(settings: Any) -> None:
    settings.PERDURE_THREADS = "many"
    assert "perdure.E003" in ids()


@pytest.mark.sqlite
def test_a_sqlite_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "perdure.E005" not in ids()
    monkeypatch.setattr(connection.Database, "sqlite_version_info", (3, 34, 1))
    assert "perdure.E005" in ids()


def test_a_game_for_others_whose_pages_answer_to_this_machine_only(settings: Any) -> None:
    settings.DEBUG = False
    settings.INTERFACES, settings.ALLOWED_HOSTS = ["0.0.0.0", "127.0.0.1"], ["localhost", "127.0.0.1", "[::1]"]
    (message,) = [found for found in run_checks() if found.id == "perdure.W003"]
    assert "0.0.0.0" in message.msg
    assert "ALLOWED_HOSTS" in message.hint
    settings.LOCKDOWN_MODE = True
    assert "perdure.W003" not in ids()
    settings.LOCKDOWN_MODE, settings.ALLOWED_HOSTS = False, ["game.example.org"]
    assert "perdure.W003" not in ids()
    settings.INTERFACES, settings.ALLOWED_HOSTS = ["127.0.0.1"], []
    assert "perdure.W003" not in ids()


@pytest.mark.django_db
def test_a_default_home_that_is_missing_is_told_and_is_no_error(settings: Any) -> None:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultObject

    settings.DEFAULT_HOME = settings.START_LOCATION = "#999999"
    lamp = create_object(DefaultObject, key="lamp")
    assert lamp.home is None
    assert ids(databases=["default"]).count("perdure.W001") == 2
    settings.DEFAULT_HOME = settings.START_LOCATION = lamp.dbref
    assert "perdure.W001" not in ids(databases=["default"])


@pytest.mark.django_db
def test_a_default_home_that_is_no_dbref(settings: Any) -> None:
    settings.DEFAULT_HOME = "Limbo"
    assert "perdure.E004" in ids(databases=["default"])


@pytest.mark.parametrize("name", ["TELNET_PROT", "GUESTS_ENABLED", "MULTISESION_MODE", "IDMAPPER_CACHE_MAX_SIZE"])
def test_a_setting_with_a_slip_in_its_name(settings: Any, name: str) -> None:
    setattr(settings, name, 5)
    (message,) = [found for found in run_checks() if found.id == "perdure.W005"]
    assert name in message.msg


@pytest.mark.parametrize("name", ["DRAGON_PORT", "TELNET_PORT", "CSRF_COOKIE_NAME", "MAX_DRAGONS", "GAME_DIR"])
def test_settings_of_a_games_own_are_let_be(settings: Any, name: str) -> None:
    setattr(settings, name, 5)
    assert "perdure.W005" not in ids()
