"""The tables of accounts and of what belongs to them. `AccountDB` is Django's user model.

Contract: an account has one name, in the column `username`; no two share it, upper and lower case being the same.
`key` and `name` read and write it. `db_key`, which every entity has, is a column that the database itself generates
from `username`: so it cannot differ from it, whoever writes the row, and queries by `db_key` work for accounts too. In
memory it is the same attribute as `username`: assigning one is assigning the other.

Failure modes: `NameTaken` for the name of another account (memory stays as it was), `InvalidKey` for a blank one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractUser
from django.db import models

from perdure import signals
from perdure.accounts.access_records import KnownAddress, ThrottleRecord
from perdure.accounts.django_permissions import DjangoPermissions
from perdure.accounts.managers import MAX_NAME, AccountDBManager
from perdure.accounts.sessions import AccountSessionHandler
from perdure.accounts.token_model import AccessToken
from perdure.transactions import transaction
from perdure.typeclasses.attribute_model import Attribute, attribute_constraints, attribute_indexes
from perdure.typeclasses.cmdsets import CmdSetHandler
from perdure.typeclasses.handlers import lazy_handler
from perdure.typeclasses.models import TypedObject
from perdure.typeclasses.unique_names import FoldedField, UniqueName, checked_name

__all__ = ["AccessToken", "AccountAttribute", "AccountDB", "KnownAddress", "ThrottleRecord"]

NAME = "username"


class AccountDB(UniqueName, TypedObject, DjangoPermissions, AbstractUser):
    """An account: somebody who plays."""

    __settingsclass__ = "BASE_ACCOUNT_TYPECLASS"
    __defaultclasspath__ = "perdure.accounts.accounts.DefaultAccount"
    __applabel__ = "accounts"

    name_source = NAME

    db_key = models.GeneratedField(
        verbose_name="key",
        expression=models.F(NAME),  # type: ignore[arg-type]
        output_field=models.CharField(max_length=255),
        db_persist=True,
        db_index=True,
    )
    db_folded = FoldedField("folded name", source=NAME)
    db_is_connected = models.BooleanField("connected", default=False)
    db_cmdset_storage = models.CharField("command sets", max_length=255, null=True, blank=True)
    db_is_bot = models.BooleanField("bot", default=False)

    # For type checkers: what the metaclass makes of the fields. Assigning saves.
    is_connected: bool
    is_bot: bool

    objects: ClassVar[Any] = AccountDBManager()
    unscoped: ClassVar[Any] = AccountDBManager()

    _library_init = True

    class Meta(TypedObject.Meta):
        app_label = "accounts"
        verbose_name = "Account"
        verbose_name_plural = "Accounts"

    sessions = lazy_handler(AccountSessionHandler, "The sessions that this account is logged in on.")
    cmdset = lazy_handler(CmdSetHandler, "The command sets of this account.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "db_key" in kwargs:
            key = kwargs.pop("db_key")
            kwargs.setdefault(NAME, key)
        super().__init__(*args, **kwargs)

    # --- one name

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(NAME if name == "db_key" else name, value)

    def _attnames(self, wanted: Iterable[str]) -> tuple[str, ...]:
        return super()._attnames(frozenset(NAME if name == "db_key" else name for name in wanted))

    @property
    def key(self) -> str:
        """The name; assigning saves it, then calls `at_rename` and sends both rename signals."""
        return self.username

    @key.setter
    def key(self, value: str) -> None:
        name = checked_name(value, "the name of an account", MAX_NAME)
        old = self.username
        with transaction(using=self._state.db):
            self._rename(NAME, name, signals.SIGNAL_ACCOUNT_POST_RENAME, "old_name", "new_name")
            if old != name:
                signals.SIGNAL_TYPED_OBJECT_POST_RENAME.send(sender=self, old_key=old, new_key=name)

    @property
    def uid(self) -> int | None:
        """The id."""
        return self.pk

    def _label(self) -> str:
        return super()._label() if self._is_deleted else f"{self.username}(account {self.pk})"

    # --- passwords

    def check_password(self, raw_password: str | None) -> bool:
        """Whether this is the password. A hash made in an old way is made anew, which is no change of password."""

        def renew(raw: str) -> None:
            self.password = make_password(raw)
            self.save(update_fields=["password"])

        return check_password(raw_password, self.password, renew)

    def _fields_changed(self, old: dict[str, Any]) -> None:
        super()._fields_changed(old)
        raw = self.__dict__.get("_password")
        if "password" in old and raw is not None:
            self._password = None
            password_validation.password_changed(raw, self)

    # --- the rest

    @property
    def cmdset_storage(self) -> list[str]:
        """Paths of the persistent command sets, default first; takes a list or text with commas."""
        stored = self.db_cmdset_storage
        return [path.strip() for path in stored.split(",")] if stored else []

    @cmdset_storage.setter
    def cmdset_storage(self, value: str | Iterable[str] | None) -> None:
        text = value if isinstance(value, str) else ",".join(value or ())
        self._assign_and_save(self._meta.get_field("db_cmdset_storage"), text or None)

    @cmdset_storage.deleter
    def cmdset_storage(self) -> None:
        self.cmdset_storage = None

    def _pinned(self) -> str | None:
        reason: str | None = super()._pinned()
        return "connected" if reason is None and self.sessions.count() else reason


def _same_as_username(account: Any) -> str:
    """The name; the database generates the column `db_key` from it."""
    return account.username  # type: ignore[no-any-return]


AccountDB.db_key = property(_same_as_username)  # type: ignore[assignment]


class AccountAttribute(Attribute):
    """An attribute of an account."""

    # The unique constraint begins with the owner: an index of the owner alone would be a second one.
    owner = models.ForeignKey(
        "accounts.AccountDB", related_name="db_attributes", on_delete=models.CASCADE, db_index=False
    )

    class Meta(Attribute.Meta):
        app_label = "accounts"
        constraints = attribute_constraints("accounts")
        indexes = attribute_indexes("accounts")
