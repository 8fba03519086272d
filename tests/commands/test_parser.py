"""The parser: which command does a line name?"""

from __future__ import annotations

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command
from perdure.commands.naming_index import NameIndex
from perdure.commands.parser import cmdparser


class Caller:
    """Somebody without permissions."""

    is_superuser = False


CALLER = Caller()


def parse(line, *commands, **kwargs):
    made = CmdSet(key="test")
    made.add([one if isinstance(one, Command) else Command(key=one) for one in commands], allow_duplicates=True)
    return cmdparser(line, made, CALLER, **kwargs)


def names(line, *commands, **kwargs):
    return [match.cmd.key for match in parse(line, *commands, **kwargs)]


@pytest.mark.parametrize(
    ("line", "commands", "found"),
    [
        ("open x", ["@open", "open"], ["open"]),
        ("open x", ["@open"], ["@open"]),
        ("@open x", ["@open", "open"], ["@open"]),
        ("@look", ["look"], ["look"]),
        ("+look", ["look"], ["look"]),
        ("/look", ["look"], ["look"]),
        ("&look", ["look"], ["look"]),
        ("@+/look x", ["look"], ["look"]),
        ("get stone", ["get", "get stone"], ["get stone"]),
        ("get stones", ["get", "get stone"], ["get"]),
        ("LOOK", ["look"], ["look"]),
        ("looking", ["look"], []),
        ("look/quiet", ["look"], ["look"]),
        ("lo", ["look"], []),
        ("", ["look"], []),
        ("@", ["look"], []),
        ("@@@", ["look"], []),
        ("@", ["@"], ["@"]),
        ("put x", ["look"], []),
    ],
)
def test_samples(line, commands, found):
    assert names(line, *commands) == found


def test_what_a_match_says():
    (match,) = parse("@Open  the door", "@open")
    assert match == ("@open", "  the door", match.cmd, 5, 5 / 15, "@open")
    (match,) = parse("Open  the door", "@open")
    assert (match.cmdname, match.args, match.raw_cmdname) == ("open", "  the door", "@open")
    (match,) = parse("+open", "open")
    assert (match.cmdname, match.args, match.raw_cmdname) == ("open", "", "open")


def test_signs_need_no_blank():
    say, pose = Command(key="say", aliases=["'", '"']), Command(key="pose", aliases=":", arg_regex=None)
    (match,) = parse("'hello", say, pose)
    assert (match.cmd, match.args) == (say, "hello")
    (match,) = parse(":waves", say, pose)
    assert (match.cmd, match.args) == (pose, "waves")


def test_a_number_says_which():
    one, two = Command(key="press"), Command(key="press")
    assert [match.cmd for match in parse("press button", one, two)] == [one, two]
    (match,) = parse("press-2 button", one, two)
    assert match.cmd is two
    assert match.args == " button"
    assert parse("press-2 button", one, two)[0].cmd is two
    assert parse("@press-1", one, two)[0].cmd is one
    assert parse("press-1 red-2", one, two)[0].cmd is one
    assert parse("press-3", one, two) == []
    assert parse("press-0", one, two) == []
    assert parse("press button", one, two, match_index=2)[0].cmd is two
    assert parse("press button", one, two, match_index=5) == []
    assert parse("press-99999999999999999999", one, two) == []


@pytest.mark.parametrize(
    "line", ["press" + "-1" * 3000, "-1" * 3000, "@" + "press-1" * 800, "press-2 " + "x-1 " * 1500]
)
def test_a_line_of_thousands_of_numbers_costs_as_much_as_any(line, monkeypatch):
    looked = []
    begins = NameIndex.begins
    monkeypatch.setattr(NameIndex, "begins", lambda *args: looked.append(args) or begins(*args))
    parse(line, "press", "press", "a rather long name")
    assert len(looked) < 60


def test_the_number_of_the_longest_name_counts():
    name = "a rather long name"
    one, two = Command(key=name), Command(key=name)
    (match,) = parse(f"{name}-2 {'x' * 5000}", one, two, "look")
    assert match.cmd is two
    assert match.args == f" {'x' * 5000}"
    assert parse(f"{name}-99999", one, two) == []


@pytest.mark.parametrize(
    "line", ["__nomatch_command", "__multimatch_command x", "@__nomatch_command", "__nomatch_command-1"]
)
def test_system_commands_cannot_be_typed(line):
    assert parse(line, "__nomatch_command", "__multimatch_command", "look") == []


def test_locks_of_commands_hear_of_the_session():
    heard = []

    class Guarded(Command):
        key = "guarded"

        def access(self, srcobj, access_type="cmd", default=False, session=None):
            heard.append(session)
            return session == "this one"

    assert names("guarded", Guarded(), session="this one") == ["guarded"]
    assert names("guarded", Guarded()) == []
    assert set(heard) == {"this one", None}


def test_a_number_in_the_arguments_is_left_alone():
    (match,) = parse("say 5-3 apples-2", "say", "press")
    assert match.args == " 5-3 apples-2"
    one, two = Command(key="press"), Command(key="press")
    assert len(parse("press the red-2", one, two)) == 2


def test_another_form_of_numbers():
    one, two = Command(key="press"), Command(key="press")
    with override_settings(SEARCH_MULTIMATCH_REGEX=r"(?P<number>[0-9]+)\.(?P<name>\S+)(?P<args>.*)"):
        assert parse("2.press button", one, two)[0].cmd is two


def test_a_command_whose_lock_refuses_is_not_there():
    locked = Command(key="open", locks="false()")
    assert names("open", locked) == []
    assert names("open x", locked, "@open") == ["@open"]
    assert names("open", locked, Command(key="open")) == ["open"]


def test_each_command_counts_once_with_its_longest_name():
    (match,) = parse("look at stone", Command(key="look", aliases="look at, l"))
    assert (match.cmdname, match.args) == ("look at", " stone")


def test_prefixes_are_a_setting():
    with override_settings(CMD_IGNORE_PREFIXES="!"):
        assert names("!look", "look") == ["look"]
        assert names("@look", "look") == []
    with override_settings(CMD_IGNORE_PREFIXES=""):
        assert names("@look", "look") == []
    assert names("@look", "look") == ["look"]


def test_letters_whose_lower_case_is_longer():
    (match,) = parse("'İstanbul İ", Command(key="'", arg_regex=None))
    assert match.args == "İstanbul İ"
    assert parse("İ x", "İ") == [] or parse("İ x", "İ")[0].args == " x"


COMMANDS = ["look", "@open", "get", "get stone", "'", ":", "press", "press", "a b c", "@", "n", "north-2", "ünder"]


@given(st.text(max_size=40) | st.from_regex(r"[@&/+]{0,3}(press|get|look|n)(-[0-9]{1,3})?[ /-].{0,10}"))
def test_nothing_that_is_typed_raises(line):
    for match in parse(line, *COMMANDS):
        assert line.endswith(match.args) or "-" in line
        assert match.cmd.key in COMMANDS


@given(
    st.lists(st.sampled_from(["a", "ab", "a b", "abc", "b", "@a", "@ab"]), min_size=1, unique=True),
    st.text("ab@ c", max_size=8),
)
def test_the_index_finds_what_a_scan_finds(keys, line):
    def scanned(text, strip):
        found = []
        for key in keys:
            name = key.lstrip("@&/+") if strip else key
            rest = text[len(name) :]
            if name and text.startswith(name) and (not rest or rest[0] in " /\t\r\n"):
                found.append((len(name), key))
        longest = max((size for size, _ in found), default=0)
        return sorted(key for size, key in found if size == longest)

    expected = scanned(line, strip=False)
    if not expected and len(line) > 1:
        bare = line.lstrip("@&/+")
        expected = scanned(bare, strip=True)
    assert sorted(names(line, *keys)) == expected
