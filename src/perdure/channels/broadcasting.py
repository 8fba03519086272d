"""How a message goes out on a channel.

Contract: the channel's `at_pre_msg` may change or drop a message; then each receiver's three hooks are called (see
`channel_subscriber`), and at last the channel's `at_post_msg`, which keeps the log. A receiver whose hook raises is
logged and does not keep the message from the others.

Receivers are the subscribers without those that are muted. With `send_to_online_only`, accounts that are not connected
are left out; objects are in the world always, so they always hear.
"""

from __future__ import annotations

import logging
from typing import Any

from perdure.channels import log
from perdure.channels.parties import as_list
from perdure.idmapper.states import describe
from perdure.transactions import on_commit, transaction
from perdure.typeclasses import veto

__all__ = ["Broadcasting"]

logger = logging.getLogger("perdure.channels")


class Broadcasting:
    """The messages of a channel; part of `DefaultChannel`."""

    send_to_online_only = True
    log_file: str | None = "channel_{channelname}.log"
    channel_prefix_string: str | None = "[{channelname}] "

    def msg(self: Any, message: Any, senders: Any = None, bypass_mute: bool = False, **kwargs: Any) -> None:
        """Send a message to all who listen. Neither locks nor bans are asked here.

        Args:
            message: what is said.
            senders: one entity or text, or several.
            bypass_mute: reach those who muted the channel, too.
            **kwargs: passed on to all hooks.
        """
        decision = veto.ask(self.at_pre_msg, message, senders=senders, bypass_mute=bypass_mute, **kwargs)
        if not decision:
            return
        message = message if decision.value is None else decision.value
        for receiver in self._receivers(bypass_mute):
            self._deliver(receiver, message, senders, bypass_mute, kwargs)
        self.at_post_msg(message, senders=senders, bypass_mute=bypass_mute, **kwargs)

    def _receivers(self: Any, bypass_mute: bool) -> list[Any]:
        muted = frozenset(() if bypass_mute else self.mutelist)
        accounts = self.db_account_subscriptions.order_by("pk")
        if self.send_to_online_only:
            accounts = accounts.filter(db_is_connected=True)
        return [entity for entity in (*accounts, *self.db_object_subscriptions.order_by("pk")) if entity not in muted]

    def _deliver(
        self: Any, receiver: Any, message: Any, senders: Any, bypass_mute: bool, kwargs: dict[str, Any]
    ) -> None:
        arguments = {"senders": senders, "bypass_mute": bypass_mute, **kwargs}
        try:
            with transaction(using=self._state.db):
                decision = veto.ask(receiver.at_pre_channel_msg, message, self, **arguments)
                if not decision:
                    return
                text = message if decision.value is None else decision.value
                receiver.channel_msg(text, self, **arguments)
                receiver.at_post_channel_msg(text, self, **arguments)
        except Exception:  # boundary of user code: one listener must not silence the channel
            logger.exception("%s could not receive a message of channel %r", describe(receiver), self.key)

    def at_pre_msg(self, message: Any, **kwargs: Any) -> Any:
        """Called with each message before it goes out; what it returns is sent instead, False drops the message."""
        return message

    def at_post_msg(self: Any, message: Any, **kwargs: Any) -> None:
        """Called after a message went out: adds it to the log file, unless `keep_log` is off."""
        if not self.attributes.get("keep_log", default=True):
            return
        name = self.get_log_filename()
        if name:
            senders = ", ".join(str(getattr(sender, "key", sender)) for sender in as_list(kwargs.get("senders")))
            line = f"{senders}: {message}" if senders else str(message)
            on_commit(lambda: log.append(name, line), using=self._state.db)

    # --- how it looks

    def channel_prefix(self: Any) -> str:
        """What stands before each message; empty where `channel_prefix_string` is."""
        template = self.channel_prefix_string
        return template.replace("{channelname}", self.key) if template else ""

    # --- the log

    def get_log_filename(self: Any) -> str:
        """Name of the log file: as set, else made of the channel's name; empty for no log."""
        return str(self.attributes.get("log_file") or self._log_name(self.key))

    def _log_name(self: Any, key: str) -> str:
        template = self.log_file
        return log.name_for(template.replace("{channelname}", key.lower()), self.pk) if template else ""

    def _log_follows(self: Any, oldname: str, newname: str) -> None:
        """Have the log go on under the channel's new name."""
        old, new = self._log_name(oldname), self._log_name(newname)
        if old != new and old and new and not self.attributes.get("log_file"):
            on_commit(lambda: log.move(old, new), using=self._state.db)

    def set_log_filename(self: Any, filename: str) -> None:
        """Use another log file from now on. The name is made safe: it lies in `LOG_DIR` always."""
        self.attributes.add("log_file", log.safe_name(filename))

    def get_log_tail(self: Any, lines: int | None = None, offset: int = 0) -> list[str]:
        """The last lines of the log, or those before the last `offset` ones."""
        return log.tail(self.get_log_filename(), lines, offset)
