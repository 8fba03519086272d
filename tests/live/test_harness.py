"""The harness for whole games itself: what it takes out of telnet, and what it tells when a game does not come up."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live.game import PORTS, GameFailed, LiveGame, eventually, free_ports
from tests.live.telnet import Negotiation

STREAM = b"a\xff\xfb\x01b\xff\xfd\x1fc\xff\xfa\x18\x01\xff\xf0d\xff\xffe\xff\xf1f\xff\xfe\x03g"


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=6))
def test_commands_of_telnet_are_taken_out_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    negotiation, text, answer = Negotiation(), b"", b""
    borders = [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(borders):
        more_text, more_answer = negotiation.feed(STREAM[start:end])
        text, answer = text + more_text, answer + more_answer
    assert text == b"abcd\xffefg"
    assert answer == b"\xff\xfe\x01\xff\xfc\x1f"
    assert negotiation.echo


def test_the_echo_that_is_given_back() -> None:
    negotiation = Negotiation()
    negotiation.feed(b"\xff\xfb\x01")
    assert negotiation.echo
    negotiation.feed(b"\xff\xfc\x01")
    assert not negotiation.echo


def test_ports_are_free_and_not_those_of_connections() -> None:
    found = free_ports(50)
    assert len(set(found)) == 50
    assert all(port in PORTS for port in found)


def test_what_is_waited_for_in_vain_is_named() -> None:
    with pytest.raises(GameFailed, match="snow: not within"):
        eventually("snow", lambda: False, 0.05)


def test_a_game_that_does_not_come_up_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = LiveGame(tmp_path / "labyrinth", settings='WEB_PORT = "four"')
    with pytest.raises(GameFailed, match="has ended with"), broken:
        raise AssertionError("it came up")
    assert "WEB_PORT" in capsys.readouterr().out
    assert broken.processes() == []


def test_a_game_that_is_played_reloaded_and_stopped(tmp_path: Path) -> None:
    with LiveGame(tmp_path / "labyrinth") as game:
        gateway, worlds = game.gateway_pid(), game.world_pids()
        assert len(worlds) == 1
        assert game.get("/readyz")[0] == 200
        anna = game.telnet("anna")
        anna.expect("connect")
        anna.login("Ariadne", "a-clew-of-thread", until="Limbo")
        game.perdure("reload")
        assert game.gateway_pid() == gateway
        eventually("the old world ends", lambda: not set(worlds) & set(game.world_pids()))
        anna.ask("look", "Limbo")
        assert game.stop() == 0
        assert game.processes() == []
        game.start()
        assert game.get("/readyz")[0] == 200
    assert game.processes() == []
