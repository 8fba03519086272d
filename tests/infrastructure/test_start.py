"""A start imports what it uses: told by the modules, without a clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from perdure.cli.init import lay_out

ROOT = Path(__file__).resolve().parents[2]
# What only some uses of a game need, and the first use of each imports.
NOT_AT_START = (
    "argon2",
    "django.contrib.admin.templatetags.admin_list",
    "django.contrib.auth.admin",
    "django.contrib.auth.forms",
    "django.db.migrations.executor",
    "django.test",
    "hypothesis",
    "importlib.resources",
    "inflect",
    "lark",
    "perdure.accounts.migrations.0001_initial",
    "perdure.cli",
    "perdure.first_start",
    "perdure.locks.explanation",
    "perdure.objects.copying",
    "perdure.worlds",
    "perdure.web.admin",
    "rich",
    "typer",
    "watchfiles",
)
SCRIPT = """
import json, sys
import perdure
without_django = "django" not in sys.modules
perdure.setup()
from perdure import ObjectDB
first = ObjectDB.objects.first()
assert first.key and first.db.nothing is None
print(json.dumps([without_django, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, list[str]]:
    """Whether `import perdure` did without Django, and the modules after a game's first query."""
    game = lay_out(tmp_path_factory.mktemp("games") / "starting")
    drop = ("PERDURE_", "DJANGO_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "PERDURE_OWNER": "owner", "PERDURE_PASSWORD": "for this test"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, env=environment, cwd=game, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "perdure", "migrate")
    without_django, modules = json.loads(run("-c", SCRIPT))
    return without_django, modules


def test_importing_perdure_imports_no_django(started: tuple[bool, list[str]]) -> None:
    assert started[0]


@pytest.mark.parametrize("name", NOT_AT_START)
def test_a_start_does_without(started: tuple[bool, list[str]], name: str) -> None:
    assert [module for module in started[1] if module == name or module.startswith(f"{name}.")] == []
