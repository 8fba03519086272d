"""Commands that put texts before people: emit and wall."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.stock import StockCommand
from perdure.sessions import SESSION_HANDLER

__all__ = ["CmdEmit", "CmdWall"]


class CmdEmit(StockCommand):
    """Have a text shown, with no name before it.

    Usage:
      emit[/switches] [<thing>[, <thing> …] =] <text>
      remit <room>[, …] = <text>
      pemit <character>[, …] = <text>

    Switches:
      room     - only to rooms (remit means it)
      accounts - only to what somebody plays (pemit means it)
      contents - to what is inside of them, too

    Without things the text goes to everybody where you are. Their lock "tell" must let you.

    Example:
      emit The ground shakes.
      pemit anna, bert = You hear a whisper.
    """

    key = "@emit"
    aliases = ["@pemit", "@remit"]
    help_category = "admin"
    locks = "cmd:perm(emit) or perm(Builder)"
    switch_options = ("room", "accounts", "contents")

    def func(self) -> None:
        """Show it."""
        if not self.args:
            self.usage()
            return
        name = self.cmdname.lstrip("@")
        only_rooms = "room" in self.switches or name == "remit"
        only_played = "accounts" in self.switches or name == "pemit"
        if self.rhs is None or not self.lhs:
            place = getattr(self.caller, "location", None)
            targets, text, inside = ([place] if place is not None else []), (self.rhs or self.args), True
        else:
            found = [self._find(one) for one in self.lhslist if one]
            targets, text, inside = [one for one in found if one is not None], self.rhs, "contents" in self.switches
        if not targets:
            self.msg("There is nobody to show it to.")
            return
        for target in targets:
            self._show(target, text, inside or only_rooms, only_rooms, only_played)

    def _find(self, name: str) -> Any:
        return self.caller.search(name, global_search=name.startswith("#"))

    def _show(self, target: Any, text: str, inside: bool, only_rooms: bool, only_played: bool) -> None:
        name = target.get_display_name(self.caller)
        if only_rooms and "room" not in target._content_types:
            self.msg(f"{name} is no room.")
        elif only_played and not target.has_account:
            self.msg(f"Nobody plays {name}.")
        elif not target.access(self.caller, "tell") and target is not getattr(self.caller, "location", None):
            self.msg(f"You may not have texts shown to {name}.")
        else:
            target.msg(text)
            for member in target.contents if inside else ():
                member.msg(text)
            self.msg(f"Shown to {name}{' and what is in it' if inside else ''}.")


class CmdWall(StockCommand):
    """Tell everybody who is connected, also those who are not logged in.

    Usage:
      wall <text>
    """

    key = "@wall"
    help_category = "admin"
    locks = "cmd:perm(wall) or perm(Admin)"

    def func(self) -> None:
        """Tell them."""
        if not self.args:
            self.usage()
            return
        SESSION_HANDLER.announce_all(f"|y{self.caller.key} tells everybody:|n {self.args}")
        self.msg(f"Told {len(SESSION_HANDLER.get_sessions(include_unloggedin=True))} sessions.")
