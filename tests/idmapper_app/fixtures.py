"""Fixtures for tests with these models: a clean memory, committed rows, and a way to write past the engine.

Django is set up after `conftest.py` files are read, so the engine is imported where it is used.
"""

from __future__ import annotations

import pytest
from django.db import connection, connections, transaction

__all__ = ["Elsewhere", "clean_memory", "db", "elsewhere", "mode", "stored"]


@pytest.fixture(autouse=True)
def clean_memory():
    """No test sees what another one left in memory."""
    forget_everything()


def forget_everything():
    """Empty the resident set and everything that tests switch on."""
    from perdure.idmapper import ownership
    from perdure.idmapper.models import flush_cache
    from perdure.idmapper.residency import residents
    from tests.idmapper_app.models import Watched

    ownership.release()
    Watched.failing.clear()
    Watched.error = RuntimeError
    for instance in list(residents.order.values()):
        instance.flush_from_cache(force=True)
    flush_cache()  # also collects garbage
    Watched.events.clear()


@pytest.fixture
def db(django_db_setup, django_db_blocker):
    """In place of pytest-django's: real commits; afterwards the tables of this app are empty again.

    Its own way with commits (`transactional_db`) empties all tables there are, which takes a hundred times as long.
    """
    from django.apps import apps

    with django_db_blocker.unblock():
        try:
            yield
        finally:
            models = apps.get_app_config("idmapper_app").get_models(include_auto_created=True)
            tables = {model._meta.db_table for model in models if not model._meta.proxy}
            with transaction.atomic(), connection.cursor() as cursor:
                for table in tables:
                    cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@pytest.fixture(params=["autocommit", "transaction"])
def mode(request, db):
    """Everything holds with a statement per write, and with writes gathered in an open transaction."""
    if request.param == "autocommit":
        yield request.param
        return
    with transaction.atomic():
        yield request.param


class Elsewhere:
    """Writes rows the way another process does: nobody in this one is told."""

    def __init__(self, alias="default"):
        self.alias = alias

    def execute(self, sql, *params):
        with connections[self.alias].cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.rowcount

    def set(self, instance, **columns):
        """Write columns of the row of `instance`."""
        sets = ", ".join(f"{name} = %s" for name in columns)
        meta = instance._meta
        count = self.execute(
            f"UPDATE {meta.db_table} SET {sets} WHERE {meta.pk.column} = %s", *columns.values(), instance.pk
        )
        assert count == 1

    def delete(self, instance):
        """Delete the row of `instance`."""
        meta = instance._meta
        assert self.execute(f"DELETE FROM {meta.db_table} WHERE {meta.pk.column} = %s", instance.pk) == 1


@pytest.fixture
def elsewhere():
    return Elsewhere()


@pytest.fixture
def stored():
    """`stored(instance, "db_key")`: what the row holds, read past the identity map."""

    def read(instance, *names):
        row = type(instance).unscoped.using(instance._state.db).filter(pk=instance.pk).values_list(*names).first()
        return row if row is None or len(names) > 1 else row[0]

    return read
