"""How what somebody typed names an object: exactly, with a number, by the beginnings of words, in the plural.

Contract: the functions look at names in memory; comparison ignores case. Blank text matches nothing.

An ordinal tells objects of one name apart: `box-2` (`SEARCH_MULTIMATCH_REGEX`), and by `SEARCH_ORDINAL_STYLES` also
`2-box` ("prefix"), `2.box` ("dot") and `second box` ("word").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from perdure.conf import conf
from perdure.text.english import plural

__all__ = ["aliases_of", "matches", "matches_counted", "matches_start", "names_of", "ordinals_in"]

_NUMBERS = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
_COUNTS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_STYLES = {
    "prefix": r"^(?P<number>[0-9]+)-(?P<name>.+)$",
    "dot": r"^(?P<number>[0-9]+)\.\s*(?P<name>.+)$",
    "word": rf"^(?P<number>{_NUMBERS})\s+(?P<name>.+)$",
}
_COUNTED = re.compile(rf"(?:(?P<count>an?|the|some|[0-9]+|{_COUNTS})\s+)?(?P<noun>.+)$")
_WORDS = _NUMBERS.split("|")
#: More digits are no place in a row, and Python reads no number of very many.
_DIGITS = 6


def aliases_of(obj: Any) -> list[str]:
    """The aliases of an object, in lower case."""
    return [alias.lower() for alias in obj.aliases.all()]


def names_of(obj: Any) -> list[str]:
    """Key and aliases of an object, in lower case."""
    return [obj.key.lower(), *aliases_of(obj)]


def matches(obj: Any, text: str) -> bool:
    """Whether `text` is the key or an alias of the object."""
    wanted = text.strip().lower()
    return bool(wanted) and (obj.key.lower() == wanted or wanted in aliases_of(obj))


def matches_start(obj: Any, text: str) -> bool:
    """Whether each word of `text` begins a word of one of the object's names, in order."""
    words = text.lower().split()
    return bool(words) and any(_begins(name, words) for name in names_of(obj))


def _begins(name: str, words: list[str]) -> bool:
    position = 0
    for word in words:
        position = _word_start(name, word, position)
        if position < 0:
            return False
        position += len(word)
    return True


def _word_start(name: str, word: str, position: int) -> int:
    """Where in `name`, from `position` on, a word begins with `word`; -1 if nowhere."""
    while (position := name.find(word, position)) >= 0:
        if position == 0 or not name[position - 1].isalnum():
            return position
        position += 1
    return -1


def matches_counted(obj: Any, text: str) -> bool:
    """Whether `text` is the object's key with an article or number, or in the plural: `an apple`, `three apples`."""
    match = _COUNTED.match(text.strip().lower())
    if match is None:
        return False
    key = obj.key.lower()
    noun = match["noun"]
    return noun == plural(key) or (match["count"] is not None and noun == key)


def ordinals_in(text: str) -> Iterator[tuple[str, int]]:
    """The ways to read `text` as a name with a number, from 1."""
    patterns = [conf.SEARCH_MULTIMATCH_REGEX]
    patterns += [_STYLES[style] for style in conf.SEARCH_ORDINAL_STYLES]
    for pattern in _flat(patterns):
        match = re.match(pattern, text.strip(), re.IGNORECASE)
        if match is None:
            continue
        groups = match.groupdict()
        name, number = (groups.get("name") or "").strip(), (groups.get("number") or "").lower()
        if not name or (groups.get("args") or "").strip():
            continue
        if number.isdecimal() and len(number) <= _DIGITS:
            yield name, int(number)
        elif number in _WORDS:
            yield name, _WORDS.index(number) + 1


def _flat(patterns: Iterable[Any]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, str):
            yield pattern
        else:
            yield from pattern
