"""The tables behind the throttles: who failed lately, and from where accounts are used.

Contract: plain rows that say nothing that a log would not; what is old is deleted (`throttle.prune`), so that the
tables stay small whoever knocks.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

__all__ = ["KnownAddress", "ThrottleRecord"]

MAX_SUBJECT = 200
MAX_NETWORK = 64


class ThrottleRecord(models.Model):
    """How often something was done by an address, or to a name, and when it was done last."""

    kind = models.CharField("what is counted", max_length=32)
    subject = models.CharField("of whom", max_length=MAX_SUBJECT)
    count = models.PositiveIntegerField("how often", default=0)
    last = models.FloatField("last time", db_index=True, help_text="Seconds since 1970.")

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        app_label = "accounts"
        verbose_name = "throttle record"
        verbose_name_plural = "throttle records"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["kind", "subject"], name="accounts_throttle_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject} ({self.count})"


class KnownAddress(models.Model):
    """A network from which somebody has logged in to an account."""

    account = models.ForeignKey(
        "accounts.AccountDB", related_name="+", on_delete=models.CASCADE, db_index=False, verbose_name="account"
    )
    network = models.CharField("network", max_length=MAX_NETWORK)
    last = models.FloatField("last login", db_index=True, help_text="Seconds since 1970; exact to a day.")

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        app_label = "accounts"
        verbose_name = "known address"
        verbose_name_plural = "known addresses"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["account", "network"], name="accounts_known_address_once")
        ]

    def __str__(self) -> str:
        return f"{self.network} (account {self.account_id})"
