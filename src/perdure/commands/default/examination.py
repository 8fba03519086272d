"""All that is known of an entity, in labelled lines.

Contract: `examination(entity, looker)` gives the lines; what is empty is left out, and so are attributes whose own
locks do not let the looker read them. Nothing is written, and nothing outside the entity is loaded but what is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from perdure.commands.default.editing import named
from perdure.commands.default.value_texts import shown_value, type_name
from perdure.commands.gathering import gather
from perdure.locks.permissions import is_quelled
from perdure.text.markup import escape

__all__ = ["attribute_line", "examination"]

_CROPPED = 70
_MOST = 60


def examination(entity: Any, looker: Any) -> list[str]:
    """The lines about an entity of any kind."""
    lines = [f"|w{named(entity)}|n"]
    for label, value in _facts(entity, looker):
        if isinstance(value, list):
            lines += [f"|w{label}:|n", *(f"  {line}" for line in value)] if value else []
        elif value not in (None, ""):
            lines.append(f"|w{label}:|n {value}")
    return lines


def attribute_line(row: Any, most: int | None = _CROPPED) -> str:
    """An attribute with its value and type."""
    label = f"{row.db_key}:{row.db_category}" if row.db_category else row.db_key
    string = row.db_strvalue
    value = string if string is not None else row.value
    return f"{escape(label)} = {shown_value(value, most)} ({type_name(value)})"


def _facts(entity: Any, looker: Any) -> Iterator[tuple[str, Any]]:
    yield "Aliases", _tags(entity.aliases)
    yield "Class", escape(f"{entity.typeclass_path} ({type(entity).__name__})")
    if getattr(entity, "_unavailable", None):
        yield "Class is missing", escape(str(entity._unavailable))
    yield "Made", f"{entity.date_created:%Y-%m-%d %H:%M}"
    yield from _KINDS[entity.__dbclass__.__name__](entity, looker)
    yield "Permissions", escape(", ".join(entity.permissions.all()))
    yield "Locks", [escape(lock) for lock in entity.locks.all()]
    yield from _command_sets(entity)
    if getattr(entity, "scripts", None) is not None and hasattr(entity.scripts, "all"):
        yield (
            "Scripts",
            _few(f"{named(one)} {escape(one.typeclass_path)}, {one.timer.value}" for one in entity.scripts.all()),
        )
    yield "Tags", _tags(entity.tags)
    readable = entity.attributes.all(accessing_obj=looker)
    yield "Attributes", [attribute_line(row) for row in readable]
    yield "Attributes in memory only", _in_memory(entity)


def _object(entity: Any, looker: Any) -> Iterator[tuple[str, Any]]:
    yield "Sessions", ", ".join(f"#{session.sessid}" for session in entity.sessions.all())
    account = entity.account
    if account is not None:
        quelled = " (quelled)" if is_quelled(account) else ""
        rank = "superuser" if account.is_superuser else ", ".join(account.permissions.all()) or "no permissions"
        yield "Played by", f"{named(account)}{quelled}, {escape(account.typeclass_path)}, {escape(rank)}"
    yield "Location", named(entity.location)
    yield "Home", named(entity.home) if entity.home is not None else None
    yield "Destination", named(entity.destination) if entity.destination is not None else None
    inside = entity.contents
    characters = entity.contents_get(content_type="character") if inside else []
    exits = [member for member in inside if member.db_destination_id is not None]
    others = [member for member in inside if member not in characters and member not in exits]
    yield "Exits", _few(f"{named(way)} to {named(way.destination)}" for way in exits)
    yield "Characters", _few(map(named, characters))
    yield "Content", _few(map(named, others))


def _account(entity: Any, looker: Any) -> Iterator[tuple[str, Any]]:
    yield (
        "Sessions",
        [
            f"#{session.sessid} from {escape(str(getattr(session, 'address', None) or 'nowhere'))}"
            for session in entity.sessions.all()
        ],
    )
    yield "Email", escape(entity.email or "")
    yield "Last login", f"{entity.last_login:%Y-%m-%d %H:%M}" if entity.last_login else None
    yield "Superuser", ("yes, quelled" if is_quelled(entity) else "yes") if entity.is_superuser else None
    yield "Characters", _few(map(named, entity.characters.all()))
    yield "Playing", ", ".join(map(named, entity.get_all_puppets()))


def _script(entity: Any, looker: Any) -> Iterator[tuple[str, Any]]:
    yield "Description", escape(entity.db_desc or "")
    host = entity.obj if entity.obj is not None else entity.account
    yield "Belongs to", named(host) if host is not None else "nobody (global)"
    yield "Survives a restart", "yes" if entity.db_persistent else "no"
    yield "Timer", _timer(entity)


def _timer(script: Any) -> str:
    if script.db_interval <= 0:
        return "none"
    facts = [script.timer.value, f"every {script.db_interval} s"]
    due = script.time_until_next_repeat()
    if due is not None:
        facts.append(f"next in {due:.0f} s")
    left = script.remaining_repeats()
    facts.append("without end" if left is None else f"{left} more")
    if script.db_start_delay:
        facts.append("waits first")
    return ", ".join(facts)


def _channel(entity: Any, looker: Any) -> Iterator[tuple[str, Any]]:
    yield "Description", escape(str(entity.db.desc or ""))
    subscribers = entity.subscriptions.all()
    yield "Subscribers", [f"{len(subscribers)} in all", *_few(map(named, subscribers))] if subscribers else "none"


_KINDS = {"ObjectDB": _object, "AccountDB": _account, "ScriptDB": _script, "ChannelDB": _channel}


def _command_sets(entity: Any) -> Iterator[tuple[str, Any]]:
    handler = getattr(entity, "cmdset", None)
    if handler is None:
        return
    yield "Stored command sets", [escape(path) for path in entity.cmdset_storage if path]
    sets = handler.all()
    yield "Command sets", [escape(_merging(one)) for one in sets]
    if sets:
        names = {str(command.key) for command in gather(entity) if command.access(entity, "cmd")}
        yield "Commands it can use", escape(", ".join(sorted(names)))


def _merging(cmdset: Any) -> str:
    """A command set and how it merges."""
    key, mergetype = getattr(cmdset, "key", cmdset), getattr(cmdset, "mergetype", "Union")
    return f"{key} ({mergetype}, priority {getattr(cmdset, 'priority', 0)})"


def _tags(handler: Any) -> str:
    carried = handler.all(return_key_and_category=True)
    return escape(", ".join(f"{key}:{category}" if category else key for key, category in carried))


def _in_memory(entity: Any) -> list[str]:
    """What `ndb` holds; an entity that was never asked for it has nothing."""
    if "ndb" not in entity.__dict__ and "nattributes" not in entity.__dict__:
        return []
    return [
        f"{escape(row.key)} = {escape(repr(row.value)[:_CROPPED])} ({type(row.value).__name__})"
        for row in entity.nattributes.all()
    ]


def _few(lines: Iterable[str]) -> list[str]:
    """Not more lines than one can read, and how many there are beside them."""
    found = list(lines)
    return found if len(found) <= _MOST else [*found[:_MOST], f"… and {len(found) - _MOST} more"]
