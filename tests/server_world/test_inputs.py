"""Named messages of clients: schemas, states, bounds, and what they may never do."""

from __future__ import annotations

import string
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perdure.conf import conf
from perdure.errors import ConfigurationError
from perdure.server.messages import Oob, OobOut
from perdure.server.world import inputs, monitors
from perdure.server.world.inputs import Call, input_function
from perdure.server.world.stock_inputs import MAX_OPTIONS, WEBCLIENT_OPTIONS

PASSWORD = "correct horse battery staple"


class Quest(msgspec.Struct):
    """What the test's function takes."""

    name: str
    steps: list[int] = []


@pytest.fixture(autouse=True)
def _functions(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs.load()
    monkeypatch.setattr(inputs, "_inputs", dict(inputs._inputs))
    inputs.refused.clear()


def send(player: Any, name: Any, /, *args: Any, **kwargs: Any) -> list[tuple[str, list[Any], dict[str, Any]]]:
    """What comes back, as named messages."""
    before = len(player.messages)
    player.world.world.receive(Oob(player.record.sessid, name, list(args), kwargs))
    player.world.run()
    return out(player, before)


def out(player: Any, since: int = 0) -> list[tuple[str, list[Any], dict[str, Any]]]:
    return [(one.name, one.args, one.kwargs) for one in player.messages[since:] if isinstance(one, OobOut)]


# --- what is let through


@pytest.mark.defect("V-1")
def test_values_fit_their_schema_or_nothing_happens(world: Any) -> None:
    got: list[Any] = []

    @input_function("quest", Quest, state="any")
    def quest(call: Call, asked: Quest) -> None:
        got.append(asked)
        call.reply("quest", asked.name, steps=len(asked.steps))

    anna = world.player("Anna")
    assert send(anna, "quest", "ring", [1, 2]) == [("quest", ["ring"], {"steps": 2})]
    assert send(anna, "quest", name="ring", id="x7") == [("quest", ["ring"], {"steps": 0, "id": "x7"})]
    assert send(anna, "quest", "ring", id=5)[0][2]["id"] == 5
    assert got[0] == Quest("ring", [1, 2])
    wrong: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((), {}),
        ((5,), {}),
        (("ring", ["1"]), {}),
        (("ring", [], "more"), {}),
        (("ring",), {"name": "ring"}),
        (("ring",), {"session": 1}),
        (("ring",), {"__class__": "x"}),
        (("ring",), {"id": ["no", "list"]}),
        (("ring",), {"id": "x" * 65}),
        (("ring",), {"id": True}),
    ]
    for args, kwargs in wrong:
        assert send(anna, "quest", *args, **kwargs) == [], (args, kwargs)
    assert len(got) == 3
    assert inputs.refused == {"shape": len(wrong)}


@pytest.mark.defect("V-1")
def test_unknown_names_do_nothing(world: Any) -> None:
    anna = world.player("Anna")
    for name in ("no_such", "__init__", "msg", "at_look", "receive", "", "login_", "ECHO"):
        assert send(anna, name, "x") == []
    assert inputs.refused == {"unknown": 8}


@pytest.mark.defect("V-1")
def test_each_function_wants_a_state(world: Any) -> None:
    for state in ("anonymous", "account", "puppet", "bot", "any"):

        @input_function(f"as_{state}", inputs_nothing(), state=state)  # type: ignore[arg-type]
        def function(call: Call, given: Any) -> None:
            call.reply("yes")

    def allowed(player: Any) -> set[str]:
        return {state for state in ("anonymous", "account", "puppet", "bot", "any") if send(player, f"as_{state}")}

    nobody = world.connect()
    assert allowed(nobody) == {"anonymous", "any"}
    ooc = world.player("Bea", character=False)
    assert allowed(ooc) == {"account", "any"}
    anna = world.player("Anna")
    assert allowed(anna) == {"account", "puppet", "any"}
    anna.account.is_bot = True
    assert "bot" in allowed(anna)
    anna.character.delete()
    assert "puppet" not in allowed(anna)


def inputs_nothing() -> type[msgspec.Struct]:
    return msgspec.defstruct("Nothing", [])


def test_an_error_in_a_function_is_undone_and_ends_nothing_else(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    @input_function("broken", inputs_nothing(), state="puppet")
    def broken(call: Call, given: Any) -> None:
        call.session.puppet.db.half = "done"
        call.reply("half")
        raise ZeroDivisionError("on purpose")

    anna = world.player("Anna")
    assert send(anna, "broken") == []
    assert anna.character.db.half is None
    assert "on purpose" in caplog.text
    assert send(anna, "echo", 1) == [("echo", [1], {})]


def test_functions_that_make_no_sense_are_refused_when_they_are_registered() -> None:
    for arguments in (
        {"name": "Upper", "state": "any"},
        {"name": "with space", "state": "any"},
        {"name": "x" * 65, "state": "any"},
        {"name": "fine", "state": "superuser"},
        {"name": "fine", "state": "any", "args_to": "no_field"},
        {"name": "fine", "state": "any", "aliases": ("No",)},
    ):
        name = arguments.pop("name")
        with pytest.raises(ConfigurationError):
            input_function(name, Quest, **arguments)  # type: ignore[arg-type]


def test_the_module_of_the_game_may_be_absent_but_not_broken(settings: Any, tmp_path: Any, monkeypatch: Any) -> None:
    settings.INPUT_FUNC_MODULES = ("no.such.module", "server.conf.inputfuncs")
    inputs.load()
    (tmp_path / "broken_inputs.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "good_inputs.py").write_text(
        "import msgspec\n"
        "from perdure.server.world.inputs import input_function\n"
        "class Greeting(msgspec.Struct):\n    text: str\n"
        "@input_function('greet', Greeting, state='any')\n"
        "def greet(call, given):\n    call.reply('greet', given.text)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.INPUT_FUNC_MODULES = "good_inputs"
    inputs.load()
    assert "greet" in inputs._inputs
    settings.INPUT_FUNC_MODULES = ("broken_inputs",)
    with pytest.raises(ModuleNotFoundError):
        inputs.load()


# --- the stock ones


def test_what_a_client_can_do(world: Any) -> None:
    anna = world.player("Anna")
    assert send(anna, "client_options", screenwidth=100, **{"utf-8": True, "nonsense": 5, "ansi": "what"}) == []
    assert anna.session.protocol_flags["SCREENWIDTH"] == 100
    assert "NONSENSE" not in anna.session.protocol_flags
    ((name, _, options),) = send(anna, "get_client_options", id=1)
    assert name == "client_options"
    assert (options["screenwidth"], options["id"]) == (100, 1)
    ((_, names, _),) = send(anna, "get_inputfuncs")
    assert {"echo", "monitor", "get_value"} <= set(names)
    assert "login" not in names
    assert "login" in send(world.connect(), "get_inputfuncs")[0][1]
    assert send(anna, "echo", [1, {"a": None}], "b", id=3) == [("echo", [[1, {"a": None}], "b"], {"id": 3})]


@pytest.mark.defect("V-1")
def test_only_some_values_can_be_asked_for(world: Any) -> None:
    anna, bea = world.player("Anna"), world.player("Bea", character=False)
    values = {name: send(anna, "get_value", name)[0][2]["value"] for name in ("name", "key", "location", "servername")}
    assert values == {"name": "Anna", "key": "Anna", "location": "Room", "servername": conf.SERVERNAME}
    assert send(bea, "get_value", "location")[0][2] == {"name": "location", "value": None}
    for name in ("password", "db_key", "locks", "__class__", "NAME"):
        assert send(anna, "get_value", name) == []


def test_a_monitor_tells_changes(world: Any) -> None:
    anna = world.player("Anna")
    hall = world.create("Hall", "objects.objects.DefaultRoom", location=None)
    assert send(anna, "monitor", "location") == [("monitor", [], {"name": "location", "value": "Room"})]
    assert send(anna, "monitor", "desc", id=2)[0][2] == {"name": "desc", "value": "", "id": 2}
    assert send(anna, "monitored") == [("monitored", ["location", "desc"], {})]
    assert send(anna, "monitor", "password") == []

    def in_unit(function: Any) -> list[Any]:
        before = len(anna.messages)
        world.loop.submit(function)
        world.run()
        return [kwargs for name, _, kwargs in out(anna, before) if name == "monitor"]

    assert in_unit(lambda: anna.character.move_to(hall, quiet=True)) == [{"name": "location", "value": "Hall"}]
    assert in_unit(lambda: None) == []
    assert in_unit(lambda: setattr(anna.character.db, "desc", "tall")) == [{"name": "desc", "value": "tall"}]

    def broken() -> None:
        anna.character.db.desc = "short"
        raise ZeroDivisionError

    assert in_unit(broken) == []
    world.reload()
    assert in_unit(lambda: setattr(anna.character.db, "desc", "old")) == [{"name": "desc", "value": "old"}]
    assert send(anna, "unmonitor", "desc") == []
    assert send(anna, "monitored") == [("monitored", ["location"], {})]
    assert in_unit(lambda: setattr(anna.character.db, "desc", "older")) == []
    send(anna, "unmonitor", "location")
    in_unit(lambda: None)
    assert monitors._compare not in world.loop.observers


def test_the_two_repetitions(world: Any) -> None:
    anna = world.player("Anna")
    assert send(anna, "repeat", "time", 4) == []
    assert inputs.refused["shape"] == 1
    send(anna, "repeat", "time", 10, id="t")
    send(anna, "repeat", "idle", 5)
    send(anna, "repeat", "delete", 5)
    before = len(anna.messages)
    world.advance(21)
    told = [kwargs for name, _, kwargs in out(anna, before) if name == "repeat"]
    assert [one["callback"] for one in told].count("time") == 2
    assert [one["callback"] for one in told].count("idle") == 4
    assert all(one["id"] == "t" and one["time"] > 0 for one in told if one["callback"] == "time")
    send(anna, "unrepeat", "time")
    send(anna, "repeat", "idle", 3600)
    before = len(anna.messages)
    world.advance(100)
    assert out(anna, before) == []
    anna.session.disconnect("bye")
    world.run()
    timers = world.loop.timers
    world.advance(4000)
    assert world.loop.timers < timers


@pytest.mark.defect("V-12")
def test_options_of_the_browser_are_kept_and_bounded(world: Any) -> None:
    anna = world.player("Anna")
    assert send(anna, "webclient_options") == [("webclient_options", [], {})]
    kept = {"font": "large", "sound": True, "size": 12, "name": "mine"}
    assert send(anna, "webclient_options", **kept) == [("webclient_options", [], kept)]
    assert send(anna, "webclient_options", font=None)[0][2] == {**kept, "font": None}
    for wrong in ({"x" * 65: 1}, {"x": "y" * 1025}, {"x": [1]}, {"x": {"y": 1}}):
        assert send(anna, "webclient_options", **wrong) == []
    send(anna, "webclient_options", **{f"key{number}": number for number in range(200)})
    ((_, _, options),) = send(anna, "webclient_options")
    assert len(options) == MAX_OPTIONS
    assert options["name"] == "mine"
    assert send(anna, "webclient_options", font="small", another=1)[0][2]["font"] == "small"
    assert len(anna.account.attributes.get(WEBCLIENT_OPTIONS)) == MAX_OPTIONS
    assert send(world.connect(), "webclient_options") == []


@pytest.mark.defect("V-7")
@pytest.mark.defect("V-8")
def test_logging_in_by_message(world: Any, settings: Any) -> None:
    settings.LOGIN_THROTTLE_LIMIT = 3
    world.player("Anna").session.disconnect("bye")
    world.run()
    player = world.connect()
    for _ in range(3):
        ((name, _, answer),) = send(player, "login", "Anna", "wrong", id=1)
        assert (name, answer["ok"], answer["id"]) == ("login", False, 1)
    ((_, _, answer),) = send(player, "login", "Anna", PASSWORD)
    assert "Too many" in answer["reason"]
    elsewhere = world.connect(address="10.0.0.77")
    answers = send(elsewhere, "login", name="anna", password=PASSWORD)
    assert ("login", [], {"ok": True}) in answers
    assert elsewhere.account.key == "Anna"
    assert elsewhere.character is not None
    assert send(elsewhere, "login", "Anna", PASSWORD) == []


def test_who_leaves_before_the_password_is_checked_is_not_logged_in(world: Any) -> None:
    world.player("Anna").session.disconnect("bye")
    world.run()
    player = world.connect(address="10.0.0.50")
    session = player.session
    world.world.receive(Oob(player.record.sessid, "login", ["Anna", PASSWORD], {}))
    world.world.receive(Oob(player.record.sessid, "login", ["Anna", PASSWORD], {}))  # one at a time
    world.loop.submit(lambda: session.disconnect("bye"))
    world.run()
    assert not session.logged_in
    assert session.account is None


def test_who_types_is_told_to_those_in_the_same_place(world: Any) -> None:
    anna, bea, cleo, dora = (world.player(name) for name in ("Anna", "Bea", "Cleo", "Dora"))
    for player in (anna, bea, dora):
        send(player, "is_typing_setup")
    away = world.create("Away", "objects.objects.DefaultRoom", location=None)
    world.loop.submit(lambda: dora.character.move_to(away, quiet=True))
    world.run()
    marks = {player: len(player.messages) for player in (anna, bea, cleo, dora)}
    send(anna, "is_typing_state", True)
    heard = {player.account.key: out(player, marks[player]) for player in marks}
    assert heard["Bea"] == [("is_typing", [], {"name": "Anna", "state": True})]
    assert heard["Anna"] == heard["Cleo"] == heard["Dora"] == []
    assert send(anna, "is_typing_state", "yes") == []


# --- whatever comes

NAMES = st.sampled_from(
    [
        "client_options",
        "hello",
        "get_client_options",
        "get_inputfuncs",
        "echo",
        "get_value",
        "monitor",
        "unmonitor",
        "monitored",
        "repeat",
        "unrepeat",
        "webclient_options",
        "login",
        "is_typing_setup",
        "is_typing_state",
    ]
) | st.text(string.ascii_lowercase + "_.", max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=30)
)
WORDS = st.sampled_from(["name", "location", "desc", "time", "idle", "id", "options", "values", "state", "callback"])
VALUES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.defect("V-1")
def test_whatever_a_client_sends_only_its_own_things_change(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    anna, nobody = world.player("Anna"), world.connect()
    witness = world.player("Witness")

    def state() -> tuple[Any, ...]:
        return (
            witness.account.pk,
            witness.character.key,
            witness.character.location.pk,
            witness.character.locks.all(),
            anna.character.key,
            anna.character.locks.all(),
            anna.account.is_superuser,
            anna.account.password,
            anna.account.permissions.all(),
            sorted(attribute.key for attribute in anna.character.attributes.all()),
        )

    before = state()

    @settings(
        max_examples=max(60, settings().max_examples),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.booleans(), NAMES, st.lists(VALUES, max_size=4), st.dictionaries(WORDS | st.text(max_size=10), VALUES))
    def fuzz(known: bool, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        player = anna if known else nobody
        send(player, name, *args) if not kwargs else player.world.world.receive(
            Oob(player.record.sessid, name, args, kwargs)
        )
        world.run()
        assert state() == before

    fuzz()
    ours = ("perdure.inputs", "perdure.gameloop", "perdure.server")
    assert not [record for record in caplog.records if record.name in ours and record.levelname == "ERROR"]
    assert len(anna.account.attributes.get(WEBCLIENT_OPTIONS) or {}) <= MAX_OPTIONS
    assert nobody.account is None
    assert send(anna, "echo", "still here") == [("echo", ["still here"], {})]
