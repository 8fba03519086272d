"""Law 4: nothing that is read from the database can run code, or import what is no typeclass."""

from __future__ import annotations

from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

import perdure.errors
from perdure.objects.creation import create_object
from perdure.objects.models import ObjectDB
from tests.laws import live
from tests.laws.hostile_rows import rows
from tests.laws.things import LawStone

OURS = {name for name in dir(perdure.errors) if not name.startswith("_")}


def plant(row):
    """Write a hostile row past the engine, and attributes of it."""
    made = create_object(ObjectDB, LawStone, key="host", nohome=True)
    for number in range(len(row["values"])):
        made.attributes.add(f"a{number}", number)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE objects_objectdb SET db_typeclass_path = %s, db_lock_storage = %s, db_cmdset_storage = %s "
            "WHERE id = %s",
            [row["path"], row["locks"], row["cmdsets"], made.pk],
        )
        for number, text in enumerate(row["values"]):
            cursor.execute(
                "UPDATE objects_objectattribute SET db_value = %s, db_kind = %s, db_references = %s "
                "WHERE owner_id = %s AND db_key = %s",
                [text, row["kind"], " x ", made.pk, f"a{number}"],
            )
    return made.pk


def test_reading_runs_and_imports_nothing(witness):
    @settings(max_examples=max(20, settings().max_examples // 2))
    @given(st.lists(rows, min_size=3, max_size=6))
    def read(planted):
        live.wipe()
        pks = [plant(row) for row in planted]
        answer = witness.ask("audit")
        assert answer["heard"] == []
        assert sorted(map(int, answer["found"])) == pks
        for read_as in answer["found"].values():
            for name, result in read_as.items():
                kind, _, error = result.partition("error ")
                assert not error or error in OURS, f"{name} fails with {error}, which is none of our errors"
                assert kind or error

    read()


def test_the_audit_would_hear(witness):
    """A path in a package that the settings allow is imported, and that is heard: the silence above means something."""
    module = "django.contrib.contenttypes.management.commands.remove_stale_contenttypes"
    pk = plant({"path": f"{module}.Command", "locks": "", "cmdsets": None, "values": ["1"], "kind": "i"})
    answer = witness.ask("audit")
    assert any("contenttypes.py" in line for line in answer["heard"])
    assert answer["found"][str(pk)]["class"] == "str"
