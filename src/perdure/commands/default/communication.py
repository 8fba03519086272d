"""Commands of a character that others hear: saying, whispering, posing."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.stock import StockCommand, plain_lines, told_by
from perdure.text.stance import display_name
from perdure.typeclasses import veto

__all__ = ["CmdPose", "CmdSay", "CmdWhisper"]


class _Speech(StockCommand):
    """What is spoken is taken as it was typed: it has no switches, and "=" means nothing in it."""

    def parse(self) -> None:
        """Keep the text."""
        self.args = self.args.strip()

    def spoken(self, text: str, **kwargs: Any) -> str | None:
        """What will be said after the hook of the speaker has changed it; None if it refused."""
        text = plain_lines(text, self.caller)
        decision = veto.ask(self.caller.at_pre_say, text, **kwargs)
        if not decision:
            if decision.reason:
                self.msg(decision.reason)
            return None
        return text if decision.value is None or decision.value is True else str(decision.value)


class CmdSay(_Speech):
    """Say something to everybody here.

    Usage:
      say <text>
      "<text>
      '<text>

    After the quote signs no space is needed: 'hello says hello.
    """

    key = "say"
    aliases = ['"', "'"]
    locks = "cmd:all()"

    def func(self) -> None:
        """Say it."""
        if not self.args:
            self.usage()
            return
        text = self.spoken(self.args)
        if text:
            self.caller.at_say(text, msg_self=True)


class CmdWhisper(StockCommand):
    """Say something that only some hear.

    Usage:
      whisper <somebody>[, <somebody> …] = <text>

    Example:
      whisper bob = Meet me at the well.
    """

    key = "whisper"
    locks = "cmd:all()"

    def func(self) -> None:
        """Whisper it."""
        if not self.lhs or not self.rhs:
            self.usage()
            return
        caller = self.caller
        receivers: list[Any] = []
        for name in dict.fromkeys(self.lhslist):
            found = caller.search(name)
            if found is None:
                return
            if found is not caller and found not in receivers:
                receivers.append(found)
        if not receivers:
            self.msg("You mutter to yourself.")
            return
        text = plain_lines(self.rhs, caller)
        decision = veto.ask(caller.at_pre_say, text, whisper=True, receivers=list(receivers))
        if not decision:
            self.msg(told_by(decision, "You keep it to yourself."))
            return
        if decision.value is not None and decision.value is not True:
            text = str(decision.value)
        if text:
            caller.at_say(text, msg_self=True, receivers=receivers, whisper=True)


class CmdPose(_Speech):
    """Do something that everybody here sees.

    Usage:
      pose <text>
      :<text>

    Your name stands before the text: :waves shows "Anna waves". A text that begins with an apostrophe, a comma or
    a colon follows the name without a space: :'s hat falls off.
    """

    key = "pose"
    aliases = [":", "emote"]
    locks = "cmd:all()"

    def func(self) -> None:
        """Show it."""
        caller = self.caller
        if not self.args:
            self.usage()
            return
        text = plain_lines(self.args, caller)
        if text[:1] not in ("'", "\u2019", ",", ":"):
            text = f" {text}"
        kind = {"type": "pose"}
        if caller.location is None:
            self.msg((f"{display_name(caller, caller)}{text}", kind))
            return
        caller.location.msg_contents(
            ("{actor}{words}", kind), from_obj=caller, mapping={"actor": caller, "words": text}
        )
