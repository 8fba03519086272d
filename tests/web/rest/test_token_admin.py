"""The admin's page of tokens: seen and ended there, made elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from perdure.accounts.access_tokens import create_token, find_token
from tests.web.conftest import post
from tests.web.rest.conftest import make_account

pytestmark = pytest.mark.django_db


def test_tokens_are_seen_and_ended_in_the_admin(site: Any, browser_of: Any) -> None:
    owner = make_account("Owner", is_superuser=True)
    owner.is_staff = True
    owner.save()
    token, secret = create_token(make_account("Anna"), "map of the page", network="192.0.2.0/24")
    client = browser_of()
    client.force_login(owner)
    listed = client.get("/admin/accounts/accesstoken/").content.decode()
    assert "map of the page" in listed
    assert "Anna" in listed
    address = f"/admin/accounts/accesstoken/{token.pk}/"
    page = client.get(f"{address}change/").content.decode()
    assert "192.0.2.0/24" in page
    assert token.digest not in page + listed
    assert client.get("/admin/accounts/accesstoken/add/").status_code == 403
    assert find_token(secret) == token
    assert post(client, f"{address}delete/", {"post": "yes"}).status_code == 302
    assert find_token(secret) is None
