"""The admin of a game registers its pages when somebody asks for them, and then has all of them."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    """A game directory, never migrated."""
    from perdure.cli.init import lay_out

    return lay_out(tmp_path_factory.mktemp("games") / "lazy")


def run(game, script: str) -> str:
    """What a script prints that has set Django up for the game."""
    begin = "import sys, perdure.bootstrap; perdure.bootstrap.prepare()\n"
    done = subprocess.run(
        [sys.executable, "-c", begin + textwrap.dedent(script)], cwd=game, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_script_imports_no_admin_pages(game):
    assert run(game, "print('perdure.web.admin' in sys.modules, 'django.contrib.auth.forms' in sys.modules)") == (
        "False False"
    )


def test_the_addresses_have_the_pages_of_every_app(game):
    found = run(
        game,
        """
        from django.urls import reverse
        for page in ("objects_objectdb", "accounts_accountdb", "auth_group"):
            print(reverse(f"admin:{page}_changelist"))
        """,
    )
    assert found.split() == ["/admin/objects/objectdb/", "/admin/accounts/accountdb/", "/admin/auth/group/"]


def test_system_checks_look_at_the_pages(game):
    found = run(
        game,
        """
        from django.core.checks import run_checks, Tags
        from django.contrib import admin
        from perdure import ObjectDB
        run_checks(tags=[Tags.admin])
        print("perdure.web.admin" in sys.modules)
        admin.site.get_model_admin(ObjectDB).list_display = ["nothing of that name"]
        print([message.id for message in run_checks(tags=[Tags.admin])])
        """,
    )
    known, after = found.splitlines()
    assert known == "True"
    assert "admin.E108" in after


def test_pages_of_a_project_join_those_of_the_apps(game):
    found = run(
        game,
        """
        from django.contrib import admin
        from perdure.serverconfig.models import ServerConfig
        from perdure import ObjectDB
        admin.site.register(ServerConfig) if not admin.site.is_registered(ServerConfig) else None
        print(admin.site.is_registered(ServerConfig), admin.site.is_registered(ObjectDB))
        """,
    )
    assert found == "True True"


def test_a_broken_admin_module_is_heard_of_each_time(game):
    found = run(
        game,
        """
        from unittest import mock
        from django.contrib import admin
        from perdure import ObjectDB
        import perdure.web.lazy_admin as lazy
        with mock.patch.object(lazy, "autodiscover_modules", side_effect=RuntimeError("broken")):
            for _ in range(2):
                try:
                    admin.site.is_registered(ObjectDB)
                except RuntimeError as error:
                    print(error)
        print(admin.site.is_registered(ObjectDB))
        """,
    )
    assert found.split() == ["broken", "broken", "True"]
