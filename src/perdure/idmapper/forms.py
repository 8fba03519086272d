"""Model forms on live instances: what a form assigned and nobody saved does not stay.

A Django model form assigns the cleaned values to its instance before it is known to be valid. On a live instance
those would be seen by everybody and stored by the next save, so they are taken back when the form has errors; and at
the end of the request when nobody has saved them (the admin keeps a valid form unsaved when another on the page is
not).

Django has no hook between the assignment and the verdict, so `BaseModelForm._post_clean` is wrapped here, for
instances of shared-memory models only; `tests/idmapper/test_forms.py` fails when Django changes it.
"""

from __future__ import annotations

import functools
from typing import Any

from asgiref.local import Local
from django.core.signals import request_finished, request_started
from django.forms.models import BaseModelForm

__all__ = ["install"]

# `assigned`: what forms have assigned in the request that is being answered; absent outside of one.
_request = Local()


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
        if not shared:
            return
        names = [name for name in instance.__dict__.get("_dirty") or () if name not in before]
        if form.errors:
            instance._give_back(names)
        elif hasattr(_request, "assigned"):
            _request.assigned.append((instance, {name: instance.__dict__[name] for name in names}))

    _post_clean._restores_live_instances = True  # type: ignore[attr-defined]
    BaseModelForm._post_clean = _post_clean  # type: ignore[attr-defined]
    request_started.connect(_begin, dispatch_uid="perdure.idmapper.forms")
    request_finished.connect(_finish, dispatch_uid="perdure.idmapper.forms")


def _begin(**kwargs: Any) -> None:
    _request.assigned = []


def _finish(**kwargs: Any) -> None:
    """Take back what is still unsaved and as the form left it."""
    for instance, values in getattr(_request, "assigned", ()):
        held = instance.__dict__
        instance._give_back([name for name, value in values.items() if held.get(name) is value])
    if hasattr(_request, "assigned"):
        del _request.assigned
