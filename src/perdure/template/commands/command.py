"""The base of this game's commands, and how to write one.

A command is a class. Its `key` is what players type, its docstring is its help text, and `func` does it:

    from commands.command import Command

    class CmdJump(Command):
        \"\"\"
        Jump as high as you can.

        Usage:
          jump [over <thing>]
        \"\"\"

        key = "jump"
        aliases = ["hop"]
        locks = "cmd:all()"
        help_category = "sports"

        async def func(self):
            thing = self.caller.search(self.args.strip()) if self.args else None
            if thing and not await self.confirm(f"Really jump over {thing}?", default=False):
                return
            self.caller.msg("You crouch ...")
            await self.sleep(1)
            self.caller.msg("... and jump!")

Put it into a command set (`commands/default_cmdsets.py`): `self.add(CmdJump)`.

What `func` has: `self.caller` (who does it), `self.args` (what follows the name), `self.session`, `self.account`,
`self.obj` (what the command sits on). `MuxCommand` (below) takes `/switches` and `left = right` apart as well, into
`self.switches`, `self.lhs` and `self.rhs`.

All that a command does is one transaction: when it raises, nothing of it has happened. After each `await` a new one
begins.
"""

from perdure import Command as BaseCommand
from perdure import MuxCommand as BaseMuxCommand


class Command(BaseCommand):
    """What all commands of this game have in common."""


class MuxCommand(BaseMuxCommand):
    """The same for commands with switches and `left = right`."""
