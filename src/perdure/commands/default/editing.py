"""What the commands of builders have in common: finding what is meant, asking its locks, telling what came of it.

Contract: a command that changes something asks `require(target)` first; that is the one place where the rule stands:
you may change what you control or may edit (or, for another access type, what you control or may do that with). A
refusal is told, and nothing is changed. A search that finds nothing, or too much, tells so and stops the command: it
never goes on with something else.

Each item of a command that takes several is done by itself (`alone`): what the engine refuses is told in one line
and undone, and the other items are done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from perdure.commands import pager
from perdure.commands.arguments import ObjManipCommand
from perdure.commands.default.stock import StockCommand
from perdure.conf import conf
from perdure.errors import PerdureError, TypeclassError
from perdure.idmapper.wrappers import dbref_number
from perdure.locks.control import controls_or_has
from perdure.locks.permissions import is_account
from perdure.objects.makers import CharacterMaker
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.text.markup import escape
from perdure.transactions import transaction
from perdure.typeclasses import registry

__all__ = ["EditingCommand", "named", "plural_s"]


def named(entity: Any) -> str:
    """An entity by name and number, for messages to builders: `lamp(#5)`."""
    if entity is None:
        return "nowhere"
    mark = "*" if is_account(entity) else ""
    return f"{mark}{escape(str(entity.key))}(#{entity.pk})"


def plural_s(number: int) -> str:
    """The letter after a noun of which there are `number`."""
    return "" if number == 1 else "s"


class EditingCommand(StockCommand, ObjManipCommand):
    """Base of the commands that builders change the world with."""

    help_category = "building"
    switch_options: tuple[str, ...] = ()

    # --- asking the locks

    def may(self, target: Any, access: str = "edit") -> bool:
        """Whether the caller controls the target or has this access to it; admins, if it has neither lock."""
        return controls_or_has(self.caller, target, access)

    def require(self, target: Any, access: str = "edit", what: str = "change") -> bool:
        """Whether the caller may; a refusal is told. `what` is the verb of the refusal."""
        if self.may(target, access):
            return True
        self.msg(f"You may not {what} {named(target)}: it takes 'control' or '{access}' access (see explain).")
        return False

    def require_control(self, target: Any, what: str = "change") -> bool:
        """Whether the caller controls the target; a refusal is told."""
        if target.access(self.caller, "control"):
            return True
        self.msg(f"You may not {what} {named(target)}: it takes 'control' access (see explain).")
        return False

    # --- finding

    @property
    def here(self) -> Any:
        """Where the caller is; None for nowhere, and for an account."""
        return getattr(self.caller, "location", None)

    def find_object(self, name: str, everywhere: bool = False, accounts: bool = False) -> Any:
        """The object of this name nearby, and if there is none and `everywhere`, anywhere. None after telling why not.

        With `accounts` a name that begins with a star is an account's.
        """
        caller = self.caller
        text = name.strip()
        if accounts and text.startswith("*"):
            return self.find_account(text)
        if is_account(caller):
            return caller.search(text, search_object=True)
        if everywhere and not caller.search(text, quiet=True):
            return caller.search(text, global_search=True)
        return caller.search(text)

    def find_anywhere(self, name: str) -> Any:
        """The object of this name in the whole world, what is nearby first; None after telling why not."""
        return self.find_object(name, everywhere=True)

    def find_account(self, name: str) -> Any:
        """The account of this name, with or without a star; None after telling why not."""
        text = name.strip().removeprefix("*")
        return self.caller.search(text) if is_account(self.caller) else self.caller.search_account(text)

    def find_one_of(self, model: Any, name: str, **conditions: Any) -> Any:
        """The one script, channel or other entity of this name or dbref; None after telling why not."""
        text = name.strip()
        number = dbref_number(text) if text.startswith("#") else None
        if number is not None:
            found = list(model.objects.filter(pk=number, **conditions))
        elif hasattr(model.objects, "search_channel"):
            found = list(model.objects.search_channel(text).filter(**conditions)[:11])
        else:
            found = list(model.search(text, **conditions)[:11])
        if len(found) == 1:
            return found[0]
        kind = model._meta.verbose_name.lower()
        if not found:
            self.msg(f"There is no {kind} '{escape(text)}'.")
        else:
            several = ", ".join(named(one) for one in found[:10])
            self.msg(
                f"'{escape(text)}' can be several: {several}{' and more' if len(found) > 10 else ''}. Use the dbref."
            )
        return None

    # --- classes

    def get_object_typeclass(
        self, obj_type: str = "object", typeclass: str | None = None, method: str = "cmd_create", **kwargs: Any
    ) -> tuple[Any, list[str]]:
        """The class of a new thing: `(class, [])`, or `(None, [what is wrong])`.

        Override it to have builders make things of other classes.

        Args:
            obj_type: "object", "room", "exit" or "character".
            typeclass: the path that was typed, if any.
            method: the command that asks.
            kwargs: what a game's own commands pass.
        """
        path = typeclass or getattr(conf, f"BASE_{obj_type.upper()}_TYPECLASS")
        try:
            return registry.resolve(path, ObjectDB), []
        except TypeclassError as error:
            return None, [str(error)]

    def make(self, obj_type: str, name: str, path: str | None, **arguments: Any) -> Any:
        """Make an object that its maker controls; None after telling why not.

        Args:
            obj_type: "object", "room", "exit" or "character".
            name: its key.
            path: the class that was asked for, if any.
            **arguments: as for `create_object`.
        """
        typeclass, problems = self.get_object_typeclass(obj_type, path, self.key.removeprefix("@"))
        made: Any = None
        if typeclass is not None:
            maker = None if is_account(self.caller) else self.caller
            # A character would be added to the characters that its maker can play.
            account = None if issubclass(typeclass, CharacterMaker) else self.account
            made, problems = typeclass.create(name, account=account, caller=maker, method=self.key, **arguments)
        if made is None:
            self.msg(f"'{escape(name)}' was not made: {escape('; '.join(problems))}")
        elif issubclass(typeclass, CharacterMaker):
            made.locks.add(DefaultObject.get_default_lockstring(account=self.account, caller=maker))
        return made

    # --- telling

    async def page(self, text: str, kind: str = "") -> None:
        """Send a text that may be long, screen by screen where that is wanted; `kind` marks it for clients."""
        await pager.show(self, text, kind)

    @contextmanager
    def alone(self, label: str) -> Iterator[None]:
        """Do one item: what the engine refuses in here is undone and told after `label`, and no more comes of it."""
        try:
            with transaction():
                yield
        except PerdureError as error:
            self.msg(f"{label}: {escape(str(error))}")
