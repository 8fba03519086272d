"""Makes objects and counts queries for the tests of typeclasses."""

from __future__ import annotations

import gc
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

from perdure.idmapper.identity import all_maps
from perdure.transactions import unit_of_work


def make(cls, key, attributes=None, tags=(), aliases=(), permissions=(), **fields):
    """A saved instance of `cls`."""
    obj = cls(db_key=key, **fields)
    obj.save()
    for name, value in (attributes or {}).items():
        obj.attributes.add(name, value)
    obj.tags.batch_add(*tags)
    obj.aliases.batch_add(*aliases)
    obj.permissions.batch_add(*permissions)
    return obj


def keys(queryset):
    """The keys of the results, in their order."""
    return [obj.db_key for obj in queryset]


def forget(*models):
    """Have no instance of `models` in memory, so that the next look-up reads rows.

    Only outside of a transaction (which keeps what it touched), and once the caller has let go of the instances.
    """
    for model in models:
        model.flush_instance_cache(force=True)
    gc.collect()
    for model in models:
        assert live(model) == []


def live(model):
    """The instances of the kind `model` in memory."""
    return [instance for known in all_maps() if known.model is model for instance in known.instances()]


@contextmanager
def statements():
    """Collects the SQL statements of the block; what was gathered before it is sent before it."""
    unit_of_work().flush()
    with CaptureQueriesContext(connection) as captured:
        yield captured
