"""What happens when a message from a channel reaches a subscriber; the same for every kind that can subscribe.

Contract: the channel calls the three hooks in order for each receiver. `at_pre_channel_msg` gives the text that this
receiver sees; False (or `Veto`) skips it, None sends the message unchanged. Names and text are put together once and
never read as a template.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["ChannelSubscriber"]


class ChannelSubscriber:
    """Receives messages of channels."""

    def at_pre_channel_msg(self, message: str, channel: Any, senders: Any = None, **kwargs: Any) -> str | bool | None:
        """The text to show for a message: names of the senders first, then the prefix of the channel before them.

        A text that begins with ":" or ";" is a pose: the name runs into it without a colon. With `no_prefix` or `emit`
        among the arguments there is no prefix; with `emit` no name either.

        Args:
            message: what was said.
            channel: where.
            senders: one entity or text, or several.
            **kwargs: as given to the channel's `msg`.
        """
        if not kwargs.get("emit"):
            message = self._with_senders(message, senders)
        if kwargs.get("no_prefix") or kwargs.get("emit"):
            return message
        return f"{channel.channel_prefix()}{message}"

    def channel_msg(self, message: str, channel: Any, senders: Any = None, **kwargs: Any) -> None:
        """Receive the message: it is passed to `msg`, marked with the id of the channel."""
        origin = {"from_channel": channel.id}
        self.msg(text=(message, origin), from_obj=senders, options=origin)  # type: ignore[attr-defined]

    def at_post_channel_msg(self, message: str, channel: Any, senders: Any = None, **kwargs: Any) -> None:
        """Called after the message was received."""

    def _with_senders(self, message: str, senders: Any) -> str:
        names = ", ".join(self._sender_name(sender) for sender in _as_list(senders))
        if not names:
            return message
        stripped = message.lstrip()
        if stripped[:1] in (":", ";"):
            pose = stripped[1:]
            return f"{names}{'' if pose[:1] in (chr(39), ',', ' ') else ' '}{pose}"
        return f"{names}: {message}"

    def _sender_name(self, sender: Any) -> str:
        if hasattr(sender, "get_display_name"):
            return str(sender.get_display_name(self))
        return str(getattr(sender, "key", sender))


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Iterable) or hasattr(value, "_meta"):
        return [value]
    return [item for item in value if item is not None]
