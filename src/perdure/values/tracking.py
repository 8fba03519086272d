"""What all tracked containers have in common.

Contract: a tracked container is a real subclass of its built-in. Reading is the built-in's own code. Every method
that changes it does three things in this order: asks the anchor (`check_writable`), makes the change with adopted
values, tells the anchor (`changed`, once, and not at all where nothing could have changed). Whatever can fail is done
before memory is touched. What is removed is detached, unless it is handed to the caller: then it is released.
Methods that give a new container give a plain built-in.

Invariant: an item of an anchored container is an immutable value, an entity, a registered instance, or a tracked
container of the same anchor.

Limit: C code that writes to a list or dict behind its methods (`heapq`, `list.append(tracked, x)`) is not seen.
Work on a copy and assign it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from perdure.values.adoption import Adoption, admit
from perdure.values.anchors import CONTAINERS, Anchor
from perdure.values.scalars import IMMEDIATE
from perdure.values.structure import detach, plain

__all__ = ["MISSING", "Tracked", "Unchanged", "arranged", "detach_all", "drafted", "mutator", "plainly"]

MISSING: Any = object()


class Unchanged:
    """What a mutator returns to say that nothing was changed after all.

    Args:
        result: what its caller gets.
    """

    __slots__ = ("result",)

    def __init__(self, result: Any) -> None:
        self.result = result


class Tracked:
    """Base of the tracked containers. Constructed by hand, one is free.

    Attributes:
        _anchor: what the container belongs to; None when free. (A slot of each concrete class.)
        _builtin: the type it stands for.
    """

    __slots__ = ()
    _anchor: Anchor | None
    _builtin: ClassVar[Any]

    def __init_subclass__(cls, builtin: type | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if builtin is not None:
            cls._builtin = builtin
            CONTAINERS[builtin] = CONTAINERS[cls] = cls

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if getattr(self, "_anchor", None) is not None:
            raise TypeError(f"{type(self).__name__}.__init__() called on a stored container; assign a new value")
        self._anchor = None  # type: ignore[misc]  # the slot is in the concrete class
        self._builtin.__init__(self, *args, **kwargs)

    @classmethod
    def _adopted(cls, source: Any, adoption: Adoption) -> Any:
        """A tracked container with the contents of `source`. Raises Refusal."""
        raise NotImplementedError

    def _shallow(self) -> Any:
        """The built-in with the same items."""
        return self._builtin(self)

    def _settle(self, draft: Any, anchor: Anchor) -> None:
        """Take over the contents of a changed shallow copy. Raises before anything is touched."""
        raise NotImplementedError

    def deserialize(self) -> Any:
        """A deep copy in plain built-ins: changing it changes nothing here."""
        return plain(self)

    def copy(self) -> Any:
        """A shallow copy, as a plain built-in; the containers in it stay live ones of this tree."""
        return self._shallow()

    def __copy__(self) -> Any:
        return self._shallow()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return plain(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._builtin, (self._shallow(),)

    def __reduce__(self) -> Any:
        return self.__reduce_ex__(2)

    def __repr__(self) -> str:
        return repr(self._shallow())


def mutator(method: Callable[..., Any]) -> Any:
    """Make a tracked method of one that gets the anchor after self and makes the change.

    Free containers go straight to the method of the built-in, and nobody is asked or told.
    """
    name = method.__name__

    @functools.wraps(method)
    def tracked(self: Any, *args: Any, **kwargs: Any) -> Any:
        anchor = self._anchor
        if anchor is None:
            return getattr(self._builtin, name)(self, *args, **kwargs)
        anchor.check_writable()
        result = method(self, anchor, *args, **kwargs)
        if type(result) is Unchanged:
            return result.result
        anchor.changed()
        return result

    tracked.__doc__ = f"As `{name}` of the built-in, tracked."
    return tracked


def arranged(name: str) -> Any:
    """A mutator that only puts items in another order: the method of the built-in does."""

    def method(self: Any, anchor: Anchor, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._builtin, name)(self, *args, **kwargs)

    method.__name__ = name
    return mutator(method)


def drafted(name: str) -> Any:
    """A mutator that runs the method of the built-in on a shallow copy and then takes over what came out.

    For the rarer methods: costs time in proportion to the container, and is right whatever the method does.
    """

    def method(self: Any, anchor: Anchor, *args: Any, **kwargs: Any) -> Any:
        draft = self._shallow()
        result = getattr(self._builtin, name)(draft, *args, **kwargs)
        if result is NotImplemented:
            return Unchanged(result)
        self._settle(draft, anchor)
        return self if result is draft else result

    method.__name__ = name
    return mutator(method)


def plainly(name: str) -> Any:
    """A method that changes nothing and would give a container of our class: gives the built-in instead."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._builtin, name)(self._shallow(), *args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"As `{name}` of the built-in; gives a plain one."
    return method


def detach_all(items: Any) -> None:
    """Detach each of the items that have been taken out of a container."""
    for item in items:
        if type(item) not in IMMEDIATE:
            detach(item)


def settle_items(kept: Any, draft: Any, anchor: Anchor) -> tuple[list[Any], list[Any]]:
    """Sort out old and new items of a sequence.

    An item that was there already stays itself (the first time it occurs; a second one is a copy).

    Returns:
        the items for the container, and those that are gone.
    """
    old = {id(item): item for item in kept if type(item) not in IMMEDIATE}
    items = [item if old.pop(id(item), MISSING) is not MISSING else admit(item, anchor) for item in draft]
    return items, list(old.values())
