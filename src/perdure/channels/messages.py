"""`TempMsg`: a message that is kept in memory only, with the surface of a stored one."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from perdure.channels.message_model import crop
from perdure.channels.parties import as_list
from perdure.locks import LockHandler

__all__ = ["TempMsg"]


class TempMsg:
    """A message that is not stored.

    Args:
        senders, receivers: one entity or text, or several.
        message: what is said.
        header: its subject.
        type: a word for whoever handles it.
        lockstring: who may read it.
        hide_from: from whom it is hidden, one or several.
    """

    def __init__(
        self,
        senders: Any = None,
        receivers: Any = None,
        message: str = "",
        header: str = "",
        type: str = "",
        lockstring: str = "",
        hide_from: Any = None,
    ) -> None:
        self.senders = as_list(senders)
        self.receivers = as_list(receivers)
        self.message = message
        self.header = header
        self.type = type
        self.hide_from = as_list(hide_from)
        self.date_created = timezone.now()
        self.lock_storage = ""
        self.locks = LockHandler(self)
        if lockstring:
            self.locks.add(lockstring)

    def remove_sender(self, sender: Any) -> None:
        """Remove one sender or several; one that is none is passed over."""
        self.senders = _without(self.senders, sender)

    def remove_receiver(self, receiver: Any) -> None:
        """Remove one receiver or several; one that is none is passed over."""
        self.receivers = _without(self.receivers, receiver)

    def access(self, accessing_obj: Any, access_type: str = "read", default: bool = False, **kwargs: Any) -> bool:
        """Whether `accessing_obj` passes the lock of this type; `default` if there is none."""
        return bool(self.locks.check(accessing_obj, access_type, default=default))

    def __str__(self) -> str:
        names = [
            ", ".join(str(getattr(party, "key", party)) for party in side) for side in (self.senders, self.receivers)
        ]
        return f"{names[0]}->{names[1]}: {crop(self.message)}"


def _without(parties: list[Any], gone: Any) -> list[Any]:
    goners = as_list(gone)
    return [party for party in parties if not any(party is goner or party == goner for goner in goners)]
