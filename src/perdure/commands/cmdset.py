"""Sets of commands, and how two of them become one.

Contract: a subclass says in class attributes how it merges, and fills itself in `at_cmdset_creation`. `B + A` is a new
set: the one of higher priority acts on the other, and on a tie A does.

    Union      all of the acting set, and what the other has besides
    Intersect  what the acting set has and the other has too
    Replace    the acting set alone
    Remove     the other without what the acting set names

Invariants
    - Commands are the same if they share any name, in every merge and everywhere else.
    - System commands (two underscores before the name) pass through every merge; one of the acting set overrides.
    - A merge never changes the sets that it merges. What was merged for gathering is frozen: it is shared by everybody
      who stands in the same place, and refuses to be changed. Commands get a copy.
    - Every change of a set gives it a new `serial`, by which caches of merged sets know it.

Failure modes: `InvalidArgument` for something that is no command or for a set that contains itself; `IllegalState` when
a frozen set is to be changed.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, ClassVar

from perdure.commands.command import Command
from perdure.commands.naming_index import NameIndex
from perdure.commands.syscmdkeys import SYSTEM_PREFIX
from perdure.errors import IllegalState, InvalidArgument

__all__ = ["MERGE_TYPES", "CmdSet", "merge"]

MERGE_TYPES = ("Union", "Intersect", "Replace", "Remove")

_serials = count(1)
#: Classes of the sets that fill themselves now, outermost first.
_being_made: list[type[CmdSet]] = []
#: Attributes that change what comes of a merge.
_OPTIONS = frozenset({"key", "mergetype", "priority", "duplicates", "no_objs", "no_exits", "key_mergetypes"})
#: Attributes whose values must make sense.
_CHECKED = ("mergetype", "priority", "key_mergetypes")
#: What a copy has as attributes of its own, since it is of no class of the game.
_COPIED = (*sorted(_OPTIONS), "no_channels", "persistent", "errmessage")


class CmdSet:
    """A set of commands.

    Attributes:
        commands: the commands, in the order in which they were added.
        cmdsetobj: what the set sits on (referred to weakly).
        actual_mergetype: of a merged set, how the acting set acted.
        merged_from: of a merged set, the two keys it was made of.
        serial: a number that changes with every change.

    Args:
        cmdsetobj: what the set sits on.
        key: instead of the class's.
    """

    #: What the set is called; by default its class.
    key: str = ""
    #: Union, Intersect, Replace or Remove.
    mergetype = "Union"
    #: The higher acts on the lower.
    priority: Any = 0
    #: On a tie: True keeps commands of the same name side by side, else the newer replaces.
    duplicates: bool | None = None
    #: True leaves out what surrounding objects and the place offer.
    no_objs: bool | None = None
    #: True leaves out exits.
    no_exits: bool | None = None
    #: Kept for its readers: channels are nicks.
    no_channels: bool | None = None
    #: Other merge types for sets of these keys.
    key_mergetypes: ClassVar[dict[str, str]] = {}
    #: Whether it is stored; set by the handler.
    persistent = False
    #: Why this set stands in for another that could not be made.
    errmessage = ""

    actual_mergetype: str = ""
    merged_from: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not vars(cls).get("key"):
            cls.key = cls.__name__
        for name in _CHECKED:
            _check_option(cls.__qualname__, name, getattr(cls, name))

    def __init__(self, cmdsetobj: Any = None, key: str | None = None) -> None:
        self._start(key or type(self).key or type(self).__name__)
        self.cmdsetobj = cmdsetobj
        _being_made.append(type(self))
        try:
            self.at_cmdset_creation()
        finally:
            _being_made.pop()

    def _start(self, key: str) -> None:
        vars(self).update(key=key, commands=[], serial=next(_serials), path=_path_of(type(self)))

    commands: list[Command]
    serial: int
    path: str
    _frozen = False
    _index: NameIndex | None = None
    _index_of: tuple[int, int] = (0, 0)
    _owner: Any = None
    _derived: tuple[CmdSet, list[Command], list[Command], bool] | None = None

    # --- filling

    def at_cmdset_creation(self) -> None:
        """Called when the set is made: add its commands here."""

    @property
    def cmdsetobj(self) -> Any:
        """What the set sits on; None if that has left memory."""
        held = self._owner
        return held() if isinstance(held, weakref.ref) else held

    @cmdsetobj.setter
    def cmdsetobj(self, value: Any) -> None:
        try:
            self._owner = None if value is None else weakref.ref(value)
        except TypeError:
            self._owner = value

    def add(self, cmd: Any, allow_duplicates: bool = False) -> None:
        """Add a command (or its class), several, or all commands of another set.

        One of the same name that is here already is replaced, unless `allow_duplicates`.
        """
        self._will_change()
        source = weakref.ref(self)
        for command in self._commands_of(cmd):
            if command.obj is None:
                command.obj = self.cmdsetobj
            if not allow_duplicates:
                names = command.name_set
                if any(not names.isdisjoint(present.name_set) for present in self.commands):
                    self.commands = [one for one in self.commands if names.isdisjoint(one.name_set)]
            command._source = source
            self.commands.append(command)

    def _commands_of(self, added: Any) -> list[Command]:
        if isinstance(added, Command):
            return [added]
        if isinstance(added, type) and issubclass(added, Command):
            return [added()]
        if isinstance(added, type) and issubclass(added, CmdSet):
            if isinstance(self, added) or added in _being_made:
                raise InvalidArgument(f"the command set {self.key!r} adds itself ({added.__qualname__})")
            return list(added(self.cmdsetobj).commands)
        if isinstance(added, CmdSet):
            if added is self:
                raise InvalidArgument(f"the command set {self.key!r} adds itself")
            return [_copied(command) for command in added.commands]
        if isinstance(added, Iterable) and not isinstance(added, str | bytes):
            return [command for item in added for command in self._commands_of(item)]
        raise InvalidArgument(f"the command set {self.key!r} takes commands, lists and sets of them, not {added!r}")

    def remove(self, cmd: Any) -> None:
        """Take out the commands that are the same as this one (an instance, class or name)."""
        self._will_change()
        wanted = _as_command(cmd)
        self.commands = [command for command in self.commands if command != wanted]

    def make_unique(self, caller: Any) -> None:
        """Leave one command of each name: that of the caller itself where there is one, else the first."""
        self._will_change()
        kept: list[Command] = []
        taken: set[str] = set()
        for command in sorted(self.commands, key=lambda one: one.obj is not caller):
            if taken.isdisjoint(command.name_set):
                taken |= command.name_set
                kept.append(command)
        left = {id(command) for command in kept}
        self.commands = [command for command in self.commands if id(command) in left]

    def _will_change(self) -> None:
        if self._frozen:
            raise IllegalState(
                f"the merged command set {self.key!r} is shared and cannot be changed; change a copy (cmdset.copy())"
            )
        vars(self)["serial"] = next(_serials)
        vars(self)["_derived"] = None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OPTIONS:
            _check_option(self.key, name, value)
            self._will_change()
        object.__setattr__(self, name, value)

    # --- looking

    def get(self, cmd: Any) -> Command | None:
        """The first command that is the same as this one (an instance, class or name), or None."""
        wanted = _as_command(cmd)
        return next((command for command in self.commands if command == wanted), None)

    def count(self) -> int:
        """How many commands there are."""
        return len(self.commands)

    def get_system_cmds(self) -> list[Command]:
        """The system commands."""
        return [command for command in self.commands if command.key.startswith(SYSTEM_PREFIX)]

    def system_cmd(self, key: str) -> Command | None:
        """The system command with this key, or None."""
        found = self.index.named(key)
        return found[0] if found else None

    def get_all_cmd_keys_and_aliases(self, caller: Any = None) -> list[str]:
        """All names; with a caller, of the commands that it may use."""
        return [
            name
            for command in self.commands
            if caller is None or command.access(caller, "cmd")
            for name in command.all_names
        ]

    @property
    def index(self) -> NameIndex:
        """The commands by name, for the parser."""
        state = (self.serial, Command.renamed)
        if self._index is None or self._index_of != state or self._index.count != len(self.commands):
            vars(self)["_index"] = self._make_index()
            vars(self)["_index_of"] = state
        return self._index  # type: ignore[return-value]

    def _make_index(self) -> NameIndex:
        derived = self._derived
        if derived is not None and self._frozen:
            under, hidden, added, behind = derived
            return under.index.changed(hidden, added, behind)
        return NameIndex(self.commands)

    def __iter__(self) -> Iterator[Command]:
        return iter(self.commands)

    def __len__(self) -> int:
        return len(self.commands)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, cmd: Any) -> bool:
        return self.get(cmd) is not None

    def __str__(self) -> str:
        return ", ".join(sorted(command.key for command in self.commands)) or "(no commands)"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key!r}, {self.mergetype}, prio {self.priority}: {len(self)} commands>"

    # --- merging

    def copy(self) -> CmdSet:
        """A set of the same commands that can be changed."""
        copied = object.__new__(CmdSet)
        vars(copied).update(vars(self))
        options = {name: getattr(self, name) for name in _COPIED}
        vars(copied).update(options, commands=list(self.commands), serial=next(_serials), _frozen=False)
        # What was indexed for the original holds until the copy is changed.
        vars(copied)["_index_of"] = (copied.serial, Command.renamed) if self._index_is_current() else (0, 0)
        return copied

    def _index_is_current(self) -> bool:
        return self._index is not None and self._index_of == (self.serial, Command.renamed)

    def freeze(self) -> CmdSet:
        """Refuse changes from now on; gives the set itself."""
        vars(self)["_frozen"] = True
        return self

    def __add__(self, other: Any) -> CmdSet:
        if not isinstance(other, CmdSet):
            return NotImplemented
        return merge(self, other)


def merge(under: CmdSet, newer: CmdSet, under_duplicates: Any = None, newer_duplicates: Any = None) -> CmdSet:
    """`under + newer`.

    Args:
        under: the older set.
        newer: the one that acts on a tie.
        under_duplicates, newer_duplicates: what `duplicates` of each counts as where it is None.
    """
    if newer.priority >= under.priority:
        acting, other, default = newer, under, newer_duplicates
    else:
        acting, other, default = under, newer, under_duplicates
    duplicates = acting.duplicates if acting.duplicates is not None else default
    side_by_side = bool(duplicates) and acting.priority == other.priority
    mergetype = acting.key_mergetypes.get(other.key, acting.mergetype)
    hidden, commands = _MERGERS[mergetype](acting, other, side_by_side)
    merged = object.__new__(CmdSet)
    merged._start(acting.key)
    vars(merged).update(
        commands=commands,
        mergetype=acting.mergetype,
        actual_mergetype=mergetype,
        priority=acting.priority,
        duplicates=None,
        key_mergetypes=acting.key_mergetypes,
        merged_from=(acting.key, other.key),
        path=acting.path,
        errmessage=acting.errmessage,
        _owner=acting._owner,
        **{
            flag: getattr(other, flag) if getattr(acting, flag) is None else getattr(acting, flag)
            for flag in ("no_objs", "no_exits", "no_channels")
        },
    )
    if mergetype == "Union":
        vars(merged)["_derived"] = (other, hidden, list(acting.commands), side_by_side)
    return merged


Merged = tuple[list[Command], list[Command]]  # what is hidden of the other set, and what comes of it


def _union(acting: CmdSet, other: CmdSet, side_by_side: bool) -> Merged:
    if side_by_side:  # in the order in which they came: that is how they are numbered
        return [], [*other.commands, *acting.commands]
    hidden = _same(other.commands, _names(acting.commands))
    if not hidden:
        return [], [*acting.commands, *other.commands]
    gone = {id(command) for command in hidden}
    return hidden, [*acting.commands, *(command for command in other.commands if id(command) not in gone)]


def _intersect(acting: CmdSet, other: CmdSet, side_by_side: bool) -> Merged:
    theirs = _names(other.commands)
    kept = [command for command in acting.commands if not theirs.isdisjoint(command.name_set) or _is_system(command)]
    copies = _same(other.commands, _names(acting.commands)) if side_by_side else []
    return [], _with_system(kept, other.commands, copies)


def _replace(acting: CmdSet, other: CmdSet, side_by_side: bool) -> Merged:
    return [], _with_system(list(acting.commands), other.commands)


def _remove(acting: CmdSet, other: CmdSet, side_by_side: bool) -> Merged:
    system = [command for command in acting.commands if _is_system(command)]
    removed = _names(acting.commands)
    kept = [command for command in other.commands if removed.isdisjoint(command.name_set)]
    return [], [*system, *kept]


def _with_system(kept: list[Command], others: list[Command], copies: Iterable[Command] = ()) -> list[Command]:
    """What is kept, the copies, and those system commands of the others that nothing kept overrides."""
    kept = [*kept, *copies]
    names = _names(kept)
    return kept + [command for command in others if _is_system(command) and names.isdisjoint(command.name_set)]


def _names(commands: Iterable[Command]) -> set[str]:
    names: set[str] = set()
    for command in commands:
        names |= command.name_set
    return names


def _same(commands: Iterable[Command], names: set[str]) -> list[Command]:
    return [command for command in commands if not names.isdisjoint(command.name_set)]


def _is_system(command: Command) -> bool:
    return command.key.startswith(SYSTEM_PREFIX)


def _check_option(owner: str, name: str, value: Any) -> None:
    """Raise `InvalidArgument` for an option with which nothing could be merged."""
    if name == "mergetype" and value not in MERGE_TYPES:
        raise InvalidArgument(f"{owner}.mergetype is {value!r}; it is one of {_LISTED}")
    if name == "priority" and (not isinstance(value, int | float) or value != value):
        raise InvalidArgument(f"{owner}.priority is {value!r}; it is a number")
    if name == "key_mergetypes" and not (isinstance(value, dict) and set(value.values()) <= set(MERGE_TYPES)):
        raise InvalidArgument(f"{owner}.key_mergetypes is {value!r}; it gives for keys of sets one of {_LISTED}")


_MERGERS = {"Union": _union, "Intersect": _intersect, "Replace": _replace, "Remove": _remove}
_LISTED = ", ".join(MERGE_TYPES)


def _as_command(cmd: Any) -> Any:
    if isinstance(cmd, type) and issubclass(cmd, Command):
        return cmd()
    return cmd


def _copied(command: Command) -> Command:
    copied = object.__new__(type(command))
    vars(copied).update(vars(command))
    copied.obj = None
    return copied


def _path_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
