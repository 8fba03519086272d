"""The pages for who has forgotten a password: asking for a letter, and choosing another password by its link.

Contract: who may, `perdure.accounts.password_resets` says. Whoever asks is answered the same, at once, whether or not
there is such an account; letters leave when the request is committed (`letters`). The token of a link is put into the
session and out of the address before the page is shown, so that neither a history nor another site sees it.

Links begin with `SITE_URL`, else with the host that the request names, which `ALLOWED_HOSTS` allows.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from perdure.accounts.authentication import begin_password_change
from perdure.accounts.password_resets import BANNED, Letter, account_of, begin_reset, used_link
from perdure.conf import conf
from perdure.transactions import on_commit
from perdure.web.account_views import address_of, with_errors
from perdure.web.forms import NewPasswordForm, ResetForm
from perdure.web.letters import LETTERS, mail_is_configured
from perdure.web.offloading import OffloadResponse, offload, offloaded

__all__ = ["ask", "asked", "choose", "site_address"]

#: In the place of the token in the address, once that is in the session.
CHOOSE = "choose"
_TOKEN = "_password_reset_token"


@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a letter with a link."""
    if not mail_is_configured():
        return render(request, "perdure/password_reset_closed.html", {"contact": conf.STAFF_CONTACT_EMAIL})
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        wish = begin_reset(form.cleaned_data["asked"], address_of(request))
        if not wish.errors:
            for letter in wish.letters:
                _send(letter, site_address(request))
            return redirect("password_reset_done")
        with_errors(form, list(wish.errors))
    return render(request, "perdure/password_reset.html", {"form": form})


@never_cache
@require_http_methods(["GET", "HEAD"])
def asked(request: HttpRequest) -> HttpResponse:
    """A letter is on its way, if there is whom to send it to."""
    return render(request, "perdure/password_reset_done.html", {"contact": conf.STAFF_CONTACT_EMAIL})


@sensitive_post_parameters()
@sensitive_variables()
@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Choose another password by the link."""
    if token != CHOOSE:
        if account_of(uid, token) is None:
            return _void(request)
        request.session[_TOKEN] = token
        return redirect("password_reset_confirm", uid=uid, token=CHOOSE)
    account = account_of(uid, str(request.session.get(_TOKEN, "")))
    if account is None:
        return _void(request)
    form = NewPasswordForm(request.POST or None)
    if account.is_banned(ip=address_of(request), username=account.get_username()):
        return render(request, "perdure/password_reset_void.html", {"why": BANNED}, status=403)
    if request.method != "POST" or not form.is_valid():
        return _choose_page(request, form, account)
    new = form.cleaned_data["password1"]
    change = begin_password_change(account, new)
    if change.errors:
        return _choose_page(request, with_errors(form, change.errors, "password1"), account)
    encoded = offloaded(request, "reset") or offload(request, "reset", lambda: change.hash(new))
    if isinstance(encoded, OffloadResponse):
        return encoded
    _done, errors = change.finish(encoded)
    if errors:
        return _choose_page(request, with_errors(form, errors), account)
    used_link(account, address_of(request))
    account.msg("The password of your account was changed on the website, by a link for a forgotten password.")
    logout(request)  # whoever this browser was logged in as; the token goes with it
    messages.success(request, f"Your password is changed, {account.get_username()}. Log in with it.")
    return redirect("login")


# --- parts of these


def site_address(request: HttpRequest) -> str:
    """What a complete address of this site begins with."""
    return str(conf.SITE_URL).rstrip("/") or f"{request.scheme}://{request.get_host()}"


def _send(letter: Letter, begins: str) -> None:
    """Have the letter written and sent once the request is committed."""
    context = {
        "links": [(name, begins + path) for name, path in letter.links],
        "server_name": conf.SERVERNAME,
        "validity": _in_words(settings.PASSWORD_RESET_TIMEOUT),
    }

    def write() -> EmailMessage:
        subject = " ".join(render_to_string("perdure/password_reset_subject.txt", context).split())
        return EmailMessage(
            subject, render_to_string("perdure/password_reset_letter.txt", context), to=[letter.address]
        )

    on_commit(lambda: LETTERS.send(write))


def _in_words(seconds: int) -> str:
    return f"{seconds // 3600} hours" if seconds >= 2 * 3600 else f"{seconds // 60} minutes"


def _void(request: HttpRequest) -> HttpResponse:
    return render(request, "perdure/password_reset_void.html", status=410)


def _choose_page(request: HttpRequest, form: Any, account: Any) -> HttpResponse:
    context = {"form": form, "name": account.get_username(), "rules": password_validators_help_texts()}
    return render(request, "perdure/password_reset_choose.html", context)
