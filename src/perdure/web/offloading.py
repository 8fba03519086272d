"""Work of a web page that must not hold up the game: hashing passwords.

The world runs every request on the thread of the game, as one unit of work. A view that has something slow to do says
so and is called again when it is done:

    done = offload(request, "login", lambda: (check, check.verify(password)))
    if isinstance(done, OffloadResponse):
        return done
    check, verdict = done

Contract, of the bridge between the web server and the world (`perdure.server.world`):

- It sets `request.META["perdure.can_offload"]` to True. Names with a dot cannot come from a client.
- It answers nobody with an `OffloadResponse`. It ends the unit, runs `work()` on a thread of a pool, and
  calls the same request again (same body, same headers) as another unit, with what the work gave in
  `META["perdure.offloaded"]` under its `key`, beside what was there already.
- Work that raises an exception is an error of the page.

Contract, of a view: before `offload` it changes nothing that it would change again; `work` is a pure function: no
database, no live object. Without the bridge (Django's test client, another server) the work is done at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

__all__ = ["CAN_OFFLOAD", "OFFLOADED", "OffloadResponse", "offload", "offloaded"]

CAN_OFFLOAD = "perdure.can_offload"
OFFLOADED = "perdure.offloaded"


class OffloadResponse(HttpResponse):
    """Not an answer: the wish to be called again when `work()` is done. Whoever shows it to a browser shows a 503."""

    status_code = 503
    #: Django writes a line for each answer of 500 or more, unless it finds this; this one is no error.
    _has_been_logged = True

    def __init__(self, work: Callable[[], Any], key: str) -> None:
        super().__init__(b"The page is not ready.", content_type="text/plain; charset=utf-8")
        self.work = work
        self.key = key


def offloaded(request: HttpRequest, key: str) -> Any:
    """What the work of that name gave, or None if it has not been done for this request."""
    return (request.META.get(OFFLOADED) or {}).get(key)


def offload(request: HttpRequest, key: str, work: Callable[[], Any]) -> Any:
    """What `work()` gives, or an `OffloadResponse` that the view returns at once.

    Args:
        request: the request that the view answers.
        key: tells it from other work of the same page.
        work: must not give None.
    """
    done = offloaded(request, key)
    if done is not None:
        return done
    if request.META.get(CAN_OFFLOAD) is True:
        return OffloadResponse(work, key)
    return work()
