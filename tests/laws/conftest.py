"""What the law tests share: a process that sees the database for the first time, and a connection of its own."""

from __future__ import annotations

import pytest
from django.db import connection

from perdure.idmapper import recalling
from tests.laws.witness import Witness

pytest.register_assert_rewrite("tests.laws.machine")


@pytest.fixture
def witness(transactional_db):
    """Answers as a process that has loaded nothing before."""
    found = Witness(str(connection.settings_dict["NAME"]))
    yield found
    found.close()


@pytest.fixture
def raw_cursor(transactional_db):
    """A cursor of a second connection, without Django."""
    opened = connection.get_new_connection(connection.get_connection_params())
    if connection.vendor == "postgresql":
        opened.autocommit = True
    yield opened.cursor()
    opened.close()


@pytest.fixture(autouse=True)
def no_default_home(settings):
    """No object is everybody's home by the accident of its id."""
    settings.DEFAULT_HOME = "#999999999"


@pytest.fixture(autouse=True)
def worlds_in_memory(monkeypatch):
    """Worlds as small as these are asked for ids alone, too, as soon as they are in memory."""
    monkeypatch.setattr(recalling, "WARM", 1)
