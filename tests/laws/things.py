"""Typeclasses of the law tests: a place, three things, one that cannot be made and one that will not go."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from perdure.errors import MoveLoop
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.typeclasses.properties import AttributeProperty


class Bang(Exception):
    """What the hooks of `LawFuse` raise."""


class LawThing(DefaultObject):
    default_locks = "view:all()"


class LawRoom(LawThing):
    pass


class LawStone(LawThing):
    pass


class LawChest(LawThing):
    """Writes an attribute when it is made, and declares one that is stored when it is first changed."""

    weight: Any = AttributeProperty([1], autocreate=False)

    def at_object_creation(self):
        self.db.first = {"made": [self.dbref]}


class LawFuse(LawThing):
    """Changes itself and others in its creation hook, then fails."""

    def at_object_creation(self):
        self.db.burning = [1, {"hot": {2}}]
        self.tags.add("burning")
        for other in ObjectDB.objects.order_by("pk").exclude(pk=self.pk)[:2]:
            other.db.scorched = {"by": self}
            other.tags.add("scorched")
            other.locks.add("get:false()")
            other.key = "scorched"
            with suppress(MoveLoop):
                self.location = other
        raise Bang


class LawAnchorite(LawThing):
    def at_object_delete(self):
        return False


ORDINARY = (LawStone, LawChest, LawAnchorite)
