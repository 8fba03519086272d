"""What is shown of an entity, and the mark of a state of it.

Contract: `shown(account, entity)` is plain data. Of what the API does not know of for this account there is the id
alone; of what the account may not examine, the name and the class; of the rest, the fields that stand here and no
others: no password, no session. The address of an account is shown to who may edit the account.

An attribute is shown with its value as JSON (`attribute_values` has the forms), if its lock `attrread` lets the account
read it.

`etag_of(…)` marks what was shown: it changes when anything of it does.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB
from perdure.errors import LockException, UnreadableValue
from perdure.objects.models import ObjectDB
from perdure.scripts.models import ScriptDB
from perdure.web.rest.rights import is_shown_to, may

__all__ = ["attribute_shown", "etag_of", "plain_aliases", "shown", "to_json"]

to_json = msgspec.json.encode

Shown = dict[str, Any]


def shown(account: Any, entity: Any) -> Shown:
    """What the account is shown of the entity."""
    if not is_shown_to(account, entity):
        return {"id": entity.pk, "restricted": True}
    brief: Shown = {"id": entity.pk, "key": entity.key, "typeclass": entity.typeclass_path}
    if not may(account, entity, "examine"):
        return {**brief, "restricted": True}
    return {
        **brief,
        "date_created": _moment(entity.db_date_created),
        "aliases": plain_aliases(entity),
        "tags": [{"key": key, "category": category} for key, category in entity.tags.all(return_key_and_category=True)],
        "permissions": sorted(set(entity.permissions.all())),
        "locks": _locks(entity),
        **_FIELDS[entity.__dbclass__](account, entity),
    }


def plain_aliases(entity: Any) -> list[str]:
    """The aliases that somebody gave it; those with a category are the engine's own, such as plurals."""
    return sorted(key for key, category in entity.aliases.all(return_key_and_category=True) if category is None)


def etag_of(body: bytes) -> str:
    """The mark of what was shown."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def attribute_shown(row: Any) -> Shown:
    """What is shown of an attribute that may be read."""
    found: Shown = {"key": row.db_key, "category": row.db_category or None, "value": msgspec.Raw(row.db_value.encode())}
    if row.db_strvalue is not None:
        found["strvalue"] = row.db_strvalue
    return {**found, "locks": row.db_lock_storage}


def _locks(entity: Any) -> dict[str, str]:
    try:
        return dict(lock.split(":", 1) for lock in entity.locks.all())
    except LockException:
        return {"": entity.lock_storage}  # what stands there, so that somebody can mend it


def _object(account: Any, entity: Any) -> Shown:
    return {
        "location": entity.db_location_id,
        "home": entity.db_home_id,
        "destination": entity.db_destination_id,
        "account": entity.db_account_id,
    }


def _account(account: Any, entity: Any) -> Shown:
    found = {
        "connected": entity.db_is_connected,
        "is_active": entity.is_active,
        "is_staff": entity.is_staff,
        "is_superuser": entity.is_superuser,
        "is_bot": entity.db_is_bot,
        "last_login": _moment(entity.last_login),
    }
    return {**found, "email": entity.email} if may(account, entity, "edit") else found


def _script(account: Any, entity: Any) -> Shown:
    return {
        "desc": entity.db_desc,
        "obj": entity.db_obj_id,
        "account": entity.db_account_id,
        "interval": entity.db_interval,
        "start_delay": entity.db_start_delay,
        "repeats": entity.db_repeats,
        "persistent": entity.db_persistent,
        "timer": entity.timer.value,
        "next_due": _moment(entity.db_next_due),
        "callcount": entity.db_callcount,
    }


def _channel(account: Any, entity: Any) -> Shown:
    try:
        desc = entity.attributes.get("desc", accessing_obj=account)
    except UnreadableValue:
        desc = None
    return {"desc": desc if isinstance(desc, str) else None}


_FIELDS = {ObjectDB: _object, AccountDB: _account, ScriptDB: _script, ChannelDB: _channel}


def _moment(moment: datetime | None) -> str | None:
    """A moment as RFC 3339 has it, in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat()
