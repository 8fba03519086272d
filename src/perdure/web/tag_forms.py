"""The admin's forms of tags, and of what links them to objects.

Contract: keys and categories are kept in normal form, as the handlers write them, and an object carries tags of its own
kind only. A permission is given by who may: see `may_give_permissions`.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from perdure.errors import InvalidKey
from perdure.locks.permissions import is_effective_superuser
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.tag_model import Tag

__all__ = ["PERMISSION", "TagForm", "TagLinkForm", "may_give_permissions"]

PERMISSION = "permission"
KINDS = ("objectdb", "accountdb", "scriptdb", "channeldb", "msg")
TYPES = (("", "tag"), ("alias", "alias"), (PERMISSION, "permission of the game"))


def may_give_permissions(request: HttpRequest) -> bool:
    """Whether somebody may say who has which permission of the game: a superuser that has not quelled."""
    return is_effective_superuser(request.user)


class TagForm(forms.ModelForm):  # type: ignore[type-arg]
    """A tag that objects can carry."""

    db_model = forms.ChoiceField(label="kind", choices=[(kind, kind) for kind in KINDS])
    db_tagtype = forms.ChoiceField(label="type", choices=TYPES, required=False)

    class Meta:
        model = Tag
        fields = ("db_key", "db_category", "db_tagtype", "db_model", "db_data")

    def clean_db_key(self) -> str:
        """The key in normal form."""
        try:
            return normal_key(self.cleaned_data["db_key"], "tag")
        except InvalidKey as error:
            raise forms.ValidationError(str(error)) from error

    def clean_db_category(self) -> str | None:
        """The category in normal form."""
        try:
            return normal_category(self.cleaned_data.get("db_category"), "tag", 64) or None
        except InvalidKey as error:
            raise forms.ValidationError(str(error)) from error

    def clean_db_tagtype(self) -> str | None:
        """None for a plain tag."""
        return self.cleaned_data.get("db_tagtype") or None

    def clean(self) -> dict[str, Any]:
        """There is one row for each tag."""
        data = super().clean() or {}
        wanted = {name: data.get(name) or "" for name in ("db_key", "db_category", "db_tagtype", "db_model")}
        if not self.errors and Tag.objects.filter(**wanted).exclude(pk=self.instance.pk).exists():
            self.add_error("db_key", "There is this tag already.")
        return data


class TagLinkForm(forms.ModelForm):  # type: ignore[type-arg]
    """That an object carries a tag; `kind` is set by who makes an inline of it."""

    kind = ""

    def clean_tag(self) -> Tag:
        """A tag of this kind of object."""
        tag: Tag = self.cleaned_data["tag"]
        if tag.db_model != self.kind:
            raise forms.ValidationError(f"This is a tag for {tag.db_model or 'nothing'}, not for {self.kind}.")
        return tag
