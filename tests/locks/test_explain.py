"""`explain` says which rule decided, and never disagrees with the check."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.errors import InvalidArgument
from perdure.locks import Reason, explain
from tests.locks.fakes import Account, Entity, Object, Tags


@pytest.fixture
def box() -> Entity:
    box = Entity("box", 7)
    box.locks.add("get:perm(Builder) or tag(trusted) and not tag(banned);edit:false()")
    return box


def deciding(box: Entity, subject: object, access_type: str = "get") -> list[str]:
    return [str(call) for call in explain(box, subject, access_type).deciding]


def test_the_call_that_let_somebody_in(box: Entity) -> None:
    why = explain(box, Object("Ann", 3, ("builder",)), "GET")
    assert why.allowed
    assert why.reason is Reason.RULE
    assert why.access_type == "get"
    assert why.rule == "get:perm(Builder) or tag(trusted) and not tag(banned)"
    assert [(call.call, call.passed, call.decided) for call in why.calls] == [("perm(Builder)", True, True)]
    assert str(why).startswith("Ann(#3) may 'get' box(#7): the lock is get:perm(Builder) or")
    assert str(why).endswith("where perm(Builder) is true.")


def test_the_calls_that_kept_somebody_out(box: Entity) -> None:
    assert deciding(box, Object()) == ["perm(Builder) is false", "tag(trusted) is false"]
    banned = Object(tags=Tags(("trusted", None), ("banned", None)))
    why = explain(box, banned, "get")
    assert not why
    assert [call.call for call in why.calls] == ["perm(Builder)", "tag(trusted)", "tag(banned)"]
    assert [str(call) for call in why.deciding] == ["perm(Builder) is false", "tag(banned) is true"]
    assert "may not 'get'" in str(why)


def test_the_same_call_twice_is_told_twice(box: Entity) -> None:
    box.locks.replace("get:false() or false()")
    assert len(explain(box, Object(), "get").calls) == 2


def test_superusers(box: Entity) -> None:
    account = Account("Ann", 9, is_superuser=True)
    hero = Object("Hero", 5, account=account)
    for subject in (account, hero):
        why = explain(box, subject, "edit")
        assert (why.allowed, why.reason, why.calls) == (True, Reason.SUPERUSER, ())
        assert "superuser" in str(why)
    why = explain(box, account, "edit", no_superuser_bypass=True)
    assert (why.allowed, why.reason, why.bypass_off) == (False, Reason.RULE, True)
    assert "no bypass" in str(why)


@pytest.mark.defect("V-15")
def test_quelling_is_told(box: Entity) -> None:
    account = Account("Ann", 9, is_superuser=True)
    account.quell()
    for subject in (account, Object("Hero", 5, account=account)):
        why = explain(box, subject, "edit")
        assert (why.allowed, why.reason, why.quelled) == (False, Reason.RULE, True)
        assert "quelled" in str(why)
    assert not explain(box, Object(), "edit").quelled


def test_the_default(box: Entity) -> None:
    refused, allowed = explain(box, Object(), "view"), explain(box, Object(), "view", default=True)
    assert (refused.allowed, refused.reason, refused.rule) == (False, Reason.DEFAULT, "")
    assert (allowed.allowed, allowed.reason) == (True, Reason.DEFAULT)
    assert "default is to refuse" in str(refused)
    assert "default is to allow" in str(allowed)


def test_malformed_locks(box: Entity) -> None:
    box.lock_storage = "get:true() bar"
    why = explain(box, Object(), "get", default=True)
    assert (why.allowed, why.reason) == (False, Reason.MALFORMED)
    assert "'bar'" in str(why)


def test_a_failed_function_is_named_with_its_error(box: Entity) -> None:
    box.lock_storage = "get:perm(Builder) or not gone(x)"
    why = explain(box, Object(), "get")
    assert not why.allowed
    [failed] = why.deciding
    assert (failed.call, failed.passed) == ("gone(x)", False)
    assert "no lock function 'gone'" in str(why)


def test_what_has_no_locks_cannot_be_explained() -> None:
    with pytest.raises(InvalidArgument, match="target"):
        explain(object(), Object(), "get")


expressions = st.recursive(
    st.sampled_from(["true()", "false()", "perm(Builder)", "gone()", "tag(x)"]),
    lambda parts: (
        st.builds("({} and {})".format, parts, parts)
        | st.builds("({} or {})".format, parts, parts)
        | st.builds("not {}".format, parts)
    ),
    max_leaves=5,
)


@given(
    expressions,
    st.sampled_from(["get", "view"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_it_agrees_with_the_check(
    text: str, access_type: str, default: bool, no_bypass: bool, superuser: bool, quelled: bool, builder: bool
) -> None:
    host = Entity("box", 7)
    host.lock_storage = f"get:{text}"
    account = Account("Ann", 9, ("builder",) if builder else (), is_superuser=superuser)
    if quelled:
        account.quell()
    for subject in (account, Object("Hero", 5, account=account)):
        why = explain(host, subject, access_type, default=default, no_superuser_bypass=no_bypass)
        assert why.allowed is host.locks.check(subject, access_type, default=default, no_superuser_bypass=no_bypass)
        assert (why.reason is Reason.RULE) == bool(why.deciding)
        assert str(why)
