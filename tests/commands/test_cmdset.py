"""Command sets: filling them, and the four ways in which they merge."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.commands.cmdset import MERGE_TYPES, CmdSet, merge
from perdure.commands.command import Command
from perdure.errors import IllegalState, InvalidArgument


def cmd(key, *aliases):
    return Command(key=key, aliases=aliases)


def make(*commands, **options):
    made = CmdSet(key=options.pop("key", "B"))
    for name, value in options.items():
        setattr(made, name, value)
    made.add(list(commands), allow_duplicates=True)
    return made


def keys(cmdset):
    return sorted(command.key for command in cmdset)


def base():
    return make(cmd("look", "l"), cmd("get"), cmd("drop"))


# --- filling


class Simple(CmdSet):
    def at_cmdset_creation(self):
        self.add(type("Jump", (Command,), {"key": "jump", "aliases": "j"}))


def test_a_set_fills_itself_and_is_called_like_its_class():
    assert Simple().key == Simple.key == "Simple"
    assert keys(Simple()) == ["jump"]
    assert Simple(key="Other").key == "Other"


def test_what_can_be_added():
    made = CmdSet()
    made.add(type("A", (Command,), {"key": "a"}))
    made.add(cmd("b"))
    made.add([cmd("c"), Simple, Simple(), (cmd("d"),)])
    assert keys(made) == ["a", "b", "c", "d", "jump"]
    for wrong in (7, None, "look", object):
        with pytest.raises(InvalidArgument):
            made.add(wrong)


def test_later_commands_of_a_name_replace_earlier_ones():
    made = make(cmd("look", "l"), cmd("get"))
    made.add(cmd("list", "l"))
    assert keys(made) == ["get", "list"]
    made.add(cmd("get"), allow_duplicates=True)
    assert keys(made) == ["get", "get", "list"]


def test_a_set_cannot_contain_itself():
    class Loop(CmdSet):
        def at_cmdset_creation(self):
            self.add(Loop)

    with pytest.raises(InvalidArgument, match="itself"):
        Loop()
    made = CmdSet()
    with pytest.raises(InvalidArgument, match="itself"):
        made.add(made)


def test_two_sets_cannot_contain_each_other():
    class One(CmdSet):
        def at_cmdset_creation(self):
            self.add(Other)

    class Other(CmdSet):
        def at_cmdset_creation(self):
            self.add(One)

    with pytest.raises(InvalidArgument, match="itself"):
        One()
    with pytest.raises(InvalidArgument, match="itself"):
        Other()


def test_a_merge_type_must_exist():
    with pytest.raises(InvalidArgument, match="Union"):
        type("Odd", (CmdSet,), {"mergetype": "Onion"})


@pytest.mark.parametrize(
    ("option", "value"),
    [("priority", "high"), ("priority", None), ("priority", float("nan")), ("key_mergetypes", {"x": "Onion"})],
)
def test_options_with_which_nothing_could_be_merged_are_refused(option, value):
    """A set of a thing in a room would take everybody's commands away there."""
    with pytest.raises(InvalidArgument, match=option):
        type("Odd", (CmdSet,), {option: value})
    made = base()
    with pytest.raises(InvalidArgument, match=option):
        setattr(made, option, value)
    with pytest.raises(InvalidArgument, match="Union"):
        made.mergetype = "Onion"


def test_looking_into_a_set():
    made = base()
    assert "L" in made
    assert cmd("x", "get") in made
    assert "put" not in made
    assert made.get("l").key == "look"
    assert made.get("nothing") is None
    assert (made.count(), len(made), len(list(made))) == (3, 3, 3)
    assert made.get_all_cmd_keys_and_aliases() == ["look", "l", "get", "drop"]
    made.remove("l")
    assert keys(made) == ["drop", "get"]
    assert bool(CmdSet())
    assert str(made) == "drop, get"


def test_commands_belong_to_what_their_set_sits_on():
    class Thing:
        pass

    thing = Thing()
    made = CmdSet(thing)
    made.add(cmd("look"))
    elsewhere = cmd("get")
    elsewhere.obj = other = Thing()
    made.add(elsewhere)
    assert made.get("look").obj is thing
    assert made.get("get").obj is other
    copied = CmdSet(other)
    copied.add(made)
    assert {command.obj for command in copied} == {other}
    assert made.get("look").obj is thing
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None
    assert made.cmdsetobj is None


def test_one_command_of_each_name():
    mine, theirs, other = cmd("press"), cmd("press", "push"), cmd("look")
    me = type("Me", (), {})()
    theirs.obj = me
    made = make(mine, theirs, other)
    made.make_unique(me)
    assert made.commands == [theirs, other]
    assert made.get("press") is theirs


def test_every_change_has_a_serial_of_its_own():
    made = base()
    seen = {made.serial}
    for change in (
        lambda: made.add(cmd("new")),
        lambda: made.remove("new"),
        lambda: setattr(made, "priority", 5),
        lambda: setattr(made, "no_exits", True),
        lambda: made.make_unique(None),
    ):
        change()
        assert made.serial not in seen
        seen.add(made.serial)


# --- merging: the worked results


def acting(mergetype="Union", priority=1, **options):
    return make(cmd("glance", "look"), mergetype=mergetype, priority=priority, key="A", **options)


@pytest.mark.defect("V-38")
@pytest.mark.parametrize(
    ("mergetype", "result"),
    [
        ("Union", ["drop", "get", "glance"]),
        ("Remove", ["drop", "get"]),
        ("Intersect", ["glance"]),
        ("Replace", ["glance"]),
    ],
)
def test_identity_goes_by_any_name_in_all_four_merges(mergetype, result):
    merged = base() + acting(mergetype)
    assert keys(merged) == result
    assert merged.actual_mergetype == mergetype
    assert merged.merged_from == ("A", "B")
    assert (merged.key, merged.priority) == ("A", 1)


def test_the_higher_priority_acts_whichever_side_it_is_on():
    assert keys(acting("Replace") + base()) == ["glance"]
    assert keys(acting("Replace", priority=-1) + base()) == ["drop", "get", "look"]
    assert keys(base() + acting("Replace", priority=-1)) == ["drop", "get", "look"]


def test_on_a_tie_the_newer_acts():
    older, newer = base(), make(cmd("look"), key="A")
    merged = older + newer
    assert keys(merged) == ["drop", "get", "look"]
    assert merged.get("look") is newer.commands[0]
    both = older + make(cmd("look"), key="A", duplicates=True)
    assert keys(both) == ["drop", "get", "look", "look"]
    assert both.duplicates is None
    higher = older + make(cmd("look"), key="A", duplicates=True, priority=1)
    assert keys(higher) == ["drop", "get", "look"]
    crossed = older + make(cmd("look"), key="A", duplicates=True, mergetype="Intersect")
    assert keys(crossed) == ["look", "look"]


def test_merge_types_for_certain_keys():
    merged = base() + make(cmd("x"), priority=9, key_mergetypes={"B": "Replace"}, key="A")
    assert keys(merged) == ["x"]
    assert (merged.mergetype, merged.actual_mergetype) == ("Union", "Replace")
    assert keys(make(cmd("y"), key="C") + make(cmd("x"), key_mergetypes={"B": "Replace"}, key="A")) == ["x", "y"]


@pytest.mark.parametrize("flag", ["no_exits", "no_objs", "no_channels"])
def test_flags(flag):
    low, high = make(priority=5, **{flag: True}), make(priority=10)
    assert getattr(low + high, flag) is True
    setattr(high, flag, False)
    assert getattr(low + high, flag) is False
    assert getattr(high + low, flag) is False


@pytest.mark.parametrize("mergetype", MERGE_TYPES)
def test_system_commands_pass_through_every_merge(mergetype):
    old, mine = cmd("__nomatch_command"), cmd("__noinput_command")
    under = make(old, cmd("__noinput_command"), cmd("look"))
    merged = under + make(mine, cmd("get"), mergetype=mergetype, priority=1, key="A")
    assert merged.system_cmd("__nomatch_command") is old
    assert merged.system_cmd("__noinput_command") is mine
    assert len(merged.get_system_cmds()) == 2


def test_merging_changes_neither_set():
    left, right = base(), acting("Remove")
    before = (list(left.commands), list(right.commands), left.serial, right.serial)
    merged = left + right
    merged.add(cmd("new"))
    assert (list(left.commands), list(right.commands), left.serial, right.serial) == before


@pytest.mark.defect("V-3")
def test_a_frozen_set_cannot_be_changed_but_copied():
    frozen = (base() + acting()).freeze()
    for change in (
        lambda: frozen.add(cmd("new")),
        lambda: frozen.remove("get"),
        lambda: frozen.make_unique(None),
        lambda: setattr(frozen, "no_exits", True),
    ):
        with pytest.raises(IllegalState, match="copy"):
            change()
    copied = frozen.copy()
    copied.remove("get")
    assert keys(copied) == ["drop", "glance"]
    assert keys(frozen) == ["drop", "get", "glance"]
    assert list(copied.index.begins("get x")) == []
    assert [found[0] for found in frozen.index.begins("get x")] == ["get"]


def test_a_copy_keeps_its_options():
    class Special(CmdSet):
        mergetype, priority, no_exits, duplicates = "Replace", 7, True, True

    copied = Special().copy()
    assert (copied.key, copied.mergetype, copied.priority) == ("Special", "Replace", 7)
    assert (copied.no_exits, copied.duplicates) == (True, True)


def test_the_index_follows_changes():
    made = base()
    assert [found[2].key for found in made.index.begins("look here")] == ["look", "look"]
    made.get("get").set_key("take")
    assert made.index.named("take")
    assert not made.index.named("get")
    merged = (made + make(cmd("look"), cmd("east"), priority=1, key="A")).freeze()
    assert sorted(merged.index) == sorted({name for command in merged for name in command.all_names})
    assert [found[2] for found in merged.index.begins("look")] == [merged.commands[0]]


# --- merging: against a model

NAMES = ["a", "b", "c", "d", "__x"]
one_command = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
one_set = st.fixed_dictionaries(
    {
        "commands": st.lists(one_command, max_size=5),
        "mergetype": st.sampled_from(MERGE_TYPES),
        "priority": st.integers(-1, 1),
        "duplicates": st.sampled_from([None, True, False]),
        "no_exits": st.sampled_from([None, True, False]),
        "key_mergetypes": st.dictionaries(st.sampled_from("PQ"), st.sampled_from(MERGE_TYPES), max_size=1),
    }
)


def model_merge(under, newer):
    """What the documents say, word for word: a merged set as a dict, with commands as (serial, names)."""
    act, other = (newer, under) if newer["priority"] >= under["priority"] else (under, newer)
    kind = act["key_mergetypes"].get(other["key"], act["mergetype"])
    doubled = act["duplicates"] is True and act["priority"] == other["priority"]

    def same(command, others):
        return any(set(command[1]) & set(one[1]) for one in others)

    mine, theirs = act["commands"], other["commands"]
    system = [one for one in theirs if one[1][0].startswith("__") and not same(one, mine)]
    if kind == "Union":
        result = mine + [one for one in theirs if doubled or not same(one, mine)]
    elif kind == "Replace":
        result = mine + system
    elif kind == "Remove":
        result = [one for one in mine if one[1][0].startswith("__")] + [one for one in theirs if not same(one, mine)]
    else:
        kept = [one for one in mine if same(one, theirs) or one[1][0].startswith("__")]
        copies = [one for one in theirs if doubled and same(one, mine)]
        result = kept + copies + [one for one in system if not same(one, kept + copies)]
    flag = other["no_exits"] if act["no_exits"] is None else act["no_exits"]
    return {**act, "commands": result, "duplicates": None, "no_exits": flag, "mergetype": act["mergetype"]}


@pytest.mark.defect("V-38")
@given(sets=st.lists(one_set, min_size=2, max_size=4))
def test_random_merges_are_as_the_model_says(sets):
    serial = 0
    models, real = [], []
    for number, description in enumerate(sets):
        commands = []
        for names in description["commands"]:
            commands.append((serial, tuple(sorted(names))))
            serial += 1
        key = "PQRS"[number]
        models.append({**description, "key": key, "commands": commands})
        made = make(
            *(Command(key=names[0], aliases=names[1:], serial=one) for one, names in commands),
            key=key,
            **{name: value for name, value in description.items() if name != "commands"},
        )
        real.append(made.freeze())
    model, merged = models[0], real[0]
    for next_model, next_real in zip(models[1:], real[1:], strict=True):
        model, merged = model_merge(model, next_model), merge(merged, next_real).freeze()
    assert sorted(one.serial for one in merged) == sorted(one[0] for one in model["commands"])
    assert merged.no_exits == model["no_exits"]
    # The index, which is derived from those of the parts, is that of the commands.
    plain = CmdSet(key="plain")
    plain.add(list(merged.commands), allow_duplicates=True)
    for name in NAMES:
        assert merged.index.named(name) == plain.index.named(name)
        assert [one.serial for one in merged.index.named(name)] == [one.serial for one in plain.index.named(name)]
