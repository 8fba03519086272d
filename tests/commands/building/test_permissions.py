"""What a builder may not change stays as it is, whatever command is used."""

from __future__ import annotations

import pytest
from django.core import serializers

from perdure.accounts.models import AccountAttribute, AccountDB
from perdure.channels.models import ChannelAttribute, ChannelDB
from perdure.commands.default.editing import EditingCommand
from perdure.create import create_channel, create_script
from perdure.objects.models import ObjectAttribute, ObjectDB
from perdure.scripts.models import ScriptAttribute, ScriptDB
from perdure.scripts.scripts import DefaultScript
from perdure.transactions import unit_of_work
from perdure.typeclasses.models import TypedObject

CLOSED = "control:false();edit:false();delete:false();teleport:false();teleport_here:false()"

#: Every command that changes something, in each of its forms, on things that the builder may not change.
MUTATING = [
    "alias lamp = x",
    "alias lamp =",
    "alias/category lamp = x:y",
    "alias/delete lamp = light",
    "copy lamp",
    "copy lamp = other",
    "cpattr key/worth = lamp",
    "cpattr/move lamp/oil = key",
    "mvattr lamp/oil = key",
    "mvattr key/worth = lamp",
    "mvattr/copy key/worth = lamp",
    "desc lamp = text",
    "desc text",
    "destroy/force lamp",
    "destroy/force gate",
    "link gate = hall",
    "link gate =",
    "link/twoway gate = lamp",
    "unlink gate",
    "open gate;g = hall",
    "lock lamp = get:false()",
    "lock lamp/get = false()",
    "lock/del lamp/get",
    "lock *Olga = boot:all()",
    "name lamp = other",
    "name lamp = ;alias",
    "name *Olga = other",
    "scripts lamp = scripts.scripts.DefaultScript",
    "scripts/stop lamp = clock",
    "scripts/delete lamp =",
    "scripts/pause lamp = clock",
    "scripts/delete world",
    "scripts/start #{script}",
    "set lamp/oil = 1",
    "set lamp/oil =",
    "set lamp/list[0] = 1",
    "set lamp/list[+] = 1",
    "set *Olga/x = 1",
    "set/script world/x = 1",
    "set/channel public/x = 1",
    "set/room Cellar/x = 1",
    "set key/place = $search(lamp)",
    "sethome lamp = cellar",
    "tag lamp = other",
    "tag/del lamp = old",
    "tag/del lamp",
    "tel lamp = cellar",
    "tel key = cellar",
    "tel/tonone lamp",
    "typeclass lamp = objects.objects.DefaultRoom",
    "typeclass/update lamp",
    "typeclass/reset/force lamp",
    "update lamp",
    "swap lamp = objects.objects.DefaultRoom",
    "typeclass/reset/force *Olga",
    "typeclass/script/update world",
    "typeclass/channel/update public",
    "wipe lamp",
    "wipe lamp/oil",
]


@pytest.fixture
def closed(small_world):
    """Things that nobody but the owner may change, and a key that the builder may."""
    lamp = small_world.lamp
    small_world.owner.type("open gate, back = cellar")
    small_world.builder.type("create key")
    key = ObjectDB.objects.get(db_key="key")
    key.db.worth = 7
    lamp.db.oil, lamp.db.list = 5, [0]
    lamp.aliases.add("light")
    lamp.tags.add("old")
    script = create_script(DefaultScript, key="clock", obj=lamp, interval=60, persistent=True)
    world = create_script(DefaultScript, key="world", interval=60, persistent=True)
    channel = create_channel("public")
    for entity in (*ObjectDB.objects.exclude(pk=key.pk), script, world, channel, *AccountDB.objects.all()):
        entity.locks.add(CLOSED)
    small_world.script = script.pk
    return small_world


ENTITIES = (ObjectDB, AccountDB, ScriptDB, ChannelDB)


def snapshot():
    """All rows as they are stored: of each entity what is in its own row and in its attributes."""
    unit_of_work("default").flush()
    found = {}
    for table in ENTITIES:
        for row in serializers.serialize("python", table.objects.all()):
            found[table.__name__, row["pk"]] = [row["fields"]]
    tables = zip((ObjectAttribute, AccountAttribute, ScriptAttribute, ChannelAttribute), ENTITIES, strict=True)
    for table, owner in tables:
        for row in serializers.serialize("python", table.objects.order_by("pk")):
            found[owner.__name__, row["fields"]["owner"]].append(row["fields"])
    return found


def changed(before):
    """The entities, of those there were, that are not as they were; of scripts that are on an object, the object."""
    after = snapshot()
    found = {entity for entity, rows in before.items() if after.get(entity) != rows}
    hosts = {key: rows[0]["db_obj"] for key, rows in before.items() if key[0] == "ScriptDB"}
    return {("ObjectDB", hosts[one]) if hosts.get(one) is not None else one for one in found}


@pytest.fixture
def asked(monkeypatch):
    """The entities whose locks a command has asked about a change."""
    found = set()
    access, may = TypedObject.access, EditingCommand.may

    def asking_access(self, accessing_obj, access_type="read", *args, **kwargs):
        if access_type in ("control", "edit", "delete", "teleport"):
            found.add((self.__dbclass__.__name__, self.pk))
        return access(self, accessing_obj, access_type, *args, **kwargs)

    def asking_may(self, target, access="edit"):
        if access != "examine":
            found.add((target.__dbclass__.__name__, target.pk))
        return may(self, target, access)

    monkeypatch.setattr(TypedObject, "access", asking_access)
    monkeypatch.setattr(EditingCommand, "may", asking_may)
    return found


@pytest.mark.defect("V-10")
@pytest.mark.parametrize("line", MUTATING)
def test_a_builder_without_access_changes_nothing(closed, line):
    line = line.format(script=closed.script)
    before = snapshot()
    told = closed.builder.type(line)
    assert snapshot() == before
    assert any(word in told for word in ("may not", "does not take in")), told


@pytest.mark.defect("V-10")
@pytest.mark.parametrize("line", MUTATING)
def test_the_same_works_for_who_may(closed, line, asked):
    """So that the matrix above refuses for the right reason; and what changes has been asked."""
    line = line.format(script=closed.script)
    for entity in (
        *ObjectDB.objects.all(),
        *ScriptDB.objects.all(),
        *ChannelDB.objects.all(),
        *AccountDB.objects.all(),
    ):
        entity.locks.add("control:true();edit:true();delete:true();teleport:true();teleport_here:true()")
    closed.lamp.scripts.all().get().start()
    before = snapshot()
    asked.clear()
    told = closed.builder.type(line, answers="yes")
    assert "may not" not in told
    if not line.startswith("scripts/start"):  # it runs already
        assert snapshot() != before, told
    assert changed(before) <= asked


@pytest.mark.defect("V-10")
def test_a_command_that_changes_without_asking_is_found(closed, asked, monkeypatch):
    """The check of the matrix finds what it is there for."""
    from perdure.commands.default import builder_commands

    class CmdPaint(EditingCommand):
        """Paint."""

        key = "@paint"

        def func(self):
            self.find_object(self.lhs).db.colour = "red"

    monkeypatch.setattr(builder_commands, "BUILDING_COMMANDS", (CmdPaint,))
    before = snapshot()
    asked.clear()
    closed.builder.type("paint lamp")
    assert changed(before) - asked == {("ObjectDB", closed.lamp.pk)}


@pytest.mark.defect("V-10")
def test_every_command_that_changes_something_is_in_the_matrix():
    from perdure.commands.default.builder_commands import BUILDING_COMMANDS

    only_look = {"cache", "cmdsets", "examine", "explain", "find", "objects", "tickers"}
    only_make = {"create", "dig", "tunnel"}  # what they change is theirs
    beyond_locks = {"py"}
    of_its_own = {"force"}  # what it does, another does: test_forcing
    tested = {line.replace("/", " ").split()[0] for line in MUTATING}
    for command in BUILDING_COMMANDS:
        name = command.key.lstrip("@")
        if name not in only_look | only_make | beyond_locks | of_its_own:
            names = {one.lstrip("@") for one in command.all_names}
            assert names & tested, f"{name} is not in the matrix"


@pytest.mark.defect("V-10")
def test_what_has_no_such_lock_is_for_admins(small_world):
    script = create_script(DefaultScript, key="world", interval=60, persistent=True)
    assert not script.locks.get("control")
    admin = small_world.person("Ada", "Admin")
    assert "may not" in small_world.builder.type("scripts/stop world")
    assert "stopped" in admin.type("scripts/stop world")
