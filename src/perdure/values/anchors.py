"""What a tree of tracked containers belongs to.

Contract: every tracked container has one slot, `_anchor`. It is the anchor of the attribute the container is
stored in; or None, when the container is *free* (nobody stores it, changes are nobody's business); or a
`Detached`, when it was replaced or removed inside its parent, so that a change to it could not be saved.

Invariant: all containers of one anchored tree carry the same anchor. There are no links to parents.

Failure modes: changing a detached container raises `DetachedContainer`; reading it always works.
"""

from __future__ import annotations

from typing import Any, Protocol

from perdure.errors import DetachedContainer

__all__ = ["CONTAINERS", "Anchor", "Detached"]


class Anchor(Protocol):
    """One attribute of one object, as its containers see it."""

    def check_writable(self) -> None:
        """Called before any change. Raises when the attribute must not be changed now, or not through this tree."""

    def changed(self) -> None:
        """Called once after a change has been made. What it raises reaches the caller; the anchor then restores."""

    def describe(self) -> str:
        """Where the tree lives, for error messages: `lamp(#5).db.inv`."""


class Detached:
    """The anchor of a subtree that has been replaced or removed: it refuses every change.

    Args:
        origin: the anchor the subtree had; named in the error.
    """

    __slots__ = ("_origin",)

    def __init__(self, origin: Anchor) -> None:
        self._origin = origin

    def check_writable(self) -> None:
        """Raises DetachedContainer, always."""
        raise DetachedContainer(
            f"this container was part of {self.describe()} and has since been replaced or removed there, so a change "
            "to it would be lost; read it again from its attribute, or take a free copy with .deserialize()"
        )

    def changed(self) -> None:
        """Raises DetachedContainer, always: nothing can have been changed."""
        self.check_writable()

    def describe(self) -> str:
        """Where the subtree used to live."""
        return self._origin.describe()


CONTAINERS: dict[type, Any] = {}
"""Tracked class by type: both the built-in (`list`) and the tracked class itself lead to the tracked class."""
