"""Who may look into an entity, change it or delete it: one rule for commands and the REST interface.

Contract: `control` opens everything, the access that is asked for itself; an entity that has neither lock is the
business of admins. Computed live. Locks that cannot be read are there, and let nobody by.
"""

from __future__ import annotations

from typing import Any

from perdure.errors import LockException
from perdure.locks.handler import check_perm

__all__ = ["controls_or_has", "has_lock"]


def has_lock(entity: Any, access: str) -> bool:
    """Whether the entity has a lock for this access, readable or not."""
    try:
        return bool(entity.locks.get(access))
    except LockException:
        return True


def controls_or_has(subject: Any, entity: Any, access: str) -> bool:
    """Whether the subject controls the entity or has this access to it; admins, if it has neither lock."""
    if not has_lock(entity, "control") and not has_lock(entity, access):
        return check_perm(subject, "Admin")
    return bool(entity.access(subject, "control") or entity.access(subject, access))
