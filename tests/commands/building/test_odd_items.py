"""Builder commands with odd items: nothing ends as an error, and each item is answered by one line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perdure.server.gateway.lines import clean_line
from perdure.transactions import transaction

pytestmark = pytest.mark.defect("V-37")

#: Signs that mean something to some part of what reads a line. Lines have no control characters when they come in.
SIGNS = "abcé\u0301\u202e\u200bßİ☃\U0001f600 \t|rn/[]{}()<>;:=,#*-_+0'\"\\.$~!@&%^"
TEXTS = st.one_of(
    st.text(alphabet=SIGNS, max_size=20),
    st.text(max_size=12).map(clean_line),
    st.sampled_from(
        [
            "lamp",
            "Hall",
            "me",
            "here",
            "#1",
            "#999999",
            "#-1",
            "#٣",
            "1-lamp",
            "lamp-9",
            "*Olga",
            "||/",
            "|lcquit|ltx|le",
            "9" * 40,
            "-" * 30,
            "(" * 40,
            "['a'][0]",
            "oil",
            "oil[0]",
            "oil[({{}})]",
            "$dbref(#1)",
            "$search(lamp)",
            "[$search(lamp), 1]",
            "{1: {2}}",
            "{[1]: 2}",
            "1e400",
            "Decimal('1e99')",
            "date(1, 1, 1)",
            "a" * 300,
            "nowhere.Class",
            "objects.objects.DefaultRoom",
            "get:all()",
            "edit:false();",
            "a:not " * 20 + "true()",
        ]
    ),
)
#: One item of a list with commas: it has no comma, no equals sign and nothing that ends it.
ITEMS = TEXTS.map(lambda text: "".join(text.replace(",", ";").replace("=", "~").split("\n"))).filter(str.strip)
COMMANDS = [
    "alias",
    "alias/category",
    "alias/delete",
    "cmdsets",
    "copy",
    "cpattr",
    "cpattr/move",
    "create",
    "create/drop",
    "desc",
    "destroy/force",
    "dig",
    "dig/tel",
    "examine",
    "examine/script",
    "explain",
    "find",
    "find/attr",
    "find/exact",
    "find/loc/room",
    "find/startswith",
    "find/tag",
    "link",
    "link/twoway",
    "lock",
    "lock/del",
    "mvattr",
    "name",
    "objects",
    "open",
    "scripts",
    "scripts/delete",
    "scripts/start",
    "set",
    "set/account",
    "set/channel",
    "set/room",
    "set/script",
    "sethome",
    "tag",
    "tag/del",
    "tag/search",
    "tel",
    "tel/loc",
    "tel/tonone",
    "tickers",
    "tunnel",
    "typeclass",
    "typeclass/force",
    "typeclass/reset/force",
    "typeclass/show",
    "unlink",
    "update",
    "wipe",
]

often = settings(suppress_health_check=[*HealthCheck], deadline=None)


class _Undo(Exception):
    """Ends an example: what it did is undone."""


def typed(who: Any, line: str) -> str:
    """What a line brings; what it did is undone, so that examples do not depend on each other."""
    told = ""
    try:
        with transaction():
            told = who.type(line, answers="yes")
            raise _Undo
    except _Undo:
        return told


@often
@given(
    command=st.sampled_from(COMMANDS), left=TEXTS, right=st.none() | TEXTS, who=st.sampled_from(["owner", "builder"])
)
def test_no_line_ends_as_an_error(small_world, command, left, right, who):
    small_world.lamp.db.oil = [1, {"a": 2}]
    line = f"{command} {left}" if right is None else f"{command} {left} = {right}"
    assert typed(getattr(small_world, who), line), f"nothing was said to {line!r}"


@often
@given(items=st.lists(ITEMS, min_size=1, max_size=5))
@pytest.mark.parametrize("command", ["create", "create/drop"])
def test_each_thing_made_has_its_line(small_world, command, items):
    told = typed(small_world.owner, f"{command} {', '.join(items)}")
    assert len(told.splitlines()) == len(items), told


@often
@given(items=st.lists(ITEMS, min_size=1, max_size=5))
def test_each_copy_has_its_line(small_world, items):
    told = typed(small_world.owner, f"copy lamp = {', '.join(items)}")
    assert len(told.splitlines()) == len(items), told


@often
@given(items=st.lists(ITEMS.filter(lambda text: text.split(":")[0].strip()), min_size=1, max_size=5))
@pytest.mark.parametrize("command", ["tag", "tag/del"])
def test_each_tag_has_its_line(small_world, command, items):
    told = typed(small_world.owner, f"{command} lamp = {', '.join(items)}")
    assert len(told.splitlines()) == len(items), told


VALUES = st.sampled_from(["1", "-0.5", "None", "text", "|rred|/", "[1, {2: (3,)}]", "1e400", "9" * 40, "''", "{1, 2}"])
NAMES = ITEMS.map(lambda text: "".join(letter for letter in text if letter not in "/:[]\"'").strip()).filter(bool)


@often
@given(names=st.lists(NAMES, min_size=1, max_size=5), value=VALUES)
def test_each_attribute_has_its_line(small_world, names, value):
    small_world.lamp.db.oil = 5
    for line in (f"set lamp/{'/'.join(names)} = {value}", f"wipe lamp/{'/'.join(names)}"):
        told = typed(small_world.owner, line)
        assert len(told.splitlines()) == len(names), f"{line!r}\n{told}"
