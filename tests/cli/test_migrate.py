"""`perdure migrate`: the database, the owner, character #1, room #2; once, and resumable."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import OWNER, PASSWORD, Run

STATE = """
import json
from django.contrib.auth import authenticate
owner = AccountDB.objects.get(is_superuser=True)
character, room = ObjectDB.objects.get(pk=1), ObjectDB.objects.get(pk=2)
print(json.dumps({
    "account": [owner.pk, owner.username, owner.is_staff, owner.typeclass_path],
    "character": [character.key, character.typeclass_path, character.location.pk, character.home.pk],
    "room": [room.key, room.typeclass_path, room.location is None, [o.pk for o in room.contents]],
    "characters": [c.pk for c in owner.characters.all()],
    "me": [me is character, self is character],
    "channels": [c.key for c in ChannelDB.objects.all()],
    "counts": [ObjectDB.objects.count(), AccountDB.objects.count()],
    "locks": [owner.locks.get(name) for name in ("examine", "edit", "delete", "boot")],
    "password": authenticate(username=owner.username, password=PASSWORD) is not None,
}))
"""


def state(run: Run, game: Path, password: str = PASSWORD) -> dict[str, object]:
    done = run("shell", cwd=game, stdin=f"PASSWORD = {password!r}\n{STATE}")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def expected(owner: str = OWNER) -> dict[str, object]:
    return {
        "account": [1, owner, True, "typeclasses.accounts.Account"],
        "character": [owner, "typeclasses.characters.Character", 2, 2],
        "room": ["Limbo", "typeclasses.rooms.Room", True, [1]],
        "characters": [1],
        "me": [True, True],
        "channels": ["Public"],
        "counts": [2, 1],
        "locks": ["examine:perm(Developer)", "edit:false()", "delete:false()", "boot:false()"],
        "password": True,
    }


@pytest.mark.sqlite
def test_the_first_start(run: Run, game: Path) -> None:
    assert state(run, game) == expected()


@pytest.mark.sqlite
def test_again_changes_nothing(run: Run, game: Path) -> None:
    again = run("migrate", cwd=game, PERDURE_OWNER="Theseus", PERDURE_PASSWORD="another-good-one")
    assert again.returncode == 0, again.stderr
    assert again.stdout == "Database: up to date.\n"
    assert state(run, game) == expected()


@pytest.mark.sqlite
def test_a_first_start_that_fails_leaves_nothing_and_can_be_repeated(run: Run, bare_game: Path) -> None:
    hook = bare_game / "server" / "conf" / "at_initial_setup.py"
    good = hook.read_text()
    hook.write_text("def at_initial_setup():\n    raise RuntimeError('the thread broke')\n")
    variables = {"PERDURE_OWNER": OWNER, "PERDURE_PASSWORD": PASSWORD}
    broken = run("migrate", cwd=bare_game, **variables)
    assert broken.returncode != 0
    assert "the thread broke" in broken.stderr
    with sqlite3.connect(bare_game / "db.sqlite3") as database:
        for table in ("objects_objectdb", "accounts_accountdb"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    database.close()
    hook.write_text(good)
    assert run("migrate", cwd=bare_game, **variables).returncode == 0
    # Ids are not used twice, so the account is #2; only the character and the room must have theirs.
    assert state(run, bare_game) == expected() | {"account": [2, *expected()["account"][1:]]}


@pytest.mark.sqlite
def test_the_games_own_hook_runs_once(run: Run, bare_game: Path) -> None:
    (bare_game / "server" / "conf" / "at_initial_setup.py").write_text(
        "from perdure import ObjectDB, create_object\n"
        "def at_initial_setup():\n"
        "    create_object(key='thread', location=ObjectDB.objects.get(pk=2))\n"
    )
    for _ in range(2):
        assert run("migrate", cwd=bare_game, PERDURE_OWNER=OWNER, PERDURE_PASSWORD=PASSWORD).returncode == 0
    done = run("shell", "-c", "print(ObjectDB.objects.filter(db_key='thread').count())", cwd=bare_game)
    assert done.stdout == "1\n"


@pytest.mark.sqlite
def test_without_anybody_to_ask_a_password_is_made_up_and_shown_once(run: Run, bare_game: Path) -> None:
    first = run("migrate", "--quiet", cwd=bare_game)
    assert first.returncode == 0, first.stderr
    found = re.fullmatch(r"Owner: owner   Password: (\S{16,})   \(shown this once\)\n", first.stdout)
    assert found
    assert run("migrate", "--quiet", cwd=bare_game).stdout == ""
    assert state(run, bare_game, found[1]) == expected("owner")


@pytest.mark.sqlite
@pytest.mark.parametrize("password", ["short", "password1", "1234567890123"])
def test_a_weak_password_is_refused_and_nothing_is_made(run: Run, bare_game: Path, password: str) -> None:
    done = run("migrate", cwd=bare_game, PERDURE_OWNER=OWNER, PERDURE_PASSWORD=password)
    assert done.returncode == 1
    assert "password is refused" in done.stderr
    with sqlite3.connect(bare_game / "db.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM accounts_accountdb").fetchone() == (0,)
    database.close()


@pytest.mark.sqlite
def test_the_database_is_in_wal_and_private_to_the_game(game: Path) -> None:
    with sqlite3.connect(game / "db.sqlite3") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


@pytest.mark.postgresql
def test_the_first_start_on_postgresql_survives_a_failed_one(run: Run, bare_game: Path) -> None:
    """Sequences are not rolled back there; character #1 and room #2 must come out all the same."""
    import os

    import psycopg

    host = os.environ["PERDURE_TEST_PGHOST"]
    name = f"game_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with psycopg.connect(host=host, user="perdure", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    engine = "django.db.backends.postgresql"
    database = {"ENGINE": engine, "NAME": name, "HOST": host, "USER": "perdure"}
    with (bare_game / "settings.py").open("a") as settings:
        settings.write(f"\nDATABASES = {{'default': {database!r}}}\n")
    hook = bare_game / "server" / "conf" / "at_initial_setup.py"
    good = hook.read_text()
    hook.write_text("def at_initial_setup():\n    raise RuntimeError('the thread broke')\n")
    variables = {"PERDURE_OWNER": OWNER, "PERDURE_PASSWORD": PASSWORD}
    assert "the thread broke" in run("migrate", cwd=bare_game, **variables).stderr
    hook.write_text(good)
    done = run("migrate", cwd=bare_game, **variables)
    assert done.returncode == 0, done.stderr
    assert state(run, bare_game) == {**expected(), "account": [2, *expected()["account"][1:]]}
