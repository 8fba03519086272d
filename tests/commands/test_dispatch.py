"""From a line to a command: what is found, what is told, what a command is given."""

from __future__ import annotations

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command, InterruptCommand
from perdure.commands.dispatch import cmdhandler, handle_line
from perdure.commands.syscmdkeys import CMD_LOGINSTART, CMD_MULTIMATCH, CMD_NOINPUT, CMD_NOMATCH
from perdure.create import create_channel, create_object
from perdure.errors import CommandNesting, InvalidArgument, PerdureError
from perdure.objects.objects import DefaultExit
from tests.commands.acting import Player, Session


def command(key="test", func=None, base=Command, **attributes):
    """A command whose `func` is this function."""
    return type("Made", (base,), {"key": key, "func": func or (lambda self: None), **attributes})


def give(entity, *commands, **options):
    made = type("Given", (CmdSet,), {"priority": 5, **options})()
    made.add(list(commands), allow_duplicates=True)
    entity.cmdset.add(made)
    return made


# --- what a command is given


def test_attributes(anna):
    seen = {}

    def func(self):
        seen.update(vars(self), obj=self.obj, source=self.cmdset_source)

    made = give(anna.character, command("@shout", func, aliases="yell"))
    anna.send("  Shout  out loud ")
    assert seen["caller"] is seen["obj"] is anna.character
    assert (seen["account"], seen["session"]) == (anna.account, anna.session)
    assert (seen["cmdname"], seen["raw_cmdname"]) == ("shout", "@shout")
    assert seen["args"] == "  out loud "
    assert seen["raw_string"] == "  Shout  out loud "
    assert "look" in seen["cmdset"]
    assert seen["source"] is made
    assert seen["cmdset_providers"] == {"session": anna.session, "account": anna.account, "object": anna.character}


def test_each_run_has_an_instance_of_its_own(anna):
    def func(self):
        self.msg(str(getattr(self, "left", "nothing")))
        self.left = "something"

    give(anna.character, command("once", func), command("kept", func, retain_instance=True))
    assert [anna.send("once"), anna.send("once")] == ["nothing", "nothing"]
    assert [anna.send("kept"), anna.send("kept")] == ["nothing", "something"]


def test_keywords_of_server_code_become_attributes(anna):
    give(anna.character, command("tell", lambda self: self.msg(self.colour)))
    anna.character.execute_cmd("tell", colour="red")
    assert anna.heard().endswith("red")


def test_the_set_that_a_command_gets_is_its_own(anna):
    give(anna.character, command("tidy", lambda self: self.cmdset.remove("look")))
    anna.send("tidy")
    assert "looked" in anna.send("look")


def test_hooks_run_in_order(anna):
    done = []

    class Ordered(Command):
        key = "ordered"

        def at_pre_cmd(self):
            done.append("pre")
            return self.args == " no"

        def parse(self):
            done.append("parse")
            if self.args == " stop":
                raise InterruptCommand

        def func(self):
            done.append("func")

        def at_post_cmd(self):
            done.append("post")

    give(anna.character, Ordered)
    anna.send("ordered")
    assert done == ["pre", "parse", "func", "post"]
    done.clear()
    assert anna.send("ordered no") == ""
    assert done == ["pre"]
    done.clear()
    assert anna.send("ordered stop") == ""
    assert done == ["pre", "parse"]
    assert not anna.errors


def test_save_for_next(anna):
    give(anna.character, command("keep", save_for_next=True), command("other"))
    anna.send("keep this")
    assert anna.character.ndb.last_cmd.args == " this"
    anna.send("other")
    assert anna.character.ndb.last_cmd is None


def test_what_func_returns_can_be_had(anna, loop):
    give(anna.character, command("five", lambda self: 5))
    run = anna.character.execute_cmd("five")
    assert run.done
    assert run.result == 5
    assert run.error is None


def test_a_given_command_needs_no_looking_for(anna):
    made = command("hidden", lambda self: self.msg(f"[{self.cmdname}][{self.args}]"))
    cmdhandler(anna.session, "hidden stone", cmdobj=made)
    assert anna.heard().endswith("[hidden][ stone]")
    cmdhandler(anna.session, "see stone", cmdobj=made(), cmdobj_key="see")
    assert anna.heard().endswith("[see][ stone]")
    cmdhandler(anna.session, "stone", cmdobj=made())
    assert anna.heard().endswith("[hidden][stone]")
    ready = cmdhandler(anna.session, "look x", _testing=True)
    assert (ready.key, ready.args, ready.caller) == ("look", " x", anna.character)
    with pytest.raises(InvalidArgument):
        cmdhandler(anna.session, 7)


def test_another_parser(anna):
    with override_settings(COMMAND_PARSER="tests.commands.test_dispatch.always_look"):
        assert "looked at" in anna.send("anything")


def always_look(raw_string, cmdset, caller, match_index=None, session=None, **kwargs):
    found = cmdset.get("look")
    return [(found.key, raw_string, found, 4, 1.0, found.key)]


# --- what is told


def test_no_match_suggests_what_one_may_use(anna, person):
    told = anna.send("lok at it")
    assert "lok" in told
    assert "look" in told
    assert "secret" not in anna.send("secre")
    assert "help" in anna.send("zzzzzz")
    assert "secret" in person("Bea", permissions="Builder").send("secre")


def test_what_is_typed_is_not_read_as_markup(anna):
    assert "||rred" in anna.send("|rred")


def test_a_locked_command_does_not_exist(anna):
    assert "no command" in anna.send("secret")


def test_empty_lines_do_nothing(anna):
    assert anna.send("") == anna.send("   ") == ""


def test_several_matches_are_listed_and_a_number_chooses(anna, hall):
    for number in (1, 2):
        button = create_object(key="button", location=hall)
        pressed = command("press", lambda self: self.msg(f"pressed {self.obj.db.number}"))
        give(button, pressed)
        button.db.number = number
    told = anna.send("press")
    assert "press-1" in told
    assert "press-2" in told
    assert anna.send("press-2") == "pressed 2"
    assert "no command" in anna.send("press-3")


@pytest.mark.parametrize(
    ("key", "line"), [(CMD_NOINPUT, ""), (CMD_NOMATCH, "blah blah"), (CMD_LOGINSTART, CMD_LOGINSTART)]
)
def test_system_commands(anna, key, line):
    give(anna.character, command(key, lambda self: self.msg(f"system [{self.args}]")))
    expected = "" if key == CMD_LOGINSTART else line
    assert anna.send(line) == f"system [{expected}]"


def test_the_system_command_for_several_matches_gets_them(anna, hall):
    for _ in range(2):
        give(create_object(key="button", location=hall), command("press"))
    give(anna.character, command(CMD_MULTIMATCH, lambda self: self.msg(str(len(self.matches)))))
    assert anna.send("press") == "2"


def test_before_login(loop):
    visitor = Player()
    give(
        visitor.session,
        command("connect", lambda self: self.msg("hello")),
        command(CMD_LOGINSTART, lambda self: self.msg("hi")),
    )
    assert visitor.send("connect") == "hello"
    assert "no command" in visitor.send("look")
    cmdhandler(visitor.session, CMD_LOGINSTART)
    assert visitor.heard().endswith("hi")


# --- errors


@pytest.mark.defect("V-14")
def test_an_error_undoes_everything_and_goes_to_the_loop(anna):
    def func(self):
        self.caller.db.gold = 5
        raise ZeroDivisionError

    anna.character.db.gold = 1
    give(anna.character, command("break", func))
    assert anna.send("break") == ""
    assert isinstance(anna.errors[0], ZeroDivisionError)
    assert anna.character.db.gold == 1


@pytest.mark.defect("V-14")
def test_only_developers_are_shown_the_traceback(anna, person):
    from perdure.commands.failures import failure_text

    error = ZeroDivisionError("|rsecret")
    told = failure_text(anna.character, anna.session, error, "ab12")
    assert "ab12" in told
    assert "ZeroDivision" not in told
    staff = person("Dev", permissions="Developer")
    told = failure_text(staff.character, staff.session, error, "ab12")
    assert "ZeroDivisionError" in told
    assert "||rsecret" in told
    with override_settings(IN_GAME_ERRORS=True):
        assert "ZeroDivisionError" in failure_text(anna.character, anna.session, error, "ab12")


def test_commands_do_not_run_each_other_for_ever(anna):
    depth = []

    def func(self):
        depth.append(1)
        self.execute_cmd("again")

    give(anna.character, command("again", func))
    anna.send("again")
    assert isinstance(anna.errors[0], CommandNesting)
    with pytest.raises(CommandNesting):
        anna.character.execute_cmd("again")
    assert len(depth) == 20


# --- lines of a session


def test_the_idle_command_only_keeps_the_connection(anna):
    anna.send("look")
    visible, total = anna.session.cmd_last_visible, anna.session.cmd_total
    assert handle_line(anna.session, "idle") is None
    assert (anna.session.cmd_last_visible, anna.session.cmd_total) == (visible, total)
    assert anna.session.cmd_last >= visible
    with override_settings(IDLE_COMMAND="@@@"):
        assert "no command" in anna.send("idle")
        assert handle_line(anna.session, "@@@\n") is None


def test_nicks(anna):
    anna.character.nicks.add("grab *", "get it")
    anna.account.nicks.add("gimme $1", "get $1")
    assert anna.send("grab x") == "got [it]"
    assert anna.send("gimme lamp") == "got [lamp]"
    anna.session.puppet = None
    anna.account.nicks.add("zz", "ooc")
    assert "command" in anna.send("zz")


def test_nicks_are_looked_for_only_where_there_are_any(anna, django_assert_num_queries):
    from perdure.commands.nicknames import has_nicks, replaced

    anna.character.db.other = 1
    anna.account.db.other = 1
    assert not has_nicks(anna.character)
    with django_assert_num_queries(0):
        assert replaced("look", anna.character, anna.account) == "look"
    anna.account.nicks.add("x", "y")
    assert has_nicks(anna.account)
    assert replaced("x", anna.character, anna.account) == "y"


def test_channels_by_personal_alias_name_and_common_alias(anna):
    channel = create_channel("Public Talk", aliases=["pt"])
    channel.connect(anna.account)
    channel.add_user_channel_alias(anna.account, "p")
    assert anna.send("p hi there") == "channel [public talk] [hi there]"
    assert anna.send("pt hi there") == "channel [Public Talk] [hi there]"
    assert anna.send("public talk = x") == "channel [Public Talk] [= x]"
    assert anna.send("PT") == "channel [Public Talk] [None]"
    assert "no command" in anna.send("ptarmigan")
    channel.disconnect(anna.account)
    assert "no command" in anna.send("pt hi")


def test_links_of_players_are_taken_out(anna, person):
    staff = person("Bea", permissions="Builder")
    line = "look |lclook|lthere|le"
    assert "|lc" not in anna.send(line)
    assert "[ here]" in anna.send(line)
    assert "|lc" in staff.send(line)


def test_npcs_and_accounts_give_commands(anna, hall):
    crow = create_object(key="Crow", location=hall)
    heard = []
    give(crow, command("caw", lambda self: heard.append((self.caller, self.account, self.session))))
    crow.nicks.add("c", "caw")
    crow.execute_cmd("c")
    assert heard == [(crow, None, None)]
    give(anna.account, command("ping", lambda self: self.msg("pong")))
    anna.account.execute_cmd("ping")
    assert anna.heard().endswith("pong")
    assert anna.send("ping") == "pong"


def test_answers_go_to_the_session_that_asked(anna):
    from perdure.sessions import SESSION_HANDLER

    second = Session(99)
    second.account = anna.account
    SESSION_HANDLER.add(second)
    give(anna.account, command("one"), command("all", lambda self: self.msg("for all"), msg_all_sessions=True))
    give(anna.account, command("mine", lambda self: self.msg("for one")))
    anna.session.puppet = None
    anna.send("mine")
    anna.send("all")
    assert anna.session.sent[-2:] == ["for one", "for all"]
    assert second.sent == ["for all"]


# --- exits


def test_walking(anna, hall, cellar):
    down = create_object(DefaultExit, key="down", aliases=["d"], location=hall, destination=cellar)
    create_object(DefaultExit, key="up", location=cellar, destination=hall)
    assert "no command" in anna.send("down there")
    anna.send("D")
    assert anna.character.location is cellar
    anna.send("up")
    assert anna.character.location is hall
    down.locks.add("traverse:false()")
    down.db.err_traverse = "It is barred."
    assert anna.send("down") == "It is barred."
    down.locks.add("cmd:false()")
    assert "no command" in anna.send("down")
    down.locks.add("cmd:all();traverse:all()")
    down.key = "Cellar Stairs"
    assert "no command" in anna.send("down")
    anna.send("cellar stairs")
    assert anna.character.location is cellar


def test_an_exit_is_no_system_command(anna, hall, cellar):
    """Or whoever mistypes in that room would be taken through it."""
    create_object(DefaultExit, key=CMD_NOMATCH, aliases=[CMD_NOINPUT, "hole"], location=hall, destination=cellar)
    create_object(DefaultExit, key=CMD_MULTIMATCH, location=hall, destination=cellar)
    for line in ("nonsense", "", CMD_NOMATCH):
        anna.send(line)
        assert anna.character.location is hall
    anna.send("hole")
    assert anna.character.location is cellar


# --- whatever is typed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.text(max_size=60) | st.from_regex(r"[@&/+]{0,2}(look|get|l|press|channel|secret)[-/ =a-z0-9|]{0,20}"))
def test_no_line_raises_anything_but_errors_of_the_catalogue(anna, line):
    anna.errors.clear()
    anna.send(line)
    assert all(isinstance(error, PerdureError) for error in anna.errors)


@pytest.mark.defect("V-1")
def test_a_line_cannot_set_anything(anna):
    before = set(vars(anna.session))
    anna.send('look caller=#1 {"session": 1} __class__')
    anna.send("__class__")
    assert set(vars(anna.session)) == before


def test_a_sign_that_no_database_holds_is_not_in_a_line(anna):
    heard = []
    give(anna.character, command("carve", lambda self: heard.append((self.args, self.raw_string))))
    cmdhandler(anna.character, "ca\0rve a\0b")
    assert heard == [(" ab", "carve ab")]
