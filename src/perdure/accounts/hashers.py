"""How passwords are hashed: Argon2 on one processor.

Contract: the same hashes as Django's, made with one lane instead of eight. A login then takes one processor for a tenth
of a second and leaves the other to the game; with eight lanes it took both (answers to others meanwhile: p99 of 25 to
85 ms instead of under 20). Hashes that were made with other parameters are right too, and are made anew at the next
login.
"""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher as DjangoArgon2PasswordHasher

__all__ = ["Argon2PasswordHasher"]


class Argon2PasswordHasher(DjangoArgon2PasswordHasher):
    """Argon2id with 100 MiB, two passes and one lane."""

    parallelism = 1
