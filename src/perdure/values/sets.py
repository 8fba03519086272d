"""Tracked set. Its members can be hashed and hold no containers, so nothing in it is ever detached."""

from __future__ import annotations

from typing import Any

from perdure.values.adoption import Adoption, admit_key
from perdure.values.anchors import Anchor
from perdure.values.tracking import Tracked, Unchanged, drafted, mutator, plainly

__all__ = ["TrackedSet"]


class TrackedSet(Tracked, set[Any], builtin=set):
    """A set stored in an attribute: what is done to it is saved."""

    __slots__ = ("_anchor",)

    @classmethod
    def _adopted(cls, source: Any, adoption: Adoption) -> TrackedSet:
        return cls._make(adoption.set_members(source), adoption.anchor)

    @classmethod
    def _make(cls, items: Any, anchor: Anchor | None) -> TrackedSet:
        new = cls.__new__(cls)
        new._anchor = anchor
        set.update(new, items)
        return new

    def _settle(self, draft: Any, anchor: Anchor) -> None:
        new = [admit_key(member, anchor) for member in draft if member not in self]
        set.intersection_update(self, [member for member in self if member in draft])
        set.update(self, new)

    @mutator
    def add(self, anchor: Anchor, value: Any, /) -> Any:
        adopted = admit_key(value, anchor)
        if adopted in self:
            return Unchanged(None)
        set.add(self, adopted)
        return None

    @mutator
    def update(self, anchor: Anchor, *others: Any) -> None:
        set.update(self, *[[admit_key(value, anchor) for value in other] for other in others])

    @mutator
    def discard(self, anchor: Anchor, value: Any, /) -> Any:
        if value not in self:
            return Unchanged(None)
        set.discard(self, value)
        return None

    @mutator
    def remove(self, anchor: Anchor, value: Any, /) -> None:
        set.remove(self, value)

    @mutator
    def pop(self, anchor: Anchor) -> Any:
        return set.pop(self)

    @mutator
    def clear(self, anchor: Anchor) -> None:
        set.clear(self)

    difference_update = drafted("difference_update")
    intersection_update = drafted("intersection_update")
    symmetric_difference_update = drafted("symmetric_difference_update")
    __ior__ = drafted("__ior__")
    __iand__ = drafted("__iand__")
    __isub__ = drafted("__isub__")
    __ixor__ = drafted("__ixor__")

    difference = plainly("difference")
    intersection = plainly("intersection")
    symmetric_difference = plainly("symmetric_difference")
    union = plainly("union")
    __and__ = plainly("__and__")
    __or__ = plainly("__or__")
    __sub__ = plainly("__sub__")
    __xor__ = plainly("__xor__")
    __rand__ = plainly("__rand__")
    __ror__ = plainly("__ror__")
    __rsub__ = plainly("__rsub__")
    __rxor__ = plainly("__rxor__")
