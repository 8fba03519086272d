"""Locks and permissions: who may do what to which entity."""

from perdure.locks.explain import CallResult, Explanation, Reason, explain
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
