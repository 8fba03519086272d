"""What a session is in memory follows its tick: a commit that is refused leaves no trace, and nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from perdure.commands.command import Command
from perdure.commands.default.cmdsets import CharacterCmdSet
from perdure.objects.objects import DefaultObject
from perdure.server.messages import Connected, Disconnected, SessionRecord
from perdure.sessions import SESSION_HANDLER
from perdure.testing.world import FLAGS, PASSWORD, Player, TestWorld

pytestmark = pytest.mark.django_db(transaction=True)

_gates: list[threading.Event] = []


class CmdBusy(Command):
    """Works on another thread, and holds the lines of its session meanwhile."""

    key = "busy"

    async def func(self) -> None:
        from perdure.commands.running import Offload

        gate = threading.Event()
        _gates.append(gate)
        await Offload(gate.wait, (20.0,), exclusive=True)
        self.msg("busy no more")


class CmdMark(Command):
    """Leaves a mark that is stored."""

    key = "mark"

    def func(self) -> None:
        self.caller.db.marks = [*(self.caller.db.marks or []), self.args.strip()]
        self.msg(f"marked {self.args.strip()}")


@pytest.fixture
def anna(world: TestWorld) -> Player:
    player = world.player("anna")

    class Marks(CharacterCmdSet):
        def at_cmdset_creation(self) -> None:
            self.add(CmdBusy())
            self.add(CmdMark())

    player.character.cmdset.add(Marks)
    return player


def release(world: TestWorld) -> None:
    while _gates:
        _gates.pop().set()
    world.run()


def test_a_line_that_has_to_wait_is_done_once_though_its_tick_is_refused(
    world: TestWorld, anna: Player, typed: Callable[..., Any], refuse_tick: Callable[[], None]
) -> None:
    typed(anna, "busy")
    world.loop.run_once()
    typed(anna, "mark one", "mark two")
    refuse_tick()
    world.loop.run_once()
    assert [line.text for line in anna.session.waiting] == ["mark one", "mark two"]
    release(world)
    assert list(anna.character.db.marks) == ["one", "two"]


def test_a_line_that_has_waited_is_done_once_though_its_tick_is_refused(
    world: TestWorld, anna: Player, typed: Callable[..., Any], refuse_tick: Callable[[], None]
) -> None:
    typed(anna, "busy", "mark one", "mark two", "mark three")
    while len(anna.session.waiting) < 3:
        world.loop.run_once()
    _gates.pop().set()
    for _ in range(12):
        refuse_tick()
        world.loop.run_once(0.05)
    world.run()
    assert list(anna.character.db.marks) == ["one", "two", "three"]


def test_a_waiting_line_that_fails_is_acknowledged_and_the_next_follows(
    world: TestWorld, anna: Player, typed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: CmdMark) -> None:
        if self.args.strip() == "one":
            raise ValueError("no")
        original(self)

    original = CmdMark.func
    monkeypatch.setattr(CmdMark, "func", broken)
    typed(anna, "busy", "mark one", "mark two")
    while len(anna.session.waiting) < 2:
        world.loop.run_once()
    release(world)
    assert list(anna.character.db.marks) == ["two"]


def test_a_session_that_comes_in_a_refused_tick_is_there_once(
    world: TestWorld, refuse_tick: Callable[[], None]
) -> None:
    record = SessionRecord(900, "telnet", "10.0.0.9", dict(FLAGS), 1.0)
    player = world.players[900] = Player(world, record)
    world.world.receive(Connected(record))
    refuse_tick()
    world.run()
    assert player.text().lower().count("connect <") <= 1
    assert player.text()
    assert [session.sessid for session in SESSION_HANDLER.values()].count(900) == 1
    world.player("dora")
    assert "dora" in player.send(f'connect dora "{PASSWORD}"').lower()


def test_a_ticket_is_good_for_the_unit_that_is_done_again(world: TestWorld, refuse_tick: Callable[[], None]) -> None:
    from perdure.web.tickets import TICKETS

    account = world.player("dora").account
    record = SessionRecord(901, "websocket", "10.0.0.9", dict(FLAGS), 1.0)
    world.players[901] = Player(world, record)
    world.world.receive(Connected(record, TICKETS.issue(account.pk)))
    refuse_tick()
    world.run()
    assert SESSION_HANDLER[901].account is account
    assert TICKETS.redeem("") is None
    assert len(TICKETS) == 0


def test_who_goes_in_a_refused_tick_is_logged_out_with_all_hooks(
    world: TestWorld, anna: Player, refuse_tick: Callable[[], None]
) -> None:
    account, character = anna.account, anna.character
    world.world.receive(Disconnected(anna.record.sessid, "gone"))
    refuse_tick()
    world.run()
    assert anna.record.sessid not in SESSION_HANDLER
    assert (account.is_connected, character.account, list(character.sessions.all())) == (False, None, [])
    account.refresh_from_db()
    assert account.is_connected is False


def test_a_login_in_a_refused_tick_is_a_login(world: TestWorld, refuse_tick: Callable[[], None]) -> None:
    account = world.player("dora").account
    guest = world.connect()
    session = guest.session
    world.loop.submit(lambda: session.login(account))
    refuse_tick()
    world.run()
    assert session.account is account
    assert "dora" in guest.text().lower() or session.puppet is not None
    assert "Room" in guest.send("look")


def test_a_login_that_is_undone_leaves_the_login_screen_usable(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.player("dora").account
    guest = world.connect()

    def refuses(self: Any, session: Any = None, **kwargs: Any) -> None:
        raise ValueError("no")

    with monkeypatch.context() as patch:
        patch.setattr(type(account), "at_post_login", refuses)
        world.loop.submit(lambda: guest.session.login(account))
        world.run()
    session = guest.session
    assert (session.account, session.logged_in, session.puppet) == (None, False, None)
    assert "no command" not in guest.send(f'connect dora "{PASSWORD}"').lower()
    assert session.account is account


def test_who_is_put_out_in_a_tick_that_is_refused_is_put_out(
    world: TestWorld, anna: Player, refuse_tick: Callable[[], None], typed: Callable[..., Any]
) -> None:
    account = anna.account
    typed(anna, "quit")
    refuse_tick()
    world.run()
    assert anna.closed is not None
    assert anna.record.sessid not in SESSION_HANDLER
    assert account.is_connected is False


def test_a_world_that_ceases_does_nothing_afterwards(world: TestWorld, anna: Player, typed: Callable[..., Any]) -> None:
    """What there is no time for is given back, so that the next world does it, once."""
    slow = world.create("slug", DefaultObject)
    world.loop.submit(lambda: threading.Event().wait(0.3), label="slow")
    expected = typed(anna, "mark one", "mark two")
    world.loop.run_once = lambda timeout=0.0, once=world.loop.run_once: once(timeout)  # type: ignore[method-assign]
    leftovers = world.world.quiesce("reload", 0.01)
    done = list(anna.character.db.marks or [])
    assert len(done) + len(leftovers) == 2
    assert slow.pk
    world.loop.run_until_idle()
    assert list(anna.character.db.marks or []) == done
    for line in leftovers:  # what the gateway does
        world.world.receive(line)
    world.run()
    assert list(anna.character.db.marks) == ["one", "two"]
    assert len(expected) == 2
