"""Commands by name: which names of a set does a line begin with?

Contract: `begins(text)` gives the commands whose longest fitting name the text begins with, longest names first. A line
costs one look-up for each length that names have, however many commands there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from perdure.conf import conf

if TYPE_CHECKING:
    from perdure.commands.command import Command

__all__ = ["NameIndex"]

Found = tuple[str, str, "Command"]  # the name as it was compared, the name as the command has it, the command


class NameIndex:
    """The commands of one set by their names.

    Args:
        commands: the commands, in order.
    """

    __slots__ = ("_bare", "_lengths", "_names", "count")

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._names: dict[str, tuple[Command, ...]] = {}
        self._bare: _Bare | None = None
        self.count = 0
        for command in commands:
            self._add(command)
        self._lengths = _lengths(self._names)

    def _add(self, command: Command) -> None:
        names = self._names
        self.count += 1
        for name in command.all_names:
            present = names.get(name)
            names[name] = (command,) if present is None else (*present, command)

    def changed(self, hidden: list[Command], added: list[Command], behind: bool = False) -> NameIndex:
        """The index of a set that is like this one but for these commands; the added come first, or `behind` all."""
        made = NameIndex()
        names = made._names = self._names.copy()
        made.count = self.count - len(hidden) + len(added)
        for command in hidden:
            for name in command.all_names:
                left = tuple(one for one in names.get(name, ()) if one is not command)
                if left:
                    names[name] = left
                else:
                    names.pop(name, None)
        for command in added if behind else reversed(added):
            for name in command.all_names:
                present = names.get(name, ())
                names[name] = (*present, command) if behind else (command, *present)
        made._lengths = _lengths(names)
        return made

    def named(self, name: str) -> tuple[Command, ...]:
        """The commands of exactly this name."""
        return self._names.get(name, ())

    def __iter__(self) -> Iterator[str]:
        """All names."""
        return iter(self._names)

    def longest(self, bare: bool = False) -> int:
        """Characters of the longest name, with or without prefixes."""
        lengths = self._lengths if not bare else self._without_prefixes()[1]
        return lengths[0] if lengths else 0

    def begins(self, text: str, bare: bool = False) -> Iterator[Found]:
        """The names that the lower-case text begins with, longest first; `bare` compares them without prefixes."""
        names, lengths = (self._names, self._lengths) if not bare else self._without_prefixes()
        size = len(text)
        for length in lengths:
            if length > size:
                continue
            start = text[:length]
            for entry in names.get(start, ()):
                yield (start, *entry) if isinstance(entry, tuple) else (start, start, entry)

    def _without_prefixes(self) -> tuple[dict[str, list[tuple[str, Command]]], list[int]]:
        prefixes = conf.CMD_IGNORE_PREFIXES
        if self._bare is None or self._bare.prefixes != prefixes:
            self._bare = _Bare(self._names, prefixes)
        return self._bare.names, self._bare.lengths


class _Bare:
    """Names without the characters that may stand before them."""

    __slots__ = ("lengths", "names", "prefixes")

    def __init__(self, names: dict[str, tuple[Command, ...]], prefixes: str) -> None:
        self.prefixes = prefixes
        self.names: dict[str, list[tuple[str, Command]]] = {}
        for name, commands in names.items():
            bare = name.lstrip(prefixes)
            if bare:
                self.names.setdefault(bare, []).extend((name, command) for command in commands)
        self.lengths = _lengths(self.names)


def _lengths(names: Iterable[str]) -> list[int]:
    return sorted({len(name) for name in names}, reverse=True)
