"""The door of the API: every address under `/api/` is behind it, so what is not let in reaches nothing.

Contract: a view that is `guarded` is run for who is admitted only, with `request.caller` and `request.said` (the body)
set. Every answer, those of errors too, is JSON, and is kept by no cache.

Failure modes: those of `callers` and `bodies`; 405 for what an address does not do. See `problems`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from perdure.web.rest.bodies import read_body
from perdure.web.rest.callers import admit
from perdure.web.rest.problems import Problem, answer_to

__all__ = ["guarded"]

View = Callable[..., Any]


def guarded(view: View) -> View:
    """The view behind the door."""

    @csrf_exempt  # a token is no cookie; for sessions `callers` checks
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = request.method
        if asked == "HEAD":
            request.method = "GET"  # whoever sends the answer leaves the body out
        try:
            response = _run(view, request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001  (the boundary of the API: `answer_to` tells, or has it logged)
            response = answer_to(request, error)
        request.method = asked
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Vary", "Authorization, Cookie")
        return response

    return answer


def _run(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    request.caller = admit(request)  # type: ignore[attr-defined]
    request.said = read_body(request)  # type: ignore[attr-defined]
    response: HttpResponse = view(request, *args, **kwargs)
    if response.status_code == 405:
        allow = response.headers.get("Allow", "")
        raise Problem(405, f"This address knows {allow} only.", headers={"Allow": allow})
    return response
