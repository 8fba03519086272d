"""Model forms on live instances: a form that turns out invalid leaves the instance as it was.

A Django model form assigns the cleaned values to its instance before it is known to be valid. On a live instance
those would be seen by everybody and stored by the next save, so they are taken back when the form has errors.

Django has no hook between the assignment and the verdict, so `BaseModelForm._post_clean` is wrapped here, for
instances of shared-memory models only; `tests/idmapper/test_forms.py` fails when Django changes it.
"""

from __future__ import annotations

import functools
from typing import Any

from django.forms.models import BaseModelForm

__all__ = ["install"]


def install() -> None:
    """Wrap Django's model forms; idempotent."""
    original = BaseModelForm._post_clean  # type: ignore[attr-defined]
    if getattr(original, "_restores_live_instances", False):
        return

    @functools.wraps(original)
    def _post_clean(form: Any) -> None:
        instance = form.instance
        shared = hasattr(instance, "__dbclass__") and not instance._state.adding
        before = dict(instance.__dict__.get("_dirty") or ()) if shared else {}
        original(form)
        if shared and form.errors:
            assigned = [name for name in instance.__dict__.get("_dirty") or () if name not in before]
            instance._give_back(assigned, before)

    _post_clean._restores_live_instances = True  # type: ignore[attr-defined]
    BaseModelForm._post_clean = _post_clean  # type: ignore[attr-defined]
