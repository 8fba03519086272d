"""`obj.locks`: the locks of one entity, and the checks that need none.

Contract: the text in `host.lock_storage` is the only truth. The handler parses it on every use (parsed forms are
shared between equal texts), so a rollback, a save elsewhere or a direct assignment needs no reset. Writing
checks everything first and assigns once: on `LockException` storage is as it was.
Invariants: what the handler stores parses, names only lock functions that exist, has lower-case access types,
each once, in sorted order. It holds the host weakly, so it never keeps it alive.
Failure modes: stored text that does not parse (written past the handler) refuses every check but a
superuser's, and is logged; `get()`, `str()`, `clear` and `replace` still work, the rest raise `LockException`.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

from perdure.errors import IllegalState, InvalidArgument, LockException
from perdure.locks.evaluation import Question, describe, logger
from perdure.locks.grammar import compile_ad_hoc, compile_lockstring, is_access_type
from perdure.locks.permissions import has_permission, is_effective_superuser
from perdure.locks.registry import get_all_lockfuncs
from perdure.locks.tree import And, Call, Lockdef, Node, Not, Or, parenthesised, render
from perdure.locks.validation import checked_expression, checked_lockdefs, validate_lockstring

OPERATORS = ("and", "or", "and not", "or not")


class LockHandler:
    """The locks of one entity.

    Args:
        host: anything with a text `lock_storage`; assigning to that saves it.
    """

    __slots__ = ("__weakref__", "_reference")

    def __init__(self, host: Any) -> None:
        self._reference = weakref.ref(host)

    def __str__(self) -> str:
        """The whole lockstring, sorted by access type."""
        try:
            return _joined(self._lockdefs())
        except LockException:
            return self._text

    def __repr__(self) -> str:
        return f"<LockHandler {str(self)!r}>"

    def add(self, lockstring: str | Iterable[str], validate_only: bool = False) -> Any:
        """Adds lockdefs, overriding those of the same access types, and saves.

        Args:
            lockstring: one lockstring or several.
            validate_only: store nothing and return `(ok, error_or_None)` instead of raising.

        Returns True. Raises `LockException` if anything is wrong with it; then nothing is stored.
        """
        if validate_only:
            return self.validate(lockstring)
        self._store({**self._lockdefs(), **checked_lockdefs(lockstring)})
        return True

    def validate(self, lockstring: str | Iterable[str]) -> tuple[bool, LockException | None]:
        """Whether `add` would take the text: `(True, None)`, or False and the error."""
        return validate_lockstring(lockstring)

    def replace(self, lockstring: str | Iterable[str]) -> bool:
        """Puts these lockdefs in the place of all others. Returns True; raises like `add`, then nothing changes."""
        self._store(checked_lockdefs(lockstring))
        return True

    def get(self, access_type: str | None = None) -> str:
        """The lockdef of the type with its `type:` prefix, empty if there is none; without a type, all of them."""
        if access_type is None:
            return str(self)
        lockdef = self._lockdefs().get(access_type.strip().lower())
        return lockdef.text if lockdef else ""

    def all(self) -> list[str]:
        """All lockdefs, sorted by access type."""
        return [lockdef.text for _, lockdef in sorted(self._lockdefs().items())]

    def remove(self, access_type: str) -> bool:
        """Drops the lock of the type; True if there was one."""
        lockdefs = dict(self._lockdefs())
        existed = lockdefs.pop(access_type.strip().lower(), None) is not None
        if existed:
            self._store(lockdefs)
        return existed

    delete = remove

    def clear(self) -> None:
        """Drops all locks."""
        self._store({})

    def append(self, access_type: str, lockstring: str, op: str = "or") -> bool:
        """Extends the expression of the type, making it if there is none.

        What is there and what is added each count as a whole: `a() or b()` extended with `and`, `c()` becomes
        `(a() or b()) and c()`.

        Args:
            lockstring: the expression to add, without access type.
            op: `and`, `or`, `and not` or `or not`.

        Returns False if the expression has exactly this part already. Raises `LockException` like `add`, and
        `InvalidArgument` for another `op`.
        """
        joiner, _, negation = _operator(op).partition(" ")
        access_type = _access_type(access_type)
        added, text = checked_expression(lockstring)
        if negation:
            added, text = Not(added), f"not {parenthesised(added, text, (And, Or))}"
        existing = self._lockdefs().get(access_type)
        if existing is None:
            return bool(self.add(f"{access_type}:{text}"))
        if _has_part(existing.expression, added, joiner):
            return False
        weaker = (Or,) if joiner == "and" else ()
        left = parenthesised(existing.expression, existing.source, weaker)
        return bool(self.add(f"{access_type}:{left} {joiner} {parenthesised(added, text, weaker)}"))

    def check(
        self,
        accessing_obj: object,
        access_type: str,
        default: bool = False,
        no_superuser_bypass: bool = False,
        session: object = None,
    ) -> bool:
        """May `accessing_obj` do `access_type` to the entity? `default` answers where there is no such lock."""
        host = self._host
        try:
            lockdefs = compile_lockstring(host.lock_storage or "")
        except LockException as error:
            if not no_superuser_bypass and is_effective_superuser(accessing_obj):
                return True
            logger.error("the stored locks of %s are malformed, so it is closed: %s", describe(host), error)
            return False
        lockdef = lockdefs.get(access_type) or lockdefs.get(access_type.strip().lower())
        # Most locks that are asked (view, search, call) let everybody in: no need to find out who it is.
        if _is(lockdef, "lets_everybody") if lockdef is not None else default:
            return True
        if not no_superuser_bypass and is_effective_superuser(accessing_obj):
            return True
        if lockdef is None or _is(lockdef, "lets_nobody"):
            return False
        return Question(accessing_obj, host, lockdef.access_type, session).allows(lockdef.expression)

    def check_lockstring(
        self,
        accessing_obj: object,
        lockstring: str,
        no_superuser_bypass: bool = False,
        default: bool = False,
        access_type: str | None = None,
    ) -> bool:
        """As the function `check_lockstring`, with the entity as target."""
        return _check_text(self._host, accessing_obj, lockstring, no_superuser_bypass, default, access_type)

    def cache_lock_bypass(self, obj: object) -> None:
        """Does nothing: whether somebody bypasses locks is computed at every check."""

    def reset(self) -> None:
        """Does nothing: the handler keeps nothing that could be out of date."""

    @property
    def _host(self) -> Any:
        host = self._reference()
        if host is None:
            raise IllegalState("the entity of this lock handler is gone; hold the entity, not its handler")
        return host

    @property
    def _text(self) -> str:
        return self._host.lock_storage or ""

    def _lockdefs(self) -> Mapping[str, Lockdef]:
        return compile_lockstring(self._text)

    def _store(self, lockdefs: Mapping[str, Lockdef]) -> None:
        text = _joined(lockdefs)
        compile_lockstring(text)  # the parts may be fit and the whole too long
        if text != self._text:
            self._host.lock_storage = text


def check_lockstring(
    accessing_obj: object,
    lockstring: str,
    no_superuser_bypass: bool = False,
    default: bool = False,
    access_type: str | None = None,
) -> bool:
    """Checks a lockstring that is stored nowhere; there is no target.

    Args:
        lockstring: lockdefs, or one bare expression.
        default: the answer where the text has no lock to ask.
        access_type: only this lock of the text counts; without it all of them must pass.

    Raises `LockException` if the text is malformed.
    """
    return _check_text(None, accessing_obj, lockstring, no_superuser_bypass, default, access_type)


def check_perm(obj: object, permission: str, no_superuser_bypass: bool = False) -> bool:
    """Whether the entity has the permission, as the lock function `perm`; an unquelled superuser has every one."""
    if not no_superuser_bypass and is_effective_superuser(obj):
        return True
    return has_permission(obj, permission)


def _check_text(
    target: object,
    subject: object,
    lockstring: str,
    no_superuser_bypass: bool,
    default: bool,
    access_type: str | None,
) -> bool:
    if not no_superuser_bypass and is_effective_superuser(subject):
        return True
    lockdefs = compile_ad_hoc(lockstring)
    if access_type is not None:
        wanted = lockdefs.get(access_type.strip().lower())
        lockdefs = {wanted.access_type: wanted} if wanted else {}
    if not lockdefs:
        return bool(default)
    return all(Question(subject, target, name).allows(lockdef.expression) for name, lockdef in lockdefs.items())


def _operator(op: str) -> str:
    normal = " ".join(op.lower().split())
    if normal not in OPERATORS:
        raise InvalidArgument(f"op is {op!r}; it must be one of {', '.join(map(repr, OPERATORS))}")
    return normal


def _access_type(name: str) -> str:
    if not is_access_type(name.strip()):
        raise LockException(f"{name!r} is no access type: a word without spaces, quotes, commas, colons and the like")
    return name.strip().lower()


def _has_part(expression: Node, added: Node, joiner: str) -> bool:
    """Whether joining `added` to the expression would say nothing new.

    Case is ignored only for `or`: there a wrong match refuses, while for `and` it would leave out a condition.
    """
    fold = str.lower if joiner == "or" else str
    joined = Or if joiner == "or" else And
    parts = expression.operands if isinstance(expression, joined) else (expression,)
    return any(fold(render(part)) == fold(render(added)) for part in parts)


def _joined(lockdefs: Mapping[str, Lockdef]) -> str:
    return ";".join(lockdef.text for _, lockdef in sorted(lockdefs.items()))


def _is(lockdef: Lockdef, mark: str) -> bool:
    """Whether the lock is one call of a function that bears this mark: its answer does not depend on who asks."""
    expression = lockdef.expression
    return type(expression) is Call and getattr(get_all_lockfuncs().get(expression.name), mark, False)
