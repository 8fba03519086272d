"""What there is, and what of it is in memory: `objects` and `cache`."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import EditingCommand, plural_s
from perdure.commands.default.stock import whole_number
from perdure.conf import conf
from perdure.idmapper.models import cache_stats, flush_cache
from perdure.locks import check_perm
from perdure.objects.models import ObjectDB
from perdure.text.markup import escape
from perdure.typeclasses import registry

__all__ = ["CmdCache", "CmdObjects"]

_MOST = 100
_KINDS = (("characters", "CHARACTER"), ("rooms", "ROOM"), ("exits", "EXIT"))


class CmdObjects(EditingCommand):
    """Count the objects of the game.

    Usage:
      objects [<number>]

    Shows how many characters, rooms, exits and other things there are, how many of each class, and the newest ones: as
    many as you say, else ten.
    """

    key = "@objects"
    locks = "cmd:perm(listobjects) or perm(Builder)"

    async def func(self) -> None:
        """Count."""
        number = whole_number(self.args)
        newest = 10 if number is None else min(number, _MOST)
        if self.args and number is None:
            self.usage()
            return
        totals = list(ObjectDB.objects.get_typeclass_totals())
        number = sum(entry["count"] for entry in totals)
        kinds = self.table("kind", "number", "share")
        kinds.add_rows(_kinds(totals, number))
        classes = self.table("class", "number", "share")
        classes.add_rows(
            (escape(entry["typeclass"] or "none"), entry["count"], f"{entry['percent']:.1f} %") for entry in totals
        )
        latest = self.table("made", "number", "name", "class")
        for obj in ObjectDB.objects.order_by("-pk")[:newest]:
            latest.add_row(self.moment(obj.date_created), obj.dbref, escape(obj.key), escape(obj.typeclass_path))
        parts = [f"{number} object{plural_s(number)}:", str(kinds), "", str(classes)]
        if newest and latest:
            parts += ["", f"The newest {len(latest)}:", str(latest)]
        await self.page("\n".join(parts))


def _kinds(totals: list[dict[str, Any]], number: int) -> list[tuple[str, int, str]]:
    """Rows of kind, number and share; a class counts as the first kind that it is derived from."""
    left = {entry["typeclass"]: entry["count"] for entry in totals}
    rows = []
    for label, setting in _KINDS:
        base = registry.resolve(getattr(conf, f"BASE_{setting}_TYPECLASS"), ObjectDB)
        standard = registry.resolve(f"perdure.objects.objects.Default{setting.capitalize()}", ObjectDB)
        paths = {*registry.family_paths(base), *registry.family_paths(standard)}
        rows.append((label, sum(left.pop(path, 0) for path in paths)))
    rows.append(("others", sum(left.values())))
    return [(label, count, f"{count * 100 / max(number, 1):.1f} %") for label, count in rows]


class CmdCache(EditingCommand):
    """Show what of the database is in memory.

    Usage:
      cache
      cache/flush

    Switches:
      flush - let go of everything that may leave memory (for developers)

    Shows how many instances of each class are live, how many of them are held, how much memory those take (estimated;
    the error is told), how often something was found in memory, and what may not leave it now, and why.
    """

    key = "@cache"
    switch_options = ("flush",)
    locks = "cmd:perm(cache) or perm(Builder)"
    help_category = "system"

    async def func(self) -> None:
        """Show, or flush."""
        if "flush" in self.switches:
            self._flush()
            return
        stats = cache_stats()
        table = self.table("class", "live", "held")
        for path, number in sorted(stats.live.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(escape(path), number, stats.resident.get(path, 0))
        limit = "no limit" if stats.budget_bytes is None else f"of {_megabytes(stats.budget_bytes)} allowed"
        looked = stats.hits + stats.misses
        share = f" ({stats.hits * 100 / looked:.1f} % found)" if looked else ""
        lines = [
            f"{stats.total} instance{plural_s(stats.total)} in memory, {sum(stats.resident.values())} of them held:",
            str(table),
            "",
            f"Size: about {_megabytes(stats.estimated_bytes)}, give or take {stats.error * 100:.0f} %, {limit}.",
            f"  ({stats.method})",
            f"Look-ups: {stats.hits} found in memory, {stats.misses} loaded{share}; {stats.evictions} let go for room.",
            "Pinned: "
            + (", ".join(f"{n} {escape(why)}" for why, n in sorted(stats.pinned.items())) or "nothing")
            + ".",
        ]
        await self.page("\n".join(lines))

    def _flush(self) -> None:
        if not check_perm(self.caller, "Developer"):
            self.msg("Only developers may flush the cache.")
            return
        before = cache_stats()
        flush_cache()
        after = cache_stats()
        gone = before.total - after.total
        self.msg(f"Let go of {gone} instance{plural_s(gone)}; {after.total} are still in memory.")


def _megabytes(size: float) -> str:
    return f"{size / (1024 * 1024):.1f} MB"  # as the setting IDMAPPER_CACHE_MAXSIZE counts them
