"""The description of the API for programs, as OpenAPI has it.

Contract: what `openapi.json` gives names every address, what it takes and gives, and how one is let in. There is no
page that shows it: the scripts of those pages come from elsewhere, which the site's policy forbids. Any reader of
OpenAPI can be given the file.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from perdure.web.offloading import OffloadResponse, offload
from perdure.web.rest.answers import ProblemShown
from perdure.web.rest.representation import to_json

__all__ = ["PROBLEMS", "Description"]

_TEMPLATE = "#/components/schemas/{model}"
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token, from `perdure token create`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "A session of the website; changes need its CSRF token as X-CSRFToken.",
    },
}
#: What every address answers when it does not do what was asked.
PROBLEMS = {
    "4XX": {
        "description": "What went wrong.",
        "content": {"application/problem+json": {"schema": {"$ref": _TEMPLATE.format(model="ProblemShown")}}},
    }
}


class Description:
    """The view that gives the description.

    Making it takes half a second, in which nobody could play: so it is made once, in the pool.

    Args:
        api: what is described.
    """

    def __init__(self, api: NinjaAPI) -> None:
        self._api = api
        self._known: tuple[str, bytes] = ("", b"")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The description, for the address under which it was asked for."""
        prefix = request.path.removesuffix("openapi.json").lstrip("/")
        if self._known[0] != prefix:
            made = offload(request, "description", lambda: _described(self._api, prefix))
            if isinstance(made, OffloadResponse):
                return made
            self._known = (prefix, made)
        return HttpResponse(self._known[1], content_type="application/json")


def _described(api: NinjaAPI, prefix: str) -> bytes:
    described: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=prefix))
    components = described["components"]
    problem = ProblemShown.model_json_schema(ref_template=_TEMPLATE)
    components["schemas"].update({**problem.pop("$defs"), "ProblemShown": problem})
    components["securitySchemes"] = _SECURITY
    described["security"] = [{name: []} for name in _SECURITY]
    return to_json(described)
