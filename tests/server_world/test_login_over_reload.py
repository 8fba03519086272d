"""A reload in the middle of a login is harmless, however long the hashing takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from perdure.accounts import passwords
from perdure.accounts.models import AccountDB
from perdure.server.messages import Line, Oob
from perdure.testing import Player, TestWorld
from perdure.testing.world import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "a-clew-of-thread"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Hashing waits until this is set."""
    gate = threading.Event()
    for name in ("verify_password", "make_password"):
        original = getattr(passwords, name)

        def wait(*args: Any, original: Any = original, **kwargs: Any) -> Any:
            assert gate.wait(60)
            return original(*args, **kwargs)

        monkeypatch.setattr(passwords, name, wait)
    yield gate
    gate.set()


def reload(world: TestWorld, gate: threading.Event, mode: str = "reload") -> list[Line]:
    """Reload while the hashing takes longer than a world waits; the lines that are given back, to the new world."""
    finish, given = world.world.quiesce, []

    def quiesce(mode: Any, seconds: float) -> list[Line]:
        given.extend(finish(mode, 0.3))
        return given

    world.world.quiesce = quiesce  # type: ignore[method-assign]
    world.reload(mode)
    gate.set()
    for line in given:
        world.world.receive(line)
    world.run()
    return given


def type_lines(player: Player, *lines: str, first: int = 1) -> None:
    """Type without waiting for what comes of it."""
    for seq, line in enumerate(lines, first):
        player.world.world.receive(Line(player.record.sessid, seq, line))
    player.world.loop.run_once()
    player.world.loop.run_once()


@pytest.fixture
def stranger(world: TestWorld) -> Player:
    """Somebody at the login screen, who could be Anna."""
    world.player("Anna", password=SECRET).disconnect()
    return world.connect()


def test_a_login_that_is_under_way_comes_about_in_the_new_world(
    world: TestWorld, stranger: Player, gate: threading.Event
) -> None:
    type_lines(stranger, f"connect Anna {SECRET}", "say here I am")
    given = reload(world, gate)
    assert [line.seq for line in given] == [1, 2]
    assert stranger.account.key == "Anna"
    assert "here I am" in stranger.text()
    assert "interrupted" not in stranger.text()


def test_a_password_that_was_asked_for_counts_again(
    world: TestWorld, stranger: Player, gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stranger.send("connect Anna")
    type_lines(stranger, SECRET, first=2)
    reload(world, gate)
    assert stranger.account.key == "Anna"
    assert SECRET not in caplog.text


def test_a_login_that_waits_for_the_password_asks_for_it_again(
    world: TestWorld, stranger: Player, gate: threading.Event
) -> None:
    stranger.send("connect Anna")
    before = len(stranger.messages)
    reload(world, gate)
    assert "Password" in stranger.text(before)
    stranger.send(SECRET)
    assert stranger.account.key == "Anna"


def test_an_account_that_is_being_made_is_made_once(world: TestWorld, gate: threading.Event) -> None:
    stranger = world.connect()
    stranger.send("create Theseus", "yes", SECRET)
    type_lines(stranger, SECRET, first=4)
    given = reload(world, gate)
    assert [line.seq for line in given] == [1, 2, 3, 4]
    assert AccountDB.objects.filter(username="Theseus").count() == 1


def test_who_is_logged_in_is_not_logged_in_again(world: TestWorld, stranger: Player, gate: threading.Event) -> None:
    gate.set()
    stranger.send(f"connect Anna {SECRET}")
    assert stranger.account.key == "Anna"
    assert reload(world, gate) == []


def test_a_login_by_message_is_told_to_try_again(world: TestWorld, stranger: Player, gate: threading.Event) -> None:
    world.world.receive(Oob(stranger.record.sessid, "login", ["Anna", SECRET], {"id": 7}))
    world.loop.run_once()
    reload(world, gate)
    (answer,) = [one for one in stranger.messages if getattr(one, "name", "") == "login"]
    assert (answer.kwargs["ok"], answer.kwargs["id"]) == (False, 7)
    assert stranger.account is None


def test_a_world_that_resumes_does_the_login_once(world: TestWorld, stranger: Player, gate: threading.Event) -> None:
    """The new world did not come about: the lines are given back to the one that gave them."""
    type_lines(stranger, f"connect Anna {SECRET}")
    given = world.world.quiesce("reload", 0.3)
    world.world.resume([player.session.record() for player in world.players.values() if player.session])
    gate.set()
    for line in given:
        world.world.receive(line)
    world.run()
    assert stranger.account.key == "Anna"
    assert [getattr(one, "name", "") for one in stranger.messages].count("logged_in") == 1


def test_what_is_typed_before_a_login_is_in_no_log(
    world: TestWorld, stranger: Player, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords are typed where none is asked for, too."""

    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("perdure.server.world.world.handle_line", broken)
    caplog.set_level(logging.DEBUG)
    stranger.send(PASSWORD)
    assert "ZeroDivisionError" in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("mask", ["(", "(?P<other>hello)"])
def test_a_mask_that_is_wrong_costs_no_line(world: TestWorld, settings: Any, mask: str) -> None:
    """Lines are handed over on the thread of the link, which must not stumble over a setting."""
    anna = world.player("Anna")
    settings.AUDIT_MASKS = [mask]
    assert "hello" in anna.send("say hello")


def test_a_line_that_cannot_be_masked_is_not_shown(
    world: TestWorld, settings: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    anna = world.player("Anna")
    settings.AUDIT_MASKS = ["(?P<other>my secret)"]
    monkeypatch.setattr("perdure.server.world.world.handle_line", broken)
    assert "error" in anna.send("tell my secret")
    assert "my secret" not in caplog.text
