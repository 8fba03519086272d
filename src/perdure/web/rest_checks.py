"""Django system checks of the settings of the REST interface. They ask nothing where it is not wanted."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.core import checks

from perdure.conf import conf
from perdure.errors import LockException
from perdure.locks.validation import checked_expression

__all__ = ["check_rest"]

_NUMBERS = {"REST_API_BURST": 1, "REST_API_MAX_BODY": 1}


@checks.register(checks.Tags.security)
def check_rest(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """perdure.E010: the REST interface is wanted, and cannot be as it is set up."""
    if not conf.REST_API_ENABLED:
        return []
    found = []
    if find_spec("ninja") is None:
        found.append(("REST_API_ENABLED is True, but django-ninja is not installed.", "pip install 'perdure[rest]'"))
    try:
        checked_expression(str(conf.REST_API_LOCK))
    except LockException as error:
        found.append((f"REST_API_LOCK is no lock: {error}", 'Give an expression, such as "perm(Builder)".'))
    rate = conf.REST_API_RATE
    if rate is not None and not (_is_number(rate) and rate > 0):
        found.append((f"REST_API_RATE is {rate!r}.", "Give a number above 0, or None for no limit."))
    for name, least in _NUMBERS.items():
        value = getattr(conf, name)
        if not (_is_number(value) and value >= least):
            found.append((f"{name} is {value!r}.", f"Give a number of at least {least}."))
    return [checks.Error(message, hint=hint, id="perdure.E010") for message, hint in found]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
