"""The addresses of the attributes of an entity.

    GET                  /api/rooms/5/attributes
    GET, PUT, DELETE     /api/rooms/5/attributes/<key>[?category=…]

Contract: who may examine the entity reads those attributes whose lock `attrread` lets them, and does not learn of the
others. Who may edit the entity writes those whose lock `attredit` lets them; new ones, if its lock `attrcreate` does.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from perdure.commands.default.attribute_locks import has_attribute, may_read, may_write
from perdure.transactions import transaction
from perdure.web.rest.answering import add, answer, caller_of, check_match, check_name, note, nothing
from perdure.web.rest.answers import AttributePage, AttributeShown
from perdure.web.rest.attribute_values import read_value
from perdure.web.rest.filters import page_asked
from perdure.web.rest.kinds import Kind, find_entity
from perdure.web.rest.problems import Forbidden, Missing
from perdure.web.rest.representation import attribute_shown
from perdure.web.rest.rights import require
from perdure.web.rest.schemas import AttributeWrite

__all__ = ["add_attributes"]


def add_attributes(router: Router, kind: Kind) -> None:
    """The addresses of the attributes of one of the kind."""

    def list_attributes(request: HttpRequest, number: int) -> HttpResponse:
        account = caller_of(request).account
        entity = find_entity(kind, number)
        require(account, entity, "examine")
        page = page_asked(request.GET)
        rows = [row for row in entity.attributes.all(accessing_obj=account) if not row.db_attrtype]
        rows.sort(key=lambda row: (row.db_category or "", row.db_key))
        results = [attribute_shown(row) for row in rows[page.offset : page.offset + page.limit]]
        return answer({"count": len(rows), "limit": page.limit, "offset": page.offset, "results": results})

    def show_attribute(request: HttpRequest, number: int, key: str, category: str = "") -> HttpResponse:
        account = caller_of(request).account
        entity = find_entity(kind, number)
        require(account, entity, "examine")
        row = _readable(account, entity, key, category)
        if row is None:
            raise _missing(entity, key, category)
        return answer(attribute_shown(row))

    def write_attribute(
        request: HttpRequest, number: int, key: str, payload: AttributeWrite, category: str = ""
    ) -> HttpResponse:
        caller = caller_of(request)
        account, entity = caller.account, find_entity(kind, number)
        require(account, entity, "edit")
        _require_write(account, entity, key, category)
        with transaction():
            check_match(request, lambda: _seen(account, entity, key, category))
            known = has_attribute(entity, key, category)
            entity.attributes.add(key, read_value(account, payload.value), category=category)
            if payload.locks is not None:
                row = entity.attributes.get(key, category=category, return_obj=True)
                row.locks.replace(payload.locks)  # the handler does not hold the row
            note(caller, f"set attribute {_label(key, category)} of {kind.one} #{number} ({entity.key!r})")
            seen = _seen(account, entity, key, category)
            if seen is None:
                return nothing()
            return answer(seen, 200 if known else 201)

    def delete_attribute(request: HttpRequest, number: int, key: str, category: str = "") -> HttpResponse:
        caller = caller_of(request)
        account, entity = caller.account, find_entity(kind, number)
        require(account, entity, "edit")
        if not has_attribute(entity, key, category):
            raise _missing(entity, key, category)
        _require_write(account, entity, key, category)
        with transaction():
            check_match(request, lambda: _seen(account, entity, key, category))
            entity.attributes.remove(key, category=category)
            note(caller, f"deleted attribute {_label(key, category)} of {kind.one} #{number} ({entity.key!r})")
        return nothing()

    every, one = "/{int:number}/attributes", "/{int:number}/attributes/{path:key}"
    whose = f"of one of the {kind.name}"
    written = {200: AttributeShown, 201: AttributeShown, 204: None}
    add(router, "GET", every, list_attributes, f"List attributes {whose}", answers={200: AttributePage})
    add(router, "GET", one, show_attribute, f"Show an attribute {whose}", answers={200: AttributeShown})
    add(router, "PUT", one, write_attribute, f"Set an attribute {whose}", answers=written)
    add(router, "DELETE", one, delete_attribute, f"Delete an attribute {whose}", answers={204: None})


def _readable(account: Any, entity: Any, key: str, category: str) -> Any:
    """The attribute's row, if there is one and the account may read it."""
    if not has_attribute(entity, key, category) or not may_read(entity, key, category, account):
        return None
    return entity.attributes.get(key, category=category, return_obj=True)


def _seen(account: Any, entity: Any, key: str, category: str) -> Any:
    row = _readable(account, entity, key, category)
    return None if row is None else attribute_shown(row)


def _require_write(account: Any, entity: Any, key: str, category: str) -> None:
    check_name("key", key)
    check_name("category", category)
    if not may_write(entity, key, category, account):
        raise Forbidden(f"{_label(key, category)} has locks of its own, which do not let you.")


def _missing(entity: Any, key: str, category: str) -> Missing:
    return Missing(f"#{entity.pk} has no attribute {_label(key, category)} that you may read.")


def _label(key: str, category: str) -> str:
    return repr(f"{key}:{category}" if category else key)
