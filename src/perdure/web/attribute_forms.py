"""Forms in which attributes are edited as text.

A value is shown and typed as the canonical JSON it is stored as (`5`, `"text"`, `[1, 2]`, `{"~tuple": [1, 2]}`), so
that every type can be edited and nothing typed in is ever executed.
"""

from __future__ import annotations

from django import forms

from perdure.errors import InvalidKey, UnreadableValue
from perdure.locks import validate_lockstring
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.values import decode, encode

__all__ = ["AttributeForm"]

LONGEST_VALUE = 65_536


class AttributeForm(forms.ModelForm):  # type: ignore[type-arg]
    """One attribute: key, value as JSON, category and locks."""

    db_value = forms.CharField(
        label="value",
        max_length=LONGEST_VALUE,
        widget=forms.Textarea(attrs={"rows": 1, "cols": 50}),
        help_text='JSON: 5, "text", true, [1, 2], {"a": 1}. Text stands in double quotes.',
    )

    def clean_db_key(self) -> str:
        """The key in normal form."""
        try:
            return normal_key(self.cleaned_data["db_key"])
        except InvalidKey as error:
            raise forms.ValidationError(str(error)) from error

    def clean_db_category(self) -> str | None:
        """The category in normal form."""
        try:
            return normal_category(self.cleaned_data.get("db_category")) or None
        except InvalidKey as error:
            raise forms.ValidationError(str(error)) from error

    def clean_db_value(self) -> str:
        """The value in canonical form."""
        try:
            return encode(decode(self.cleaned_data["db_value"], None)).text
        except UnreadableValue as error:
            raise forms.ValidationError(f"{error} (text stands in double quotes)") from error

    def clean_db_lock_storage(self) -> str:
        """Locks that can be read."""
        text: str = self.cleaned_data.get("db_lock_storage") or ""
        valid, error = validate_lockstring(text)
        if not valid:
            raise forms.ValidationError(str(error))
        return text
