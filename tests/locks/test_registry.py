"""Where lock functions come from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from perdure.errors import ConfigurationError, LockException
from perdure.locks import check_lockstring, forget_lockfuncs, get_all_lockfuncs, lockfuncs, validate_lockstring

STOCK = "perdure.locks.lockfuncs"
GAME = "server.conf.lockfuncs"
Writer = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """Writes a module of a game that lives in a directory of its own."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def writer(module: str, text: str) -> None:
        path = tmp_path.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        for package in path.relative_to(tmp_path).parents:
            if package != Path():
                (tmp_path / package / "__init__.py").touch()
        path.write_text(text)
        forget_lockfuncs()

    forget_lockfuncs()
    yield writer
    forget_lockfuncs()
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"server", "gamelocks", "otherlocks"}:
            del sys.modules[name]


def test_without_a_game_there_are_the_stock_functions() -> None:
    assert get_all_lockfuncs()["perm"] is lockfuncs.perm


def test_the_games_module_adds_and_overrides(write: Writer) -> None:
    write(
        GAME, "def guild(a, b, *args, **kwargs): return args == ('smiths',)\ndef true(a, b, **kwargs): return False\n"
    )
    assert check_lockstring(None, "guild(smiths)")
    assert not check_lockstring(None, "guild(thieves)")
    assert not check_lockstring(None, "true()")
    assert check_lockstring(None, "all()")


def test_later_modules_override_earlier_ones(write: Writer, settings: Settings) -> None:
    write("gamelocks", "def which(a, b, **kwargs): return True\n")
    write("otherlocks", "def which(a, b, **kwargs): return False\n")
    settings.LOCK_FUNC_MODULES = ["gamelocks", "otherlocks"]
    assert not check_lockstring(None, "which()")
    settings.LOCK_FUNC_MODULES = ["otherlocks", "gamelocks"]
    assert check_lockstring(None, "which()")
    settings.LOCK_FUNC_MODULES = "otherlocks"
    assert not check_lockstring(None, "which()")


def test_only_what_can_be_called_as_a_lock_function_is_one(write: Writer) -> None:
    write(
        GAME,
        "from pathlib import Path\nfrom os import getpid\nimport math\n"
        "NUMBER = 5\nclass Thing:\n    pass\n"
        "def _private(a, b, *args, **kwargs): return True\n"
        "def one(a): return True\n"
        "def unaware(a, b, *args): return True\n"
        "def demanding(a, b, guild, **kwargs): return True\n",
    )
    assert set(get_all_lockfuncs()) - set(lockfuncs.__all__) == {"demanding"}
    assert check_lockstring(None, "demanding(smiths)")
    assert not check_lockstring(None, "demanding() or not demanding()")


def test_a_module_may_say_itself_what_it_offers(write: Writer) -> None:
    write(
        GAME,
        "__all__ = ['offered', 'absent']\n"
        "def offered(a, b, **kwargs): return True\n"
        "def kept(a, b, **kwargs): return True\n",
    )
    assert set(get_all_lockfuncs()) - set(lockfuncs.__all__) == {"offered"}


@pytest.mark.parametrize(
    "text",
    [
        "async def f(a, b, **kwargs): return False",
        "def f(a, b, **kwargs): yield False",
        "async def f(a, b, **kwargs): yield False",
    ],
)
def test_a_function_whose_result_is_always_true_is_refused(write: Writer, text: str) -> None:
    write(GAME, text)
    with pytest.raises(ConfigurationError, match=r"server\.conf\.lockfuncs\.f"):
        check_lockstring(None, "f()")


@pytest.mark.parametrize("text", ["import no_such_module_anywhere", "from server.conf import no_such_name"])
def test_a_games_module_that_is_there_must_import(write: Writer, text: str) -> None:
    write(GAME, text)
    with pytest.raises(ConfigurationError, match="LOCK_FUNC_MODULES") as refused:
        get_all_lockfuncs()
    assert isinstance(refused.value.__cause__, ImportError)


def test_only_the_games_own_module_may_be_missing(settings: Settings) -> None:
    settings.LOCK_FUNC_MODULES = [STOCK, GAME]
    assert get_all_lockfuncs()
    settings.LOCK_FUNC_MODULES = [STOCK, "server.conf.morelocks"]
    with pytest.raises(ConfigurationError, match=r"server\.conf\.morelocks"):
        get_all_lockfuncs()


def test_a_lost_function_shuts_its_lock_and_is_refused_when_set(write: Writer, settings: Settings) -> None:
    write("gamelocks", "def guild(a, b, **kwargs): return True\n")
    settings.LOCK_FUNC_MODULES = [STOCK, "gamelocks"]
    assert validate_lockstring("get:guild()") == (True, None)
    assert check_lockstring(None, "guild()")
    settings.LOCK_FUNC_MODULES = [STOCK]
    ok, error = validate_lockstring("get:guild()")
    assert not ok
    assert isinstance(error, LockException)
    assert not check_lockstring(None, "guild()")
    assert not check_lockstring(None, "not guild()")


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        get_all_lockfuncs()["mine"] = lockfuncs.true  # type: ignore[index]
