"""`perdure shell`: code from the command line, a file, standard input and the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import ROOT, Run

pytestmark = pytest.mark.sqlite


@pytest.mark.promise("shell")
def test_code_from_the_command_line(run: Run, game: Path) -> None:
    done = run("shell", "-c", "print(me.key, self is me, Room.__module__)", cwd=game)
    assert (done.returncode, done.stdout) == (0, "Ariadne True typeclasses.rooms\n")


def test_from_any_directory_inside_the_game(run: Run, game: Path) -> None:
    done = run("shell", "-c", "print(me.location)", cwd=game / "world")
    assert (done.returncode, done.stdout) == (0, "Limbo\n")


def test_what_one_process_writes_the_next_one_reads(run: Run, game: Path) -> None:
    script = game / "write.py"
    script.write_text("lamp = create_object(Object, key='lamp', location=me)\nlamp.db.seen_by = [me, {'n': (1, 2)}]\n")
    done = run("shell", str(script), cwd=game)
    assert done.returncode == 0, done.stderr
    reading = "lamp, = me.contents\nprint(lamp.key, lamp.db.seen_by[0] is me, lamp.db.seen_by[1]['n'])\n"
    done = run("shell", cwd=game, stdin=reading)
    assert (done.returncode, done.stdout) == (0, "lamp True (1, 2)\n")


@pytest.mark.parametrize("text", ["1/0", "def", "raise KeyError('x')"])
def test_code_that_raises_ends_with_one(run: Run, game: Path, text: str) -> None:
    done = run("shell", "-c", text, cwd=game)
    assert done.returncode == 1
    assert "Error" in done.stderr


def test_the_whole_flat_api_is_at_hand(run: Run, game: Path) -> None:
    code = "import perdure; print([n for n in perdure.__all__ if n not in globals() and n != '__version__'])"
    assert run("shell", "-c", code, cwd=game).stdout == "[]\n"


@pytest.mark.promise("unimported-module")
def test_a_class_in_a_new_file_is_known_without_an_import(run: Run, game: Path) -> None:
    (game / "typeclasses" / "beasts.py").write_text(
        "from typeclasses.characters import Character\n\n\nclass Minotaur(Character):\n    'Half a bull.'\n"
    )
    done = run("shell", "-c", "print(Minotaur.path, create_object('beasts.Minotaur', key='Asterios').id)", cwd=game)
    assert (done.returncode, done.stdout) == (0, "typeclasses.beasts.Minotaur 3\n")


@pytest.mark.promise("level-3")
@pytest.mark.promise("object-parent")
def test_the_templates_inherit_from_their_defaults_and_a_common_parent(run: Run, game: Path) -> None:
    code = (
        "from typeclasses.objects import ObjectParent\n"
        "for cls in (Object, Character, Room, Exit):\n"
        "    print([base.__name__ for base in cls.__bases__], issubclass(cls, ObjectParent), len(vars(cls)) < 20)\n"
        "for cls in (Account, Script, Channel):\n"
        "    print([base.__name__ for base in cls.__bases__])\n"
    )
    done = run("shell", "-c", code, cwd=game)
    assert done.stdout.splitlines() == [
        "['ObjectParent', 'DefaultObject'] True True",
        "['ObjectParent', 'DefaultCharacter'] True True",
        "['ObjectParent', 'DefaultRoom'] True True",
        "['ObjectParent', 'DefaultExit'] True True",
        "['DefaultAccount']",
        "['DefaultScript']",
        "['DefaultChannel']",
    ], done.stderr


def test_a_file_that_is_not_there(run: Run, game: Path) -> None:
    done = run("shell", "nothing.py", cwd=game)
    assert done.returncode == 1
    assert "there is no file nothing.py" in done.stderr


def test_at_a_terminal(game: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "dumb", "IPYTHONDIR": str(game / "ipython")}
    for name in ("DJANGO_SETTINGS_MODULE", "PERDURE_GAME_DIR"):
        environment.pop(name, None)
    terminal = pexpect.spawn(
        sys.executable, ["-m", "perdure", "shell"], cwd=str(game), env=environment, encoding="utf-8", timeout=60
    )
    terminal.expect("me is .*Ariadne")
    terminal.sendline("print(6 * 7, me.location.key)")
    terminal.expect("42 Limbo")
    terminal.sendline("exit")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
