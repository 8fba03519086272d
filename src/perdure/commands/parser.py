"""Finding the command in a line.

Contract: `cmdparser` gives the commands that a line may mean; one is the answer, several are a question to the player.
A command fits if the line begins with one of its names, upper and lower case being the same, and what follows is what
its `arg_regex` takes. A command whose `cmd` lock refuses is not there at all, nor are system commands. Nothing fits:
names are compared without the prefixes of `CMD_IGNORE_PREFIXES`. Several fit: those with the case that was typed, then
the longest names; a number (`press-2 button`) says which.

Invariants: whatever is typed, nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from perdure.commands.cmdset import CmdSet
from perdure.commands.naming import lowered
from perdure.commands.syscmdkeys import SYSTEM_PREFIX
from perdure.conf import conf

__all__ = ["Match", "cmdparser"]

#: Characters that a number and what sets it off from the name take at most.
LONGEST_ORDINAL = 32

May = Callable[[Any], bool]  # whether somebody may use a command


class Match(NamedTuple):
    """One command that a line may mean.

    Attributes:
        cmdname: the name that was typed, without prefixes if it was found so.
        args: what follows it.
        cmd: the command, as it lies in the set.
        namelen: length of `cmdname`.
        ratio: of that to the whole line.
        raw_cmdname: the name as the command has it.
    """

    cmdname: str
    args: str
    cmd: Any
    namelen: int
    ratio: float
    raw_cmdname: str


def cmdparser(
    raw_string: str,
    cmdset: CmdSet,
    caller: Any,
    match_index: int | None = None,
    session: Any = None,
    **kwargs: Any,
) -> list[Match]:
    """The commands that `raw_string` may mean.

    Args:
        raw_string: the line.
        cmdset: all commands of the caller.
        caller: who has to pass their locks.
        match_index: which of several to take, from 1.
        session: where the line came from, for locks that ask for it.
        kwargs: accepted for other parsers.
    """
    if not raw_string:
        return []
    found, number = _candidates(
        raw_string, cmdset, lambda command: bool(command.access(caller, "cmd", session=session))
    )
    if match_index is not None:
        number = match_index
    if len(found) > 1:
        found = _best(found, raw_string)
    if number is None:
        return found
    return [found[number - 1]] if 1 <= number <= len(found) else []


def _candidates(raw: str, cmdset: CmdSet, may: May) -> tuple[list[Match], int | None]:
    """The matches, and which of them is meant if the line says so."""
    found = _fitting(raw, cmdset, may)
    if len(found) == 1:
        return found, None
    numbered, number = _numbered(raw, cmdset, may)
    if numbered:
        return numbered, number
    if found or len(raw) < 2:
        return found, None
    bare = raw.lstrip(conf.CMD_IGNORE_PREFIXES)
    if not bare:
        return [], None
    found = _fitting(bare, cmdset, may, bare=True)
    if len(found) == 1:
        return found, None
    numbered, number = _numbered(bare, cmdset, may, bare=True)
    return (numbered, number) if numbered else (found, None)


def _fitting(raw: str, cmdset: CmdSet, may: May, bare: bool = False) -> list[Match]:
    """Each command that the line begins with a name of, with its longest such name."""
    found: list[Match] = []
    seen: set[int] = set()
    size = len(raw)
    for name, raw_name, command in cmdset.index.begins(lowered(raw), bare):
        if id(command) in seen or raw_name.startswith(SYSTEM_PREFIX):
            continue
        rest = raw[len(name) :]
        if not command.takes(rest, name):
            continue
        seen.add(id(command))
        if may(command):
            found.append(Match(name, rest, command, len(name), len(name) / size, raw_name))
    return found


def _numbered(raw: str, cmdset: CmdSet, may: May, bare: bool = False) -> tuple[list[Match], int | None]:
    """What a line with a number behind the command's name (`press-2 button`) means without it, and the number."""
    longest = cmdset.index.longest(bare)
    for name, number, rest in _ordinals(raw, longest + LONGEST_ORDINAL):
        size = len(name)
        if size > longest:
            continue
        found = [match for match in _fitting(name + rest, cmdset, may, bare) if match.namelen == size]
        if found:
            return found, number
    return [], None


def _ordinals(raw: str, most: int) -> Iterator[tuple[str, int, str]]:
    """Each way to read the line as a name, a number, and the rest; the last number first.

    Only `most` characters are looked at: a line of thousands of numbers must not cost more than any other.
    """
    pattern = _ordinal_pattern(conf.SEARCH_MULTIMATCH_REGEX)
    text = raw[:most]
    while match := pattern.match(text):
        name, number, rest = match["name"], match["number"], match["args"]
        if not name or len(name) >= len(text):
            return
        if number.isdecimal() and len(number) < 6:
            yield name, int(number), rest + raw[len(text) :]
        text = name


@lru_cache(maxsize=4)
def _ordinal_pattern(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.DOTALL)


def _best(found: list[Match], raw: str) -> list[Match]:
    """Of several: those whose name was typed in this case, then those of the longest name."""
    start = raw.lstrip(conf.CMD_IGNORE_PREFIXES)
    exact = [match for match in found if raw.startswith(match.cmdname) or start.startswith(match.cmdname)]
    found = exact or found
    longest = max(match.namelen for match in found)
    found = [match for match in found if match.namelen == longest]
    highest = max(match.ratio for match in found)
    return [match for match in found if match.ratio == highest]
