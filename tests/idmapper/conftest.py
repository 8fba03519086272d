"""The fixtures of the test app, for all tests here."""

from __future__ import annotations

from tests.idmapper_app.fixtures import *  # noqa: F403
