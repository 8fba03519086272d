"""What the admin's pages of all four kinds share: the form, attributes and tags, and how they save and delete.

Contract: what is saved or deleted here goes the same way as in code: through the live instance, with its hooks. A new
key is a rename, another class a `swap_typeclass` without start hooks. One request is all or nothing: when a hook or the
engine refuses, nothing is changed, and the page says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseRedirect

from perdure.errors import PerdureError, Veto
from perdure.transactions import transaction
from perdure.typeclasses import registry
from perdure.web.attribute_forms import AttributeForm, AttributeFormSet, readable_locks
from perdure.web.meanwhile import MeanwhileForm
from perdure.web.tag_forms import TagLinkForm

__all__ = ["TypedObjectAdmin", "TypedObjectForm", "attributes_of", "tags_of"]


class TypedObjectForm(MeanwhileForm):
    """A typed object's row: its class is chosen among those known, its locks are checked."""

    db_typeclass_path = forms.ChoiceField(label="typeclass")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("db_typeclass_path")
        if field is not None:
            family = self._meta.model.__dbclass__
            paths = [cls.path for cls in registry.all_typeclasses(family)]
            stored = self.instance.db_typeclass_path
            if stored and stored not in paths:
                paths.append(stored)
            field.choices = [(path, path) for path in sorted(paths)]  # type: ignore[attr-defined]
            if self.instance.pk is None:
                field.initial = registry.default_class(family).path

    def clean_db_lock_storage(self) -> str:
        """Locks that can be read."""
        return readable_locks(self.cleaned_data.get("db_lock_storage"))


class _AttributeInline(admin.TabularInline):  # type: ignore[type-arg]
    form = AttributeForm
    formset = AttributeFormSet
    fields = ("db_key", "db_value", "db_category", "db_lock_storage")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> Any:
        """Attributes proper; nicks have commands of their own."""
        return super().get_queryset(request).filter(db_attrtype="").order_by("db_category", "db_key")


def attributes_of(table: Any) -> type:
    """An inline for the attributes in this table."""
    return type(f"{table.__name__}Inline", (_AttributeInline,), {"model": table})


def tags_of(family: Any) -> type:
    """An inline for the tags of this kind of entity."""
    kind = family.__name__.lower()
    attributes = {
        "model": family.db_tags.through,
        "form": type(f"{family.__name__}TagLinkForm", (TagLinkForm,), {"kind": kind}),
        "extra": 0,
        "raw_id_fields": ("tag",),
        "verbose_name": "tag",
        "verbose_name_plural": "tags, aliases and permissions",
    }
    return type(f"{family.__name__}TagInline", (admin.TabularInline,), attributes)


class TypedObjectAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the pages of all four kinds share."""

    #: The column with the name.
    name_field = "db_key"

    form = TypedObjectForm
    list_display: tuple[str, ...] = ("id", "db_key", "db_typeclass_path", "db_date_created")
    list_display_links: tuple[str, ...] = ("id", "db_key")
    list_filter: ClassVar[tuple[str, ...]] = ("db_typeclass_path",)
    search_fields: ClassVar[tuple[str, ...]] = ("=id", "db_key", "db_typeclass_path")
    readonly_fields: ClassVar[tuple[str, ...]] = ("db_date_created",)
    ordering = ("-id",)
    save_on_top = True

    def view_on_site(self, obj: Any) -> str | None:
        """The object's own page, if the site has one."""
        address: str = obj.get_absolute_url()
        return None if address == "#" else address

    # --- saving

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page of one object, or of a new one."""
        return told(request, super().changeform_view, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save as code would: a new key is a rename, a changed class is swapped, the rest are fields."""
        if change:
            name, path = getattr(obj, self.name_field), obj.db_typeclass_path
            renamed, swapped = (field in form.changed_data for field in (self.name_field, "db_typeclass_path"))
            obj._give_back([self.name_field, "db_typeclass_path"])
            if swapped:
                obj.swap_typeclass(path, run_start_hooks=None)
            if renamed:
                obj.key = name
        obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the inlines; the rows that link tags are plain, so the object is told to read its tags again."""
        super().save_related(request, form, formsets, change)
        form.instance.tags.reset_cache()

    # --- deleting

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page that deletes one."""
        return told(request, super().delete_view, *args, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with them, and whether all of it may be deleted.

        Django looks for the page of each object's class to ask who may; ours are pages of the four kinds.
        """
        found, count, needed, protected = super().get_deleted_objects(objs, request)
        if any(not self.has_delete_permission(request, obj) for obj in objs):
            needed = {*needed, str(self.opts.verbose_name)}
        return found, count, needed, protected

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete it with its hooks. Raises `Veto` when one of them says no."""
        name = str(obj)
        outcome = obj.delete()
        if not outcome:
            reason = getattr(outcome, "reason", "")
            raise Veto(f"{name} will not be deleted{f': {reason}' if reason else ' (a hook of its class says no)'}.")

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The list, and what is done to those that are selected in it."""
        return told(request, super().changelist_view, *args, **kwargs)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete each with its hooks, or none of them."""
        for obj in list(queryset):
            if not obj._is_deleted:  # one may go with another
                self.delete_model(request, obj)


def told(request: HttpRequest, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the view answers; when something refuses, all of it is undone and the page says why."""
    try:
        with transaction():
            return view(request, *args, **kwargs)
    except PerdureError as error:
        if request.method != "POST":  # nothing was asked to be changed: it is an error of the page
            raise
        messages.error(request, str(error) or type(error).__name__)
        return HttpResponseRedirect(request.get_full_path())
