"""Django admin pages for the four kinds of entity, with their attributes and tags inline, for tags and for messages.

Contract: what is saved or deleted here goes the same way as in code: through the live instance, with its hooks, in one
transaction (Django wraps each admin view in one). A changed class is a `swap_typeclass` without start hooks.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from perdure.accounts.models import AccountAttribute, AccountDB
from perdure.channels.models import ChannelAttribute, ChannelDB, Msg
from perdure.locks import validate_lockstring
from perdure.objects.models import ObjectAttribute, ObjectDB
from perdure.scripts.models import ScriptAttribute, ScriptDB
from perdure.typeclasses import registry
from perdure.typeclasses.tag_model import Tag
from perdure.web.attribute_forms import AttributeForm

__all__ = ["AccountAdmin", "ChannelAdmin", "MsgAdmin", "ObjectAdmin", "ScriptAdmin", "TagAdmin"]


class TypedObjectForm(forms.ModelForm):  # type: ignore[type-arg]
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
        text: str = self.cleaned_data.get("db_lock_storage") or ""
        valid, error = validate_lockstring(text)
        if not valid:
            raise forms.ValidationError(str(error))
        return text


class _AttributeInline(admin.TabularInline):  # type: ignore[type-arg]
    form = AttributeForm
    fields = ("db_key", "db_value", "db_category", "db_lock_storage")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> Any:
        """Attributes proper; nicks have commands of their own."""
        return super().get_queryset(request).filter(db_attrtype="").order_by("db_category", "db_key")


def _attributes_of(table: Any) -> type:
    return type(f"{table.__name__}Inline", (_AttributeInline,), {"model": table})


def _tags_of(family: Any) -> type:
    attributes = {
        "model": family.db_tags.through,
        "extra": 0,
        "raw_id_fields": ("tag",),
        "verbose_name": "tag",
        "verbose_name_plural": "tags, aliases and permissions",
    }
    return type(f"{family.__name__}TagInline", (admin.TabularInline,), attributes)


class TypedObjectAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the pages of all four kinds share."""

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

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save as code would: a changed class is swapped, the rest are fields."""
        path = obj.db_typeclass_path
        if change and "db_typeclass_path" in form.changed_data:
            obj._give_back(["db_typeclass_path"])
            obj.swap_typeclass(path, run_start_hooks=None)
        obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the inlines; the rows that link tags are plain, so the object is told to read its tags again."""
        super().save_related(request, form, formsets, change)
        form.instance.tags.reset_cache()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete each with its hooks."""
        queryset.delete()


@admin.register(ObjectDB)
class ObjectAdmin(TypedObjectAdmin):
    """Objects."""

    inlines = (_tags_of(ObjectDB), _attributes_of(ObjectAttribute))
    list_display = (*TypedObjectAdmin.list_display, "db_location", "db_account")
    raw_id_fields = ("db_location", "db_home", "db_destination", "db_account")
    fields = (
        "db_key",
        "db_typeclass_path",
        ("db_location", "db_home", "db_destination"),
        "db_account",
        "db_lock_storage",
        "db_cmdset_storage",
        "db_date_created",
    )


@admin.register(ScriptDB)
class ScriptAdmin(TypedObjectAdmin):
    """Scripts."""

    inlines = (_tags_of(ScriptDB), _attributes_of(ScriptAttribute))
    list_display = (*TypedObjectAdmin.list_display, "db_interval", "db_repeats", "db_is_active")
    raw_id_fields = ("db_obj", "db_account")
    fields = (
        "db_key",
        "db_typeclass_path",
        "db_desc",
        ("db_obj", "db_account"),
        ("db_interval", "db_repeats", "db_start_delay", "db_persistent"),
        "db_lock_storage",
        "db_date_created",
    )


@admin.register(ChannelDB)
class ChannelAdmin(TypedObjectAdmin):
    """Channels."""

    inlines = (_tags_of(ChannelDB), _attributes_of(ChannelAttribute))
    raw_id_fields = ("db_account_subscriptions", "db_object_subscriptions")
    fields = (
        "db_key",
        "db_typeclass_path",
        "db_account_subscriptions",
        "db_object_subscriptions",
        "db_lock_storage",
        "db_date_created",
    )


@admin.register(AccountDB)
class AccountAdmin(TypedObjectAdmin, UserAdmin):  # type: ignore[type-arg]
    """Accounts: Django's user pages, with class, attributes and tags."""

    form = TypedObjectForm
    inlines = (_tags_of(AccountDB), _attributes_of(AccountAttribute))
    list_display = ("id", "username", "email", "db_typeclass_path", "is_staff", "is_superuser", "last_login")
    list_display_links = ("id", "username")
    list_filter = ("is_staff", "is_superuser", "is_active", "db_typeclass_path")
    search_fields = ("=id", "username", "email")
    readonly_fields = ("db_date_created", "last_login", "date_joined")
    fields = None
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "db_typeclass_path", "db_lock_storage")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("db_date_created", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
    )


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Tags, aliases and permissions."""

    list_display = ("id", "db_key", "db_category", "db_tagtype", "db_model", "db_data")
    list_filter = ("db_tagtype", "db_category", "db_model")
    search_fields = ("db_key", "db_category")


@admin.register(Msg)
class MsgAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Stored messages."""

    list_display = ("id", "db_date_created", "db_header", "db_message")
    search_fields = ("=id", "db_header", "db_message")
    raw_id_fields = (
        "db_sender_accounts",
        "db_sender_objects",
        "db_sender_scripts",
        "db_receivers_accounts",
        "db_receivers_objects",
        "db_receivers_scripts",
        "db_hide_from_accounts",
        "db_hide_from_objects",
        "db_tags",
    )
