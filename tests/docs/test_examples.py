"""The examples of README and docs are run: every page in a game of its own."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import perdure
from tests.docs.pages import ROOT, Block, Player, blocks, pages
from tests.live.telnet import NotSeen, TelnetClient

pytestmark = pytest.mark.sqlite

WITH_EXAMPLES = [page for page in pages() if list(blocks(page))]


@pytest.mark.defect("H-40")
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run(page: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    first = next(blocks(page))
    if "perdure init" in first.body:
        Player(tmp_path).play(page)
        return
    game = tmp_path / "mygame"
    shutil.copytree(request.getfixturevalue("game_template"), game)
    Player(game).play(page)


def test_a_page_that_is_wrong_is_found(tmp_path: Path) -> None:
    player = Player(tmp_path)
    with pytest.raises(AssertionError, match=r"page\.md:1: perdure version"):
        player.console(Block("console", "", "$ perdure version\n", "page.md:1"))
    with pytest.raises(AssertionError, match="no 'perdure 99'"):
        player.console(Block("console", "", "$ perdure --version\nperdure 99\n", "page.md:1"))


def test_what_is_not_seen_by_telnet_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = TelnetClient(server.getsockname(), timeout=0.5)
        game, _ = server.accept()
        player = Player(ROOT, client=client)
        game.sendall(b"You see a lamp.\r\nIt burns.\r\n")
        player.telnet(Block("telnet", "telnet", "> look\na lamp\nburns\n", "page.md:1"))
        game.sendall(b"You see a lamp.\r\n")
        with pytest.raises(NotSeen, match="moon"):
            player.telnet(Block("telnet", "telnet", "> look\na lamp\na moon\n", "page.md:1"))
        client.close()
        game.close()


@pytest.mark.defect("H-40")
def test_examples_in_docstrings_run() -> None:
    """Those written as at a prompt (`>>>`); there may be none."""
    runner, finder = doctest.DocTestRunner(), doctest.DocTestFinder()
    for found in pkgutil.walk_packages(perdure.__path__, "perdure."):
        if ".migrations" in found.name or ".template" in found.name or found.name == "perdure.__main__":
            continue
        module = importlib.import_module(found.name)
        for test in finder.find(module):
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.defect("H-40")
@pytest.mark.parametrize("name", [name for name in perdure.__all__ if name not in ("__version__", "settings")])
def test_what_the_flat_api_offers_says_what_it_does_and_lists_no_parameter_it_lacks(name: str) -> None:
    thing = getattr(perdure, name)
    text = inspect.getdoc(thing)
    assert text
    if inspect.isroutine(thing):
        unknown = set(_described(text)) - set(inspect.signature(thing).parameters)
        assert not unknown


def _described(text: str) -> Iterator[str]:
    """The names of parameters under `Args:`, as in `home, destination: …`."""
    for line in text.partition("Args:\n")[2].splitlines():
        if line.strip() and not line.startswith("    "):
            return
        if line.startswith("    ") and line[4] != " " and ":" in line:
            yield from (name.strip().lstrip("*") for name in line.partition(":")[0].split(","))
