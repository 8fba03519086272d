"""`channel.subscriptions`: who listens on a channel.

Contract: accounts and objects are subscribers alike, each once. The database is asked each time. No locks are checked
and no hooks run: those belong to `connect` and `disconnect`.

Failure modes: `InvalidArgument` for something that is neither an account nor an object; nothing is changed then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perdure.errors import InvalidArgument
from perdure.transactions import transaction
from perdure.typeclasses.handlers import OwnerRef

__all__ = ["SubscriptionHandler"]

_COLUMNS = {"AccountDB": "db_account_subscriptions", "ObjectDB": "db_object_subscriptions"}


class SubscriptionHandler:
    """The subscribers of one channel."""

    __slots__ = ("__weakref__", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)

    def has(self, entity: Any) -> bool:
        """Whether `entity` subscribes."""
        return bool(getattr(self._owner(), _column(entity)).filter(pk=entity.pk).exists())

    def add(self, entity: Any) -> None:
        """Subscribe one entity or several."""
        self._change("add", entity)

    def remove(self, entity: Any) -> None:
        """Unsubscribe one entity or several."""
        self._change("remove", entity)

    def _change(self, how: str, entity: Any) -> None:
        channel = self._owner()
        sorted_out: dict[str, list[Any]] = {}
        for item in _as_list(entity):
            sorted_out.setdefault(_column(item), []).append(item)
        with transaction(using=channel._state.db):
            for column, items in sorted_out.items():
                getattr(getattr(channel, column), how)(*items)

    def all(self) -> dict[Any, Any]:
        """All subscribers, accounts first, in the order of their ids: a dict of each to itself."""
        channel = self._owner()
        found = [*channel.db_account_subscriptions.order_by("pk"), *channel.db_object_subscriptions.order_by("pk")]
        return {entity: entity for entity in found}

    get = all

    def online(self) -> list[Any]:
        """The subscribers that are connected; no others are loaded."""
        channel = self._owner()
        accounts = channel.db_account_subscriptions.filter(db_is_connected=True).order_by("pk")
        objects = channel.db_object_subscriptions.filter(db_account__db_is_connected=True).order_by("pk")
        return [*accounts, *objects]

    def offline(self, most: int) -> list[Any]:
        """Subscribers that are not connected, no more than `most`."""
        channel = self._owner()
        accounts = channel.db_account_subscriptions.exclude(db_is_connected=True)
        objects = channel.db_object_subscriptions.exclude(db_account__db_is_connected=True)
        found = list(accounts.order_by("pk")[:most])
        return found + list(objects.order_by("pk")[: most - len(found)])

    def clear(self) -> None:
        """Unsubscribe everybody."""
        channel = self._owner()
        with transaction(using=channel._state.db):
            channel.db_account_subscriptions.clear()
            channel.db_object_subscriptions.clear()

    def __len__(self) -> int:
        channel = self._owner()
        return int(channel.db_account_subscriptions.count() + channel.db_object_subscriptions.count())

    def __iter__(self) -> Any:
        return iter(self.all())

    def __contains__(self, entity: Any) -> bool:
        return self.has(entity)

    def __bool__(self) -> bool:
        return True


def _column(entity: Any) -> str:
    column = _COLUMNS.get(getattr(getattr(entity, "__dbclass__", None), "__name__", ""))
    if column is None:
        raise InvalidArgument(f"{entity!r} ({type(entity).__name__}) cannot subscribe; give an account or an object")
    return column


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not hasattr(value, "_meta") else [value]
