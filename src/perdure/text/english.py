"""The English that texts about the world need: verbs, pronouns, numbers of things, lists.

Everything is computed; nothing is stored. Plurals and articles come from `inflect`, loaded when first needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

__all__ = ["GENDERS", "conjugate", "join_words", "numbered", "plural", "possessive", "pronoun", "with_article"]

WORDS_UP_TO = 12  # numbers up to this one are written as words

GENDERS = ("male", "female", "neutral", "plural")

# Per viewpoint: subject, object, possessive adjective, possessive, reflexive.
_ROLES = ("subject", "object", "possessive adjective", "possessive", "reflexive")
_FIRST = ("I", "me", "my", "mine", "myself")
_FIRST_PLURAL = ("we", "us", "our", "ours", "ourselves")
_SECOND = ("you", "you", "your", "yours", "yourself")
_SECOND_PLURAL = ("you", "you", "your", "yours", "yourselves")
_THIRD = {
    "male": ("he", "him", "his", "his", "himself"),
    "female": ("she", "her", "her", "hers", "herself"),
    "neutral": ("it", "it", "its", "its", "itself"),
    "plural": ("they", "them", "their", "theirs", "themselves"),
}
_ROLE_NAMES = {
    **{role: index for index, role in enumerate(_ROLES)},
    "subject pronoun": 0,
    "sp": 0,
    "object pronoun": 1,
    "op": 1,
    "pa": 2,
    "possessive pronoun": 3,
    "pp": 3,
    "reflexive pronoun": 4,
    "rp": 4,
}
_VIEWPOINTS = {
    "1st person": 1,
    "first person": 1,
    "2nd person": 2,
    "second person": 2,
    "3rd person": 3,
    "third person": 3,
}
_GENDER_NAMES = {
    "male": "male",
    "m": "male",
    "female": "female",
    "f": "female",
    "neutral": "neutral",
    "neuter": "neutral",
    "n": "neutral",
    "ambiguous": "plural",
    "a": "plural",
    "plural": "plural",
    "p": "plural",
}

_THIRD_PERSON = {
    "be": "is",
    "are": "is",
    "am": "is",
    "were": "was",
    "was": "was",
    "have": "has",
    "do": "does",
    "go": "goes",
    "don't": "doesn't",
    "aren't": "isn't",
    "weren't": "wasn't",
    "haven't": "hasn't",
    **{word: word for word in ("can", "could", "may", "might", "must", "shall", "should", "will", "would", "ought")},
    **{word: word for word in ("can't", "cannot", "couldn't", "mustn't", "shouldn't", "won't", "wouldn't")},
}
_SECOND_PERSON = {"be": "are", "am": "are", "is": "are", "was": "were", "has": "have", "does": "do"}


def conjugate(verb: str, third: bool) -> str:
    """The present tense of `verb`, as "you" take it or, with `third`, as he, she or it takes it."""
    head, _, rest = verb.partition(" ")
    tail = f" {rest}" if rest else ""
    word = head.lower()
    if not third:
        return _like(head, _SECOND_PERSON.get(word, head)) + tail
    if word in _THIRD_PERSON:
        return _like(head, _THIRD_PERSON[word]) + tail
    if re.search(r"(s|x|z|ch|sh|o)$", word):
        return f"{head}es{tail}"
    if re.search(r"[^aeiou]y$", word):
        return f"{head[:-1]}ies{tail}"
    return f"{head}s{tail}"


def _like(model: str, word: str) -> str:
    return word.capitalize() if model[:1].isupper() else word


def pronoun(word: str, options: Iterable[str], you: bool, gender: str) -> str:
    """The pronoun that `word` ("you", "his", "myself" ...) stands for.

    Args:
        word: any pronoun; tells the role and, for a third person, the gender.
        options: words such as "female", "object pronoun", "plural", "3rd person", in any order.
        you: whether the reader is meant.
        gender: gender of whoever is meant, where nothing else says it.
    """
    role, own_gender = _role_of(word.lower())
    viewpoint = 2 if you else 3
    if own_gender is not None:
        gender = own_gender
    for option in " ".join(options).lower().split(" "):
        gender = _GENDER_NAMES.get(option, gender)
    text = " ".join(options).lower().strip()
    for name, index in sorted(_ROLE_NAMES.items(), key=lambda item: len(item[0])):
        if re.search(rf"\b{name}\b", text):
            role = index
    for name, number in _VIEWPOINTS.items():
        if not you and name in text:
            viewpoint = number
    form = _form(viewpoint, gender, role)
    return form if word == "I" else _like(word, form)


def _form(viewpoint: int, gender: str, role: int) -> str:
    if viewpoint == 1:
        return (_FIRST_PLURAL if gender == "plural" else _FIRST)[role]
    if viewpoint == 2:
        return _SECOND[role]
    return _THIRD[gender][role]


def _role_of(word: str) -> tuple[int, str | None]:
    """Role and gender that a pronoun itself tells; ambiguous ones ("her", "his") are taken in their first role."""
    for forms in (_FIRST, _FIRST_PLURAL, _SECOND, _SECOND_PLURAL):
        folded = [form.lower() for form in forms]
        if word in folded:
            return folded.index(word), None
    for gender, forms in _THIRD.items():
        if word in forms:
            return forms.index(word), gender
    return 0, None


def possessive(name: str) -> str:
    """`Ann's`, `James'`."""
    return f"{name}'" if name.endswith(("s", "S")) else f"{name}'s"


def join_words(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b, and c`."""
    items = list(words)
    if len(items) < 3:
        return f" {last} ".join(items)
    return f"{', '.join(items[:-1])}, {last} {items[-1]}"


@lru_cache(maxsize=1)
def _engine() -> Any:
    import inflect

    return inflect.engine()


@lru_cache(maxsize=4096)
def plural(noun: str) -> str:
    """`apple` -> `apples`."""
    return str(_engine().plural_noun(noun) or noun) if noun.strip() else noun


@lru_cache(maxsize=4096)
def with_article(noun: str) -> str:
    """`apple` -> `an apple`."""
    return str(_engine().a(noun)) if noun.strip() else noun


@lru_cache(maxsize=4096)
def numbered(noun: str, count: int) -> str:
    """`apple`, 3 -> `three apples`."""
    if count > WORDS_UP_TO or count < 0:
        return f"{count} {plural(noun)}"
    return f"{_engine().number_to_words(count)} {noun if count == 1 else plural(noun)}"
