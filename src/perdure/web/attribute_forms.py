"""Forms in which attributes are edited as text.

A value is shown and typed as the canonical JSON it is stored as (`5`, `"text"`, `[1, 2]`, `{"~tuple": [1, 2]}`), so
that every type can be edited and nothing typed in is ever executed.
"""

from __future__ import annotations

from typing import Any

from django import forms

from perdure.errors import InvalidKey, UnreadableValue
from perdure.locks import validate_lockstring
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.values import decode, encode
from perdure.web.meanwhile import MeanwhileForm

__all__ = ["AttributeForm", "AttributeFormSet", "readable_locks"]

LONGEST_VALUE = 65_536


def readable_locks(text: str | None) -> str:
    """The text of a form's field, if it is a lockstring. Raises Django's `ValidationError`."""
    valid, error = validate_lockstring(text or "")
    if not valid:
        raise forms.ValidationError(str(error))
    return text or ""


class AttributeForm(MeanwhileForm):
    """One attribute: key, value as JSON, category and locks."""

    alive = frozenset({"db_value", "db_lock_storage"})

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
        return readable_locks(self.cleaned_data.get("db_lock_storage"))


class AttributeFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The attributes of one object."""

    def clean(self) -> None:
        """No two have one key and category: neither on the page, nor one on it and one that came meanwhile."""
        super().clean()
        table: Any = self.model
        rows = table._base_manager.filter(owner=self.instance.pk, db_attrtype="")
        held = {(key, category or ""): pk for pk, key, category in rows.values_list("pk", "db_key", "db_category")}
        kept = [form for form in self.forms if form not in self.deleted_forms and form.has_changed()]
        for form in self.deleted_forms:
            held.pop((form.instance.db_key, form.instance.db_category or ""), None)
        for form in kept:
            if "db_key" not in form.cleaned_data:
                continue
            name = (form.cleaned_data["db_key"], form.cleaned_data.get("db_category") or "")
            if held.get(name, form.instance.pk) != form.instance.pk or (form.instance.pk is None and name in held):
                form.add_error("db_key", "There is an attribute of this key and category already.")
            held[name] = form.instance.pk
