"""Commands of an account about its characters: seeing them, playing one, leaving it, making and deleting them."""

from __future__ import annotations

import logging
from typing import Any

from perdure.commands.default.stock import StockCommand
from perdure.conf import conf
from perdure.objects.models import ObjectDB

__all__ = ["CmdCharCreate", "CmdCharDelete", "CmdIC", "CmdOOC", "CmdOOCLook"]

security = logging.getLogger("perdure.security")

MOST_LISTED = 30


class CmdOOCLook(StockCommand):
    """See your characters, while you play none.

    Usage:
      look
    """

    key = "look"
    aliases = ["l", "ls"]
    locks = "cmd:all()"
    account_caller = True

    def func(self) -> None:
        """Show them."""
        show_characters(self)


class CmdIC(StockCommand):
    """Play a character.

    Usage:
      ic
      ic <character>

    Without a name you become whom you played last. Builders may also become other things: those near them, and any
    in the world, that let them.
    """

    key = "ic"
    aliases = ["puppet"]
    locks = "cmd:all()"
    account_caller = True
    needs_session = True

    def func(self) -> None:
        """Become it."""
        account = self.caller
        text = self.args.strip()
        if text:
            found = self._candidates(text)
        else:
            last = account.db._last_puppet
            found = [last] if last is not None else account.characters.all()
        if len(found) != 1:
            self._tell_which(text, found)
            return
        target = found[0]
        outcome = account.puppet_object(self.session, target)
        if not outcome:
            self.msg(outcome.message)
            return
        account.db._last_puppet = target
        security.info("account #%s plays %s, session %s", account.pk, target.dbref, self.session.sessid)

    def _candidates(self, text: str) -> list[Any]:
        """What the name may mean: own characters first; for builders what is near, then anything."""
        account = self.caller
        wanted = text.lower()
        own = [one for one in account.characters.all() if wanted in (one.key.lower(), one.dbref)]
        own = own or [one for one in account.characters.all() if one.key.lower().startswith(wanted)]
        if own or not account.check_permstring("Builder"):
            return own
        near = self.character.search(text, quiet=True) if self.character is not None else []
        found = [one for one in near if one.access(account, "puppet")]
        if found:
            return found
        anywhere = ObjectDB.objects.search_object(text, exact=True)[:MOST_LISTED]
        return [one for one in anywhere if one.access(account, "puppet")]

    def _tell_which(self, text: str, found: list[Any]) -> None:
        if not found and text:
            self.msg("You have no such character; |wlook|n shows yours.")
        elif not found:
            self.msg("You have no character yet: |wcharcreate <name>|n makes one.")
        else:
            names = "\n".join(f"  {one.get_display_name(self.caller)}({one.dbref})" for one in found[:MOST_LISTED])
            self.msg(f"Which one?\n{names}")


class CmdOOC(StockCommand):
    """Stop playing your character, without leaving the game.

    Usage:
      ooc
    """

    key = "ooc"
    aliases = ["unpuppet"]
    locks = "cmd:pperm(Player)"
    account_caller = True
    needs_session = True

    def func(self) -> None:
        """Leave it."""
        account = self.caller
        puppet = account.get_puppet(self.session)
        if puppet is None:
            self.msg("You play nobody.")
            return
        account.db._last_puppet = puppet
        account.unpuppet_object(self.session)
        self.msg("You are out of character.")
        show_characters(self)


class CmdCharCreate(StockCommand):
    """Make a character.

    Usage:
      charcreate <name> [= <description>]

    How many you may have is up to the game.

    Example:
      charcreate Ellen = A tall woman in a green coat.
    """

    key = "charcreate"
    locks = "cmd:pperm(Player)"
    account_caller = True

    def func(self) -> None:
        """Make it."""
        account = self.caller
        if not self.lhs:
            self.usage()
            return
        character, errors = account.create_character(
            key=self.lhs, description=(self.rhs or "").strip() or None, ip=getattr(self.session, "address", "") or ""
        )
        if character is None:
            self.msg("\n".join(str(error) for error in errors))
            return
        self.msg(f"{character.key} is made. |wic {character.key}|n plays it.")


class CmdCharDelete(StockCommand):
    """Delete a character of yours, for ever.

    Usage:
      chardelete <name>

    You are asked first. What it carries goes home.
    """

    key = "chardelete"
    locks = "cmd:pperm(Player)"
    account_caller = True

    async def func(self) -> None:
        """Ask, then delete it."""
        account = self.caller
        wanted = self.args.strip().lower()
        if not wanted:
            self.usage()
            return
        found = [one for one in account.characters.all() if one.key.lower() == wanted]
        if len(found) != 1:
            self.msg("You have no such character." if not found else "Several of yours have that name.")
            return
        character = found[0]
        if not character.access(account, "delete"):
            self.msg(f"You may not delete {character.key}.")
            return
        if not await self.confirm(f"Delete {character.key} for ever?", default=False):
            self.msg(f"{character.key} stays.")
            return
        # There was time in between: it may be gone, or another's, by now.
        if character._is_deleted or character not in account.characters.all():
            self.msg("It is gone already.")
            return
        if not character.access(account, "delete"):
            self.msg(f"You may not delete {character.key}.")
            return
        key, dbref = character.key, character.dbref
        account.characters.remove(character)
        if not character.delete():
            account.characters.add(character)
            self.msg(f"{key} cannot be deleted.")
            return
        security.info("character %s (%s) deleted by account #%s", dbref, key, account.pk)
        self.msg(f"{key} is gone.")


def show_characters(command: StockCommand) -> None:
    """The screen of somebody who plays nobody; where there is but one character, only how to play it."""
    account: Any = command.caller
    characters = account.characters.all()
    if conf.AUTO_PUPPET_ON_LOGIN and conf.MAX_NR_CHARACTERS == 1 and len(characters) <= 1:
        command.tell("You are out of character. |wic|n lets you play again.", "look")
        return
    command.tell(account.at_look(target=characters, session=command.session), "look")
