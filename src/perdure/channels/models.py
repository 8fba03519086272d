"""The tables of channels, their attributes, and stored messages.

Contract: no two channels have the same name, upper and lower case being the same; the database sees to it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import ManyToManyField

from perdure.channels.managers import ChannelDBManager
from perdure.channels.message_model import Msg
from perdure.channels.subscriptions import SubscriptionHandler
from perdure.typeclasses.attribute_model import Attribute, attribute_constraints, attribute_indexes
from perdure.typeclasses.handlers import lazy_handler
from perdure.typeclasses.models import TypedObject
from perdure.typeclasses.unique_names import FoldedField, UniqueName

__all__ = ["ChannelAttribute", "ChannelDB", "Msg"]


class ChannelDB(UniqueName, TypedObject):
    """A channel: a line on which people talk wherever they are."""

    __settingsclass__ = "BASE_CHANNEL_TYPECLASS"
    __defaultclasspath__ = "perdure.channels.channels.DefaultChannel"
    __applabel__ = "comms"

    db_folded = FoldedField("folded name", source="db_key")
    db_account_subscriptions: ManyToManyField[Any, Any] = models.ManyToManyField(
        "accounts.AccountDB", related_name="account_subscription_set", blank=True, verbose_name="subscribed accounts"
    )
    db_object_subscriptions: ManyToManyField[Any, Any] = models.ManyToManyField(
        "objects.ObjectDB", related_name="object_subscription_set", blank=True, verbose_name="subscribed objects"
    )

    objects: ClassVar[Any] = ChannelDBManager()
    unscoped: ClassVar[Any] = ChannelDBManager()

    class Meta(TypedObject.Meta):
        app_label = "comms"
        verbose_name = "Channel"
        verbose_name_plural = "Channels"

    subscriptions = lazy_handler(SubscriptionHandler, "Who listens on this channel.")


class ChannelAttribute(Attribute):
    """An attribute of a channel."""

    # The unique constraint begins with the owner: an index of the owner alone would be a second one.
    owner = models.ForeignKey("comms.ChannelDB", related_name="db_attributes", on_delete=models.CASCADE, db_index=False)

    class Meta(Attribute.Meta):
        app_label = "comms"
        constraints = attribute_constraints("comms")
        indexes = attribute_indexes("comms")
