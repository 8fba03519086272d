"""Finding and making accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from perdure.accounts.passwords import MAX_PASSWORD
from perdure.errors import InvalidArgument
from perdure.idmapper.wrappers import dbref_number
from perdure.transactions import transaction
from perdure.typeclasses import registry
from perdure.typeclasses.applied_arguments import create_many, normal_labels
from perdure.typeclasses.creation import NOT_GIVEN
from perdure.typeclasses.managers import TypeclassManager, TypedObjectManager, TypedObjectQuerySet
from perdure.typeclasses.unique_names import FOLDED, UniqueNameQuerySet, checked_name, fold

__all__ = ["AccountDBManager", "AccountManager", "AccountQuerySet"]

MAX_NAME = 150
_LABELS = ("locks", "permissions", "tags", "attributes")


class AccountQuerySet(UniqueNameQuerySet, TypedObjectQuerySet):  # type: ignore[override]
    """A queryset of accounts."""

    def update(self, **values: Any) -> int:
        """Django's `update()`; `db_key` and `username` are one."""
        if "db_key" in values:
            values["username"] = values.pop("db_key")
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]


class AccountDBManager(TypedObjectManager.from_queryset(AccountQuerySet), BaseUserManager[Any]):  # type: ignore[misc]
    """Manager of all accounts."""

    # --- as Django's user manager

    def get_by_natural_key(self, username: str | None) -> Any:
        """The account with this name, in any case. Raises `DoesNotExist`."""
        return self.get(**{FOLDED: fold(username or "")})

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **extra_fields: Any
    ) -> Any:
        """Make an account as Django does: no password check; hooks run. Extra fields are saved with it."""
        extra_fields.setdefault("is_staff", False)
        extra_fields.setdefault("is_superuser", False)
        return self._make(username, email, make_password(password), None, {}, extra_fields)

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra_fields: Any
    ) -> Any:
        """Make an account that may do everything. Raises `InvalidArgument` for flags that say otherwise."""
        for flag in ("is_staff", "is_superuser"):
            if extra_fields.setdefault(flag, True) is not True:
                raise InvalidArgument(f"create_superuser(… {flag}={extra_fields[flag]!r}): a superuser has {flag}=True")
        return self._make(username, email, make_password(password), None, {}, extra_fields)

    # --- finding

    def num_total_accounts(self) -> int:
        """How many accounts there are."""
        return int(self.count())

    def get_connected_accounts(self) -> Any:
        """The accounts that are connected now."""
        return self.filter(db_is_connected=True)

    def get_recently_created_accounts(self, days: float = 7) -> Any:
        """The accounts made in the last `days` days, newest first."""
        return self.filter(date_joined__gte=timezone.now() - timedelta(days=days)).order_by("-date_joined")

    def get_recently_connected_accounts(self, days: float = 7) -> Any:
        """The accounts that logged in in the last `days` days, latest first."""
        return self.filter(last_login__gte=timezone.now() - timedelta(days=days)).order_by("-last_login")

    def get_account_from_email(self, uemail: str) -> Any:
        """The accounts with this address (case does not matter); none for a blank one."""
        return self.filter(email__iexact=uemail.strip()) if uemail and uemail.strip() else self.none()

    def get_account_from_uid(self, uid: Any) -> Any:
        """The account with this id or dbref, or None."""
        number = dbref_number(uid)
        return None if number is None else self.filter(pk=number).first()

    def get_account_from_name(self, uname: str) -> Any:
        """The account with this name (case does not matter), or None."""
        return self.filter(**{FOLDED: fold(uname)}).first() if uname and uname.strip() else None

    def search_account(self, ostring: Any, exact: bool = True, typeclass: Any = None) -> Any:
        """Accounts by dbref or id, else by name, else by alias (case does not matter); a queryset ordered by id.

        Args:
            ostring: name, alias, dbref, id, or an account; a leading `*` is ignored. Blank text finds nothing.
            exact: False also finds accounts whose name contains the text.
            typeclass: only accounts of this class (or path) and of classes derived from it.
        """
        accounts = self.order_by("pk")
        if typeclass is not None:
            cls = registry.resolve(typeclass, self._kind)
            accounts = accounts.filter(db_typeclass_path__in=registry.family_paths(cls))
        if isinstance(ostring, self._kind):
            return accounts.filter(pk=ostring.pk)
        if isinstance(ostring, int) or (isinstance(ostring, str) and ostring.strip().startswith("#")):
            number = dbref_number(ostring)
            found = accounts.filter(pk=number) if number is not None else accounts.none()
            if isinstance(ostring, int) or found.exists():
                return found
        text = ostring.strip().removeprefix("*").strip() if isinstance(ostring, str) else ""
        if not text:
            return accounts.none()
        named = accounts.filter(**{FOLDED if exact else f"{FOLDED}__contains": fold(text)})
        return named if named.exists() else accounts.filter(pk__in=self._aliased(text, exact))

    account_search = search_account
    search = search_account

    def _aliased(self, text: str, exact: bool) -> Any:
        """Ids of the accounts with this alias."""
        through: Any = self._kind.db_tags.through
        wanted = Q(tag__db_key=text.lower()) if exact else Q(tag__db_key__contains=text.lower())
        return through.objects.filter(wanted, tag__db_tagtype="alias").values("accountdb_id")

    # --- making

    def create_account(
        self,
        key: str,
        email: str | None = None,
        password: str | None = None,
        typeclass: Any = None,
        is_superuser: bool = False,
        locks: Any = NOT_GIVEN,
        permissions: Any = NOT_GIVEN,
        tags: Any = NOT_GIVEN,
        attributes: Any = NOT_GIVEN,
        report_to: Any = None,
        encoded_password: str | None = None,
        **nothing: Any,
    ) -> Any:
        """Make an account, all in one transaction.

        Args:
            key: its name, which no other account may have in any case.
            email: its address; may be empty.
            password: checked by the validators of the settings; None for an account that nobody can log in to, as for
                bots.
            typeclass: class or path; the project's base class if None.
            is_superuser: whether it may do everything.
            locks: lockstring or several, besides the default ones.
            permissions: instead of `PERMISSION_ACCOUNT_DEFAULT`; an empty list for none.
            tags, attributes: as for every kind.
            report_to: accepted for compatibility; errors are raised.
            encoded_password: one that has been checked and hashed already, instead of `password`.

        Raises `InvalidKey` for a blank name, `NameTaken` for that of another account, Django's `ValidationError` for a
        weak password, and whatever a hook raises; then nothing is left of it.
        """
        given = {"locks": locks, "permissions": permissions, "tags": tags, "attributes": attributes}
        account = self._new_account(
            key, email, password, typeclass, is_superuser, encoded_password=encoded_password, **given, **nothing
        )
        with transaction():
            account.save()
        return account

    def create_accounts(
        self, typeclass: Any, rows: Iterable[Mapping[str, Any]], *, hooks: bool = True, batch_size: int = 500
    ) -> list[Any]:
        """Make many accounts, all or none; `rows` are dicts of arguments of `create_account`. See `create_many`."""
        return create_many(self._kind, self._new_account, typeclass, rows, hooks=hooks, batch_size=batch_size)

    def _new_account(
        self,
        key: Any = None,
        email: str | None = None,
        password: str | None = None,
        typeclass: Any = None,
        is_superuser: bool = False,
        report_to: Any = None,
        encoded_password: str | None = None,
        **given: Any,
    ) -> Any:
        """An account without a row that knows what it is created with."""
        unknown = given.keys() - set(_LABELS)
        if unknown:
            raise InvalidArgument(
                f"create_account got {', '.join(sorted(unknown))}; it takes key, email, password, typeclass, "
                f"is_superuser, {', '.join(_LABELS)}"
            )
        name = checked_name(key, "the name of an account", MAX_NAME)
        if password is not None:
            check_new_password(self._kind, password, name)
        encoded = encoded_password or make_password(password)
        return self._instance(
            name, email, encoded, typeclass, normal_labels(given), {"is_superuser": bool(is_superuser)}
        )

    def _instance(
        self, name: str, email: str | None, encoded: str, typeclass: Any, labels: dict[str, Any], fields: Any
    ) -> Any:
        account = self._class_for(typeclass)(
            username=checked_name(name, "the name of an account", MAX_NAME),
            email=self.normalize_email(email),
            password=encoded,
            **fields,
        )
        account._createdict = labels
        return account

    def _make(self, *arguments: Any) -> Any:
        account = self._instance(*arguments)
        with transaction():
            account.save()
        return account

    @property
    def _kind(self) -> Any:
        return self.model.__dbclass__

    def _class_for(self, typeclass: Any) -> Any:
        if typeclass is not None:
            return registry.resolve(typeclass, self._kind)
        return registry.default_class(self._kind) if self.model is self._kind else self.model


class AccountManager(TypeclassManager, AccountDBManager):
    """Manager of one account typeclass."""


def check_new_password(model: Any, password: Any, name: str = "") -> None:
    """Apply the validators of the settings. Raises Django's `ValidationError`, `InvalidArgument` for no text."""
    if not isinstance(password, str) or not password:
        raise InvalidArgument("the password must be a text that is not empty; None makes an account without one")
    if len(password) > MAX_PASSWORD:
        raise ValidationError(f"A password has at most {MAX_PASSWORD} characters.")
    validate_password(password, user=model(username=name) if name else None)
