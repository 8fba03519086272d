"""What live objects answer, in the form that the model tells it, and what memory holds of them unasked."""

from __future__ import annotations

from typing import Any

from django.db import connection

from perdure.idmapper.identity import all_maps, identity_map
from perdure.idmapper.residency import residents
from perdure.objects.contents import ContentsIndex, forget_all
from perdure.objects.models import ObjectAttribute, ObjectDB
from perdure.typeclasses.tag_model import Tag
from tests.laws.plain import Ref, canonical, changed

FIELDS = {"key": "db_key", "location": "db_location_id", "home": "db_home_id", "destination": "db_destination_id"}
TABLES = (ObjectAttribute, ObjectDB.db_tags.through, Tag, ObjectDB)


def to_plain(value: Any) -> Any:
    """A live value with `Ref`s for its objects. A deleted one counts as well: there should be None in its place."""
    return changed(value, lambda leaf: Ref(leaf.__dict__["id"]) if isinstance(leaf, ObjectDB) else leaf)


def locks_of(text: str) -> list[str]:
    return sorted(part.strip() for part in text.split(";") if part.strip())


def describe(obj: Any) -> dict[str, Any]:
    """One object through its documented interface."""
    attributes = {(found.category or "", found.key): found.value for found in obj.attributes.all()}
    for (category, key), value in attributes.items():
        assert obj.attributes.get(key, category=category or None) is value or not hasattr(value, "__len__")
    return {
        "class": type(obj).__name__,
        "key": obj.key,
        "location": None if obj.location is None else obj.location.pk,
        "home": None if obj.home is None else obj.home.pk,
        "destination": None if obj.destination is None else obj.destination.pk,
        "locks": locks_of(obj.lock_storage),
        "tags": sorted(
            "/".join((kind, category or "", key))
            for kind, handler in (("", obj.tags), ("alias", obj.aliases), ("permission", obj.permissions))
            for key, category in handler.all(return_key_and_category=True)
        ),
        "attrs": {"/".join(slot): canonical(to_plain(value)) for slot, value in sorted(attributes.items())},
        "contents": sorted(member.pk for member in obj.contents),
    }


def describe_all() -> dict[str, Any]:
    """Every object."""
    return {str(obj.pk): describe(obj) for obj in ObjectDB.objects.order_by("pk")}


def held(obj: Any) -> dict[str, Any]:
    """What memory holds of `obj` now; runs no statement and builds nothing."""
    memory = obj.__dict__
    found: dict[str, Any] = {"class": type(obj).__name__}
    for name, field in FIELDS.items():
        if field in memory:
            found[name] = memory[field]
    if "db_lock_storage" in memory:
        found["locks"] = locks_of(memory["db_lock_storage"])
    tags = memory.get("_tag_store")
    if tags is not None and tags.loaded:
        found["tags"] = sorted("/".join(slot) for slot in tags.slots)
    index = memory.get("_contents")
    if index is not None and index.epoch == ContentsIndex.now:
        found["contents"] = sorted(index.members)
        assert all(identity_map("default", ObjectDB).get(pk) is member for pk, member in index.members.items())
    if "db" in memory:
        store = memory["db"]._p_store
        values = {("", key): value for key, value in store.values.items()}
        values |= {slot[1:]: value for slot, value in store.rest.items()}
        found["attrs"] = {"/".join(slot): canonical(to_plain(value)) for slot, value in values.items()}
        if store.loaded:
            found["attribute names"] = sorted("/".join(slot) for slot in {*values, *(raw[1:] for raw in store.raw)})
    return found


def live_objects() -> dict[int, Any]:
    return {obj.pk: obj for obj in identity_map("default", ObjectDB).instances()}


def raw_rows(cursor: Any) -> dict[str, Any]:
    """What the tables hold, without values: read by a cursor of a connection that Django knows nothing of."""
    cursor.execute(
        "SELECT id, db_typeclass_path, db_key, db_location_id, db_home_id, db_destination_id, db_lock_storage "
        "FROM objects_objectdb"
    )
    rows = {
        row[0]: {
            "class": row[1].rpartition(".")[2],
            **dict(zip(FIELDS, row[2:6], strict=True)),
            "locks": locks_of(row[6]),
            "tags": [],
            "attrs": {},
        }
        for row in cursor.fetchall()
    }
    cursor.execute(
        "SELECT l.objectdb_id, t.db_tagtype, t.db_category, t.db_key FROM objects_objectdb_db_tags l "
        "JOIN typeclasses_tag t ON t.id = l.tag_id"
    )
    for pk, kind, category, key in cursor.fetchall():
        rows[pk]["tags"] = sorted([*rows[pk]["tags"], f"{kind}/{category}/{key}"])
    cursor.execute("SELECT owner_id, db_category, db_key, db_value FROM objects_objectattribute")
    for pk, category, key, text in cursor.fetchall():
        rows[pk]["attrs"][f"{category}/{key}"] = text
    return rows


def wipe() -> None:
    """Empty the tables and forget everything that memory holds of them."""
    with connection.cursor() as cursor:
        for model in TABLES:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
    for known in all_maps():
        for instance in known.instances():
            residents.discard(instance)
        known.refs.clear()
    forget_all()
