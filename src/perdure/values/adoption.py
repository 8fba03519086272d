"""Taking a value in: everything it holds is checked, and its containers become tracked ones.

Contract: what comes out is a deep copy as far as containers go, all of one anchor; the caller's containers are never
touched or kept, and one that stands in two places becomes two. Values without parts, entities and registered
instances are kept as they are. Types are matched exactly: what would come back as something else is refused.

Failure modes: `UnstorableValue` with the path to the offender; `UnsavedObject` or `DeletedObject` for an entity without
a row. Nothing has been changed when it raises.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from perdure.values import registry
from perdure.values.anchors import CONTAINERS, Anchor
from perdure.values.references import hooks
from perdure.values.refusal import Refusal, explain, short
from perdure.values.scalars import ATOMS, check_text, check_zone
from perdure.values.structure import holds_containers

__all__ = ["MAX_DEPTH", "Adoption", "admit", "admit_key", "adopt"]

MAX_DEPTH = 100
"""How deep containers may stand inside each other."""


def adopt(value: Any, anchor: Anchor | None, path: str) -> Any:
    """The live form of a value: checked, copied, tracked by `anchor` (or free, if that is None).

    Args:
        value: anything.
        anchor: what the containers of the result will belong to.
        path: what to call the value in errors, such as `lamp(#5).db.inv`.

    Raises:
        UnstorableValue: something in it cannot be stored.
        UnsavedObject, DeletedObject: an entity in it has no row.
    """
    if type(value) in ATOMS:
        return value
    try:
        return Adoption(anchor).member(value)
    except Refusal as refusal:
        raise refusal.at(path) from None


def admit(value: Any, anchor: Anchor) -> Any:
    """The live form of a value that is put into a container of this anchor. Raises as `adopt` does."""
    kind = type(value)
    if kind in ATOMS or (kind is str and value.isascii()):
        return value
    try:
        return Adoption(anchor).member(value)
    except Refusal as refusal:
        raise refusal.at("value", f", given to {anchor.describe()},") from None


def admit_key(value: Any, anchor: Anchor) -> Any:
    """The same for a key or a member of a set, which must not hold containers."""
    kind = type(value)
    if kind in ATOMS or (kind is str and value.isascii()):
        return value
    try:
        return Adoption(anchor).key(value)
    except Refusal as refusal:
        raise refusal.at("key", f", given to {anchor.describe()},") from None


class Adoption:
    """One walk over one value. `member` and `key` give the live form of a part, or raise Refusal."""

    __slots__ = ("_inside", "anchor")

    def __init__(self, anchor: Anchor | None) -> None:
        self.anchor = anchor
        self._inside: set[int] = set()

    def member(self, value: Any) -> Any:
        """The live form of an item of a container."""
        kind = type(value)
        if kind in ATOMS:
            return value
        if kind is str:
            return check_text(value)
        if kind is datetime or kind is time:
            return check_zone(value)
        if kind in CONTAINERS:
            self._enter(value)
            adopted = CONTAINERS[kind]._adopted(value, self)
            self._inside.discard(id(value))
            return adopted
        if kind is tuple:
            return self._tuple(value)
        if kind is frozenset:
            return self._frozenset(value)
        # Asked before anything is tried on the value: an entity may well be iterable.
        if hooks.is_entity(value):
            hooks.to_reference(value)
            return value
        return self._registered(value)

    def key(self, value: Any) -> Any:
        """The live form of a key or of a member of a set."""
        kind = type(value)
        if kind in ATOMS:
            return value
        adopted = self.member(value)
        if kind is not str and holds_containers(adopted):
            raise Refusal(value, "a key or a member of a set must not be, or hold, a container that can be changed")
        return adopted

    def _enter(self, value: Any) -> None:
        """Note that the walk is inside this container. It is left by forgetting its id; a failed walk is dropped."""
        if id(value) in self._inside:
            raise Refusal(value, "it contains itself, and a circle cannot be stored")
        if len(self._inside) >= MAX_DEPTH:
            raise Refusal(value, f"containers may stand at most {MAX_DEPTH} deep inside each other")
        self._inside.add(id(value))

    def _tuple(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        self._enter(value)
        items: list[Any] = []
        try:
            for item in value:
                items.append(self.member(item))
        except Refusal as refusal:
            refusal.steps.append(f"[{len(items)}]")
            raise
        self._inside.discard(id(value))
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else tuple(items)

    def _frozenset(self, value: frozenset[Any]) -> frozenset[Any]:
        self._enter(value)
        items = self.set_members(value)
        self._inside.discard(id(value))
        return frozenset(items)

    def set_members(self, source: Any) -> list[Any]:
        """The live forms of the members of a set."""
        items = []
        item: Any = None
        try:
            for item in source:
                items.append(self.key(item))
        except Refusal as refusal:
            refusal.steps.append(f"{{{short(item)}}}" if item is refusal.found else "{...}")
            raise
        return items

    def _registered(self, value: Any) -> Any:
        registered = registry.find(type(value))
        if registered is None:
            raise Refusal(value, explain(value))
        if registered.opaque:
            self._enter(value)
            Adoption(None)._within(self).member(registered.dismantle(value))
            self._inside.discard(id(value))
            return value
        return self._record(registered, value) if registered.is_record else value

    def _within(self, outer: Adoption) -> Adoption:
        """Go on in the place where another walk stands, so that circles through it are seen."""
        self._inside = outer._inside
        return self

    def _record(self, registered: registry.RegisteredType, value: Any) -> Any:
        self._enter(value)
        fields = registered.dismantle(value)
        adopted: dict[str, Any] = {}
        name = ""
        try:
            for name, item in fields.items():
                adopted[name] = self.member(item)
        except Refusal as refusal:
            refusal.steps.append(f".{name}")
            raise
        self._inside.discard(id(value))
        same = all(adopted[name] is item for name, item in fields.items())
        return value if same else registered.assemble(adopted)
