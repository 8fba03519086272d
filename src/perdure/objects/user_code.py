"""Calling what a game has overridden, where its mistakes must not decide what happens.

Contract: `attempt` calls a hook, and `ask` one that may refuse; both report an exception instead of passing it on,
logged with its traceback and the object it came from. Trouble with the database passes through: whoever opened the
transaction has to end it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError

from perdure.idmapper.states import describe
from perdure.typeclasses import veto

__all__ = ["ask", "attempt", "logger"]

logger = logging.getLogger("perdure.objects")


def attempt(hook: Callable[..., Any], *args: Any, **kwargs: Any) -> Exception | None:
    """Call `hook`; what it raised, logged, or None."""
    try:
        hook(*args, **kwargs)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001  (the boundary of a game's hooks)
        return _logged(hook, error)
    return None


def ask(hook: Callable[..., Any], *args: Any, **kwargs: Any) -> veto.Decision | Exception:
    """Call a pre-hook; what it decided, or what it raised, logged."""
    try:
        return veto.ask(hook, *args, **kwargs)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001  (the boundary of a game's hooks)
        return _logged(hook, error)


def _logged(hook: Any, error: Exception) -> Exception:
    owner = getattr(hook, "__self__", None)
    where = describe(owner) if hasattr(owner, "_meta") else repr(owner)
    logger.exception("%s of %s failed", getattr(hook, "__name__", hook), where)
    return error
