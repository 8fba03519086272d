"""The forms of the site: logging in, registering, changing or replacing a password.

They check that everything is there and fits together. What is right (names, passwords, bans, throttles) is for the
service of `perdure.accounts` to say, as for every other entrance.
"""

from __future__ import annotations

from typing import Any

from django import forms

from perdure.accounts.passwords import MAX_PASSWORD

__all__ = ["EmailForm", "LoginForm", "NewPasswordForm", "PasswordForm", "RegisterForm", "ResetForm"]

MAX_NAME = 150


def _password(label: str, autocomplete: str, **kwargs: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=MAX_PASSWORD, widget=widget, **kwargs)


def _name(**attrs: Any) -> forms.CharField:
    attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", **attrs}
    return forms.CharField(label="Name", max_length=MAX_NAME, widget=forms.TextInput(attrs=attrs))


class SiteForm(forms.Form):
    """A form whose fields have room for what browsers fill in."""

    required_css_class = "required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


class _TwicePassword(SiteForm):
    """A new password, typed twice."""

    def clean(self) -> dict[str, Any]:
        """Both are the same."""
        data = super().clean() or {}
        first, second = data.get("password1"), data.get("password2")
        if first and second and first != second:
            self.add_error("password2", "The two passwords are not the same.")
        return data


class LoginForm(SiteForm):
    """Name and password."""

    username = _name(autofocus=True)
    password = _password("Password", "current-password")


class RegisterForm(_TwicePassword):
    """A new account."""

    username = _name(autofocus=True)
    password1 = _password("Password", "new-password")
    password2 = _password("Password again", "new-password")
    email = forms.EmailField(
        label="E-mail (optional)", required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class ResetForm(SiteForm):
    """Whose password is forgotten."""

    asked = forms.CharField(
        label="Name or e-mail address",
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )


class NewPasswordForm(_TwicePassword):
    """A password in the place of one that is forgotten."""

    password1 = _password("New password", "new-password")
    password2 = _password("New password again", "new-password")


class EmailForm(SiteForm):
    """Another mail address, which letters about a forgotten password go to."""

    password = _password("Your password", "current-password")
    email = forms.EmailField(
        label="E-mail (empty for none)", required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class PasswordForm(_TwicePassword):
    """Another password for the account that is logged in."""

    old_password = _password("Password until now", "current-password")
    password1 = _password("New password", "new-password")
    password2 = _password("New password again", "new-password")
