"""Commands about who is connected: all players, and one's own connections."""

from __future__ import annotations

import time
from typing import Any

from perdure.commands.default.server_facts import address_of
from perdure.commands.default.stock import StockCommand
from perdure.commands.durations import brief
from perdure.locks import check_perm
from perdure.sessions import SESSION_HANDLER

__all__ = ["CmdSessions", "CmdWho"]


class CmdWho(StockCommand):
    """See who is here.

    Usage:
      who
      doing

    Who is connected, for how long, and how long they have been idle. Admins also see the number of each session, whom
    they play, where, from where they are connected, and how much they have typed; doing shows them what everybody sees.
    """

    key = "who"
    aliases = ["doing"]
    locks = "cmd:all()"
    account_caller = True

    def func(self) -> None:
        """List them."""
        sessions = [session for session in SESSION_HANDLER.get_sessions() if session.account is not None]
        sessions.sort(key=lambda session: getattr(session, "conn_time", 0) or 0)
        subject = self.character if self.character is not None else self.caller
        everything = self.cmdname != "doing" and check_perm(subject, "Admin")
        more = ["Session", "Plays", "In", "Commands", "By", "From"] if everything else []
        table = self.table("Account", "On for", "Idle", *more)
        for session in sessions:
            row = [session.account.get_display_name(self.caller), _since(session, "conn_time"), _since(session, IDLE)]
            if everything:
                row += _details(session, self.caller)
            table.add_row(*row)
        count = SESSION_HANDLER.account_count()
        self.msg(f"{table}\n{count} account{'' if count == 1 else 's'} connected.")


class CmdSessions(StockCommand):
    """See your own connections.

    Usage:
      sessions
    """

    key = "sessions"
    locks = "cmd:all()"
    account_caller = True

    def func(self) -> None:
        """List them."""
        account = self.account if self.account is not None else self.caller
        sessions = account.sessions.all()
        if not sessions:
            self.msg("Nobody is connected.")
            return
        table = self.table("#", "By", "From", "Plays", "In")
        for session in sessions:
            mark = " *" if session is self.session else ""
            puppet = session.puppet
            table.add_row(
                f"{session.sessid}{mark}",
                getattr(session, "protocol_key", ""),
                address_of(session),
                puppet.get_display_name(account) if puppet is not None else "nobody",
                _place(puppet, account),
            )
        self.msg(str(table))


IDLE = "cmd_last_visible"


def _since(session: Any, name: str) -> str:
    then = getattr(session, name, None)
    return brief(time.time() - then) if then else "-"


def _details(session: Any, looker: Any) -> list[str]:
    puppet = session.puppet
    return [
        f"#{session.sessid}",
        puppet.get_display_name(looker) if puppet is not None else "nobody",
        _place(puppet, looker),
        str(getattr(session, "cmd_total", 0)),
        str(getattr(session, "protocol_key", "")),
        address_of(session),
    ]


def _place(puppet: Any, looker: Any) -> str:
    place = getattr(puppet, "location", None)
    return f"{place.get_display_name(looker)}({place.dbref})" if place is not None else "nowhere"
