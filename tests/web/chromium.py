"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["PHONE", "launched", "skip_without"]

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {"width": 360, "height": 640}


def skip_without() -> None:
    """Skip the test where there is no Chromium, unless that is required."""
    if not CHROMIUM.exists() and os.environ.get("PERDURE_REQUIRE_CHROMIUM") != "1":
        pytest.skip(f"{CHROMIUM} is not there (PERDURE_REQUIRE_CHROMIUM=1 makes that a failure)")


@contextmanager
def launched() -> Iterator[Any]:
    """A browser. Its thread has a loop of its own from then on: a thread that has one must not use the database."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()
