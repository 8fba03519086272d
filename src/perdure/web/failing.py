"""A page's way of failing as a command fails: undone, run again if it was stale, logged once, told with the log's id.

Django makes an answer of every exception of a view, so the game loop would see none. A view that wants the loop to deal
with its error gives a `FailedResponse`.

Contract, of the bridge between the web server and the world (`perdure.server.world.http`): it answers nobody with a
`FailedResponse`. It raises `error` in the request's unit, which the loop undoes and, for a `StaleObject`, runs again;
when that is the end of it, the answer is `told(error_id)` with the id under which the error is logged. Without the
bridge (`can_fail` is False) a view makes its answer itself.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from perdure.web.offloading import CAN_OFFLOAD

__all__ = ["FailedResponse", "can_fail"]


class FailedResponse(HttpResponse):
    """Not an answer: an error of the view, for the game loop."""

    status_code = 500
    #: As of an `OffloadResponse`: the game loop logs the error.
    _has_been_logged = True

    def __init__(self, error: Exception, told: Callable[[str], HttpResponse]) -> None:
        super().__init__(b"The page failed.", content_type="text/plain; charset=utf-8")
        self.error = error
        self._told = told

    def told(self, error_id: str) -> HttpResponse:
        """The answer, with the headers that every page has (they are added to what a view gives)."""
        answer = self._told(error_id)
        for name, value in self.items():
            if name not in ("Content-Type", "Content-Length"):
                answer.headers.setdefault(name, value)
        return answer


def can_fail(request: HttpRequest) -> bool:
    """Whether there is a bridge that knows what to do."""
    return request.META.get(CAN_OFFLOAD) is True
