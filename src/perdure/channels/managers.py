"""Finding and making channels and stored messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from perdure.channels.parties import as_list
from perdure.errors import InvalidArgument
from perdure.idmapper.queryset import SharedMemoryManager
from perdure.idmapper.wrappers import dbref_number
from perdure.signals import SIGNAL_CHANNEL_POST_CREATE
from perdure.transactions import transaction
from perdure.typeclasses import registry
from perdure.typeclasses.applied_arguments import create_many, normal_labels
from perdure.typeclasses.creation import NOT_GIVEN
from perdure.typeclasses.managers import TypeclassManager, TypedObjectManager, TypedObjectQuerySet
from perdure.typeclasses.unique_names import FOLDED, UniqueNameQuerySet, checked_name, fold

__all__ = ["ChannelDBManager", "ChannelManager", "ChannelQuerySet", "MsgManager"]

MAX_KEY = 255
_ARGUMENTS = ("aliases", "desc", "locks", "keep_log", "tags", "attrs")


class ChannelQuerySet(UniqueNameQuerySet, TypedObjectQuerySet):  # type: ignore[override]
    """A queryset of channels."""


class ChannelDBManager(TypedObjectManager.from_queryset(ChannelQuerySet)):  # type: ignore[misc]
    """Manager of all channels."""

    def get_all_channels(self) -> Any:
        """All channels, by name."""
        return self.order_by(FOLDED)

    def get_channel(self, key: Any) -> Any:
        """The channel with this name, alias, id or dbref, or None."""
        return self.search_channel(key).first()

    def get_subscriptions(self, subscriber: Any) -> Any:
        """The channels that an account or object subscribes to, by name."""
        family = getattr(getattr(subscriber, "__dbclass__", None), "__name__", "")
        columns = {"AccountDB": "db_account_subscriptions", "ObjectDB": "db_object_subscriptions"}
        if family not in columns:
            return self.none()
        return self.filter(**{columns[family]: subscriber.pk}).order_by(FOLDED)

    def search_channel(self, ostring: Any, exact: bool = True) -> Any:
        """Channels by dbref or id, else by name or alias (case does not matter); a queryset ordered by id.

        Args:
            ostring: name, alias, dbref, id, or a channel. Blank text finds nothing.
            exact: False also finds channels whose name or alias contains the text.
        """
        channels = self.order_by("pk")
        if isinstance(ostring, self._kind):
            return channels.filter(pk=ostring.pk)
        if isinstance(ostring, int) or (isinstance(ostring, str) and ostring.strip().startswith("#")):
            number = dbref_number(ostring)
            found = channels.filter(pk=number) if number is not None else channels.none()
            if isinstance(ostring, int) or found.exists():
                return found
        if not isinstance(ostring, str) or not ostring.strip():
            return channels.none()
        named = channels.filter(**{FOLDED: fold(ostring)})
        if named.exists():
            return named
        text = ostring.strip().lower()
        lookup = {"db_key": text} if exact else {"db_key__contains": text}
        aliased = self._carrying(lookup)
        return channels.filter(
            Q(pk__in=aliased) if exact else Q(pk__in=aliased) | Q(**{f"{FOLDED}__contains": fold(text)})
        )

    channel_search = search_channel
    search = search_channel

    def _carrying(self, lookup: dict[str, Any]) -> Any:
        """Ids of the channels with an alias that the look-up finds."""
        through: Any = self._kind.db_tags.through
        tags = {f"tag__{name}": value for name, value in lookup.items()}
        return through.objects.filter(tag__db_tagtype="alias", **tags).values("channeldb_id")

    def create_channel(
        self,
        key: str,
        aliases: Any = NOT_GIVEN,
        desc: Any = NOT_GIVEN,
        locks: Any = NOT_GIVEN,
        keep_log: bool = True,
        typeclass: Any = None,
        tags: Any = NOT_GIVEN,
        attrs: Any = NOT_GIVEN,
    ) -> Any:
        """Make a channel, all in one transaction.

        Args:
            key: its name, which no other channel may have.
            aliases: other names.
            desc: what it is for.
            locks: lockstring or several, besides the default ones.
            keep_log: whether what is said is kept in its log file.
            typeclass: class or path; the project's base class if None.
            tags, attrs: as tags and attributes of every kind.

        Raises `InvalidKey` for a blank name, `NameTaken` for that of another channel, and whatever a hook raises; then
        nothing is left of it.
        """
        channel = self._new_channel(
            key,
            typeclass=typeclass,
            aliases=aliases,
            desc=desc,
            locks=locks,
            keep_log=keep_log,
            tags=tags,
            attrs=attrs,
        )
        with transaction():
            channel.save()
            SIGNAL_CHANNEL_POST_CREATE.send(sender=channel)
        return channel

    def create_channels(
        self, typeclass: Any, rows: Iterable[Mapping[str, Any]], *, hooks: bool = True, batch_size: int = 500
    ) -> list[Any]:
        """Make many channels, all or none; `rows` are dicts of arguments of `create_channel`. See `create_many`."""
        return create_many(
            self._kind,
            self._new_channel,
            typeclass,
            rows,
            hooks=hooks,
            batch_size=batch_size,
            signal=SIGNAL_CHANNEL_POST_CREATE,
        )

    def _new_channel(self, key: Any = None, typeclass: Any = None, **given: Any) -> Any:
        """A channel without a row that knows what it is created with."""
        unknown = given.keys() - set(_ARGUMENTS)
        if unknown:
            raise InvalidArgument(f"create_channel got {', '.join(sorted(unknown))}; it takes {', '.join(_ARGUMENTS)}")
        name = checked_name(key, "the name of a channel", MAX_KEY)
        labels = normal_labels(given)
        channel = self._class_for(typeclass)(db_key=name)
        channel._createdict = {"key": name, **{label: value for label, value in labels.items() if value is not None}}
        return channel

    @property
    def _kind(self) -> Any:
        return self.model.__dbclass__

    def _class_for(self, typeclass: Any) -> Any:
        if typeclass is not None:
            return registry.resolve(typeclass, self._kind)
        return registry.default_class(self._kind) if self.model is self._kind else self.model


class ChannelManager(TypeclassManager, ChannelDBManager):
    """Manager of one channel typeclass."""


class MsgManager(SharedMemoryManager):
    """Manager of stored messages."""

    def identify_object(self, inp: Any) -> tuple[Any, str]:
        """What a sender or receiver is: `(it, "account" | "object" | "script" | "external")`.

        Raises `InvalidArgument` for anything but an account, an object, a script or a text.
        """
        family = getattr(getattr(inp, "__dbclass__", None), "__name__", "")
        kinds = {"AccountDB": "account", "ObjectDB": "object", "ScriptDB": "script"}
        if family in kinds:
            return inp, kinds[family]
        if isinstance(inp, str) and inp.strip():
            return inp.strip(), "external"
        raise InvalidArgument(
            f"{inp!r} ({type(inp).__name__}) can neither send nor receive a message; give an account, an object, a "
            "script or a text"
        )

    def get_message_by_id(self, idnum: Any) -> Any:
        """The message with this id or dbref, or None."""
        number = dbref_number(idnum)
        return None if number is None else self.filter(pk=number).first()

    def get_messages_by_sender(self, sender: Any) -> Any:
        """The messages of a sender, newest first, without those hidden from it."""
        return self._visible_to(sender).filter(**self._of("sender", sender)).distinct()

    def get_messages_by_receiver(self, recipient: Any) -> Any:
        """The messages to a receiver, newest first, without those hidden from it."""
        return self._visible_to(recipient).filter(**self._of("receiver", recipient)).distinct()

    def search_message(
        self, sender: Any = None, receiver: Any = None, freetext: str | None = None, dbref: Any = None
    ) -> Any:
        """Messages that fit everything given; all of them if nothing is. Newest first.

        Args:
            sender, receiver: account, object, script, or the text of an external one. What is hidden from them is left
                out.
            freetext: part of the header or the text, in any case.
            dbref: id or dbref of one message.
        """
        messages = self.order_by("-db_date_created", "-pk")
        if dbref is not None:
            messages = messages.filter(pk=dbref_number(dbref) or 0)
        if sender is not None:
            messages = messages.filter(pk__in=self.get_messages_by_sender(sender).values("pk"))
        if receiver is not None:
            messages = messages.filter(pk__in=self.get_messages_by_receiver(receiver).values("pk"))
        if freetext is not None:
            if not str(freetext).strip():
                return messages.none()
            messages = messages.filter(Q(db_header__icontains=freetext) | Q(db_message__icontains=freetext))
        return messages

    message_search = search_message

    def create_message(
        self,
        senderobj: Any,
        message: str,
        receivers: Any = None,
        locks: Any = None,
        tags: Any = None,
        header: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Store a message, all in one transaction.

        Args:
            senderobj: an account, object, script or the text of an external sender, or several; None for nobody.
            message: what is said.
            receivers: the same for receivers.
            locks: lockstring or several.
            tags: as for every kind.
            header: its subject.

        Returns the message, or None for an empty text. Raises `InvalidArgument` for a sender or receiver that cannot
        be one, and for other arguments; then nothing is stored.
        """
        if kwargs:
            raise InvalidArgument(
                f"create_message got {', '.join(sorted(kwargs))}; it takes senderobj, message, receivers, locks, tags "
                "and header"
            )
        if not message:
            return None
        senders, targets = as_list(senderobj), as_list(receivers)
        for party in (*senders, *targets):
            self.identify_object(party)
        labels = normal_labels({"locks": locks, "tags": tags})
        with transaction():
            stored = self.model(db_message=str(message), db_header=header)
            stored.save()
            stored.senders = senders
            stored.receivers = targets
            if labels["locks"]:
                stored.locks.add(labels["locks"])
            stored.tags.batch_add(*labels["tags"])
        return stored

    def _visible_to(self, party: Any) -> Any:
        _, kind = self.identify_object(party)
        messages = self.order_by("-db_date_created", "-pk")
        if kind in ("account", "object"):
            return messages.exclude(**{f"db_hide_from_{kind}s": party.pk})
        return messages

    def _of(self, role: str, party: Any) -> dict[str, Any]:
        found, kind = self.identify_object(party)
        if kind == "external":
            return {f"db_{role}_external__iexact": found}
        columns = "db_sender" if role == "sender" else "db_receivers"
        return {f"{columns}_{kind}s": found.pk}
