"""A session: one client, as the world knows it.

Contract: a session is made when the gateway tells of a client and ends when either side ends it. What it sends (`msg`,
`data_out`) waits for the commit; who it is (account, puppet) is told to the gateway with the commit too, so that
another world finds it again. Sessions are told apart by their number alone.

Owner: the game thread.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from perdure.accounts.logins import login, logout
from perdure.conf import conf
from perdure.server.messages import Line, SessionRecord
from perdure.server.world.output import plain_value
from perdure.sessions import SESSION_HANDLER
from perdure.transactions import on_rollback
from perdure.typeclasses.cmdsets import CmdSetHandler
from perdure.typeclasses.holders import NDbHolder
from perdure.typeclasses.memory_attributes import NAttributeHandler

if TYPE_CHECKING:
    from perdure.server.world.world import World

__all__ = ["ServerSession"]

#: Screen of clients that do not say how large theirs is: columns, rows.
DEFAULT_SIZE = (78, 45)


class ServerSession:
    """One client.

    Args:
        world: what sends for it.
        record: what the gateway knows of it.
    """

    cmdset_provider_order = 0
    cmdset_provider_error_order = 50
    cmdset_provider_type = "session"
    sessionhandler = SESSION_HANDLER

    def __init__(self, world: World, record: SessionRecord) -> None:
        self.world = world
        self.sessid = record.sessid
        self.protocol_key = record.protocol
        self.address = record.address
        self.protocol_flags: dict[str, Any] = dict(record.flags)
        self.conn_time = record.conn_time
        self.cmd_last = self.cmd_last_visible = record.cmd_last or time.time()
        self.cmd_total = record.cmd_total
        self.db_cmdset_storage = record.cmdset_storage
        #: What the game keeps with the session while it is connected: plain data, there again after a reload.
        self.server_data: dict[str, Any] = dict(record.data)
        self.logged_in = False
        self.account: Any = None
        self.uid: int | None = None
        self.puppet: Any = None
        self.puid: int | None = None
        #: Lines that wait until the command before them has come to an end.
        self.waiting: deque[Line] = deque()
        #: Lines that were typed for a command that would begin anew after a reload; see `begun`.
        self.begun: tuple[Line, ...] = ()
        self.is_closing = False
        self.ndb = self.db = NDbHolder()
        self.nattributes = NAttributeHandler(self)
        self.cmdset = CmdSetHandler(self)
        self.cmdset.add_default(conf.CMDSET_UNLOGGEDIN, persistent=False)

    def __repr__(self) -> str:
        return f"<session {self.sessid} of {self.uname or 'nobody'} from {self.address}>"

    def __str__(self) -> str:
        return f"{self.uname or 'somebody'} (session {self.sessid})"

    # --- facts

    @property
    def pk(self) -> int:
        """Its number, as error messages name it."""
        return self.sessid

    @property
    def key(self) -> str:
        """What it is called where entities are called by their key."""
        return self.uname or f"session {self.sessid}"

    @property
    def uname(self) -> str:
        """The name of its account; empty before login."""
        return "" if self.account is None else str(self.account.key)

    @property
    def is_superuser(self) -> bool:
        """Whether its account is a superuser."""
        return bool(self.account is not None and self.account.is_superuser)

    @property
    def cmdset_storage(self) -> list[str]:
        """The paths of the command sets that it keeps."""
        return [part.strip() for part in self.db_cmdset_storage.split(",")] if self.db_cmdset_storage else []

    @cmdset_storage.setter
    def cmdset_storage(self, paths: list[str] | str | None) -> None:
        self.db_cmdset_storage = paths if isinstance(paths, str) else ",".join(paths or [])
        self.changed()

    def get_account(self) -> Any:
        """Its account, or None."""
        return self.account

    def get_puppet(self) -> Any:
        """What it controls, or None."""
        return self.puppet

    def get_puppet_or_account(self) -> Any:
        """What it controls, else its account."""
        return self.puppet if self.puppet is not None else self.account

    def get_client_size(self) -> tuple[int, int]:
        """Columns and rows of the client's screen."""
        width, height = DEFAULT_SIZE
        flags = self.protocol_flags
        return _number(flags.get("SCREENWIDTH"), width), _number(flags.get("SCREENHEIGHT"), height)

    def get_display_name(self, looker: Any = None, **kwargs: Any) -> str:
        """What it is called."""
        return self.key

    def access(self, *args: Any, **kwargs: Any) -> bool:
        """Always True: a session guards nothing."""
        return True

    def record(self) -> SessionRecord:
        """What another world needs to know."""
        return SessionRecord(
            sessid=self.sessid,
            protocol=self.protocol_key,
            address=self.address,
            flags={
                name: value
                for name, value in self.protocol_flags.items()
                if isinstance(name, str) and isinstance(value, bool | int | str)
            },
            conn_time=self.conn_time,
            uid=self.uid,
            puid=self.puid,
            uname=self.uname,
            cmdset_storage=self.db_cmdset_storage,
            cmd_last=self.cmd_last_visible,
            cmd_total=self.cmd_total,
            data=plain_value(self.server_data),
        )

    def changed(self) -> None:
        """Tell the gateway, with the commit, who this session is now. Call it after changing `server_data`."""
        self.world.put_state(self)

    # --- command sets

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Called before the command sets of this session are collected."""

    def get_cmdsets(self, caller: Any, current: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """The merged command set, and those it is made of."""
        return self.cmdset.current, list(self.cmdset.cmdset_stack)

    def get_cmdset_providers(self) -> dict[str, Any]:
        """Whose command sets count for what this session types."""
        providers: dict[str, Any] = {"session": self}
        if self.account is not None:
            providers["account"] = self.account
        if self.puppet is not None:
            providers["object"] = self.puppet
        return providers

    def execute_cmd(self, raw_string: str, session: Any = None, **kwargs: Any) -> Any:
        """Do what `raw_string` says, as if it had been typed here."""
        from perdure.commands.dispatch import cmdhandler

        return cmdhandler(self, raw_string, session=self, callertype="session", **kwargs)

    # --- sending

    def msg(self, text: Any = None, from_obj: Any = None, options: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Send messages to the client; arguments as of an object's `msg`."""
        if text is not None:
            kwargs["text"] = text if isinstance(text, str | tuple) else str(text)
        kwargs.pop("session", None)
        self.data_out(options=options, **kwargs)

    def data_out(self, options: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Send messages, by name: `text` and `prompt` are texts (or `(text, {options})`), others any plain value."""
        if not self.is_closing:
            self.world.put_out(self, dict(options or {}), kwargs)

    def echo_input(self, visible: bool) -> None:
        """Whether the client should show what is typed; False while it is a password."""
        self.world.put_echo(self, visible)

    # --- coming and going

    def login(self, account: Any) -> None:
        """Log in as `account`, whose password has been checked, with all hooks."""
        login(account, self)

    def at_login(self, account: Any) -> None:
        """Called in a login, once the session has its account."""
        self.cmdset.add_default(conf.CMDSET_SESSION, persistent=False)
        on_rollback(self._leave_account)
        self.changed()

    def _leave_account(self) -> None:
        """A login that is undone leaves the commands of the login screen."""
        if self.account is None:
            self.cmdset.add_default(conf.CMDSET_UNLOGGEDIN, persistent=False)

    def at_restored(self, account: Any) -> None:
        """Called when a session that another world knew has its account again."""
        from perdure.commands.writing import resume_soon

        self.cmdset.add_default(conf.CMDSET_SESSION, persistent=False)
        resume_soon(self)

    def disconnect(self, reason: str | None = None) -> None:
        """Log out, with all hooks, and end the connection once what was sent has left."""
        if self.is_closing:
            return
        if self.account is not None:
            logout(self.account, self, reason)
        if reason:
            self.data_out(text=reason)
        self.world.put_close(self, reason or "")

    def gone(self, reason: str) -> None:
        """The client has gone: log out, with all hooks."""
        if self.account is not None:
            logout(self.account, self, reason)
        self.world.forget(self)


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000 else default
