"""The demonstration of a whole game, in eight steps: two telnet clients and a browser, real processes, one story.

Each step is a test and goes on where the one before ended, so they stand or fall together.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.browser import chromium
from tests.live.game import OWNER, PASSWORD, LiveGame, eventually
from tests.live.library_client import LibraryClient

pytestmark = pytest.mark.sqlite

SECRET = "a-long-enough-secret"
FURNITURE = '''
"""Furniture."""

from perdure import DefaultObject


class Furniture(DefaultObject):
    """Something to sit on."""

    def at_object_creation(self):
        self.db.worth = 5

    def get_display_desc(self, looker, **kwargs):
        return "It looks comfortable."


class Sofa(Furniture):
    """More of it."""

    def at_object_creation(self):
        super().at_object_creation()
        self.db.seats = 3
'''
CLOCKWORK = '''
"""A chair that ticks."""

from perdure import DefaultScript


class Ticking(DefaultScript):
    """Counts on what it sits on."""

    def at_script_creation(self):
        self.interval = 1

    def at_repeat(self, **kwargs):
        self.obj.db.ticks = (self.obj.db.ticks or 0) + 1
'''


class Stage:
    """The game and those who play it."""

    def __init__(self, game: LiveGame, browser: Any) -> None:
        self.game, self.browser = game, browser
        self.owner: Any = None
        self.bert: Any = None
        self.page: Any = None

    def type(self, line: str) -> None:
        """Type a line into the browser."""
        self.page.fill("#input", line)
        self.page.press("#input", "Enter")

    def shown(self, text: str) -> None:
        """Wait until the browser's log shows it."""
        self.page.locator("#output", has_text=text).wait_for(timeout=20_000)


def ticks_of_chair(owner: Any) -> int:
    """What the script on the chair has counted."""
    return int(owner.ask("py me.search('chair').db.ticks or 0", r"^(?:>>> .*\n)?(\d+)\s*$")[1])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with chromium() as browser, LiveGame(tmp_path_factory.mktemp("demo") / "labyrinth") as game:
        stage = Stage(game, browser)
        yield stage
        if stage.bert is not None:
            stage.bert.close()


def test_1_the_game_starts_and_says_so(stage: Stage) -> None:
    status = stage.game.perdure("status", "--json")
    assert json.loads(status.stdout)["state"] == "serving"
    assert stage.game.get("/healthz")[0] == 200


def test_2_two_telnet_clients_and_a_browser_log_in(stage: Stage) -> None:
    game = stage.game
    stage.owner = game.telnet("owner").login(OWNER, PASSWORD, until="Limbo")
    stage.bert = LibraryClient(game.address)
    stage.bert.expect("create <name>")
    # The first by telnet: the password is asked for, and not shown.
    stage.bert.send("create Bert")
    stage.bert.expect("called Bert")
    stage.bert.send("yes")
    stage.bert.expect("password")
    stage.bert.send(SECRET)
    stage.bert.expect("again|repeat|once more")
    stage.bert.send(SECRET)
    stage.bert.expect("made|created|welcome")
    stage.bert.ask(f"connect Bert {SECRET}", "Limbo")
    assert SECRET not in stage.bert.transcript
    # The second on the website, which then opens the client.
    stage.page = stage.browser.new_context(viewport={"width": 1000, "height": 700}).new_page()
    stage.page.goto(f"{game.url}/auth/register")
    stage.page.fill("[name=username]", "Carla")
    for field in stage.page.locator("input[type=password]").all():
        field.fill(SECRET)
    stage.page.click("button[type=submit]")
    if "/auth/login" in stage.page.url or stage.page.locator("[name=username]").count():
        stage.page.goto(f"{game.url}/auth/login")
        stage.page.fill("[name=username]", "Carla")
        stage.page.fill("[name=password]", SECRET)
        stage.page.click("button[type=submit]")
    stage.page.goto(f"{game.url}/webclient/")
    stage.shown("Limbo")
    stage.type("say I came by the browser")
    stage.owner.expect("I came by the browser")
    stage.bert.expect("I came by the browser")


def test_3_staff_builds_and_a_player_is_refused_by_a_lock(stage: Stage) -> None:
    owner = stage.owner
    owner.ask("dig Hall;hall = hall;h, back;b", r"Hall\(#\d+\)")
    owner.ask("hall", "Hall")
    owner.ask("tunnel n = Tower", "Tower")
    owner.ask("desc A hall of stone.", "desc|set")
    owner.ask("create/drop box;chest", r"box")
    owner.ask("set box/colour = 'red'", "colour")
    owner.ask("tag box = furniture", "furniture")
    owner.ask("open attic;up = Tower", "attic")
    owner.ask("lock box = get:false()", "lock|get")
    stage.bert.ask("hall", "A hall of stone")
    stage.bert.ask("get box", "cannot|can't|not")
    # The owner may do everything, until quelled.
    owner.ask("get box", "get|pick|take|you")
    owner.ask("drop box", "drop|put|you")
    owner.ask("quell", "quell|permissions|account")
    owner.ask("get box", "cannot|can't|not")
    owner.ask("unquell", "quell|permissions|account|again")
    owner.ask("tel Tower", "Tower")
    owner.ask("s", "A hall of stone")


@pytest.mark.promise("unimported-module")
def test_4_a_new_class_is_there_after_a_reload_and_nobody_was_dropped(stage: Stage) -> None:
    game = stage.game
    before = game.world_pids()
    game.write("typeclasses/furniture.py", FURNITURE)
    stage.owner.ask("reload", "the reload is done")
    game.perdure("status")
    stage.owner.ask("create/drop chair:furniture.Furniture", "chair")
    stage.bert.ask("look chair", "looks comfortable")
    stage.type("hall")
    stage.shown("A hall of stone")
    stage.type("say still here")
    stage.owner.expect("still here")
    assert game.world_pids() != before


@pytest.mark.promise("code-changes")
def test_5_a_reload_of_broken_code_is_refused_and_nobody_notices(stage: Stage) -> None:
    game = stage.game
    before = game.world_pids()
    game.write("typeclasses/furniture.py", FURNITURE + "\n\ndef broken(:\n")
    stage.owner.ask("reload", r"furniture\.py.*line \d+")
    refused = game.perdure("reload", check=False)
    assert refused.returncode != 0
    assert re.search(r"furniture\.py", refused.stdout + refused.stderr)
    assert game.world_pids() == before
    stage.bert.ask("look chair", "looks comfortable")
    game.write("typeclasses/furniture.py", FURNITURE.replace("looks comfortable", "looks very comfortable"))
    game.perdure("reload")
    stage.bert.ask("look chair", "looks very comfortable")


@pytest.mark.promise("in-game-typeclass")
def test_6_an_object_changes_its_class(stage: Stage) -> None:
    owner = stage.owner
    owner.ask("set chair/colour = 'green'", "green")
    owner.ask("typeclass chair = furniture.Sofa", "Sofa")
    owner.ask("examine chair", "colour = 'green'")
    owner.ask("typeclass/force/reset chair = furniture.Sofa", r"\?|yes")
    owner.ask("yes", "Sofa")
    reset = owner.ask("examine chair", r"Attributes:[\s\S]*seats = 3")[0]
    assert "worth = 5" in reset
    assert "colour" not in reset


@pytest.mark.promise("at-repeat")
def test_7_a_script_ticks_on_over_two_reloads(stage: Stage) -> None:
    game, owner = stage.game, stage.owner
    game.write("typeclasses/clockwork.py", CLOCKWORK)
    game.perdure("reload")
    owner.ask("script chair = clockwork.Ticking", "Ticking")

    def go_on(after: int) -> int:
        eventually("the script ticks", lambda: ticks_of_chair(owner) > after, pause=0.1)
        return ticks_of_chair(owner)

    first = go_on(0)
    game.perdure("reload")
    second = go_on(first)
    game.perdure("reload")
    go_on(second)


def test_8_after_a_stop_everything_that_lasts_is_there(stage: Stage) -> None:
    game = stage.game
    shots = os.environ.get("PERDURE_SCREENSHOTS")
    if shots:
        stage.type("look")
        stage.page.wait_for_timeout(300)
        stage.page.screenshot(path=str(Path(shots) / "client.png"))
    stage.bert.close()
    stage.bert = None
    stage.owner.ask("desc/edit box", "no text")
    stage.owner.send("a box that was described twice")
    stage.owner.ask(":", r"1\| a box")
    assert game.stop() == 0
    assert game.perdure("status", check=False).returncode == 3
    game.start()
    owner = game.telnet("owner again").login(OWNER, PASSWORD, until="A hall of stone")
    owner.expect(r"1\| a box that was described twice")
    owner.ask(":wq", "Saved")
    owner.ask("look box", "described twice")
    owner.ask("look chair", "looks very comfortable")
    owner.ask("examine chair", "seats = 3")
    owner.ask("examine box", "colour = 'red'")
    before = ticks_of_chair(owner)
    eventually("the script ticks", lambda: ticks_of_chair(owner) > before, pause=0.1)
    # The browser came back by itself; its game session had ended with the server.
    stage.page.locator("#status[data-state=connected]").wait_for(timeout=30_000)
