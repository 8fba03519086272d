"""Between a web server that speaks ASGI and Django that speaks WSGI: requests, bodies and answers, as plain values.

Contract: `environ_of` makes of a request what Django is given, `Bodies` reads what comes with it, `answer_of` makes of
Django's answer what can be sent from another thread, and `send_answer` sends it. An answer that Django streams is put
together at once, on the thread of the game, since what it is made of may be live objects; the file of a
`FileResponse` is read piece by piece on others, when the answer leaves.

Failure modes: `None` for a body that is too long, `Overloaded` when too much is being sent by everybody together,
`ConnectionResetError` for one that breaks off. `AnswerTooLong` for a stream that is no file and does not end soon. What
a stream raises goes to whoever asks for the answer; a file that fails while it is sent breaks the connection.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from perdure.errors import Overloaded

__all__ = [
    "Answer",
    "AnswerTooLong",
    "Bodies",
    "Receive",
    "Scope",
    "Send",
    "answer_of",
    "environ_of",
    "plain_answer",
    "send_answer",
]

MAX_BODY = 10 * 1024 * 1024
#: What all requests that are under way may hold together.
MAX_BODIES = 8 * MAX_BODY
MAX_STREAM = 32 * 1024 * 1024
PIECE = 256 * 1024
#: These have no body, and so no length of one.
_WITHOUT_BODY = frozenset({204, 304})

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class AnswerTooLong(Exception):
    """A streamed answer is longer than it may be: the whole of it has to be in memory."""


class Answer(NamedTuple):
    """What is sent.

    Attributes:
        status, headers, body: as they are.
        response: Django's, if a file of it is to be sent and it has to be closed afterwards.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    response: Any = None

    def close_file(self) -> None:
        """Nothing more is read of it."""
        if self.response is not None:
            self.response.close()


def plain_answer(status: int, text: str) -> Answer:
    """An answer that is no page of the game: try again."""
    return Answer(status, [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"2")], text.encode())


def answer_of(response: Any) -> Answer:
    """What Django answers; the response is closed, unless a file of it is still to be read. Raises what it raises."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers += [(b"Set-Cookie", cookie.OutputString().encode("latin-1")) for cookie in response.cookies.values()]
    if getattr(response, "file_to_stream", None) is not None:
        return Answer(response.status_code, headers, b"", response)
    try:
        return Answer(response.status_code, headers, _whole(response))
    finally:
        response.close()


def _whole(response: Any) -> bytes:
    if not response.streaming:
        return bytes(response.content)
    parts: list[bytes] = []
    length = 0
    for part in response:
        length += len(part)
        if length > MAX_STREAM:
            raise AnswerTooLong(
                f"a streamed answer has more than {MAX_STREAM} bytes; it is put together before it leaves, since it "
                "may be made of live objects: give less, or a FileResponse, which is read while it is sent"
            )
        parts.append(part)
    return b"".join(parts)


async def send_answer(send: Send, answer: Answer, method: str = "GET") -> None:
    """Send it; of a `HEAD` request, the head."""
    headers, status = answer.headers, answer.status
    file = None if answer.response is None else answer.response.file_to_stream
    known = any(name.lower() == b"content-length" for name, _ in headers)
    if file is None and not known and status not in _WITHOUT_BODY:
        headers = [*headers, (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if method == "HEAD" or status in _WITHOUT_BODY:
        await send({"type": "http.response.body", "body": b""})
        return
    if file is not None:
        loop = asyncio.get_running_loop()
        while piece := await loop.run_in_executor(None, file.read, PIECE):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": answer.body})


class Bodies:
    """Reads the bodies of requests, and knows how much all that are under way hold together."""

    def __init__(self) -> None:
        self.held = 0

    async def read(self, receive: Receive) -> bytes | None:
        """The whole body, or None if it is too long; give it back with `release`."""
        parts: list[bytes] = []
        length = 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionResetError
                part = message.get("body", b"")
                length += len(part)
                self.held += len(part)
                if length > MAX_BODY:
                    self.held -= length
                    return None
                if self.held > MAX_BODIES:
                    raise Overloaded(f"more than {MAX_BODIES} bytes are being sent at once")
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)
        except BaseException:
            self.held -= length
            raise

    def release(self, body: bytes) -> None:
        """The request is over."""
        self.held -= len(body)


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """The request as WSGI has it."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        # Several cookies are one header with semicolons; of all others, commas say that there were several.
        between = "; " if name == "COOKIE" else ","
        headers[name] = f"{headers[name]}{between}{value}" if name in headers else value
    forwarded = headers.pop("X_FORWARDED_FOR", "").split(",")[-1].strip()
    scheme = headers.pop("X_FORWARDED_PROTO", "http")
    host, _, port = headers.get("HOST", "localhost").rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "CONTENT_TYPE": headers.pop("CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": forwarded or "127.0.0.1",
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port if port.isdecimal() else ("443" if scheme == "https" else "80"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme if scheme in ("http", "https") else "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    headers.pop("CONTENT_LENGTH", None)
    # A name with an underscore is not passed on: it could pass for one with a hyphen.
    allowed = {raw.decode("latin-1").upper().replace("-", "_") for raw, _ in scope["headers"] if b"_" not in raw}
    environ.update({f"HTTP_{name}": value for name, value in headers.items() if name in allowed})
    return environ
