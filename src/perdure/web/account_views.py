"""The pages on which people log in and out, register and change their password.

Contract: who may, `perdure.accounts.authentication` and `registration` say, by the address of the request, as for
every other entrance. Hashing is offloaded (`offloading`). The session gets a new key when somebody logs in or changes
the password; the other sessions of an account whose password is changed end. `next` leads to pages of this site only.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from perdure.accounts.authentication import WRONG, begin, begin_password_change
from perdure.accounts.registration import begin_creation
from perdure.conf import conf
from perdure.locks.permissions import QUELL_ATTRIBUTE, is_quelled
from perdure.web.forms import EmailForm, LoginForm, PasswordForm, RegisterForm, SiteForm
from perdure.web.offloading import OffloadResponse, offload, offloaded

__all__ = ["address_of", "change_email", "change_password", "log_in", "log_out", "register", "unquell", "with_errors"]

security = logging.getLogger("perdure.security")


def address_of(request: HttpRequest) -> str:
    """Where the client is; the bridge to the gateway sees to it that this is not the gateway."""
    return str(request.META.get("REMOTE_ADDR") or "")


@sensitive_post_parameters()
@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Name and password."""
    if request.method != "POST":
        wanted = _wanted(request)
        # Who is logged in already and was sent here may not see that page; another account may.
        if request.user.is_authenticated and not wanted:
            return redirect("index")
        return _log_in_page(request, LoginForm())
    form = LoginForm(request.POST)
    if not form.is_valid():
        return _log_in_page(request, form)
    known = _verified(request, form.cleaned_data["username"], form.cleaned_data["password"])
    if isinstance(known, OffloadResponse):
        return known
    account, errors = known
    if account is None:
        return _log_in_page(request, with_errors(form, errors))
    _enter(request, account)
    return HttpResponseRedirect(_wanted(request) or reverse("index"))


@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def log_out(request: HttpRequest) -> HttpResponse:
    """Log out; only a form of ours does that, no link."""
    if request.method != "POST":
        return render(request, "perdure/logout.html")
    logout(request)
    messages.info(request, "You have logged out of the website.")
    return redirect("index")


@sensitive_post_parameters()
@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Make an account; whoever made it is logged in."""
    if request.user.is_authenticated:
        return redirect("index")
    if not conf.NEW_ACCOUNT_REGISTRATION_ENABLED:
        return render(request, "perdure/register_closed.html", status=403)
    form = RegisterForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _register_page(request, form)
    done = offloaded(request, "register")
    if done is None:
        data = form.cleaned_data
        check = begin_creation(data["username"], data["password1"], data["email"], address_of(request))
        if check.errors:
            return _register_page(request, with_errors(form, check.errors))
        done = offload(request, "register", lambda: (check, check.hash(data["password1"])))
        if isinstance(done, OffloadResponse):
            return done
    check, encoded = done
    account, errors = check.finish(encoded)
    if account is None:
        return _register_page(request, with_errors(form, errors))
    _enter(request, account)
    messages.success(request, f"Welcome, {account.key}. Your account is ready: step in and play.")
    return redirect("index")


@sensitive_post_parameters()
@csrf_protect
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Another password for who is logged in."""
    form = PasswordForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _password_page(request, form)
    done = offloaded(request, "password")
    if done is None:
        old, new = form.cleaned_data["old_password"], form.cleaned_data["password1"]
        change = begin_password_change(request.user, new)
        if change.errors:
            return _password_page(request, with_errors(form, change.errors, "password1"))
        check = begin(request.user.get_username(), address_of(request))
        if check.errors:
            return _password_page(request, with_errors(form, check.errors))
        done = offload(request, "password", lambda: (check, change, check.verify(old), change.hash(new)))
        if isinstance(done, OffloadResponse):
            return done
    check, change, verdict, encoded = done
    account, errors = check.finish(verdict)
    if account is None:
        wrong = ["This is not your password."] if not verdict.right else errors
        return _password_page(request, with_errors(form, wrong, "old_password"))
    _ok, errors = change.finish(encoded)
    if errors:
        return _password_page(request, with_errors(form, errors))
    update_session_auth_hash(request, account)
    messages.success(request, "Your password is changed. Other browsers have been logged out.")
    return redirect("index")


@sensitive_post_parameters()
@csrf_protect
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_email(request: HttpRequest) -> HttpResponse:
    """Another mail address for who is logged in; the password is asked for, since letters there can replace it."""
    account: Any = request.user
    form = EmailForm(request.POST or None, initial={"email": account.email})
    if request.method != "POST" or not form.is_valid():
        return _email_page(request, form)
    known = _verified(request, account.get_username(), form.cleaned_data["password"])
    if isinstance(known, OffloadResponse):
        return known
    owner, errors = known
    if owner is None:
        wrong = ["This is not your password."] if errors == [WRONG] else errors
        return _email_page(request, with_errors(form, wrong, "password"))
    owner.email = type(owner).objects.normalize_email(form.cleaned_data["email"])
    owner.save(update_fields=["email"])
    security.info("mail address of account #%s changed from %s", owner.pk, address_of(request))
    messages.success(request, "Your mail address is changed." if owner.email else "Your account has no mail address.")
    return redirect("index")


@csrf_protect
@never_cache
@require_POST
def unquell(request: HttpRequest) -> HttpResponse:
    """Take up the powers again that were laid down with `quell`: what the command of this name does."""
    account: Any = request.user
    if not account.is_authenticated:
        return redirect("login")
    if is_quelled(account):
        account.attributes.remove(QUELL_ATTRIBUTE)
        security.info("account #%s unquelled on the website from %s", account.pk, address_of(request))
        account.msg("You take up your powers again (on the website).")
        messages.info(request, "You take up your powers again.")
    return HttpResponseRedirect(_wanted(request) or reverse("index"))


# --- parts of these


def _verified(request: HttpRequest, username: str, password: str) -> OffloadResponse | tuple[Any, list[str]]:
    """The account with this name and password, or None and the reasons; or the wish to be called again."""
    done = offloaded(request, "password")
    if done is None:
        check = begin(username, address_of(request))
        if check.errors:
            return None, check.errors
        done = offload(request, "password", lambda: (check, check.verify(password)))
        if isinstance(done, OffloadResponse):
            return done
    check, verdict = done
    account, errors = check.finish(verdict)
    return account, errors


def _enter(request: HttpRequest, account: Any) -> None:
    login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])


def _wanted(request: HttpRequest) -> str:
    """Where the visitor came from and wants to go back to, if that is a page of this site."""
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else ""


def with_errors(form: SiteForm, errors: list[str], field: str | None = None) -> SiteForm:
    """The form, which says what was wrong."""
    for error in errors:
        form.add_error(field, error)
    return form


def _log_in_page(request: HttpRequest, form: SiteForm) -> HttpResponse:
    return render(request, "perdure/login.html", {"form": form, "next": _wanted(request)})


def _register_page(request: HttpRequest, form: SiteForm) -> HttpResponse:
    return render(request, "perdure/register.html", {"form": form, "rules": password_validators_help_texts()})


def _email_page(request: HttpRequest, form: SiteForm) -> HttpResponse:
    return render(request, "perdure/email_change.html", {"form": form})


def _password_page(request: HttpRequest, form: SiteForm) -> HttpResponse:
    return render(request, "perdure/password_change.html", {"form": form, "rules": password_validators_help_texts()})
