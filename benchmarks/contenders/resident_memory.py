"""What Perdure says of its memory, against what the kernel says: two figures in percent, which it measures by itself.

The kernel's figure is the growth of the resident memory of the process. The database driver's own cache is filled
before, since it belongs to nobody's objects; on Linux only.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

__all__ = ["ResidentMemory", "resident_bytes"]

#: How many times as many objects as fit a loop touches.
TIMES_THE_BUDGET = 10
#: Rows that the loop lets the driver hold: they are memory too, and not the cache's.
ROWS = 200


def resident_bytes() -> int:
    """Resident memory of this process, from the kernel."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class ResidentMemory:
    """The figures; part of the contender."""

    size: int

    def estimate_error(self) -> float:
        """How far `cache_stats()` is from the growth of resident memory when the world is loaded."""
        from perdure import cache_stats

        self._warm_the_driver()
        before = resident_bytes()
        held = self._loaded()
        gc.collect()
        grown = resident_bytes() - before
        estimated = cache_stats().estimated_bytes
        assert len(held) >= self.size
        return 100 * abs(estimated / grown - 1)

    def budget_excess(self) -> float:
        """By how much resident memory exceeds the budget, at its peak, in a loop over ten times as many objects."""
        from django.test.utils import override_settings

        from perdure import ObjectDB, cache_stats

        self._warm_the_driver()
        sample = list(ObjectDB.objects.order_by("-pk")[:500])
        for obj in sample:
            obj.db.hp  # noqa: B018 - reading is the work
        each = cache_stats().estimated_bytes / len(sample)
        del obj, sample
        self._forget()
        budget = each * self.size / TIMES_THE_BUDGET
        before = peak = resident_bytes()
        with override_settings(IDMAPPER_CACHE_MAXSIZE=budget / 1024 / 1024):
            for number, obj in enumerate(ObjectDB.objects.order_by("pk").iterator(chunk_size=ROWS)):
                obj.db.hp  # noqa: B018 - reading is the work
                if number % 100 == 0:
                    peak = max(peak, resident_bytes())
        return max(0.0, 100 * ((peak - before) / budget - 1))

    def _loaded(self) -> list[Any]:
        from perdure import ObjectDB

        held = list(ObjectDB.objects.all())
        for obj in held:
            obj.db.hp  # noqa: B018 - reading is the work
        return held

    def _warm_the_driver(self) -> None:
        from django.db import connection

        from perdure import ObjectDB, cache_stats

        with connection.cursor() as cursor:
            for table in ("objects_objectdb", "objects_objectattribute"):
                cursor.execute(f"SELECT sum(length(db_key)) FROM {table}")
                cursor.fetchone()
        obj = ObjectDB.objects.order_by("-pk").first()
        assert obj.db.hp is not None
        assert cache_stats().total
        del obj
        self._forget()

    def _forget(self) -> None:
        from perdure import flush_cache

        flush_cache()
        gc.collect()
