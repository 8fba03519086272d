"""Creating objects: order of events, arguments, and nothing left behind when it fails."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from perdure.create import create_object, create_objects
from perdure.errors import (
    EntityNotFound,
    InvalidArgument,
    LockException,
    TypeclassNotFound,
    UnstorableValue,
    WrongFamily,
)
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultObject, DefaultRoom
from perdure.signals import SIGNAL_OBJECT_POST_CREATE
from perdure.typeclasses.properties import AttributeProperty

TRANSACTIONAL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def statements(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries.captured_queries if not query["sql"].startswith(TRANSACTIONAL)]


class Traced(DefaultObject):
    """Writes down the order of its hooks, and what it had then."""

    trace: list[tuple[str, object]] = []
    charge = AttributeProperty(7)

    def at_init(self):
        self.trace.append(("at_init", None))

    def basetype_setup(self):
        super().basetype_setup()
        self.trace.append(("basetype_setup", self.locks.get("get")))

    def at_object_creation(self):
        self.trace.append(("at_object_creation", self.db.colour))
        self.key = "from the hook"
        self.db.colour = "hook"
        self.db.shape = "hook"
        self.location = None

    def at_object_post_creation(self):
        self.trace.append(("at_object_post_creation", (self.key, self.db.colour, self.tags.all(), self.location)))

    def basetype_posthook_setup(self):
        self.trace.append(("basetype_posthook_setup", None))

    def at_post_move(self, source_location, move_type="move", **kwargs):
        self.trace.append(("at_post_move", (source_location, self.db.colour, self.tags.all())))


class Welcoming(DefaultRoom):
    """Notes what a newcomer has when it arrives."""

    def at_object_receive(self, moved_obj, source_location, move_type="move", **kwargs):
        Traced.trace.append(("at_object_receive", (moved_obj in self.contents, moved_obj.db.colour, moved_obj.key)))


class Unmakeable(DefaultObject):
    """Cannot be created."""

    seen: list[object] = []

    def at_object_creation(self):
        self.db.half = "done"
        self.seen.append((self, self.pk))
        raise RuntimeError("not today")


class Opinionated(DefaultObject):
    """Sets everything in its hook."""

    def at_object_creation(self):
        place = ObjectDB.objects.filter(db_key="Hall").first()
        self.location = place
        self.destination = place
        self.key = "own idea"


@pytest.mark.defect("H-7")
def test_all_data_is_there_before_anybody_is_told():
    place = create_object(Welcoming, key="Porch")
    Traced.trace.clear()
    signalled = []

    def receiver(sender, **kwargs):
        signalled.append((sender, sender.location))

    SIGNAL_OBJECT_POST_CREATE.connect(receiver)
    try:
        made = create_object(Traced, key="lantern", location=place, tags=["light"], attributes=[("colour", "red")])
    finally:
        SIGNAL_OBJECT_POST_CREATE.disconnect(receiver)
    assert Traced.trace == [
        ("at_init", None),
        ("basetype_setup", "get:all()"),
        ("at_object_creation", None),
        ("at_object_post_creation", ("lantern", "red", ["light"], place)),
        ("basetype_posthook_setup", None),
        ("at_object_receive", (True, "red", "lantern")),
        ("at_post_move", (None, "red", ["light"])),
    ]
    assert signalled == [(made, place)]
    assert made.db.shape == "hook"
    assert made.charge == 7
    assert place.contents == [made]


@pytest.mark.defect("H-8")
def test_arguments_win_over_hooks_also_when_they_are_falsy(room):
    assert create_object(Opinionated).location is room
    made = create_object(Opinionated, location=None, destination=None, key="mine")
    assert (made.location, made.destination, made.key) == (None, None, "mine")
    made = create_object(Opinionated, attributes={"n": 0, "flag": False, "text": "", "nothing": None})
    assert made.key == "own idea"
    assert [made.attributes.has(key) for key in ("n", "flag", "text", "nothing")] == [True] * 4
    assert made.db.n == 0


def test_a_key_is_made_up_where_none_is_given():
    made = create_object(DefaultObject)
    assert made.key == made.dbref
    made = create_object(DefaultObject, key="")
    assert made.key == f"#{made.pk}"


def test_home_is_the_default_home_unless_it_is_given_or_not_wanted(room, cellar):
    with override_settings(DEFAULT_HOME=room.dbref):
        assert create_object(DefaultObject).home is room
        assert create_object(DefaultObject, home=None).home is room
        assert create_object(DefaultObject, home=cellar).home is cellar
        assert create_object(DefaultObject, nohome=True).home is None
    with override_settings(DEFAULT_HOME="#99999"):
        assert create_object(DefaultObject).home is None


@pytest.mark.defect("H-9")
def test_every_form_of_tags_attributes_and_keys():
    made = create_object(
        DefaultObject,
        tags=("sharp", "kind"),
        aliases=["blade", ("edge", "old")],
        permissions="Builder",
        attributes=[("a", 1), ("b", [2], "cat"), ("c", 3, None, "attrread:false()")],
        nattributes={"mood": "bright"},
        locks=["get:false()", "call:false()"],
    )
    assert made.tags.all(return_key_and_category=True) == [("sharp", "kind")]
    assert made.aliases.all(return_key_and_category=True) == [("blade", None), ("edge", "old")]
    assert made.permissions.all() == ["builder"]
    assert made.attributes.get("b", category="cat") == [2]
    assert made.attributes.get("c", accessing_obj=made) is None
    assert made.ndb.mood == "bright"
    assert made.locks.get("get") == "get:false()"
    assert made.locks.get("view") == "view:all()"
    several = create_object(DefaultObject, tags=["x", ("y", "z"), ("w", None, "data")], nattributes=[("k", 1)])
    assert several.tags.all() == ["w", "x", "y"]
    assert several.ndb.k == 1


@pytest.mark.defect("H-9")
def test_places_are_entities_ids_or_dbrefs(room):
    for form in (room, room.pk, str(room.pk), room.dbref):
        made = create_object(DefaultObject, location=form, home=form, destination=form)
        assert (made.location, made.home, made.destination) == (room, room, room)


@pytest.mark.defect("H-9")
@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"tags": [("a", "b", "c", "d")]}, InvalidArgument, "tags"),
        ({"tags": [object()]}, InvalidArgument, "tags"),
        ({"tags": [""]}, InvalidArgument, "tags"),
        ({"aliases": {"a": 1}}, InvalidArgument, "aliases"),
        ({"permissions": 3.5}, InvalidArgument, "permissions"),
        ({"attributes": [("lonely",)]}, InvalidArgument, "attributes"),
        ({"attributes": [("", 1)]}, InvalidArgument, "attributes"),
        ({"attributes": "text"}, InvalidArgument, "attributes"),
        ({"nattributes": 5}, InvalidArgument, "nattributes"),
        ({"attributes": [("bad", object())]}, UnstorableValue, "bad"),
        ({"locks": [5]}, InvalidArgument, "locks"),
        ({"locks": "get:nonsense("}, LockException, "nonsense"),
        ({"location": "somewhere"}, InvalidArgument, "location"),
        ({"location": "#99999"}, EntityNotFound, "location"),
        ({"home": "#99999"}, EntityNotFound, "home"),
        ({"destination": 3.5}, InvalidArgument, "destination"),
        ({"key": 5}, InvalidArgument, "key"),
        ({"key": "   "}, InvalidArgument, "key"),
        ({"key": "k" * 256}, InvalidArgument, "key"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_leaves_nothing(arguments, error, named):
    before = ObjectDB.objects.count()
    with pytest.raises(error, match=named):
        create_object(DefaultObject, **arguments)
    assert ObjectDB.objects.count() == before


def test_typeclass_forms_and_failures():
    assert type(create_object()) is DefaultObject
    assert type(create_object("perdure.objects.objects.DefaultRoom")) is DefaultRoom
    assert type(create_object("objects.objects.DefaultExit")) is DefaultExit
    with pytest.raises(TypeclassNotFound):
        create_object("DefaultRoom")
    with pytest.raises(TypeclassNotFound):
        create_object("objects.objects.NoSuchThing")
    with pytest.raises(TypeError):
        create_object(DefaultObject, colour="red")


@pytest.mark.defect("H-10")
def test_a_class_of_another_family_is_refused_before_anything_is_written():
    from perdure.scripts.scripts import DefaultScript

    before = ObjectDB.objects.count()
    for wrong in (DefaultScript, ObjectDB, dict):
        with pytest.raises(WrongFamily):
            create_object(wrong)
    assert ObjectDB.objects.count() == before


@pytest.mark.defect("H-1")
def test_a_hook_that_raises_leaves_no_row_no_ghost_and_no_reused_id(room):
    assert room.contents == []
    Unmakeable.seen.clear()
    with pytest.raises(RuntimeError):
        create_object(Unmakeable, key="fragile", location=room, tags=["t"])
    ghost, pk = Unmakeable.seen[0]
    assert ObjectDB.get_cached_instance(pk) is None
    assert not ObjectDB.objects.filter(pk=pk).exists()
    assert room.contents == []
    made = create_object(DefaultObject, key="next")
    assert made.pk != pk
    assert made != ghost
    assert made.db.half is None


def test_create_costs_few_statements(room):
    create_object(DefaultObject, key="warm", location=room)
    with CaptureQueriesContext(connection) as queries:
        create_object(
            DefaultObject,
            key="lamp",
            location=room,
            tags=["x", ("y", "z")],
            aliases=["light"],
            attributes=[(f"a{n}", n) for n in range(10)],
        )
    assert len(statements(queries)) <= 8, statements(queries)


def test_default_locks():
    def locks(cls):
        return dict(lock.split(":", 1) for lock in create_object(cls).locks.all())

    thing = {
        "control": "perm(Developer)",
        "examine": "perm(Builder)",
        "view": "all()",
        "edit": "perm(Admin)",
        "delete": "perm(Admin)",
        "get": "all()",
        "drop": "holds()",
        "call": "true()",
        "tell": "perm(Admin)",
        "puppet": "pperm(Developer)",
        "teleport": "true()",
        "teleport_here": "true()",
    }
    assert locks(DefaultObject) == thing
    assert locks(DefaultCharacter) == {
        **thing,
        "get": "false()",
        "call": "false()",
        "teleport": "perm(Admin)",
        "teleport_here": "perm(Admin)",
    }
    assert locks(DefaultRoom) == {**thing, "get": "false()", "puppet": "false()", "teleport": "false()"}
    assert locks(DefaultExit) == {
        **thing,
        "puppet": "false()",
        "traverse": "all()",
        "get": "false()",
        "teleport": "false()",
        "teleport_here": "false()",
    }


class NoLocks(DefaultObject):
    """Wants no default locks."""

    def basetype_setup(self):
        self.locks.add("get:false()")


def test_a_class_can_do_without_the_default_locks():
    assert create_object(NoLocks).locks.all() == ["get:false()"]


def test_rooms_are_nowhere_unless_they_are_created_somewhere(room):
    assert create_object(DefaultRoom).location is None
    assert create_object(DefaultRoom, location=room).location is room
    assert len(room.contents) == 1


def test_exits_lead_back_where_they_lead_nowhere(room, cellar):
    assert create_object(DefaultExit, location=room).destination is room
    assert create_object(DefaultExit, location=room, destination=cellar).destination is cellar
    assert create_object(DefaultExit, location=room, destination=None).destination is None
    assert create_object(DefaultExit).destination is None


def test_a_direct_save_runs_the_hooks_without_arguments():
    made = DefaultObject(db_key="direct")
    made.save()
    assert made.locks.get("view") == "view:all()"
    assert ObjectDB.objects.get(pk=made.pk) is made


# --- many at once


def test_create_objects_makes_them_as_create_object_would(room):
    rows = [
        {"key": f"k{n}", "location": room, "tags": ["t"], "attributes": {"n": n}, "aliases": [f"alias{n}"]}
        for n in range(5)
    ]
    made = create_objects(DefaultObject, [*rows, {"typeclass": DefaultRoom, "key": "r"}])
    assert [type(obj) for obj in made] == [DefaultObject] * 5 + [DefaultRoom]
    assert room.contents == made[:5]
    assert [obj.db.n for obj in made[:5]] == list(range(5))
    assert made[3].aliases.all() == ["alias3"]
    assert made[0].locks.all() == create_object(DefaultObject).locks.all()
    assert list(ObjectDB.objects.filter_attributes(n__gte=3).order_by("pk")) == made[3:5]


def test_create_objects_takes_a_handful_of_statements_for_a_batch(room):
    for hooks in (True, False):
        rows = [{"key": f"k{n}", "location": room, "tags": ["t", "u"], "attributes": {"n": n}} for n in range(200)]
        with CaptureQueriesContext(connection) as queries:
            create_objects(DefaultObject, rows, hooks=hooks)
        assert len(statements(queries)) <= 12, statements(queries)[:20]


def test_create_objects_without_hooks_runs_none(room):
    Traced.trace.clear()
    made = create_objects(Traced, [{"key": "quiet", "location": room}], hooks=False)[0]
    assert [name for name, _ in Traced.trace] == ["at_init"]
    assert made.locks.get("view") == "view:all()"
    assert made.location is room


def test_create_objects_is_all_or_nothing(room):
    before = ObjectDB.objects.count()
    with pytest.raises(RuntimeError):
        create_objects(
            DefaultObject, [{"key": "a", "location": room}, {"typeclass": Unmakeable, "key": "b"}], batch_size=1
        )
    with pytest.raises(InvalidArgument, match="row 1"):
        create_objects(DefaultObject, [{"key": "a"}, {"key": " "}])
    assert ObjectDB.objects.count() == before
    assert room.contents == []
    with pytest.raises(InvalidArgument):
        create_objects(DefaultObject, [{}], batch_size=0)


# --- create() class methods


def test_create_returns_the_object_and_no_errors(room):
    made, errors = DefaultObject.create("chest", location=room, description="Oak.", ip="1.2.3.4")
    assert errors == []
    assert (made.key, made.location, made.db.desc, made.db.creator_ip) == ("chest", room, "Oak.", "1.2.3.4")


def test_create_never_raises_and_leaves_nothing(caplog):
    before = ObjectDB.objects.count()
    assert Unmakeable.create("x")[0] is None
    assert "not today" in Unmakeable.create("x")[1][0]
    assert DefaultObject.create("x", location="#99999")[0] is None
    assert DefaultCharacter.create("  ")[0] is None
    assert ObjectDB.objects.count() == before


def test_create_locks_to_the_caller(bob, room, cellar):
    made, _ = DefaultObject.create("box", caller=bob)
    assert made.access(bob, "control")
    assert made.access(bob, "delete")
    stranger = create_object(DefaultCharacter, key="Eve")
    assert not made.access(stranger, "control")
    way, errors = DefaultExit.create("north", room, cellar, caller=bob)
    assert not errors
    assert (way.location, way.destination) == (room, cellar)
    hall, errors = DefaultRoom.create("Attic")
    assert not errors
    assert hall.locks.get("control") == "control:perm(Admin)"


def test_character_names_are_normalised():
    assert DefaultCharacter.normalize_name("  Zoë   Ærø ") == "Zoe AEro"
    assert DefaultCharacter.normalize_name("Ж") == "X"
    made, errors = DefaultCharacter.create("Zoë")
    assert not errors
    assert made.key == "Zoe"
    assert made.permissions.all() == ["player"]
