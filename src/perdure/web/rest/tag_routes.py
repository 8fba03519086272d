"""The addresses of the tags of an entity.

    GET           /api/rooms/5/tags
    PUT, DELETE   /api/rooms/5/tags/<key>[?category=…]

Contract: a tag is there or not, so putting one twice, or taking one away that is not there, is no error. Aliases and
permissions are no tags here: they are fields of the entity.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from perdure.transactions import transaction
from perdure.web.rest.answering import add, answer, caller_of, check_match, check_name, note
from perdure.web.rest.answers import TagsShown
from perdure.web.rest.kinds import Kind, find_entity
from perdure.web.rest.rights import require

__all__ = ["add_tags"]


def add_tags(router: Router, kind: Kind) -> None:
    """The addresses of the tags of one of the kind."""

    def list_tags(request: HttpRequest, number: int) -> HttpResponse:
        entity = find_entity(kind, number)
        require(caller_of(request).account, entity, "examine")
        return answer(_tags(entity))

    def add_tag(request: HttpRequest, number: int, key: str, category: str = "") -> HttpResponse:
        return change_tags(request, number, key, category, "add")

    def remove_tag(request: HttpRequest, number: int, key: str, category: str = "") -> HttpResponse:
        return change_tags(request, number, key, category, "remove")

    def change_tags(request: HttpRequest, number: int, key: str, category: str, how: str) -> HttpResponse:
        caller = caller_of(request)
        entity = find_entity(kind, number)
        require(caller.account, entity, "edit")
        check_name("key", key)
        check_name("category", category)
        with transaction():
            check_match(request, lambda: _tags(entity))
            getattr(entity.tags, how)(key, category=category)
            note(caller, f"{how} tag {key!r} ({category or 'no category'}): {kind.one} #{number} ({entity.key!r})")
            return answer(_tags(entity))

    one, whose = "/{int:number}/tags/{path:key}", f"of one of the {kind.name}"
    add(router, "GET", "/{int:number}/tags", list_tags, f"List tags {whose}", answers={200: TagsShown})
    add(router, "PUT", one, add_tag, f"Add a tag {whose}", answers={200: TagsShown})
    add(router, "DELETE", one, remove_tag, f"Take a tag away {whose}", answers={200: TagsShown})


def _tags(entity: Any) -> dict[str, Any]:
    pairs = entity.tags.all(return_key_and_category=True)
    return {"results": [{"key": key, "category": category} for key, category in pairs]}
