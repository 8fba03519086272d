"""The table of tags: shared labels, one row per (key, category, type, model).

Aliases and permissions are tags of the types `alias` and `permission`. Tags that nobody carries any more, and that
have no data, are removed when the last one lets go.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.signals import m2m_changed, post_delete

from perdure.idmapper.identity import all_maps
from perdure.typeclasses.fields import NoneAsBlankField

__all__ = ["Tag", "expire_tags_in_memory", "hear_links"]


def expire_tags_in_memory(**kwargs: Any) -> None:
    """Have every live object read its tags again; a receiver for writes of tags that went past the handlers."""
    for known in all_maps():
        if not hasattr(known.model, "_tag_store"):
            continue
        for instance in known.instances():
            store = instance.__dict__.get("_tag_store")
            if store is not None:
                store.expire()


class TagQuerySet(models.QuerySet["Tag"]):
    """Tags; bulk writes make the objects in memory read theirs again."""

    def update(self, **values: Any) -> int:
        """Django's `update()`."""
        count = super().update(**values)
        expire_tags_in_memory()
        return count

    update.alters_data = True  # type: ignore[attr-defined]


class Tag(models.Model):
    """A label that any number of objects carry. `db_data` describes the tag, not the objects."""

    db_key = models.CharField("key", max_length=255, db_index=True)
    db_category = NoneAsBlankField("category", max_length=64)
    db_data = models.TextField("data", null=True, blank=True)
    db_model = NoneAsBlankField("model", max_length=32)
    db_tagtype = NoneAsBlankField("type", max_length=16)

    objects = TagQuerySet.as_manager()

    class Meta:
        app_label = "typeclasses"
        verbose_name = "tag"
        constraints = [
            models.UniqueConstraint(fields=["db_key", "db_category", "db_tagtype", "db_model"], name="tag_unique")
        ]
        indexes = [models.Index(fields=["db_category", "db_tagtype", "db_model"], name="tag_category")]

    @property
    def key(self) -> str:
        """The key, in lower case."""
        return self.db_key

    @property
    def category(self) -> str | None:
        """The category, or None."""
        return self.db_category  # type: ignore[no-any-return]

    @property
    def data(self) -> str | None:
        """What describes this tag."""
        return self.db_data

    @property
    def tagtype(self) -> str | None:
        """None, `alias` or `permission`."""
        return self.db_tagtype  # type: ignore[no-any-return]

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        """Django's write of the row, of fixtures too."""
        super().save_base(*args, **kwargs)
        # Not a receiver of `post_save`: one of those costs every save of every model half a microsecond.
        expire_tags_in_memory()

    def __str__(self) -> str:
        return f"<Tag: {self.db_key}({f'category:{self.db_category}' if self.db_category else ''})>"

    def __lt__(self, other: object) -> bool:
        return str(self) < str(other)


def _links_changed(sender: Any, **kwargs: Any) -> None:
    if kwargs.get("action", "").startswith("post_"):
        expire_tags_in_memory()


def hear_links(model: Any) -> None:
    """Notice links of `model` to tags that are made or cut through Django's own many-to-many manager."""
    m2m_changed.connect(_links_changed, sender=model._meta.get_field("db_tags").remote_field.through)


post_delete.connect(expire_tags_in_memory, sender=Tag)
