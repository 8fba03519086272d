"""The `create()` class methods: create something for an account, and never raise.

Contract: each returns `(object, [])`, or `(None, [what is wrong, in words])`; then nothing has been created.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from perdure.conf import conf
from perdure.errors import PerdureError
from perdure.objects.creation import ARGUMENTS, create_object
from perdure.objects.matching import ordinals_in
from perdure.objects.models import ObjectDB
from perdure.transactions import transaction

__all__ = ["CharacterMaker", "ExitMaker", "Maker", "misleading"]

logger = logging.getLogger("perdure.objects")

#: Kinds of signs (as Unicode has them) that nobody sees: control, format, half of a pair, private, line ends.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_WORDS = frozenset({"me", "self", "here"})

Made = tuple[Any, list[str]]


def misleading(name: str) -> str | None:
    """Why a name that a player chooses would mislead others, or None.

    Colour codes and line breaks in it could forge what somebody else says, signs that are not seen make it look like
    another's, and `me`, `#3` or `2-sword` are read as something else wherever a name is typed.
    """
    if "|" in name or any(unicodedata.category(sign) in _UNSEEN for sign in name):
        return "A name has no colour codes and no signs that are not seen."
    if name.lower() in _WORDS or name[:1] in "#*=/@" or set(name) & set("=;") or next(ordinals_in(name), None):
        return f"{name} would be taken for something else when somebody types it."
    return None


def _attempt(make: Callable[[], Any]) -> Made:
    try:
        with transaction():
            return make(), []
    except _Refused as refused:
        return None, refused.reasons
    except PerdureError as error:
        return None, [str(error)]
    except Exception as error:  # the boundary of a game's creation hooks
        logger.exception("creating an object failed")
        return None, [f"An error occurred while creating this: {error}"]


class _Refused(Exception):
    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons


def _arguments(cls: Any, key: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """What of `kwargs` `create_object` takes."""
    given = {name: kwargs[name] for name in ARGUMENTS if name in kwargs}
    return {"typeclass": kwargs.get("typeclass") or cls, **given, "key": key}


def _sign(obj: Any, account: Any, kwargs: dict[str, Any]) -> None:
    """Note who made it, from where, and what it looks like."""
    if kwargs.get("ip"):
        obj.db.creator_ip = kwargs["ip"]
    if account is not None:
        obj.db.creator_id = account.id
    if kwargs.get("description"):
        obj.db.desc = kwargs["description"]


class Maker:
    """Creating objects for an account; part of `DefaultObject`."""

    @classmethod
    def get_default_lockstring(cls, account: Any = None, caller: Any = None, **kwargs: Any) -> str:
        """Locks that let the account, or else the caller, control, delete and edit the object, beside admins."""
        owners = []
        if account is not None:
            owners.append(f"pid({account.id})")
        if caller is not None:
            owners.append(f"id({caller.id})")
        who = " or ".join([*owners, "perm(Admin)"])
        return f"control:{who};delete:{who};edit:{who}"

    @classmethod
    def create(cls, key: str, account: Any = None, caller: Any = None, method: str = "create", **kwargs: Any) -> Made:
        """Create one of these.

        Args:
            key: its name.
            account: whose it is.
            caller: who asked for it.
            method: kept for its callers.
            kwargs: `description`, `ip`, `locks`, `typeclass`, and the arguments of `create_object`.

        Returns the object and an empty list, or None and what is wrong.
        """

        def make() -> Any:
            obj = create_object(ObjectDB, **_arguments(cls, key, kwargs))
            if not kwargs.get("locks") and (account is not None or caller is not None or cls._always_locked):
                obj.locks.add(cls.get_default_lockstring(account=account, caller=caller))
            _sign(obj, account, kwargs)
            return obj

        return _attempt(make)

    _always_locked = False


class CharacterMaker:
    """Creating characters for an account; part of `DefaultCharacter`."""

    @classmethod
    def normalize_name(cls, name: str) -> str:
        """The name in Latin letters: accents are dropped, letters of other scripts become "X"."""
        letters = []
        for letter in unicodedata.normalize("NFKD", name):
            if unicodedata.combining(letter):
                continue
            letters.append(letter if letter.isascii() else _LATIN.get(letter, "X" if letter.isalnum() else letter))
        return re.sub(r"\s+", " ", "".join(letters)).strip()

    @classmethod
    def validate_name(cls, name: str, account: Any = None) -> str | None:
        """Why the name cannot be used, or None.

        With an account, it is a player who chooses: a name that another character has is refused, and one that would
        be read as something else, or hides or forges what others see (`misleading`).
        """
        if not name or not name.strip():
            return "A character needs a name."
        if len(name) > 255:
            return "That name is too long."
        objects: Any = cls.objects  # type: ignore[attr-defined]
        if account is not None and (problem := misleading(name)) is not None:
            return problem
        if account is not None and objects.filter_family(db_key__iexact=name).exists():
            return f"|rA character named '|w{name}|r' already exists.|n"
        return None

    @classmethod
    def create(cls, key: str, account: Any = None, caller: Any = None, method: str = "create", **kwargs: Any) -> Made:
        """Create a character; arguments as `DefaultObject.create`.

        With an account it is added to the account's characters, if there is room.
        """

        def make() -> Any:
            name = cls.normalize_name(key)
            problems = [
                problem
                for problem in (
                    cls.validate_name(name, account=account),
                    account.check_available_slots() if account is not None else None,
                )
                if problem
            ]
            if problems:
                raise _Refused(problems)
            arguments = _arguments(cls, name, kwargs)
            arguments.setdefault("permissions", conf.PERMISSION_ACCOUNT_DEFAULT)
            character = create_object(ObjectDB, **arguments)
            if not kwargs.get("locks"):
                character.locks.add(cls.get_default_lockstring(account=account, caller=caller, character=character))
            if account is not None:
                account.characters.add(character)
            _sign(character, account, kwargs)
            return character

        return _attempt(make)

    @classmethod
    def get_default_lockstring(cls, account: Any = None, caller: Any = None, **kwargs: Any) -> str:
        """Locks that let the account play, edit and delete the character, beside admins."""
        character = kwargs.get("character")
        itself = [f"id({character.id})"] if character is not None else []
        owner = [f"pid({account.id})"] if account is not None else []
        puppet = " or ".join([*itself, *owner, "perm(Developer)", "pperm(Developer)"])
        change = " or ".join([*owner, "perm(Admin)"])
        return f"puppet:{puppet};delete:{change};edit:{change}"


# To a type checker the general maker is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    MakerOfAll = Maker
else:
    MakerOfAll = object


class ExitMaker(MakerOfAll):
    """Creating exits; part of `DefaultExit`."""

    @classmethod
    def create(  # type: ignore[override]
        cls,
        key: str,
        location: Any = None,
        destination: Any = None,
        account: Any = None,
        caller: Any = None,
        method: str = "create",
        **kwargs: Any,
    ) -> Made:
        """Create an exit from `location` to `destination`; other arguments as `DefaultObject.create`."""
        places = {
            name: value for name, value in (("location", location), ("destination", destination)) if value is not None
        }
        made: Made = super().create(key, account=account, caller=caller, method=method, **kwargs, **places)
        return made


_LATIN = {
    "ß": "ss",
    "ẞ": "SS",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "ø": "o",
    "Ø": "O",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "ł": "l",
    "Ł": "L",
    "\u0131": "i",
    "\u2018": "'",
    "\u2019": "'",
}
