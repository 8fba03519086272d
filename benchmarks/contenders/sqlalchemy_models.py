"""The tables of the SQLAlchemy contender: a schema fixed in advance, one column for each attribute.

There are indexes on what is asked for. The class of an object is a column, and its hooks are looked up by it: an
instance cannot change its mapped class.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, Table, Text
from sqlalchemy.ext.mutable import MutableDict, MutableList
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from benchmarks.contenders.peer import ALL_KINDS, Hooks

#: SQLite numbers rows by itself only in a column whose type is INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")
#: The attributes, in the order of their columns; `target` comes on top.
ATTRIBUTES = ("hp", "strength", "weight", "serial", "title", "desc", "mood", "skills", "inv")


class Base(DeclarativeBase):
    """The registry."""


def _entity(**options: Any) -> Any:
    return ForeignKey("entity.id", **options)


LINKS = Table(
    "link",
    Base.metadata,
    Column("entity_id", Id, _entity(ondelete="CASCADE"), primary_key=True),
    Column("tag_id", Id, ForeignKey("tag.id"), primary_key=True, index=True),
)


class Tag(Base):
    """A tag."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)


class Entity(Hooks, Base):
    """Any object, rooms too."""

    __tablename__ = "entity"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(Text, index=True)
    kind: Mapped[str] = mapped_column(Text, index=True)
    location_id: Mapped[int | None] = mapped_column(_entity(ondelete="SET NULL"), index=True)
    hp: Mapped[int | None]
    strength: Mapped[int | None]
    weight: Mapped[int | None] = mapped_column(index=True)
    serial: Mapped[int | None] = mapped_column(index=True)
    title: Mapped[str | None] = mapped_column(Text)
    desc: Mapped[str | None] = mapped_column(Text)
    mood: Mapped[str | None] = mapped_column(Text)
    skills: Mapped[list[Any] | None] = mapped_column(MutableList.as_mutable(JSON))
    inv: Mapped[dict[str, Any] | None] = mapped_column(MutableDict.as_mutable(JSON))
    target_id: Mapped[int | None] = mapped_column(_entity(ondelete="SET NULL"), index=True)

    location: Mapped[Entity | None] = relationship(
        foreign_keys=[location_id], remote_side=[id], back_populates="contents"
    )
    contents: Mapped[list[Entity]] = relationship(
        foreign_keys=[location_id], back_populates="location", passive_deletes="all"
    )
    target: Mapped[Entity | None] = relationship(foreign_keys=[target_id], remote_side=[id])
    tags: Mapped[list[Tag]] = relationship(secondary=LINKS, passive_deletes=True)

    def at_swap(self) -> None:
        """Hand the hook to the object's class."""
        BEHAVIOURS[self.kind].at_swap()


#: The hooks of each class.
BEHAVIOURS: dict[str, Hooks] = {kind: type(kind, (Hooks,), {})() for kind in ALL_KINDS}
