"""What clients can do, how things look to an account, nicks, and who is here."""

from __future__ import annotations

import pytest

from perdure.commands.default.colors import ansi_samples, cube_samples, true_samples
from perdure.text.markup import to_plain


def test_option(world):
    anna = world.player("Anna")
    assert "XTERM256" in anna.send("option")
    assert "on" in anna.send("option screenreader = on")
    assert anna.session.protocol_flags["SCREENREADER"] is True
    assert anna.record.flags["SCREENREADER"] is True
    anna.send("option screenwidth = 100")
    assert anna.session.protocol_flags["SCREENWIDTH"] == 100
    assert anna.session.protocol_flags["AUTORESIZE"] is False
    assert "100" in anna.send("option screenwidth")


@pytest.mark.parametrize(
    "line",
    [
        "option screenwidth = wide",
        "option screenwidth = 100000",
        "option ansi = perhaps",
        "option encoding = klingon",
        "option nonsense = 1",
        "option __class__ = 1",
    ],
)
def test_option_takes_only_what_fits(world, line):
    anna = world.player("Anna")
    before = dict(anna.session.protocol_flags)
    told = anna.send(line)
    assert "cannot be" in told or "no option" in told
    assert anna.session.protocol_flags == before


def test_a_saved_option_is_there_at_the_next_login(world):
    anna = world.player("Anna")
    anna.send("option/save nocolor = yes", "quit")
    again = world.player("Anna")
    assert again.session.protocol_flags["NOCOLOR"] is True
    assert again.record.flags["NOCOLOR"] is True
    again.send("option/clear nocolor", "quit")
    assert not world.player("Anna").session.protocol_flags.get("NOCOLOR")
    assert "not kept" in world.player("Anna").send("option/clear nocolor")


def test_style(world):
    anna = world.player("Anna")
    assert "border_color" in anna.send("style")
    assert "520" in anna.send("style border_color = 520")
    assert anna.account.options.get("border_color") == "520"
    assert "does not fit" in anna.send("style border_color = nonsense")
    assert "no such option" in anna.send("style nonsense = 1")
    anna.send("style/clear border_color")
    assert anna.account.options.get("border_color") == "n"


def test_color_shows_codes_beside_samples(world):
    anna = world.player("Anna")
    assert "|r" in anna.send("color ansi")
    assert "|555" in anna.send("color xterm")
    assert "|#ff0000" in anna.send("color truecolor")
    assert "Usage" in anna.send("color")
    for samples in (ansi_samples(), cube_samples(), true_samples()):
        assert max(len(line) for line in to_plain(samples).split("\n")) <= 130


def test_nick(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    bob.heard()
    anna.send("nick hi $1 = say hello $1")
    anna.send("hi Bob")
    assert "hello Bob" in bob.heard()
    assert "hello $1" in anna.send("nick")
    assert "means" in anna.send("nick hi $1")
    anna.send("nick/object it = bob", "whisper it = psst")
    assert "psst" in bob.heard()
    assert "no nick" in anna.send("nick/delete 9")
    anna.send("nick/delete 1")
    assert "no command" in anna.send("hi Bob")
    assert "Removed 1" in anna.send("nick/clearall")
    assert "no nicks" in anna.send("nicks")


@pytest.mark.parametrize("line", ["nick a $1 = say b", "nick a = say $1", "nick/delete nothing", "nick x = x"])
def test_nicks_that_make_no_sense_are_refused_in_words(world, line):
    anna = world.player("Anna")
    told = anna.send(line)
    assert told
    assert "error" not in told
    assert anna.character.nicks.get(category="inputline", return_list=True) == []


def test_who(world):
    anna, admin = world.player("Anna"), world.player("Ada", permissions="Admin")
    shown = anna.send("who")
    assert "Anna" in shown
    assert "Ada" in shown
    assert "2 accounts" in shown
    assert "10.0.0.1" not in shown
    everything = admin.send("who")
    assert "10.0.0.1" in everything
    assert "Room" in everything
    assert "10.0.0.1" not in admin.send("doing")


def test_sessions_are_listed_once(world, settings):
    settings.MULTISESSION_MODE = 1
    one, two = world.player("Anna"), world.player("Anna")
    shown = one.send("sessions")
    assert shown.count("10.0.0.1") == 2
    assert f"{one.record.sessid} *" in shown
    assert f"{two.record.sessid} *" in two.send("sessions")
