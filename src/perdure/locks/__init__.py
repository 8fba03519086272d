"""Locks and permissions: who may do what to which entity."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from perdure.locks.handler import LockHandler, check_lockstring, check_perm
from perdure.locks.permissions import (
    check_permstring,
    has_permission,
    has_permissions,
    is_effective_superuser,
    perm_rank,
)
from perdure.locks.registry import forget_lockfuncs, get_all_lockfuncs
from perdure.locks.validation import validate_lockstring

if TYPE_CHECKING:
    from perdure.locks.explanation import CallResult, Explanation, Reason, explain

__all__ = [
    "CallResult",
    "Explanation",
    "LockHandler",
    "Reason",
    "check_lockstring",
    "check_perm",
    "check_permstring",
    "explain",
    "forget_lockfuncs",
    "get_all_lockfuncs",
    "has_permission",
    "has_permissions",
    "is_effective_superuser",
    "perm_rank",
    "validate_lockstring",
]

# Nobody asks why while a game starts.
_EXPLANATION = frozenset({"CallResult", "Explanation", "Reason", "explain"})


def __getattr__(name: str) -> Any:
    if name not in _EXPLANATION:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("perdure.locks.explanation"), name)
