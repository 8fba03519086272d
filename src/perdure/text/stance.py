"""Texts that read differently for each receiver: `"$You() $conj(open) {door}."`

Contract: a template is split once into text, names in braces and calls; `render` then fills it in for one receiver.
`{name}` becomes what `mapping["name"]` is called by the receiver; `$You(name)` and its like speak of the actor, or of
`mapping["name"]`, as "you" to the one that is meant and by name to the rest.

Invariants: what is filled in is never read as a template again. The functions are those of the table below and no
others. Whatever is not understood (an unknown name or call, a stray brace) stays as it is written.

`$$` before a call and doubled braces around a name stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from perdure.errors import InvalidArgument
from perdure.text.english import conjugate, possessive, pronoun

__all__ = ["FUNCTIONS", "Reading", "Template", "display_name"]

_TOKEN = re.compile(
    r"(?P<escape>\$\$(?=\w+\()|\\\$|\{\{|\}\})"
    r"|\$(?P<call>\w+)\((?P<arguments>[^()]*)\)"
    r"|\{(?P<field>[A-Za-z_]\w*)\}"
)
_ESCAPES = {"$$": "$", "\\$": "$", "{{": "{", "}}": "}"}


def display_name(thing: Any, receiver: Any) -> str:
    """What `receiver` calls `thing`."""
    namer = getattr(thing, "get_display_name", None)
    return str(namer(looker=receiver)) if callable(namer) else str(thing)


@dataclass(frozen=True, slots=True)
class Reading:
    """One receiver's view of a template.

    Args:
        actor: whom calls without a name speak of.
        receiver: who reads.
        mapping: what the names in the template stand for.
    """

    actor: Any
    receiver: Any
    mapping: Mapping[str, Any]

    def meant(self, name: str) -> Any:
        """Whom a call speaks of."""
        return self.mapping.get(name, name) if name else self.actor

    def is_you(self, thing: Any) -> bool:
        """Whether the reader is meant."""
        return thing is self.receiver or (self.receiver is not None and thing == self.receiver)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _you(reading: Reading, name: str = "") -> str:
    thing = reading.meant(name)
    return "you" if reading.is_you(thing) else display_name(thing, reading.receiver)


def _your(reading: Reading, name: str = "") -> str:
    thing = reading.meant(name)
    return "your" if reading.is_you(thing) else possessive(display_name(thing, reading.receiver))


def _obj(reading: Reading, name: str = "") -> str:
    return display_name(reading.meant(name), reading.receiver)


def _conj(reading: Reading, verb: str, name: str = "") -> str:
    return conjugate(verb, third=not reading.is_you(reading.meant(name)))


def _pconj(reading: Reading, verb: str, name: str = "") -> str:
    thing = reading.meant(name)
    return conjugate(verb, third=not reading.is_you(thing) and _gender(thing) != "plural")


def _pron(reading: Reading, word: str, *options: str) -> str:
    *described, last = options or ("",)
    thing: Any = reading.actor
    if last in reading.mapping:
        thing = reading.mapping[last]
    elif last:
        described.append(last)
    return pronoun(word, described, reading.is_you(thing), _gender(thing))


def _gender(thing: Any) -> str:
    found = getattr(thing, "gender", None)
    value = found() if callable(found) else found
    folded = value.lower() if isinstance(value, str) else ""
    return (
        {"ambiguous": "plural"}.get(folded, folded)
        if folded in ("male", "female", "plural", "ambiguous")
        else "neutral"
    )


def _capitalised(function: Callable[..., str]) -> Callable[..., str]:
    return lambda reading, *arguments: _capital(function(reading, *arguments))


#: The functions that a template may call, with the numbers of arguments they take.
FUNCTIONS: dict[str, tuple[Callable[..., str], int, int]] = {
    "you": (_you, 0, 1),
    "You": (_capitalised(_you), 0, 1),
    "your": (_your, 0, 1),
    "Your": (_capitalised(_your), 0, 1),
    "obj": (_obj, 0, 1),
    "Obj": (_capitalised(_obj), 0, 1),
    "conj": (_conj, 1, 2),
    "pconj": (_pconj, 1, 2),
    "pron": (_pron, 1, 9),
    "Pron": (_capitalised(_pron), 1, 9),
}

Part = str | tuple[str, str] | tuple[str, str, tuple[str, ...]]  # text, (written, field), (written, call, arguments)


@lru_cache(maxsize=512)
def _parts(text: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    position = 0
    for match in _TOKEN.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        written = match.group()
        if match["escape"]:
            parts.append(_ESCAPES[written])
        elif match["field"]:
            parts.append((written, match["field"]))
        else:
            parts.append((written, match["call"], _arguments(match["arguments"])))
    parts.append(text[position:])
    return tuple(part for part in parts if part)


def _arguments(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("'\"") for part in text.split(",")) if text.strip() else ()


class Template:
    """A text to be rendered for many receivers.

    Args:
        text: the template.
        strict: raise `InvalidArgument` for calls that do not exist or have too few or too many arguments.
    """

    def __init__(self, text: str, strict: bool = False) -> None:
        self.parts: Sequence[Part] = _parts(text)
        if strict:
            self._check()

    def _check(self) -> None:
        for part in self.parts:
            if isinstance(part, str) or len(part) != 3:
                continue
            known = FUNCTIONS.get(part[1])
            if known is None:
                raise InvalidArgument(
                    f"{part[0]} calls ${part[1]}, which does not exist; there are {', '.join(FUNCTIONS)}"
                )
            if not known[1] <= len(part[2]) <= known[2]:
                raise InvalidArgument(f"{part[0]} has {len(part[2])} arguments; {known[1]} to {known[2]} are taken")

    def render(self, reading: Reading) -> str:
        """The text as one receiver reads it."""
        return "".join(part if isinstance(part, str) else _fill(part, reading) for part in self.parts)


def _fill(part: Any, reading: Reading) -> str:
    if len(part) == 2:
        written, field = part
        return display_name(reading.mapping[field], reading.receiver) if field in reading.mapping else str(written)
    written, call, arguments = part
    known = FUNCTIONS.get(call)
    if known is None or not known[1] <= len(arguments) <= known[2]:
        return str(written)
    return known[0](reading, *arguments)
