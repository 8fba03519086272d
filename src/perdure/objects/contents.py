"""What is inside what: one ordered index per container.

Contract: `contents_of(container)` is a fresh list of the live objects whose row says that they are there, in order of
arrival (of id, where the index has just been built). The index is built by one query, when it is first asked for, and
then follows every write of a location.

Invariants
    - An index holds what the database holds in the container, as this connection sees it.
    - Members are held strongly; when the cache lets a member go, the index that holds it goes too.
    - An index that was built or changed inside a transaction is dropped when that is undone.

Owner: the thread that owns the objects. Failure modes: a bulk write that does not say which objects moved drops all
indexes at once (`forget_all`), so they can be missing but never wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perdure.idmapper.identity import identity_map
from perdure.idmapper.residency import residents
from perdure.idmapper.states import require
from perdure.transactions import unit_of_work
from perdure.typeclasses.handlers import OwnerRef

__all__ = ["ContentsHandler", "ContentsIndex", "arrived", "contents_of", "departed", "forget", "forget_all", "moved"]

SLOT = "_contents"  # where a container keeps its index
ASPECT = "contents"  # what a transaction undoes of a container


class ContentsIndex:
    """The members of one container, in order."""

    __slots__ = ("epoch", "listed", "members")

    #: Indexes of an earlier epoch are out of date.
    now = 0

    def __init__(self, members: Iterable[Any]) -> None:
        self.members: dict[Any, Any] = {member.pk: member for member in members}
        self.listed: list[Any] | None = None
        self.epoch = ContentsIndex.now


def forget_all() -> None:
    """Have every container read its contents again."""
    ContentsIndex.now += 1


def forget(container: Any) -> None:
    """Have one container read its contents again."""
    container.__dict__.pop(SLOT, None)


def contents_of(container: Any) -> list[Any]:
    """The objects in `container`, as a list of the caller's own."""
    index = container.__dict__.get(SLOT)
    if index is None or index.epoch != ContentsIndex.now:
        return _build(container)
    listed: list[Any] | None = index.listed
    if listed is None:
        listed = index.listed = list(index.members.values())
    return listed.copy()


def _build(container: Any) -> list[Any]:
    require(container, "read")
    if container.pk is None or container._state.adding:
        return []
    alias = container._state.db
    rows = container.__dbclass__._base_manager.using(alias).filter(db_location_id=container.pk).order_by("pk")
    members = list(rows)
    # A cache too small for them all has already let some go: holding them here would hold them for good.
    if all(member in residents for member in members):
        container.__dict__[SLOT] = ContentsIndex(members)
        unit_of_work(alias).touch(container, ASPECT)
    else:
        container.__dict__.pop(SLOT, None)
    return members


def _index_of(alias: str | None, model: Any, pk: Any) -> tuple[Any, ContentsIndex | None]:
    """The container with this id and its index, if both are in memory."""
    if pk is None:
        return None, None
    container = identity_map(alias or "default", model).get(pk)
    if container is None:
        return None, None
    index = container.__dict__.get(SLOT)
    if index is None or index.epoch != ContentsIndex.now:
        return container, None
    unit_of_work(alias or "default").touch(container, ASPECT)
    return container, index


def arrived(member: Any, pk: Any) -> None:
    """`member` is now in the container with this id."""
    _, index = _index_of(member._state.db, member.__dbclass__, pk)
    if index is not None and member.pk not in index.members:
        index.members[member.pk] = member
        index.listed = None


def departed(member: Any, pk: Any) -> None:
    """`member` is no longer in the container with this id."""
    _, index = _index_of(member._state.db, member.__dbclass__, pk)
    if index is not None and index.members.pop(member.pk, None) is not None:
        index.listed = None


def moved(member: Any, old: Any) -> None:
    """The location of `member` was `old` (an id) and is now what its row says."""
    held = member.__dict__
    if "db_location_id" not in held:
        forget_all()
        return
    departed(member, old)
    arrived(member, held["db_location_id"])


class ContentsHandler:
    """`obj.contents_cache`: the contents of one object.

    Args:
        owner: the container.
    """

    __slots__ = ("__weakref__", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)

    def load(self) -> list[Any]:
        """The objects here, read from the database now."""
        return _build(self._owner())

    def init(self) -> None:
        """Read the contents again."""
        self.load()

    def get(self, exclude: Any = None, content_type: str | None = None) -> list[Any]:
        """The objects here, in order.

        Args:
            exclude: an object, or several, to leave out.
            content_type: only those that count as this: "object", "character", "room", "exit" or one of a game's own.
        """
        found = contents_of(self._owner())
        if exclude is not None:
            left_out = {id(item) for item in _several(exclude)}
            found = [member for member in found if id(member) not in left_out]
        if content_type is not None:
            found = [member for member in found if content_type in getattr(member, "_content_types", ("object",))]
        return found

    def add(self, obj: Any) -> None:
        """Take note of an object that has come here; nothing happens if its location says otherwise."""
        owner = self._owner()
        if obj.db_location_id == owner.pk:
            arrived(obj, owner.pk)

    def remove(self, obj: Any) -> None:
        """Take note of an object that has left; nothing happens if its location says otherwise."""
        owner = self._owner()
        if obj.db_location_id != owner.pk:
            departed(obj, owner.pk)

    def clear(self) -> None:
        """Forget what is known; the next reading asks the database."""
        forget(self._owner())


def _several(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple | set | frozenset) else (value,)
