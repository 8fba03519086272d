"""What the stock commands have in common: usage from the docstring, tables for the client's width, numbered arguments.

Contract: a stock command's docstring teaches it. Its first line says what the command does; the block after "Usage:"
is what `usage()` prints when arguments are missing.
"""

from __future__ import annotations

import inspect
import re
import zoneinfo
from datetime import datetime
from typing import Any

from django.utils import timezone

from perdure.commands.arguments import MuxCommand
from perdure.commands.tables import Table, look_for
from perdure.typeclasses import veto

__all__ = ["StockCommand", "counted", "plain_lines", "told_by", "whole_number"]

_COUNT = re.compile(r"(?P<count>[0-9]{1,4})\s+(?P<rest>\S.*)", re.DOTALL)
_BREAKS = re.compile(r"\|\||\|[/\-]|[\r\n\t]+")


class StockCommand(MuxCommand):
    """Base of the stock commands."""

    #: Whether it is about the connection that gave it; code that gives it without one is told so.
    needs_session = False

    def at_pre_cmd(self) -> Any:
        """Refuse where there is no connection and one is needed."""
        if self.needs_session and self.session is None:
            self.msg(f"{self.key} is about a connection, and this did not come from one.")
            return True
        return None

    def usage(self) -> None:
        """Tell how the command is used."""
        self.msg(usage_of(type(self)))

    def table(self, *headings: str) -> Table:
        """An empty table that will suit whoever gave the command."""
        return Table(*headings, look=look_for(self))

    def moment(self, when: datetime | float, form: str = "%Y-%m-%d %H:%M") -> str:
        """A time as whoever gave the command reads it: in the time zone of their choice."""
        options = getattr(self.account, "options", None)
        name = options.get("timezone", default="UTC") if options is not None else "UTC"
        zone = zoneinfo.ZoneInfo(name) if name != "UTC" else timezone.get_current_timezone()
        moment = datetime.fromtimestamp(when, tz=zone) if isinstance(when, int | float) else when.astimezone(zone)
        return f"{moment:{form}}"

    def tell(self, text: Any, kind: str) -> None:
        """Send a text that is marked as a kind (look, help …)."""
        self.msg((str(text), {"type": kind}))


def usage_of(command: type) -> str:
    """The usage block of a command's docstring, on one line if it is one."""
    text = inspect.getdoc(command) or ""
    _, found, rest = text.partition("Usage:\n")
    if not found:
        return f"That is not how {getattr(command, 'key', 'this')} is used; see |whelp {getattr(command, 'key', '')}|n."
    block = inspect.cleandoc(re.split(r"\n[ \t]*\n", rest, maxsplit=1)[0])
    return f"Usage: {block}" if "\n" not in block else f"Usage:\n{block}"


def counted(text: str) -> tuple[int, str]:
    """A leading number and the rest: "3 apples" is `(3, "apples")`; without a number `(0, text)`."""
    found = _COUNT.fullmatch(text.strip())
    if found is None or int(found["count"]) < 1:
        return 0, text.strip()
    return int(found["count"]), found["rest"]


def whole_number(text: str) -> int | None:
    """The number that a text of digits is; None for any other text. All that nobody can mean are the same one."""
    digits = text.strip()
    if not digits.isdecimal():
        return None
    return int(digits) if len(digits) <= 18 else 10**18


def plain_lines(text: str, speaker: Any) -> str:
    """What somebody says, on one line: builders may break lines, others could forge somebody else's words with it."""
    checker = getattr(speaker, "check_permstring", None)
    account = getattr(speaker, "account", None)
    if (checker is not None and checker("Builder")) or (account is not None and account.check_permstring("Builder")):
        return text
    return _BREAKS.sub(lambda found: "||" if found[0] == "||" else " ", text)


def told_by(decision: veto.Decision, otherwise: str) -> str:
    """Why a hook refused, for whoever asked."""
    return decision.reason or otherwise
