"""Headless Chromium for tests of whole games: the one of Debian, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["chromium", "need_chromium"]

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def need_chromium() -> None:
    """Skip the test where there is no Chromium, unless it is required (PERDURE_REQUIRE_CHROMIUM)."""
    if CHROMIUM.exists():
        return
    if os.environ.get("PERDURE_REQUIRE_CHROMIUM"):
        pytest.fail(f"{CHROMIUM} is missing and PERDURE_REQUIRE_CHROMIUM is set: apt-get install chromium")
    pytest.skip(f"{CHROMIUM} is not there: apt-get install chromium")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser."""
    need_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
