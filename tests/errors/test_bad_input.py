"""Bad input gives one clear error of the catalogue, which says what, where, why and what to do; and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from perdure import errors
from perdure.transactions import transaction

pytestmark = pytest.mark.django_db


class Unknown:
    """No type that anybody knows how to store."""


def in_a_row(world: Any, **wrong: Any) -> Any:
    from perdure.create import create_objects

    return create_objects("perdure.objects.objects.DefaultObject", [{"key": "fine"}, {"key": "wrong", **wrong}])


def second_class(world: Any) -> None:
    from perdure.objects.objects import DefaultObject

    type(DefaultObject)("DefaultRoom", (DefaultObject,), {"__module__": "elsewhere"})


def created(world: Any, **arguments: Any) -> Any:
    from perdure.create import create_object

    return create_object(**{"typeclass": "perdure.objects.objects.DefaultObject", "key": "new", **arguments})


def script_created(world: Any, **arguments: Any) -> Any:
    from perdure.create import create_script

    return create_script(**{"typeclass": "perdure.scripts.scripts.DefaultScript", "key": "new", **arguments})


def objects() -> Any:
    from perdure.objects.objects import DefaultObject

    return DefaultObject.objects


def assigned(name: str, value: Any) -> Callable[[Any], None]:
    return lambda world: setattr(world.lamp.db, name, value)


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append({"again": value})
    return value


def field_saved(world: Any) -> None:
    world.lamp.db_key = "  "
    world.lamp.save()


# what is done, the error, and what its message has to say
CASES: dict[str, tuple[Callable[[Any], Any], type[Exception], tuple[str, ...]]] = {
    "a blank key in the field": (field_saved, errors.InvalidArgument, ("key", "non-blank", "db_key")),
    # a class path that is wrong
    "class of no module": (
        lambda w: created(w, typeclass="typeclasses.nowhere.Nothing"),
        errors.TypeclassNotFound,
        ("typeclasses.nowhere.Nothing",),
    ),
    "class of another name": (
        lambda w: created(w, typeclass="perdure.objects.objects.DefaultObjekt"),
        errors.TypeclassNotFound,
        ("perdure.objects.objects.DefaultObjekt",),
    ),
    "class path that is no path": (
        lambda w: created(w, typeclass="not a path!"),
        errors.TypeclassNotFound,
        ("not a path!",),
    ),
    "class path of a function": (
        lambda w: created(w, typeclass="os.system"),
        errors.TypeclassNotFound,
        ("os.system",),
    ),
    "swap to no class": (
        lambda w: w.lamp.swap_typeclass("typeclasses.nowhere.Nothing"),
        errors.TypeclassNotFound,
        ("typeclasses.nowhere.Nothing",),
    ),
    "row with a wrong class": (
        lambda w: in_a_row(w, typeclass="typeclasses.nowhere.Nothing"),
        errors.TypeclassNotFound,
        ("typeclasses.nowhere.Nothing",),
    ),
    # a class of another kind of entity
    "object of a script class": (
        lambda w: created(w, typeclass="perdure.scripts.scripts.DefaultScript"),
        errors.WrongFamily,
        ("DefaultScript", "ObjectDB"),
    ),
    "script of an object class": (
        lambda w: script_created(w, typeclass="perdure.objects.objects.DefaultRoom"),
        errors.WrongFamily,
        ("DefaultRoom", "ScriptDB"),
    ),
    "swap to another kind": (
        lambda w: w.lamp.swap_typeclass("perdure.scripts.scripts.DefaultScript"),
        errors.WrongFamily,
        ("DefaultScript",),
    ),
    # a class name that is taken
    "second class of a name": (
        second_class,
        errors.DuplicateTypeclass,
        ("DefaultRoom", "perdure.objects.objects", "elsewhere", "UNIQUE_TYPECLASS_NAMES"),
    ),
    # a value that cannot be stored
    "value of an unknown type": (assigned("x", Unknown()), errors.UnstorableValue, ("Unknown", "register_value_type")),
    "value deep inside": (
        assigned("oil", {"sword": [1, {"edge": Unknown()}]}),
        errors.UnstorableValue,
        ("['sword'][1]['edge']", "Unknown"),
    ),
    "function as a value": (assigned("x", len), errors.UnstorableValue, ("builtin_function_or_method",)),
    "file as a value": (assigned("x", sys.stdout), errors.UnstorableValue, ()),
    "value that holds itself": (assigned("x", cyclic()), errors.UnstorableValue, ("x[0]['again']",)),
    "container grows by one": (lambda w: w.lamp.db.seen.append([Unknown()]), errors.UnstorableValue, ("Unknown",)),
    "container at depth": (lambda w: w.lamp.db.seen[1].update(z=Unknown()), errors.UnstorableValue, ("Unknown",)),
    "value of a new object": (
        lambda w: created(w, attributes={"ok": 1, "x": [Unknown()]}),
        errors.UnstorableValue,
        ("Unknown",),
    ),
    "value of a row": (lambda w: in_a_row(w, attributes={"x": Unknown()}), errors.UnstorableValue, ("Unknown",)),
    "unsaved object as a value": (lambda w: setattr(w.lamp.db, "x", [unsaved()]), errors.UnsavedObject, ("save()",)),
    # a lock that is malformed
    "lock that does not close": (
        lambda w: w.lamp.locks.add("get:all();view:perm(Admin"),
        errors.LockException,
        ("get:all();view:perm(Admin", "^"),
    ),
    "lock with a function nobody has": (
        lambda w: w.lamp.locks.add("get:nobody_has_this()"),
        errors.LockException,
        ("nobody_has_this", "^"),
    ),
    "lock without an access type": (lambda w: w.lamp.locks.add("all()"), errors.LockException, ("^",)),
    "lock of a new object": (lambda w: created(w, locks="get:("), errors.LockException, ("get:(", "^")),
    "lock of an attribute": (
        lambda w: w.lamp.attributes.add("y", 1, lockstring="attrread:perm("),
        errors.LockException,
        ("attrread:perm(", "^"),
    ),
    "default lock replaced": (lambda w: w.lamp.locks.replace("get:all() or"), errors.LockException, ("^",)),
    # a key that is blank
    "blank attribute": (lambda w: w.lamp.attributes.add(" ", 1), errors.InvalidKey, ("attribute", "blank")),
    "attribute key of another type": (lambda w: w.lamp.attributes.add(["hp"], 1), errors.InvalidKey, ("list",)),
    "blank tag": (lambda w: w.lamp.tags.add("  "), errors.InvalidKey, ("blank",)),
    "blank alias": (lambda w: w.lamp.aliases.add(""), errors.InvalidKey, ("blank",)),
    "blank name": (lambda w: setattr(w.lamp, "key", "  "), errors.InvalidArgument, ("blank",)),
    "blank name of a new object": (lambda w: created(w, key="  "), errors.InvalidArgument, ("blank",)),
    "blank nick": (lambda w: w.lamp.nicks.add("", "x"), errors.PerdureError, ()),
    "long key": (lambda w: w.lamp.attributes.add("x" * 300, 1), errors.InvalidKey, ("255",)),
    # an attribute look-up that nobody knows
    "unknown look-up": (
        lambda w: list(objects().filter_attributes(oil__near=5)),
        errors.UnknownLookup,
        ("oil", "near"),
    ),
    "look-up of an unstorable value": (
        lambda w: list(objects().filter_attributes(oil=Unknown())),
        errors.PerdureError,
        ("Unknown",),
    ),
    "look-up that cannot be answered": (
        lambda w: list(objects().filter_attributes(seen__gt=[1])),
        errors.UnknownLookup,
        ("seen",),
    ),
    # arguments of other kinds
    "location that is not there": (
        lambda w: created(w, location="#99999"),
        errors.EntityNotFound,
        ("location", "#99999"),
    ),
    "location of another kind": (lambda w: created(w, location=w.watch), errors.InvalidArgument, ("location",)),
    "attributes of a wrong form": (
        lambda w: created(w, attributes=[("only",)]),
        errors.InvalidArgument,
        ("attributes",),
    ),
    "location inside itself": (lambda w: setattr(w.lamp, "location", w.box), errors.MoveLoop, ()),
    "interval of a script": (lambda w: script_created(w, interval="often"), errors.InvalidArgument, ("interval",)),
    "name of an account": (lambda w: account_created("ARIADNE"), errors.NameTaken, ("ARIADNE",)),
    "name of a channel": (lambda w: channel_created("public"), errors.NameTaken, ("public",)),
    "blank name of a channel": (lambda w: channel_created(" "), errors.InvalidKey, ("blank",)),
    "handler overwritten": (lambda w: setattr(w.lamp, "tags", []), errors.ReadOnlyProperty, ("tags",)),
}


def unsaved() -> Any:
    from perdure.objects.objects import DefaultObject

    return DefaultObject(db_key="draft")


def account_created(name: str) -> Any:
    from perdure.create import create_account

    return create_account(name, email="", password="a-clew-of-thread")


def channel_created(name: str) -> Any:
    from perdure.create import create_channel

    return create_channel(name)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a transaction"])
def test_bad_input_is_refused_and_changes_nothing(case: str, inside: bool, world: Any, picture: Any) -> None:
    act, error, parts = CASES[case]
    before = picture()
    if inside:
        with transaction(), pytest.raises(error) as raised:
            act(world)
    else:
        with pytest.raises(error) as raised:
            act(world)
    assert picture() == before
    message = str(raised.value)
    assert isinstance(raised.value, errors.PerdureError)
    for part in parts:
        assert part in message, message
    assert len(message) > 25, "the message says too little"
    # Memory said what the database holds; it still does when it is read anew.
    for entity in world.all:
        entity.refresh_from_db()
    assert picture() == before


DELETED: dict[str, Callable[[Any], Any]] = {
    "attribute written": lambda lamp: setattr(lamp.db, "oil", 5),
    "attribute read": lambda lamp: lamp.db.oil,
    "attribute added": lambda lamp: lamp.attributes.add("x", 1),
    "tag": lambda lamp: lamp.tags.add("x"),
    "alias": lambda lamp: lamp.aliases.add("x"),
    "permission": lambda lamp: lamp.permissions.add("Admin"),
    "lock": lambda lamp: lamp.locks.add("get:false()"),
    "nick": lambda lamp: lamp.nicks.add("x", "y"),
    "field": lambda lamp: setattr(lamp, "key", "x"),
    "field read": lambda lamp: lamp.key,
    "save": lambda lamp: lamp.save(),
    "refresh": lambda lamp: lamp.refresh_from_db(),
    "swap": lambda lamp: lamp.swap_typeclass("perdure.objects.objects.DefaultRoom"),
    "copy": lambda lamp: lamp.copy(),
    "location": lambda lamp: setattr(lamp, "location", None),
}


@pytest.mark.parametrize("case", DELETED)
def test_a_deleted_object_says_so(case: str, world: Any, picture: Any) -> None:
    lamp = world.lamp
    world.box.location = world.hall
    assert lamp.delete()
    before = picture()
    with pytest.raises(errors.DeletedObject, match=f"#{lamp.pk}"):
        DELETED[case](lamp)
    assert picture() == before


OTHERS: dict[str, Callable[[Any, Any], Any]] = {
    "a deleted location": lambda world, gone: setattr(world.box, "location", gone),
    "a deleted value": lambda world, gone: setattr(world.box.db, "x", [gone]),
    "a deleted home": lambda world, gone: created(world, home=gone),
    "a deleted host": lambda world, gone: script_created(world, obj=gone),
    "a deleted destination": lambda world, gone: created(world, destination=gone),
    "a deleted listener": lambda world, gone: world.channel.connect(gone),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_deleted_object_cannot_be_given_to_another(case: str, world: Any, picture: Any) -> None:
    world.box.location = world.hall
    assert world.lamp.delete()
    before = picture()
    with pytest.raises(errors.PerdureError, match=f"#{world.lamp.pk}"):
        OTHERS[case](world, world.lamp)
    assert picture() == before


MISSING: dict[str, Callable[[Any], Any]] = {
    name: DELETED[name]
    for name in ("attribute written", "attribute added", "tag", "alias", "lock", "field", "save", "nick")
}


@pytest.mark.parametrize("case", [*MISSING, "delete"])
def test_an_object_whose_class_is_missing_keeps_what_it_has(case: str, world: Any, picture: Any) -> None:
    from perdure.idmapper.models import flush_cache
    from perdure.objects.models import ObjectDB

    pk, world.all = world.box.pk, [one for one in world.all if one is not world.box]
    world.box.db.kept = [1]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE objects_objectdb SET db_typeclass_path = 'lost.module.Box' WHERE id = %s", [pk])
    world.box.flush_from_cache(force=True)
    world.lamp.contents_cache.clear()
    del world.box
    flush_cache()
    box = ObjectDB.objects.get(pk=pk)
    world.all.append(box)
    before = picture()
    assert (box.key, box.db.kept) == ("box", [1])
    act = MISSING.get(case, lambda lost: lost.delete())
    with pytest.raises(errors.TypeclassUnavailable, match=r"lost\.module\.Box") as raised:
        act(box)
    assert f"#{pk}" in str(raised.value)
    assert picture() == before


def test_a_move_into_itself_is_refused_and_told(world: Any, picture: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(type(world.lamp), "msg", lambda self, text=None, **kwargs: told.append(str(text)))
    before = picture()
    assert not world.lamp.move_to(world.box)
    assert len(told) == 1
    assert picture() == before


def test_no_game_directory(tmp_path: Path) -> None:
    from perdure.bootstrap import find_game_directory

    with pytest.raises(errors.NoGameDirectory, match="perdure init") as raised:
        find_game_directory(tmp_path)
    assert str(tmp_path) in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_an_old_schema(world: Any, picture: Any) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    from perdure.bootstrap import check_schema

    MigrationRecorder(connection).record_unapplied("objects", "0001_initial")
    before = picture()
    with pytest.raises(errors.SchemaOutdated, match=r"objects\.0001_initial.*perdure migrate"):
        check_schema()
    assert picture() == before
