"""Look-ups in text values that mean the same on every backend.

Contract: `contains`, `startswith` and `endswith` tell upper from lower case (SQLite's LIKE does not); the look-ups
whose names begin with `i` do not, for every alphabet (on a PostgreSQL without ICU: those that the database's locale
knows). None of them knows wildcards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.signals import connection_created
from django.db.models import Lookup

from perdure.typeclasses.fields import SortableTextField

__all__ = ["TEXT_LOOKUPS", "TextLookup", "after_prefix"]

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def after_prefix(prefix: str) -> str | None:
    """The first text, in code point order, that is after all texts that start with `prefix`; None if there is none."""
    for end in range(len(prefix), 0, -1):
        following = ord(prefix[end - 1]) + 1
        if following <= _LAST:
            return prefix[: end - 1] + chr(following if following not in _SURROGATES else _SURROGATES.stop)
    return None


class TextLookup(Lookup):
    """A comparison of `left`, the column, with `right`, the operand, both as SQL."""

    folds = False
    sqlite_sql = ""
    postgresql_sql = ""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """SQL of the comparison."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return self.compare(connection, left, left_params, right, right_params)

    @classmethod
    def compare(
        cls, connection: Any, left: str, left_params: Sequence[Any], right: str, right_params: Sequence[Any]
    ) -> tuple[str, list[Any]]:
        """SQL that compares two pieces of SQL, each of which may be used more than once, and its parameters."""
        on_sqlite = connection.vendor == "sqlite"
        if cls.folds:
            fold = "perdure_lower({})" if on_sqlite else f'lower({{}} COLLATE "{_folding_collation(connection)}")'
            left, right = fold.format(left), fold.format(right)
        template = cls.sqlite_sql if on_sqlite else cls.postgresql_sql
        params: list[Any] = []
        for part in template.split("{")[1:]:
            params += left_params if part.startswith("left}") else right_params
        return template.format(left=left, right=right), params


class Contains(TextLookup):
    """Has the operand in it."""

    lookup_name = "contains"
    sqlite_sql = "instr({left}, {right}) > 0"
    postgresql_sql = "strpos({left}, {right}) > 0"


class StartsWith(TextLookup):
    """Begins with the operand."""

    lookup_name = "startswith"
    sqlite_sql = postgresql_sql = "substr({left}, 1, length({right})) = {right}"


class EndsWith(TextLookup):
    """Ends with the operand."""

    lookup_name = "endswith"
    sqlite_sql = "substr({left}, -length({right}), length({right})) = {right}"
    postgresql_sql = "right({left}, length({right})) = {right}"


class ContainsFolded(Contains):
    """Has the operand in it, whatever the case."""

    lookup_name = "icontains"
    folds = True


class StartsWithFolded(StartsWith):
    """Begins with the operand, whatever the case."""

    lookup_name = "istartswith"
    folds = True


class EndsWithFolded(EndsWith):
    """Ends with the operand, whatever the case."""

    lookup_name = "iendswith"
    folds = True


class ExactFolded(TextLookup):
    """Is the operand, whatever the case."""

    lookup_name = "iexact"
    folds = True
    sqlite_sql = postgresql_sql = "{left} = {right}"


#: The look-ups by name.
TEXT_LOOKUPS: dict[str, type[TextLookup]] = {
    lookup.lookup_name: lookup
    for lookup in (Contains, StartsWith, EndsWith, ContainsFolded, StartsWithFolded, EndsWithFolded, ExactFolded)
}
for _lookup in TEXT_LOOKUPS.values():
    SortableTextField.register_lookup(_lookup)


def _folding_collation(connection: Any) -> str:
    """The collation by which PostgreSQL tells which letters differ in case only; asked once per connection."""
    known: str | None = connection.__dict__.get("_perdure_folding_collation")
    if known is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'")
            known = "und-x-icu" if cursor.fetchone() else "default"
        connection._perdure_folding_collation = known
    return known


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _teach_sqlite(connection: Any, **kwargs: Any) -> None:
    """SQLite's own lower() knows ASCII only."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("perdure_lower", 1, _lower, deterministic=True)


connection_created.connect(_teach_sqlite, dispatch_uid="perdure.text_lookups")
