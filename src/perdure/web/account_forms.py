"""The forms of the admin's pages for accounts.

Contract: what a name and a password may be, `perdure.accounts` says, as for every other entrance. A name that the
account has already may stay, whatever the rules are now. Nothing is hashed here.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import ReadOnlyPasswordHashField

from perdure.accounts.passwords import MAX_PASSWORD
from perdure.typeclasses import registry
from perdure.web.typed_object_admin import TypedObjectForm

__all__ = ["AccountAddForm", "AccountForm", "AccountPasswordForm"]

MAX_NAME = 150
NO_PASSWORD = "Leave it empty for an account whose owner chooses one by a link, which you can make afterwards."


class AccountForm(TypedObjectForm):
    """An account that there is."""

    password = ReadOnlyPasswordHashField(help_text="Nobody can read it. You can set another, or hand over a link.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "username" in self.fields:
            self.fields["username"].help_text = "Another name follows the rules for new ones; an old one may stay."

    def clean_username(self) -> str:
        """A name that this account may have."""
        name: str = self.cleaned_data["username"]
        account = self.instance
        if name == account.username:
            return name
        cls = type(account)
        valid, errors = cls.validate_username(name, account=account)
        if not valid:
            raise forms.ValidationError(errors)
        return str(cls.normalize_username(name))

    def _get_validation_exclusions(self) -> set[str]:
        # Django's model has a rule for names of its own, which would refuse old names that stay.
        return {*super()._get_validation_exclusions(), "username"}  # type: ignore[misc]


class _TwoPasswords(forms.Form):
    password1 = forms.CharField(
        label="Password",
        strip=False,
        required=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="Password again",
        strip=False,
        required=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both are the same."""
        data = super().clean() or {}
        if data.get("password1") != data.get("password2"):
            self.add_error("password2", "The two passwords are not the same.")
        return data


class AccountAddForm(_TwoPasswords):
    """A new account."""

    field_order = ("username", "email", "db_typeclass_path", "password1", "password2")

    username = forms.CharField(
        label="Name", max_length=MAX_NAME, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True})
    )
    email = forms.EmailField(label="E-mail", required=False)
    db_typeclass_path = forms.ChoiceField(label="Typeclass")

    def __init__(self, family: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        paths = sorted(cls.path for cls in registry.all_typeclasses(family))
        field: Any = self.fields["db_typeclass_path"]
        field.choices = [(path, path) for path in paths]
        field.initial = registry.default_class(family).path
        self.fields["password1"].help_text = NO_PASSWORD


class AccountPasswordForm(_TwoPasswords):
    """Another password for an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True
