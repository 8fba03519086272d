"""How an account comes to be: names and passwords that are allowed, and everything that is set up with it.

In three steps, so that hashing can leave the thread of the game; `Account.create` does all three at once:

    check = begin_creation(username, password, email, ip)  # game thread: rules, throttle, bans; `check.errors`
    encoded = check.hash(password)                          # any thread
    account, errors = check.finish(encoded)                 # game thread: makes everything

Contract: nothing raises for what somebody typed: there is `(account, [])` or `(None, [reasons])`. The account, its
subscriptions and its first character are one transaction, so a refusal leaves nothing behind.

Failure modes: a name that is taken between the steps is refused at the last one, and the throttle is asked again.
"""

from __future__ import annotations

import logging
import unicodedata
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string

from perdure import signals
from perdure.accounts import bans, passwords
from perdure.accounts.managers import check_new_password
from perdure.accounts.throttle import CREATION_THROTTLE, NAME_THROTTLE
from perdure.conf import conf
from perdure.errors import InvalidKey, LockException, NameTaken, PerdureError
from perdure.idmapper.wrappers import dbref_number
from perdure.transactions import transaction
from perdure.typeclasses import registry
from perdure.typeclasses.unique_names import FOLDED, fold

__all__ = ["CreationCheck", "CreationRefused", "Registration", "begin_creation", "name_errors", "object_of"]

logger = logging.getLogger("perdure.accounts")
security = logging.getLogger("perdure.security")

TOO_MANY = "You are creating too many accounts. Wait a while before you try again."
TOO_MANY_NAMES = "You have asked for many names that are taken. Wait a while before you try another."
TAKEN = "Somebody has this name already. Choose another."
BANNED = "You have been banned and cannot create an account."
#: Commands take these for who types them (`caller.search`), so nobody could be reached under such a name.
SELF_WORDS = frozenset({"me", "self", "here"})
CLOSED = "New accounts cannot be made here at present."


class CreationRefused(PerdureError):
    """Undoes a creation; carries what to tell whoever asked."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors
        super().__init__("; ".join(errors))


class CreationCheck:
    """The wish for an account, between its steps.

    Attributes:
        errors: why it is refused; empty if the account can be made.
        username: the name in its normal form.
    """

    def __init__(self, account_class: Any, username: str, arguments: dict[str, Any]) -> None:
        self.errors: list[str] = []
        self.username = username
        self._class = account_class
        self._arguments = arguments
        self._guest = bool(arguments.get("guest"))

    @property
    def ip(self) -> str:
        """Where the wish came from."""
        return self._arguments.get("ip") or ""

    def refusals(self, password: Any, needs_password: bool = True) -> list[str]:
        """What speaks against it."""
        if CREATION_THROTTLE.check(self.ip):
            return [TOO_MANY]
        if self._class.is_banned(ip=self.ip, username=self.username):
            return [BANNED]
        if not self._guest and (errors := name_errors(self.username, self.ip, self._class)):
            return errors
        if password is None and not needs_password:
            return []
        valid, error = self._class.validate_password(
            password or "", account=self._class.__dbclass__(username=self.username)
        )
        return [] if valid else list(getattr(error, "messages", None) or [str(error)])

    def hash(self, password: str | None) -> str:
        """What will be stored of the password; of None, something that no password opens. Any thread may run it."""
        return passwords.hash_password(password)

    def finish(self, encoded: str) -> tuple[Any, list[str]]:
        """Make the account: `(account, [])`, or `(None, [reasons])`."""
        if not self.errors and not self._guest and CREATION_THROTTLE.check(self.ip):
            self.errors = [TOO_MANY]
        if self.errors:
            return None, self.errors
        try:
            with transaction():
                account = self._class._create_all(self.username, self._arguments, self.ip, encoded)
        except CreationRefused as refused:
            return None, refused.errors
        except NameTaken:
            return None, [TAKEN]
        except (InvalidKey, LockException, ValidationError, ValueError) as error:
            return None, getattr(error, "messages", None) or [str(error)]
        except Exception:  # boundary of user code: the creation hooks of a game
            logger.exception("the account %r could not be created", self.username)
            return None, ["The account could not be created because of an error; it has been logged."]
        if not self._guest:
            CREATION_THROTTLE.update(self.ip)
        security.info("account created: %s (#%s) from %s", account.key, account.pk, self.ip or "unknown")
        return account, []


def name_errors(username: str, ip: str = "", account_class: Any = None) -> list[str]:
    """Why nobody may take this name; an empty list if somebody may.

    Who asks for names that are taken, one after the other, wants to know which there are: that is counted by address.

    Args:
        username: as it was typed.
        ip: where from.
        account_class: whose rules count; the game's account class if not given.
    """
    cls = account_class or registry.default_class(apps.get_model("accounts", "AccountDB"))
    if NAME_THROTTLE.check(ip):
        return [TOO_MANY_NAMES]
    _, errors = cls.validate_username(username)
    if TAKEN in errors:
        NAME_THROTTLE.update(ip)
    return list(errors)


def begin_creation(
    username: str,
    password: str | None,
    email: str = "",
    ip: str = "",
    account_class: Any = None,
    by_staff: bool = False,
    **arguments: Any,
) -> CreationCheck:
    """Begin to make an account; look at `.errors` of what comes back, then `hash` and `finish` it.

    Args:
        username, password, email: as they were typed.
        ip: where from; counted by the throttle.
        account_class: whose rules count; the game's account class if not given.
        by_staff: it is made for somebody else: also where players make none, and with None for a password it waits
            for its owner to choose one (`password_resets.reset_path`).
        **arguments: others of `Account.create`.
    """
    check = _begin(account_class, username, password, {**arguments, "email": email, "ip": ip}, not by_staff)
    if by_staff:
        return check
    if not conf.NEW_ACCOUNT_REGISTRATION_ENABLED and not check.errors:
        check.errors = [CLOSED]
    return check


def _begin(
    account_class: Any, username: str, password: Any, arguments: dict[str, Any], needs_password: bool = True
) -> CreationCheck:
    cls = account_class or registry.default_class(apps.get_model("accounts", "AccountDB"))
    check = CreationCheck(cls, cls.normalize_username(username or ""), arguments)
    check.errors = check.refusals(password, needs_password)
    return check


class Registration:
    """Making accounts; part of `DefaultAccount`."""

    @classmethod
    def create(cls: Any, *args: Any, **kwargs: Any) -> tuple[Any, list[str]]:
        """Make an account as a player asks for it: `(account, [])`, or `(None, [reasons])`.

        Args:
            username, password, email: what was typed.
            ip: where from; counted by the throttle.
            guest: skip the rules for names.
            permissions: instead of `PERMISSION_ACCOUNT_DEFAULT`.
            typeclass: class or path; this class if not given.
            character_typeclass: of its first character.
        """
        given = {**dict(zip(("username", "password", "email", "ip"), args, strict=False)), **kwargs}
        password = given.pop("password", None)
        check = _begin(cls, given.pop("username", ""), password, given)
        return (None, check.errors) if check.errors else check.finish(check.hash(password))

    @classmethod
    def _create_all(cls: Any, username: str, given: dict[str, Any], ip: str, encoded: str) -> Any:
        arguments = {} if given.get("permissions") is None else {"permissions": given["permissions"]}
        account = cls.__dbclass__.objects.create_account(
            username,
            given.get("email"),
            typeclass=given.get("typeclass") or cls,
            encoded_password=encoded,
            **arguments,
        )
        account.db.FIRST_LOGIN = True
        if ip:
            account.db.creator_ip = ip
        account._join_default_channels()
        if conf.AUTO_CREATE_CHARACTER_WITH_ACCOUNT or given.get("guest"):
            wanted = {"typeclass": given["character_typeclass"]} if given.get("character_typeclass") else {}
            wanted.update(given.get("character") or {})
            character, errors = account.create_character(ip=ip, **wanted)
            if character is None:
                raise CreationRefused(errors or ["The character could not be created."])
        signals.SIGNAL_ACCOUNT_POST_CREATE.send(sender=account, ip=ip)
        return account

    def _join_default_channels(self: Any) -> None:
        """Subscribe to the default channels that the account may listen to; trouble is logged."""
        channels = apps.get_model("comms", "ChannelDB").objects
        for arguments in conf.DEFAULT_CHANNELS:
            channel = channels.filter(**{FOLDED: fold(arguments["key"])}).first()
            if channel is None:
                continue
            try:
                with transaction(using=self._state.db):
                    channel.connect(self)
            except Exception:  # boundary of user code: a channel must not keep anybody out of the game
                logger.exception("%r could not join the channel %r", self, arguments["key"])

    # --- what is allowed

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """The name composed in one way (NFKC), with single spaces inside and none around."""
        return " ".join(unicodedata.normalize("NFKC", username).split())

    @classmethod
    def get_username_validators(cls, validator_config: Any = None) -> list[Any]:
        """The validators of `AUTH_USERNAME_VALIDATORS`, or of another list of that form."""
        config = conf.AUTH_USERNAME_VALIDATORS if validator_config is None else validator_config
        return [import_string(entry["NAME"])(**entry.get("OPTIONS", {})) for entry in config]

    @classmethod
    def validate_username(cls: Any, username: str, account: Any = None) -> tuple[bool, list[str]]:
        """Whether somebody may take this name: `(True, [])`, or False and the reasons.

        Args:
            username: the name; judged in its normal form.
            account: who would take it instead of its own, which is not taken for this one.
        """
        username = cls.normalize_username(username)
        if not username:
            return False, ["Give a name."]
        errors: list[str] = []
        for validator in cls.get_username_validators():
            try:
                validator(username)
            except ValidationError as error:
                errors += error.messages
        folded = fold(username)
        if folded in SELF_WORDS:
            errors.append(f"{username} means whoever types it. Choose another name.")
        if folded in {fold(name) for name in conf.GUEST_LIST} and conf.GUEST_ENABLED:
            errors.append("This name is kept for guests.")
        others = cls.__dbclass__.objects.filter(**{FOLDED: folded})
        if (others if account is None else others.exclude(pk=account.pk)).exists():
            errors.append(TAKEN)
        return not errors, errors

    @classmethod
    def validate_password(cls: Any, password: str, account: Any = None) -> tuple[bool, Any]:
        """Whether this password is allowed: `(True, None)`, or False and the `ValidationError`."""
        try:
            check_new_password(cls.__dbclass__, password, account.username if account is not None else "")
        except ValidationError as error:
            return False, error
        except ValueError as error:
            return False, ValidationError(str(error))
        return True, None

    @classmethod
    def is_banned(cls, **kwargs: Any) -> bool:
        """Whether a name (`username`) or an address (`ip`) is banned."""
        return bans.is_banned(ip=kwargs.get("ip") or "", username=kwargs.get("username") or "")

    # --- characters

    def create_character(self: Any, *args: Any, **kwargs: Any) -> tuple[Any, list[str]]:
        """Make a character for this account: `(character, [])`, or `(None, [reasons])`.

        Args:
            key: its name; that of the account if not given.
            typeclass: class or path; `default_character_typeclass` if not given.
            permissions: those of the account if not given.
            location: where it begins; `START_LOCATION` if not given.
            ip: kept with it.
            **kwargs: other arguments of `create_object`.
        """
        error = self.check_available_slots(**kwargs)
        if error:
            return None, [error]
        kwargs["key"] = args[0] if args else kwargs.get("key") or self.key
        kwargs.setdefault("permissions", self.permissions.all())
        model = apps.get_model("objects", "ObjectDB")
        if "location" not in kwargs:
            kwargs["location"] = object_of(conf.START_LOCATION)
        ip = kwargs.get("ip") or ""
        typeclass = kwargs.pop("typeclass", None) or self.default_character_typeclass
        with transaction(using=self._state.db):
            character, errors = registry.resolve(typeclass, model).create(account=self, **kwargs)
            if character is not None:
                self.at_post_create_character(character, ip=ip)
        return character, errors

    def at_post_create_character(self: Any, character: Any, **kwargs: Any) -> None:
        """Called after a character was made for this account: it becomes playable, the first one at the next login.

        Args:
            character: the new one.
            ip: where the wish came from.
        """
        self.characters.add(character)
        if self.db._last_puppet is None:
            self.db._last_puppet = character
        if not character.access(self, "puppet", no_superuser_bypass=True):
            character.locks.append("puppet", f"id({character.pk}) or pid({self.pk})")
        security.info("character created: %s by %s", character.dbref, self.key)

    def get_character_slots(self) -> int | None:
        """How many characters the account may have; None for any number."""
        return conf.MAX_NR_CHARACTERS  # type: ignore[no-any-return]

    def get_available_character_slots(self: Any) -> int | None:
        """How many more it may have; None for any number."""
        slots = self.get_character_slots()
        return None if slots is None else max(0, slots - self.characters.count())

    def check_available_slots(self: Any, **kwargs: Any) -> str | None:
        """Why it may not have another one, or None. Superusers and developers always may."""
        available = self.get_available_character_slots()
        if available is None or available > 0 or self.check_permstring("Developer"):
            return None
        return f"You may have only {self.get_character_slots()} character(s)."


def object_of(setting: Any) -> Any:
    """The object that a setting names, or None where there is none yet."""
    number = dbref_number(setting)
    return None if number is None else apps.get_model("objects", "ObjectDB").objects.filter(pk=number).first()
