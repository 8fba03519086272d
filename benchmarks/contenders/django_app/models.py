"""The models of the plain Django contender: what an ordinary developer writes for objects with arbitrary attributes.

One table for all classes; the class is a proxy chosen by the `kind` column when the row is loaded. The attributes are
one JSON column, in which a reference is the id of the other object. Tags are many to many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from benchmarks.contenders.peer import Hooks


class Tag(models.Model):
    """A tag."""

    key = models.CharField(max_length=255, unique=True)


class Entity(Hooks, models.Model):
    """Any object, rooms too."""

    key = models.CharField(max_length=255, db_index=True)
    kind = models.CharField(max_length=64, db_index=True)
    location = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="contents")
    attributes = models.JSONField(default=dict)
    tags = models.ManyToManyField(Tag, related_name="entities")

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Sequence[Any]) -> Any:
        """The row as an instance of the class that its `kind` names."""
        obj = super().from_db(db, field_names, values)
        obj.__class__ = CLASSES[obj.kind]
        return obj


class Room(Entity):
    """A place."""

    class Meta:
        proxy = True


class Thing(Entity):
    """A thing."""

    class Meta:
        proxy = True


class Weapon(Thing):
    """A thing of the family."""

    class Meta:
        proxy = True


class Sword(Weapon):
    """A subclass in the family."""

    class Meta:
        proxy = True


class Blade(Thing):
    """What objects are swapped to."""

    class Meta:
        proxy = True


CLASSES: dict[str, type[Entity]] = {each.__name__: each for each in (Room, Thing, Weapon, Sword, Blade)}
