"""Static files: found where finders look, kept by browsers as long as they are the same, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perdure.web import ansi_css, static_files


def test_a_versioned_file_is_kept_for_long_and_others_are_asked_for_again(browser_of: Any):
    from django.templatetags.static import static

    client = browser_of()
    address = static("perdure/css/base.css")
    assert address == f"/static/v-{static_files.version()}/perdure/css/base.css"
    versioned = client.get(address)
    assert versioned["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in versioned["Cache-Control"]
    plain = client.get("/static/perdure/css/base.css")
    assert plain.content == versioned.content
    assert plain["Cache-Control"] == "no-cache"
    old = client.get("/static/v-0123456789ab/perdure/css/base.css")
    assert (old.status_code, old["Cache-Control"]) == (200, "no-cache")
    unchanged = client.get("/static/perdure/css/base.css", headers={"If-Modified-Since": plain["Last-Modified"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert client.head(address).content == b""
    assert client.post(address).status_code in (403, 405)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("perdure/js/main.js", "text/javascript; charset=utf-8"),
        ("perdure/favicon.svg", "image/svg+xml"),
        ("admin/css/base.css", "text/css; charset=utf-8"),
    ],
)
def test_types(browser_of: Any, name: str, kind: str):
    assert browser_of().get(f"/static/{name}")["Content-Type"] == kind


@pytest.mark.parametrize(
    "name",
    [
        "../settings.py",
        "..%2f..%2fsettings.py",
        "perdure/../../../conf.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "perdure",
        "perdure/",
        "",
        "v-x",
        "v-x/",
        "v-x/../../views.py",
        "%00",
        "a" * 5000,
    ],
)
def test_nothing_else_is_served(browser_of: Any, name: str):
    assert browser_of().get(f"/static/{name}").status_code in (404, 400)


def test_without_versions_while_developing(site: Any):
    from django.templatetags.static import static

    site.DEBUG = True
    assert static("perdure/css/base.css") == "/static/perdure/css/base.css"


def test_every_file_that_a_template_or_script_names_is_there():
    import re

    from django.contrib import admin

    web = Path(static_files.__file__).parent
    for template in web.glob("templates/**/*.html"):
        for name in re.findall(r"{% static '([^']+)' %}", template.read_text()):
            places = (web, Path(admin.__file__).parent)
            assert any((place / "static" / name).is_file() for place in places), (template, name)
    for script in web.glob("static/perdure/js/*.js"):
        for name in re.findall(r'from "(\./[^"]+)"', script.read_text()):
            assert (script.parent / name).is_file(), (script, name)


def test_the_colours_are_those_that_were_worked_out():
    web = Path(static_files.__file__).parent
    assert (web / "static/perdure/css/ansi.css").read_text() == ansi_css.render()


@pytest.mark.parametrize("page", [ansi_css.DARK, ansi_css.LIGHT])
def test_every_colour_can_be_read(page: tuple[int, int, int]):
    for number in range(256):
        assert ansi_css.contrast(ansi_css.readable(ansi_css._rgb(number), page), page) >= ansi_css.CONTRAST
