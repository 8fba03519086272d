"""The description of the API for programs, as OpenAPI has it.

Contract: what `openapi.json` gives names every address, what it takes and gives, and how one is let in. There is no
page that shows it: the scripts of those pages come from elsewhere, which the site's policy forbids. Any reader of
OpenAPI can be given the file.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from perdure.web.rest.answers import ProblemShown
from perdure.web.rest.representation import to_json

__all__ = ["PROBLEMS", "describe"]

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


def describe(api: NinjaAPI, request: HttpRequest) -> HttpResponse:
    """The description of the API, for the address under which it was asked for."""
    prefix = request.path.removesuffix("openapi.json").lstrip("/")
    described: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=prefix))
    components = described["components"]
    problem = ProblemShown.model_json_schema(ref_template=_TEMPLATE)
    components["schemas"].update({**problem.pop("$defs"), "ProblemShown": problem})
    components["securitySchemes"] = _SECURITY
    described["security"] = [{name: []} for name in _SECURITY]
    return HttpResponse(to_json(described), content_type="application/json")
