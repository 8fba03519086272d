"""Delayed work that outlives the process: its table, and which functions it may name.

Contract: a row names what is to be called, never holds code: a function that was registered with `@persistent_task`, or
a public method of a stored entity. Arguments are plain data, as in attributes. A row whose function or class is not
there (any more) is kept and not run, so that it comes back with its code.

Failure modes: `InvalidArgument` for a callback that cannot be named so, `UnstorableValue` for arguments that are no
plain data; both at the call that would store it. `UnreadableValue` for a row that cannot be read; `MissingCallback` for
one whose function is not there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, overload

from django.db import models

from perdure.errors import InvalidArgument, MissingCallback, UnreadableValue
from perdure.values import decode, encode, plain
from perdure.values.references import hooks

__all__ = ["PersistentTask", "Work", "persistent_task", "read_work", "store_work"]

MAX_NAME = 255
#: What stored names of methods begin with.
METHOD = "."
#: What a row must not be able to have done: whatever a command can do.
REFUSED_METHODS = frozenset({"execute_cmd"})

Function = TypeVar("Function", bound=Callable[..., Any])


class PersistentTask(models.Model):
    """One thing to be done later, once or again and again."""

    callback = models.CharField(
        "what to call", max_length=MAX_NAME, help_text="A registered function, or a method: .name"
    )
    work = models.TextField("of what, with what", help_text="Canonical JSON: target, args, kwargs.")
    due = models.DateTimeField("when", null=True, blank=True)
    remaining = models.FloatField("seconds left when paused", null=True, blank=True)
    interval = models.FloatField("seconds between calls", null=True, blank=True)
    store_key = models.CharField("key of a repetition", max_length=MAX_NAME, null=True, blank=True, unique=True)
    survives = models.BooleanField("survives a cold start", default=True)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        app_label = "scripts"
        verbose_name = "persistent task"
        verbose_name_plural = "persistent tasks"

    def __str__(self) -> str:
        return f"{self.callback} ({self.pk})"


class Work:
    """What is to be called: a callback with its arguments.

    Attributes:
        name: of the function, or `key.method`.
        function, args, kwargs: themselves.
    """

    __slots__ = ("args", "function", "kwargs", "name")

    def __init__(self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.name = name
        self.function = function
        self.args = args
        self.kwargs = kwargs


class _Copy:
    """The anchor of a value that is read and never tracked."""

    def check_writable(self) -> None:
        """Anybody may change it."""

    def changed(self) -> None:
        """Nothing follows from it."""

    def describe(self) -> str:
        """What error messages call the value."""
        return "the arguments of a delayed task"


# --- which functions may be named

_functions: dict[str, Callable[..., Any]] = {}


@overload
def persistent_task(function: Function) -> Function: ...


@overload
def persistent_task(*, name: str) -> Callable[[Function], Function]: ...


def persistent_task(function: Any = None, *, name: str = "") -> Any:
    """Let a function of a module be called by `delay(…, persistent=True)`, also after a restart.

    Use it as a decorator, in a module that is imported when the server starts. What is stored is the name, so a
    function that moves should keep its old one: `@persistent_task(name="world.weather.change")`.

    Args:
        function: a function at the top of a module.
        name: what it is stored as; its module and name if not given.

    Raises `InvalidArgument` for what is no such function, or a name that another one has.
    """
    if function is None:
        return lambda decorated: _register(decorated, name)
    return _register(function, name)


def _register(function: Any, name: str) -> Any:
    if not inspect.isfunction(function) or (not name and "<" in function.__qualname__):
        raise InvalidArgument(f"persistent_task is for functions at the top of a module, not for {function!r}")
    name = name or _path(function)
    known = _functions.get(name)
    if known is not None and _path(known) != _path(function):
        raise InvalidArgument(
            f"persistent_task: {name!r} is {_path(known)} already; give {_path(function)} another name"
        )
    if len(name) > MAX_NAME:
        raise InvalidArgument(
            f"persistent_task: a name has at most {MAX_NAME} characters, {name[:40]!r}… has {len(name)}"
        )
    _functions[name] = function
    return function


def _path(function: Any) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _name_of(function: Any) -> str | None:
    path = _path(function) if inspect.isfunction(function) else ""
    if _functions.get(path) is function:
        return path
    return next((name for name, known in _functions.items() if known is function), None)


# --- to rows and back


def store_work(callback: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The two fields of a row that say what to call.

    Raises `InvalidArgument` for a callback that cannot be named, `UnstorableValue` for arguments that are no plain
    data.
    """
    target = getattr(callback, "__self__", None)
    if inspect.ismethod(callback) and hooks.is_entity(target):
        name = callback.__name__
        if _method(target, name) is None or getattr(callback, "__func__", None) is not _method(target, name):
            raise InvalidArgument(
                f"a persistent task can call public methods of entities, not {name!r} of {target!r}; call a method "
                "that its class defines and whose name does not begin with _"
            )
    else:
        found = _name_of(callback)
        if found is None:
            raise InvalidArgument(
                f"a persistent task can call functions that are registered and methods of entities, not {callback!r}; "
                "put @perdure.persistent_task above the function"
            )
        name, target = found, None
    return {
        "callback": name if target is None else METHOD + name,
        "work": encode({"target": target, "args": list(args), "kwargs": kwargs}).text,
    }


def read_work(row: PersistentTask) -> Work | None:
    """What a row says is to be called; None if the entity whose method it was is gone.

    Raises `MissingCallback` if the function or method is not there, `UnreadableValue` for a value of an unknown type.
    """
    target, args, kwargs = _parts(row)
    if not row.callback.startswith(METHOD):
        function = _functions.get(row.callback)
        if function is None:
            raise MissingCallback(
                f"persistent task {row.pk} calls {row.callback!r}, which nobody has registered; import its module when "
                "the server starts, or put @perdure.persistent_task(name=…) above the function that it is now"
            )
        return Work(row.callback, function, args, kwargs)
    name = row.callback.removeprefix(METHOD)
    if target is None:
        return None
    if target._unavailable is not None or _method(target, name) is None:
        raise MissingCallback(
            f"persistent task {row.pk} calls {name!r} of {target!r}, which has no such public method now"
        )
    return Work(f"{target.key}.{name}", getattr(target, name), args, kwargs)


def _parts(row: PersistentTask) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Target, args and kwargs. Raises `UnreadableValue` for a text that holds no such three."""
    stored = plain(decode(row.work, _Copy()))
    match stored:
        case {"target": target, "args": list() as args, "kwargs": dict() as kwargs}:
            if (target is None or hooks.is_entity(target)) and all(isinstance(name, str) for name in kwargs):
                return target, tuple(args), kwargs
    raise UnreadableValue(f"persistent task {row.pk} does not say of what, and with what, {row.callback!r} is called")


def _method(target: Any, name: str) -> Any:
    """The function of that name in the class of `target`, if a task may call it."""
    if name.startswith("_") or name in REFUSED_METHODS:
        return None
    found = inspect.getattr_static(type(target), name, None)
    return found if inspect.isfunction(found) else None
