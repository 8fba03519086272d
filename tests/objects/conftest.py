"""A small world for the tests of objects, and a session that writes down what it is sent.

The engine is imported inside the fixtures: this file is read before Django is set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


class FakeSession:
    """A session that keeps what it was sent."""

    def __init__(self, sessid: int) -> None:
        self.sessid = sessid
        self.sent: list[dict[str, Any]] = []
        self.conn_time = 100.0
        self.cmd_last_visible = 200.0

    def data_out(self, **kwargs: Any) -> None:
        self.sent.append(kwargs)

    @property
    def texts(self) -> list[str]:
        """The texts sent, without their options."""
        found = [message["text"] for message in self.sent if "text" in message]
        return [text[0] if isinstance(text, tuple) else text for text in found]


@pytest.fixture(autouse=True)
def _clean(db: None) -> Iterator[None]:
    from perdure.idmapper.models import flush_cache
    from perdure.sessions import SESSION_HANDLER

    SESSION_HANDLER.clear()
    yield
    SESSION_HANDLER.clear()
    flush_cache()


@pytest.fixture
def room() -> Any:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultRoom

    return create_object(DefaultRoom, key="Hall")


@pytest.fixture
def cellar() -> Any:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultRoom

    return create_object(DefaultRoom, key="Cellar")


@pytest.fixture
def lamp(room: Any) -> Any:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultObject

    return create_object(DefaultObject, key="lamp", location=room)


@pytest.fixture
def bob(room: Any) -> Any:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultCharacter

    return create_object(DefaultCharacter, key="Bob", location=room)


@pytest.fixture
def connect() -> Any:
    """`connect(obj)` makes a session that controls the object."""

    from perdure.sessions import SESSION_HANDLER

    def connect(obj: Any, sessid: int | None = None) -> FakeSession:
        session = FakeSession(sessid or len(SESSION_HANDLER) + 1)
        SESSION_HANDLER.add(session)
        obj.sessions.add(session)
        return session

    return connect
