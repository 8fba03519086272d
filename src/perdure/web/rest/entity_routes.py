"""The addresses of the entities of a kind.

    GET, POST            /api/rooms
    GET, PATCH, DELETE   /api/rooms/5

Contract: each is one transaction, so that an answer that is an error leaves nothing behind. Rights are asked before
anything is told.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from perdure.accounts.models import AccountDB
from perdure.transactions import transaction
from perdure.web.offloading import OffloadResponse
from perdure.web.rest.answering import add, answer, caller_of, check_match, note, nothing
from perdure.web.rest.answers import PAGES, SHOWN
from perdure.web.rest.changing import change, delete
from perdure.web.rest.filters import PARAMETERS, page_asked, rows_asked
from perdure.web.rest.kinds import Kind, find_entity
from perdure.web.rest.making import make, make_account
from perdure.web.rest.representation import shown
from perdure.web.rest.rights import require, require_builder

__all__ = ["add_all", "add_one"]


def add_all(router: Router, kind: Kind) -> None:
    """The addresses of all of a kind."""

    def list_all(request: HttpRequest) -> HttpResponse:
        account = caller_of(request).account
        require_builder(account)
        page, rows = page_asked(request.GET), rows_asked(kind, account, request.GET)
        found = kind.with_what_is_shown(rows)[page.offset : page.offset + page.limit]
        results = [shown(account, one) for one in found]
        return answer({"count": rows.count(), "limit": page.limit, "offset": page.offset, "results": results})

    def make_one(request: HttpRequest, payload: Any) -> HttpResponse:
        caller = caller_of(request)
        require_builder(caller.account)
        with transaction():
            if kind.model is AccountDB:
                made = make_account(kind, request, caller, payload)
                if isinstance(made, OffloadResponse):
                    return made
            else:
                made = make(kind, caller, payload)
            note(caller, f"made {kind.one} #{made.pk} ({made.key!r})")
            response = answer(shown(caller.account, made), 201)
        response["Location"] = f"{request.path}/{made.pk}"
        return response

    one, page = SHOWN[kind.name], PAGES[kind.name]
    add(router, "GET", "", list_all, f"List {kind.name}", answers={200: page}, parameters=_parameters(kind))
    add(router, "POST", "", make_one, f"Make one of the {kind.name}", answers={201: one}, taking=kind.creation)


def add_one(router: Router, kind: Kind) -> None:
    """The address of one of a kind."""

    def show_one(request: HttpRequest, number: int) -> HttpResponse:
        account = caller_of(request).account
        entity = find_entity(kind, number)
        require(account, entity, "examine")
        return answer(shown(account, entity))

    def change_one(request: HttpRequest, number: int, payload: Any) -> HttpResponse:
        caller = caller_of(request)
        account, entity = caller.account, find_entity(kind, number)
        require(account, entity, "edit")
        with transaction():
            check_match(request, lambda: shown(account, entity))
            fields = change(account, entity, payload)
            if fields:
                note(caller, f"changed {', '.join(fields)} of {kind.one} #{number} ({entity.key!r})")
            return answer(shown(account, entity))

    def delete_one(request: HttpRequest, number: int) -> HttpResponse:
        caller = caller_of(request)
        account, entity = caller.account, find_entity(kind, number)
        require(account, entity, "delete")
        name = entity.key
        with transaction():
            check_match(request, lambda: shown(account, entity))
            delete(account, entity)
            note(caller, f"deleted {kind.one} #{number} ({name!r})")
        return nothing()

    path, one = "/{int:number}", {200: SHOWN[kind.name]}
    add(router, "GET", path, show_one, f"Show one of the {kind.name}", answers=one)
    add(router, "PATCH", path, change_one, f"Change one of the {kind.name}", answers=one, taking=kind.change)
    add(router, "DELETE", path, delete_one, f"Delete one of the {kind.name}", answers={204: None})


def _parameters(kind: Kind) -> list[dict[str, Any]]:
    """What a list takes in its query."""
    described = {
        "limit": "how many are shown: 25 if not given, 100 at most",
        "offset": "how many are passed over",
        **PARAMETERS,
        **dict.fromkeys(kind.ids, "the id of another entity, or null"),
        **dict.fromkeys(kind.flags, "true or false"),
    }
    return [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": what}
        for name, what in described.items()
    ]
