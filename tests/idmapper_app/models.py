"""Plain shared-memory models: one of each kind of field, key, relation and inheritance."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F

from perdure.idmapper.models import SharedMemoryModel, WeakSharedMemoryModel


class Plain(models.Model):
    """An ordinary Django model, on both ends of relations with shared ones."""

    name = models.CharField(max_length=40)
    favourite = models.ForeignKey("Item", null=True, on_delete=models.SET_NULL, related_name="fans")


class PlainPart(models.Model):
    """Hangs on a `Plain` with a cascade: nothing of ours is concerned by its deletion."""

    whole = models.ForeignKey(Plain, on_delete=models.CASCADE, related_name="parts")


class Mark(SharedMemoryModel):
    """The far end of a many-to-many relation."""

    db_key = models.CharField(max_length=40)


class Item(SharedMemoryModel):
    """The usual one."""

    db_key = models.CharField(max_length=40)
    db_count = models.IntegerField(default=0)
    db_note = models.TextField(null=True, blank=True)
    db_code = models.CharField(max_length=20, null=True, blank=True, unique=True)
    db_price = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    db_data = models.JSONField(default=dict, blank=True)
    db_serial = models.IntegerField(default=7, editable=False)
    db_home = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="residents")
    db_owner = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="belongings")
    db_place = models.ForeignKey("Place", null=True, blank=True, on_delete=models.SET_NULL, related_name="items")
    db_plain = models.ForeignKey(Plain, null=True, blank=True, on_delete=models.SET_NULL, related_name="items")
    db_marks = models.ManyToManyField(Mark, blank=True, related_name="items")
    db_doubled = models.GeneratedField(
        expression=F("db_count") * 2, output_field=models.IntegerField(), db_persist=True
    )


class SpecialItem(Item):
    """A proxy."""

    class Meta:
        proxy = True


class Place(SharedMemoryModel):
    """Target of foreign keys from another model; has a one-to-one relation."""

    db_key = models.CharField(max_length=40)
    db_keeper = models.OneToOneField(Item, null=True, on_delete=models.SET_NULL, related_name="kept_place")


class Named(SharedMemoryModel):
    """A text primary key."""

    db_slug = models.CharField(max_length=40, primary_key=True)
    db_title = models.CharField(max_length=40, default="")


class Ticket(SharedMemoryModel):
    """A UUID primary key, and a time that moves with each save."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    db_title = models.CharField(max_length=40, default="")
    db_changed = models.DateTimeField(auto_now=True)


class Versioned(SharedMemoryModel):
    """Keeps a row version, so that a write built on a stale read is found out."""

    version_field = "db_version"

    db_key = models.CharField(max_length=40)
    db_count = models.IntegerField(default=0)
    db_version = models.IntegerField(default=0, editable=False)


class Vehicle(SharedMemoryModel):
    """The parent table of a multi-table inheritance."""

    db_key = models.CharField(max_length=40)
    db_wheels = models.IntegerField(default=4)


class Car(Vehicle):
    """The child table."""

    db_doors = models.IntegerField(default=3)


class Fleeting(WeakSharedMemoryModel):
    """Stays in memory only while something refers to it."""

    db_key = models.CharField(max_length=40)


class FleetingProxy(Fleeting):
    """A proxy of a weak model, which shares its table's map."""

    class Meta:
        proxy = True


class Childless(SharedMemoryModel):
    """An abstract model that nobody inherits from."""

    class Meta:
        abstract = True


class Custom(SharedMemoryModel):
    """Overrides `__init__`."""

    db_key = models.CharField(max_length=40)
    db_size = models.IntegerField(default=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.built = ("with", self.db_key)


class Awkward(SharedMemoryModel):
    """Fields whose short names are those of methods."""

    db_save = models.CharField(max_length=40, default="")
    db_delete = models.CharField(max_length=40, default="")
    db_plain_name = models.CharField(max_length=40, default="")

    @property
    def plain_name(self) -> str:
        """Written by hand; the field must not replace it."""
        return "by hand"


class Watched(SharedMemoryModel):
    """Notes each hook call in `events`; `may_go` answers for `at_idmapper_flush`; `failing` names hooks that raise."""

    events: list[tuple[Any, ...]] = []
    failing: set[str] = set()
    error: type[Exception] = RuntimeError

    db_key = models.CharField(max_length=40)
    db_other = models.CharField(max_length=40, default="")

    may_go = True

    def _note(self, hook: str, *details: Any) -> None:
        Watched.events.append((hook, self.pk, *details))
        if hook in Watched.failing:
            raise Watched.error(f"{hook} said no")

    def at_init(self) -> None:
        """Sees a whole row that is not being added."""
        self._note("at_init", self.db_key, self._state.adding, self._state.db)

    def at_idmapper_flush(self) -> bool:
        """Answers `may_go`."""
        self._note("at_idmapper_flush")
        return self.may_go

    def at_db_key_postsave(self, new: bool) -> None:
        """Runs inside the transaction."""
        self._note("at_db_key_postsave", new)

    def at_db_other_postsave(self, new: bool) -> None:
        """Runs inside the transaction."""
        self._note("at_db_other_postsave", new)


class TitledQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """A queryset of a project that knows nothing of shared memory."""

    def titled(self, title: str) -> Any:
        """Those with this title."""
        return self.filter(title=title)


class PublishedManager(models.Manager):  # type: ignore[type-arg]
    """Makes a queryset by itself, and leaves rows out."""

    def get_queryset(self) -> Any:
        """What has been published."""
        return TitledQuerySet(self.model, using=self._db).filter(published=True)


class Archive(models.Model):
    """An abstract part that is no shared-memory model, with a manager."""

    archived = models.Manager()

    class Meta:
        abstract = True


class Titled(SharedMemoryModel, Archive):
    """As an ordinary Django model would be written."""

    title = models.CharField(max_length=40)
    published = models.BooleanField(default=True)
    series = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="volumes")

    objects = models.Manager()
    titles = TitledQuerySet.as_manager()
    published_ones = PublishedManager()

    def __str__(self) -> str:
        return self.title
