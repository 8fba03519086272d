"""Saying, whispering and posing."""

from __future__ import annotations

import pytest

from perdure import DefaultCharacter


class Shouting(DefaultCharacter):
    """Says everything loudly; keeps secrets."""

    def at_pre_say(self, message, **kwargs):
        return False if "secret" in message else message.upper()


def test_say_is_heard_by_all_and_marked(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    bob.heard()
    assert 'You say, "hello there"' in anna.send("say hello there")
    assert 'Anna says, "hello there"' in bob.heard()
    assert (anna.kinds()[-1], bob.kinds()[-1]) == ("say", "say")


def test_the_quote_signs_need_no_blank_but_the_word_does(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    bob.heard()
    anna.send("'hi", '"/me = there', "say a/b = c")
    heard = bob.heard()
    assert '"hi"' in heard
    assert '"/me = there"' in heard
    assert '"a/b = c"' in heard
    assert "You say" not in anna.send("sayhello")
    assert "Usage" in anna.send("say")


def test_a_hook_changes_and_cancels_what_is_said(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    anna.character.swap_typeclass(Shouting)
    bob.heard()
    anna.send("say hello", "say a secret")
    assert bob.heard() == 'Anna says, "HELLO"'


def test_nobody_forges_lines_of_others(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    bob.heard()
    anna.send('say hi|/Bob says, "I give up"', "pose grins|/Eve dies.", "whisper bob = x|/y", "say a ||/ b")
    heard = bob.heard()
    assert 'hi Bob says, "I give up"' in heard
    assert "grins Eve dies." in heard
    assert "x y" in heard
    assert "a |/ b" in heard
    builder = world.player("Carl", permissions="Builder")
    bob.heard()
    builder.send("say one|/two")
    assert bob.heard().count("\n") == 1


def test_what_is_said_is_no_template(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    bob.heard()
    anna.send("say $You() {self} |rred|n", ":$conj(wave) {actor}")
    heard = bob.heard()
    assert "$You() {self} red" in heard
    assert "Anna $conj(wave) {actor}" in heard


def test_whisper_reaches_only_those_named(world):
    anna, bob, eve = (world.player(name) for name in ("Anna", "Bob", "Eve"))
    for one in (bob, eve):
        one.heard()
    assert "You whisper to Bob" in anna.send("whisper bob = psst")
    assert 'Anna whispers: "psst"' in bob.heard()
    assert eve.heard() == ""
    anna.send("whisper bob, eve = both")
    assert "both" in bob.heard()
    assert "both" in eve.heard()
    assert bob.kinds()[-1] == "whisper"
    assert "Could not find" in anna.send("whisper nobody = x")
    assert "Usage" in anna.send("whisper bob")


def test_pose(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    bob.heard()
    anna.send("pose waves.", ":smiles.", ":'s hat falls.", "emote nods.")
    assert bob.heard().split("\n") == ["Anna waves.", "Anna smiles.", "Anna's hat falls.", "Anna nods."]
    assert anna.kinds()[-1] == "pose"


class Forgetful(DefaultCharacter):
    """Its hook has no `return`, or says only that it may be said."""

    answer = None

    def at_pre_say(self, message, **kwargs):
        return self.answer


@pytest.mark.defect("V-4")
@pytest.mark.parametrize("answer", [None, True])
def test_a_hook_that_returns_nothing_lets_nobody_forge_a_line(world, monkeypatch, answer):
    monkeypatch.setattr(Forgetful, "answer", answer)
    anna, bob = world.player("Anna"), world.player("Bob")
    anna.character.swap_typeclass(Forgetful)
    bob.heard()
    anna.send("say hello|/System: you have been banned", "whisper bob = psst|/System: you have been banned")
    heard = bob.heard()
    assert "hello" in heard
    assert "psst" in heard
    assert not [line for line in heard.splitlines() if line.startswith("System")]
