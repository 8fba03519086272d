"""Who may not enter: names and addresses, kept in the server's stored settings under `server_bans`.

Contract: a ban is `(name, ip, pattern, date, reason)`; either name or ip is filled in, pattern is unused. Names are
compared without case. An address is banned by itself, by a network (`10.0.0.0/8`, `2001:db8::/32`) or by a text
with stars for whole parts (`10.0.*.*`); nothing is matched half-way.

Failure modes: `InvalidArgument` for an address that is none of these.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from django.apps import apps
from django.utils import timezone

from perdure.errors import InvalidArgument
from perdure.typeclasses.unique_names import fold

__all__ = ["KEY", "add_ban", "all_bans", "as_network", "is_banned", "remove_ban"]

KEY = "server_bans"


def all_bans() -> list[tuple[Any, ...]]:
    """All bans."""
    return [tuple(ban) for ban in _config().conf(KEY, default=[])]


def add_ban(name: str = "", ip: str = "", reason: str = "") -> None:
    """Ban a name or an address. Raises `InvalidArgument` for neither, both, or an address that is none."""
    if bool(name.strip()) == bool(ip.strip()):
        raise InvalidArgument("a ban is of a name or of an address; give one of them")
    if ip and not is_address(ip):
        raise InvalidArgument(f"{ip!r} is no address, network (10.0.0.0/8) or pattern of one (10.0.*.*)")
    ban = (name.strip().lower(), ip.strip(), "", timezone.now().isoformat(timespec="seconds"), reason)
    _config().conf(KEY, [*all_bans(), ban])


def remove_ban(name: str = "", ip: str = "") -> bool:
    """Lift the bans of a name or an address (as it was given); whether there were any."""
    bans = all_bans()
    kept = [ban for ban in bans if not ((name and _named(ban, name)) or (ip and _part(ban, 1) == ip.strip()))]
    if len(kept) != len(bans):
        _config().conf(KEY, kept)
    return len(kept) != len(bans)


def is_banned(ip: str = "", username: str = "") -> bool:
    """Whether the name or the address is banned."""
    return any(
        (username and _named(ban, username)) or (ip and _part(ban, 1) and matches(_part(ban, 1), ip))
        for ban in all_bans()
    )


def is_address(pattern: str) -> bool:
    """Whether the text is an address, a network or a pattern of addresses."""
    if "*" in pattern:
        parts = pattern.strip().split(".")
        return len(parts) == 4 and all(part == "*" or (part.isdecimal() and int(part) < 256) for part in parts)
    try:
        ipaddress.ip_network(pattern.strip(), strict=False)
    except ValueError:
        return False
    return True


def as_network(pattern: str) -> str | None:
    """The pattern as an address or network, which doors look up fast; None for stars that are not all at the end."""
    pattern = pattern.strip()
    if "*" not in pattern:
        return pattern if is_address(pattern) else None
    fixed = pattern.split("*", 1)[0].rstrip(".").split(".")
    fixed = [part for part in fixed if part]
    if not is_address(pattern) or pattern.split(".")[len(fixed) :] != ["*"] * (4 - len(fixed)):
        return None
    return f"{'.'.join([*fixed, *['0'] * (4 - len(fixed))])}/{8 * len(fixed)}"


def matches(pattern: str, ip: str) -> bool:
    """Whether the address falls under the pattern."""
    try:
        address = ipaddress.ip_address(ip.strip())
    except ValueError:
        return pattern.strip() == ip.strip()
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if "*" in pattern:
        parts, given = pattern.strip().split("."), str(address).split(".")
        return len(parts) == len(given) and all(part in ("*", got) for part, got in zip(parts, given, strict=True))
    try:
        network = ipaddress.ip_network(pattern.strip(), strict=False)
    except ValueError:
        return False
    return address.version == network.version and address in network


def _named(ban: tuple[Any, ...], name: str) -> bool:
    banned = _part(ban, 0)
    return bool(banned) and fold(banned) == fold(name)


def _part(ban: tuple[Any, ...], index: int) -> str:
    return str(ban[index] or "") if len(ban) > index else ""


def _config() -> Any:
    return apps.get_model("server", "ServerConfig").objects
