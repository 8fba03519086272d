"""Whatever is sent, nothing breaks: no answer is an error of the game, and what is refused changes nothing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from perdure.objects.models import ObjectDB
from tests.web.rest.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.defect("V-9"), pytest.mark.defect("V-12")]

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]

KNOWN = """
    key locks location home aliases tags permissions attributes typeclass value desc interval timer email password
    category ~ref ~tuple ~set ~datetime ~dict ~int ~deque ~counter ~range ~timedelta ~decimal ~complex ~float ~bytes
    ~time ~uuid objects.objectdb lamp get true() perm(Builder) all #1 null
"""
WORDS = st.sampled_from(KNOWN.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    WORDS,
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(WORDS, st.text(max_size=8)), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.dictionaries(WORDS, JSON, max_size=5)
KINDS = st.sampled_from(["accounts", "objects", "characters", "rooms", "exits", "scripts", "channels"])
PARTS = st.one_of(st.text(min_size=1, max_size=12), WORDS)


def ask(api: Api, method: str, path: str, said: Any = None) -> Any:
    body = said if isinstance(said, bytes) or said is None else json.dumps(said).encode("utf-8", "surrogatepass")
    answer = api(method, path, body)
    assert answer.status_code < 500, (method, path, said, answer.content)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    return answer


@pytest.fixture
def owner(as_rank: Any, room: Any, rest: Any) -> Api:
    rest.CREATION_THROTTLE_LIMIT = None
    return as_rank("superuser")


@given(
    kind=KINDS,
    said=st.one_of(
        JSON,
        FIELDS,
        st.fixed_dictionaries(
            {"key": st.text(max_size=9)},
            optional={
                "attributes": JSON,
                "tags": JSON,
                "locks": JSON,
                "location": SCALARS,
                "aliases": JSON,
                "typeclass": SCALARS,
                "interval": SCALARS,
                "desc": SCALARS,
                "home": SCALARS,
                "password": SCALARS,
                "permissions": JSON,
            },
        ),
    ),
)
@settings(suppress_health_check=SLOW_IS_FINE, deadline=None)
def test_making(owner: Api, kind: str, said: Any) -> None:
    answer = ask(owner, "POST", f"/{kind}", said)
    if answer.status_code == 201:
        assert owner.get(f"/{kind}/{answer.said['id']}").status_code == 200


@given(said=st.one_of(JSON, FIELDS))
@settings(suppress_health_check=SLOW_IS_FINE, deadline=None)
def test_changing(owner: Api, lamp: Any, said: Any) -> None:
    before = owner.get(f"/objects/{lamp.pk}").said
    answer = ask(owner, "PATCH", f"/objects/{lamp.pk}", said)
    if answer.status_code >= 400:
        assert owner.get(f"/objects/{lamp.pk}").said == before


@given(value=JSON)
@example(value={"~time": ["12:00:00", "Europe"]})
@example(value={"~counter": [[{"~set": []}, 1]]})
@example(value={"~dict": [[[], 1]]})
@example(value={"~deque": [[1], -1]})
@settings(suppress_health_check=SLOW_IS_FINE, deadline=None)
def test_values(owner: Api, lamp: Any, value: Any) -> None:
    address = f"/objects/{lamp.pk}/attributes/thing"
    answer = ask(owner, "PUT", address, {"value": value})
    if answer.status_code >= 400:
        return
    shown = owner.get(address).said["value"]
    assert ask(owner, "PUT", address, {"value": shown}).said["value"] == shown, "what is shown can be sent again"


@given(
    kind=KINDS,
    query=st.lists(
        st.tuples(
            st.one_of(
                st.sampled_from(["name", "alias", "tag", "permission", "typeclass", "location", "active", "limit"]),
                st.builds(
                    "attr.{}{}".format, PARTS, st.sampled_from(["", "__gt", "__in", "__range", "__isnull", "__iexact"])
                ),
                PARTS,
            ),
            st.one_of(PARTS, JSON.map(json.dumps)),
        ),
        max_size=4,
    ),
)
@settings(suppress_health_check=SLOW_IS_FINE, deadline=None)
def test_filters(owner: Api, kind: str, query: list[tuple[str, str]]) -> None:
    encoded = urlencode(query, errors="surrogatepass")
    answer = ask(owner, "GET", f"/{kind}?{encoded}")
    if answer.status_code == 200:
        assert answer.said["count"] >= len(answer.said["results"])


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    parts=st.lists(PARTS, max_size=4),
    body=st.one_of(st.none(), st.binary(max_size=30), JSON),
)
@settings(suppress_health_check=SLOW_IS_FINE, deadline=None)
def test_addresses(owner: Api, lamp: Any, method: str, parts: list[str], body: Any) -> None:
    path = "/".join(quote(part, safe="", errors="surrogatepass") for part in parts)
    ask(owner, method, f"/objects/{lamp.pk}/{path}", body)
    ask(owner, method, f"/{path}", body)
    assert ObjectDB.objects.filter(pk=lamp.pk).exists() or method == "DELETE"


@given(authorization=st.text(max_size=100))
@settings(suppress_health_check=SLOW_IS_FINE, deadline=None)
def test_tokens(rest: Any, authorization: str) -> None:
    rest.LOGIN_THROTTLE_LIMIT = None
    header = authorization.encode("utf-8", "replace").decode("latin-1")
    for text in (header, f"Bearer {header}", f"Bearer perdure_{header}"):
        assert Api().get("/me", Authorization=text).status_code == 401
