"""`account.options`: what an account may choose, by the setting `OPTIONS_ACCOUNT_DEFAULT`.

Contract: each option of the setting is `key: (description, type, default)`. What an account has chosen is an attribute
in the category `option`; an option that it never chose has the default. The types are in one table below, and a game
adds its own with `register_option_type`.

Failure modes: `InvalidArgument` for a value that does not fit, naming what does; `AttributeMissing` for an option that
does not exist, where that was asked for.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from perdure.conf import conf
from perdure.errors import AttributeMissing, ConfigurationError, InvalidArgument, ReadOnlyProperty
from perdure.typeclasses.handlers import OwnerRef

__all__ = ["CATEGORY", "Option", "OptionHandler", "register_option_type"]

CATEGORY = "option"
#: Longer numbers are no settings, and Python reads some thousand digits only.
MOST_DIGITS = 15
_YES, _NO = frozenset({"1", "true", "yes", "on", "y", "t"}), frozenset({"0", "false", "no", "off", "n", "f"})


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _YES | _NO:
        raise InvalidArgument("give yes or no")
    return text in _YES


def _text(value: Any) -> str:
    return str(value)


def _color(value: Any) -> str:
    text = str(value).strip().lstrip("|")
    if not re.fullmatch(r"[rRgGyYbBmMcCwWxXn]|=?[a-z]|[0-5]{3}", text):
        raise InvalidArgument("give the code of a color, such as r, G or 520")
    return text


def _timezone(value: Any) -> str:
    text = str(value).strip()
    found = _zones().get(text.lower())
    if found is not None:
        return found
    raise InvalidArgument("give the name of a time zone, such as Europe/Stockholm")


@cache
def _zones() -> dict[str, str]:
    """The time zones by their names in lower case; the system's files are looked through once."""
    return {name.lower(): name for name in sorted(zoneinfo.available_timezones())}


def _whole(least: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        text = str(value).strip()
        if not text.isdecimal() or len(text) > MOST_DIGITS or int(text) < least:
            raise InvalidArgument(f"give a whole number of {least} or more, with {MOST_DIGITS} digits at most")
        return int(text)

    return check


def _email(value: Any) -> str:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    text = str(value).strip()
    try:
        validate_email(text)
    except ValidationError as error:
        raise InvalidArgument("give an e-mail address") from error
    return text


_types: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "text": _text,
    "color": _color,
    "timezone": _timezone,
    "email": _email,
    "unsignedinteger": _whole(0),
    "positiveinteger": _whole(1),
}


def register_option_type(name: str, check: Callable[[Any], Any]) -> None:
    """Add a type of option.

    Args:
        name: what the setting calls it; case does not matter.
        check: turns what was given into what is stored, and raises `InvalidArgument` saying what fits.
    """
    _types[name.lower()] = check


@dataclass(frozen=True, slots=True)
class Option:
    """One option of one account."""

    key: str
    description: str
    type: str
    value: Any
    default: Any

    @property
    def changed(self) -> bool:
        """Whether the account chose another value than the default."""
        return bool(self.value != self.default)

    def __str__(self) -> str:
        return str(self.value)


class OptionHandler:
    """The options of one account; each also is an attribute of this handler."""

    __slots__ = ("__weakref__", "_owner")

    _owner: OwnerRef

    def __init__(self, owner: Any) -> None:
        object.__setattr__(self, "_owner", OwnerRef(owner))

    def get(self, key: str, default: Any = None, return_obj: bool = False, raise_error: bool = False) -> Any:
        """The value of an option.

        Args:
            key: which one.
            default: given for an option that does not exist.
            return_obj: give the `Option` instead of its value.
            raise_error: raise `AttributeMissing` for an option that does not exist.
        """
        if key not in self._settings():
            if raise_error:
                raise AttributeMissing(f"there is no option {key!r}; there are: {', '.join(sorted(self._settings()))}")
            return default
        option = self._option(key)
        return option if return_obj else option.value

    def set(self, key: str, value: Any, **kwargs: Any) -> Any:
        """Choose a value; returns what is stored.

        Raises `InvalidArgument` for an option that does not exist, or a value that does not fit.
        """
        settings = self._settings()
        if key not in settings:
            raise InvalidArgument(f"there is no option {key!r}; there are: {', '.join(sorted(settings))}")
        try:
            checked = self._check(key)(value)
        except InvalidArgument as error:
            raise InvalidArgument(f"option {key} cannot be {value!r}: {error}") from error
        self._owner().attributes.add(key, checked, category=CATEGORY)
        return checked

    def all(self, return_objs: bool = False) -> list[Any]:
        """The keys of all options, sorted; or the options."""
        keys = sorted(self._settings())
        return [self._option(key) for key in keys] if return_objs else keys

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_") or key not in self._settings():
            raise AttributeError(f"there is no option {key!r}")
        return self.get(key)

    def __setattr__(self, key: str, value: Any) -> None:
        if key.startswith("_"):
            raise ReadOnlyProperty(f"{key!r} cannot be an option")
        self.set(key, value)

    def _option(self, key: str) -> Option:
        description, kind, default = self._settings()[key]
        stored = self._owner().attributes.get(key, category=CATEGORY)
        value = default if stored is None else stored
        return Option(key, str(description), str(kind), value, default)

    def _check(self, key: str) -> Callable[[Any], Any]:
        kind = str(self._settings()[key][1])
        check = _types.get(kind.lower())
        if check is None:
            raise ConfigurationError(
                f"OPTIONS_ACCOUNT_DEFAULT[{key!r}] has the type {kind!r}; there are: {', '.join(sorted(_types))}. "
                "Add it with register_option_type"
            )
        return check

    @staticmethod
    def _settings() -> dict[str, Any]:
        return conf.OPTIONS_ACCOUNT_DEFAULT  # type: ignore[no-any-return]
