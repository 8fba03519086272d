"""The command for nicks: personal names for commands, things and people."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.stock import StockCommand, whole_number
from perdure.errors import PerdureError

__all__ = ["CmdNick"]

CATEGORIES = ("inputline", "object", "account")
#: Nicks of one character or account: more would make every line slow.
MOST_NICKS = 100


class CmdNick(StockCommand):
    r"""Give personal names to commands, things and people.

    Usage:
      nick[/inputline] <pattern> = <replacement>
      nick/object <name> = <name of a thing>
      nick/account <name> = <name of an account>
      nick[/list]
      nick/delete <pattern or number>
      nick/clearall

    Switches:
      inputline - what you type is replaced (this is meant if you name none)
      object    - counts where a command looks for a thing
      account   - counts where a command looks for an account
      list      - show your nicks, with their numbers
      delete    - remove one
      clearall  - remove all of them

    In a pattern, $1 to $99 stand for words that come back in the replacement; * ? [abc] match as in file names.

    Example:
      nick k = kill goblin
      nick build $1 $2 = create/drop $1;$2
    """

    key = "nick"
    aliases = ["nickname", "nicks"]
    locks = "cmd:all()"
    switch_options = ("inputline", "object", "account", "list", "delete", "clearall")

    def func(self) -> None:
        """Do what the switch says."""
        if "clearall" in self.switches:
            self._clear()
        elif "delete" in self.switches:
            self._delete(self.args.strip())
        elif "list" in self.switches or not self.args:
            self._list()
        elif not self.lhs or not self.rhs:
            self._show(self.args.strip().rstrip("=").strip())
        else:
            self._add()

    def _add(self) -> None:
        chosen = [name for name in CATEGORIES if name in self.switches] or ["inputline"]
        if len(_nicks(self.caller)) >= MOST_NICKS:
            self.msg(f"You have {MOST_NICKS} nicks; remove some before you add others (|wnick/list|n).")
            return
        pattern, replacement = self.lhs, self.rhs or ""
        if pattern.lower() == replacement.lower():
            self.msg("That would replace it by itself.")
            return
        for category in chosen:
            try:
                self.caller.nicks.add(pattern, replacement, category=category)
            except PerdureError as error:
                self.msg(f"That does not make a nick: {error}.")
                return
        self.msg(f"|w{_shown(pattern)}|n now means |w{_shown(replacement)}|n ({', '.join(chosen)}).")

    def _list(self) -> None:
        nicks = _nicks(self.caller)
        if not nicks:
            self.msg("You have no nicks.")
            return
        table = self.table("#", "Kind", "What you type", "What it means")
        for number, (category, pattern, replacement) in enumerate(nicks, 1):
            table.add_row(number, category, _shown(pattern), _shown(replacement))
        self.msg(str(table))

    def _show(self, pattern: str) -> None:
        found = [nick for nick in _nicks(self.caller) if nick[1].lower() == pattern.lower()]
        if not found:
            self.msg(f"You have no nick '{_shown(pattern)}'.")
        for category, known, replacement in found:
            self.msg(f"{_shown(known)} means {_shown(replacement)} ({category}).")

    def _delete(self, wanted: str) -> None:
        nicks = _nicks(self.caller)
        number = whole_number(wanted)
        if number is not None and 1 <= number <= len(nicks):
            gone = [nicks[number - 1]]
        else:
            gone = [nick for nick in nicks if nick[1].lower() == wanted.lower()]
        if not gone:
            self.msg(f"You have no nick '{_shown(wanted)}'; |wnick/list|n shows them.")
        for category, pattern, _ in gone:
            self.caller.nicks.remove(pattern, category=category)
            self.msg(f"'{_shown(pattern)}' is no nick any more ({category}).")

    def _clear(self) -> None:
        nicks = _nicks(self.caller)
        for category, pattern, _ in nicks:
            self.caller.nicks.remove(pattern, category=category)
        self.msg(f"Removed {len(nicks)} nick{'' if len(nicks) == 1 else 's'}.")


def _nicks(owner: Any) -> list[tuple[str, str, str]]:
    """Category, pattern and replacement of all nicks that this command made: aliases of channels are not its own."""
    hidden = _channel_patterns(owner)
    found = []
    for category in CATEGORIES:
        stored = owner.nicks.get(category=category, return_tuple=True, return_list=True)
        found += [
            (category, nick[2], nick[3])
            for nick in stored
            if nick is not None and not (category == "inputline" and nick[2] in hidden)
        ]
    return found


def _channel_patterns(owner: Any) -> frozenset[str]:
    from perdure.channels.personal_aliases import PersonalAliases

    aliases = owner.nicks.get(category="channel", return_tuple=True, return_list=True)
    return frozenset(PersonalAliases._pattern(nick[2]) for nick in aliases if nick is not None)


def _shown(text: str) -> str:
    """As it was typed, whatever codes are in it."""
    return text.replace("|", "||")
