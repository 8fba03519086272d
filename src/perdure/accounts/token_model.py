"""The table of access tokens; what they are is told in `access_tokens`.

Contract: a plain row, read anew at each use, so that what one process revokes counts in all. The secret is in none.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from django.db import models
from django.db.models.signals import post_delete
from django.utils import timezone

__all__ = ["MAX_NAME", "AccessToken"]

security = logging.getLogger("perdure.security")

MAX_NAME = 100


class AccessToken(models.Model):
    """A token with which a program acts for an account."""

    account = models.ForeignKey(
        "accounts.AccountDB", related_name="+", on_delete=models.CASCADE, verbose_name="account"
    )
    name = models.CharField("what it is for", max_length=MAX_NAME)
    digest = models.CharField("SHA-256 of the secret", max_length=64, unique=True, editable=False)
    date_created = models.DateTimeField("made", default=timezone.now, editable=False)
    last_used = models.DateTimeField("last used", null=True, editable=False)
    expires = models.DateTimeField("good until", null=True, blank=True, help_text="Nothing: for ever.")
    read_only = models.BooleanField("reads only", default=False)
    network = models.CharField("used from", max_length=64, blank=True, default="", help_text="Nothing: from anywhere.")

    account_id: int
    objects: ClassVar[Any] = models.Manager()

    class Meta:
        app_label = "accounts"
        verbose_name = "access token"
        verbose_name_plural = "access tokens"

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"


def _note_end(sender: Any, instance: AccessToken, **kwargs: Any) -> None:
    security.info("token #%s (%s) of account #%s ended", instance.pk, instance.name, instance.account_id)


post_delete.connect(_note_end, sender=AccessToken, dispatch_uid="perdure.accounts.token_model")
