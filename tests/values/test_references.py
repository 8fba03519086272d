"""Entities inside values: live in memory, by row in storage, None once the row is gone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from perdure.errors import UnreadableValue
from perdure.values import Reference, decode, encode, plain, references_in
from perdure.values.references import Hooks, hooks, set_reference_hooks
from tests.values.fakes import Thing


def test_the_live_instance_comes_back_wherever_it_stood(anchor):
    thing = Thing(21)
    value = {thing: [thing, (thing, {thing}), frozenset({thing})], "x": {"deep": {1: thing}}}
    back = decode(encode(value).text, anchor)
    assert plain(back) == value
    assert all(found is thing for found in references_in(back))
    assert len(list(references_in(back))) == 6
    assert Thing.lookups == [{Reference("objects.objectdb", 21)}]
    assert encode(value).references == (Reference("objects.objectdb", 21),)


def test_a_missing_row_gives_none_in_its_place(anchor):
    thing, other = Thing(22), Thing(23)
    text = encode([thing, {thing: 1}, (thing, other), {thing}, Thing(24)]).text
    thing.delete()
    assert plain(decode(text, anchor)) == [None, {None: 1}, (None, other), {None}, Thing.rows["objects.objectdb", 24]]
    assert decode('{"~ref":["objects.objectdb",22]}', anchor) is None


def test_one_deleted_since_it_was_put_in_is_written_as_none(anchor):
    thing, other = Thing(25), Thing(26)
    live = decode(encode([thing, other]).text, anchor)
    thing.delete()
    stored = encode(live)
    assert stored.text == '[null,{"~ref":["objects.objectdb",26]}]'
    assert stored.references == (("objects.objectdb", 26),)
    assert stored.sortable == encode([None, other]).sortable
    assert encode(thing)[:2] == ("null", "n")


def test_values_without_references_ask_nobody(anchor):
    decode(encode([1, "x", {"a": (2,)}]).text, anchor)
    assert Thing.lookups == []


def test_without_a_layer_of_entities_a_reference_is_not_lost_in_silence(monkeypatch, anchor):
    for name in Hooks.__slots__:
        monkeypatch.setattr(hooks, name, getattr(Hooks(), name))
    with pytest.raises(UnreadableValue, match=r"objects\.objectdb:5.*perdure\.setup"):
        decode('[{"~ref":["objects.objectdb",5]}]', anchor)
    assert decode("[1]", anchor) == [1]


def test_hooks_can_be_set_and_the_last_ones_hold(monkeypatch, anchor):
    for name in Hooks.__slots__:
        monkeypatch.setattr(hooks, name, getattr(hooks, name))
    set_reference_hooks(
        lambda value: isinstance(value, Thing),
        lambda value: Reference("x", "key"),
        lambda wanted: dict.fromkeys(wanted, 7),
    )
    assert encode([Thing(1)]).text == '[{"~ref":["x","key"]}]'
    assert decode('[{"~ref":["x","key"]}]', anchor) == [7]


def test_the_package_needs_no_database_and_no_settings():
    code = "import perdure.values as v; print(v.decode(v.encode({'a': (1, {2})}).text, None))"
    run = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "{'a': (1, {2})}"
