"""Tracked list and deque."""

from __future__ import annotations

from collections import deque
from typing import Any

from perdure.values.adoption import Adoption, admit
from perdure.values.anchors import Anchor
from perdure.values.refusal import Refusal
from perdure.values.scalars import IMMEDIATE
from perdure.values.structure import detach, release
from perdure.values.tracking import Tracked, arranged, detach_all, drafted, mutator, plainly, settle_items

__all__ = ["TrackedDeque", "TrackedList"]


def _members(source: Any, adoption: Adoption) -> list[Any]:
    items: list[Any] = []
    try:
        for item in source:
            items.append(adoption.member(item))
    except Refusal as refusal:
        refusal.steps.append(f"[{len(items)}]")
        raise
    return items


class TrackedList(Tracked, list[Any], builtin=list):
    """A list stored in an attribute: what is done to it is saved."""

    __slots__ = ("_anchor",)

    @classmethod
    def _adopted(cls, source: Any, adoption: Adoption) -> TrackedList:
        return cls._make(_members(source, adoption), adoption.anchor)

    @classmethod
    def _make(cls, items: Any, anchor: Anchor | None) -> TrackedList:
        new = cls.__new__(cls)
        new._anchor = anchor
        list.extend(new, items)
        return new

    def _settle(self, draft: Any, anchor: Anchor) -> None:
        items, gone = settle_items(self, draft, anchor)
        list.__setitem__(self, slice(None), items)
        detach_all(gone)

    @mutator
    def append(self, anchor: Anchor, value: Any, /) -> None:
        list.append(self, admit(value, anchor))

    @mutator
    def extend(self, anchor: Anchor, values: Any, /) -> None:
        list.extend(self, [admit(value, anchor) for value in values])

    @mutator
    def __iadd__(self, anchor: Anchor, values: Any, /) -> Any:
        list.extend(self, [admit(value, anchor) for value in values])
        return self

    @mutator
    def insert(self, anchor: Anchor, index: Any, value: Any, /) -> None:
        list.insert(self, index, admit(value, anchor))

    @mutator
    def pop(self, anchor: Anchor, index: Any = -1, /) -> Any:
        gone = list.pop(self, index)
        release(gone)
        return gone

    @mutator
    def remove(self, anchor: Anchor, value: Any, /) -> None:
        index = list.index(self, value)
        detach(list.pop(self, index))

    @mutator
    def clear(self, anchor: Anchor) -> None:
        gone = list(self)
        list.clear(self)
        detach_all(gone)

    @mutator
    def sort(self, anchor: Anchor, *, key: Any = None, reverse: Any = False) -> None:
        # Not in place: a key function that raises would leave the list half sorted.
        ordered = sorted(self, key=key, reverse=reverse)
        list.__setitem__(self, slice(None), ordered)

    @mutator
    def __setitem__(self, anchor: Anchor, index: Any, value: Any, /) -> None:
        if isinstance(index, slice):
            draft = list(self)
            draft[index] = value
            return self._settle(draft, anchor)
        old = list.__getitem__(self, index)
        if old is not value:  # `rows[0] += [1]` puts the row back where it was
            list.__setitem__(self, index, admit(value, anchor))
            detach(old)

    @mutator
    def __delitem__(self, anchor: Anchor, index: Any, /) -> None:
        gone = list.__getitem__(self, index)
        list.__delitem__(self, index)
        detach_all(gone if isinstance(index, slice) else [gone])

    reverse = arranged("reverse")
    __imul__ = drafted("__imul__")


class TrackedDeque(Tracked, deque[Any], builtin=deque):
    """A deque stored in an attribute, `maxlen` included: what is done to it is saved."""

    __slots__ = ("_anchor",)

    @classmethod
    def _adopted(cls, source: Any, adoption: Adoption) -> TrackedDeque:
        return cls._make(_members(source, adoption), source.maxlen, adoption.anchor)

    @classmethod
    def _make(cls, items: Any, maxlen: int | None, anchor: Anchor | None) -> TrackedDeque:
        new = cls.__new__(cls)
        new._anchor = anchor
        deque.__init__(new, items, maxlen)
        return new

    def _shallow(self) -> deque[Any]:
        return deque(self, self.maxlen)

    def _settle(self, draft: Any, anchor: Anchor) -> None:
        items, gone = settle_items(self, draft, anchor)
        deque.clear(self)
        deque.extend(self, items)
        detach_all(gone)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return deque, (list(self), self.maxlen)

    def _push(self, anchor: Anchor, value: Any, *, left: bool) -> None:
        adopted = admit(value, anchor)
        pushed_out = None
        if len(self) == self.maxlen:
            pushed_out = (self[-1] if left else self[0]) if self.maxlen else adopted
        (deque.appendleft if left else deque.append)(self, adopted)
        if type(pushed_out) not in IMMEDIATE:
            detach(pushed_out)

    @mutator
    def append(self, anchor: Anchor, value: Any, /) -> None:
        self._push(anchor, value, left=False)

    @mutator
    def appendleft(self, anchor: Anchor, value: Any, /) -> None:
        self._push(anchor, value, left=True)

    @mutator
    def pop(self, anchor: Anchor) -> Any:
        gone = deque.pop(self)
        release(gone)
        return gone

    @mutator
    def popleft(self, anchor: Anchor) -> Any:
        gone = deque.popleft(self)
        release(gone)
        return gone

    @mutator
    def clear(self, anchor: Anchor) -> None:
        gone = list(self)
        deque.clear(self)
        detach_all(gone)

    @mutator
    def __setitem__(self, anchor: Anchor, index: Any, value: Any, /) -> None:
        old = deque.__getitem__(self, index)
        if old is not value:
            deque.__setitem__(self, index, admit(value, anchor))
            detach(old)

    extend = drafted("extend")
    extendleft = drafted("extendleft")
    insert = drafted("insert")
    remove = drafted("remove")
    __delitem__ = drafted("__delitem__")
    __iadd__ = drafted("__iadd__")
    __imul__ = drafted("__imul__")
    reverse = arranged("reverse")
    rotate = arranged("rotate")
    __add__ = plainly("__add__")
    __mul__ = plainly("__mul__")
    __rmul__ = plainly("__rmul__")
