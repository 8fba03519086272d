"""Conditions on the value of an attribute row, written for the indexes of the attribute tables.

Contract: `value_condition("gt", 20, …)` compares numbers as numbers, text as text, dates as dates; a bool is not an
int. What the storage cannot answer correctly raises `UnknownLookup`. A condition filters a queryset of attributes, or
is part of a statement that is written by hand (`sql`).

Invariants
    - The index of texts holds their first `PREFIX` characters, by an expression. A statement uses it only if it has the
      same expression, lengths written out; and SQLite only if the statement does not also say what the column is equal
      to, for it would put that into the expression. So a short text is compared by its prefix alone, which is
      the whole, and a long one is bounded from both sides.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db.models import BooleanField, Expression, F

from perdure.errors import UnknownLookup, UnstorableValue
from perdure.typeclasses.attribute_model import PREFIX
from perdure.typeclasses.text_lookups import TEXT_LOOKUPS, after_prefix
from perdure.values import comparison_key

__all__ = ["COLUMNS", "LOOKUPS", "NOT_NONE", "ValueCondition", "string_condition", "value_condition"]

_ORDERINGS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
#: The look-ups there are, `isnull` (no such attribute, or None) apart.
LOOKUPS = ("exact", "in", "range", *_ORDERINGS, *TEXT_LOOKUPS)
#: The columns that a condition may name.
COLUMNS = ("db_kind", "db_number", "db_text", "db_strvalue")
_START = "start"  # the part of `db_text` that the index holds
_INDEXED = ("db_number", _START)
_EQUALITIES = ("=", "IN")
_LARGEST = 2**63
_NO_NUL = "text with a NUL character is stored, but cannot be searched"


class Test(NamedTuple):
    """A column (or the start of a text) compared with something."""

    column: str
    operator: str  # of SQL, or the name of a text look-up
    operand: Any = None

    def sql(self, connection: Any, columns: Mapping[str, str]) -> tuple[str, Sequence[Any]]:
        """The comparison and its parameters; `columns` says how each column is written."""
        if self.column == _START:
            function = "SUBSTR" if connection.vendor == "sqlite" else "SUBSTRING"
            column = f"{function}({columns['db_text']}, 1, {PREFIX})"
        else:
            column = columns[self.column]
        if self.operator == "IS NULL":
            return f"{column} IS NULL", ()
        if self.operator == "IN":
            return f"{column} IN ({', '.join(['%s'] * len(self.operand))})", self.operand
        if self.operator in TEXT_LOOKUPS:
            return TEXT_LOOKUPS[self.operator].compare(connection, column, (), "%s", (self.operand,))
        return f"{column} {self.operator} %s", (self.operand,)


Tests = tuple[Test, ...]  # all of them hold


class ValueCondition(Expression):
    """The condition that one of several sets of tests holds; no set, and it never does.

    Args:
        alternatives: the sets.
    """

    output_field = BooleanField()
    _columns: Sequence[Any] = [F(name) for name in COLUMNS]

    def __init__(self, alternatives: tuple[Tests, ...]) -> None:
        super().__init__()
        self.alternatives = alternatives

    @property
    def narrow(self) -> bool:
        """Whether it says what the value is equal to, and that may be more than yes or no."""
        return all(
            any(test.operator in _EQUALITIES and test.column in _INDEXED for test in tests)
            and Test("db_kind", "=", "b") not in tests
            for tests in self.alternatives
        )

    def get_source_expressions(self) -> list[Any]:
        """The columns."""
        return list(self._columns)

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        """Take the columns as a query knows them."""
        self._columns = exprs

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """The condition in a query of attributes."""
        return self.sql(
            connection, dict(zip(COLUMNS, (compiler.compile(one)[0] for one in self._columns), strict=True))
        )

    def sql(self, connection: Any, columns: Mapping[str, str]) -> tuple[str, list[Any]]:
        """The condition and its parameters. Raises Django's `EmptyResultSet` if nothing can meet it."""
        if not self.alternatives:
            raise EmptyResultSet
        params: list[Any] = []
        texts = []
        for tests in self.alternatives:
            written = [test.sql(connection, columns) for test in tests]
            texts.append(" AND ".join(text for text, _ in written))
            for _, operands in written:
                params += operands
        return f"({') OR ('.join(texts)})", params


def value_condition(lookup: str, operand: Any, where: str) -> ValueCondition:
    """The condition that a value compares with `operand` as `lookup` says; `where` names the look-up in errors."""
    if lookup == "exact":
        return ValueCondition((_exactly(operand, where),))
    if lookup == "in":
        return ValueCondition(_any_of(operand, where))
    if lookup == "range":
        if isinstance(operand, str) or not isinstance(operand, Sequence) or len(operand) != 2:
            raise UnknownLookup(f"{where}: `range` takes the lowest and the highest value, got {operand!r}")
        return ValueCondition(((*_ordered("gte", operand[0], where), *_ordered("lte", operand[1], where)),))
    return ValueCondition(((_ordered if lookup in _ORDERINGS else _textual)(lookup, operand, where),))


#: The condition that there is a value other than None.
NOT_NONE = ValueCondition(((Test("db_kind", "<>", "n"),),))


def string_condition(strvalue: str) -> ValueCondition:
    """The condition on the plain string beside the value."""
    return ValueCondition(((Test("db_strvalue", "=", strvalue),),))


def _keyed(operand: Any, where: str) -> tuple[str, Any, str | None]:
    try:
        kind, number, text = comparison_key(operand)
    except UnstorableValue as error:
        raise UnknownLookup(f"{where}: such a value cannot be stored, so nothing has it ({error})") from error
    if kind == "i" and number is not None and _LARGEST <= abs(operand) < float("inf"):
        raise UnknownLookup(f"{where}: numbers beyond 64 bits are stored, but cannot be compared")
    return kind, number, text


def _exactly(operand: Any, where: str) -> Tests:
    if operand is None:
        return (Test("db_kind", "=", "n"), Test("db_strvalue", "IS NULL"))
    kind, number, text = _keyed(operand, where)
    of_kind = Test("db_kind", "=", kind)
    if kind == "i" and number is None:
        raise UnknownLookup(f"{where}: nothing equals {operand!r}")
    if kind in "ibD":
        return (of_kind, Test("db_number", "=", number))
    if text is None:
        raise UnknownLookup(f"{where}: {_NO_NUL}")
    start = Test(_START, "=", text[:PREFIX])
    if len(text) < PREFIX:
        return (of_kind, start)
    return (of_kind, start, Test("db_text", ">=", text), Test("db_text", "<=", text))


def _any_of(operands: Any, where: str) -> tuple[Tests, ...]:
    """One set of tests for each kind of value, however many values there are, where one test can take them together."""
    if isinstance(operands, str) or not isinstance(operands, Iterable):
        raise UnknownLookup(f"{where}: `in` takes a list of values, got {operands!r}")
    alone: dict[Tests, None] = {}
    together: dict[tuple[Test, str], dict[Any, None]] = {}
    for operand in operands:
        tests = _exactly(operand, where)
        if len(tests) == 2 and tests[1].operator == "=":
            together.setdefault((tests[0], tests[1].column), {})[tests[1].operand] = None
        else:
            alone[tests] = None
    return (*((kind, Test(column, "IN", tuple(found))) for (kind, column), found in together.items()), *alone)


def _ordered(lookup: str, operand: Any, where: str) -> Tests:
    if isinstance(operand, bool) or operand is None:
        raise UnknownLookup(f"{where}: {operand!r} has no order; compare numbers, text or dates")
    operator = _ORDERINGS[lookup]
    kind, number, text = _keyed(operand, where)
    of_kind = Test("db_kind", "=", kind)
    if kind in "iD":
        if number is None:
            raise UnknownLookup(f"{where}: {operand!r} has no order")
        return (of_kind, Test("db_number", operator, number))
    if isinstance(operand, str) and text is None:
        raise UnknownLookup(f"{where}: {_NO_NUL}")
    if not isinstance(operand, str | datetime.date | datetime.datetime) or text is None:
        raise UnknownLookup(
            f"{where}: {type(operand).__name__} has no order in the storage; compare numbers, text or dates"
        )
    return (of_kind, Test(_START, f"{operator[0]}=", text[:PREFIX]), Test("db_text", operator, text))


def _textual(lookup: str, operand: Any, where: str) -> Tests:
    if not isinstance(operand, str):
        raise UnknownLookup(f"{where}: {lookup} compares text, got {operand!r}")
    text = _keyed(operand, where)[2]
    if text is None:
        raise UnknownLookup(f"{where}: {_NO_NUL}")
    tests: Tests = (Test("db_kind", "=", "s"), Test("db_text", lookup, text))
    if lookup == "startswith":
        tests += (Test(_START, ">=", text[:PREFIX]),)
        after = after_prefix(text[:PREFIX])
        if after is not None:
            tests += (Test(_START, "<", after),)
    return tests
