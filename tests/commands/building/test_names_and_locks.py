"""`name`, `alias`, `desc`, `lock`, `explain`, `tag`, `sethome` and `teleport`."""

from __future__ import annotations

import pytest

from perdure.accounts.models import AccountDB


def test_name_and_aliases(owner, small_world):
    owner.type("name lamp = lantern;light;l")
    assert small_world.lamp.key == "lantern"
    assert set(small_world.lamp.aliases.all()) == {"light", "l"}
    owner.type("name lantern = ;glow")
    assert small_world.lamp.key == "lantern"
    assert "glow" in small_world.lamp.aliases.all()


def test_name_of_an_account(owner, builder):
    owner.type("name *Bert = Berta")
    assert AccountDB.objects.get(pk=builder.account.pk).username == "Berta"
    assert "not renamed" in owner.type("name *Berta = Olga")
    assert builder.account.username == "Berta"
    for name in ("|rBerta", "me", "Ber ta", "x", "olga", "b" * 40):
        assert "not renamed" in owner.type(f"name *Berta = {name}"), name
    assert builder.account.username == "Berta"
    owner.type("name *Berta = BERTA")
    assert builder.account.username == "BERTA"


def test_aliases_are_listed_added_and_taken_away(owner, small_world):
    lamp = small_world.lamp
    assert "no aliases" in owner.type("alias lamp")
    owner.type("alias lamp = light, l")
    owner.type("alias/category lamp = glow:poetic")
    assert lamp.aliases.has("glow", category="poetic")
    assert "glow:poetic" in owner.type("alias lamp")
    owner.type("alias/delete lamp = glow")
    assert set(lamp.aliases.all()) == {"light", "l"}
    assert "no alias 'x'" in owner.type("alias/delete lamp = x")
    owner.type("alias lamp =")
    assert lamp.aliases.all() == []


def test_desc(owner, small_world):
    owner.type("desc A wide hall.")
    assert small_world.hall.db.desc == "A wide hall."
    owner.type("desc lamp = Brass.")
    assert small_world.lamp.db.desc == "Brass."
    owner.type("desc lamp =")
    assert not small_world.lamp.attributes.has("desc")


# --- locks


def test_locks_are_shown_set_and_deleted(owner, small_world):
    lamp = small_world.lamp
    owner.type("lock lamp = get:false()")
    assert lamp.locks.get("get") == "get:false()"
    assert "get:false()" in owner.type("lock lamp")
    assert owner.type("lock lamp/get") == "get:false()"
    owner.type("lock lamp/get = true()")
    assert lamp.locks.get("get") == "get:true()"
    owner.type("lock/del lamp/get")
    assert lamp.locks.get("get") == ""
    assert "no lock 'get'" in owner.type("lock/del lamp/get")


def test_a_malformed_lock_changes_nothing(owner, small_world):
    before = str(small_world.lamp.locks)
    assert "no lock" in owner.type("lock lamp = get:false(")
    assert str(small_world.lamp.locks) == before


@pytest.mark.parametrize(
    "line",
    [
        "lock lamp = control:all()",
        "lock lamp/control = all()",
        "lock/del lamp/control",
        "lock lamp = get:all();control:all()",
    ],
)
def test_who_controls_a_thing_is_changed_only_by_who_controls_it(builder, small_world, line):
    small_world.lamp.locks.add(f"edit:id({builder.caller.pk});control:false()")
    before = str(small_world.lamp.locks)
    assert "control" in builder.type(line)
    assert str(small_world.lamp.locks) == before
    builder.type("lock lamp = get:false()")
    assert small_world.lamp.locks.get("get") == "get:false()"


def test_explain_tells_which_part_of_the_lock_decides(owner, builder, small_world):
    small_world.lamp.locks.add("get:perm(Admin) or id(999)")
    told = builder.type("explain lamp get")
    assert "may not" in told
    assert "perm(Admin)" in told
    assert "superuser" in owner.type("explain lamp get")
    assert "may not" in owner.type("explain lamp get for Bert")
    assert "may not" in owner.type("explain lamp get for *Bert")


def test_explain_writes_nothing(builder, django_assert_num_queries, small_world):
    builder.type("explain lamp get")
    before = str(small_world.lamp.locks), small_world.lamp.version
    builder.type("explain lamp get")
    assert (str(small_world.lamp.locks), small_world.lamp.version) == before


# --- tags


def test_tags(owner, small_world):
    lamp = small_world.lamp
    owner.type("tag lamp = light:kind, old")
    assert lamp.tags.has("light", category="kind")
    assert lamp.tags.has("old")
    assert "'light:kind'" in owner.type("tag lamp")
    assert "lamp" in owner.type("tag/search light:kind")
    assert "lamp" in owner.type("tag/search :kind")
    assert "Nothing" in owner.type("tag/search light")
    owner.type("tag/del lamp = old")
    assert not lamp.tags.has("old")
    assert "has no tag" in owner.type("tag/del lamp = old")


@pytest.mark.defect("V-36")
def test_all_tags_go_only_after_a_yes(owner, small_world):
    small_world.lamp.tags.add("old")
    assert "stay" in owner.type("tag/del lamp", answers=[False])
    assert small_world.lamp.tags.has("old")
    owner.type("tag/del lamp", answers=[True])
    assert small_world.lamp.tags.all() == []


# --- places


def test_sethome(owner, small_world):
    assert "Hall" in owner.type("sethome lamp")
    owner.type("sethome lamp = cellar")
    assert small_world.lamp.home is small_world.cellar
    assert "Could not find" in owner.type("sethome lamp = nowhere at all")
    assert small_world.lamp.home is small_world.cellar


@pytest.mark.parametrize("line", ["tel lamp = cellar", "teleport/quiet lamp to cellar"])
def test_a_thing_is_teleported(owner, small_world, line):
    owner.type(line.replace("tel ", "tel "))
    assert small_world.lamp.location is small_world.cellar


def test_oneself_is_teleported_and_to_where_somebody_is(owner, builder, small_world):
    owner.type("tel cellar")
    assert owner.caller.location is small_world.cellar
    owner.type("tel/loc Bert")
    assert owner.caller.location is small_world.hall


def test_into_an_exit_itself(owner, small_world):
    owner.type("open gate = cellar")
    gate = small_world.hall.exits[0]
    owner.type("tel/intoexit lamp = gate")
    assert small_world.lamp.location is gate
    owner.type(f"tel lamp = {gate.dbref}")
    assert small_world.lamp.location is small_world.cellar


def test_what_cannot_be(owner, small_world):
    assert "itself" in owner.type("tel hall = hall")
    assert "inside" in owner.type("tel hall = lamp")
    assert "already" in owner.type("tel lamp = hall")


def test_tonone(owner, builder, small_world):
    assert "playing" in owner.type("tel/tonone Bert")
    assert builder.caller.location is small_world.hall
    owner.type("tel/tonone lamp")
    assert small_world.lamp.location is None


def test_teleporting_asks_the_thing_and_the_place(builder, small_world):
    lamp, cellar = small_world.lamp, small_world.cellar
    lamp.locks.add("teleport:false()")
    assert "may not" in builder.type("tel lamp = cellar")
    lamp.locks.add("teleport:true()")
    cellar.locks.add("teleport_here:false()")
    assert "does not take in" in builder.type("tel lamp = cellar")
    assert lamp.location is small_world.hall
    cellar.locks.add("teleport_here:true()")
    builder.type("tel lamp = cellar")
    assert lamp.location is cellar


def test_a_lock_beside_the_thing_is_the_one_that_is_set(small_world):
    lamp, owner = small_world.lamp, small_world.owner
    assert "get:all()" in owner.type("lock lamp/get = all()").replace("get: ", "get:")
    assert "get:false()" in owner.type("lock lamp/get = get:false()").replace("get: ", "get:")
    before = str(lamp.locks)
    assert "alone" in owner.type("lock lamp/get = all();edit:all()")
    assert "no lock" in owner.type("lock lamp/get = edit:all()")
    assert str(lamp.locks) == before


def test_a_thing_without_locks(small_world):
    small_world.lamp.locks.clear()
    assert "has no locks" in small_world.owner.type("lock lamp")
