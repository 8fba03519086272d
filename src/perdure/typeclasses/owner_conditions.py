"""Conditions on objects by rows of other tables that belong to them: attributes, links to tags.

Contract: `AmongOwners(rows)` is true of the objects that own at least one of `rows`, and filters a queryset of objects
like any of Django's expressions; it is a sub-query, so nobody is found twice. On SQLite, conditions that all have to
hold of the same objects are one sub-query together, whatever the order in which they were given.

Cost: the sub-query is written down as it is. Building it as a Django queryset and compiling that took 350 us of the
500 us that `filter_attributes(level=7)` took with its hundred results. Through one sub-query SQLite goes from the few
rows to the many; of several it carries each one out, also that with 20,000 rows where another finds one object (130 ms
instead of 0.1 ms, in a world of 28,000 rooms).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import FullResultSet
from django.db.models import BooleanField, F, FilteredRelation, Lookup, Q
from django.db.models.sql.where import AND

from perdure.typeclasses.attribute_rows import attribute_model
from perdure.typeclasses.tag_model import Tag
from perdure.typeclasses.value_conditions import COLUMNS, ValueCondition

__all__ = ["AmongOwners", "AttributeRows", "OwnedRows", "Source", "TagLinks"]

# How many conditions share a sub-query. SQLite joins 64 tables at most. PostgreSQL goes from the few rows to the many
# through several sub-queries too, and takes long to plan large ones (four tags: 250 ms together, 2 ms apart).
TOGETHER = {"sqlite": 4}

_PK = F("pk")


class Source(NamedTuple):
    """Where rows that belong to objects are found, in SQL.

    Args:
        tables: their tables, with the names that they have in the statement.
        owner: the column with the ids of their owners.
        condition: which rows of the tables they are.
        params: the parameters of the condition.
        narrow: whether they can be expected to be few.
    """

    tables: str
    owner: str
    condition: str
    params: Sequence[Any]
    narrow: bool


class OwnedRows(Protocol):
    """Rows that belong to objects."""

    def source(self, connection: Any, number: int) -> Source:
        """Where they are found; `number` tells them from the other rows of the statement."""


class AmongOwners(Lookup):
    """The condition that an object owns one of `rows`.

    Args:
        rows: the rows.
        pk: the id of the object.
    """

    prepare_rhs = False
    output_field = BooleanField()

    def __init__(self, rows: OwnedRows, pk: Any = _PK) -> None:
        super().__init__(pk, rows)

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The condition on the objects that `query` is about."""
        if isinstance(self.lhs, F):
            return AmongOwners(self.rhs, query.model._meta.pk.get_col(query.get_initial_alias()))
        return super().resolve_expression(query, *args, **kwargs)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """The condition in a query of objects."""
        together = self._together(compiler.query.where)
        place = next(number for number, one in enumerate(together) if one is self)
        most = TOGETHER.get(connection.vendor, 1)
        if place % most:
            raise FullResultSet  # said by the first of those that share a sub-query
        pk, own = compiler.compile(self.lhs)
        owners, params = _owners_of_all([one.rhs for one in together[place : place + most]], connection)
        return f"{pk} IN ({owners})", (*own, *params)

    def _together(self, where: Any) -> list[AmongOwners]:
        """The conditions on the same objects that all have to hold in this query if this one has to, in order."""
        if where.connector != AND or where.negated or not any(child is self for child in where.children):
            return [self]
        return [child for child in where.children if type(child) is AmongOwners and child.lhs == self.lhs]


class AttributeRows(NamedTuple):
    """Rows of an attribute table.

    Args:
        model: the db model of the owners.
        attrtype: their type, in normal form.
        category: their category, in normal form; None for any.
        key: their key, in normal form; None for any.
        values: conditions that the value meets, all of them.
    """

    model: Any
    attrtype: str = ""
    category: str | None = None
    key: str | None = None
    values: tuple[ValueCondition, ...] = ()

    def source(self, connection: Any, number: int) -> Source:
        """Where they are found."""
        tables, owner, columns = _attribute_table(self.model, connection.ops.quote_name, number)
        wanted = self._wanted()
        texts, params = [f"{columns[name]} = %s" for name in wanted], list(wanted.values())
        for condition in self.values:
            text, operands = condition.sql(connection, columns)
            texts.append(text)
            params += operands
        narrow = self.key is not None and any(condition.narrow for condition in self.values)
        return Source(tables, owner, " AND ".join(texts), params, narrow)

    def queryset(self, alias: str) -> Any:
        """The rows themselves."""
        rows = attribute_model(self.model).unscoped.using(alias)
        return rows.filter(*self.values, **self._wanted())

    def relation(self) -> FilteredRelation:
        """What joins them to a query of objects, whatever their values: at most one to each if all else is given."""
        wanted = {f"db_attributes__{name}": value for name, value in self._wanted().items()}
        return FilteredRelation("db_attributes", condition=Q(**wanted))

    def _wanted(self) -> dict[str, str]:
        wanted = {"db_attrtype": self.attrtype, "db_category": self.category, "db_key": self.key}
        return {name: value for name, value in wanted.items() if value is not None}

    def condition(self) -> Q:
        """The condition that an object owns one of them."""
        return Q(AmongOwners(self))


class TagLinks(NamedTuple):
    """Links to the tags that any of several criteria means.

    Args:
        model: the db model of the owners.
        criteria: `(key, category)` of tags, in normal form; None for any.
        tagtype: the type of all of them, in normal form.
    """

    model: Any
    criteria: tuple[tuple[str | None, str | None], ...]
    tagtype: str = ""

    def source(self, connection: Any, number: int) -> Source:
        """Where they are found."""
        tables, owner, linked, columns = _tag_links(self.model, connection.ops.quote_name, number)
        params: list[Any] = [self.model._meta.model_name, self.tagtype]
        wanted = []
        for criterion in self.criteria:
            given = [
                (name, one) for name, one in zip(("db_key", "db_category"), criterion, strict=True) if one is not None
            ]
            wanted.append(" AND ".join(f"{columns[name]} = %s" for name, _ in given) or "1 = 1")
            params += [one for _, one in given]
        of_type = f"{columns['db_model']} = %s AND {columns['db_tagtype']} = %s"
        narrow = all(key is not None for key, _ in self.criteria)
        return Source(tables, owner, f"{linked} AND {of_type} AND (({') OR ('.join(wanted)}))", params, narrow)

    def condition(self) -> Q:
        """The condition that an object owns one of them."""
        return Q(AmongOwners(self))


def _owners_of_all(rows: Sequence[OwnedRows], connection: Any) -> tuple[str, list[Any]]:
    """SQL that selects the ids of those who own some of each of `rows`, and its parameters."""
    found = [each.source(connection, number) for number, each in enumerate(rows)]
    narrow = [source for source in found if source.narrow]
    sources = narrow + [source for source in found if not source.narrow]
    owner = sources[0].owner
    conditions = [source.condition for source in sources] + [f"{source.owner} = {owner}" for source in sources[1:]]
    # SQLite that was never told to ANALYZE takes a range for narrower than an equality, and goes through 20,000 rows
    # for one. It does not look to the right of CROSS JOIN first.
    tables = " CROSS JOIN ".join(
        ", ".join(source.tables for source in group) for group in (narrow, sources[len(narrow) :]) if group
    )
    params = [param for source in sources for param in source.params]
    return f"SELECT {owner} FROM {tables} WHERE {' AND '.join(conditions)}", params


@lru_cache(maxsize=64)
def _tag_links(model: Any, quote: Callable[[str], str], number: int) -> tuple[str, str, str, dict[str, str]]:
    """The tables of links and tags, the column of owners, what links both, and how each column of tags is written."""
    field = model._meta.get_field("db_tags")
    through = field.remote_field.through._meta
    links, tags = f"l{number}", f"t{number}"
    owner, tag = (
        f"{links}.{quote(through.get_field(name).column)}"
        for name in (field.m2m_field_name(), field.m2m_reverse_field_name())
    )
    columns = {name: f"{tags}.{quote(name)}" for name in ("db_key", "db_category", "db_tagtype", "db_model")}
    tables = f"{quote(through.db_table)} {links}, {quote(Tag._meta.db_table)} {tags}"
    return tables, owner, f"{tag} = {tags}.{quote('id')}", columns


@lru_cache(maxsize=64)
def _attribute_table(model: Any, quote: Callable[[str], str], number: int) -> tuple[str, str, dict[str, str]]:
    """The table, its column of owners, and how each of its columns is written."""
    meta = attribute_model(model)._meta
    rows = f"a{number}"
    names = (*COLUMNS, "db_attrtype", "db_category", "db_key")
    columns = {name: f"{rows}.{quote(meta.get_field(name).column)}" for name in names}
    return f"{quote(meta.db_table)} {rows}", f"{rows}.{quote(meta.get_field('owner').column)}", columns
