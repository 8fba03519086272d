"""The world of `perdure.testing`, and throttles that begin empty."""

from __future__ import annotations

import pytest

from perdure.accounts.throttle import ACCOUNT_THROTTLE, CREATION_THROTTLE, KNOWN_THROTTLE, LOGIN_THROTTLE
from perdure.testing.plugin import world  # noqa: F401  (the fixture)


@pytest.fixture(autouse=True)
def _fresh(transactional_db):
    for throttle in (ACCOUNT_THROTTLE, CREATION_THROTTLE, KNOWN_THROTTLE, LOGIN_THROTTLE):
        throttle.clear()
