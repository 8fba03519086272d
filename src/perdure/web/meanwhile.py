"""Forms of things that live on while somebody fills the form in.

Contract: a form that was open for an hour changes what was changed in it, and nothing else: what it does not touch
stays as the game has it by now. A field that both have changed is refused, with its value of now; nothing is
overwritten unseen.

The page carries what each field showed when it was loaded (Django's `show_hidden_initial`). A request that does not say
what was shown counts as one that knows.
"""

from __future__ import annotations

from typing import Any

from django import forms

__all__ = ["MeanwhileForm"]


class MeanwhileForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of a live object."""

    #: The fields that the game may change meanwhile; None for all of the object.
    alive: frozenset[str] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.show_hidden_initial = not field.disabled and (self.alive is None or name in self.alive)

    def clean(self) -> dict[str, Any]:
        """Leave out what was not touched, and refuse what somebody else has touched too."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance._state.adding:
            return data
        touched = set(self.changed_data)
        for name in self.live_fields() & data.keys():
            if name not in touched:
                del data[name]
            elif self._differs_from_what_was_shown(name):
                self.add_error(name, f"This has changed meanwhile; it is now: {self[name].initial}")
        return data

    def live_fields(self) -> set[str]:
        """Names of the fields that this concerns."""
        names = {field.name for field in (*self.instance._meta.fields, *self.instance._meta.many_to_many)}
        return names if self.alive is None else names & self.alive

    def _differs_from_what_was_shown(self, name: str) -> bool:
        bound = self[name]
        if bound.html_initial_name not in self.data:
            return False
        shown = bound.field.hidden_widget().value_from_datadict(self.data, self.files, bound.html_initial_name)
        if isinstance(shown, str):
            shown = shown.replace("\r\n", "\n")  # as browsers send what is in a page
        return bool(bound.field.has_changed(bound.initial, shown))
