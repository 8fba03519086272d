"""Django admin pages for objects, scripts and channels, with their attributes and tags inline, for tags and messages.

What all kinds share is in `typed_object_admin`; accounts have a module of their own (`account_admin`).
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from perdure.channels.models import ChannelAttribute, ChannelDB, Msg
from perdure.objects.models import ObjectAttribute, ObjectDB
from perdure.scripts.models import ScriptAttribute, ScriptDB
from perdure.typeclasses.tag_model import Tag
from perdure.web.account_admin import AccountAdmin
from perdure.web.attribute_forms import readable_locks
from perdure.web.tag_forms import PERMISSION, TagForm, may_give_permissions
from perdure.web.token_admin import AccessTokenAdmin
from perdure.web.typed_object_admin import TypedObjectAdmin, TypedObjectForm, attributes_of, tags_of

__all__ = ["AccessTokenAdmin", "AccountAdmin", "ChannelAdmin", "MsgAdmin", "ObjectAdmin", "ScriptAdmin", "TagAdmin"]

_TIMING = ("db_interval", "db_repeats", "db_start_delay")


class ScriptForm(TypedObjectForm):
    """A script's row."""

    def clean(self) -> dict[str, Any]:
        """It has one host or none."""
        data = super().clean()
        host, account = (data.get(name, getattr(self.instance, name)) for name in ("db_obj", "db_account"))
        if host is not None and account is not None:
            self.add_error("db_account", "A script has one host: an object or an account, or neither.")
        return data


class MsgForm(forms.ModelForm):  # type: ignore[type-arg]
    """A stored message's row."""

    def clean_db_lock_storage(self) -> str:
        """Locks that can be read."""
        return readable_locks(self.cleaned_data.get("db_lock_storage"))


@admin.register(ObjectDB)
class ObjectAdmin(TypedObjectAdmin):
    """Objects."""

    inlines = (tags_of(ObjectDB), attributes_of(ObjectAttribute))
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

    form = ScriptForm
    inlines = (tags_of(ScriptDB), attributes_of(ScriptAttribute))
    list_display = (*TypedObjectAdmin.list_display, "db_interval", "db_repeats", "db_is_active", "db_next_due")
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

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """As for all kinds; a timer that was started is started anew with its new values."""
        given = {name: getattr(obj, name) for name in _TIMING if change and name in form.changed_data}
        if not (given and obj.db_is_active):
            super().save_model(request, obj, form, change)
            return
        obj._give_back(given)
        super().save_model(request, obj, form, change)
        obj.start(**{name.removeprefix("db_"): value for name, value in given.items()})


@admin.register(ChannelDB)
class ChannelAdmin(TypedObjectAdmin):
    """Channels."""

    inlines = (tags_of(ChannelDB), attributes_of(ChannelAttribute))
    raw_id_fields = ("db_account_subscriptions", "db_object_subscriptions")
    fields = (
        "db_key",
        "db_typeclass_path",
        "db_account_subscriptions",
        "db_object_subscriptions",
        "db_lock_storage",
        "db_date_created",
    )


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Tags, aliases and permissions; those who carry them hear of it at once."""

    form = TagForm
    list_display = ("id", "db_key", "db_category", "db_tagtype", "db_model", "db_data")
    list_filter = ("db_tagtype", "db_category", "db_model")
    search_fields = ("db_key", "db_category")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Django's answer, but a permission that somebody holds is changed by superusers only."""
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The same for deleting."""
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Only superusers make permissions."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        if not may_give_permissions(request) and "db_tagtype" in form.base_fields:
            field = form.base_fields["db_tagtype"]
            field.choices = [choice for choice in field.choices if choice[0] != PERMISSION]
        return form

    @staticmethod
    def _may_touch(request: HttpRequest, tag: Any) -> bool:
        return tag is None or tag.db_tagtype != PERMISSION or may_give_permissions(request)


@admin.register(Msg)
class MsgAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Stored messages."""

    form = MsgForm
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
