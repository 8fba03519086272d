"""What somebody may do now: one object that says it, made anew whenever it is asked for.

Contract: the answer agrees with what locks decide at the same moment (`perm(...)` and the superuser's bypass), since it
asks the same functions. Nothing is kept, so quelling, promoting and puppeting count at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from perdure.conf import conf
from perdure.locks import permissions

__all__ = ["EffectivePermissions", "effective_permissions"]


@dataclass(frozen=True, slots=True)
class EffectivePermissions:
    """What counts for an account, or for a character and the account behind it.

    Args:
        account, puppet: who that is; either may be None.
        account_permissions, puppet_permissions: what each holds itself.
        superuser: the account is a superuser.
        quelled: the account has laid down its powers.
        bypasses: locks let it by (a superuser that has not quelled).
        rank: the highest rank of the ladder that counts; empty for none.
        others: the permissions outside the ladder that count.
    """

    account: Any
    puppet: Any
    account_permissions: frozenset[str]
    puppet_permissions: frozenset[str]
    superuser: bool
    quelled: bool
    bypasses: bool
    rank: str
    others: frozenset[str]


def effective_permissions(entity: Any) -> EffectivePermissions:
    """What counts for `entity`, an account or an object, at this moment."""
    account = permissions.account_behind(entity)
    puppet = entity if permissions.is_object(entity) else None
    held_by_account = permissions.held_permissions(account)
    held_by_puppet = permissions.held_permissions(puppet)
    ladder = [str(name) for name in conf.PERMISSION_HIERARCHY]
    rank = next((name for name in reversed(ladder) if permissions.has_permission(entity, name)), "")
    outside = {name for name in held_by_account | held_by_puppet if permissions.perm_rank(name) == permissions.NO_RANK}
    return EffectivePermissions(
        account=account,
        puppet=puppet,
        account_permissions=held_by_account,
        puppet_permissions=held_by_puppet,
        superuser=bool(getattr(account, "is_superuser", False)),
        quelled=account is not None and permissions.is_quelled(account),
        bypasses=permissions.is_effective_superuser(entity),
        rank=rank,
        others=frozenset(name for name in outside if permissions.has_permission(entity, name)),
    )
