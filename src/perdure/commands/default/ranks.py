"""Who stands above whom: what keeps admins from acting on those who may do more than they.

Contract: asked live of what counts at the moment (`effective_permissions`). A superuser stands above all who are none,
also while quelled; as one who acts, it acts by what it has not laid down.
"""

from __future__ import annotations

from typing import Any

from perdure.locks.effective import effective_permissions
from perdure.locks.permissions import NO_RANK, perm_rank

__all__ = ["acting_rank", "outranks", "standing"]

SUPERUSER = 1_000_000


def acting_rank(actor: Any) -> int:
    """With which rank somebody acts now."""
    rights = effective_permissions(actor)
    return SUPERUSER if rights.bypasses else perm_rank(rights.rank) if rights.rank else NO_RANK


def standing(target: Any) -> int:
    """Which rank protects somebody: what is laid down for now protects still."""
    rights = effective_permissions(target)
    if rights.superuser:
        return SUPERUSER
    held = [perm_rank(name) for name in rights.account_permissions] or [
        perm_rank(name) for name in rights.puppet_permissions
    ]
    return max(held, default=NO_RANK)


def outranks(target: Any, actor: Any) -> bool:
    """Whether `target` stands above what `actor` acts with."""
    return standing(target) > acting_rank(actor)
