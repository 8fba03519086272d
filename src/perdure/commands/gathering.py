"""Which commands somebody has: collecting the sets of all who provide them, and merging them once.

Contract: `gather(called_by)` gives the merged set of a session (its own sets, those of its account and of its puppet),
an account, or an object (its own and its account's). An object has besides what its place, the things there and the
things it carries offer to it, as far as their `call` locks allow; exits are such things. Sets of one priority are
merged among themselves first, then the groups from low to high.

Invariants
    - A merge is done once for the same sets in the same state: what comes of it is kept by the serials of the sets,
      which change whenever a set does. Nothing is merged for a line typed in a room where nothing has changed.
    - Locks are asked every time, never kept.
    - What is kept is frozen, refers to no entity strongly, and is bounded (CMDSET_MERGE_CACHE_MAXSIZE).
    - Flags (`no_objs`, `no_exits`) of all sets found so far count, whoever has them.

Owner: the game thread.

Failure modes: what a hook or a lock of something around raises is logged and undone, and that thing offers nothing;
what a provider's own hook raises is logged, and its sets count as they are.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from perdure.commands.cmdset import CmdSet, merge
from perdure.commands.command import Command
from perdure.commands.loading import EXIT_CMDSET_KEY, PLACEHOLDER_PRIORITY
from perdure.conf import conf
from perdure.errors import StaleObject
from perdure.idmapper.states import describe
from perdure.objects.contents import contents_of
from perdure.objects.handling import Handling
from perdure.objects.objects import DefaultExit
from perdure.transactions import all_or_nothing

__all__ = ["Gathered", "MergeCache", "gather", "gather_for", "merge_cache"]

logger = logging.getLogger("perdure.commands")

#: Hooks of things that need no block of their own around them.
STOCK_HOOKS = frozenset({Handling.at_cmdset_get, DefaultExit.at_cmdset_get})

Part = tuple[CmdSet, bool]  # a set, and whether it is of something around


@dataclass(frozen=True, slots=True)
class Gathered:
    """Who does something, and with which commands.

    Args:
        cmdset: all of them, merged.
        caller: who does it: the provider with the highest order.
        error_to: who is told of errors.
        providers: who gave commands, by kind.
    """

    cmdset: CmdSet
    caller: Any
    error_to: Any
    providers: dict[str, Any]


class MergeCache:
    """Merged sets by what they were merged of.

    Attributes:
        merges: how many merges were done.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, ...], CmdSet] = OrderedDict()
        self.merges = 0

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def merged(self, parts: Sequence[Part]) -> CmdSet:
        """The sets merged: those of one priority first, then from low to high."""
        key = (Command.renamed, *(-cmdset.serial if around else cmdset.serial for cmdset, around in parts))
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        made = self._keep(key, self._merge(parts))
        return made

    def _keep(self, key: tuple[int, ...], made: CmdSet) -> CmdSet:
        self._kept[key] = made
        while len(self._kept) > conf.CMDSET_MERGE_CACHE_MAXSIZE:
            self._kept.popitem(last=False)
        return made

    def _merge(self, parts: Sequence[Part]) -> CmdSet:
        if not parts:
            return CmdSet().freeze()
        groups: dict[Any, list[Part]] = {}
        for part in parts:
            groups.setdefault(part[0].priority, []).append(part)
        ordered = [groups[priority] for priority in sorted(groups)]
        if len(ordered) > 1:
            # What is below the highest group is often the same when that changes (exits, when somebody walks).
            below = self.merged([part for group in ordered[:-1] for part in group])
            return self._pair(below, self.merged(ordered[-1]))
        (first, around), *others = ordered[0]
        if not others:
            return self._alone(first)
        if len(others) > 1:
            first, around = self.merged(ordered[0][:-1]), False
        newest, newest_around = others[-1]
        return self._pair(first, newest, around or None, newest_around or None)

    def _pair(self, under: CmdSet, newer: CmdSet, under_kept: Any = None, newer_kept: Any = None) -> CmdSet:
        self.merges += 1
        return merge(under, newer, under_kept, newer_kept).freeze()

    @staticmethod
    def _alone(cmdset: CmdSet) -> CmdSet:
        alone = cmdset.copy()
        alone.duplicates = None
        return alone.freeze()


merge_cache = MergeCache()


def gather(called_by: Any, session: Any = None) -> CmdSet:
    """The commands of a session, an account or an object, merged; frozen."""
    return gather_for(called_by, session).cmdset


def gather_for(called_by: Any, session: Any = None) -> Gathered:
    """The commands of `called_by`, with who does them and who is told of errors.

    Args:
        called_by: a session, account or object.
        session: where the line came from, for an account: it gives its commands too.
    """
    providers: dict[str, Any] = dict(called_by.get_cmdset_providers())
    kind = getattr(called_by, "cmdset_provider_type", "object")
    if session is not None and kind == "account":
        providers.setdefault("session", session)
    ordered = sorted(providers.values(), key=_order)
    caller = ordered[-1]
    error_to = max(providers.values(), key=_error_order)
    parts: list[Part] = []
    current: Any = None
    for provider in ordered:
        current, stack = _provided(provider, caller, current)
        parts += [(one, False) for one in stack if isinstance(one, CmdSet) and one.priority != PLACEHOLDER_PRIORITY]
        if provider.cmdset_provider_type == "object" and not _flag(parts, "no_objs"):
            parts += _surroundings(provider, caller, parts)
    return Gathered(merge_cache.merged(parts), caller, error_to, providers)


def _provided(provider: Any, caller: Any, current: Any) -> tuple[Any, list[Any]]:
    """What the hooks of a provider give; if they are broken, what it has without them."""
    try:
        provider.at_cmdset_get(caller=caller, current=current)
        found, stack = provider.get_cmdsets(caller, current)
        return found, list(stack)
    except StaleObject:
        raise  # another process wrote first: the unit is undone and done again
    except Exception:  # boundary of user code: a broken class must not leave its players without any command
        logger.exception("the commands of %r are those without its hooks", provider)
        return provider.cmdset.current, list(provider.cmdset.cmdset_stack)


def _order(provider: Any) -> int:
    return provider.cmdset_provider_order  # type: ignore[no-any-return]


def _error_order(provider: Any) -> int:
    return provider.cmdset_provider_error_order  # type: ignore[no-any-return]


def _flag(parts: Iterable[Part], name: str) -> Any:
    """What their merge would say: the set of the highest priority that says anything does, the newest on a tie."""
    found: Any = None
    highest: Any = None
    for cmdset, _ in parts:
        said = getattr(cmdset, name)
        if said is not None and (highest is None or cmdset.priority >= highest):
            found, highest = said, cmdset.priority
    return found


def _surroundings(obj: Any, caller: Any, parts: list[Part]) -> list[Part]:
    """The sets of what is around an object and open to the caller."""
    around: list[Part] = []
    exits: list[Part] = []
    place = obj.location
    things = contents_of(obj) if place is None else [*contents_of(place), *contents_of(obj), place]
    for thing in things:
        if thing is obj or _offers_nothing(thing):
            continue
        for cmdset in _offered(thing, caller):
            (exits if cmdset.key == EXIT_CMDSET_KEY else around).append((cmdset, True))
    if exits and not _flag([*parts, *around], "no_exits"):
        around += exits
    return around


def _offered(thing: Any, caller: Any) -> list[CmdSet]:
    """The sets of a thing that are open to the caller; none of one that is broken."""
    if thing._is_deleted:
        return []
    try:
        if type(thing).at_cmdset_get in STOCK_HOOKS:
            return _opened(thing, caller)
        with all_or_nothing(thing._state.db):
            return _opened(thing, caller)
    except StaleObject:
        raise  # another process wrote first: the unit is undone and done again
    except Exception:  # boundary of user code: a broken thing must not take everybody's commands away who is near it
        logger.exception("%s offers no commands to %s: they could not be collected", describe(thing), caller)
        return []


def _opened(thing: Any, caller: Any) -> list[CmdSet]:
    if not thing.access(caller, "call", no_superuser_bypass=True):
        return []
    thing.at_cmdset_get(caller=caller)
    return [one for one in thing.cmdset.all() if isinstance(one, CmdSet) and one.priority != PLACEHOLDER_PRIORITY]


def _offers_nothing(thing: Any) -> bool:
    """Whether a thing has no command sets and would not make any."""
    held = thing.__dict__
    if "db_cmdset_storage" not in held or held["db_cmdset_storage"]:
        return False
    if type(thing).at_cmdset_get is not Handling.at_cmdset_get:
        return False
    handler = held.get("cmdset")
    return handler is None or not handler.all()
