"""Hooks of objects that are picked up, handed over, put down and used; each is called by the command of that name."""

from __future__ import annotations

from typing import Any

__all__ = ["Handling"]


class Handling:
    """What happens to an object that somebody handles; part of `DefaultObject`."""

    def at_access(self, result: bool, accessing_obj: Any, access_type: str, **kwargs: Any) -> None:
        """Called after every check of a lock of this object; cannot change the result."""

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Called before the command sets of this object are collected; `kwargs` are caller, current, force_init."""

    def get_cmdsets(self: Any, caller: Any, current: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """The command sets of this object: all merged, and the stack."""
        return self.cmdset.current, list(self.cmdset.cmdset_stack)

    def get_cmdset_providers(self: Any) -> dict[str, Any]:
        """Who gives command sets when this object does something: itself and the account that controls it."""
        providers = {"object": self}
        if self.account is not None:
            providers["account"] = self.account
        return providers

    def at_pre_get(self, getter: Any, **kwargs: Any) -> bool | None:
        """Called before `getter` picks this object up. False (or `Veto`) leaves it where it is."""
        return True

    def at_get(self, getter: Any, **kwargs: Any) -> None:
        """Called when `getter` has picked this object up."""

    def at_pre_give(self, giver: Any, getter: Any, **kwargs: Any) -> bool | None:
        """Called before `giver` hands this object to `getter`. False (or `Veto`) keeps it."""
        return True

    def at_give(self, giver: Any, getter: Any, **kwargs: Any) -> None:
        """Called when `giver` has handed this object to `getter`."""

    def at_pre_drop(self: Any, dropper: Any, **kwargs: Any) -> bool | None:
        """Called before `dropper` puts this object down: the lock `drop` decides, if there is one."""
        if self.access(dropper, "drop", default=True):
            return True
        dropper.msg(f"You cannot drop {self.get_display_name(dropper)}.")
        return False

    def at_drop(self, dropper: Any, **kwargs: Any) -> None:
        """Called when `dropper` has put this object down."""

    def at_traverse(self, traversing_object: Any, target_location: Any, **kwargs: Any) -> None:
        """Called when somebody goes through this object, as exits are gone through."""

    def at_post_traverse(self, traversing_object: Any, source_location: Any, **kwargs: Any) -> None:
        """Called when somebody has gone through this object."""

    def at_failed_traverse(self, traversing_object: Any, **kwargs: Any) -> None:
        """Called when somebody could not go through this object."""

    # --- older names of hooks

    def at_after_traverse(self: Any, traversing_object: Any, source_location: Any, **kwargs: Any) -> Any:
        """The older name of `at_post_traverse`."""
        return self.at_post_traverse(traversing_object, source_location, **kwargs)

    def at_before_get(self: Any, getter: Any, **kwargs: Any) -> Any:
        """The older name of `at_pre_get`."""
        return self.at_pre_get(getter, **kwargs)

    def at_before_give(self: Any, giver: Any, getter: Any, **kwargs: Any) -> Any:
        """The older name of `at_pre_give`."""
        return self.at_pre_give(giver, getter, **kwargs)

    def at_before_drop(self: Any, dropper: Any, **kwargs: Any) -> Any:
        """The older name of `at_pre_drop`."""
        return self.at_pre_drop(dropper, **kwargs)
