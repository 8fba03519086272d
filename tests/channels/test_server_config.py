"""The server's stored values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from perdure.create import create_object
from perdure.errors import InvalidKey, UnstorableValue
from perdure.serverconfig.models import ServerConfig
from perdure.transactions import transaction

pytestmark = pytest.mark.django_db
conf = ServerConfig.objects.conf


def test_values_are_kept_by_key():
    assert conf("runs") is None
    assert conf("runs", default=7) == 7
    conf("runs", 1)
    conf("runs", 2)
    assert conf("runs") == 2
    assert ServerConfig.objects.count() == 1
    conf("runs", delete=True)
    conf("runs", delete=True)
    assert conf("runs", default="none") == "none"


@pytest.mark.parametrize(
    "value",
    [False, 0, "", [], {"a": (1, {2, 3})}, datetime(2030, 1, 1, tzinfo=UTC), [("name", "", None, "date", "why")]],
)
def test_any_plain_value_comes_back(value):
    conf("key", value)
    stored = conf("key")
    assert stored == value
    assert type(stored) is type(value)


def test_entities_can_be_kept():
    box = create_object(key="box")
    conf("where", [box])
    assert conf("where") == [box]


def test_what_is_read_is_a_copy():
    conf("list", [1])
    conf("list").append(2)
    assert conf("list") == [1]


def test_what_cannot_be_stored_is_refused():
    conf("key", 1)
    with pytest.raises(UnstorableValue):
        conf("key", object())
    for key in ("", "  ", 5, "x" * 65):
        with pytest.raises(InvalidKey):
            conf(key, 1)
    assert conf() == {"key": 1}


def test_a_rollback_is_followed():
    conf("key", "old")
    with pytest.raises(ZeroDivisionError), transaction():
        conf("key", "new")
        conf("other", 1)
        raise ZeroDivisionError
    assert conf() == {"key": "old"}


def test_a_row_can_be_changed_by_itself():
    conf("key", 1)
    row = ServerConfig.objects.get(db_key="key")
    row.value = {"deep": [1]}
    assert conf("key") == {"deep": [1]}
    row.store("renamed", 5)
    assert conf() == {"renamed": 5}
