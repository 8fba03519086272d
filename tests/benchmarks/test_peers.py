"""The other contenders of the benchmark suite: they run, and a contender that does not do the work is found out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.contenders.base import Place, Work
from benchmarks.contenders.peer import Peer, Stored
from benchmarks.logical_world import Thing, rooms, thing
from benchmarks.results import read

ROOT = Path(__file__).resolve().parents[2]
SIZE = 200
PEERS = ("django", "sqlalchemy", "zodb")


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_does_every_workload_that_it_takes_part_in(name: str, tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "run", "--quick", "--sizes", str(SIZE), "--out", str(out)]
    done = subprocess.run([*command, "--contenders", name], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert out.exists(), done.stdout + done.stderr
    run = read(out)
    assert [(each.workload, each.error) for each in run.measurements if each.error] == []
    assert len(run.measurements) > 25
    assert run.versions[name]


class Lazy(Peer):
    """Keeps objects in memory and rows in a dict, and forgets to write whatever is named in `forgets`."""

    def __init__(self, *forgets: str) -> None:
        super().__init__(Place(Path(), SIZE))
        self.forgets = forgets
        self.rows: dict[int, Stored] = {}
        self.rooms = [SimpleNamespace(id=-1 - number, kind="Room") for number in range(rooms(SIZE))]
        self.things = [self.make(thing(number, SIZE)) for number in range(SIZE)]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def _save(self, obj: Any, what: str) -> None:
        if what not in self.forgets:
            attributes = {**obj.attributes, "inv": dict(obj.attributes["inv"])}
            self.rows[obj.id] = Stored(obj.key, obj.kind, obj.location, attributes, obj.tags)

    def make(self, each: Thing) -> Any:
        attributes = {**each.attributes, "target": each.target}
        place = self.rooms[each.location].id
        parts = {"key": each.key, "kind": each.kind, "location": place, "tags": set(each.tags)}
        obj = SimpleNamespace(id=each.number, attributes=attributes, **parts)
        if each.number < SIZE:
            self.rows[obj.id] = Stored(obj.key, obj.kind, obj.location, dict(attributes), obj.tags)
        self._save(obj, "make")
        return obj

    def write_hp(self, obj: Any, value: int) -> None:
        obj.attributes["hp"] = value
        self._save(obj, "hp")

    def add_sword(self, obj: Any) -> None:
        obj.attributes["inv"]["sword"] += 1
        self._save(obj, "sword")

    def write_key(self, obj: Any, key: str) -> None:
        obj.key = key
        self._save(obj, "key")

    def change_kind(self, obj: Any, kind: str) -> None:
        obj.kind = kind
        self._save(obj, "kind")

    def change_place(self, obj: Any, room: Any) -> None:
        obj.location = room.id
        self._save(obj, "place")

    def remove(self, obj: Any) -> None:
        if "remove" not in self.forgets:
            self.rows.pop(obj.id, None)

    def stored(self, identity: Any) -> Stored | None:
        return self.rows.get(identity)


WORK = {
    "write_attribute": "hp",
    "write_attribute_full": "hp",
    "write_attributes": "hp",
    "write_attributes_coalesced": "hp",
    "change_item": "sword",
    "change_items": "sword",
    "rename": "key",
    "rename_many": "key",
    "create_one": "make",
    "create_bulk": "make",
    "delete_one": "remove",
    "delete_many": "remove",
    "swap": "kind",
    "swap_many": "kind",
    "move": "place",
}


def do(work: Work) -> None:
    """One repetition, as a worker does it."""
    work.before()
    work.run()
    work.check()
    work.after()


@pytest.mark.parametrize("key", list(WORK))
def test_the_check_of_a_workload_passes_again_and_again(key: str) -> None:
    peer = Lazy()
    work = getattr(peer, key)()
    for _ in range(3):
        do(work)
    assert len(peer.rows) == SIZE
    assert {obj.kind for obj in peer.things} == {"Thing", "Weapon", "Sword"}


@pytest.mark.parametrize(("key", "forgotten"), list(WORK.items()))
def test_the_check_of_a_workload_fails_where_the_work_was_not_done(key: str, forgotten: str) -> None:
    with pytest.raises(AssertionError):
        do(getattr(Lazy(forgotten), key)())
