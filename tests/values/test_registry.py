"""Types of the game's own: stored by name, found by name, refused with the remedy."""

from __future__ import annotations

import enum
import importlib.util
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from perdure.errors import InvalidArgument, UnreadableValue
from perdure.values import adopt, decode, encode, plain, references_in, register_value_type, registry
from tests.values.fakes import Bits, Colour, Gold, Perm, Point, Recipe, Thing


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_by_class", dict(registry._by_class))
    monkeypatch.setattr(registry, "_by_name", dict(registry._by_name))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Colour.RED, '{"~type":["test.colour","RED"]}'),
        (Perm.READ | Perm.WRITE, '{"~type":["tests.values.fakes.Perm",3]}'),
        (Bits(12), '{"~type":["tests.values.fakes.Bits",12]}'),
        (Point(1, (2,)), '{"~type":["tests.values.fakes.Point",{"x":1,"y":{"~tuple":[2]}}]}'),
        (Recipe("a", [1]), '{"~type":["tests.values.fakes.Recipe",{"name":"a","parts":[1]}]}'),
        (Gold(3), '{"~type":["tests.values.fakes.Gold",{"coins":3}]}'),
    ],
)
@pytest.mark.defect("A-16")
def test_stored_by_name(value, text):
    assert encode(value).text == text
    back = decode(text, None)
    assert back == value
    assert type(back) is type(value)


def test_the_decorator_takes_arguments_and_gives_the_class():
    @register_value_type(name="ore")
    class Ore(enum.Enum):
        IRON = 1

    assert isinstance(Ore, type)
    assert encode(Ore.IRON).text == '{"~type":["ore","IRON"]}'


def test_a_name_belongs_to_one_class():
    class Other(enum.Enum):
        A = 1

    with pytest.raises(InvalidArgument, match=r"'test\.colour' already belongs to .*Colour"):
        register_value_type(Other, name="test.colour")
    assert register_value_type(Colour, name="test.colour") is Colour


def test_a_second_name_reads_the_old_data_and_writes_the_new():
    register_value_type(Colour, name="hue")
    assert decode('["x",{"~type":["test.colour","RED"]},{"~type":["hue","RED"]}]', None)[1:] == [Colour.RED] * 2
    assert encode(Colour.RED).text == '{"~type":["hue","RED"]}'


def test_a_module_read_again_takes_the_place_of_its_elder(tmp_path):
    source = tmp_path / "ores.py"
    source.write_text(
        "import enum\nfrom perdure.values import register_value_type\n"
        "@register_value_type\nclass Ore(enum.Enum):\n    IRON = 1\n"
    )
    loaded = []
    for _ in range(2):
        spec = importlib.util.spec_from_file_location("ores", source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        loaded.append(module.Ore)
    elder, younger = loaded
    assert decode(encode(elder.IRON).text, None) is younger.IRON


@pytest.mark.defect("A-8")
def test_a_dataclass_that_can_change_unseen_is_refused():
    @dataclass
    class Mutable:
        hp: int

    with pytest.raises(InvalidArgument, match="frozen=True"):
        register_value_type(Mutable)
    register_value_type(Mutable, encode=lambda m: m.hp, decode=Mutable)
    assert decode(encode(Mutable(3)).text, None) == Mutable(3)


def test_what_cannot_be_registered():
    for wrong in (5, "text"):
        with pytest.raises(InvalidArgument, match="needs a class"):
            register_value_type(wrong)
    for builtin in (int, list, tuple, defaultdict, str, type(None)):
        with pytest.raises(InvalidArgument, match="stored as it is"):
            register_value_type(builtin, encode=str, decode=str)
    with pytest.raises(InvalidArgument, match="neither enum, named tuple nor frozen dataclass"):
        register_value_type(Thing)
    with pytest.raises(InvalidArgument, match="both encode= and decode="):
        register_value_type(Thing, encode=str)
    with pytest.raises(InvalidArgument, match="non-empty"):
        register_value_type(Colour, name="")


def test_records_survive_a_change_of_their_fields():
    @register_value_type(name="game.spell")
    @dataclass(frozen=True)
    class Spell:
        name: str
        cost: int = 5
        tags: Any = field(default_factory=list)

    assert decode('{"~type":["game.spell",{"name":"fire"}]}', None) == Spell("fire")
    with pytest.raises(UnreadableValue, match="lacks the field 'name'"):
        decode('{"~type":["game.spell",{}]}', None)
    with pytest.raises(UnreadableValue, match=r"\['range'\]"):
        decode('{"~type":["game.spell",{"name":"fire","range":3}]}', None)

    @register_value_type(name="game.coat")
    class Coat(NamedTuple):
        size: int
        warm: bool = True

    assert decode('{"~type":["game.coat",{"size":3}]}', None) == Coat(3)
    with pytest.raises(UnreadableValue, match="lacks the field 'size'"):
        decode('{"~type":["game.coat",{}]}', None)


def test_a_record_comes_back_without_its_init():
    @register_value_type(name="game.counted")
    @dataclass(frozen=True, slots=True)
    class Counted:
        n: int
        doubled: int = field(init=False)

        def __post_init__(self):
            object.__setattr__(self, "doubled", self.n * 2)

    made = Counted(2)
    object.__setattr__(made, "doubled", 7)
    assert decode(encode(made).text, None).doubled == 7


def test_functions_get_plain_values_and_their_errors_are_wrapped(anchor):
    seen = []

    def rebuild(form):
        seen.append(type(form["coins"]))
        raise ZeroDivisionError("bad luck")

    register_value_type(Gold, encode=lambda gold: {"coins": gold.coins}, decode=rebuild)
    with pytest.raises(UnreadableValue, match=r"lamp\(#5\).*Gold.*bad luck") as caught:
        decode(encode([Gold([1])]).text, anchor)
    assert seen == [list]
    assert isinstance(caught.value.__cause__, (ZeroDivisionError, UnreadableValue))


def test_instances_are_held_as_given(anchor):
    gold = Gold([1])
    live = adopt([gold], anchor, "x")
    assert live[0] is gold
    assert type(gold.coins) is list
    assert plain(live)[0] is gold


def test_references_are_found_inside_registered_types(anchor):
    things = [Thing(pk) for pk in (11, 12, 13, 14, 15)]
    a, b, c, d, e = things
    value = adopt([Point(a), Recipe("x", {b: [c]}), Gold((d,)), frozenset({e}), Colour.RED], anchor, "x")
    assert list(references_in(value)) == things
    stored = encode(value)
    assert [ref.pk for ref in stored.references] == [11, 12, 13, 14, 15]
    assert list(references_in(decode(stored.text, anchor))) == things
    assert len(Thing.lookups) == 1
