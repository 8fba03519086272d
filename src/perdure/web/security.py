"""The headers with which pages tell browsers what they may do, and safe cookies.

Contract: every page of the site and the admin may load scripts, styles and images from the site alone, has no inline
script, handler or style, cannot be framed, and sends its forms to the site alone (the setting is
`CONTENT_SECURITY_POLICY`; a view that sets the header itself has its way). Cookies that are set over TLS are never sent
without it.

Comes first in `MIDDLEWARE`, so that it sees the cookies of the others.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from perdure.conf import conf

__all__ = ["SecurityHeaders"]

_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """Middleware that adds the headers to every answer.

    Args:
        get_response: the rest of the site.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        response = self.get_response(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        # Django's own pages about errors have their styles and scripts inside; they are shown to developers only.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers.setdefault("Content-Security-Policy", conf.CONTENT_SECURITY_POLICY)
        if request.is_secure():
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response
