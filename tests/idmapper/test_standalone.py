"""The identity map is usable alone: a Django project that installs nothing else of the engine."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"

MODELS = """
    from django.db import models
    from perdure.idmapper.models import SharedMemoryModel

    class Note(SharedMemoryModel):
        db_text = models.TextField(default="")
        db_parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
"""

SCRIPT = """
    import sys, threading

    def main():
        import django
        from django.conf import settings
        settings.configure(
            INSTALLED_APPS=["perdure.idmapper", "notes"],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "notes.sqlite3"}},
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            USE_TZ=True,
        )
        django.setup()
        from django.core.management import call_command
        call_command("migrate", run_syncdb=True, verbosity=0)
        from django.db import connection, transaction
        from notes.models import Note
        from perdure.idmapper.models import cache_size, flush_cache

        note = Note.objects.create(db_text="first")
        child = Note.objects.create(db_text="child", db_parent=note)
        flush_cache()
        assert Note.objects.get(db_text="child").parent is note
        try:
            with transaction.atomic():
                note.text = "undone"
                raise KeyError
        except KeyError:
            pass
        assert note.text == "first"
        note.text = "second"
        assert cache_size() == (2, {"Note": 2})
        loaded = {name.split(".")[1] for name in sys.modules if name.startswith("perdure.")}
        assert loaded <= {"idmapper", "transactions", "conf", "errors", "version"}, loaded
        connection.close()
        print("done", note.pk, Note.objects.filter(db_text="second").count())

    MAIN
"""


@pytest.fixture
def run(tmp_path):
    """`run(main)`: the script's output, its last line being how `main` is started."""
    package = tmp_path / "notes"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(textwrap.dedent(MODELS))

    def start(main):
        script = tmp_path / "run.py"
        script.write_text(textwrap.dedent(SCRIPT).replace("MAIN", main))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PERDURE", "DJANGO"))}
        environment["PYTHONPATH"] = os.pathsep.join([str(SOURCE), str(tmp_path)])
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return start


def test_in_a_project_of_its_own(run):
    assert run("main()") == ["done", "1", "1"]


@pytest.mark.defect("I-37")
def test_imported_and_used_in_a_worker_thread(run):
    assert run("worker = threading.Thread(target=main); worker.start(); worker.join()") == ["done", "1", "1"]
