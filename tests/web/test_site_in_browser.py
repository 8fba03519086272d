"""The pages of the site and of the admin in a real browser, under the policy that forbids everything inline."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.web.chromium import PHONE, launched, skip_without
from tests.web.conftest import PASSWORD


@pytest.fixture
def address(site: Any, live_server: Any) -> str:
    from django.core.handlers.wsgi import WSGIHandler

    skip_without()
    # The site serves its static files itself, not the test server.
    live_server.thread.httpd.set_app(WSGIHandler())
    return live_server.url  # type: ignore[no-any-return]


@pytest.mark.defect("V-4")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_work_and_the_policy_refuses_nothing(address: str, scheme: str):
    from perdure.create import create_account, create_object
    from perdure.objects.objects import DefaultObject

    owner = create_account("Anna", "anna@example.com", PASSWORD, is_superuser=True)
    owner.is_staff = True
    owner.save()
    lamp = create_object(DefaultObject, key="lamp", attributes=[("oil", 5)])
    with ThreadPoolExecutor(1) as pool:
        complaints = pool.submit(walk, address, scheme, owner.pk, lamp.pk).result()
    assert complaints == []


def walk(address: str, scheme: str, owner: int, lamp: int) -> list[str]:
    """Visit all pages, use some, and tell what the browser complained about."""
    complaints: list[str] = []
    with launched() as browser:
        page = browser.new_page(viewport=PHONE, color_scheme=scheme)
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def visit(path: str) -> None:
            response = page.goto(address + path)
            assert response.status == 200, path
            if not path.startswith("/admin/"):
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path

        for path in ("/", "/auth/login/", "/auth/register/"):
            visit(path)
        page.goto(f"{address}/admin/")
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/admin/")
        for path in (
            "/",
            "/auth/password_change/",
            "/admin/objects/objectdb/",
            f"/admin/accounts/accountdb/{owner}/change/",
            "/admin/comms/channeldb/add/",
            f"/admin/objects/objectdb/{lamp}/change/",
        ):
            visit(path)
        # The admin's own scripts run: an empty row is added to an inline form, and taken away again.
        page.locator(".add-row a").last.click()
        page.locator("#id_db_key").fill("brass lamp")
        page.locator(".inline-deletelink").last.click()
        page.get_by_role("button", name="Save and continue editing").first.click()
        page.get_by_text("was changed successfully").wait_for()
        visit("/")
        page.get_by_role("button", name="Log out").click()
        page.get_by_text("You have logged out").wait_for()
    return complaints
