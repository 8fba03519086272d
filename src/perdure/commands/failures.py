"""What a player is told of a command that failed: an id to report, and the traceback for those who can mend it.

With the setting IN_GAME_ERRORS everybody sees tracebacks.
"""

from __future__ import annotations

import traceback
from typing import Any

from perdure.conf import conf
from perdure.errors import Veto
from perdure.locks.permissions import check_permstring
from perdure.text.markup import escape

__all__ = ["failure_text", "may_see_errors"]


def may_see_errors(caller: Any, session: Any = None) -> bool:
    """Whether whoever did this is told what went wrong in the code: developers are."""
    if getattr(caller, "_is_deleted", False):
        caller = None
    account = getattr(session, "account", None) or getattr(caller, "account", None) or caller
    return bool(getattr(account, "permissions", None) is not None and check_permstring(account, "Developer"))


def failure_text(caller: Any, session: Any, error: BaseException, error_id: str) -> str:
    """What to tell whoever gave a command that raised `error` and was undone: of a `Veto`, the reason alone."""
    if isinstance(error, Veto):
        return error.reason or "You cannot do that."
    text = f"|rThat did not work: there is an error in the game. Nothing was changed. (error {error_id})|n"
    if not conf.IN_GAME_ERRORS and not may_see_errors(caller, session):
        return text
    lines = "".join(traceback.format_exception(error)).rstrip()
    return f"{text}\n{escape(lines)}"
