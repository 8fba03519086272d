"""The model: what a world of objects should be, in plain dicts, with a stack of copies for transactions."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from tests.laws.plain import Ref, canonical, changed

VIEW = {"view": "view:all()"}


class Model:
    """Objects by pk, and how they should answer."""

    def __init__(self) -> None:
        self.objects: dict[int, dict[str, Any]] = {}
        self.stack: list[dict[int, dict[str, Any]]] = []
        self.going: set[int] = set()

    # --- transactions

    def begin(self) -> None:
        self.stack.append(copy.deepcopy(self.objects))

    def commit(self) -> None:
        self.stack.pop()

    def rollback(self) -> None:
        self.objects = self.stack.pop()

    # --- objects

    def create(
        self, pk: int, cls: type, key: str, location: int | None = None, home: int | None = None
    ) -> dict[str, Any]:
        self.objects[pk] = made = {
            "class": cls,
            "key": key,
            "location": location,
            "home": home,
            "destination": None,
            "locks": dict(VIEW),
            "tags": set(),
            "attrs": {},
        }
        self.creation_hooks(pk)
        return made

    def creation_hooks(self, pk: int) -> None:
        made = self.objects[pk]
        if made["class"].__name__ == "LawChest":
            made["attrs"]["", "first"] = {"made": [f"#{pk}"]}

    def contents(self, pk: int) -> list[int]:
        return sorted(other for other, found in self.objects.items() if found["location"] == pk)

    def would_loop(self, pk: int, place: int | None) -> bool:
        while place is not None:
            if place == pk:
                return True
            place = self.objects[place]["location"]
        return False

    def delete(self, pk: int) -> bool:
        """As `DefaultObject.delete` documents it: exits go too, contents go home, references become None."""
        if self.objects[pk]["class"].__name__ == "LawAnchorite":
            return False
        self.going.add(pk)
        for other in sorted(self.objects):
            if other not in self.going and other in self.objects and self.objects[other]["destination"] == pk:
                self.delete(other)
        for found in self.objects.values():
            if found["destination"] == pk:
                found["destination"] = None  # it said no
        for other in [one for one in self.contents(pk) if self.objects[one]["destination"] is not None]:
            if other not in self.going and other in self.objects:
                self.delete(other)
        self.going.discard(pk)
        for other in self.contents(pk):
            found = self.objects[other]
            if found["home"] in (None, pk):
                found["home"] = found["location"] = None
            else:
                found["location"] = found["home"]
        del self.objects[pk]
        for found in self.objects.values():
            for name in ("location", "home", "destination"):
                if found[name] == pk:
                    found[name] = None
            for slot, value in found["attrs"].items():
                found["attrs"][slot] = changed(value, self.settled)
        return True

    def delete_all(self, pks: Iterable[int]) -> int:
        return sum(self.delete(pk) for pk in sorted(pks) if pk in self.objects)

    def settled(self, leaf: Any) -> Any:
        return None if isinstance(leaf, Ref) and leaf.ref not in self.objects else leaf

    # --- comparing

    def describe(self) -> dict[str, Any]:
        """Everything, as `live.describe_all` tells it of the live objects."""
        return {str(pk): self.describe_one(pk) for pk in sorted(self.objects)}

    def describe_one(self, pk: int) -> dict[str, Any]:
        found = self.objects[pk]
        return {
            "class": found["class"].__name__,
            "key": found["key"],
            "location": found["location"],
            "home": found["home"],
            "destination": found["destination"],
            "locks": sorted(found["locks"].values()),
            "tags": sorted("/".join(slot) for slot in found["tags"]),
            "attrs": {"/".join(slot): canonical(value) for slot, value in sorted(found["attrs"].items())},
            "contents": self.contents(pk),
        }
