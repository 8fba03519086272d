"""The locks that single attributes may have, beside those of the thing they are on.

Contract: an attribute without locks of its own may be read and written by whoever may see and change the thing.
"""

from __future__ import annotations

from typing import Any

from perdure.errors import InvalidKey

__all__ = ["has_attribute", "may_read", "may_write"]


def has_attribute(target: Any, key: str, category: str | None) -> bool:
    """Whether the thing has the attribute; it has none of a name that no attribute can have."""
    try:
        return bool(target.attributes.has(key, category=category))
    except InvalidKey:
        return False


def may_read(target: Any, key: str, category: str | None, subject: Any) -> bool:
    """Whether the attribute's lock `attrread` lets the subject see it."""
    row = target.attributes.get(key, category=category, return_obj=True)
    return row is None or bool(row.access(subject, "attrread", default=True))


def may_write(target: Any, key: str, category: str | None, subject: Any) -> bool:
    """Whether the attribute's lock `attredit`, or for a new one the thing's `attrcreate`, lets the subject write it.

    A name that no attribute can have is refused where it is written.
    """
    try:
        row = target.attributes.get(key, category=category, return_obj=True)
    except InvalidKey:
        row = None
    if row is None:
        return bool(target.access(subject, "attrcreate", default=True))
    return bool(row.access(subject, "attredit", default=True))
