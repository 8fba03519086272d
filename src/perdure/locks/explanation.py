"""Why a check passes or fails, in terms of the rule that decided.

Contract: `explain` runs the same check as `LockHandler.check`, on the same rules, and tells how it came out:
by the superuser's bypass, by the lock, or by the default where there is none. `str()` of it is an answer to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial

from perdure.errors import InvalidArgument, LockException
from perdure.locks.evaluation import Answer, Question, deciding_calls, describe, evaluate
from perdure.locks.grammar import compile_lockstring
from perdure.locks.permissions import is_effective_superuser, is_quelled_superuser
from perdure.locks.tree import Call, Lockdef, render

_ABSENT = object()


class Reason(Enum):
    """What decided a check."""

    SUPERUSER = "a superuser passes every lock"
    RULE = "the lock"
    DEFAULT = "the default"
    MALFORMED = "the stored locks are malformed"


@dataclass(frozen=True, slots=True)
class CallResult:
    """One lock function that was asked.

    Attributes:
        call: as written in the lock.
        passed: its answer; False if it failed.
        decided: whether the outcome rests on it.
        error: what went wrong in it, empty if nothing did.
    """

    call: str
    passed: bool
    decided: bool
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"{self.call} failed ({self.error}), which counts as a refusal"
        return f"{self.call} is {'true' if self.passed else 'false'}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a check came out and why. Its truth value is `allowed`.

    Attributes:
        allowed: the answer of the check.
        reason: what kind of thing decided.
        subject, target: the two entities in words.
        access_type: what was asked for.
        rule: the lockdef that was found, empty if none.
        calls: the lock functions that were asked, in order.
        quelled: the subject would have passed as a superuser, but has quelled.
        bypass_off: the check gave superusers no bypass.
        problem: what is wrong with malformed locks.
    """

    allowed: bool
    reason: Reason
    subject: str
    target: str
    access_type: str
    rule: str = ""
    calls: tuple[CallResult, ...] = ()
    quelled: bool = False
    bypass_off: bool = False
    problem: str = ""

    @property
    def deciding(self) -> tuple[CallResult, ...]:
        """The calls on which the outcome rests."""
        return tuple(call for call in self.calls if call.decided)

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        may = "may" if self.allowed else "may not"
        lines = [f"{self.subject} {may} {self.access_type!r} {self.target}: {self._because()}."]
        if self.quelled:
            lines.append("The superuser's bypass is laid down (quelled).")
        if self.bypass_off:
            lines.append("This check gives superusers no bypass.")
        return " ".join(lines)

    def _because(self) -> str:
        if self.reason is Reason.RULE:
            return f"the lock is {self.rule}, where {', '.join(map(str, self.deciding))}"
        if self.reason is Reason.DEFAULT:
            answer = "allow" if self.allowed else "refuse"
            return f"there is no lock of this type, and the default is to {answer}"
        if self.reason is Reason.MALFORMED:
            return f"its stored locks are malformed, so it is closed ({self.problem})"
        return str(self.reason.value)


def explain(
    target: object,
    subject: object,
    access_type: str,
    default: bool = False,
    no_superuser_bypass: bool = False,
    session: object = None,
) -> Explanation:
    """Runs the check `target.locks.check(subject, access_type, ...)` and tells how it came out.

    Raises `InvalidArgument` if the target is nothing that can have locks.
    """
    storage = getattr(target, "lock_storage", _ABSENT)
    if storage is _ABSENT:
        raise InvalidArgument(f"target is a {type(target).__name__}, which has no locks; give an entity or command")
    access_type = access_type.strip().lower()

    told = partial(
        Explanation,
        subject=describe(subject),
        target=describe(target),
        access_type=access_type,
        quelled=is_quelled_superuser(subject),
        bypass_off=no_superuser_bypass,
    )
    if not no_superuser_bypass and is_effective_superuser(subject):
        return told(True, Reason.SUPERUSER)
    try:
        lockdef = compile_lockstring(str(storage or "")).get(access_type)
    except LockException as error:
        return told(False, Reason.MALFORMED, problem=str(error))
    if lockdef is None:
        return told(bool(default), Reason.DEFAULT)
    allowed, calls = _answers(Question(subject, target, access_type, session), lockdef)
    return told(allowed, Reason.RULE, rule=lockdef.text, calls=calls)


def _answers(question: Question, lockdef: Lockdef) -> tuple[bool, tuple[CallResult, ...]]:
    """Asks what the check would ask, remembering each answer and whether the outcome rests on it."""
    asked: dict[int, tuple[Call, Answer, str]] = {}

    def ask(call: Call) -> Answer:
        answer, error = question.attempt(call)
        asked[id(call)] = (call, answer, error)
        return answer

    allowed = evaluate(lockdef.expression, ask) is True
    deciding = {id(call) for call in deciding_calls(lockdef.expression, lambda call: asked[id(call)][1])}
    calls = tuple(
        CallResult(render(call), answer is True, key in deciding, error) for key, (call, answer, error) in asked.items()
    )
    return allowed, calls
