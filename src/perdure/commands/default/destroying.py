"""`destroy`: deleting objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from perdure.commands.default.editing import EditingCommand, named, plural_s
from perdure.conf import conf
from perdure.idmapper.wrappers import dbref_number
from perdure.objects.models import ObjectDB

__all__ = ["CmdDestroy"]

_RANGE = re.compile(r"#?([0-9]{1,18})\s*-\s*#?([0-9]{1,18})")
_LARGEST_RANGE = 100
_NAMED_IN_QUESTION = 20
#: Things of one range, with /force too: each is loaded, and all are deleted in one go.
_MOST_AT_ONCE = 1000


class CmdDestroy(EditingCommand):
    """Delete things for good.

    Usage:
      destroy[/force][/override] <thing> [, <thing>, #<first>-#<last>, …]

    Switches:
      force    - do not ask first, and allow ranges of more than 100 numbers (with up to 1000 things)
      override - delete characters that somebody is playing, too

    You are asked before anything goes, and only an explicit yes deletes. What is inside goes home; exits that lead to
    the thing go with it. A range takes in both its ends, and passes over numbers that are nobody's.

    Example:
      destroy old lamp, #35-#40
    """

    key = "@destroy"
    aliases = ["@delete", "@del"]
    switch_options = ("force", "override")
    locks = "cmd:perm(destroy) or perm(Builder)"

    async def func(self) -> None:
        """Ask and delete."""
        if not self.lhslist:
            self.usage()
            return
        doomed: dict[int, Any] = {}
        for wanted in self.lhslist:
            for obj in self._named(wanted):
                if self._may_go(obj):
                    doomed[obj.pk] = obj
        if not doomed:
            return
        if "force" not in self.switches and not await self.confirm(_question(list(doomed.values())), default=False):
            self.msg("Nothing was deleted.")
            return
        # What was asked about may have gone, or may not go any more: there was time in between.
        left = [obj for obj in doomed.values() if not obj._is_deleted and self._may_go(obj)]
        results = [self._destroy(obj) for obj in left if not obj._is_deleted]
        self.msg("\n".join(results) if results else "Nothing is left to delete.")

    def _named(self, text: str) -> Iterator[Any]:
        """The objects meant by a name, a dbref or a range of dbrefs."""
        span = _RANGE.fullmatch(text.strip())
        if span is None:
            found = self.find_object(text)
            if found is not None:
                yield found
            return
        first, last = sorted((int(span[1]), int(span[2])))
        if last - first >= _LARGEST_RANGE and "force" not in self.switches:
            self.msg(
                f"#{first}-#{last} is a range of {last - first + 1} numbers; more than {_LARGEST_RANGE} take /force."
            )
            return
        found = list(ObjectDB.objects.filter(pk__gte=first, pk__lte=last).order_by("pk")[: _MOST_AT_ONCE + 1])
        if len(found) > _MOST_AT_ONCE:
            self.msg(f"#{first}-#{last} has more than {_MOST_AT_ONCE} things in it; take fewer at once.")
            return
        if not found:
            self.msg(f"There is nothing from #{first} to #{last}.")
        yield from found

    def _may_go(self, obj: Any) -> bool:
        """Whether the object may be deleted by the caller; a refusal is told."""
        if not self.require(obj, "delete", "delete"):
            return False
        for setting in ("DEFAULT_HOME", "START_LOCATION"):
            if obj.pk == dbref_number(getattr(conf, setting)):
                self.msg(f"{named(obj)} is needed: the setting {setting} names it.")
                return False
        if obj.sessions.count() and "override" not in self.switches:
            self.msg(f"Somebody is playing {named(obj)}; that takes /override.")
            return False
        return True

    def _destroy(self, obj: Any) -> str:
        """Delete one; what came of it."""
        name = named(obj)
        leading = ObjectDB.objects.filter(db_destination=obj).exclude(pk=obj.pk).exclude(db_location=obj).count()
        inside = obj.contents
        ways = sum(member.db_destination_id is not None for member in inside)
        gone: Any = False
        with self.alone(f"{name} was not deleted"):
            gone = obj.delete()
            if not gone:
                return f"{name} was not deleted: {getattr(gone, 'reason', '') or 'it refuses'}"
        if not gone:
            return f"{name} is still there."
        exits, moved = ways + leading, len(inside) - ways
        notes = []
        if exits:
            notes.append(f"{exits} exit{plural_s(exits)} went with it")
        if moved:
            notes.append(f"{moved} thing{plural_s(moved)} inside went home")
        return f"{name} is deleted{'; ' if notes else ''}{', '.join(notes)}."


def _question(doomed: list[Any]) -> str:
    names = ", ".join(named(obj) for obj in doomed[:_NAMED_IN_QUESTION])
    more = len(doomed) - _NAMED_IN_QUESTION
    return f"Delete {names}{f' and {more} more' if more > 0 else ''} for good?"
