"""What queries by attribute and tag ask of the database."""

from __future__ import annotations

import pytest

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
