"""`perdure token`: made and shown once, listed, revoked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.sqlite


def test_the_life_of_a_token(run: Run, game: Path) -> None:
    assert "Tokens: none" in run("token", "list", cwd=game).stdout
    made = run("token", "create", "ariadne", "--name", "map", "--read-only", "--network", "192.0.2.0/24", cwd=game)
    secret = made.stdout.strip()
    assert secret.startswith("perdure_")
    assert "REST_API_ENABLED" in made.stderr
    listed = run("token", "list", "Ariadne", cwd=game).stdout
    for shown in ("#1", "map", "reads", "192.0.2.0/24", "never"):
        assert shown in listed
    assert secret not in listed
    assert "is revoked" in run("token", "revoke", "#1", cwd=game).stdout
    assert "Tokens: none" in run("token", "list", cwd=game).stdout


def test_what_cannot_be(run: Run, game: Path) -> None:
    for arguments, why in (
        (["create", "nobody"], "no account 'nobody'"),
        (["create", "Ariadne", "--days", "99999"], "days"),
        (["create", "Ariadne", "--network", "here"], "no address"),
        (["list", "nobody"], "no account"),
        (["revoke", "7"], "no token '7'"),
        (["revoke", "x"], "no token 'x'"),
    ):
        done = run("token", *arguments, cwd=game)
        assert done.returncode == 1
        assert why in " ".join(done.stderr.split()), done.stderr
