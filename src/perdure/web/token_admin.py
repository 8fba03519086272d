"""The admin's page of access tokens: who has which, and an end to them. They are made at the command line.

Contract: the page shows no secret, for none is stored. A token is made where it can be shown once (`perdure token
create`), so there is no page for that here.
"""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from perdure.accounts.token_model import AccessToken

__all__ = ["AccessTokenAdmin"]


@admin.register(AccessToken)
class AccessTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Access tokens."""

    list_display = ("id", "account", "name", "read_only", "network", "expires", "last_used")
    list_display_links = ("id", "name")
    list_filter = ("read_only",)
    list_select_related = ("account",)
    search_fields = ("=id", "name", "account__username")
    fields = ("account", "name", "read_only", "network", "date_created", "expires", "last_used")
    readonly_fields = ("account", "network", "date_created", "last_used")
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: the secret of one that is made here could not be shown."""
        return False
