"""Answering an expression: three-valued logic over lock functions that may fail.

Contract: `evaluate` walks a tree and asks for the result of each call it needs, stopping as soon as the answer
is sure. A call that failed answers None, "not known": `not` of it is not known either, and an expression that is
not known in the end is refused. So a broken lock function never opens a lock, not even behind a `not`.
Failure modes: a lock function that raises, is unknown, or returns an awaitable is logged to `perdure.locks`.
`StaleObject` passes through: it asks for the whole transaction to be run again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ObjectDoesNotExist

from perdure.errors import StaleObject
from perdure.locks.registry import LockFunction, get_all_lockfuncs
from perdure.locks.tree import Call, Node, Not, Or, render

logger = logging.getLogger("perdure.locks")

Answer = bool | None


def evaluate(node: Node, ask: Callable[[Call], Answer]) -> Answer:
    """The answer of the tree, given those of its calls; None if a failed call leaves it open."""
    if isinstance(node, Call):
        return ask(node)
    if isinstance(node, Not):
        inner = evaluate(node.operand, ask)
        return None if inner is None else not inner
    decisive = isinstance(node, Or)
    unknown = False
    for operand in node.operands:
        answer = evaluate(operand, ask)
        if answer is decisive:
            return decisive
        unknown = unknown or answer is None
    return None if unknown else not decisive


def deciding_calls(node: Node, ask: Callable[[Call], Answer]) -> list[Call]:
    """The calls that made the answer of the tree what it is; the others could have been anything."""
    if isinstance(node, Call):
        return [node]
    if isinstance(node, Not):
        return deciding_calls(node.operand, ask)
    answer = evaluate(node, ask)
    deciding: list[Call] = []
    for operand in node.operands:
        if evaluate(operand, ask) is not answer:
            continue
        deciding += deciding_calls(operand, ask)
        if answer is isinstance(node, Or):
            break
    return deciding


@dataclass(slots=True)
class Question:
    """May `subject` do `access_type` to `target`? What every lock function of one check is told."""

    subject: object
    target: object
    access_type: str
    session: object = None
    functions: Mapping[str, LockFunction] = field(default_factory=get_all_lockfuncs)

    def allows(self, node: Node) -> bool:
        """Whether the expression lets the subject through; what is not known is refused."""
        return evaluate(node, self.ask) is True

    def ask(self, call: Call) -> Answer:
        """The answer of one call, None if it failed."""
        return self.attempt(call)[0]

    def attempt(self, call: Call) -> tuple[Answer, str]:
        """The answer of one call and, where it failed, what went wrong."""
        function = self.functions.get(call.name)
        if function is None:
            logger.error("%s: no lock function %r; the lock stays shut", self._where(call), call.name)
            return None, f"there is no lock function {call.name!r}"
        try:
            result = function(
                self.subject,
                self.target,
                *call.args,
                access_type=self.access_type,
                session=self.session,
                **dict(call.kwargs),
            )
            return self._as_bool(call, result)
        except StaleObject:
            raise
        except Exception as error:  # the boundary of game code: a lock function may do anything
            logger.exception("%s: the lock function failed; the lock stays shut", self._where(call))
            return None, f"{type(error).__name__}: {error}"

    def _as_bool(self, call: Call, result: object) -> tuple[Answer, str]:
        if isinstance(result, bool):
            return result, ""
        if not isinstance(result, Awaitable):
            return bool(result), ""
        logger.error("%s: the lock function returned an awaitable; the lock stays shut", self._where(call))
        return None, "it returned an awaitable instead of True or False"

    def _where(self, call: Call) -> str:
        return f"{self.access_type}:{render(call)} of {describe(self.target)} asked by {describe(self.subject)}"


def describe(entity: object) -> str:
    """The entity in a few words for logs and explanations."""
    try:
        key, dbref = getattr(entity, "key", None), getattr(entity, "dbref", None)
    except ObjectDoesNotExist:
        return f"a deleted {type(entity).__name__}"
    if key is None:
        return "nothing" if entity is None else f"a {type(entity).__name__}"
    return f"{key}({dbref})" if dbref else str(key)
