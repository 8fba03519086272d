"""The admin's pages for accounts.

Contract: an account that is made here is made as by its player, with its channels and its first character; passwords
are hashed by `offloading`. A password can be set, or a link handed over by which the owner chooses one, once. Only a
superuser makes superusers and staff, touches the account of one, and gives permissions of the game: otherwise whoever
may change accounts could make themselves whatever they like.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from perdure.accounts.authentication import begin_password_change
from perdure.accounts.models import AccountAttribute, AccountDB
from perdure.accounts.password_resets import reset_path
from perdure.accounts.registration import begin_creation
from perdure.locks.permissions import is_effective_superuser
from perdure.typeclasses import registry
from perdure.web.account_forms import AccountAddForm, AccountForm, AccountPasswordForm
from perdure.web.account_views import with_errors
from perdure.web.offloading import OffloadResponse, offload, offloaded
from perdure.web.password_reset import site_address
from perdure.web.tag_forms import may_give_permissions
from perdure.web.typed_object_admin import TypedObjectAdmin, attributes_of, tags_of, told

__all__ = ["AccountAdmin"]

security = logging.getLogger("perdure.security")

RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


class _PermissionsInline(tags_of(AccountDB)):  # type: ignore[misc]
    """Tags of an account, its permissions among them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers may."""
        return may_give_permissions(request)

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(AccountDB)
class AccountAdmin(TypedObjectAdmin, UserAdmin):  # type: ignore[type-arg]
    """Accounts: Django's user pages, with class, attributes and tags."""

    name_field = "username"

    form = AccountForm
    inlines = (_PermissionsInline, attributes_of(AccountAttribute))
    list_display = ("id", "username", "email", "db_typeclass_path", "is_staff", "is_superuser", "last_login")
    list_display_links = ("id", "username")
    list_filter = ("is_staff", "is_superuser", "is_active", "db_typeclass_path")
    search_fields = ("=id", "username", "email")
    readonly_fields = ("db_date_created", "last_login", "date_joined")
    fields = None
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "db_typeclass_path", "db_lock_storage")}),
        ("Rights", {"fields": RIGHTS}),
        ("Dates", {"fields": ("db_date_created", "last_login", "date_joined")}),
    )

    # --- who may

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Django's answer, but nobody else than a superuser changes one."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The same for deleting."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is shown and cannot be changed."""
        shown = super().get_readonly_fields(request, obj)
        return shown if is_effective_superuser(request.user) else (*shown, *RIGHTS)

    # --- a new one

    @method_decorator(sensitive_post_parameters())
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Make an account."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        return told(request, self._add_page)

    def _add_page(self, request: HttpRequest) -> HttpResponse:
        form: Any = AccountAddForm(AccountDB, request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return self._page(request, form, "Add account")
        data = form.cleaned_data
        password = data["password1"] or None
        cls = registry.resolve(data["db_typeclass_path"], AccountDB)
        check = begin_creation(data["username"], password, data["email"], account_class=cls, by_staff=True)
        if check.errors:
            return self._page(request, with_errors(form, check.errors), "Add account")
        encoded = offloaded(request, "add") or offload(request, "add", lambda: check.hash(password))
        if isinstance(encoded, OffloadResponse):
            return encoded
        account, errors = check.finish(encoded)
        if account is None:
            return self._page(request, with_errors(form, errors), "Add account")
        self.log_addition(request, account, [{"added": {}}])
        messages.success(request, f"The account {account.key} is made.")
        return HttpResponseRedirect(self._address("change", account))

    # --- another password

    @method_decorator(sensitive_post_parameters())
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Set another password for an account, take it away, or make a link for its owner."""
        account = self.get_object(request, unquote(id))
        if account is None:
            raise Http404(f"There is no account {id!r}.")
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        return told(request, self._password_page, account)

    def _password_page(self, request: HttpRequest, account: Any) -> HttpResponse:
        title = f"Password of {account.key}"
        if request.method == "POST" and "link" in request.POST:
            return self._link_page(request, account, title)
        if request.method == "POST" and "none" in request.POST:
            account.set_password(None)
            account.save(update_fields=["password"])
            self._changed(request, account, "took the password away")
            return HttpResponseRedirect(self._address("change", account))
        form: Any = AccountPasswordForm(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return self._page(request, form, title, account)
        new = form.cleaned_data["password1"]
        change = begin_password_change(account, new)
        if change.errors:
            return self._page(request, with_errors(form, change.errors, "password1"), title, account)
        encoded = offloaded(request, "password") or offload(request, "password", lambda: change.hash(new))
        if isinstance(encoded, OffloadResponse):
            return encoded
        _done, errors = change.finish(encoded)
        if errors:
            return self._page(request, with_errors(form, errors), title, account)
        self._changed(request, account, "set another password")
        return HttpResponseRedirect(self._address("change", account))

    def _link_page(self, request: HttpRequest, account: Any, title: str) -> HttpResponse:
        try:
            link = site_address(request) + reset_path(account)
        except NoReverseMatch:
            messages.error(request, "The site has no page on which a password is chosen.")
            return HttpResponseRedirect(request.get_full_path())
        self._logged(request, account, "made a link for a new password")
        return self._page(request, AccountPasswordForm(), title, account, link=link)

    def _changed(self, request: HttpRequest, account: Any, what: str) -> None:
        self._logged(request, account, what)
        if account == request.user:
            update_session_auth_hash(request, account)
        else:
            account.msg(f"{request.user.get_username()} {what} for your account.")
        messages.success(request, f"The password of {account.key} is changed.")

    def _logged(self, request: HttpRequest, account: Any, what: str) -> None:
        self.log_change(request, account, f"{what[:1].upper()}{what[1:]}.")
        security.warning("account #%s %s for account #%s", request.user.pk, what, account.pk)

    # --- the end of one's own

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> Any:
        """Where to go afterwards: who has deleted their own account is nobody any more."""
        if not getattr(request.user, "_is_deleted", False):
            return super().response_delete(request, obj_display, obj_id)
        logout(request)
        messages.success(request, "Your account is deleted.")
        return HttpResponseRedirect("/")

    # --- parts of these

    def _address(self, page: str, account: Any) -> str:
        return reverse(f"admin:accounts_accountdb_{page}", args=(account.pk,), current_app=self.admin_site.name)

    def _page(
        self, request: HttpRequest, form: Any, title: str, account: Any = None, link: str = ""
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "form": form,
            "original": account,
            "link": link,
            "rules": password_validators_help_texts(),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "perdure/admin_account.html", context)


def _may_touch(request: HttpRequest, account: Any) -> bool:
    return account is None or not account.is_superuser or is_effective_superuser(request.user)
