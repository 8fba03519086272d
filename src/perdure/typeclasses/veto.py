"""What the answer of a pre-hook means: one rule for every hook that can cancel something.

Contract: `False` cancels, and so does raising `Veto("reason")`, whose reason is told to whoever asked. Anything else
goes on, the None of a forgotten `return` included. `STRICT_VETO = True` restores the older rule, under which every
falsy answer cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perdure.conf import conf
from perdure.errors import Veto

__all__ = ["GRANTED", "Decision", "allowed", "ask"]


class Decision(int):
    """What a pre-hook decided; true (and equal to True) when the action may go on.

    Attributes:
        reason: why not, for whoever asked; may be empty.
        value: what the hook returned.
    """

    reason: str
    value: Any

    def __new__(cls, allowed: bool, reason: str = "", value: Any = None) -> Decision:
        """Arguments are whether the action may go on, and the attributes above."""
        self = super().__new__(cls, bool(allowed))
        self.reason = reason
        self.value = value
        return self

    @property
    def allowed(self) -> bool:
        """Whether the action may go on."""
        return bool(self)

    def __repr__(self) -> str:
        return f"<{'granted' if self else 'refused'}{f': {self.reason}' if self.reason else ''}>"

    __str__ = __repr__


GRANTED = Decision(True)
_SAID_TRUE = Decision(True, "", True)


def allowed(result: object) -> bool:
    """Whether an action may go on after a hook answered `result`."""
    if result is False:
        return False
    return bool(result) or not conf.STRICT_VETO


def ask(hook: Callable[..., Any], *args: Any, **kwargs: Any) -> Decision:
    """Call a pre-hook and say what it decided. Exceptions other than `Veto` pass through."""
    try:
        result = hook(*args, **kwargs)
    except Veto as veto:
        return Decision(False, veto.reason)
    if result is True:
        return _SAID_TRUE
    return Decision(allowed(result), "", result)
