"""What is sent: JSON, of bounded size and depth.

Contract: `read_body` gives what the body says, or None for none. What comes from it is plain data: dicts, lists, text,
numbers that JSON has (no NaN), booleans, None.

Failure modes: 413 for a body over `REST_API_MAX_BODY` bytes, 415 for something that does not say it is JSON (a form of
a foreign page cannot say so), 400 for what is no JSON or is nested more than `DEEPEST` deep.
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest

from perdure.conf import conf
from perdure.web.rest.problems import Problem

__all__ = ["DEEPEST", "read_body"]

DEEPEST = 64


def read_body(request: HttpRequest) -> Any:
    """What the body of a request says."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    most = int(conf.REST_API_MAX_BODY)
    if length > most:
        raise Problem(413, f"This is longer than {most} bytes.")
    body = request.body
    if len(body) > most:
        raise Problem(413, f"This is longer than {most} bytes.")
    if not body:
        return None
    if request.content_type != "application/json":
        raise Problem(415, "Send JSON, and say so: Content-Type: application/json.")
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"This is no JSON: {error}.") from None
    _check_depth(said)
    return said


def _check_depth(said: Any) -> None:
    level = [said]
    for _ in range(DEEPEST):
        level = [part for one in level for part in _parts(one)]
        if not level:
            return
    raise Problem(400, f"This is nested more than {DEEPEST} deep.")


def _parts(node: Any) -> list[Any]:
    if type(node) is dict:
        return list(node.values())
    return node if type(node) is list else []
