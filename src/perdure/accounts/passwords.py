"""The slow half of passwords: hashing and comparing, made to run on any thread.

Contract: nothing here touches the database, a live object or anything that changes; the functions take and give plain
texts, so that they may run in a pool (`gameloop.offload`) while the game goes on. A comparison takes its time whether
or not there is a password to compare with, so that the time tells nothing about who exists.

Failure modes: a text that can be no password (empty, too long) is wrong, and takes as long as any other.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password, verify_password

__all__ = ["MAX_PASSWORD", "NOBODY", "Verdict", "compare", "hash_password"]

#: Longer texts are no passwords: hashing costs more the longer the text is.
MAX_PASSWORD = 1024
#: Stands for the hash of an account that does not exist: nothing is equal to it.
NOBODY = "!"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a comparison.

    Args:
        right: whether it is the password.
        upgraded: the password hashed in the way that is used now, if the stored hash is of an older one.
    """

    right: bool
    upgraded: str | None = None


def compare(password: object, encoded: str) -> Verdict:
    """Whether `password` is what `encoded` was made of."""
    fits = isinstance(password, str) and 0 < len(password) <= MAX_PASSWORD
    text = password if fits else "not a password"
    assert isinstance(text, str)
    right, outdated = verify_password(text, encoded)
    if not (right and fits):
        return Verdict(False)
    return Verdict(True, make_password(text) if outdated else None)


def hash_password(password: str | None) -> str:
    """What is stored of a password; of None, something that no password opens."""
    return make_password(password)
