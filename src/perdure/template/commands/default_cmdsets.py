"""The command sets of this game, by the names that the settings give them (`CMDSET_CHARACTER` and so on).

Each begins with Perdure's own commands; add yours below the `super()` call, or `self.remove("name")` what you do not
want. `commands/command.py` shows how to write one.
"""

from perdure.commands.default import cmdsets


class CharacterCmdSet(cmdsets.CharacterCmdSet):
    """What somebody can type while they act through a character."""

    key = "DefaultCharacter"

    def at_cmdset_creation(self) -> None:
        """Perdure's commands, and this game's."""
        super().at_cmdset_creation()
        # from commands.command import Command   ...   self.add(MyCommand)


class AccountCmdSet(cmdsets.AccountCmdSet):
    """What they can type whether or not they have a character."""

    key = "DefaultAccount"

    def at_cmdset_creation(self) -> None:
        """Perdure's commands, and this game's."""
        super().at_cmdset_creation()


class UnloggedinCmdSet(cmdsets.UnloggedinCmdSet):
    """What can be typed before login."""

    key = "DefaultUnloggedin"

    def at_cmdset_creation(self) -> None:
        """Perdure's commands, and this game's."""
        super().at_cmdset_creation()


class SessionCmdSet(cmdsets.SessionCmdSet):
    """What belongs to a connection, after login."""

    key = "DefaultSession"

    def at_cmdset_creation(self) -> None:
        """Perdure's commands, and this game's."""
        super().at_cmdset_creation()
