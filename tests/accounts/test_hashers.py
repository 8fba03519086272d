"""Passwords are hashed on one processor."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.test.utils import override_settings

OURS = "perdure.accounts.hashers.Argon2PasswordHasher"
DJANGOS = "django.contrib.auth.hashers.Argon2PasswordHasher"


@pytest.mark.defect("V-8")
def test_a_hash_is_made_with_one_lane() -> None:
    with override_settings(PASSWORD_HASHERS=[OURS]):
        encoded = make_password("a-clew-of-thread")
        assert ",p=1$" in encoded
        assert check_password("a-clew-of-thread", encoded)


def test_hashes_of_django_are_right_and_made_anew() -> None:
    with override_settings(PASSWORD_HASHERS=[DJANGOS]):
        encoded = make_password("a-clew-of-thread")
    stored: list[str] = []
    with override_settings(PASSWORD_HASHERS=[OURS]):
        assert check_password("a-clew-of-thread", encoded, setter=stored.append)
        assert not check_password("another", encoded)
    assert stored == ["a-clew-of-thread"]
