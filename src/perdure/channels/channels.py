"""`DefaultChannel`, the base of all channel typeclasses: its creation, and what it is made of."""

from __future__ import annotations

from typing import Any, ClassVar

from perdure.channels import log
from perdure.channels.broadcasting import Broadcasting
from perdure.channels.managers import ChannelManager
from perdure.channels.membership import Membership
from perdure.channels.models import ChannelDB
from perdure.channels.personal_aliases import PersonalAliases
from perdure.errors import PerdureError
from perdure.transactions import on_commit, transaction
from perdure.typeclasses.applied_arguments import WITHOUT_HOOKS, apply_labels, normal_lockstring
from perdure.typeclasses.swap import locks_to_set

__all__ = ["DefaultChannel"]


class DefaultChannel(Membership, Broadcasting, PersonalAliases, ChannelDB):
    """A line that accounts and objects subscribe to."""

    objects: ClassVar[Any] = ChannelManager()

    #: Locks of a new channel.
    default_locks = "send:all();listen:all();control:perm(Admin)"

    # --- creation

    @classmethod
    def create(cls, key: str, creator: Any = None, *args: Any, **kwargs: Any) -> tuple[Any, list[str]]:
        """Make a channel of this class; `(channel, [])`, or `(None, [reasons])` if it is refused.

        Args:
            key: its name.
            creator: the account that controls it.
            *args, **kwargs: as for `create_channel`; `description` is its `desc`, `ip` is kept with the creator.
        """
        ip = kwargs.pop("ip", "")
        description = kwargs.pop("description", None)
        if description is not None:
            kwargs["desc"] = description
        kwargs.setdefault("typeclass", cls)
        try:
            with transaction():
                channel = ChannelDB.objects.create_channel(key, *args, **kwargs)
                if creator is not None:
                    channel._set_creator(creator, ip, given_locks="locks" in kwargs)
        except (PerdureError, TypeError, ValueError) as error:
            return None, [str(error)]
        return channel, []

    def _set_creator(self, creator: Any, ip: str, given_locks: bool) -> None:
        self.attributes.add("creator_id", creator.pk)
        if ip:
            self.attributes.add("creator_ip", ip)
        if not given_locks:
            function = "pid" if creator.__dbclass__.__name__ == "AccountDB" else "id"
            self.locks.add(f"control:{function}({creator.pk}) or perm(Admin)")

    def at_first_save(self) -> None:
        """Called once, after the first save: hooks, then the arguments of the creation."""
        if self.__dict__.pop(WITHOUT_HOOKS, False):
            self.lock_storage = normal_lockstring(self.default_locks)
        else:
            self.basetype_setup()
            self.at_channel_creation()
        self.init_evennia_properties()
        created: dict[str, Any] = self.__dict__.pop("_createdict", None) or {}
        if created.get("key", self.db_key) != self.db_key:
            self.db_key = created["key"]
            self.save(update_fields=["db_key"])
        for name in ("desc", "keep_log"):
            if name in created:
                self.attributes.add(name, created[name])
        apply_labels(self, created)
        name = self.get_log_filename()
        if created and name:  # what an older channel of this name said is not for this one
            on_commit(lambda: log.set_aside(name), using=self._state.db)

    def basetype_setup(self) -> None:
        """Called once, before `at_channel_creation`: default locks."""
        if locks := locks_to_set(self, self.default_locks):
            self.locks.add(locks)

    def at_channel_creation(self) -> None:
        """Called once, when the channel is made."""

    # --- the rest

    def access(
        self,
        accessing_obj: Any,
        access_type: str = "listen",
        default: bool = False,
        no_superuser_bypass: bool = False,
        **kwargs: Any,
    ) -> bool:
        """Whether `accessing_obj` passes the lock of this type; `default` if there is none."""
        return bool(
            self.locks.check(accessing_obj, access_type, default=default, no_superuser_bypass=no_superuser_bypass)
        )

    def delete(self) -> bool:  # type: ignore[override]
        """Let everybody go, with the hooks, then delete the channel; all or nothing. The log file stays."""
        with transaction(using=self._state.db):
            for subscriber in self.subscriptions.all():
                if not self.disconnect(subscriber):
                    self.subscriptions.remove(subscriber)
            super().delete()
        return True
