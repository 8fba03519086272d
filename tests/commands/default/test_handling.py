"""Picking up, putting down, giving, and the list of what one carries."""

from __future__ import annotations

from perdure import DefaultObject, Veto


class Sticky(DefaultObject):
    """Will not be dropped, taken or given, and says so."""

    def at_pre_get(self, getter, **kwargs):
        raise Veto("It burns.")

    def at_pre_drop(self, dropper, **kwargs):
        raise Veto("It sticks.")

    def at_pre_give(self, giver, getter, **kwargs):
        return False


class Noting(DefaultObject):
    """Notes which hooks were called."""

    def at_get(self, getter, **kwargs):
        self.db.heard = [*(self.db.heard or []), "get"]

    def at_drop(self, dropper, **kwargs):
        self.db.heard = [*(self.db.heard or []), "drop"]

    def at_give(self, giver, getter, **kwargs):
        self.db.heard = [*(self.db.heard or []), f"give {getter.key}"]


def test_get_and_drop(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    lamp = world.create("lamp")
    bob.heard()
    assert "You pick up a lamp" in anna.send("get lamp")
    assert lamp.location is anna.character
    assert "Anna picks up a lamp" in bob.heard()
    assert "no 'lamp'" in anna.send("get lamp")
    assert "You drop a lamp" in anna.send("drop lamp")
    assert "Anna drops a lamp" in bob.heard()
    assert lamp.location is world.room
    assert "do not carry" in anna.send("drop lamp")


def test_a_number_takes_so_many_and_announces_once(world):
    anna, bob = world.player("Anna"), world.player("Bob")
    for _ in range(5):
        world.create("coin")
    bob.heard()
    assert "three coins" in anna.send("get 3 coins")
    assert len(anna.character.contents) == 3
    assert bob.heard().count("picks up") == 1
    assert "two coins" in anna.send("drop 2 coin")
    assert len(anna.character.contents) == 1


def test_locks_and_hooks_refuse(world):
    anna = world.player("Anna")
    safe, goo = world.create("safe"), world.create("goo", typeclass=Sticky)
    safe.locks.add("get:false()")
    assert "cannot take" in anna.send("get safe")
    safe.db.get_err_msg = "Far too heavy."
    assert "Far too heavy." in anna.send("get safe")
    assert "It burns." in anna.send("get goo")
    goo.location = anna.character
    assert "It sticks." in anna.send("drop goo")
    assert "cannot give" in anna.send("give goo to me") or "keep" in anna.send("give goo to me")
    assert goo.location is anna.character
    assert "yourself" in anna.send("get me") or "no 'me'" in anna.send("get me")


def test_drop_by_lock(world):
    anna = world.player("Anna")
    ring = world.create("ring", location=anna.character)
    ring.locks.add("drop:false()")
    assert "cannot drop" in anna.send("drop ring")
    assert ring.location is anna.character


def test_give(world):
    anna, bob, eve = world.player("Anna"), world.player("Bob"), world.player("Eve")
    lamp = world.create("lamp", typeclass=Noting, location=anna.character)
    for one in (bob, eve):
        one.heard()
    assert "You give a lamp to Bob" in anna.send("give lamp to bob")
    assert "Anna gives you a lamp" in bob.heard()
    assert eve.heard() == ""
    assert lamp.location is bob.character
    assert "You give a lamp to Anna" in bob.send("give lamp = anna")
    assert lamp.db.heard == ["give Bob", "give Anna"]
    assert "Usage" in anna.send("give lamp")
    assert "Could not find" in anna.send("give lamp to nobody")
    assert lamp.location is anna.character


def test_hooks_hear_of_it(world):
    anna = world.player("Anna")
    lamp = world.create("lamp", typeclass=Noting)
    anna.send("get lamp", "drop lamp")
    assert lamp.db.heard == ["get", "drop"]


def test_inventory_groups_equal_things(world):
    anna = world.player("Anna")
    assert "nothing" in anna.send("i")
    for _ in range(3):
        world.create("coin", location=anna.character, attributes=[("desc", "It is gold.")])
    world.create("coin", location=anna.character, attributes=[("desc", "It is tin.")])
    shown = anna.send("inventory")
    assert "three coins" in shown
    assert "a coin" in shown
    assert "gold" in shown
    assert anna.kinds()[-1] == "inventory"
