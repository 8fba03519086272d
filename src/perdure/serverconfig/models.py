"""`ServerConfig`: values the server keeps between runs, one row for each key.

Contract: any value that an attribute can hold can be kept; it is stored as plain data. Reading gives a value of its
own each time, so changing it in place changes nothing: store it again.

Failure modes: `InvalidKey` for a blank key, `UnstorableValue` for a value that is no plain data, `UnreadableValue`
for a stored value whose type is not registered here.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from perdure.errors import InvalidKey
from perdure.idmapper.models import SharedMemoryManager, WeakSharedMemoryModel
from perdure.transactions import transaction
from perdure.values import decode, encode, plain

__all__ = ["ServerConfig", "ServerConfigManager"]

MAX_KEY = 64


class _Standalone:
    """The anchor of a value that is read and never tracked."""

    def check_writable(self) -> None:
        """The value is a copy; anybody may change it."""

    def changed(self) -> None:
        """Nothing follows from a change of a copy."""

    def describe(self) -> str:
        """What error messages call the value."""
        return "ServerConfig"


class ServerConfigManager(SharedMemoryManager):
    """Reading and writing by key."""

    def conf(self, key: str | None = None, value: Any = None, delete: bool = False, default: Any = None) -> Any:
        """Read, store or delete one value.

        Args:
            key: the name; None reads everything into a dict.
            value: stored, unless None.
            delete: remove the key instead; a key that is not there is no error.
            default: what a key that is not there gives.

        Raises `InvalidKey` for a blank or too long key, `UnstorableValue` for a value that is no plain data.
        """
        if key is None:
            return {row.db_key: row.value for row in self.order_by("db_key")}
        key = _checked(key)
        if delete:
            self.filter(db_key=key).delete()
            return None
        if value is not None:
            self._store(key, value)
            return None
        row = self.filter(db_key=key).first()
        return default if row is None else row.value

    def _store(self, key: str, value: Any) -> None:
        text = encode(value).text
        with transaction():
            row = self.select_for_update().filter(db_key=key).first()
            if row is None:
                self.create(db_key=key, db_value=text)
            elif row.db_value != text:
                row.db_value = text
                row.save()


class ServerConfig(WeakSharedMemoryModel):
    """One stored value."""

    db_key = models.CharField("key", max_length=MAX_KEY, unique=True)
    db_value = models.TextField("value", default="null", help_text="Canonical JSON.")

    objects: ClassVar[Any] = ServerConfigManager()

    class Meta(WeakSharedMemoryModel.Meta):
        app_label = "server"
        verbose_name = "server value"
        verbose_name_plural = "server values"

    @property
    def value(self) -> Any:
        """The value; a copy, which is not tracked."""
        return plain(decode(self.db_value, _Standalone()))

    @value.setter
    def value(self, value: Any) -> None:
        self.db_value = encode(value).text
        self.save()

    def store(self, key: str, value: Any) -> None:
        """Give this row another key and value."""
        self.db_key, self.db_value = _checked(key), encode(value).text
        self.save()

    def __str__(self) -> str:
        return f"{self.db_key} ({self.pk})"

    __repr__ = __str__


def _checked(key: object) -> str:
    if not isinstance(key, str) or not key.strip():
        raise InvalidKey(f"the key of a server value must be a text that is not blank, not {key!r}")
    if len(key) > MAX_KEY:
        raise InvalidKey(f"the key of a server value holds at most {MAX_KEY} characters, {key[:20]!r}… has {len(key)}")
    return key
