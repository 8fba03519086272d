"""Three-valued logic: broken lock functions never open a lock, and evaluation stops when the answer is sure."""

from __future__ import annotations

import logging
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.errors import StaleObject
from perdure.locks.evaluation import Answer, Question, deciding_calls, describe, evaluate
from perdure.locks.grammar import parse_expression
from perdure.locks.tree import And, Call, Node, Not, Or, calls_of
from tests.locks.fakes import Entity

ANSWERS = {"t": True, "f": False, "u": None}


def worth(text: str) -> Answer:
    return evaluate(parse_expression(text), lambda call: ANSWERS[call.name])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("t() or u()", True),
        ("u() or t()", True),
        ("f() or u()", None),
        ("f() and u()", False),
        ("u() and f()", False),
        ("t() and u()", None),
        ("not u()", None),
        ("not (t() and u())", None),
        ("not (f() and u())", True),
    ],
)
def test_what_failed_is_not_known(text: str, answer: Answer) -> None:
    assert worth(text) is answer


def test_evaluation_stops_when_the_answer_is_sure() -> None:
    asked: list[str] = []

    def ask(call: Call) -> Answer:
        asked.append(call.args[0])
        return call.name == "t"

    evaluate(parse_expression("(t(1) or t(2)) and f(3) and t(4)"), ask)
    assert asked == ["1", "3"]


leaves = st.sampled_from("tfu").map(Call)
trees = st.recursive(
    leaves,
    lambda nodes: (
        st.builds(Not, nodes)
        | st.builds(And, st.lists(nodes, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(nodes, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@given(trees)
def test_an_unknown_never_opens_what_some_answer_would_shut(tree: Node) -> None:
    unknowns = [index for index, call in enumerate(calls_of(tree)) if call.name == "u"]
    outcomes = set()
    for guesses in product([True, False], repeat=len(unknowns)):
        guess = dict(zip(unknowns, guesses, strict=True))
        outcomes.add(_worked_out(tree, guess, iter(range(100))))
    if evaluate(tree, lambda call: ANSWERS[call.name]) is True:
        assert outcomes == {True}


def _worked_out(tree: Node, guess: dict[int, bool], numbers: Any) -> bool:
    if isinstance(tree, Call):
        index = next(numbers)
        return guess.get(index, tree.name == "t")
    if isinstance(tree, Not):
        return not _worked_out(tree.operand, guess, numbers)
    values = [_worked_out(operand, guess, numbers) for operand in tree.operands]
    return all(values) if isinstance(tree, And) else any(values)


@given(trees)
def test_the_deciding_calls_alone_decide(tree: Node) -> None:
    def truth(call: Call) -> Answer:
        return ANSWERS[call.name]

    # The same tree with a call of its own in every place, so that each can be told apart.
    numbered = _numbered(tree, iter(range(100)))
    answers = {call.args[0]: truth(call) for call in calls_of(numbered)}
    answer = evaluate(numbered, truth)
    if answer is None:
        return
    deciding = {call.args[0] for call in deciding_calls(numbered, truth)}
    others = [key for key in answers if key not in deciding]
    for changed in product([True, False, None], repeat=min(len(others), 5)):
        varied = {**answers, **dict(zip(others, changed, strict=False))}
        assert evaluate(numbered, lambda call, varied=varied: varied[call.args[0]]) is answer


def _numbered(tree: Node, numbers: Any) -> Node:
    if isinstance(tree, Call):
        return Call(tree.name, (str(next(numbers)),))
    if isinstance(tree, Not):
        return Not(_numbered(tree.operand, numbers))
    return type(tree)(tuple(_numbered(operand, numbers) for operand in tree.operands))


# --- the boundary -------------------------------------------------------------------------------


def question(function: Any) -> Question:
    return Question(Entity("Ann", 1), Entity("box", 2), "get", functions={"f": function})


def test_a_lock_function_is_told_everything() -> None:
    told: dict[str, Any] = {}

    def f(*args: Any, **kwargs: Any) -> bool:
        told.update(args=args, kwargs=kwargs)
        return True

    asking = Question("subject", "target", "get", "session", {"f": f})
    assert asking.allows(parse_expression("f(a, 'b, c', k=v)"))
    assert told["args"] == ("subject", "target", "a", "b, c")
    assert told["kwargs"] == {"access_type": "get", "session": "session", "k": "v"}


@pytest.mark.parametrize(("result", "allowed"), [(1, True), ("yes", True), (0, False), (None, False), ([], False)])
def test_results_are_taken_as_truth_values(result: object, allowed: bool) -> None:
    assert question(lambda *_, **__: result).allows(parse_expression("f()")) is allowed


class Unbool:
    def __bool__(self) -> bool:
        raise RuntimeError("no truth in me")


def raising(*_: object, **__: object) -> bool:
    raise ZeroDivisionError("broken")


async def coroutine() -> bool:
    return True


class Later:
    def __await__(self) -> Any:
        return iter(())


@pytest.mark.parametrize("function", [raising, lambda *_, **__: Unbool(), lambda *_, **__: Later(), lambda: True])
@pytest.mark.parametrize("text", ["f()", "not f()", "not (true() and f())", "missing()", "not missing()"])
def test_a_broken_lock_function_shuts_the_lock_and_is_logged(
    function: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    asking = question(function)
    asking.functions = {**asking.functions, "true": lambda *_, **__: True}
    with caplog.at_level(logging.ERROR, "perdure.locks"):
        assert asking.allows(parse_expression(text)) is False
    assert "get:" in caplog.text
    assert "box(#2)" in caplog.text
    assert "Ann(#1)" in caplog.text


def test_a_broken_lock_function_takes_nothing_from_those_who_pass_anyway() -> None:
    asking = question(raising)
    asking.functions = {**asking.functions, "true": lambda *_, **__: True}
    assert asking.allows(parse_expression("f() or true()"))


def test_a_conflict_passes_through_so_that_the_transaction_runs_again() -> None:
    def conflict(*_: object, **__: object) -> bool:
        raise StaleObject("somebody else was first")

    with pytest.raises(StaleObject):
        question(conflict).allows(parse_expression("f()"))


def test_entities_are_described_in_a_few_words() -> None:
    from perdure.errors import DeletedObject

    class Deleted:
        @property
        def key(self) -> str:
            raise DeletedObject("gone")

    assert describe(Entity("Ann", 7)) == "Ann(#7)"
    assert describe(None) == "nothing"
    assert describe(object()) == "a object"
    assert describe(Deleted()) == "a deleted Deleted"
