"""What is imported when it is first used, imported before anybody waits for it.

Contract: called while a world checks itself, so that the first player who looks at two apples does not wait for a
library (`inflect` takes a second on a slow machine). Nothing is read from the database.
"""

from __future__ import annotations

from django.contrib.auth.hashers import get_hasher
from django.template.loader import get_template

from perdure.locks import validate_lockstring
from perdure.text.english import numbered

__all__ = ["warm_up"]


def warm_up() -> None:
    """Import and build what commands and pages use."""
    numbered("apple", 2)
    validate_lockstring("cmd:perm(Builder) or all()")
    get_hasher()
    get_template("perdure/base.html")
