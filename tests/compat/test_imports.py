"""`import evennia` and its modules are Perdure's own parts, the very same objects."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import perdure
from perdure import compat
from perdure.compat.finder import DocumentedModule
from perdure.compat.names import MODULES, ROOT
from perdure.errors import ConfigurationError, MissingName, MissingPart

SOURCE = Path(perdure.__file__).parents[1]

#: What the documents and their users write, and what it must be.
WRITTEN = {
    "evennia.accounts.accounts.DefaultAccount": "perdure.accounts.accounts",
    "evennia.accounts.accounts.DefaultGuest": "perdure.accounts.accounts",
    "evennia.accounts.models.AccountDB": "perdure.accounts.models",
    "evennia.accounts.manager.AccountManager": "perdure.accounts.managers",
    "evennia.comms.comms.DefaultChannel": "perdure.channels.channels",
    "evennia.comms.models.ChannelDB": "perdure.channels.models",
    "evennia.comms.models.Msg": "perdure.channels.models",
    "evennia.comms.managers.ChannelManager": "perdure.channels.managers",
    "evennia.locks.lockfuncs.perm": "perdure.locks.lockfuncs",
    "evennia.locks.lockhandler.LockHandler": "perdure.locks",
    "evennia.locks.lockhandler.LockException": "perdure.errors",
    "evennia.objects.objects.DefaultObject": "perdure.objects.objects",
    "evennia.objects.objects.DefaultCharacter": "perdure.objects.objects",
    "evennia.objects.objects.DefaultRoom": "perdure.objects.objects",
    "evennia.objects.objects.DefaultExit": "perdure.objects.objects",
    "evennia.objects.models.ObjectDB": "perdure.objects.models",
    "evennia.objects.manager.ObjectManager": "perdure.objects.managers",
    "evennia.scripts.scripts.DefaultScript": "perdure.scripts.scripts",
    "evennia.scripts.models.ScriptDB": "perdure.scripts.models",
    "evennia.scripts.manager.ScriptManager": "perdure.scripts.managers",
    "evennia.server.models.ServerConfig": "perdure.serverconfig.models",
    "evennia.server.signals.SIGNAL_OBJECT_POST_CREATE": "perdure.signals",
    "evennia.signals.SIGNAL_EXIT_TRAVERSED": "perdure.signals",
    "evennia.typeclasses.attributes.AttributeProperty": "perdure.typeclasses.attributes",
    "evennia.typeclasses.attributes.NickHandler": "perdure.typeclasses.attributes",
    "evennia.typeclasses.managers.TypeclassManager": "perdure.typeclasses.managers",
    "evennia.typeclasses.managers.TypedObjectManager": "perdure.typeclasses.managers",
    "evennia.typeclasses.models.TypedObject": "perdure.typeclasses.models",
    "evennia.typeclasses.models.TypeclassBase": "perdure.typeclasses.models",
    "evennia.typeclasses.tags.Tag": "perdure.typeclasses.tags",
    "evennia.typeclasses.tags.TagProperty": "perdure.typeclasses.tags",
    "evennia.utils.create.create_object": "perdure.create",
    "evennia.utils.create.create_script": "perdure.create",
    "evennia.utils.search.search_object": "perdure.search",
    "evennia.utils.search.search_tag": "perdure.search",
    "evennia.utils.idmapper.models.SharedMemoryModel": "perdure.idmapper.models",
    "evennia.utils.idmapper.models.WeakSharedMemoryModel": "perdure.idmapper.models",
    "evennia.utils.idmapper.models.conditional_flush": "perdure.idmapper.models",
    "evennia.utils.idmapper.manager.SharedMemoryManager": "perdure.idmapper.queryset",
}

pytestmark = pytest.mark.usefixtures("documented_names")


@pytest.mark.parametrize("path", WRITTEN)
def test_a_name_is_the_very_same_object(path: str) -> None:
    module, _, name = path.rpartition(".")
    here = getattr(importlib.import_module(WRITTEN[path]), name)
    assert getattr(importlib.import_module(module), name) is here
    namespace: dict[str, Any] = {}
    exec(f"from {module} import {name}", namespace)
    assert namespace[name] is here


@pytest.mark.parametrize("name", perdure.__all__)
def test_the_flat_names(name: str) -> None:
    import evennia

    if name == "signals":
        assert evennia.signals.SIGNAL_OBJECT_POST_CREATE is perdure.signals.SIGNAL_OBJECT_POST_CREATE
    else:
        assert getattr(evennia, name) is getattr(perdure, name)


def test_values_without_their_containers() -> None:
    from evennia.utils.dbserialize import deserialize

    from perdure.values import plain

    assert deserialize is plain


def test_classes_keep_their_own_module_and_path() -> None:
    from evennia import DefaultObject

    assert DefaultObject.__module__ == "perdure.objects.objects"
    assert DefaultObject.path == "perdure.objects.objects.DefaultObject"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_of_the_table_imports_with_all_its_names(module: str) -> None:
    made = importlib.import_module(module)
    assert isinstance(made, DocumentedModule)
    assert made.__name__ == module
    for name in made.__all__:
        assert getattr(made, name) is not None
        assert name in dir(made)


def test_the_ways_of_importing() -> None:
    import evennia.objects.objects
    import evennia.objects.objects as as_name
    from evennia import objects as package
    from evennia.objects import objects as from_package

    import perdure.objects.objects as ours

    assert evennia.objects.objects is as_name is from_package is package.objects
    assert sys.modules["evennia.objects.objects"] is as_name
    assert as_name.DefaultRoom is ours.DefaultRoom
    namespace: dict[str, Any] = {}
    exec("from evennia.objects.objects import *", namespace)
    assert namespace["DefaultExit"] is ours.DefaultExit
    exec("from evennia import *", namespace)
    assert namespace["create_object"] is perdure.create_object


def test_reloading() -> None:
    import evennia.objects.objects as before

    known = before.DefaultObject
    after = importlib.reload(before)
    assert after is before
    assert after.DefaultObject is known
    assert importlib.reload(sys.modules[ROOT]).DefaultObject is known


def test_a_module_that_is_missing_says_so() -> None:
    with pytest.raises(MissingPart, match=r"Perdure has no evennia\.contrib \(yet\)"):
        importlib.import_module("evennia.contrib")
    with pytest.raises(ImportError, match=r"Perdure has no evennia\.prototypes \(yet\)"):
        from evennia import prototypes  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"no evennia\.utils\.evtable"):
        from evennia.utils.evtable import EvTable  # noqa: F401


def test_a_name_that_is_missing_says_so() -> None:
    import evennia
    import evennia.objects.objects

    with pytest.raises(MissingName, match=r"Perdure has no evennia\.EvMenu \(yet\)"):
        evennia.EvMenu  # noqa: B018
    with pytest.raises(AttributeError, match=r"no evennia\.objects\.objects\.Nonesuch"):
        evennia.objects.objects.Nonesuch  # noqa: B018
    with pytest.raises(ImportError, match=r"no evennia\.objects\.objects\.Nonesuch"):
        from evennia.objects.objects import Nonesuch  # noqa: F401
    assert not hasattr(evennia, "contrib")


def test_only_public_names_are_handed_on() -> None:
    import evennia.objects.objects as module

    for name in ("transaction", "_private", "annotations", "__secret__"):
        assert not hasattr(module, name)


def test_other_modules_are_left_alone() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'evenniax'"):
        importlib.import_module("evenniax")


def test_uninstalling_and_installing_again() -> None:
    compat.uninstall()
    compat.uninstall()
    assert not compat.installed()
    assert not [name for name in sys.modules if name.split(".")[0] == ROOT]
    with pytest.raises(ModuleNotFoundError, match="No module named 'evennia'"):
        importlib.import_module(ROOT)
    compat.install()
    compat.install()
    assert importlib.import_module(ROOT).DefaultObject is perdure.DefaultObject


# --- paths of classes, as text


def test_paths_are_translated() -> None:
    assert compat.translate("evennia.objects.objects.DefaultRoom") == "perdure.objects.objects.DefaultRoom"
    assert compat.translate("evennia.comms.comms.DefaultChannel") == "perdure.channels.channels.DefaultChannel"
    assert compat.translate("evennia.DefaultRoom") == "perdure.objects.objects.DefaultRoom"
    assert compat.translate("typeclasses.rooms.Room") == "typeclasses.rooms.Room"
    assert compat.translate("evennia.nonesuch.Thing") == "evennia.nonesuch.Thing"
    assert compat.translate("Thing") == "Thing"


@pytest.mark.django_db
def test_a_class_may_be_given_by_the_documents_path_and_is_stored_by_ours() -> None:
    room = perdure.create_object("evennia.objects.objects.DefaultRoom", key="Hall")
    assert type(room) is perdure.DefaultRoom
    assert room.db_typeclass_path == "perdure.objects.objects.DefaultRoom"
    assert room.is_typeclass("evennia.objects.objects.DefaultRoom", exact=True)
    assert room.is_typeclass("evennia.objects.objects.DefaultObject")
    assert not room.is_typeclass("evennia.objects.objects.DefaultExit")
    room.swap_typeclass("evennia.objects.objects.DefaultObject")
    assert type(room) is perdure.DefaultObject


# --- the setting


@pytest.mark.parametrize(("setting", "expected"), [(None, True), (True, True), (False, False)])
def test_the_setting_where_the_real_package_is_not_installed(settings: Any, setting: Any, expected: bool) -> None:
    compat.uninstall()
    settings.EVENNIA_IMPORTS = setting
    compat.install_if_wanted()
    assert compat.installed() is expected


@pytest.fixture
def real_package(documented_names: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something else that answers for the name."""
    (tmp_path / "evennia").mkdir()
    (tmp_path / "evennia" / "__init__.py").write_text("REAL = True\n")
    compat.uninstall()
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("real_package")
@pytest.mark.parametrize(("setting", "ours"), [(None, False), (True, True), (False, False)])
def test_the_setting_where_it_is(settings: Any, setting: Any, ours: bool) -> None:
    settings.EVENNIA_IMPORTS = setting
    compat.install_if_wanted()
    module = importlib.import_module(ROOT)
    assert isinstance(module, DocumentedModule) is ours
    assert getattr(module, "REAL", False) is not ours
    sys.modules.pop(ROOT)


@pytest.mark.usefixtures("real_package")
def test_the_real_package_cannot_be_replaced_once_imported(settings: Any) -> None:
    importlib.import_module(ROOT)
    settings.EVENNIA_IMPORTS = True
    with pytest.raises(ConfigurationError, match="has been imported already"):
        compat.install_if_wanted()
    sys.modules.pop(ROOT)


def test_before_set_up_a_name_says_what_to_do() -> None:
    code = "import perdure.compat; perdure.compat.install(); from evennia import DefaultObject"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1
    assert "perdure.setup()" in done.stderr
