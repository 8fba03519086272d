"""A change of class that is told before it is made.

Contract: `preview()` says what will go, what stays and which hooks will run; `carry_out()` does exactly that, all or
nothing, and raises what a hook raises; `report()` says what was done.
"""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import named, plural_s
from perdure.text.markup import escape

__all__ = ["PlannedSwap"]

_CREATION_HOOKS = {
    "ObjectDB": "at_object_creation",
    "AccountDB": "at_account_creation",
    "ScriptDB": "at_script_creation",
    "ChannelDB": "at_channel_creation",
}
_SHOWN = 12


class PlannedSwap:
    """A change of class.

    Args:
        entity: what changes.
        new_class: its class from then on; may be the one it has.
        reset: begin anew: attributes and command sets go, and all creation hooks run.
    """

    def __init__(self, entity: Any, new_class: Any, reset: bool) -> None:
        self.entity = entity
        self.new_class = new_class
        self.reset = reset
        self.old_path = str(entity.typeclass_path)

    @property
    def hook(self) -> str:
        """The creation hook of this kind of entity."""
        return _CREATION_HOOKS[self.entity.__dbclass__.__name__]

    def preview(self) -> list[str]:
        """What will happen, in lines."""
        names = [row.db_key for row in self.entity.attributes.all()]
        if self.reset:
            hooks = f"all that runs for something new, with {self.hook}"
            return [
                f"  go: {_listed(names)}, and all command sets",
                "  stay: name, number, place, tags, aliases and permissions",
                f"  run: {hooks}",
            ]
        return [f"  stay: {_listed(names)}, and everything else", f"  run: {self.hook}"]

    def carry_out(self) -> None:
        """Change it, in one transaction. Raises what the swap or a hook raises; then nothing has changed."""
        self.entity.swap_typeclass(
            self.new_class,
            clean_attributes=self.reset,
            clean_cmdsets=self.reset,
            run_start_hooks="all" if self.reset else self.hook,
        )

    def report(self) -> str:
        """What was done, in a line."""
        new_path = escape(self.new_class.path)
        if self.old_path == self.new_class.path:
            what = "was begun anew as" if self.reset else "was updated as"
            return f"{named(self.entity)} {what} {new_path}."
        anew = " and begun anew" if self.reset else ""
        return f"{named(self.entity)} was changed from {escape(self.old_path)} to {new_path}{anew}."


def _listed(names: list[str]) -> str:
    if not names:
        return "no attributes (there are none)"
    shown = ", ".join(escape(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} attribute{plural_s(len(names))} ({shown}{more})"
