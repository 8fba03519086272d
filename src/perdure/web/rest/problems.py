"""What goes wrong, and how it is told: as problem details (RFC 9457), with an id where it is the game's own error.

Contract: `answer_to(request, error)` makes the answer of any exception. What the asker can mend is told with the
reason; what is an error of the game is told with an id alone, under which the log has the rest. An answer to an error
never stands for something half done: whoever raises is undone.

    {"type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": "…",
     "errors": [{"path": "interval", "message": "…"}]}

Failure modes: inside the world an error of the game and a `StaleObject` become a `FailedResponse`, so that the game
loop undoes, logs and repeats as for a command; elsewhere they are logged here, and a stale write is a 409.
"""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import HttpError
from ninja.errors import ValidationError as SchemaError

from perdure import errors
from perdure.web.failing import FailedResponse, can_fail

__all__ = ["Forbidden", "Missing", "Problem", "answer_to"]

logger = logging.getLogger("perdure.web.rest")

CONTENT_TYPE = "application/problem+json"
#: Parts of where pydantic found something wrong that say nothing to who asked.
_OUTER = ("body", "query", "path", "payload")

#: The world is not in a state for it: it may be later, or otherwise.
_CONFLICTS = (
    errors.StaleObject,
    errors.Veto,
    errors.MoveLoop,
    errors.TypeclassUnavailable,
    errors.IllegalState,
    errors.NameTaken,
)
#: What was sent cannot be used.
_UNUSABLE = (
    errors.InvalidArgument,
    errors.InvalidKey,
    errors.LockException,
    errors.UnstorableValue,
    errors.UnreadableValue,
    errors.UnknownLookup,
    errors.TypeclassNotFound,
    errors.WrongFamily,
    ValidationError,
)


class Problem(Exception):
    """Ends the request with this answer; nothing of it stays.

    Args:
        status: of HTTP.
        detail: what is wrong, for people.
        found: `(path, message)` of each thing that is wrong in what was sent.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        found: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.found = found
        self.headers = headers or {}
        super().__init__(detail)


class Forbidden(Problem):
    """Who asks may not."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, detail)


class Missing(Problem):
    """There is no such thing, or not for who asks."""

    def __init__(self, detail: str = "There is no such thing here.") -> None:
        super().__init__(404, detail)


def answer_to(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer of a request that ended with this error."""
    problem = _problem_of(error)
    if problem is not None and not (isinstance(error, errors.StaleObject) and can_fail(request)):
        return _response(problem)
    if can_fail(request):
        return FailedResponse(error, lambda error_id: _response(problem or _of_the_game(error_id), error_id=error_id))
    error_id = secrets.token_hex(4)
    logger.error("error %s in %s %s", error_id, request.method, request.path, exc_info=error)
    return _response(_of_the_game(error_id), error_id=error_id)


def _of_the_game(error_id: str) -> Problem:
    return Problem(500, f"There is an error in the game. Nothing was changed. (error {error_id})")


def _problem_of(error: Exception) -> Problem | None:
    """What the asker can do something about; None for an error of the game."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, SchemaError):
        return _of_schema(error)
    if isinstance(error, HttpError):
        return Problem(error.status_code, str(error))
    if isinstance(error, Http404):
        return Missing()
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "This is too long.")
    if isinstance(error, SuspiciousOperation):
        return Problem(400, "This request cannot be read.")
    if isinstance(error, errors.Overloaded):
        return Problem(503, "Too much is going on at this moment.", headers={"Retry-After": "2"})
    if isinstance(error, _CONFLICTS):
        return Problem(409, _told(error))
    if isinstance(error, _UNUSABLE):
        return Problem(422, _told(error), _places(error))
    return None


def _told(error: Exception) -> str:
    if isinstance(error, errors.StaleObject):
        return "Somebody else has changed this at the same moment. Ask again."
    if isinstance(error, errors.Veto):
        return error.reason or "The game does not allow this."
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return str(error)


def _places(error: Exception) -> tuple[tuple[str, str], ...]:
    return ((error.path, str(error)),) if isinstance(error, errors.UnstorableValue) else ()


def _of_schema(error: SchemaError) -> Problem:
    """What a schema refuses, each by its path."""
    found = []
    for one in error.errors:
        where = [str(part) for part in one["loc"]]
        while where and where[0] in _OUTER:
            where.pop(0)
        path = ".".join(where)
        message = f"there is no field {path!r}" if one["type"] == "extra_forbidden" else str(one["msg"])
        found.append((path, message))
    told = "; ".join(message if path in message else f"{path}: {message}" for path, message in found[:10])
    return Problem(422, told, tuple(found[:100]))


def _response(problem: Problem, **more: Any) -> HttpResponse:
    details: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **more,
    }
    if problem.found:
        details["errors"] = [{"path": path, "message": message} for path, message in problem.found]
    headers = {"Cache-Control": "no-store", **problem.headers}
    return HttpResponse(msgspec.json.encode(details), status=problem.status, content_type=CONTENT_TYPE, headers=headers)
