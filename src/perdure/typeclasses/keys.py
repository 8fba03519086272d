"""Keys and categories of attributes and tags: what is accepted, and the normal form they are kept in."""

from __future__ import annotations

from perdure.errors import InvalidKey

__all__ = ["normal_category", "normal_key"]


def normal_key(key: object, what: str = "attribute", limit: int = 255) -> str:
    """`key` stripped and in lower case. Raises `InvalidKey` if it is not text, blank or too long.

    Numbers are taken as their text, as for tags.
    """
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str):
        raise InvalidKey(f"the key of {_a(what)} is text, got {key!r} ({type(key).__name__})")
    normal = key.strip().lower()
    if not normal:
        raise InvalidKey(f"the key of {_a(what)} cannot be blank (got {key!r})")
    if len(normal) > limit:
        raise InvalidKey(f"the key of {_a(what)} has at most {limit} characters, got {len(normal)}: {normal[:40]!r}…")
    return normal


def normal_category(category: object, what: str = "attribute", limit: int = 128) -> str:
    """`category` in normal form; the empty string for None and blank text (uncategorised)."""
    if category is None:
        return ""
    if isinstance(category, int) and not isinstance(category, bool):
        category = str(category)
    if not isinstance(category, str):
        raise InvalidKey(f"the category of {_a(what)} is text or None, got {category!r} ({type(category).__name__})")
    normal = category.strip().lower()
    if len(normal) > limit:
        raise InvalidKey(f"the category of {_a(what)} has at most {limit} characters, got {len(normal)}")
    return normal


def _a(what: str) -> str:
    return f"{'an' if what[:1] in 'aeiou' else 'a'} {what}"
