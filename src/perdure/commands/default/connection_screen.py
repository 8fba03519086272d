"""What a client sees when it connects, and the commands that need no account: look, encoding, screenreader, info.

Contract: the setting CONNECTION_SCREEN_MODULE names a module with a function `connection_screen` that gives the text,
or with texts in variables with capital names, of which one is drawn. Without the setting, or when the module fails
(which is logged), there is a plain screen with the name of the game.
"""

from __future__ import annotations

import codecs
import logging
import random
from importlib import import_module

from perdure.commands.default.server_facts import now, server_name, world_started
from perdure.commands.default.stock import StockCommand
from perdure.commands.durations import brief
from perdure.commands.syscmdkeys import CMD_LOGINSTART
from perdure.conf import conf
from perdure.sessions import SESSION_HANDLER
from perdure.version import __version__

__all__ = [
    "CmdLoginStart",
    "CmdUnconnectedEncoding",
    "CmdUnconnectedInfo",
    "CmdUnconnectedLook",
    "CmdUnconnectedScreenreader",
    "connection_screen",
]

logger = logging.getLogger("perdure.commands")


def connection_screen() -> str:
    """The text for somebody who has just connected."""
    if conf.CONNECTION_SCREEN_MODULE:
        try:
            return _screen_of(conf.CONNECTION_SCREEN_MODULE) or _plain_screen()
        except Exception:  # boundary of user code: nobody may be kept out by a broken screen
            logger.exception("the screen of CONNECTION_SCREEN_MODULE (%s) failed", conf.CONNECTION_SCREEN_MODULE)
    return _plain_screen()


def _screen_of(path: str) -> str:
    module = import_module(path)
    function = getattr(module, "connection_screen", None)
    if callable(function):
        return str(function())
    screens = [value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)]
    return random.choice(screens) if screens else ""


def _plain_screen() -> str:
    name = server_name()
    rule = "=" * min(60, max(24, len(name) + 12))
    lines = [
        f"|b{rule}|n",
        f"  |w{name}|n",
        f"|b{rule}|n",
        "",
        "  |wconnect <name>|n    if you have an account",
        "  |wcreate <name>|n     if you have none",
    ]
    if conf.GUEST_ENABLED:
        lines.append("  |wconnect guest|n     to look around")
    return "\n".join([*lines, "  |whelp|n              for more"])


class CmdUnconnectedLook(StockCommand):
    """See the first screen again.

    Usage:
      look
    """

    key = "look"
    aliases = ["l"]
    locks = "cmd:all()"

    def func(self) -> None:
        """Show it."""
        self.tell(connection_screen(), "look")


class CmdLoginStart(CmdUnconnectedLook):
    """Shown by itself to whoever connects."""

    key = CMD_LOGINSTART
    aliases = []
    auto_help = False


class CmdUnconnectedEncoding(StockCommand):
    """See or set what your client writes.

    Usage:
      encoding
      encoding <name>
      encoding/clear

    Only for old clients that do not write UTF-8: utf-8, latin-1, cp437 and so on.
    """

    key = "encoding"
    aliases = ["encode"]
    locks = "cmd:all()"
    switch_options = ("clear",)

    def func(self) -> None:
        """Show or set it."""
        flags = self.session.protocol_flags
        if "clear" in self.switches:
            flags["ENCODING"] = "utf-8"
        elif not self.args:
            self.msg(f"Your client is taken to write {flags.get('ENCODING') or 'utf-8'}.")
            return
        else:
            name = usable_encoding(self.args.strip())
            if name is None:
                self.msg(f"There is no encoding '{self.args.strip()[:40].replace('|', '||')}'. Try utf-8 or latin-1.")
                return
            flags["ENCODING"] = name
        changed(self.session)
        self.msg(f"Your client is taken to write {flags['ENCODING']} from now on.")


class CmdUnconnectedScreenreader(StockCommand):
    """Turn texts for a screen reader on or off.

    Usage:
      screenreader

    Then there are no colours and no drawn lines, and tables are read as sentences.
    """

    key = "screenreader"
    locks = "cmd:all()"

    def func(self) -> None:
        """Turn it over."""
        flags = self.session.protocol_flags
        flags["SCREENREADER"] = not flags.get("SCREENREADER")
        changed(self.session)
        self.msg(f"Screen reader mode is {'on' if flags['SCREENREADER'] else 'off'}.")


class CmdUnconnectedInfo(StockCommand):
    """Facts about this game, for programs that list games.

    Usage:
      info
    """

    key = "info"
    locks = "cmd:all()"

    def func(self) -> None:
        """Show them."""
        started = world_started()
        lines = [
            "## BEGIN INFO 1.1",
            f"Name: {server_name().replace('|', '||')}",
            f"Uptime: {brief(now() - started) if started else 'unknown'}",
            f"Connected: {SESSION_HANDLER.account_count()}",
            f"Version: Perdure {__version__}",
            "## END INFO",
        ]
        self.msg("\n".join(lines))


def changed(session: object) -> None:
    """Let the gateway know of changed flags."""
    tell = getattr(session, "changed", None)
    if callable(tell):
        tell()


def usable_encoding(name: str) -> str | None:
    """The name of an encoding of text in its usual form, or None."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    sample = "".join(map(chr, range(32, 127)))
    try:
        usable = sample.encode(found.name) == sample.encode("ascii")  # what telnet is spoken in must stay as it is
    except (LookupError, ValueError):
        return None
    return found.name if usable and "escape" not in found.name else None
