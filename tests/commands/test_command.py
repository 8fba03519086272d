"""Commands: names, locks, identity, arguments."""

from __future__ import annotations

import copy
import gc
import weakref

import pytest
from django.test import override_settings

from perdure.commands.arguments import MuxCommand, ObjManipCommand
from perdure.commands.command import Command
from perdure.create import create_object
from perdure.errors import InvalidArgument, LockException
from perdure.objects.objects import DefaultExit
from tests.commands.acting import Player


def test_names_are_lower_case_and_each_once():
    class Cmd(Command):
        key = " Look "
        aliases = "L, look,  ls ,L"

    assert Cmd.key == "look"
    assert Cmd().aliases == ["l", "ls"]
    assert Cmd().all_names == ("look", "l", "ls")


@pytest.mark.parametrize("key", ["", "   ", None, 7])
def test_a_name_must_be_a_text(key):
    with pytest.raises(InvalidArgument):
        type("Cmd", (Command,), {"key": key})


@pytest.mark.parametrize("aliases", [7, [None], ["a", 3]])
def test_aliases_must_be_texts(aliases):
    with pytest.raises(InvalidArgument):
        type("Cmd", (Command,), {"key": "x", "aliases": aliases})


def test_the_docstring_is_help_and_inherited():
    class Base(Command):
        """Helps."""

        key = "base"

    class Derived(Base):
        key = "derived"

    assert Derived().get_help(None, None) == "Helps."


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("", "cmd:all()"),
        ("perm(Builder)", "cmd:perm(Builder)"),
        ("cmd:perm(Builder)", "cmd:perm(Builder)"),
        ("view:perm(Admin)", "view:perm(Admin);cmd:all()"),
        ("perm(Builder);view:false()", "cmd:perm(Builder);view:false()"),
    ],
)
def test_locks(given, stored):
    command = type("Cmd", (Command,), {"key": "x", "locks": given})()
    assert command.lock_storage == stored
    assert command.locks.get("cmd") == next(part for part in stored.split(";") if part.startswith("cmd:"))


def test_malformed_locks_are_refused_and_named():
    class Broken(Command):
        key = "broken"
        locks = "perm(Builder"

    with pytest.raises(LockException, match="Broken"):
        Broken()
    with pytest.raises(LockException):
        type("Cmd", (Command,), {"key": "x", "locks": "cmd:no_such_function()"})()
    with pytest.raises(InvalidArgument):
        type("Cmd", (Command,), {"key": "x", "locks": 7})


def test_locks_of_a_mixin_and_of_a_subclass():
    class Staff:
        locks = "perm(Builder)"

    class Base(Command):
        key = "x"
        locks = "perm(Admin)"

    class Mixed(Staff, Base):
        pass

    class Plain(Base):
        pass

    assert Mixed().lock_storage == "cmd:perm(Builder)"
    assert Plain().lock_storage == "cmd:perm(Admin)"
    assert Plain.locks == "cmd:perm(Admin)"


def test_arguments_of_the_constructor_are_of_that_instance():
    class Cmd(Command):
        key = "x"

    command = Cmd(key="Ypsilon", aliases="Y", locks="perm(Admin)", colour="red", arg_regex=r"!")
    assert (command.key, command.all_names, command.colour) == ("ypsilon", ("ypsilon", "y"), "red")
    assert command.lock_storage == "cmd:perm(Admin)"
    assert command.takes("!x")
    assert not command.takes(" x")
    assert Cmd().all_names == ("x",)
    assert Cmd().lock_storage == "cmd:all()"


def test_settings_give_the_defaults():
    with override_settings(COMMAND_DEFAULT_LOCKS="perm(Helper)", COMMAND_DEFAULT_HELP_CATEGORY="Stuff"):
        command = type("Cmd", (Command,), {"key": "x"})()
    assert command.lock_storage == "cmd:perm(Helper)"
    assert command.help_category == "stuff"


@pytest.mark.parametrize(
    ("regex", "rest", "fits"),
    [
        ("default", "", True),
        ("default", " a", True),
        ("default", "/a", True),
        ("default", "\na", True),
        ("default", "a", False),
        (None, "anything", True),
        (r"\d", "5", True),
        (r"\d", "x", False),
        (r"[A-Z]", "b", True),
    ],
)
def test_what_may_follow_the_name(regex, rest, fits):
    attributes = {"key": "x"} if regex == "default" else {"key": "x", "arg_regex": regex}
    assert type("Cmd", (Command,), attributes)().takes(rest) is fits


@pytest.mark.defect("V-38")
def test_commands_are_the_same_by_any_name():
    def make(key, *aliases):
        return Command(key=key, aliases=aliases)

    assert make("look", "l") == make("glance", "l")
    assert make("look") == make("glance", "look")
    assert make("look") != make("glance")
    assert make("look", "l") == "L"
    assert make("look") != "see"
    assert make("look") != 7
    assert hash(make("look", "l")) == hash(make("glance", "l"))


def test_names_can_be_changed():
    command = Command(key="a", aliases="b")
    command.set_key("C")
    command.set_aliases("d, c")
    assert command.all_names == ("c", "d")
    assert command == "d"
    assert command != "a"
    assert command.match("@c", include_prefixes=False)
    assert not command.match("@c")


class Thing:
    """Something that a command can sit on."""


def test_a_command_holds_what_it_sits_on_only_while_it_runs():
    thing = Thing()
    command = Command(key="open", obj=thing)
    running = command.instance_to_run()
    gone = weakref.ref(thing)
    del thing
    assert running.obj is command.obj is gone()
    del running
    gc.collect()
    assert gone() is None
    assert command.obj is None


def test_an_instance_is_kept_if_it_says_so():
    kept = Command(key="x", retain_instance=True)
    assert kept.instance_to_run() is kept
    assert Command(key="x").instance_to_run() is not kept
    assert copy.copy(kept) is not kept


def test_extra_info_tells_commands_apart(hall, cellar, anna):
    box = create_object(key="box", location=anna.character)
    assert "box" in Command(key="x", obj=box).get_extra_info(anna.character)
    assert "carried" in Command(key="x", obj=box).get_extra_info(anna.character)
    assert Command(key="x", obj=anna.character).get_extra_info(anna.character) == ""
    way = create_object(DefaultExit, key="down", location=hall, destination=cellar)
    way.at_cmdset_get()
    assert "Cellar" in way.cmdset.current.commands[0].get_extra_info(anna.character)


def test_looks(anna):
    command = Command(key="x")
    command.session, command.caller, command.account = anna.session, anna.character, anna.account
    assert command.client_width() == 60
    assert Command(key="x").client_width() == 78
    table = command.styled_table("name", "size")
    table.add_row("box", 3)
    assert "box" in str(table)
    for line in (command.styled_header("H"), command.styled_footer("F"), command.styled_separator("S")):
        assert line
    assert command.web_get_detail_url() == "#"
    assert "anna" in command.get_command_info().lower()


# --- arguments


def parsed(cls=MuxCommand, args="", **attributes):
    command = type("Cmd", (cls,), {"key": "x", **attributes})()
    command.told = []
    command.msg = lambda text=None, **kwargs: command.told.append(text)
    command.args = args
    command.parse()
    return command


@pytest.mark.parametrize(
    ("args", "switches", "lhs", "rhs"),
    [
        ("", [], "", None),
        (" a b", [], "a b", None),
        (" a =", [], "a", ""),
        (" a = b = c", [], "a", "b = c"),
        ("/s a", ["s"], "a", None),
        ("/s/t a=b", ["s", "t"], "a", "b"),
        ("/s", ["s"], "", None),
        ("//s", ["s"], "", None),
        (" /s a", [], "/s a", None),
        ("/s\ta", ["s"], "a", None),
    ],
)
def test_switches_and_sides(args, switches, lhs, rhs):
    command = parsed(args=args)
    assert (command.switches, command.lhs, command.rhs) == (switches, lhs, rhs)
    assert command.raw == args


def test_lists():
    command = parsed(args=" a b, c = d ,e,")
    assert command.arglist == ["a", "b,", "c", "=", "d", ",e,"]
    assert command.lhslist == ["a b", "c"]
    assert command.rhslist == ["d", "e", ""]
    assert parsed(args=" a").rhslist == []
    assert parsed(args=" a=").rhslist == []


def test_switches_that_are_declared():
    options = {"switch_options": ("quiet", "quick", "all")}
    assert parsed(args="/all", **options).switches == ["all"]
    assert parsed(args="/QUIE/a", **options).switches == ["quiet", "all"]
    ambiguous = parsed(args="/qui x", **options)
    assert ambiguous.switches == []
    assert "/quiet" in ambiguous.told[0]
    assert "/quick" in ambiguous.told[0]
    unknown = parsed(args="/nope/all x", **options)
    assert unknown.switches == ["all"]
    assert "/nope" in unknown.told[0]
    assert parsed(args="/any/thing").switches == ["any", "thing"]
    assert parsed(args="/any", switch_options=()).switches == []
    assert parsed(args="/a/al/all", **options).switches == ["all"]


def test_other_delimiters():
    both = {"rhs_split": ("=", " to ")}
    assert (parsed(args=" a to b", **both).lhs, parsed(args=" a to b", **both).rhs) == ("a", "b")
    assert (parsed(args=" a to b=c", **both).lhs, parsed(args=" a to b=c", **both).rhs) == ("a to b", "c")
    assert parsed(args=" tomato", **both).rhs is None
    assert parsed(args=" a b", rhs_split=" ").rhs == "b"
    assert parsed(args=" a=b", rhs_split=None).rhs == "b"


def test_the_account_as_caller(anna):
    command = type("Cmd", (MuxCommand,), {"key": "x", "account_caller": True})()
    command.caller, command.session, command.account = anna.character, anna.session, anna.account
    command.parse()
    assert (command.caller, command.character) == (anna.account, anna.character)
    command = type("Cmd", (MuxCommand,), {"key": "x", "account_caller": True})()
    command.caller, command.session = anna.account, anna.session
    command.parse()
    assert (command.caller, command.character) == (anna.account, anna.character)
    alone = Player(anna.account)
    command.session = alone.session
    command.parse()
    assert command.character is None


def test_items_of_build_commands():
    command = parsed(ObjManipCommand, " Box;crate; b :typeclasses.Box, lamp = #5/desc:weather, Room/Tree[Old]/x")
    assert command.lhs_objs == [
        {"name": "Box", "aliases": ["crate", "b"], "option": "typeclasses.Box"},
        {"name": "lamp", "aliases": [], "option": None},
    ]
    assert command.rhs_objattr == [
        {"name": "#5", "attrs": ["desc"], "category": "weather"},
        {"name": "Room", "attrs": ["tree[Old]", "x"], "category": None},
    ]
    assert parsed(ObjManipCommand, " a/b[x:y]").lhs_objattr == [{"name": "a", "attrs": ["b[x:y]"], "category": None}]
    assert parsed(ObjManipCommand, "").lhs_objs == []


def test_classes_of_build_commands():
    command = parsed(ObjManipCommand)
    found, errors = command.get_object_typeclass("exit")
    assert issubclass(found, DefaultExit)
    assert errors == []
    found, errors = command.get_object_typeclass("object", "no.such.Class")
    assert found is None
    assert "no.such.Class" in errors[0]
