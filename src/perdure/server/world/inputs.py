"""What clients may send besides lines: named messages, each with a schema and a state in which it counts.

Contract: `receive` is given what the gateway let through, and calls the function that is registered under the name, if
the session is in the state that it wants and the values fit its schema. Nothing else of what a client sends goes on: no
name becomes an attribute, a keyword or a file; of what is not in the schema only `id` passes, a text or a number that
comes back with the answer. A game adds functions in the modules of `INPUT_FUNC_MODULES`:

    class Asked(msgspec.Struct):
        name: Annotated[str, msgspec.Meta(max_length=64)]

    @input_function("quest_state", Asked, state="puppet")
    def quest_state(call: Call, asked: Asked) -> None:
        call.reply("quest_state", state=call.session.puppet.db.quests.get(asked.name))

Values that come by position belong to the fields of the schema in their order.

Owner thread: that of the game. Each message is a unit of its own.
Failure modes: an unknown name, another state and values that do not fit are counted (`refused`) and logged at debug
level; the client is told nothing. What a function raises is undone and logged.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, NamedTuple, TypeVar, get_args

import msgspec
from django.db import DEFAULT_DB_ALIAS

from perdure.conf import conf
from perdure.errors import ConfigurationError, StaleObject
from perdure.transactions import all_or_nothing

__all__ = ["Call", "Input", "InputState", "input_function", "known", "load", "may_use", "receive", "refused"]

logger = logging.getLogger("perdure.inputs")

InputState = Literal["anonymous", "account", "puppet", "bot", "any"]

MAX_NAME = 64
MAX_ID = 64
STOCK = "perdure.server.world.stock_inputs"

#: How many messages were not let through, by reason: unknown, state, shape, failed.
refused: Counter[str] = Counter()

Schema = TypeVar("Schema", bound=msgspec.Struct)


class Call:
    """One message of a client.

    Attributes:
        session: whose.
        id: what the client calls it, or None.
    """

    __slots__ = ("id", "session")

    def __init__(self, session: Any, id: str | int | None) -> None:
        self.session = session
        self.id = id

    def reply(self, name: str, /, *args: Any, **kwargs: Any) -> None:
        """Send a named message to the client, with the `id` that it gave."""
        if self.id is not None:
            kwargs["id"] = self.id
        self.session.data_out(**{name: (list(args), kwargs)})


class Input(NamedTuple):
    """A registered input function."""

    function: Callable[[Call, Any], object]
    schema: type[msgspec.Struct]
    state: InputState
    args_to: str
    kwargs_to: str


_inputs: dict[str, Input] = {}


def input_function(
    name: str,
    schema: type[Schema],
    *,
    state: InputState,
    aliases: tuple[str, ...] = (),
    args_to: str = "",
    kwargs_to: str = "",
) -> Callable[[Callable[[Call, Schema], object]], Callable[[Call, Schema], object]]:
    """Register the decorated function: it is called with a `Call` and the values as an instance of `schema`.

    Args:
        name: what clients call it; a later function of the name replaces an earlier one.
        schema: the values that it takes.
        state: who may: "anonymous" (not logged in), "account", "puppet", "bot", or "any".
        aliases: other names.
        args_to: a field that takes all values that come by position, as a list.
        kwargs_to: a field that takes all values that come by name, as a dict.

    Raises `ConfigurationError` for a name that no message can have, a state that does not exist, or a field that the
    schema has not got.
    """
    if state not in get_args(InputState):
        raise ConfigurationError(f"input function {name!r}: state is {state!r}; it can be {get_args(InputState)}")
    for field in filter(None, (args_to, kwargs_to)):
        if field not in schema.__struct_fields__:
            raise ConfigurationError(f"input function {name!r}: {schema.__name__} has no field {field!r}")
    for one in (name, *aliases):
        if not isinstance(one, str) or not 0 < len(one) <= MAX_NAME or one != one.lower() or not one.isidentifier():
            raise ConfigurationError(f"{one!r} is no name of a message: {MAX_NAME} small letters, digits and _ at most")

    def register(function: Callable[[Call, Schema], object]) -> Callable[[Call, Schema], object]:
        for one in (name, *aliases):
            _inputs[one] = Input(function, schema, state, args_to, kwargs_to)
        return function

    return register


def load() -> None:
    """Import the stock functions, then those of the modules of the settings; one of the game's may be absent."""
    import_module(STOCK)
    modules = conf.INPUT_FUNC_MODULES
    for path in [modules] if isinstance(modules, str) else modules:
        try:
            import_module(path)
        except ModuleNotFoundError as error:
            if not (error.name and (path == error.name or path.startswith(f"{error.name}."))):
                raise


def known(session: Any) -> list[str]:
    """The names that mean something for this session now."""
    return sorted(name for name, one in _inputs.items() if may_use(session, one.state))


def may_use(session: Any, state: InputState) -> bool:
    """Whether the session is in this state."""
    account = session.account if session.logged_in else None
    match state:
        case "any":
            return True
        case "anonymous":
            return account is None
        case "account":
            return account is not None
        case "puppet":
            return account is not None and session.puppet is not None and not session.puppet._is_deleted
        case "bot":
            return account is not None and bool(account.is_bot)


def receive(session: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Do what a message of a client asks for; whatever it is, nothing is raised but `StaleObject`."""
    if not _inputs:
        load()
    known_input = _inputs.get(name) if isinstance(name, str) else None
    if known_input is None:
        _refuse(session, "unknown", name)
        return
    if getattr(session, "is_closing", False) or not may_use(session, known_input.state):
        _refuse(session, "state", name)
        return
    try:
        call, values = _checked(session, known_input, args, kwargs)
    except (msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
        _refuse(session, "shape", name, error)
        return
    try:
        with all_or_nothing(DEFAULT_DB_ALIAS):
            known_input.function(call, values)
    except StaleObject:
        raise  # another process wrote first: the unit is undone and done again
    except Exception:  # boundary of user code: a message must not end anything but itself
        refused["failed"] += 1
        logger.exception("error in the input function %r for %r", name, session)


def _checked(session: Any, one: Input, args: Any, kwargs: Any) -> tuple[Call, msgspec.Struct]:
    """The message in the form in which functions get it. Raises what says that it has another."""
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ValueError("args are a list, kwargs an object")
    values = dict(kwargs)
    number = values.pop("id", None)
    if isinstance(number, bool) or not isinstance(number, str | int | None) or len(str(number)) > MAX_ID:
        raise ValueError("the id is a text or a number")
    if one.kwargs_to:
        values = {one.kwargs_to: values}
    if one.args_to:
        if one.args_to in values:
            raise ValueError(f"{one.args_to} comes by position")
        values[one.args_to] = args
    else:
        values.update(_by_position(one, args, values))
    unknown = values.keys() - set(one.schema.__struct_encode_fields__)
    if unknown:
        raise ValueError(f"{len(unknown)} unknown values")
    return Call(session, number), msgspec.convert(values, one.schema)


def _by_position(one: Input, args: list[Any], values: dict[str, Any]) -> dict[str, Any]:
    fields = [name for name in one.schema.__struct_encode_fields__ if name != one.kwargs_to]
    if len(args) > len(fields):
        raise ValueError(f"{len(args)} values by position, {len(fields)} at most")
    placed = dict(zip(fields, args, strict=False))
    if placed.keys() & values.keys():
        raise ValueError("a value comes twice")
    return placed


def _refuse(session: Any, reason: str, name: Any, error: object = "") -> None:
    refused[reason] += 1
    logger.debug("message %.64r of session %s is not let through: %s %s", name, session.sessid, reason, error)
