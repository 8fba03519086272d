from __future__ import annotations

import sys
import textwrap

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.state import ProjectState

from perdure.conf import conf
from perdure.errors import DuplicateTypeclass, TypeclassNotFound, TypeclassUnavailable, WrongFamily
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultObject
from perdure.scripts.models import ScriptDB
from perdure.scripts.scripts import DefaultScript
from perdure.typeclasses import registry
from perdure.typeclasses.missing import MissingTypeclass, missing_instances
from tests.typeclasses.making import forget, keys, make

pytestmark = pytest.mark.django_db


class RegThing(DefaultObject):
    def at_object_creation(self):
        self.db.made = True


class RegBase(DefaultObject):
    pass


class RegScript(DefaultScript):
    pass


def define(name, *bases, module=__name__, **body):
    """A typeclass made at run time."""
    return type(bases[0])(name, bases, {"__module__": module, **body})


@pytest.fixture
def game(tmp_path, monkeypatch, settings):
    """Writes modules of a package `regame` that TYPECLASS_PATHS names."""
    package = tmp_path / "regame"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.TYPECLASS_PATHS = ("regame", "perdure")

    def write(module, text):
        (package / f"{module}.py").write_text(textwrap.dedent(text))
        sys.modules.pop(f"regame.{module}", None)

    yield write
    for name in [name for name in sys.modules if name == "regame" or name.startswith("regame.")]:
        del sys.modules[name]
    for known in (registry._by_path, registry._aliases):
        for path in [path for path in known if path.startswith("regame.")]:
            del known[path]


def store_path(obj, path):
    """Write a stored path past everything, as another process would."""
    with connection.cursor() as cursor:
        table = obj.__dbclass__._meta.db_table
        cursor.execute(f"UPDATE {table} SET db_typeclass_path = %s WHERE id = %s", [path, obj.pk])


# --- names


@pytest.mark.defect("H-13")
@pytest.mark.defect("T-17")
def test_two_typeclasses_of_one_name_are_refused_and_both_modules_named():
    define("RegTwin", DefaultObject, module="reg.first")
    with pytest.raises(DuplicateTypeclass, match=r"reg\.first.*reg\.second.*UNIQUE_TYPECLASS_NAMES") as refused:
        define("RegTwin", DefaultObject, module="reg.second")
    assert isinstance(refused.value, RuntimeError)
    assert registry.find("reg.second.RegTwin", ObjectDB) is None


@pytest.mark.defect("T-17")
def test_the_same_name_in_another_family_or_another_case_is_no_clash():
    define("RegShared", DefaultObject, module="reg.first")
    define("RegShared", DefaultScript, module="reg.second")
    define("Regshared", DefaultObject, module="reg.third")
    assert registry.find("reg.second.RegShared", ScriptDB).__dbclass__ is ScriptDB


@pytest.mark.defect("H-13")
@pytest.mark.defect("T-17")
def test_the_rule_of_unique_names_can_be_lifted(settings, db):
    settings.UNIQUE_TYPECLASS_NAMES = False
    first = define("RegDouble", DefaultObject, module="reg.first")
    second = define("RegDouble", DefaultObject, module="reg.second")
    make(first, "a")
    make(second, "b")
    assert keys(first.objects.all()) == ["a"]
    assert keys(second.objects.all()) == ["b"]


def test_a_class_defined_again_replaces_the_first():
    first = define("RegAgain", DefaultObject)
    second = define("RegAgain", DefaultObject)
    assert registry.find(first.path, ObjectDB) is second


# --- classes that cannot be


@pytest.mark.defect("T-4")
def test_classes_of_two_families_do_not_mix():
    with pytest.raises(WrongFamily, match="ObjectDB, ScriptDB"):
        define("RegMixed", DefaultObject, DefaultScript)
    assert issubclass(WrongFamily, TypeError)


def test_a_typeclass_with_a_database_field_is_refused():
    with pytest.raises(TypeError, match=r"RegFielded.*AttributeProperty"):
        define("RegFielded", DefaultObject, extra=models.IntegerField(default=0))


def test_several_typeclasses_of_one_family_and_mixins_mix():
    class Mixin:
        def greet(self):
            return f"hello {self.db_key}"

    left, right = define("RegLeft", RegBase), define("RegRight", RegBase)
    both = define("RegBoth", Mixin, left, right)
    obj = make(both, "both")
    assert type(obj) is both
    assert obj.greet() == "hello both"
    assert obj.is_typeclass(left)
    assert obj.is_typeclass(right.path)
    assert not obj.is_typeclass(left, exact=True)
    assert both._meta.concrete_model is ObjectDB


def test_a_meta_of_its_own_needs_no_app_label():
    class Meta:
        verbose_name = "regular thing"

    cls = define("RegMeta", DefaultObject, Meta=Meta)
    assert cls._meta.proxy
    assert cls._meta.app_label == "objects"
    assert cls._meta.verbose_name == "regular thing"


# --- finding classes


def test_classes_are_resolved_by_class_path_and_short_path(game):
    game("things", "from perdure.objects.objects import DefaultObject\nclass RegShort(DefaultObject): pass\n")
    assert registry.resolve(RegThing, ObjectDB) is RegThing
    assert registry.resolve(RegThing.path, ObjectDB) is RegThing
    found = registry.resolve("things.RegShort", ObjectDB)
    assert found.path == "regame.things.RegShort"
    assert registry.resolve("objects.objects.DefaultCharacter", ObjectDB) is DefaultCharacter


def test_an_object_made_by_a_short_path_stores_the_full_one(game, db):
    game("things", "from perdure.objects.objects import DefaultObject\nclass RegShort2(DefaultObject): pass\n")
    obj = ObjectDB(db_key="short", typeclass="things.RegShort2")
    obj.save()
    assert obj.db_typeclass_path == "regame.things.RegShort2"
    assert obj.is_typeclass("things.RegShort2", exact=True)


@pytest.mark.parametrize("path", ["nodots", "", "regame.nothing.Nothing", "os.path.join", "sys.modules"])
def test_a_path_that_is_no_typeclass_is_refused_and_says_what_was_tried(game, path):
    with pytest.raises(TypeclassNotFound) as refused:
        registry.resolve(path, ObjectDB)
    assert isinstance(refused.value, ImportError)
    assert repr(path) in str(refused.value)


def test_a_path_outside_of_the_project_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "regforeign.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TypeclassNotFound, match="TYPECLASS_PATHS"):
        registry.load("regforeign.Klass", ObjectDB)
    assert "regforeign" not in sys.modules


def test_a_module_that_fails_to_import_is_reported_with_its_error(game):
    game("broken", "1 / 0\n")
    with pytest.raises(TypeclassNotFound, match="ZeroDivisionError"):
        registry.resolve("broken.Klass", ObjectDB)
    assert isinstance(registry.import_typeclass_modules()["regame.broken"], ZeroDivisionError)


@pytest.mark.defect("H-15")
def test_all_modules_of_the_project_are_imported(game):
    game("corner", "from perdure.objects.objects import DefaultObject\nclass RegCorner(DefaultObject): pass\n")
    assert registry.import_typeclass_modules() == {}
    assert registry.find("regame.corner.RegCorner", ObjectDB) is not None


# --- the class of an instance


@pytest.mark.defect("T-8")
def test_a_class_object_can_be_given_as_typeclass(db):
    obj = ObjectDB(db_key="given", typeclass=RegThing)
    assert type(obj) is RegThing
    obj.save()
    assert obj.db_typeclass_path == RegThing.path
    assert obj.db.made


@pytest.mark.defect("T-8")
def test_a_bad_typeclass_is_refused_when_given(db):
    before = ObjectDB.objects.count()
    with pytest.raises(TypeclassNotFound):
        ObjectDB(db_key="x", typeclass="typeclasses.nothing.Nothing")
    with pytest.raises(WrongFamily):
        ObjectDB(db_key="x", typeclass=RegScript)
    with pytest.raises(WrongFamily):
        ObjectDB(db_key="x", typeclass=5)
    assert ObjectDB.objects.count() == before


@pytest.mark.defect("T-10")
@pytest.mark.django_db(transaction=True)
def test_a_class_that_cannot_be_imported_by_path_works():
    class RegLocal(DefaultObject):
        def at_object_creation(self):
            self.db.created_by = "RegLocal"

    obj = make(RegLocal, "local")
    pk = obj.pk
    assert type(obj) is RegLocal
    assert obj.db.created_by == "RegLocal"
    del obj
    forget(ObjectDB)
    assert type(ObjectDB.objects.get(pk=pk)) is RegLocal


@pytest.mark.defect("T-13")
def test_an_instance_of_the_base_model_gets_the_default_class_and_its_hooks(db, settings):
    settings.BASE_OBJECT_TYPECLASS = RegThing.path
    obj = ObjectDB(db_key="bare")
    obj.save()
    assert type(obj) is RegThing
    assert obj.db_typeclass_path == RegThing.path
    assert obj.db.made


@pytest.mark.defect("T-13")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [None, "", ObjectDB.path])
def test_a_row_without_a_path_loads_as_the_default_class(settings, path):
    settings.BASE_OBJECT_TYPECLASS = RegBase.path
    obj = make(RegThing, "pathless")
    pk = obj.pk
    store_path(obj, path)
    del obj
    forget(ObjectDB)
    assert type(ObjectDB.objects.get(pk=pk)) is RegBase


@pytest.mark.defect("T-14")
def test_a_bulk_update_of_the_path_changes_live_instances(db):
    obj = make(RegThing, "thing")
    ObjectDB.objects.filter(pk=obj.pk).update(db_typeclass_path=RegBase.path)
    assert type(obj) is RegBase
    assert list(RegBase.objects.all()) == [obj]
    obj.db_key = "renamed"
    obj.save()
    assert ObjectDB.objects.filter(pk=obj.pk).values_list("db_typeclass_path", flat=True).get() == RegBase.path


@pytest.mark.defect("T-15")
def test_bulk_create_runs_the_hooks(db):
    created = RegThing.objects.bulk_create([RegThing(db_key="a"), RegThing(db_key="b")])
    single = RegThing.objects.create(db_key="c")
    for obj in (*created, single):
        assert obj.db.made
        assert obj.db_lock_storage
        assert type(obj) is RegThing


def test_every_route_to_a_row_gives_its_own_class(db):
    obj = make(RegThing, "thing")
    assert ObjectDB.objects.get(pk=obj.pk) is obj
    assert DefaultObject.unscoped.get(pk=obj.pk) is obj
    with pytest.raises(RegBase.DoesNotExist):
        RegBase.objects.get(pk=obj.pk)


# --- rows whose class is missing


MISSING_PATH = "regame.lost.RegLost"


@pytest.fixture
def lost(game, transactional_db):
    """The id of an object of a class that is not there any more."""
    registry._by_path.pop(MISSING_PATH, None)
    registry._aliases.pop(MISSING_PATH, None)
    game("lost", "from perdure.objects.objects import DefaultObject\nclass RegLost(DefaultObject): pass\n")
    cls = registry.resolve(MISSING_PATH, ObjectDB)
    obj = make(cls, "lost", {"worth": 5, "bag": [1]}, tags=["old"])
    pk = obj.pk
    game("lost", "")
    del registry._by_path[MISSING_PATH], obj, cls
    forget(ObjectDB)
    return pk


@pytest.mark.defect("H-12")
@pytest.mark.defect("T-9")
def test_a_missing_class_gives_a_placeholder_of_the_configured_class(lost, settings):
    settings.BASE_OBJECT_TYPECLASS = RegBase.path
    obj = ObjectDB.objects.get(pk=lost)
    assert isinstance(obj, MissingTypeclass)
    assert isinstance(obj, RegBase)
    assert obj.missing_path == MISSING_PATH
    assert "no typeclass 'RegLost'" in obj.missing_reason
    assert obj in missing_instances()


@pytest.mark.defect("T-9")
def test_a_placeholder_is_of_the_family_of_its_table(game, transactional_db):
    script = make(RegScript, "timer")
    store_path(script, "regame.gone.RegGone")
    pk = script.pk
    del script
    forget(ScriptDB)
    found = ScriptDB.objects.get(pk=pk)
    assert isinstance(found, MissingTypeclass)
    assert isinstance(found, DefaultScript)


@pytest.mark.defect("T-18")
def test_a_placeholder_keeps_and_shows_all_data(lost):
    obj = ObjectDB.objects.get(pk=lost)
    assert (obj.key, obj.db.worth, obj.db.bag, obj.tags.all()) == ("lost", 5, [1], ["old"])
    assert obj.db_typeclass_path == MISSING_PATH
    assert list(ObjectDB.objects.filter_attributes(worth=5)) == [obj]


@pytest.mark.parametrize(
    "write",
    [
        lambda obj: setattr(obj, "key", "new"),
        lambda obj: obj.attributes.add("worth", 6),
        lambda obj: setattr(obj.db, "worth", 6),
        lambda obj: obj.db.bag.append(2),
        lambda obj: obj.tags.add("new"),
        lambda obj: obj.tags.remove("old"),
        lambda obj: obj.save(),
        lambda obj: obj.delete(),
    ],
    ids=["key", "attributes.add", "db", "append", "tags.add", "tags.remove", "save", "delete"],
)
@pytest.mark.defect("T-18")
def test_a_placeholder_refuses_writes_and_names_the_path(lost, write):
    obj = ObjectDB.objects.get(pk=lost)
    with pytest.raises(TypeclassUnavailable, match=r"regame\.lost\.RegLost"):
        write(obj)
    obj = ObjectDB.objects.get(pk=lost)
    assert (obj.key, obj.db.worth, obj.db.bag, obj.tags.all()) == ("lost", 5, [1], ["old"])


@pytest.mark.defect("H-12")
@pytest.mark.defect("T-18")
def test_a_placeholder_heals_when_its_class_is_defined(lost):
    obj = ObjectDB.objects.get(pk=lost)
    calls = []
    cls = define("RegLost", DefaultObject, module="regame.lost", at_init=lambda self: calls.append(self.pk))
    assert type(obj) is cls
    assert calls == [lost]
    obj.db.worth = 6
    assert obj.db.worth == 6
    assert missing_instances() == []


@pytest.mark.defect("T-18")
def test_a_placeholder_can_be_swapped_to_another_class_or_refuses_to(lost):
    obj = ObjectDB.objects.get(pk=lost)
    obj.swap_typeclass(RegBase, run_start_hooks=None)
    assert type(obj) is RegBase
    assert obj.db.worth == 5
    obj.db.worth = 6
    assert obj.db.worth == 6


@pytest.mark.defect("T-18")
def test_a_renamed_class_takes_its_old_rows_by_an_alias(lost):
    cls = define("RegFound", DefaultObject, typeclass_aliases=(MISSING_PATH,))
    obj = ObjectDB.objects.get(pk=lost)
    assert type(obj) is cls
    assert list(cls.objects.all()) == [obj]
    assert list(cls.objects.all_family()) == [obj]
    obj.db.worth = 7
    assert obj.db.worth == 7


@pytest.mark.defect("T-18")
def test_an_alias_heals_live_placeholders(lost):
    obj = ObjectDB.objects.get(pk=lost)
    assert isinstance(obj, MissingTypeclass)
    cls = define("RegHealer", DefaultObject, typeclass_aliases=(MISSING_PATH,))
    assert type(obj) is cls


@pytest.mark.defect("T-4")
def test_a_row_with_the_path_of_another_family_gets_a_placeholder(transactional_db):
    obj = make(RegThing, "thing")
    pk = obj.pk
    store_path(obj, RegScript.path)
    del obj
    forget(ObjectDB)
    found = ObjectDB.objects.get(pk=pk)
    assert isinstance(found, MissingTypeclass)
    assert found.__dbclass__ is ObjectDB
    assert "ScriptDB" in found.missing_reason


@pytest.mark.defect("T-4")
def test_a_path_of_another_family_cannot_be_assigned(db):
    obj = make(RegThing, "thing")
    with pytest.raises(WrongFamily):
        obj.typeclass_path = RegScript.path
    obj.db_typeclass_path = RegScript.path
    with pytest.raises(WrongFamily):
        obj.save()
    assert obj.db_typeclass_path == RegThing.path
    assert type(obj) is RegThing


def test_assigning_the_path_changes_the_class(db):
    obj = make(RegThing, "thing")
    obj.typeclass_path = RegBase.path
    assert type(obj) is RegBase
    assert ObjectDB.objects.filter(pk=obj.pk).values_list("db_typeclass_path", flat=True).get() == RegBase.path


# --- migrations


@pytest.mark.defect("T-16")
def test_typeclasses_never_make_a_migration(db):
    before = ProjectState.from_apps(apps)
    cls = define("RegMigrated", DefaultObject)
    make(cls, "m")
    define("RegMigratedScript", DefaultScript)
    after = ProjectState.from_apps(apps)
    assert MigrationAutodetector(before, after).changes(MigrationGraph()) == {}
    assert cls not in apps.get_models()
    names = {name for _, name in after.models}
    assert "objectdb" in names
    assert not {known.__name__.lower() for known in registry.all_typeclasses()} & names


@pytest.mark.defect("T-16")
def test_makemigrations_has_nothing_to_do(db, settings):
    settings.MIGRATION_MODULES = {}  # also when the run itself goes without migrations
    define("RegUnmigrated", DefaultObject)
    define("RegUnmigratedScript", DefaultScript)
    call_command("makemigrations", "typeclasses", "objects", "scripts", check=True, dry_run=True, verbosity=0)


def test_the_default_class_is_the_projects(settings):
    settings.BASE_OBJECT_TYPECLASS = RegBase.path
    assert registry.default_class(ObjectDB) is RegBase
    assert RegBase.path == conf.BASE_OBJECT_TYPECLASS
