"""Commands about how the game looks to somebody: what their client can do, and what they like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from perdure.accounts.accounts import SAVED_FLAGS
from perdure.accounts.options import CATEGORY as OPTION
from perdure.commands.default.connection_screen import changed, usable_encoding
from perdure.commands.default.stock import StockCommand, whole_number
from perdure.errors import PerdureError

__all__ = ["FLAGS", "CmdOption", "CmdStyle"]

_YES, _NO = frozenset({"true", "on", "yes", "1"}), frozenset({"false", "off", "no", "0"})


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ValueError("it can be on or off")
    return word in _YES


def _size(text: str) -> int:
    number = whole_number(text)
    if number is None or not 10 <= number <= 1000:
        raise ValueError("it is a number from 10 to 1000")
    return number


def _encoding(text: str) -> str:
    name = usable_encoding(text.strip())
    if name is None:
        raise ValueError("there is no such encoding; try utf-8 or latin-1")
    return name


def _words(text: str) -> str:
    if not text.isprintable() or len(text) > 60:
        raise ValueError("it is a short text")
    return text.strip()


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that a client can do.

    Args:
        about: what it means.
        read: makes the value of what was typed; raises `ValueError` saying what can be typed.
    """

    about: str
    read: Callable[[str], Any] = _boolean


#: What `option` can change.
FLAGS: dict[str, Flag] = {
    "ANSI": Flag("the client shows 16 colours"),
    "AUTORESIZE": Flag("the client tells when its window changes"),
    "CLIENTNAME": Flag("what the client is called", _words),
    "ENCODING": Flag("what the client writes", _encoding),
    "FORCEDENDLINE": Flag("every text ends with an end of line"),
    "INPUTDEBUG": Flag("what the client sends is shown"),
    "ISTYPING": Flag("others see that you are typing"),
    "LOCALECHO": Flag("the client shows what you type"),
    "MCCP": Flag("texts are sent compressed"),
    "MXP": Flag("the client understands links (MXP)"),
    "NOCOLOR": Flag("no colours at all"),
    "NOGOAHEAD": Flag("no go-ahead after texts"),
    "NOPKEEPALIVE": Flag("the connection is kept open by sending nothing now and then"),
    "NOPROMPTGOAHEAD": Flag("no go-ahead after prompts"),
    "OOB": Flag("the client understands messages beside the text"),
    "RAW": Flag("codes of colour are shown as they are written"),
    "SCREENHEIGHT": Flag("rows of the window", _size),
    "SCREENREADER": Flag("texts are made for a screen reader"),
    "SCREENWIDTH": Flag("columns of the window", _size),
    "TERM": Flag("kind of terminal", _words),
    "TRUECOLOR": Flag("the client shows 16 million colours"),
    "UTF-8": Flag("the client writes UTF-8"),
    "XTERM256": Flag("the client shows 256 colours"),
}


class CmdOption(StockCommand):
    """See or change what your client is known to do.

    Usage:
      option
      option[/save] <name> = <value>
      option/clear <name>

    Switches:
      save  - keep it for your account: it is set again at every login
      clear - keep it no longer

    Example:
      option/save screenreader = on
    """

    key = "option"
    aliases = ["options"]
    locks = "cmd:all()"
    account_caller = True
    switch_options = ("save", "clear")
    needs_session = True

    def func(self) -> None:
        """Show or change it."""
        name = (self.lhs or "").strip().upper()
        if not name:
            self._list()
        elif name not in FLAGS:
            self.msg(f"There is no option '{self.lhs.replace('|', '||')}'; |woption|n lists them.")
        elif "clear" in self.switches:
            self._forget(name)
        elif self.rhs is None:
            self.msg(f"{name} is {_shown(self._flags.get(name))}: {FLAGS[name].about}.")
        else:
            self._change(name, self.rhs)

    @property
    def _flags(self) -> dict[str, Any]:
        return self.session.protocol_flags  # type: ignore[no-any-return]

    def _list(self) -> None:
        saved = self._saved()
        table = self.table("Option", "Value", "Kept", "What it means")
        for name, flag in FLAGS.items():
            table.add_row(name, _shown(self._flags.get(name)), _shown(saved.get(name)), flag.about)
        self.msg(str(table))

    def _change(self, name: str, text: str) -> None:
        try:
            value = FLAGS[name].read(text)
        except ValueError as error:
            self.msg(f"{name} cannot be that: {error}.")
            return
        new = {name: value}
        if name in ("SCREENWIDTH", "SCREENHEIGHT"):
            new["AUTORESIZE"] = False  # what the client tells would put it back
        self._flags.update(new)
        changed(self.session)
        if "save" in self.switches:
            self._keep({**self._saved(), **new})
        kept = ", and at every login" if "save" in self.switches else ""
        self.msg(f"{name} is {_shown(value)} now{kept}.")

    def _forget(self, name: str) -> None:
        saved = self._saved()
        if saved.pop(name, None) is None:
            self.msg(f"{name} is not kept for your account.")
            return
        self._keep(saved)
        self.msg(f"{name} is no longer kept for your account.")

    def _saved(self) -> dict[str, Any]:
        stored = self.caller.attributes.get(SAVED_FLAGS)
        return dict(stored.deserialize() if hasattr(stored, "deserialize") else stored or {})

    def _keep(self, flags: dict[str, Any]) -> None:
        self.caller.attributes.add(SAVED_FLAGS, flags)


class CmdStyle(StockCommand):
    """See or change how tables and the like look to you.

    Usage:
      style
      style <option> = <value>
      style/clear <option>

    Switches:
      clear - back to how it looks to everybody

    Example:
      style border_color = 520
    """

    key = "style"
    locks = "cmd:all()"
    account_caller = True
    switch_options = ("clear",)

    def func(self) -> None:
        """Show or change it."""
        options = self.caller.options
        name = (self.lhs or "").strip().lower()
        if not name:
            table = self.table("Option", "Value", "Kind", "What it is")
            for option in options.all(return_objs=True):
                table.add_row(option.key, _shown(option.value), option.type, option.description)
            self.msg(str(table) or "There is nothing to choose here.")
        elif name not in options.all():
            self.msg(f"There is no such option. There are: {', '.join(options.all())}.")
        elif "clear" in self.switches:
            self.caller.attributes.remove(name, category=OPTION)
            self.msg(f"{name} is {_shown(options.get(name))} again.")
        elif self.rhs is None:
            self.msg(f"{name} is {_shown(options.get(name))}.")
        else:
            try:
                self.msg(f"{name} is {_shown(options.set(name, self.rhs))} now.")
            except PerdureError as error:
                self.msg(f"That does not fit: {str(error).replace('|', '||')}.")


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value).replace("|", "||")
