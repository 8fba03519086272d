"""Keys of the system commands: what is done when a line is empty, means nothing, or means too much.

A command with one of these keys in somebody's command set is run instead of the stock behaviour. Keys that begin with
two underscores pass through every merge of command sets.
"""

from __future__ import annotations

__all__ = ["CMD_LOGINSTART", "CMD_MULTIMATCH", "CMD_NOINPUT", "CMD_NOMATCH", "SYSTEM_PREFIX"]

SYSTEM_PREFIX = "__"

#: The line is empty.
CMD_NOINPUT = "__noinput_command"
#: No command fits; the command's `args` are the whole line.
CMD_NOMATCH = "__nomatch_command"
#: Several fit; the command gets them as `matches`, and the whole line as `args`.
CMD_MULTIMATCH = "__multimatch_command"
#: Somebody has connected and is not logged in yet.
CMD_LOGINSTART = "__unloggedin_look_command"
