"""Tracked dict, OrderedDict, defaultdict and Counter.

The four share their mutators; they differ in how one item is written (`_store`), deleted (`_erase`) and all are
(`_empty`) behind the tracking: an OrderedDict keeps a list of its keys that dict's own methods would pass by.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any, ClassVar

from perdure.values import registry
from perdure.values.adoption import Adoption, admit, admit_key
from perdure.values.anchors import Anchor
from perdure.values.refusal import Refusal, short
from perdure.values.scalars import IMMEDIATE
from perdure.values.structure import detach, release
from perdure.values.tracking import MISSING, Tracked, Unchanged, arranged, detach_all, drafted, mutator, plainly

__all__ = ["TrackedCounter", "TrackedDefaultDict", "TrackedDict", "TrackedMapping", "TrackedOrderedDict"]


class TrackedMapping(Tracked, dict[Any, Any]):
    """What the tracked mappings share."""

    __slots__ = ()
    _store: ClassVar[Any] = dict.__setitem__
    _erase: ClassVar[Any] = dict.__delitem__
    _empty: ClassVar[Any] = dict.clear

    @classmethod
    def _adopted(cls, source: Any, adoption: Adoption) -> Any:
        pairs: list[tuple[Any, Any]] = []
        key: Any = None
        inside = False
        try:
            for key, item in source.items():
                inside = False
                adopted_key = adoption.key(key)
                inside = True
                pairs.append((adopted_key, adoption.member(item)))
        except Refusal as refusal:
            refusal.steps.append(f"[{short(key)}]" if inside else " key")
            raise
        return cls._make(pairs, adoption.anchor)

    @classmethod
    def _make(cls, pairs: Iterable[tuple[Any, Any]], anchor: Anchor | None) -> Any:
        new = cls.__new__(cls)
        new._anchor = anchor
        store = cls._store
        for key, item in pairs:
            store(new, key, item)
        return new

    @classmethod
    def fromkeys(cls, keys: Any, value: Any = None, /) -> Any:
        """As `fromkeys` of the built-in; gives a plain one."""
        return cls._builtin.fromkeys(keys, value)

    def _replace(self, key: Any, value: Any, anchor: Anchor) -> Any:
        """Write one item; gives the live value. The same value put back where it was stays itself."""
        old = dict.get(self, key, MISSING)
        if old is value:
            return value
        adopted = admit(value, anchor)
        self._store(key if old is not MISSING else admit_key(key, anchor), adopted)
        if old is not MISSING and type(old) not in IMMEDIATE:
            detach(old)
        return adopted

    def _merge(self, items: dict[Any, Any], anchor: Anchor) -> None:
        """Write many items, all or none."""
        fresh = []
        for key, value in items.items():
            old = dict.get(self, key, MISSING)
            if old is not value:
                key = key if old is not MISSING else admit_key(key, anchor)
                fresh.append((key, admit(value, anchor), old))
        for key, value, _ in fresh:
            self._store(key, value)
        detach_all(old for _, _, old in fresh if old is not MISSING)

    @mutator
    def __setitem__(self, anchor: Anchor, key: Any, value: Any, /) -> None:
        self._replace(key, value, anchor)

    @mutator
    def __delitem__(self, anchor: Anchor, key: Any, /) -> None:
        gone = dict.get(self, key, MISSING)
        self._erase(key)  # raises KeyError for a missing one
        if gone is not MISSING:
            detach(gone)

    @mutator
    def setdefault(self, anchor: Anchor, key: Any, default: Any = None, /) -> Any:
        found = dict.get(self, key, MISSING)
        return Unchanged(found) if found is not MISSING else self._replace(key, default, anchor)

    @mutator
    def pop(self, anchor: Anchor, key: Any, default: Any = MISSING) -> Any:
        gone = dict.get(self, key, MISSING)
        if gone is MISSING:
            if default is MISSING:
                raise KeyError(key)
            return Unchanged(default)
        self._erase(key)
        release(gone)
        return gone

    def _take(self, key: Any) -> tuple[Any, Any]:
        gone = dict.__getitem__(self, key)
        self._erase(key)
        release(gone)
        return key, gone

    @mutator
    def popitem(self, anchor: Anchor) -> tuple[Any, Any]:
        if not self:
            raise KeyError("popitem(): dictionary is empty")
        return self._take(next(reversed(self)))

    @mutator
    def clear(self, anchor: Anchor) -> None:
        gone = list(self.values())
        self._empty()
        detach_all(gone)

    @mutator
    def update(self, anchor: Anchor, *args: Any, **kwargs: Any) -> None:
        self._merge(dict(*args, **kwargs), anchor)

    @mutator
    def __ior__(self, anchor: Anchor, other: Any, /) -> Any:
        self._merge(dict(other), anchor)
        return self


class TrackedDict(TrackedMapping, builtin=dict):
    """A dict stored in an attribute: what is done to it is saved."""

    __slots__ = ("_anchor",)


class TrackedOrderedDict(TrackedMapping, OrderedDict[Any, Any], builtin=OrderedDict):
    """An OrderedDict stored in an attribute: what is done to it is saved."""

    __slots__ = ("_anchor",)
    _store = OrderedDict.__setitem__
    _erase = OrderedDict.__delitem__
    _empty = OrderedDict.clear

    def __reduce_ex__(self, protocol: Any) -> Any:
        return OrderedDict, (list(self.items()),)

    @mutator
    def popitem(self, anchor: Anchor, last: bool = True) -> tuple[Any, Any]:
        if not self:
            raise KeyError("dictionary is empty")
        return self._take(next(reversed(self) if last else iter(self)))

    move_to_end = arranged("move_to_end")
    __or__ = plainly("__or__")
    __ror__ = plainly("__ror__")


_FACTORY: Any = vars(defaultdict)["default_factory"]


class TrackedDefaultDict(TrackedMapping, defaultdict[Any, Any], builtin=defaultdict):
    """A defaultdict stored in an attribute. Its factory is stored by name: see `register_factory`."""

    __slots__ = ("_anchor",)

    @classmethod
    def _adopted(cls, source: Any, adoption: Adoption) -> Any:
        _check_factory(source.default_factory)
        new = super()._adopted(source, adoption)
        _FACTORY.__set__(new, source.default_factory)
        return new

    @classmethod
    def _make_with(cls, factory: Any, pairs: Iterable[tuple[Any, Any]], anchor: Anchor | None) -> Any:
        new = cls._make(pairs, anchor)
        _FACTORY.__set__(new, factory)
        return new

    def _shallow(self) -> defaultdict[Any, Any]:
        return defaultdict(self.default_factory, self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return defaultdict, (self.default_factory, dict(self))

    @property
    def default_factory(self) -> Any:
        """What makes the value of a missing key; None for nothing. Assigning it is a change like any other."""
        return _FACTORY.__get__(self)

    @default_factory.setter
    def default_factory(self, factory: Any) -> None:
        if self._anchor is not None:
            self._anchor.check_writable()
            try:
                _check_factory(factory)
            except Refusal as refusal:
                raise refusal.at("value", f", given to {self._anchor.describe()},") from None
        _FACTORY.__set__(self, factory)
        if self._anchor is not None:
            self._anchor.changed()

    @mutator
    def __missing__(self, anchor: Anchor, key: Any, /) -> Any:
        factory = self.default_factory
        if factory is None:
            raise KeyError(key)
        return self._replace(key, factory(), anchor)

    __or__ = plainly("__or__")
    __ror__ = plainly("__ror__")


def _check_factory(factory: Any) -> None:
    if factory is None or registry.factory_name(factory) is not None:
        return
    refusal = Refusal(factory, "this factory has no name to store it by; give it one with register_factory(name, it)")
    refusal.steps.append(".default_factory")
    raise refusal


class TrackedCounter(TrackedMapping, Counter[Any], builtin=Counter):
    """A Counter stored in an attribute: what is done to it is saved."""

    __slots__ = ("_anchor",)
    _erase = Counter.__delitem__

    def _settle(self, draft: Any, anchor: Anchor) -> None:
        gone = [key for key in self if key not in draft]
        self._merge(dict(draft), anchor)
        for key in gone:
            detach(dict.get(self, key))
            dict.__delitem__(self, key)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Counter, (dict(self),)

    update = drafted("update")
    subtract = drafted("subtract")
    _keep_positive = drafted("_keep_positive")
    __iadd__ = drafted("__iadd__")
    __isub__ = drafted("__isub__")
    __ior__ = drafted("__ior__")
    __iand__ = drafted("__iand__")
