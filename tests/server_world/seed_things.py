"""Typeclasses of the acceptance tests."""

from __future__ import annotations

from typing import Any

from perdure import DefaultAccount, DefaultObject, DefaultScript


class Furniture(DefaultObject):
    """What the documents build."""

    def at_object_creation(self) -> None:
        self.db.created = (self.db.created or 0) + 1
        self.db.worth = 10

    def at_init(self) -> None:
        self.ndb.cached = (self.ndb.cached or 0) + 1


class Sitables(Furniture):
    """A subclass."""


class Overloaded(DefaultObject):
    """Overloads `__init__` as the documents allow."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.made_by = "init"


class Greeted(DefaultAccount):
    """Notes its hooks."""

    heard: list[tuple[str, Any]] = []

    def at_pre_login(self, **kwargs: Any) -> None:
        self.heard.append(("at_pre_login", None))

    def at_login(self, session: Any = None, **kwargs: Any) -> None:
        self.heard.append(("at_login", session.sessid))

    def at_post_login(self, session: Any = None, **kwargs: Any) -> None:
        self.heard.append(("at_post_login", session.sessid))
        super().at_post_login(session=session, **kwargs)


class Seconds(DefaultScript):
    """Counts."""

    def at_repeat(self, **kwargs: Any) -> None:
        self.db.ticks = (self.db.ticks or 0) + 1
