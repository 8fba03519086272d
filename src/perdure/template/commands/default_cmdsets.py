"""The command sets of this game, by the names that the settings give them (`CMDSET_CHARACTER` and so on).

Each lists the command classes that it adds to Perdure's own.
"""


class CharacterCmdSet:
    """What somebody can type while they act through a character."""

    key = "DefaultCharacter"
    commands: tuple[type, ...] = ()


class AccountCmdSet:
    """What they can type whether or not they have a character."""

    key = "DefaultAccount"
    commands: tuple[type, ...] = ()


class UnloggedinCmdSet:
    """What can be typed before login."""

    key = "DefaultUnloggedin"
    commands: tuple[type, ...] = ()


class SessionCmdSet:
    """What belongs to a connection, before and after login."""

    key = "DefaultSession"
    commands: tuple[type, ...] = ()
