"""`obj.cmdset`: which command sets an entity carries.

Contract: a stack of sets, oldest first; position 0 is the default set, or None. An entry is what was added: a class, an
instance, or a dotted path. The paths of persistent entries are stored in the entity's `cmdset_storage`, default first
(empty where there is none), and the stack is built from there when it is first asked for.

What makes sets out of paths and classes, and merges them, is the command layer, which registers itself with
`set_cmdset_loader`; without it the stack holds what was added and merges nothing. A path is checked when it is added
and made into a set when that is first asked for; a stored one that cannot be made is replaced by what the loader says.

Invariants: `revision` grows with every change of the stack, also when a transaction undoes one.

Failure modes: `InvalidArgument` when the stored paths would not fit, and whatever the loader finds wrong with what is
added; nothing is changed then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from perdure.errors import InvalidArgument
from perdure.transactions import on_rollback
from perdure.typeclasses.handlers import OwnerRef

__all__ = ["CmdSetHandler", "Entry", "cmdset_path", "set_cmdset_loader"]

STORAGE_LIMIT = 255  # characters of the storage column


class Loader(NamedTuple):
    """How the command layer makes sets.

    Attributes:
        make: `make(source, owner)` gives a set, or raises what is wrong with the source.
        check: `check(source)` raises what is wrong with a path; None: paths are made at once.
        stand_in: `stand_in(path, owner, error)` gives what takes the place of a path that cannot be made; None: it
            raises.
    """

    make: Callable[[Any, Any], Any]
    check: Callable[[Any], object] | None = None
    stand_in: Callable[[str, Any, Exception], Any] | None = None


_loader: Loader | None = None


def set_cmdset_loader(
    make: Callable[[Any, Any], Any] | None,
    check: Callable[[Any], object] | None = None,
    stand_in: Callable[[str, Any, Exception], Any] | None = None,
) -> None:
    """Have command sets made of what is added: a class, an instance or a dotted path. Arguments: see `Loader`.

    None goes back to keeping sources as they are.
    """
    global _loader
    _loader = None if make is None else Loader(make, check, stand_in)


def cmdset_path(source: Any) -> str:
    """The dotted path of a command set: of a class, of an instance's class, or the path itself."""
    if isinstance(source, str):
        return source.strip()
    cls = source if isinstance(source, type) else type(source)
    return str(getattr(source, "path", None) or f"{cls.__module__}.{cls.__qualname__}")


class Entry:
    """One set on the stack."""

    __slots__ = ("_made", "_owner", "_source", "path", "persistent", "stored_as")

    def __init__(self, source: Any, owner: Any, persistent: bool, stored_as: str = "", stored: bool = False) -> None:
        self.path = cmdset_path(source)
        self.persistent = persistent
        self.stored_as = self.path if persistent else stored_as
        self._source = source
        self._owner = OwnerRef(owner)
        self._made: Any = None
        if stored or _loader is None:
            return
        if isinstance(source, str) and _loader.check is not None:
            _loader.check(source)
        else:
            self._made = _loader.make(source, owner)

    @property
    def cmdset(self) -> Any:
        """The set; the source itself where there is no command layer."""
        if self._made is None:
            if _loader is None:
                return self._source
            self._made = self._make(_loader, self._owner())
        return self._made

    def _make(self, loader: Loader, owner: Any) -> Any:
        try:
            made = loader.make(self._source, owner)
        except Exception as error:  # boundary of user code: `stand_in` logs it and tells the owner
            if loader.stand_in is None:
                raise
            made = loader.stand_in(self.path, owner, error)
        if hasattr(made, "persistent"):
            made.persistent = self.persistent
        return made

    def anew(self) -> Entry:
        """The same, to be made again."""
        return Entry(self.path, self._owner(), self.persistent, self.stored_as, stored=True)

    def answers_to(self, wanted: Any) -> bool:
        """Whether this is the set meant by a class, an instance, a path or a key."""
        path = cmdset_path(wanted)
        if self.path == path:
            return True
        cmdset = self.cmdset
        if cmdset is wanted or getattr(cmdset, "path", None) == path:
            return True
        key = getattr(cmdset, "key", None) or self.path.rpartition(".")[2]
        return isinstance(wanted, str) and key.lower() == wanted.strip().lower()


class CmdSetHandler:
    """The command sets of one entity.

    Args:
        owner: an entity with a text `db_cmdset_storage` and the property `cmdset_storage`.
    """

    __slots__ = ("__weakref__", "_entries", "_merged", "_owner", "_read", "revision")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)
        self._entries: list[Entry | None] | None = None
        self._read: str | None = None
        self._merged: tuple[list[Any], list[Any], Any] | None = None
        #: Grows with every change of the stack.
        self.revision = 0

    # --- looking

    @property
    def cmdset_stack(self) -> list[Any]:
        """The sets, default first (None where there is none)."""
        return [entry.cmdset if entry else None for entry in self._stack()]

    def all(self) -> list[Any]:
        """The sets, default first; without the gap where there is no default."""
        return [entry.cmdset for entry in self._stack() if entry]

    get = all

    @property
    def current(self) -> Any:
        """The stack merged into one set; what was added last where nothing merges sets. None when empty."""
        sets = self.all()
        if not sets:
            return None
        state = [getattr(cmdset, "serial", None) for cmdset in sets]
        known = self._merged
        if known is not None and None not in state and known[0] == state:
            return known[2]
        merged = self._merge(sets)
        self._merged = (state, sets, merged)
        return merged

    @staticmethod
    def _merge(sets: list[Any]) -> Any:
        merged = sets[0]
        for cmdset in sets[1:]:
            merged = merged + cmdset if hasattr(cmdset, "__add__") and not isinstance(cmdset, str) else cmdset
        return merged

    @property
    def key(self) -> str:
        """Key of the merged set."""
        return str(getattr(self.current, "key", "") or "")

    def has(self, cmdset: Any, must_be_default: bool = False) -> bool:
        """Whether the set (a class, instance, path or key) is on the stack, or is the default."""
        stack = self._stack()
        return any(entry.answers_to(cmdset) for entry in (stack[:1] if must_be_default else stack) if entry)

    has_cmdset = has

    def __str__(self) -> str:
        return ", ".join(entry.path for entry in self._stack() if entry) or "no command sets"

    # --- changing

    def add(
        self,
        cmdset: Any,
        emit_to_obj: Any = None,
        persistent: bool = False,
        default_cmdset: bool = False,
        **kwargs: Any,
    ) -> None:
        """Put a set on top of the stack.

        Args:
            cmdset: a class, an instance or a dotted path.
            emit_to_obj: accepted for compatibility; errors are raised.
            persistent: store its path, so that it is there again after a restart.
            default_cmdset: make it the default instead.
            kwargs: `permanent` is an older name of `persistent`.

        Raises `InvalidArgument` if the paths would not fit into storage.
        """
        if default_cmdset:
            self.add_default(cmdset, persistent=persistent)
            return
        stack = self._stack()
        entry = Entry(cmdset, self._owner(), persistent or bool(kwargs.get("permanent")))
        self._replace([*stack, entry])

    def add_default(self, cmdset: Any, emit_to_obj: Any = None, persistent: bool = True, **kwargs: Any) -> None:
        """Make a set the default, at the bottom of the stack; arguments as in `add`.

        One that is not persistent leaves the stored default alone, which is back after a restart.
        """
        stack = self._stack()
        stored_as = stack[0].stored_as if stack[0] else ""
        entry = Entry(cmdset, self._owner(), bool(kwargs.get("permanent", persistent)), stored_as)
        self._replace([entry, *stack[1:]])

    def remove(self, cmdset: Any = None, default_cmdset: bool = False) -> None:
        """Take a set (class, instance, path or key) off the stack; without one the newest. The default stays
        unless `default_cmdset`."""
        stack = self._stack()
        if default_cmdset:
            self.remove_default()
        elif cmdset is None:
            self._replace(stack[:1] + stack[1:-1])
        else:
            self._replace(stack[:1] + [entry for entry in stack[1:] if entry and not entry.answers_to(cmdset)])

    delete = remove

    def remove_default(self) -> None:
        """Have no default set."""
        self._replace([None, *self._stack()[1:]])

    delete_default = remove_default

    def clear(self) -> None:
        """Take everything but the default off the stack."""
        self._replace(self._stack()[:1])

    def reset(self) -> None:
        """Make all sets anew from their paths."""
        self._entries = [entry.anew() if entry else None for entry in self._stack()]
        self.revision += 1

    def update(self, init_mode: bool = False) -> None:
        """Kept for its callers: `current` is always up to date. With `init_mode` the stack is read from storage."""
        if init_mode:
            self._entries = None
            self.revision += 1

    # --- storage

    def _stack(self) -> list[Entry | None]:
        """The stack; read again when what is stored is no longer what this handler wrote (a rollback, a save)."""
        owner = self._owner()
        stored = owner.db_cmdset_storage or ""
        if self._entries is not None and stored == self._read:
            return self._entries
        self._read = stored
        self.revision += 1
        paths = stored.split(",") if stored else [""]
        kept = [entry for entry in (self._entries or [])[1:] if entry and not entry.persistent]
        stack = [Entry(path.strip(), owner, True, stored=True) if path.strip() else None for path in paths]
        self._entries = [stack[0], *(entry for entry in stack[1:] if entry), *kept]
        return self._entries

    def _replace(self, entries: list[Entry | None]) -> None:
        owner = self._owner()
        default, *others = entries
        paths = [default.stored_as if default else ""]
        paths += [entry.path for entry in others if entry and entry.persistent]
        text = ",".join(paths)
        if len(text) > STORAGE_LIMIT:
            raise InvalidArgument(
                f"{type(owner).__name__}.cmdset: the paths of the persistent command sets take {len(text)} characters, "
                f"{STORAGE_LIMIT} fit (object #{owner.pk}); remove some, or add one set that holds them all"
            )
        on_rollback(partial(self._restore, self._entries, self._read))
        if text != (owner.db_cmdset_storage or ""):
            owner.cmdset_storage = paths
        self._read = owner.db_cmdset_storage or ""
        self._entries = entries
        self.revision += 1

    def _restore(self, entries: list[Entry | None] | None, read: str | None) -> None:
        """A transaction that changed the stack is undone."""
        self._entries, self._read = entries, read
        self.revision += 1
