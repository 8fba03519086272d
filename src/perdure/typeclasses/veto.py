"""What the answer of a pre-hook means: one rule for every hook that can cancel something.

Contract: `False` cancels, and so does raising `Veto("reason")`, whose reason is told to whoever asked. Anything else
goes on, the None of a forgotten `return` included. `STRICT_VETO = True` restores the older rule, under which every falsy
answer cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from perdure.conf import conf
from perdure.errors import Veto

__all__ = ["GRANTED", "Decision", "allowed", "ask"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a pre-hook decided; true when the action may go on.

    Args:
        allowed: whether it may.
        reason: why not, for whoever asked; may be empty.
        value: what the hook returned.
    """

    allowed: bool
    reason: str = ""
    value: Any = None

    def __bool__(self) -> bool:
        return self.allowed


GRANTED = Decision(True)


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
    return Decision(allowed(result), "", result)
