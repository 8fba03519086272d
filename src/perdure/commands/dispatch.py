"""From a line to a command that runs.

Contract: `cmdhandler` finds the command that a line names among those its caller has, and runs it; it gives the
`CommandRun`, which can be awaited. `handle_line` is what a session's input goes through before: the idle command, an
answer to a question that waits, link markup, nicks. Errors of a command go to whoever called: the unit of work that
they are in is undone.

Invariants
    - The keywords of `cmdhandler` come from server code and become attributes of the command; nothing that a client
      sends does.
    - A line that is the answer to a question is nothing else.

Failure modes: `CommandNesting` when commands of one caller run each other too deep.
"""

from __future__ import annotations

import difflib
import time
from functools import lru_cache
from typing import Any

from django.utils.module_loading import import_string

from perdure.commands import nicknames
from perdure.commands.command import Command
from perdure.commands.gathering import Gathered, gather_for
from perdure.commands.parser import Match
from perdure.commands.prompts import answer_line, answered_in_this_unit, pending_question
from perdure.commands.running import CommandRun, ended, settled
from perdure.commands.syscmdkeys import CMD_LOGINSTART, CMD_MULTIMATCH, CMD_NOINPUT, CMD_NOMATCH, SYSTEM_PREFIX
from perdure.conf import conf
from perdure.errors import CommandNesting, InvalidArgument
from perdure.locks.permissions import check_permstring
from perdure.text.markup import escape, strip_links
from perdure.typeclasses.handlers import OwnerRef

__all__ = ["CommandLine", "cmdhandler", "handle_line"]

SUGGESTIONS, SIMILARITY = 3, 0.7


def handle_line(session: Any, text: str) -> CommandRun | None:
    """Do what a session has typed; None for a line that only keeps the connection.

    Raises what the command raises.
    """
    line = text.rstrip("\r\n")
    puppet, account = session.puppet, session.account
    question = pending_question(session, puppet, account)
    if line == conf.IDLE_COMMAND and not (question is not None and question.hidden):
        session.cmd_last = time.time()
        return None
    session.cmd_last = session.cmd_last_visible = time.time()
    session.cmd_total += 1
    question = question or answered_in_this_unit(session)
    if "|l" in line and not (question is not None and question.hidden) and not _may_link(puppet or account):
        line = strip_links(line)
    if question is not None:
        answer_line(session, question, line)
        return ended(puppet or account or session, session)
    line = _cut(session, nicknames.replaced(line, puppet, account))
    run: CommandRun = cmdhandler(session, line, session=session, callertype="session")
    return run


def _cut(session: Any, line: str) -> str:
    """No more of a line than anybody may type: a nick that repeats what it is given makes much of little."""
    limit: int = conf.MAX_CHAR_LIMIT
    if len(line) <= limit:
        return line
    session.data_out(text=f"(Only the first {limit} characters of that were taken.)")
    return line[:limit]


def _may_link(who: Any) -> bool:
    """Whether links in what somebody types are kept: those of builders are."""
    account = getattr(who, "account", None) or who
    return account is not None and check_permstring(account, "Builder")


class CommandLine:
    """`entity.execute_cmd`: command lines of an object or account that code gives; its nicks are replaced already."""

    __slots__ = ("__weakref__", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)

    def __call__(self, text: str, session: Any = None, **kwargs: Any) -> CommandRun:
        owner = self._owner()
        question = pending_question(None, owner) if session is None else None
        if question is not None:
            question.answer(text)
            return ended(owner, session)
        run: CommandRun = cmdhandler(owner, text, session=session, callertype=owner.cmdset_provider_type, **kwargs)
        return run


def cmdhandler(
    called_by: Any,
    raw_string: str,
    session: Any = None,
    callertype: str | None = None,
    cmdobj: Any = None,
    cmdobj_key: str | None = None,
    _testing: bool = False,
    **kwargs: Any,
) -> Any:
    """Find the command that a line names, and run it.

    Args:
        called_by: the session, account or object that does it.
        raw_string: the line.
        session: where it came from; its output goes there.
        callertype: accepted for compatibility.
        cmdobj: run this command (an instance or class) instead of looking for one.
        cmdobj_key: what that is called; its key by default.
        kwargs: become attributes of the command. Server code only.

    Returns a `CommandRun`; with `_testing` the command, ready to run. Raises what the first step of the command raises.
    """
    if not isinstance(raw_string, str):
        raise InvalidArgument(f"a command line is a text, not {raw_string!r}")
    raw_string = raw_string.replace("\0", "")  # no database of ours looks for a text with one, or stores it
    gathered = gather_for(called_by, session)
    line = _Line(gathered, called_by, session or gathered.providers.get("session"), raw_string, kwargs)
    command = line.given(cmdobj, cmdobj_key) if cmdobj is not None else line.named()
    if command is None:
        return ended(gathered.caller, line.session)
    return command if _testing else _run(command)


def _run(command: Command) -> CommandRun:
    run = CommandRun(command.caller, command.session, command)
    limit = conf.COMMAND_NESTING_LIMIT
    if run.parent is not None and run.depth >= limit:
        raise CommandNesting(
            f"{command.caller} runs commands inside of commands more than {limit} deep (COMMAND_NESTING_LIMIT), "
            f"the last is {command.key!r}; does one of them, or a nick, end in itself?"
        )
    return run.start(_steps(command))


async def _steps(command: Command) -> Any:
    """The hooks of a command, in order."""
    try:
        if await settled(command.at_pre_cmd()):
            return None
        await settled(command.parse())
        result = await settled(command.func())
        await settled(command.at_post_cmd())
    finally:
        _remember(command)
    return result


def _remember(command: Command) -> None:
    """Keep a copy of the command with its caller, if it says so; else nothing is kept."""
    if getattr(command.caller, "_is_deleted", False) or (memory := getattr(command.caller, "ndb", None)) is None:
        return
    if command.save_for_next:
        memory.last_cmd = command.instance_to_run()
    elif memory.last_cmd is not None:
        memory.last_cmd = None


class _Line:
    """One line, by somebody, with the commands they have."""

    __slots__ = ("attributes", "called_by", "caller", "cmdset", "gathered", "raw", "session")

    def __init__(
        self, gathered: Gathered, called_by: Any, session: Any, raw_string: str, attributes: dict[str, Any]
    ) -> None:
        self.gathered = gathered
        self.caller = gathered.caller
        self.cmdset = gathered.cmdset
        self.called_by = called_by
        self.session = session
        self.raw = raw_string
        self.attributes = attributes

    def given(self, cmdobj: Any, key: str | None) -> Command:
        """A command that need not be looked for."""
        command = cmdobj() if isinstance(cmdobj, type) else cmdobj
        name = key or command.key
        begins = self.raw.lower().startswith(name.lower())
        return self._ready(command, name, self.raw[len(name) :] if begins else self.raw, command.key)

    def named(self) -> Command | None:
        """The command that the line names; None when there is none, and the caller has been told."""
        if self.raw == CMD_LOGINSTART:
            return self._system(CMD_LOGINSTART, "")
        if not self.raw.strip():
            return self._system(CMD_NOINPUT, self.raw)
        matches = self._matches()
        if not matches:
            return self._not_found()
        if len(matches) > 1:
            return self._several(matches)
        found = matches[0]
        return self._ready(found[2], found[0], found[1], found[5])

    def _matches(self) -> list[Match]:
        """What the parser finds; blanks before a command do not count."""
        parse = _parser(conf.COMMAND_PARSER)
        found = parse(self.raw, self.cmdset, self.caller, session=self.session)
        stripped = self.raw.lstrip()
        if not found and stripped != self.raw:
            found = parse(stripped, self.cmdset, self.caller, session=self.session)
        return list(found)

    def _system(self, key: str, args: str, **attributes: Any) -> Command | None:
        command = self.cmdset.system_cmd(key)
        if command is None or not command.access(self.caller, "cmd", session=self.session):
            return None
        return self._ready(command, key, args, key, **attributes)

    def _not_found(self) -> Command | None:
        if (found := self._channel_command()) is not None:
            return found
        command = self._system(CMD_NOMATCH, self.raw)
        if command is not None:
            return command
        typed = escape(_shortened(self.raw.strip()))
        near = self._suggestions()
        hint = f"Did you mean {_either(near)}?" if near else "Type |whelp|n for a list of commands."
        self._tell(f"There is no command '{typed}'. {hint}")
        return None

    def _channel_command(self) -> Command | None:
        """The channel command, for a line that begins with the name of a channel."""
        providers = self.gathered.providers
        line = nicknames.channel_line(self.raw, providers.get("account"), providers.get("object"))
        if line is None:
            return None
        matches = _parser(conf.COMMAND_PARSER)(line, self.cmdset, self.caller, session=self.session)
        if len(matches) != 1:
            return None
        found = matches[0]
        return self._ready(found[2], found[0], found[1], found[5])

    def _suggestions(self) -> list[str]:
        """Names like the one that was typed, of commands that the caller may use."""
        word = self.raw.strip().split(maxsplit=1)[0].lower()[:40]
        names = [name for name in self.cmdset.index if not name.startswith(SYSTEM_PREFIX)]
        near = difflib.get_close_matches(word, names, n=SUGGESTIONS * 4, cutoff=SIMILARITY)
        found: list[str] = []
        seen: set[int] = set()
        for name in near:
            named = self.cmdset.index.named(name)
            usable = [one for one in named if one.access(self.caller, "cmd", session=self.session)]
            if usable and id(usable[0]) not in seen:
                seen.add(id(usable[0]))
                found.append(name)
        return found[:SUGGESTIONS]

    def _several(self, matches: list[Match]) -> Command | None:
        command = self._system(CMD_MULTIMATCH, self.raw, matches=matches)
        if command is not None:
            return command
        handler = import_string(conf.SEARCH_AT_RESULT)
        handler([match[2] for match in matches], _Told(self), query=matches[0][0])
        return None

    def _tell(self, text: Any) -> None:
        receiver = self.gathered.error_to
        if self.session is None or getattr(receiver, "cmdset_provider_type", "") == "session":
            receiver.msg(text)
        else:
            receiver.msg(text, session=self.session)

    def _ready(self, command: Command, cmdname: str, args: str, raw_cmdname: str, **attributes: Any) -> Command:
        """A copy of the command that knows all about the line."""
        ready = command.instance_to_run()
        account = self.gathered.providers.get("account")
        vars(ready).update(
            caller=self.caller,
            account=account,
            session=self.session,
            cmdname=cmdname,
            cmdstring=cmdname,
            raw_cmdname=raw_cmdname,
            args=args,
            raw_string=self.raw,
            cmdset=self.cmdset.copy(),
            cmdset_providers=self.gathered.providers,
            matches=attributes.pop("matches", None),
            **attributes,
        )
        for name, value in self.attributes.items():
            setattr(ready, name, value)
        if ready.obj is None:
            vars(ready)["_obj"] = self.caller
        return ready


class _Told:
    """Who is told that several commands fit; what looks for names of things asks it as it would the caller."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def msg(self, text: Any = None, **kwargs: Any) -> None:
        """Tell it."""
        self._line._tell(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line.caller, name)


@lru_cache(maxsize=8)
def _parser(path: str) -> Any:
    return import_string(path)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _either(names: list[str]) -> str:
    shown = [f"|w{escape(name)}|n" for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
