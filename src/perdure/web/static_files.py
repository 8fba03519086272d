"""Style sheets, scripts and pictures, served by the world itself: nothing to collect, nothing to configure.

Contract: what Django's finders find (the `static` directories of apps and of the game) is served under `STATIC_URL`,
and nothing else on the disk. Addresses made by `{% static %}` hold a version, a digest of all static files as they
were when the world started; under that browsers keep a file for a year without asking. The same file without a version
is asked for again each time and answered with 304. Scripts import each other by relative addresses, so that all are
of one version.

Failure modes: a file that is changed while the world runs keeps its version until the next reload; with `DEBUG`
there are no versions.
"""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.http import require_safe

__all__ = ["VersionedStorage", "serve", "version"]

_YEAR = 31_536_000
# What a machine's own table says of these differs; a wrong type would stop the page's scripts.
_TYPES = {".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript", ".svg": "image/svg+xml"}


class VersionedStorage(StaticFilesStorage):
    """Makes the addresses of static files (`STORAGES["staticfiles"]`)."""

    def url(self, name: str | None) -> str:
        """The address of a file, with the version in it."""
        if settings.DEBUG or not name:
            return super().url(name)
        return super().url(f"v-{version()}/{name.lstrip('/')}")


@cache
def version() -> str:
    """A digest of the names, sizes and times of all static files, made when it is first asked for."""
    digest = hashlib.sha256()
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:12]


@require_safe
def serve(request: HttpRequest, path: str) -> HttpResponse:
    """Answer with a static file."""
    prefix = f"v-{version()}/"
    forever = path.startswith(prefix)
    # A page of the world before a reload may still ask for the version of then: it gets today's file, and asks again.
    name = path.split("/", 1)[1] if path.startswith("v-") and "/" in path else path
    file = _find(name)
    changed = int(file.stat().st_mtime)
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    response: HttpResponse
    if since is not None and since >= changed:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(b"" if request.method == "HEAD" else file.read_bytes(), content_type=_type_of(file))
    response.headers["Last-Modified"] = http_date(changed)
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if forever else "no-cache"
    return response


def _find(name: str) -> Path:
    try:
        found = finders.find(name) if name and "\0" not in name else None
    except SuspiciousFileOperation:
        found = None
    if not isinstance(found, str) or not Path(found).is_file():
        raise Http404("There is no such file.")
    return Path(found)


def _type_of(file: Path) -> str:
    kind = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
