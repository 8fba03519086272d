"""What a world counts, and under which names."""

from __future__ import annotations

import re

import pytest

from perdure import DefaultExit
from perdure.gameloop import Report
from perdure.server.messages import Oob
from perdure.server.world.metrics import MAX_NAMES, Metrics
from perdure.testing import TestWorld

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.defect("V-24")]


def kinds(metrics: Metrics) -> set[str]:
    return set(re.findall(r'^perdure_units_total\{kind="([^"]*)"', metrics.text().decode(), re.MULTILINE))


def test_kinds_of_work_are_told_apart_and_names_that_clients_choose_are_not(world: TestWorld) -> None:
    metrics = Metrics(world.world)
    anna = world.player("Anna")
    hall = world.create("Hall", "objects.objects.DefaultRoom", location=None)
    world.create("a door that Anna named", DefaultExit, destination=hall)
    anna.send("look", "a door that Anna named")
    for number in range(3):
        world.world.receive(Oob(anna.record.sessid, f"whatever{number}", [], {}))
    world.run()
    assert anna.character.location is hall
    assert {"command look", "exit", "input", "connection"} <= kinds(metrics)
    assert not [kind for kind in kinds(metrics) if "Anna" in kind or "whatever" in kind]


def test_classes_of_which_nothing_is_left_are_not_shown(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics(world.world)
    for counts in ({"Lamp": 3, "Room": 1}, {"Room": 1}):
        monkeypatch.setattr("perdure.idmapper.models.cache_size", lambda counts=counts: (sum(counts.values()), counts))
        shown = set(re.findall(r'^perdure_cache_instances\{typeclass="(\w+)"', metrics.text().decode(), re.MULTILINE))
        assert shown == set(counts)


def test_there_are_never_more_kinds_than_so_many(world: TestWorld) -> None:
    metrics = Metrics(world.world)
    for number in range(2 * MAX_NAMES):
        metrics._observe(Report(f"command {number}", "", "", 0.0, 0, True))
    assert len(kinds(metrics)) <= MAX_NAMES + 1
