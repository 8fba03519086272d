"""`destroy`."""

from __future__ import annotations

import pytest

from perdure.objects.models import ObjectDB


def exists(obj):
    return ObjectDB.objects.filter(pk=obj.pk).exists()


@pytest.mark.defect("V-36")
def test_it_asks_and_the_safe_answer_is_the_default(owner, small_world):
    told = owner.type("destroy lamp", answers=[False])
    assert exists(small_world.lamp)
    assert "lamp" in told.questions[0]
    assert "Nothing was deleted" in told


@pytest.mark.defect("V-36")
def test_the_default_that_it_asks_with_is_no(owner, small_world, monkeypatch):
    asked = {}
    from perdure.commands.default.destroying import CmdDestroy

    command = CmdDestroy()
    command.caller, command.account, command.session = owner.caller, owner.account, owner.session
    command.args = " lamp"
    command.parse()

    def confirm(question, **kwargs):
        asked.update(kwargs)
        raise RuntimeError

    command.confirm = confirm
    with pytest.raises(RuntimeError):
        command.func().send(None)
    assert asked == {"default": False}


def test_one_summary_says_what_went_along(owner, small_world):
    owner.type("open gate = cellar")
    owner.type("create/drop sack")
    sack = ObjectDB.objects.get(db_key="sack")
    sack.location = small_world.cellar
    told = owner.type("destroy cellar, lamp".replace("cellar", small_world.cellar.dbref), answers=[True])
    assert not exists(small_world.cellar)
    assert not exists(small_world.lamp)
    assert "1 exit went with it" in told
    assert "1 thing inside went home" in told
    assert sack.location is small_world.hall
    assert len(told.splitlines()) == 2


def test_force_does_not_ask(owner, small_world):
    told = owner.type("destroy/force lamp")
    assert told.questions == []
    assert not exists(small_world.lamp)


def test_a_range_takes_in_both_ends_and_is_bounded(owner, small_world):
    owner.type("create one, two, three")
    first = ObjectDB.objects.get(db_key="one")
    third = ObjectDB.objects.get(db_key="three")
    owner.type(f"destroy {first.dbref}-{third.pk}", answers=[True])
    assert not ObjectDB.objects.filter(pk__gte=first.pk, pk__lte=third.pk).exists()
    told = owner.type("destroy #1-#100000")
    assert "/force" in told
    assert exists(small_world.lamp)


def test_what_the_settings_need_stays(owner, small_world, settings):
    settings.DEFAULT_HOME = small_world.cellar.dbref
    told = owner.type(f"destroy/force {small_world.cellar.dbref}")
    assert exists(small_world.cellar)
    assert "DEFAULT_HOME" in told


def test_somebody_being_played_takes_override(owner, builder):
    assert "/override" in owner.type("destroy/force Bert")
    assert exists(builder.caller)
    owner.type("destroy/force/override Bert")
    assert not exists(builder.caller)


@pytest.mark.defect("V-37")
def test_the_others_go_when_one_is_not_found(owner, small_world):
    told = owner.type("destroy/force no such thing, lamp")
    assert "Could not find" in told
    assert not exists(small_world.lamp)


def test_one_that_refuses_stays(owner, small_world, monkeypatch):
    monkeypatch.setattr(type(small_world.lamp), "at_object_delete", lambda self: self.key != "lamp")
    owner.type("create/drop vase")
    told = owner.type("destroy/force lamp, vase")
    assert exists(small_world.lamp)
    assert "was not deleted" in told
    assert not ObjectDB.objects.filter(db_key="vase").exists()


@pytest.mark.defect("V-32")
def test_a_range_of_too_many_things_is_not_loaded(small_world, monkeypatch):
    monkeypatch.setattr("perdure.commands.default.destroying._MOST_AT_ONCE", 3)
    before = ObjectDB.objects.count()
    assert before > 3
    assert "more than 3 things" in small_world.owner.type(f"destroy/force #1-#{10**9}")
    assert ObjectDB.objects.count() == before
