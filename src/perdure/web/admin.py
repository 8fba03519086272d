"""Django admin pages for objects, scripts and channels, with their attributes and tags inline, for tags and messages.

What all kinds share is in `typed_object_admin`; accounts have a module of their own (`account_admin`).
"""

from __future__ import annotations

from django.contrib import admin

from perdure.channels.models import ChannelAttribute, ChannelDB, Msg
from perdure.objects.models import ObjectAttribute, ObjectDB
from perdure.scripts.models import ScriptAttribute, ScriptDB
from perdure.typeclasses.tag_model import Tag
from perdure.web.account_admin import AccountAdmin
from perdure.web.token_admin import AccessTokenAdmin
from perdure.web.typed_object_admin import TypedObjectAdmin, attributes_of, tags_of

__all__ = ["AccessTokenAdmin", "AccountAdmin", "ChannelAdmin", "MsgAdmin", "ObjectAdmin", "ScriptAdmin", "TagAdmin"]


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

    inlines = (tags_of(ScriptDB), attributes_of(ScriptAttribute))
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
