"""The system checks of the REST interface's settings, and what it is that has them imported."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from perdure.web import rest_checks


def hints(settings: Any, **changed: Any) -> list[str]:
    settings.REST_API_ENABLED = True
    for name, value in changed.items():
        setattr(settings, name, value)
    return [str(message.msg) for message in rest_checks.check_rest(None)]


def test_what_is_right_is_not_complained_of(settings: Any) -> None:
    assert hints(settings) == []
    assert hints(settings, REST_API_RATE=None) == []
    assert hints(settings, REST_API_RATE=0.5, REST_API_LOCK="perm(Admin) or perm(api)") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REST_API_LOCK", "perm("),
        ("REST_API_LOCK", "nosuch()"),
        ("REST_API_LOCK", ""),
        ("REST_API_LOCK", "api:perm(Builder)"),
        ("REST_API_RATE", 0),
        ("REST_API_RATE", "10"),
        ("REST_API_RATE", True),
        ("REST_API_BURST", 0),
        ("REST_API_BURST", None),
        ("REST_API_MAX_BODY", -1),
    ],
)
def test_what_cannot_work_is_named(settings: Any, name: str, value: Any) -> None:
    (message,) = hints(settings, **{name: value})
    assert name in message
    settings.REST_API_ENABLED = False
    assert rest_checks.check_rest(None) == [], "it is not wanted"


def test_without_ninja_the_check_says_what_to_install(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_checks, "find_spec", lambda name: None)
    (message,) = hints(settings)
    assert "django-ninja" in message


def test_who_does_not_want_it_does_not_pay_for_it() -> None:
    """Neither ninja nor pydantic is loaded with the addresses of the site."""
    code = (
        "import django; django.setup(); import sys, perdure.web.urls;"
        "print([name for name in ('ninja', 'pydantic', 'perdure.web.rest') if name in sys.modules])"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "src:."}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.strip() == "[]", done.stderr
