"""The pages of the site and of the admin in a real browser, under the policy that forbids everything inline."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail

from perdure.web.letters import LETTERS
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

        for path in ("/", "/auth/login/", "/auth/register/", "/auth/password_reset/", "/auth/password_reset/done/"):
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
            "/auth/email/",
            "/admin/objects/objectdb/",
            "/admin/accounts/accountdb/add/",
            f"/admin/accounts/accountdb/{owner}/password/",
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
        # A link for a password is made, and can be read by those who see nothing.
        visit(f"/admin/accounts/accountdb/{owner}/password/")
        page.get_by_role("button", name="Make a link instead").click()
        page.get_by_role("textbox", name="Hand this over").wait_for()
        visit("/")
        page.get_by_role("button", name="Log out").click()
        page.get_by_text("You have logged out").wait_for()
    return complaints


NEW = "another-long-pw-2"


@pytest.mark.defect("V-16")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_somebody_who_forgot_the_password_comes_in_again(address: str, scheme: str):
    from perdure.create import create_account

    anna = create_account("Anna", "anna@example.com", PASSWORD)
    with ThreadPoolExecutor(1) as pool:
        complaints = pool.submit(forget, address, scheme).result()
    assert complaints == []
    assert anna.check_password(NEW)


def forget(address: str, scheme: str) -> list[str]:
    """From the login to the letter, by its link to another password, and in; all of it by the keyboard."""
    complaints: list[str] = []
    with launched() as browser:
        page = browser.new_page(viewport=PHONE, color_scheme=scheme)
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.goto(f"{address}/auth/login/")
        page.get_by_role("link", name="Forgotten your password?").press("Enter")
        page.get_by_label("Name or e-mail address").fill("anna")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Look into your mail").wait_for()
        assert LETTERS.wait(20)
        (link,) = re.findall(r"http://\S+", mail.outbox[-1].body)
        page.goto(link)
        page.get_by_role("heading", name="Choose a new password").wait_for()
        assert page.url.endswith("/choose/")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_label("New password", exact=True).fill("short")
        page.get_by_label("New password again").fill("short")
        page.keyboard.press("Enter")
        page.get_by_text("too short").first.wait_for()
        wrong = page.get_by_label("New password", exact=True)
        assert wrong.get_attribute("aria-invalid") == "true"
        wrong.fill(NEW)
        page.get_by_label("New password again").fill(NEW)
        page.keyboard.press("Enter")
        page.get_by_role("status").filter(has_text="is changed, Anna").wait_for()
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password").fill(NEW)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Log out").wait_for()
        response = page.goto(link)
        assert response.status == 410
        complaints[:] = [one for one in complaints if "410" not in one]
        page.get_by_role("heading", name="This link is void").wait_for()
    return complaints
