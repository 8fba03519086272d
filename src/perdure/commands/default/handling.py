"""Commands of a character that handle things: picking up, putting down, handing over, and seeing what one carries."""

from __future__ import annotations

import re
from typing import Any

from perdure.commands.default.stock import StockCommand, counted, told_by
from perdure.text.english import join_words
from perdure.typeclasses import veto

__all__ = ["CmdDrop", "CmdGet", "CmdGive", "CmdInventory"]

#: Bars in pairs before the end of a line are bars.
_LINE_END = re.compile(r"(?<!\|)(?P<bars>(?:\|\|)*)\|/|\n")


class _Handling(StockCommand):
    """What picking up, dropping and giving share."""

    def find_things(self, text: str, location: Any, missing: str) -> list[Any]:
        """The things meant by `[<n>] <name>`; the player has been told if there are none."""
        count, name = counted(text)
        found = self.caller.search(name, location=location, stacked=count, nofound_string=missing.format(name=name))
        if found is None:
            return []
        return list(found) if isinstance(found, list) else [found]

    def announce(self, things: list[Any], template: str, **mapping: Any) -> None:
        """Tell everybody here once, equal things counted together."""
        place = self.caller.location
        names = named_together(things, self.caller)
        told = {"things": names, **mapping}
        if place is None:
            self.msg(f"You did that with {names}.")
            return
        place.msg_contents(template, from_obj=self.caller, mapping=told)


class CmdGet(_Handling):
    """Pick something up.

    Usage:
      get <thing>
      get <number> <things>

    Takes things that lie here; with a number, so many of the same kind: get 3 coins.
    """

    key = "get"
    aliases = ["grab"]
    locks = "cmd:all()"

    def func(self) -> None:
        """Pick up."""
        caller = self.caller
        if not self.args:
            self.usage()
            return
        if caller.location is None:
            self.msg("There is nothing here.")
            return
        things = self.find_things(self.args, caller.location, "There is no '{name}' here.")
        taken = [thing for thing in things if self._take(thing)]
        if taken:
            self.announce(taken, "$You() $conj(pick) up {things}.")

    def _take(self, thing: Any) -> bool:
        caller = self.caller
        name = thing.get_display_name(caller)
        if thing is caller:
            self.msg("You cannot pick yourself up.")
            return False
        if not thing.access(caller, "get"):
            self.msg(thing.db.get_err_msg or f"You cannot take {name}.")
            return False
        decision = veto.ask(thing.at_pre_get, caller)
        if not decision:
            self.msg(told_by(decision, f"You cannot take {name}."))
            return False
        if not _moved(self, thing, caller, "get"):
            return False
        thing.at_get(caller)
        return True


class CmdDrop(_Handling):
    """Put something down.

    Usage:
      drop <thing>
      drop <number> <things>

    Leaves what you carry where you are.
    """

    key = "drop"
    locks = "cmd:all()"

    def func(self) -> None:
        """Put down."""
        caller = self.caller
        if not self.args:
            self.usage()
            return
        if caller.location is None:
            self.msg("You are nowhere: there is no floor to put things on.")
            return
        things = self.find_things(self.args, caller, "You do not carry '{name}'.")
        dropped = [thing for thing in things if self._drop(thing)]
        if dropped:
            self.announce(dropped, "$You() $conj(drop) {things}.")

    def _drop(self, thing: Any) -> bool:
        decision = veto.ask(thing.at_pre_drop, self.caller)
        if not decision:
            if decision.reason:  # the hook of objects tells the dropper by itself
                self.msg(decision.reason)
            return False
        if not _moved(self, thing, self.caller.location, "drop"):
            return False
        thing.at_drop(self.caller)
        return True


class CmdGive(_Handling):
    """Give something to somebody.

    Usage:
      give <thing> to <somebody>
      give <thing> = <somebody>
      give <number> <things> to <somebody>

    Hands what you carry to somebody here. Only the two of you are told.

    Example:
      give 3 coins to bert
    """

    key = "give"
    locks = "cmd:all()"
    rhs_split = ("=", " to ")

    def func(self) -> None:
        """Hand over."""
        caller = self.caller
        if not self.lhs or not self.rhs:
            self.usage()
            return
        things = self.find_things(self.lhs, caller, "You do not carry '{name}'.")
        receiver = caller.search(self.rhs) if things else None
        if receiver is None:
            return
        if receiver is caller:
            self.msg("You keep it.")
            return
        if receiver is caller.location:
            self.msg(f"Nobody can be given anything by that name; |wdrop {self.lhs}|n leaves it here.")
            return
        given = [thing for thing in things if self._give(thing, receiver)]
        if not given:
            return
        self.msg(f"You give {named_together(given, caller)} to {receiver.get_display_name(caller)}.")
        receiver.msg(
            f"{caller.get_display_name(receiver)} gives you {named_together(given, receiver)}.", from_obj=caller
        )

    def _give(self, thing: Any, receiver: Any) -> bool:
        caller = self.caller
        if thing is receiver:
            self.msg(f"You cannot give {thing.get_display_name(caller)} to itself.")
            return False
        decision = veto.ask(thing.at_pre_give, caller, receiver)
        if not decision:
            self.msg(told_by(decision, f"You cannot give {thing.get_display_name(caller)} away."))
            return False
        if not _moved(self, thing, receiver, "give"):
            return False
        thing.at_give(caller, receiver)
        return True


class CmdInventory(StockCommand):
    """See what you carry.

    Usage:
      inventory
    """

    key = "inventory"
    aliases = ["inv", "i"]
    locks = "cmd:all()"

    def func(self) -> None:
        """List it."""
        caller = self.caller
        groups: dict[tuple[str, str], list[Any]] = {}
        for thing in caller.contents:
            if not thing.access(caller, "view"):
                continue
            groups.setdefault((thing.get_display_name(caller), thing.get_display_desc(caller)), []).append(thing)
        if not groups:
            self.tell("You carry nothing.", "inventory")
            return
        table = self.table()
        for (name, desc), things in sorted(groups.items()):
            shown = things[0].get_numbered_name(len(things), caller, key=name, return_string=True)
            table.add_row(f"|C{shown}|n", _first_line(desc))
        self.tell(f"|wYou carry:|n\n{table}", "inventory")


def named_together(things: list[Any], looker: Any) -> str:
    """The names of several things as `looker` sees them, equal ones counted: "a lamp and three coins"."""
    groups: dict[str, list[Any]] = {}
    for thing in things:
        groups.setdefault(thing.get_display_name(looker), []).append(thing)
    return join_words(
        str(group[0].get_numbered_name(len(group), looker, key=name, return_string=True))
        for name, group in groups.items()
    )


def _first_line(text: str) -> str:
    """The first line of a description; `||/` is a bar and a slash, and ends none."""
    found = _LINE_END.search(text)
    return text if found is None else text[: found.start()] + (found["bars"] or "")


def _moved(command: StockCommand, thing: Any, target: Any, how: str) -> bool:
    """Move it without an announcement; tell why it did not go."""
    result = thing.move_to(target, quiet=True, move_type=how, emit_to_obj=command.caller)
    if not result and not result.reason:
        command.msg(f"{thing.get_display_name(command.caller)} stays where it is.")
    return bool(result)
