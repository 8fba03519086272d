"""What all addresses have in common: how a view is put up, how it answers, and how a change is held to what was seen.

Contract: `add` puts a view up with its description. `answer` makes the JSON of what is shown, with its `ETag`;
`nothing` is for where there is nothing to show.
`check_match` raises 412 if a request says `If-Match` and none of the marks it names is that of now. `note` has the
audit log say what was changed once it is committed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from perdure.transactions import on_commit
from perdure.web.rest.callers import Caller
from perdure.web.rest.description import PROBLEMS
from perdure.web.rest.problems import Problem
from perdure.web.rest.representation import etag_of, to_json

__all__ = ["add", "answer", "caller_of", "check_match", "check_name", "note", "nothing"]

audit = logging.getLogger("perdure.audit")

JSON = "application/json"


def add(
    router: Router,
    method: str,
    path: str,
    view: Callable[..., HttpResponse],
    summary: str,
    *,
    answers: dict[int, Any],
    taking: Any = None,
    parameters: list[dict[str, Any]] | None = None,
) -> None:
    """Put up a view.

    Args:
        router: where.
        method, path: what it answers.
        view: called with the request, what stands in the path, and `payload`.
        summary: what it does, in a line.
        answers: what it gives, by status.
        taking: the schema of `payload`.
        parameters: of the query, as OpenAPI has them, where the view reads them itself.
    """
    if taking is not None:
        view.__annotations__["payload"] = taking
    kind = (router.tags or [""])[0]
    router.api_operation(
        [method],
        path,
        response=answers,
        operation_id=f"{view.__name__}_{kind}" if kind else view.__name__,
        summary=summary,
        openapi_extra={"responses": PROBLEMS, **({"parameters": parameters} if parameters else {})},
    )(view)


def caller_of(request: HttpRequest) -> Caller:
    """Who asks, as the door has found."""
    caller: Caller = request.caller  # type: ignore[attr-defined]
    return caller


def answer(shown: Any, status: int = 200) -> HttpResponse:
    """What is shown, as JSON, with its mark."""
    body = to_json(shown)
    return HttpResponse(body, status=status, content_type=JSON, headers={"ETag": etag_of(body)})


def nothing() -> HttpResponse:
    """The answer where there is nothing to show."""
    response = HttpResponse(status=204)
    del response.headers["Content-Type"]
    return response


def check_match(request: HttpRequest, seen: Callable[[], Any]) -> None:
    """Raise unless what the request says was seen is what there is; `seen` gives that, None for nothing."""
    asked = request.headers.get("If-Match")
    if asked is None:
        return
    now = seen()
    marks = {mark.strip() for mark in asked.split(",")}
    if now is None or not ("*" in marks or etag_of(to_json(now)) in marks):
        raise Problem(412, "It has been changed since you read it. Read it again.")


def check_name(name: str, text: str) -> None:
    """Raise for what stands in an address and can be no key and no category."""
    if not text.isprintable():
        raise Problem(422, f"{name}: a name is one line, without control characters", ((name, "not printable"),))


def note(caller: Caller, what: str) -> None:
    """Tell the audit log what the caller did, once it is committed."""
    on_commit(lambda: audit.info("api: %s %s", caller, what))
