"""`typeclass`: the list of classes, and changes of class."""

from __future__ import annotations

import sys

import pytest

from perdure.create import create_channel, create_object, create_script
from perdure.objects.objects import DefaultObject, DefaultRoom
from perdure.scripts.scripts import DefaultScript


class Sofa(DefaultObject):
    """Something to sit on."""

    def at_object_creation(self):
        self.db.seats = 3
        self.db.made = (self.db.made or 0) + 1


class Trap(DefaultObject):
    """Something that cannot be made."""

    def at_object_creation(self):
        self.db.half = True
        raise RuntimeError("no traps today")


class Clockwork(DefaultScript):
    """A script of another class."""

    def at_script_creation(self):
        self.db.wound = True


PATH = f"{__name__}.Sofa"


@pytest.fixture(autouse=True)
def _paths(settings):
    settings.TYPECLASS_PATHS = (__name__.rpartition(".")[0], "perdure")


@pytest.fixture
def game(tmp_path, monkeypatch, settings):
    """A package of typeclasses that nobody has imported: one good module, one broken one."""
    package = tmp_path / "unseenclasses"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "good.py").write_text(
        "from perdure.objects.objects import DefaultObject\nclass UnseenThing(DefaultObject):\n    'Not seen before.'\n"
    )
    (package / "broken.py").write_text("import no_such_module_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    settings.TYPECLASS_PATHS = ("unseenclasses", "perdure")
    yield package
    for name in [name for name in sys.modules if name.startswith("unseenclasses")]:
        del sys.modules[name]


# --- seeing


@pytest.mark.defect("V-34")
def test_the_list_has_every_class_of_the_game(owner, game, small_world):
    told = owner.type("typeclass/list")
    (unseen,) = [line for line in told.splitlines() if "unseenclasses.good" in line]
    assert "not loaded" in told[told.index("UnseenThing") :].split("perdure.")[0] or "not loaded" in unseen
    for name in ("DefaultExit", "DefaultScript", "DefaultAccount", "DefaultChannel"):
        assert name in told
    assert "unseenclasses.broken: ModuleNotFoundError" in told
    again = owner.type("typeclasses")
    assert "not loaded" not in again


@pytest.mark.defect("V-34")
def test_the_list_counts_rows(owner, small_world):
    told = owner.type("typeclass/list objects.objects.DefaultRoom")
    row = next(line for line in told.splitlines() if "DefaultRoom" in line)
    assert row.split()[-1] == "2"


@pytest.mark.defect("V-21")
@pytest.mark.defect("V-34")
def test_the_list_marks_what_is_missing_and_such_things_can_be_given_another_class(owner, small_world):
    from perdure.idmapper.models import flush_cache
    from perdure.objects.models import ObjectDB

    thing = create_object(key="relic", location=small_world.hall)
    thing.db.age = 5
    pk = thing.pk
    ObjectDB._base_manager.filter(pk=pk).update(db_typeclass_path="typeclasses.gone.Relic")
    del thing
    flush_cache()
    told = owner.type("typeclass/list")
    assert "typeclasses.gone.Relic: 1 object" in told
    assert "missing" in owner.type("typeclass relic")
    assert "missing" in owner.type("update relic")
    told = owner.type(f"typeclass relic = {PATH}")
    relic = ObjectDB.objects.get(pk=pk)
    assert type(relic) is Sofa, told
    assert (relic.db.age, relic.db.seats) == (5, 3)


def test_show(owner, small_world):
    assert "is of the class perdure.objects.objects.DefaultObject" in owner.type("typeclass/show lamp")
    told = owner.type("typeclass/show Sofa")
    assert PATH in told
    assert "to sit on" in told
    assert "neither" in owner.type("typeclass/show Nonsense")


def test_without_a_class_it_is_shown(owner, small_world):
    assert "is of the class" in owner.type("typeclass lamp")
    assert type(small_world.lamp) is DefaultObject


# --- changing


@pytest.mark.defect("V-34")
@pytest.mark.parametrize("path", [PATH, "test_typeclass.Sofa", "Sofa"])
def test_a_change_keeps_what_there_is_runs_the_hook_and_tells(owner, small_world, path):
    lamp = small_world.lamp
    lamp.db.oil = 5
    lamp.tags.add("old")
    told = owner.type(f"typeclass lamp = {path}")
    assert type(lamp) is Sofa
    assert (lamp.db.oil, lamp.db.seats) == (5, 3)
    assert lamp.tags.has("old")
    for part in (f"from perdure.objects.objects.DefaultObject to {PATH}", "at_object_creation", "1 attribute (oil)"):
        assert part in told, part


@pytest.mark.defect("V-34")
@pytest.mark.parametrize("path", ["no.such.Thing", "test_typeclass.Nothing", "Nonsense", "os.path.join", "", "x y"])
def test_a_wrong_path_changes_nothing_and_is_told_shortly(owner, small_world, path):
    told = owner.type(f"typeclass/force lamp = {path}") if path else owner.type("typeclass lamp =")
    assert type(small_world.lamp) is DefaultObject
    assert "Traceback" not in told


@pytest.mark.defect("V-34")
def test_the_same_class_takes_update_or_force(owner, small_world):
    lamp = small_world.lamp
    owner.type("typeclass lamp = Sofa")
    assert "already" in owner.type("typeclass lamp = Sofa")
    assert lamp.db.made == 1
    for line in ("typeclass/update lamp", "update lamp", "typeclass/force lamp = Sofa", "typeclass/update lamp = Sofa"):
        lamp.db.made = 1
        owner.type(line)
        assert lamp.db.made == 2, line


@pytest.mark.defect("V-34")
@pytest.mark.defect("V-36")
def test_reset_asks_shows_what_goes_and_begins_anew(owner, small_world):
    lamp = small_world.lamp
    lamp.db.oil = 5
    lamp.ndb.hot = True
    lamp.tags.add("old")
    told = owner.type("typeclass/reset lamp = Sofa", answers=[False])
    assert "oil" in told.questions[0]
    assert type(lamp) is DefaultObject
    assert lamp.db.oil == 5
    owner.type("typeclass/reset lamp = Sofa", answers=[True])
    assert type(lamp) is Sofa
    assert (lamp.db.oil, lamp.ndb.hot, lamp.db.seats) == (None, None, 3)
    assert lamp.tags.has("old")
    assert lamp.location is small_world.hall
    lamp.db.oil = 6
    assert "already" in owner.type("typeclass/reset lamp = Sofa")
    owner.type("swap lamp = Sofa", answers=[True])
    assert lamp.db.oil is None


@pytest.mark.defect("V-34")
def test_a_hook_that_raises_undoes_the_change(owner, small_world):
    lamp = small_world.lamp
    lamp.db.oil = 5
    from perdure.transactions import transaction

    for line in ("typeclass lamp = Trap", "swap lamp = Trap"):
        with pytest.raises(RuntimeError), transaction():
            owner.type(line, answers="yes")
        assert type(lamp) is DefaultObject
        assert (lamp.db.oil, lamp.db.half) == (5, None)


@pytest.mark.defect("V-34")
def test_it_works_on_accounts_scripts_and_channels(owner, builder):
    account = builder.account
    path = account.typeclass_path
    account.db.color = "red"
    told = owner.type("typeclass/update *Bert")
    assert "at_account_creation" in told
    assert account.db.color == "red"
    owner.type("typeclass/account/force/reset Bert", answers=[True])
    assert account.db.color is None
    assert account.typeclass_path == path
    script = create_script(DefaultScript, key="clock")
    owner.type("typeclass clock = Clockwork")
    assert type(script) is Clockwork
    assert script.db.wound is True
    owner.type("typeclass/script/update clock")
    channel = create_channel("public")
    assert "at_channel_creation" in owner.type("typeclass/channel/update public")
    assert channel.key == "public"


@pytest.mark.defect("V-34")
def test_a_class_of_another_kind_is_refused(owner, builder, small_world):
    assert "no script 'lamp'" in owner.type("typeclass lamp = Clockwork")
    assert "nothing was changed" in owner.type("typeclass/object lamp = Clockwork")
    assert "nothing was changed" in owner.type("typeclass *Bert = Sofa")
    assert type(small_world.lamp) is DefaultObject


def test_a_room_stays_where_it_is(owner, small_world):
    owner.type("typeclass here = Sofa")
    assert type(small_world.hall) is Sofa
    assert small_world.lamp in small_world.hall.contents
    owner.type("typeclass here = objects.objects.DefaultRoom")
    assert type(small_world.hall) is DefaultRoom


@pytest.mark.defect("V-34")
def test_the_list_survives_a_package_that_fails_to_import(owner, game):
    (game / "__init__.py").write_text("this is no Python")
    told = owner.type("typeclass/list")
    assert "unseenclasses: SyntaxError" in told
    assert "DefaultRoom" in told
