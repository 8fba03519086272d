"""What queries by attribute and tag ask of the database."""

from __future__ import annotations

import pytest
from django.db import connection

from perdure.objects.objects import DefaultObject


class CostQueried(DefaultObject):
    """What the queries are about."""


@pytest.mark.parametrize("names", [("size",), ("-size", "name")])
def test_ordering_joins_each_attribute_once(counted, names):
    with counted() as statements:
        list(CostQueried.objects.order_by_attribute(*names)[:10])
    (sql,) = statements.all
    assert sql.count("JOIN") == len(names)
    assert sql.count("SELECT") == 1


only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="others plan across sub-queries")


@only_sqlite
@pytest.mark.parametrize("size", [{"size": 3}, {"size__gt": 3}])
def test_conditions_on_the_same_objects_share_a_sub_query(counted, size):
    with counted() as statements:
        list(CostQueried.objects.get_by_tag("red", category="colour").filter_attributes(**size).filter_attributes(n=1))
    (sql,) = statements.all
    assert sql.count("SELECT") == 2


@only_sqlite
def test_what_equals_is_looked_up_before_a_range(counted):
    """Whatever SQLite believes without statistics."""
    with counted() as statements:
        list(CostQueried.objects.filter_attributes(size__gt=3, lit=True, name="x"))
    (sql,) = statements.all
    first, _, later = sql.partition(" CROSS JOIN ")
    assert first.endswith(" a2")  # the name
    assert later.index(" a0") < later.index(" a1")
