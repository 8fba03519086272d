"""The API as a whole: all kinds on one `NinjaAPI`, who one is, and the description of it all.

Contract: `urlpatterns` are the addresses under `/api/`, each behind the door, with one last that answers every other:
nothing is told of what there is to who is not let in.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.http import require_GET
from ninja import NinjaAPI, Router
from ninja.errors import HttpError
from ninja.errors import ValidationError as SchemaError
from ninja.parser import Parser

from perdure.locks.effective import effective_permissions
from perdure.version import __version__
from perdure.web.rest.answering import add, answer, caller_of
from perdure.web.rest.answers import Me
from perdure.web.rest.attribute_routes import add_attributes
from perdure.web.rest.description import Description
from perdure.web.rest.door import guarded
from perdure.web.rest.entity_routes import add_all, add_one
from perdure.web.rest.kinds import KINDS
from perdure.web.rest.problems import Missing, answer_to
from perdure.web.rest.tag_routes import add_tags

__all__ = ["urlpatterns"]


class _SaidAlready(Parser):
    """The door has read the body."""

    def parse_body(self, request: HttpRequest) -> Any:
        return request.said  # type: ignore[attr-defined]


def show_me(request: HttpRequest) -> HttpResponse:
    """Who asks, and what that may do now."""
    caller = caller_of(request)
    rights = effective_permissions(caller.account)
    token = caller.token
    return answer(
        {
            "account": caller.account.pk,
            "key": caller.account.key,
            "rank": rights.rank,
            "superuser": rights.bypasses,
            "quelled": rights.quelled,
            "token": None
            if token is None
            else {
                "id": token.pk,
                "name": token.name,
                "read_only": token.read_only,
                "expires": token.expires.isoformat() if token.expires is not None else None,
            },
        }
    )


def _missing(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Missing("There is no such address. /api/openapi.json lists those there are.")


def _answer_to(request: HttpRequest, error: Any) -> HttpResponse:
    return answer_to(request, error)


def _build() -> NinjaAPI:
    api = NinjaAPI(
        title="The world over REST",
        version=__version__,
        urls_namespace="rest",
        docs_url=None,
        openapi_url=None,
        parser=_SaidAlready(),
    )
    for error in (Exception, Http404, HttpError, SchemaError):
        api.add_exception_handler(error, _answer_to)
    me = Router()
    add(me, "GET", "", show_me, "Show who you are", answers={200: Me})
    api.add_router("/me", me)
    for kind in KINDS.values():
        router = Router(tags=[kind.name])
        add_all(router, kind)
        add_one(router, kind)
        add_attributes(router, kind)
        add_tags(router, kind)
        api.add_router(f"/{kind.name}", router)
    return api


def _guarded_patterns(api: NinjaAPI) -> list[URLPattern]:
    patterns: list[Any] = [one for one in api.urls[0] if getattr(one, "name", "") != "api-root"]
    for pattern in patterns:
        pattern.callback = guarded(pattern.callback)
    description = path("openapi.json", guarded(require_GET(Description(api))), name="openapi")
    return [description, *patterns, re_path("", guarded(_missing))]


urlpatterns = _guarded_patterns(_build())
