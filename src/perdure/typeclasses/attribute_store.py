"""The attributes of one object in memory.

Contract: uncategorised attributes live in the `__dict__` of the `db` holder, so that reading one costs two plain
attribute look-ups; all others in `rest`. The first miss loads all rows of the object in one query. Text of values that
need building (containers, references, dates) is kept raw until they are first read. There is one live tree of
containers per attribute; writing, undoing or deleting the attribute detaches it.

Invariants
    - A slot `(attrtype, category, key)` is in memory (`values`/`rest`), raw, or, when `loaded`, does not exist.
    - A gathered write names a slot, not a value: what is sent is what memory holds when it is sent.
    - A refused write leaves memory as it was.

Owner: the thread that owns the object. Failure modes: `UnstorableValue` at the assignment; `UnreadableValue` when a
stored value cannot be read (the row keeps it, and it must be removed before it can be written anew).
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from functools import lru_cache
from sys import intern
from threading import get_ident
from typing import Any

from django.db import IntegrityError

from perdure.errors import DetachedContainer, UnreadableValue
from perdure.idmapper.ownership import check_owner
from perdure.idmapper.states import describe, require
from perdure.transactions import UnitOfWork, unit_of_work
from perdure.transactions.frames import Mark
from perdure.typeclasses.attribute_loading import load_attributes
from perdure.typeclasses.attribute_rows import attribute_writer
from perdure.typeclasses.handlers import Owned, weak_reference
from perdure.typeclasses.missing_value import MISSING
from perdure.values import DamagedText, adopt, anchor_in, decode, encode, parse, references_in

__all__ = ["AttributeAnchor", "AttributeStore", "Slot", "shared_slot"]

Slot = tuple[str, str, str]  # (attrtype, category, key); empty for "none"


# How the text of a value begins that needs building; all others are plain JSON scalars.
_NEEDS_BUILDING = frozenset("[{")
_PLAIN = frozenset({type(None), bool, int, float, str})
_UNCHECKED = frozenset({int, bool, float, type(None)})  # no value of these can be refused


@lru_cache(maxsize=4096)
def shared_slot(attrtype: str, category: str, key: str) -> Slot:
    """The slot, one tuple for all objects that have an attribute there."""
    return (intern(attrtype), intern(category), intern(key))


class AttributeAnchor:
    """What the containers of one attribute's live tree belong to."""

    __slots__ = ("detached", "slot", "store")

    def __init__(self, store: AttributeStore, slot: Slot) -> None:
        self.store = store
        self.slot = slot
        self.detached = ""

    def check_writable(self) -> None:
        """Raise unless the tree is the attribute's current one and may be written."""
        if self.detached:
            raise DetachedContainer(
                f"this container was read from {self.describe()} before that was {self.detached}; read it again"
            )
        self.store.check_writable()

    def changed(self) -> None:
        """The tree has been changed in place: write the attribute."""
        self.store.write(self.slot)

    def describe(self) -> str:
        """`lamp(#5).db.inv`"""
        return self.store.describe(self.slot)


class DefaultAnchor(AttributeAnchor):
    """What a default belongs to that is read without being stored: its first change in place stores it."""

    __slots__ = ("origin", "value")

    def __init__(self, store: AttributeStore, slot: Slot, origin: object) -> None:
        super().__init__(store, slot)
        self.origin = origin
        self.value: Any = MISSING

    def changed(self) -> None:
        """The default has been changed in place: it is the value of the attribute from now on."""
        self.store.keep_default(self)
        super().changed()


def _detach_tree(value: Any, why: str) -> None:
    """The containers in a value (one tree, of one anchor) are no longer its attribute's."""
    anchor = None if value is MISSING or type(value) in _PLAIN else anchor_in(value)
    if isinstance(anchor, AttributeAnchor):
        anchor.detached = why


class _Nothing(dict[Any, Any]):
    """What a store holds where it holds nothing, so that it need not have an empty dict (of 64 bytes) for each."""

    __slots__ = ()
    _shared_by_many = True

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(f"{key!r}: {value!r} was put into what all stores share; see AttributeStore.own")

    setdefault = __setitem__  # type: ignore[assignment]


NOTHING: Any = _Nothing()


class AttributeStore(Owned):
    """The attributes of one object, as far as memory holds them."""

    __slots__ = (
        "__weakref__",
        "defaults",
        "gathered_in",
        "loaded",
        "locks",
        "raw",
        "rest",
        "strings",
        "values",
        "waiting",
    )

    def __init__(self, owner: Any, values: dict[str, Any]) -> None:
        self._ref = weak_reference(owner)
        self.values = values
        self.rest: dict[Slot, Any] = NOTHING
        self.raw: dict[Slot, str] = NOTHING
        self.locks: dict[Slot, str] = NOTHING
        self.strings: dict[Slot, str] = NOTHING
        self.defaults: dict[Slot, DefaultAnchor] = NOTHING
        self.loaded = False
        self.waiting: dict[Slot, bool] | None = None
        self.gathered_in: Mark | None = None

    def own(self, name: str) -> dict[Slot, Any]:
        """The dict called `name`, to write to."""
        held: dict[Slot, Any] = getattr(self, name)
        if held is NOTHING:
            held = {}
            setattr(self, name, held)
        return held

    def describe(self, slot: Slot) -> str:
        """Where a slot is, as Python would write it."""
        owner = self.owner()
        attrtype, category, key = slot
        where = f"{owner.__dict__.get('db_key') or type(owner).__name__}(#{owner.pk})"
        if attrtype:
            return f"{where}.{attrtype}s[{key!r}]"
        return f"{where}.attributes[{key!r}, {category!r}]" if category else f"{where}.db.{key}"

    def check_writable(self) -> None:
        """Raise unless the owner's attributes may be written here and now."""
        self._begin()

    def _begin(self) -> UnitOfWork:
        """What comes before each change: may it be made, and will a rollback undo it? The unit that it belongs to."""
        mark = self.gathered_in
        if mark is not None and mark.unit.frames[-1].mark is mark and mark.unit.thread == get_ident():
            return mark.unit  # asked before in this block
        owner = self.owner()
        require(owner, "write stored data of")
        unit = unit_of_work(owner._state.db)
        check_owner(owner, unit)
        unit.touch(owner, "attributes")
        return unit

    # --- reading

    def get_value(self, slot: Slot, default: Any) -> Any:
        """The live value in `slot`, or `default`."""
        value = self.find(slot)
        return default if value is MISSING else value

    def find(self, slot: Slot) -> Any:
        """The live value in `slot`, or `MISSING`; loads what is needed."""
        value = self.held(slot)
        if value is not MISSING:
            return value
        if slot in self.raw:
            return self._build(slot)
        if self.loaded:
            return MISSING
        self.load()
        value = self.held(slot)
        if value is MISSING and slot in self.raw:
            return self._build(slot)
        return value

    def held(self, slot: Slot) -> Any:
        """What memory holds in `slot`, built and ready, or `MISSING`."""
        if slot[0] or slot[1]:
            return self.rest.get(slot, MISSING)
        return self.values.get(slot[2], MISSING)

    def exists(self, slot: Slot) -> bool:
        """Whether there is such an attribute."""
        if self.held(slot) is not MISSING or slot in self.raw:
            return True
        if not self.loaded:
            self.load()
            return self.held(slot) is not MISSING or slot in self.raw
        return False

    def slots(self, attrtype: str, category: str | None = None) -> list[Slot]:
        """All slots of this type, or only those of a category (empty for uncategorised)."""
        self.load()
        return list(self._slots(attrtype, category))

    def _slots(self, attrtype: str, category: str | None) -> Iterator[Slot]:
        if not attrtype and not category:
            yield from (("", "", key) for key in list(self.values))
        for slot in (*self.rest, *self.raw):
            if slot[0] == attrtype and (category is None or slot[1] == category):
                yield slot

    def load(self) -> None:
        """Read all rows of the owner (and of others that were loaded with it and are still cold)."""
        if self.loaded:
            return
        owner = self.owner()
        require(owner, "read stored data of")
        load_attributes(owner)

    def take_rows(self, rows: Iterable[tuple[Any, str, str, str | None]]) -> None:
        """Take rows that were read; what memory holds is newer, and stays.

        Args:
            rows: owner, key, text of the value, and (in JSON) attrtype, category, locks and string if any is not blank.
        """
        values, raw = self.values, self.raw
        is_used = bool(values or self.rest or raw or self.locks or self.strings or self.defaults)
        for _, key, text, special in rows:
            attrtype = category = ""
            if special is not None or is_used:
                attrtype, category, locks, string = ("", "", "", None) if special is None else parse(special)
                if not self._gives_way(shared_slot(attrtype, category, key), locks, string):
                    continue
            value = MISSING
            if text[:1] not in _NEEDS_BUILDING:
                try:
                    value = parse(text)
                except DamagedText:
                    value = MISSING
            if type(value) not in _PLAIN:
                if raw is NOTHING:
                    raw = self.own("raw")
                raw[shared_slot(attrtype, category, key)] = text
            elif attrtype or category:
                self.own("rest")[shared_slot(attrtype, category, key)] = value
            else:
                values[intern(key)] = value

    def share_names(self) -> None:
        """Have the names of values that are still text be among those that the holders of this class share."""
        for attrtype, category, key in self.raw:
            if not (attrtype or category):
                self.values[key] = None
                del self.values[key]

    def _gives_way(self, slot: Slot, locks: str, string: str | None) -> bool:
        """Whether the row of `slot` is to be taken; if so, what is beside its value is taken now."""
        if locks:
            self.own("locks").setdefault(slot, locks)
        if self.held(slot) is not MISSING or slot in self.raw:
            return False
        if slot in self.defaults:
            self._detach(slot, "stored elsewhere")
        if string is not None:
            self.own("strings")[slot] = string
        return True

    def _build(self, slot: Slot) -> Any:
        anchor = AttributeAnchor(self, slot)
        text = self.raw[slot]
        try:
            value = decode(text, anchor)
        except UnreadableValue as error:
            raise UnreadableValue(f"{self.describe(slot)}: {error}") from error
        del self.raw[slot]
        if not self.raw:
            self.raw = NOTHING
        self._hold(slot, value, anchor, may_refer='"~ref"' in text)
        return value

    def _hold(self, slot: Slot, value: Any, anchor: AttributeAnchor | None, may_refer: bool = True) -> None:
        if slot[0] or slot[1]:
            self.own("rest")[slot] = value
        else:
            self.values[slot[2]] = value
        if may_refer and anchor is not None and type(value) not in _PLAIN:
            self._tell_entities(slot, value)

    def _tell_entities(self, slot: Slot, value: Any) -> None:
        """Have the entities in `value` know that they are, so that the slot is read again when one is deleted."""
        for entity in references_in(value):
            entity.__dict__.setdefault("_referring", {})[(id(self), slot)] = weakref.ref(self)

    # --- writing

    def set_value(self, slot: Slot, value: Any, lockstring: str | None = None, string: str | None = None) -> None:
        """Store `value` in `slot`; with `string`, a plain string kept beside it (`strattr`).

        Raises `UnstorableValue`, naming the path inside the value and the type, before anything changes.
        """
        unit = self._begin()
        kind = type(value)
        anchor = None
        if kind not in _UNCHECKED and not (kind is str and value.isascii()):
            anchor = AttributeAnchor(self, slot)
            value = adopt(value, anchor, self.describe(slot))
        is_named = not (slot[0] or slot[1])
        known = self.values.get(slot[2], MISSING) if is_named else self.rest.get(slot, MISSING)
        if known is MISSING and slot in self.raw:
            self._build(slot)  # refuses to overwrite what cannot be read
            known = self.held(slot)
        is_like = type(known) is kind
        if is_like and known == value and kind in _PLAIN and lockstring is None and self._keeps(slot, string):
            return
        if self.defaults or (known is not MISSING and type(known) not in _PLAIN):
            self._detach(slot, "overwritten")
        if self.strings or string is not None:
            self._keep_string(slot, string)
        if lockstring is not None:
            self.own("locks")[slot] = lockstring
        if anchor is None and is_named:
            self.values[slot[2]] = value
        else:
            self._hold(slot, value, anchor)
        self._write(unit, slot, is_like)

    def set_many(self, values: Iterable[tuple[Slot, Any]]) -> None:
        """`set_value` for each; made for a new object, which has next to no attributes yet."""
        unit = self._begin()
        held = self.values
        is_gathered = unit.in_transaction and not (self.raw or self.defaults)
        added: list[Slot] = []
        try:
            for slot, value in values:
                kind = type(value)
                plain = kind in _UNCHECKED or (kind is str and value.isascii())
                if is_gathered and plain and not slot[0] and not slot[1] and slot[2] not in held:
                    held[slot[2]] = value
                    added.append(slot)
                else:
                    self._gather_new(unit, added)  # rows are written in the order in which values were given
                    self.set_value(slot, value)
        finally:
            self._gather_new(unit, added)

    def _gather_new(self, unit: UnitOfWork, added: list[Slot]) -> None:
        """Gather the slots in `added`, which have no rows yet, and empty the list."""
        if added:
            attribute_writer(self.owner().__dbclass__).gather_new(unit, self, added)
            self.gathered_in = unit.frames[-1].mark
            added.clear()

    def _keeps(self, slot: Slot, string: str | None) -> bool:
        return string == self.strings.get(slot)

    def _keep_string(self, slot: Slot, string: str | None) -> None:
        if string is None:
            self.strings.pop(slot, None)
        else:
            self.own("strings")[slot] = string

    def remove(self, slots: list[Slot]) -> None:
        """Delete the attributes in `slots`."""
        unit = self._begin()
        for slot in slots:
            self._detach(slot, "deleted")
            self._drop(slot)
        for slot in slots:
            self._write(unit, slot, is_like=False)

    def write(self, slot: Slot) -> None:
        """Write the row of `slot`, whose value has been changed in place after `check_writable` had allowed it."""
        owner = self.owner()
        unit = unit_of_work(owner._state.db)
        unit.touch(owner, "attributes")
        self._write(unit, slot, is_like=True)

    def _write(self, unit: UnitOfWork, slot: Slot, is_like: bool) -> None:
        """Bring the row of `slot` in line with memory: gathered in a transaction, at once outside of one.

        `is_like` says that memory knew a value of the same type, so that there probably is a row.
        """
        if unit.in_transaction:
            attribute_writer(self.owner().__dbclass__).gather(unit, self, slot, is_like)
            self.gathered_in = unit.frames[-1].mark
        else:
            self._write_now(unit, slot, is_like)

    def _write_now(self, unit: UnitOfWork, slot: Slot, is_like: bool) -> None:
        owner = self.owner()
        try:
            attribute_writer(owner.__dbclass__).write_one(unit, self, slot, is_like)
        except IntegrityError:
            self.forget(slot, "refused by the database")
            if not owner.__dbclass__._base_manager.using(owner._state.db).filter(pk=owner.pk).exists():
                owner._vanished()
            raise
        except BaseException:
            self.forget(slot, "refused by the database")
            raise

    def encoded(self, slot: Slot) -> Any:
        """The value in `slot` in storable form, or None if the attribute is gone."""
        value = self.held(slot)
        if value is MISSING:
            return None
        encoded = encode(value)
        if encoded.references:
            self._tell_entities(slot, value)  # some may have come by a change in place
        return encoded

    # --- defaults that are not stored

    def default(self, slot: Slot, origin: object) -> Any:
        """The default held for `slot` that was made from `origin`, or `MISSING`."""
        held = self.defaults.get(slot)
        return held.value if held is not None and held.origin is origin else MISSING

    def hold_default(self, slot: Slot, origin: object, value: Any) -> Any:
        """Hold `value` as what reading `slot` gives while it is not stored; its first change in place stores it.

        Nothing is written, and the attribute does not exist until then. Raises `UnstorableValue`.
        """
        anchor = DefaultAnchor(self, slot, origin)
        anchor.value = adopt(value, anchor, self.describe(slot))
        self._detach(slot, "replaced by another default")
        self.own("defaults")[slot] = anchor
        return anchor.value

    def keep_default(self, anchor: DefaultAnchor) -> None:
        """Make a held default the value of its slot."""
        if self.defaults.get(anchor.slot) is anchor:
            del self.defaults[anchor.slot]
            self._hold(anchor.slot, anchor.value, anchor)

    # --- forgetting

    def _detach(self, slot: Slot, why: str) -> None:
        """The containers of the value and of the default in `slot` are no longer the attribute's."""
        default = self.defaults.pop(slot, None)
        if default is not None:
            default.detached = why
        _detach_tree(self.held(slot), why)

    def _drop(self, slot: Slot) -> None:
        if slot[0] or slot[1]:
            self.rest.pop(slot, None)
        else:
            self.values.pop(slot[2], None)
        self.raw.pop(slot, None)
        self.locks.pop(slot, None)
        self.strings.pop(slot, None)

    def forget(self, slot: Slot, why: str) -> None:
        """Drop one slot from memory; the next read takes it from the database."""
        self._detach(slot, why)
        self._drop(slot)
        self.loaded = False

    def expire(self, why: str) -> None:
        """Drop everything from memory; the next read takes it from the database."""
        for default in self.defaults.values():
            default.detached = why
        for value in (*self.values.values(), *self.rest.values()):
            _detach_tree(value, why)
        self.values.clear()
        self.defaults = self.rest = self.raw = self.locks = self.strings = NOTHING
        self.loaded = False
        self.waiting = None
        self.gathered_in = None

    def __repr__(self) -> str:
        return f"<attributes of {describe(self.owner())}>"
