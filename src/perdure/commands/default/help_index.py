"""What help knows: the commands somebody may use and the topics of the game's files, and how one is found.

Contract: an index is made of the commands in a merged set and of the topics of FILE_HELP_ENTRY_MODULES, once for each
set as it is (`index_of`); who may see an entry is asked live each time, since locks and permissions change. A command
comes before a topic of the same name. Finding goes by exact names first, then by beginnings; where nothing fits there
are suggestions.
"""

from __future__ import annotations

import difflib
import inspect
import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

from perdure.commands.command import Command
from perdure.conf import conf
from perdure.errors import PerdureError
from perdure.locks import check_lockstring

__all__ = ["HelpEntry", "HelpIndex", "file_topics", "index_of"]

logger = logging.getLogger("perdure.commands")

#: How much a match counts, by where it is.
BOOSTS = {"key": 10, "alias": 7, "bare": 6, "category": 5, "tag": 1}
KEPT = 64
SUGGESTIONS = 5


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """One thing that help knows.

    Args:
        key: its name; `shown` is how it is written in lists.
        category: where it is listed.
        aliases, tags: other words it is found by.
        text: what it says; of a command, asked anew when it is read.
        command: the command, of one.
        locks: who may see it, of a topic.
    """

    key: str
    shown: str
    category: str
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    text: str = ""
    command: Any = None
    locks: str = ""

    def allows(self, who: Any, access_type: str = "read") -> bool:
        """Whether somebody may read it (or, with "view", see it in lists)."""
        if self.command is not None:
            return bool(self.command.access(who, "cmd") and self.command.access(who, access_type, default=True))
        if not self.locks:
            return True
        try:
            return bool(check_lockstring(who, self.locks, access_type=access_type, default=True))
        except PerdureError:
            logger.exception("the locks of the help topic %r are malformed, so nobody sees it", self.key)
            return False

    def read(self, who: Any, cmdset: Any) -> str:
        """Its text."""
        if self.command is None:
            return self.text
        return inspect.cleandoc(str(self.command.get_help(who, cmdset) or ""))

    def score(self, query: str, whole: bool) -> int:
        """How well it fits; 0 for not at all."""
        fits = str.__eq__ if whole else str.startswith
        bare = self.key.lstrip(conf.CMD_IGNORE_PREFIXES)
        best = 0
        for words, where in (
            ((self.key,), "key"),
            (self.aliases, "alias"),
            ((bare, *(alias.lstrip(conf.CMD_IGNORE_PREFIXES) for alias in self.aliases)), "bare"),
            (self.tags, "tag"),
        ):
            if BOOSTS[where] > best and any(word and fits(word, query) for word in words):
                best = BOOSTS[where]
        return best * 2 + (self.command is not None) if best else 0


@dataclass(slots=True)
class HelpIndex:
    """All entries of one set of commands."""

    entries: Sequence[HelpEntry] = field(default_factory=list)

    def listed(self, who: Any) -> dict[str, list[HelpEntry]]:
        """What somebody sees in the list, by category, both sorted."""
        found: dict[str, list[HelpEntry]] = {}
        for entry in self.entries:
            if entry.allows(who, "view") and entry.allows(who, "read"):
                found.setdefault(entry.category, []).append(entry)
        return {name: sorted(found[name], key=lambda entry: entry.shown) for name in sorted(found)}

    def find(self, query: str, who: Any) -> list[HelpEntry]:
        """The entries that fit best: one, several that fit alike, or none."""
        query = query.strip().lower()
        readable = [entry for entry in self.entries if entry.allows(who)]
        for whole in (True, False):
            scored = [(entry.score(query, whole), entry) for entry in readable]
            best = max((score for score, _ in scored), default=0)
            if best:
                return [entry for score, entry in scored if score == best]
        return []

    def suggestions(self, query: str, who: Any, cmdset: Any) -> list[str]:
        """Names that are written alike; else of entries that speak of it."""
        query = query.strip().lower()
        readable = [entry for entry in self.entries if entry.allows(who)]
        names = {name: entry.shown for entry in readable for name in (entry.shown, entry.key, *entry.aliases)}
        close = difflib.get_close_matches(query, names, n=SUGGESTIONS * 2, cutoff=0.6)
        found = list(dict.fromkeys(names[name] for name in close))
        if not found and len(query) > 2:
            found = [entry.shown for entry in readable if query in entry.read(who, cmdset).lower()]
        return found[:SUGGESTIONS]


_known: OrderedDict[Any, tuple[Any, HelpIndex]] = OrderedDict()


def index_of(cmdset: Any) -> HelpIndex:
    """The index for the commands in a set; made once for each set as it is."""
    commands = [command for command in cmdset or () if not command.key.startswith("__")]
    topics = file_topics()
    signature = (tuple(map(id, commands)), Command.renamed, id(topics), conf.CMD_IGNORE_PREFIXES)
    kept = _known.get(signature)
    if kept is not None:
        _known.move_to_end(signature)
        return kept[1]
    index = HelpIndex([*_of_commands(commands), *topics])
    _known[signature] = (commands, index)  # the commands are kept, so that no other can have the id of one
    while len(_known) > KEPT:
        _known.popitem(last=False)
    return index


def _of_commands(commands: Iterable[Any]) -> list[HelpEntry]:
    wanted = [command for command in commands if command.auto_help and not command.is_exit]
    names = {command.key for command in wanted}
    prefixes = conf.CMD_IGNORE_PREFIXES
    entries = []
    for command in wanted:
        bare = command.key.lstrip(prefixes)
        shown = command.auto_help_display_key or (command.key if not bare or bare in names else bare)
        entries.append(
            HelpEntry(
                key=command.key,
                shown=str(shown),
                category=str(command.help_category or conf.COMMAND_DEFAULT_HELP_CATEGORY).lower(),
                aliases=tuple(command.aliases),
                command=command,
            )
        )
    return entries


# --- topics in files


def file_topics() -> tuple[HelpEntry, ...]:
    """The topics of the modules in FILE_HELP_ENTRY_MODULES; they are read once."""
    modules = conf.FILE_HELP_ENTRY_MODULES
    return _topics((modules,) if isinstance(modules, str) else tuple(modules))


@lru_cache(maxsize=4)
def _topics(paths: tuple[str, ...]) -> tuple[HelpEntry, ...]:
    found: dict[str, HelpEntry] = {}
    for path in paths:
        for given in _dicts_in(path):
            entry = _topic(given, path)
            if entry is not None:
                found[entry.key] = entry
    return tuple(found.values())


def _dicts_in(path: str) -> list[Any]:
    try:
        module = import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and (path == error.name or path.startswith(f"{error.name}.")):
            return []  # a game need not have any
        logger.exception("the help topics of %s cannot be read", path)
        return []
    except Exception:  # boundary of user code: a broken file must not take help away
        logger.exception("the help topics of %s cannot be read", path)
        return []
    listed = getattr(module, "HELP_ENTRY_DICTS", None)
    if listed is not None:
        return list(listed)
    return [value for name, value in vars(module).items() if isinstance(value, dict) and not name.startswith("_")]


def _topic(given: Any, path: str) -> HelpEntry | None:
    if not isinstance(given, dict) or not str(given.get("key") or "").strip():
        logger.warning("a help topic in %s has no key and is left out: %r", path, given)
        return None
    key = str(given["key"]).strip()
    return HelpEntry(
        key=key.lower(),
        shown=key,
        category=str(given.get("category") or conf.COMMAND_DEFAULT_HELP_CATEGORY).lower(),
        aliases=tuple(str(alias).lower() for alias in given.get("aliases") or ()),
        tags=tuple(str(tag).lower() for tag in given.get("tags") or ()),
        text=inspect.cleandoc(str(given.get("text") or "")),
        locks=_lock_text(given.get("locks")),
    )


def _lock_text(locks: Any) -> str:
    return ";".join(str(lock) for lock in locks) if isinstance(locks, list | tuple) else str(locks or "")
