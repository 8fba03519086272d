"""`Msg`: a stored message between accounts, objects, scripts and the outside.

Contract: a message has any number of senders and receivers of each kind; one more of each may be a text, for somebody
outside the game. Assigning to `senders` or `receivers` adds; deleting clears. What is hidden from somebody stays
stored, and searches by that account or object leave it out.

Failure modes: `InvalidArgument` for a party that cannot be one; nothing is changed then.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import ManyToManyField
from django.utils import timezone

from perdure.channels.managers import MsgManager
from perdure.channels.parties import as_list
from perdure.errors import InvalidArgument
from perdure.idmapper.models import WeakSharedMemoryModel
from perdure.idmapper.states import require
from perdure.locks import LockHandler
from perdure.transactions import transaction
from perdure.typeclasses.handlers import OwnerRef, lazy_handler
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.tag_model import Tag

__all__ = ["Msg", "MsgTags"]

_KINDS = ("accounts", "objects", "scripts")


class MsgTags:
    """The tags of a stored message: uncategorised or in a category, lower case."""

    __slots__ = ("__weakref__", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)

    def add(self, key: Any, category: Any = None, data: Any = None) -> None:
        """Add one tag."""
        owner = self._owner()
        tag, _ = Tag.objects.using(owner._state.db).get_or_create(
            db_key=normal_key(key, "tag"),
            db_category=normal_category(category, "tag", 64),
            db_tagtype="",
            db_model="msg",
            defaults={"db_data": None if data is None else str(data)},
        )
        owner.db_tags.add(tag)

    def batch_add(self, *tags: Any) -> None:
        """Add several, each a key, `(key, category)` or `(key, category, data)`."""
        for tag in tags:
            self.add(*((tag,) if isinstance(tag, str) else tag))

    def remove(self, key: Any, category: Any = None) -> None:
        """Remove one tag."""
        found = self._owner().db_tags.filter(
            db_key=normal_key(key, "tag"), db_category=normal_category(category, "tag", 64)
        )
        self._owner().db_tags.remove(*found)

    def has(self, key: Any, category: Any = None) -> bool:
        """Whether the message carries this tag."""
        owner = self._owner()
        found = owner.db_tags.filter(db_key=normal_key(key, "tag"), db_category=normal_category(category, "tag", 64))
        return bool(found.exists())

    def all(self, return_key_and_category: bool = False) -> list[Any]:
        """All keys, sorted; or `(key, category)` pairs."""
        rows = self._owner().db_tags.order_by("db_key").values_list("db_key", "db_category")
        return [(key, category or None) if return_key_and_category else key for key, category in rows]

    def clear(self) -> None:
        """Remove all tags."""
        self._owner().db_tags.clear()

    def __str__(self) -> str:
        return ",".join(self.all())


def _relation(target: str, related_name: str, verbose_name: str) -> ManyToManyField[Any, Any]:
    return models.ManyToManyField(target, related_name=related_name, blank=True, verbose_name=verbose_name)


class Msg(WeakSharedMemoryModel):
    """A stored message."""

    db_sender_accounts = _relation("accounts.AccountDB", "sender_account_set", "sending accounts")
    db_sender_objects = _relation("objects.ObjectDB", "sender_object_set", "sending objects")
    db_sender_scripts = _relation("scripts.ScriptDB", "sender_script_set", "sending scripts")
    db_sender_external = models.CharField("external sender", max_length=255, null=True, blank=True, db_index=True)
    db_receivers_accounts = _relation("accounts.AccountDB", "receiver_account_set", "receiving accounts")
    db_receivers_objects = _relation("objects.ObjectDB", "receiver_object_set", "receiving objects")
    db_receivers_scripts = _relation("scripts.ScriptDB", "receiver_script_set", "receiving scripts")
    db_receiver_external = models.CharField("external receiver", max_length=1024, null=True, blank=True)
    db_header = models.TextField("header", null=True, blank=True)
    db_message = models.TextField("message")
    db_date_created = models.DateTimeField("created", default=timezone.now, editable=False, db_index=True)
    db_lock_storage = models.TextField("locks", blank=True, default="")
    db_hide_from_accounts = _relation("accounts.AccountDB", "hide_from_accounts_set", "hidden from accounts")
    db_hide_from_objects = _relation("objects.ObjectDB", "hide_from_objects_set", "hidden from objects")
    db_tags: ManyToManyField[Any, Any] = models.ManyToManyField(Tag, blank=True, verbose_name="tags")

    objects: ClassVar[Any] = MsgManager()

    class Meta(WeakSharedMemoryModel.Meta):
        app_label = "comms"
        verbose_name = "Message"
        verbose_name_plural = "Messages"

    locks = lazy_handler(LockHandler, "Locks of this message.")
    tags = lazy_handler(MsgTags, "Tags of this message.")

    # --- senders and receivers

    @property
    def senders(self) -> list[Any]:
        """All senders; assigning one or several adds them, a text becomes the external one; deleting clears them."""
        return self._parties("sender", self.db_sender_external)

    @senders.setter
    def senders(self, value: Any) -> None:
        self._add("sender", value)

    @senders.deleter
    def senders(self) -> None:
        self._clear("sender")

    @property
    def receivers(self) -> list[Any]:
        """All receivers; assigning one or several adds them, a text becomes the external one; deleting clears them."""
        return self._parties("receivers", self.db_receiver_external)

    @receivers.setter
    def receivers(self, value: Any) -> None:
        self._add("receivers", value)

    @receivers.deleter
    def receivers(self) -> None:
        self._clear("receivers")

    def remove_sender(self, senders: Any) -> None:
        """Remove one sender or several; one that is none is passed over."""
        self._remove("sender", senders)

    def remove_receiver(self, receivers: Any) -> None:
        """Remove one receiver or several; one that is none is passed over."""
        self._remove("receivers", receivers)

    # --- hiding

    @property
    def hide_from(self) -> tuple[Any, Any]:
        """From whom it is hidden: accounts and objects, a queryset of each. Assigning adds, deleting clears."""
        return self.db_hide_from_accounts.all(), self.db_hide_from_objects.all()

    @hide_from.setter
    def hide_from(self, value: Any) -> None:
        with self._change():
            for party, kind in self._identified(value):
                if kind not in ("account", "object"):
                    raise InvalidArgument(f"a message can be hidden from accounts and objects, not from {party!r}")
                getattr(self, f"db_hide_from_{kind}s").add(party)

    @hide_from.deleter
    def hide_from(self) -> None:
        with self._change():
            self.db_hide_from_accounts.clear()
            self.db_hide_from_objects.clear()

    # --- the rest

    def access(self, accessing_obj: Any, access_type: str = "read", default: bool = False, **kwargs: Any) -> bool:
        """Whether `accessing_obj` passes the lock of this type; `default` if there is none."""
        return bool(self.locks.check(accessing_obj, access_type, default=default))

    def __str__(self) -> str:
        names = [", ".join(_name(party) for party in parties) for parties in (self.senders, self.receivers)]
        return f"{names[0]}->{names[1]}: {crop(self.db_message)}"

    def _parties(self, role: str, external: str | None) -> list[Any]:
        found = [party for kind in _KINDS for party in getattr(self, f"db_{role}_{kind}").order_by("pk")]
        return [*found, external] if external else found

    def _external(self, role: str) -> str:
        return "db_sender_external" if role == "sender" else "db_receiver_external"

    def _add(self, role: str, value: Any) -> None:
        with self._change():
            for party, kind in self._identified(value):
                if kind == "external":
                    self._write_external(role, party)
                else:
                    getattr(self, f"db_{role}_{kind}s").add(party)

    def _remove(self, role: str, value: Any) -> None:
        with self._change():
            for party, kind in self._identified(value):
                if kind != "external":
                    getattr(self, f"db_{role}_{kind}s").remove(party)
                elif (getattr(self, self._external(role)) or "").lower() == party.lower():
                    self._write_external(role, None)

    def _clear(self, role: str) -> None:
        with self._change():
            for kind in _KINDS:
                getattr(self, f"db_{role}_{kind}").clear()
            self._write_external(role, None)

    def _write_external(self, role: str, value: str | None) -> None:
        name = self._external(role)
        limit = self._meta.get_field(name).max_length
        if value is not None and limit is not None and len(value) > limit:
            raise InvalidArgument(f"{name} holds at most {limit} characters, got {len(value)}")
        setattr(self, name, value)
        self.save(update_fields=[name])

    def _identified(self, value: Any) -> list[tuple[Any, str]]:
        """Each party with its kind; nothing has been changed yet when one is refused."""
        return [type(self).objects.identify_object(party) for party in as_list(value) if party is not None]

    def _change(self) -> Any:
        require(self, "save")
        return transaction(using=self._state.db)


def crop(text: str, width: int = 40) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _name(party: Any) -> str:
    return str(getattr(party, "key", party))
