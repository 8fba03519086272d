"""`perdure start` and `status`: what whoever starts a game has to know about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from perdure.cli.init import lay_out
from perdure.errors import InvalidArgument
from tests.cli.conftest import Run

pytestmark = pytest.mark.sqlite


def test_a_module_that_cannot_be_imported_is_told_at_the_start(run: Run, game: Path) -> None:
    settings = game / "settings.py"
    settings.write_text(settings.read_text() + "TELNET_PORT, WEB_PORT = 0, 0\n")
    broken = game / "typeclasses" / "broken.py"
    broken.write_text("class Broken(\n")
    warning = "Warning: typeclasses.broken cannot be imported (typeclasses/broken.py, line 1)"
    started = run("start", cwd=game)
    try:
        assert started.returncode == 0, started.stderr
        assert warning in started.stderr
        assert warning in run("status", cwd=game).stderr
        broken.unlink()
        reloaded = run("reload", cwd=game)
        assert reloaded.returncode == 0, reloaded.stderr
        assert "Warning" not in reloaded.stderr
    finally:
        stopped = run("stop", "--now", cwd=game)
    assert stopped.returncode == 0, stopped.stderr


def test_a_directory_that_comes_to_be_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people make the same game at the same moment: neither removes what the other has."""
    theirs = tmp_path / "mine"
    theirs.mkdir()
    (theirs / "diary").write_text("dear")
    monkeypatch.setattr(Path, "exists", lambda self, **kwargs: False)
    with pytest.raises(InvalidArgument, match="exists already"):
        lay_out(theirs)
    monkeypatch.undo()
    assert (theirs / "diary").read_text() == "dear"


def test_what_is_to_be_typed_next_can_be_typed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two words [red]").mkdir()
    done = run("init", "two words [red]/game", cwd=tmp_path)
    assert "cd 'two words [red]/game' && perdure migrate" in done.stdout
