"""One of each kind of entity with some data, and pictures of memory and of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

Picture = dict[str, Any]


@pytest.fixture
def world(db: None) -> Iterator[SimpleNamespace]:
    from perdure.create import create_account, create_channel, create_object, create_script
    from perdure.idmapper.models import flush_cache
    from perdure.objects.objects import DefaultObject, DefaultRoom
    from perdure.scripts.scripts import DefaultScript

    hall = create_object(DefaultRoom, key="Hall")
    lamp = create_object(
        DefaultObject,
        key="lamp",
        location=hall,
        home=hall,
        aliases=["light"],
        tags=[("brass", "metal"), "old"],
        permissions=["Builder"],
        locks="get:all();view:perm(Player)",
        attributes={"oil": 100, "seen": ["a", {"b": {1, 2}}], "where": hall},
        nattributes={"warm": True},
    )
    box = create_object(DefaultObject, key="box", location=lamp)
    watch = create_script(DefaultScript, key="watch", obj=lamp, attributes={"ticks": 3})
    account = create_account("Ariadne", email="a@example.org", password="a-clew-of-thread")
    channel = create_channel("Public", aliases=["pub"], desc="talk")
    lamp.nicks.add("l", "look")
    yield SimpleNamespace(
        hall=hall,
        lamp=lamp,
        box=box,
        watch=watch,
        account=account,
        channel=channel,
        all=[hall, lamp, box, watch, account, channel],
    )
    flush_cache()


def of_memory(entity: Any) -> Picture:
    """What a live entity answers."""
    fields = {field.attname: getattr(entity, field.attname) for field in entity._meta.concrete_fields}
    return {
        "class": type(entity),
        "fields": {name: value for name, value in fields.items() if name != "db_version"},
        "attributes": sorted((one.key, str(one.category), repr(one.value)) for one in entity.attributes.all()),
        "tags": sorted(map(str, entity.tags.all(return_key_and_category=True))),
        "aliases": entity.aliases.all() if hasattr(entity, "aliases") else None,
        "permissions": entity.permissions.all(),
        "locks": str(entity.locks),
        "ndb": {key: value for key, value in vars(entity.ndb).items() if not key.startswith("_")},
        "contents": [inside.pk for inside in getattr(entity, "contents", ())],
    }


def of_database() -> Picture:
    """Every row of every table."""
    from django.db import connection

    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = {}
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows[table] = sorted(map(repr, cursor.fetchall()))
    return rows


@pytest.fixture
def picture(world: SimpleNamespace) -> Callable[[], Picture]:
    """`picture()`: memory and database, to be compared with another."""

    def take() -> Picture:
        from perdure.typeclasses import registry

        return {
            "memory": {entity: of_memory(entity) for entity in world.all if not entity._is_deleted},
            "database": of_database(),
            "typeclasses": sorted(known.path for known in registry.all_typeclasses()),
        }

    return take
