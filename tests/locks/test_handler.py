"""`obj.locks`: writing, reading and checking, and that nothing fails open."""

from __future__ import annotations

import gc
import logging
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.errors import IllegalState, InvalidArgument, LockException
from perdure.locks import LockHandler, check_lockstring, validate_lockstring
from perdure.locks.grammar import MAX_LENGTH, parse
from tests.locks.fakes import Account, Entity, Object, Tags


class Counting(Entity):
    """Counts how often its locks are saved."""

    saves = -1

    @property
    def lock_storage(self) -> str:
        return self._text

    @lock_storage.setter
    def lock_storage(self, text: str) -> None:
        self._text = text
        self.saves += 1


@pytest.fixture
def box() -> Counting:
    return Counting("box", 7)


def rejected(box: Entity, text: str) -> LockException:
    """That every door refuses the text, and leaves storage as it was."""
    box.locks.replace("kept:true()")
    with pytest.raises(LockException) as refused:
        box.locks.add(text)
    for attempt in (box.locks.replace, lambda text: box.locks.add(["new:true()", text])):
        with pytest.raises(LockException):
            attempt(text)
    for ok, error in (box.locks.validate(text), box.locks.add(text, validate_only=True), validate_lockstring(text)):
        assert ok is False
        assert isinstance(error, LockException)
        assert str(error) == str(refused.value)
    assert box.lock_storage == "kept:true()"
    return refused.value


# --- the behaviour table ------------------------------------------------------------------------


@pytest.mark.defect("V-2")
def test_parentheses_group(box: Entity) -> None:
    box.locks.add("a:(true() or false()) and false()")
    assert not box.locks.check(Object(), "a")
    box.locks.add("a:true() or false() and false()")
    assert box.locks.check(Object(), "a")


@pytest.mark.defect("V-2")
@pytest.mark.parametrize(
    "text",
    [
        "a: foo true() bar",
        "a: true() nor false()",
        "a:true() & false()",
        "a:true() true()",
        "a:true() or",
        "a:nosuch()",
        "a:true() or nosuch()",
        "a",
        ":true()",
        "a:",
        "a:true(",
        "a:true();b:(false()",
    ],
)
def test_bad_text_is_refused_by_every_door(box: Entity, text: str) -> None:
    assert rejected(box, text).position is not None


@pytest.mark.defect("V-2")
def test_an_unknown_function_is_pointed_at(box: Entity) -> None:
    error = rejected(box, "a:true() and prem(Builder)")
    assert error.position == 13
    assert "'perm'" in str(error)


def test_double_negation_and_empty_text(box: Counting) -> None:
    box.locks.add("a:not not true()")
    assert box.locks.check(Object(), "a")
    for nothing in ("", "  ", ";;", []):
        assert box.locks.add(nothing) is True
        assert box.locks.validate(nothing) == (True, None)
    assert box.lock_storage == "a:not not true()"
    assert box.saves == 1


@pytest.mark.parametrize("bad", [None, 5, b"a:true()", [None], ["a:true()", 5]])
def test_what_is_no_text_is_refused(box: Entity, bad: object) -> None:
    with pytest.raises(LockException):
        box.locks.add(bad)  # type: ignore[arg-type]
    assert box.lock_storage == ""


# --- writing ------------------------------------------------------------------------------------


def test_add_overrides_by_type_and_keeps_the_rest(box: Counting) -> None:
    assert box.locks.add("get:true();edit:perm(Admin)") is True
    box.locks.add(["Get:false()", "view : all()"])
    assert box.lock_storage == "edit:perm(Admin);get:false();view:all()"
    assert box.saves == 2


def test_adding_what_is_there_saves_nothing(box: Counting) -> None:
    box.locks.add("get:true()")
    box.locks.add(" GET: true() ")
    assert box.saves == 1


def test_validate_only_stores_nothing(box: Counting) -> None:
    assert box.locks.add("get:true()", validate_only=True) == (True, None)
    assert box.saves == 0


def test_two_locks_of_one_type_are_noticed(box: Entity, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "perdure.locks"):
        box.locks.add("get:true();view:all();GET:false()")
        box.locks.validate("edit:true();edit:false()")
    assert box.locks.get("get") == "get:false()"
    assert [record.name for record in caplog.records] == ["perdure.locks"]
    assert "'get'" in caplog.text


def test_overriding_an_older_lock_is_no_notice(box: Entity, caplog: pytest.LogCaptureFixture) -> None:
    box.locks.add("get:true()")
    box.locks.add("get:false()")
    assert not caplog.records


def test_the_whole_may_not_outgrow_the_limit(box: Entity) -> None:
    half = f"perm('{'x' * (MAX_LENGTH // 2)}')"
    box.locks.add(f"get:{half}")
    with pytest.raises(LockException, match=str(MAX_LENGTH)):
        box.locks.add(f"edit:{half}")
    assert box.locks.all() == [f"get:{half}"]


def test_replace(box: Counting) -> None:
    box.locks.add("get:true();edit:true()")
    assert box.locks.replace("view:all()") is True
    assert box.lock_storage == "view:all()"
    assert box.saves == 2


def test_remove_delete_clear(box: Counting) -> None:
    box.locks.add("get:true();edit:true();view:all()")
    assert box.locks.remove("GET") is True
    assert box.locks.remove("get") is False
    assert box.locks.delete("edit") is True
    assert box.lock_storage == "view:all()"
    assert box.saves == 3
    box.locks.clear()
    assert box.lock_storage == ""


# --- reading ------------------------------------------------------------------------------------


def test_reading(box: Entity) -> None:
    assert box.locks.all() == []
    assert box.locks.get() == str(box.locks) == ""
    box.locks.add("view: all() ;Edit:perm(X)  or  true()")
    assert box.locks.get("EDIT") == "edit:perm(X)  or  true()"
    assert box.locks.get("nothing") == ""
    assert box.locks.all() == ["edit:perm(X)  or  true()", "view:all()"]
    assert box.locks.get() == str(box.locks) == "edit:perm(X)  or  true();view:all()"


def test_the_text_is_the_only_truth(box: Entity) -> None:
    box.locks.add("get:true()")
    box.lock_storage = "get:false()"
    assert not box.locks.check(Object(), "get")
    assert box.locks.get("get") == "get:false()"
    box.lock_storage = None  # type: ignore[assignment]
    assert box.locks.all() == []
    assert box.locks.check(Object(), "get", default=True)


# --- append -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "op", "text", "after"),
    [
        ("", "or", "id(1)", "id(1)"),
        ("", "and", "id(1) or id(2)", "id(1) or id(2)"),
        ("", "and not", "id(1) or id(2)", "not (id(1) or id(2))"),
        ("", "or not", "id(1)", "not id(1)"),
        ("perm(A)", "or", "id(1)", "perm(A) or id(1)"),
        ("perm(A)", " AND  Not ", "id(1)", "perm(A) and not id(1)"),
        ("perm(A) or perm(B)", "and", "id(1)", "(perm(A) or perm(B)) and id(1)"),
        ("perm(A)", "and", "id(1) or id(2)", "perm(A) and (id(1) or id(2))"),
        ("perm(A)", "and not", "id(1) and id(2)", "perm(A) and not (id(1) and id(2))"),
        ("perm(A) and perm(B)", "or", "id(1) and id(2)", "perm(A) and perm(B) or id(1) and id(2)"),
        ("pid(12)", "or", "id(1)", "pid(12) or id(1)"),
        ("id(1) or id(2)", "and not", "id(1)", "(id(1) or id(2)) and not id(1)"),
        ("not id(1)", "or", "id(1)", "not id(1) or id(1)"),
        ("attr(x, Elf)", "and", "attr(x, elf)", "attr(x, Elf) and attr(x, elf)"),
    ],
)
def test_append(box: Entity, before: str, op: str, text: str, after: str) -> None:
    box.locks.add(f"get:{before}" if before else "")
    assert box.locks.append("Get", text, op=op) is True
    assert box.locks.get("get") == f"get:{after}"


@pytest.mark.parametrize(
    ("before", "op", "text"),
    [
        ("perm(A) or id(1)", "or", "id(1)"),
        ("perm(A) or id(1)", "or", "PERM( a )".replace("PERM", "perm")),
        ("perm(A)", "or", "perm(A)"),
        ("perm(A) and not id(1)", "and not", "id(1)"),
        ("perm(A) and id(1)", "and", "id( 1 )"),
    ],
)
def test_append_of_what_is_there_changes_nothing(box: Counting, before: str, op: str, text: str) -> None:
    box.locks.add(f"get:{before}")
    assert box.locks.append("get", text, op=op) is False
    assert box.locks.get("get") == f"get:{before}"
    assert box.saves == 1


@pytest.mark.parametrize("text", ["", "nosuch()", "id(1", "id(1);edit:true()", "get:id(1)", "id(1)) or (true()"])
def test_append_refuses_what_is_no_expression(box: Entity, text: str) -> None:
    box.locks.add("get:false()")
    with pytest.raises(LockException):
        box.locks.append("get", text)
    assert box.lock_storage == "get:false()"


@pytest.mark.parametrize("access_type", ["", " ", "a:true();b", "a b", "a;", "'a'"])
def test_append_refuses_what_is_no_access_type(box: Entity, access_type: str) -> None:
    with pytest.raises(LockException, match="access type"):
        box.locks.append(access_type, "true()")
    assert box.lock_storage == ""


@pytest.mark.parametrize("op", ["", "xor", "not", "or or", "and not not"])
def test_append_knows_four_operators(box: Entity, op: str) -> None:
    with pytest.raises(InvalidArgument, match="op is"):
        box.locks.append("get", "true()", op=op)


# --- checking -----------------------------------------------------------------------------------


def test_check(box: Entity) -> None:
    box.locks.add("get:perm(Builder) or tag(trusted);edit:false()")
    assert box.locks.check(Object(perms=("builder",)), "get")
    assert box.locks.check(Object(tags=Tags(("trusted", None))), " GET ")
    assert not box.locks.check(Object(), "get")
    assert not box.locks.check(Object(perms=("builder",)), "edit", default=True)


def test_a_missing_type_answers_the_default(box: Entity) -> None:
    assert box.locks.check(Object(), "get") is False
    assert box.locks.check(Object(), "get", default=True) is True


@pytest.mark.defect("V-15")
def test_superusers_pass_until_they_quell(box: Entity) -> None:
    account = Account(is_superuser=True)
    hero = Object(account=account)
    box.locks.add("get:false()")
    for subject in (account, hero):
        assert box.locks.check(subject, "get")
        assert box.locks.check(subject, "missing")
        assert not box.locks.check(subject, "get", no_superuser_bypass=True)
    account.quell()
    for subject in (account, hero):
        assert not box.locks.check(subject, "get")
        assert not box.locks.check(subject, "missing")


@pytest.mark.defect("V-15")
def test_promotion_acts_at_once_and_nothing_needs_recaching(box: Entity) -> None:
    account = Account()
    box.locks.add("get:false()")
    assert not box.locks.check(account, "get")
    account.is_superuser = True
    assert box.locks.check(account, "get")
    account.is_superuser = False
    box.locks.cache_lock_bypass(account)
    box.locks.reset()
    assert not box.locks.check(account, "get")
    assert box.lock_storage == "get:false()"


@pytest.mark.parametrize("broken", ["get:", "get:true() bar;view:all()", "garbage", "get:true(\x00)"])
def test_malformed_storage_is_closed_but_can_be_mended(
    box: Entity, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    box.lock_storage = broken
    assert not box.locks.check(Object(), "get", default=True)
    assert not box.locks.check(Object(), "view", default=True)
    assert "box(#7)" in caplog.text
    assert box.locks.check(Account(is_superuser=True), "get")
    assert str(box.locks) == box.locks.get() == broken
    for attempt in (box.locks.all, lambda: box.locks.add("x:true()"), lambda: box.locks.remove("get")):
        with pytest.raises(LockException):
            attempt()
    assert box.lock_storage == broken
    box.locks.replace("get:true()")
    assert box.locks.check(Object(), "get")
    box.lock_storage = broken
    box.locks.clear()
    assert box.lock_storage == ""


def test_a_stored_function_that_is_gone_shuts_only_its_own_lock(box: Entity) -> None:
    box.lock_storage = "get:gone();edit:not gone();view:all()"
    assert not box.locks.check(Object(), "get", default=True)
    assert not box.locks.check(Object(), "edit", default=True)
    assert box.locks.check(Object(), "view")
    box.locks.remove("get")
    assert box.lock_storage == "edit:not gone();view:all()"


@pytest.mark.parametrize("subject", [None, object(), "Ann"])
def test_strangers_are_checked_like_anybody(box: Entity, subject: object) -> None:
    box.locks.add("get:perm(Guest) or id(1) or attr(x) or tag(x) or holds() or inside();view:all()")
    assert not box.locks.check(subject, "get")
    assert box.locks.check(subject, "view")


# --- check_lockstring ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "access_type", "default", "passes"),
    [
        ("perm(Builder)", None, False, True),
        ("perm(Admin)", None, True, False),
        ("get:true();edit:perm(Builder)", None, False, True),
        ("get:true();edit:perm(Admin)", None, True, False),
        ("get:true();edit:perm(Admin)", "GET", False, True),
        ("get:true();edit:perm(Admin)", "edit", True, False),
        ("get:true()", "view", False, False),
        ("get:true()", "view", True, True),
        ("", None, False, False),
        ("", None, True, True),
        ("true()", "get", False, False),
    ],
)
def test_check_lockstring(box: Entity, text: str, access_type: str | None, default: bool, passes: bool) -> None:
    builder = Object(perms=("builder",))
    assert check_lockstring(builder, text, default=default, access_type=access_type) is passes
    assert box.locks.check_lockstring(builder, text, default=default, access_type=access_type) is passes


def test_check_lockstring_has_the_entity_as_target(box: Entity) -> None:
    carrier = Object(contents=[box])
    assert box.locks.check_lockstring(carrier, "holds()")
    assert not check_lockstring(carrier, "holds()")


@pytest.mark.parametrize("text", ["a:", "true", ":true()", "true() bar", "a:true();b", None])
def test_check_lockstring_refuses_malformed_text(box: Entity, text: str) -> None:
    with pytest.raises(LockException):
        check_lockstring(Object(), text, default=True)


class NoLocks:
    """A superuser without a lock handler."""

    is_superuser = True


@pytest.mark.defect("V-15")
def test_the_superuser_shortcut_needs_no_lock_handler(box: Entity) -> None:
    for check in (check_lockstring, box.locks.check_lockstring):
        assert check(NoLocks(), "false()")
        assert not check(NoLocks(), "false()", no_superuser_bypass=True)
        assert check(NoLocks(), "true()", no_superuser_bypass=True)


# --- the host -----------------------------------------------------------------------------------


def test_the_handler_does_not_keep_its_host_alive() -> None:
    gc.disable()
    try:
        host = Entity("brief", 3)
        watcher = weakref.ref(host)
        host.locks.add("get:perm(Builder)")
        host.locks.check(Object(), "get")
        handler = host.locks
        del host
        assert watcher() is None, "reference counting alone must free it"
    finally:
        gc.enable()
    with pytest.raises(IllegalState, match="gone"):
        handler.check(Object(), "get")


def test_anything_with_lock_storage_can_be_a_host() -> None:
    class Command:
        lock_storage = ""

    look = Command()
    locks = LockHandler(look)
    locks.add("cmd:perm(Builder)")
    assert look.lock_storage == "cmd:perm(Builder)"
    assert locks.check(Object(perms=("builder",)), "cmd")


# --- nothing fails open -------------------------------------------------------------------------

pieces = st.lists(
    st.sampled_from(
        [
            "get:",
            "edit:",
            ";",
            "(",
            ")",
            "false()",
            "none()",
            "perm(Admin)",
            " and ",
            " or ",
            " not ",
            "x",
            ",",
            "'",
            "=",
        ]
    )
    | st.text(max_size=3),
    max_size=15,
).map("".join)


@given(pieces)
@pytest.mark.defect("V-2")
def test_text_that_grants_nothing_never_opens(text: str) -> None:
    """Whatever is stored by whatever way, only `not` can make something pass out of functions that never do."""
    host = Entity("box", 7)
    host.lock_storage = text
    opened = [name for name in ("get", "edit") if host.locks.check(Object(), name)]
    if opened:
        assert all("not" in host.locks.get(name).lower() for name in opened)
    ok, error = host.locks.validate(text)
    if ok:
        assert {lock.access_type for lock in parse(text)} >= set(opened)
    else:
        assert isinstance(error, LockException)


@given(st.dictionaries(st.sampled_from(["get", "edit", "view"]), st.sampled_from(["true()", "false() or perm(X)"])))
def test_the_handler_is_a_dict_of_locks(model: dict[str, str]) -> None:
    host = Entity("box", 7)
    host.locks.add([f"{name}:{text}" for name, text in model.items()])
    assert host.locks.all() == [f"{name}:{model[name]}" for name in sorted(model)]
    for name in ("get", "edit", "view"):
        assert host.locks.check(Object(), name) is (model.get(name) == "true()")
