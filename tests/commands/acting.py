"""Somebody in a test: a session with an account and a character, whose lines are units of the game loop."""

from __future__ import annotations

from typing import Any

from perdure.commands.dispatch import handle_line
from perdure.gameloop import current_loop
from perdure.sessions import SESSION_HANDLER
from perdure.typeclasses.cmdsets import CmdSetHandler


class Session:
    """A session that keeps what it was sent."""

    cmdset_provider_order = 0
    cmdset_provider_error_order = 50
    cmdset_provider_type = "session"

    def __init__(self, sessid: int) -> None:
        self.sessid = self.pk = sessid
        self.account: Any = None
        self.puppet: Any = None
        self.protocol_flags: dict[str, Any] = {}
        self.db_cmdset_storage = ""
        self.cmd_last = self.cmd_last_visible = 0.0
        self.cmd_total = 0
        self.sent: list[str] = []
        self.echoes: list[bool] = []
        self.cmdset = CmdSetHandler(self)

    def at_cmdset_get(self, **kwargs: Any) -> None:
        pass

    def get_cmdsets(self, caller: Any, current: Any, **kwargs: Any) -> Any:
        return self.cmdset.current, list(self.cmdset.cmdset_stack)

    def get_cmdset_providers(self) -> dict[str, Any]:
        found = {"session": self, "account": self.account, "object": self.puppet}
        return {kind: one for kind, one in found.items() if one is not None}

    def access(self, *args: Any, **kwargs: Any) -> bool:
        return True

    def get_client_size(self) -> tuple[int, int]:
        return 60, 20

    def msg(self, text: Any = None, **kwargs: Any) -> None:
        self.data_out(text=text)

    def data_out(self, **kwargs: Any) -> None:
        if (text := kwargs.get("text")) is not None:
            self.sent.append(text[0] if isinstance(text, tuple) else str(text))

    def echo_input(self, visible: bool) -> None:
        self.echoes.append(visible)


class Player:
    """Types lines."""

    def __init__(self, account: Any = None, character: Any = None) -> None:
        self.session = Session(len(SESSION_HANDLER) + 1)
        SESSION_HANDLER.add(self.session)
        self.account, self.character = account, character
        self.session.account, self.session.puppet = account, character
        if character is not None:
            character.account = account
            character.sessions.add(self.session)
        self.errors: list[Exception] = []

    def send(self, line: str) -> str:
        """Type a line, let everything happen that can happen now, and give what was heard."""
        before = len(self.session.sent)
        current_loop().submit(
            lambda: handle_line(self.session, line), failed=lambda error, _: self.errors.append(error)
        )
        current_loop().run_until_idle()
        return self.heard(before)

    def heard(self, since: int = 0) -> str:
        return "\n".join(self.session.sent[since:])
