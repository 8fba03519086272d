"""What answers look like, for the description of the API: `representation` makes them, tests compare the two."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

__all__ = ["PAGES", "SHOWN", "AttributePage", "AttributeShown", "Me", "ProblemShown", "TagShown", "TagsShown"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TagShown(_Answer):
    """A tag."""

    key: str
    category: str | None


class TagsShown(_Answer):
    """The tags of an entity."""

    results: list[TagShown]


class _Restricted(_Answer):
    """What cannot be examined has no more than these."""

    id: int
    restricted: bool = Field(False, description="True: you are not shown the rest.")
    key: str = ""
    typeclass: str = ""


class _Entity(_Restricted):
    date_created: str = ""
    aliases: list[str] = []
    tags: list[TagShown] = []
    permissions: list[str] = []
    locks: dict[str, str] = Field({}, description="By access type.")


class ObjectShown(_Entity):
    """An object; places are ids."""

    location: int | None = None
    home: int | None = None
    destination: int | None = None
    account: int | None = Field(None, description="Who plays it.")


class AccountShown(_Entity):
    """An account."""

    connected: bool = False
    is_active: bool = True
    is_staff: bool = False
    is_superuser: bool = False
    is_bot: bool = False
    last_login: str | None = None
    email: str = Field("", description="Shown to who may edit the account.")


class ScriptShown(_Entity):
    """A script; its host is an id."""

    desc: str = ""
    obj: int | None = None
    account: int | None = None
    interval: int = 0
    start_delay: bool = False
    repeats: int = 0
    persistent: bool = True
    timer: str = ""
    next_due: str | None = None
    callcount: int = 0


class ChannelShown(_Entity):
    """A channel."""

    desc: str | None = None


class AttributeShown(_Answer):
    """An attribute."""

    key: str
    category: str | None
    value: Any
    strvalue: str = ""
    locks: str


class _Page(_Answer):
    count: int = Field(description="How many there are in all.")
    limit: int
    offset: int


class AttributePage(_Page):
    """A part of the attributes of an entity."""

    results: list[AttributeShown]


class TokenShown(_Answer):
    """The token by which one is known."""

    id: int
    name: str
    read_only: bool
    expires: str | None


class Me(_Answer):
    """Who asks."""

    account: int
    key: str
    rank: str = Field(description="The highest rank that counts now; empty for none.")
    superuser: bool = Field(description="Locks let this account by.")
    quelled: bool
    token: TokenShown | None


class Fault(_Answer):
    """One thing that is wrong in what was sent."""

    path: str
    message: str


class ProblemShown(_Answer):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    error_id: str = Field("", description="Under which the log has an error of the game.")
    errors: list[Fault] = []


#: Of each kind.
SHOWN: dict[str, type[_Entity]] = {
    "accounts": AccountShown,
    "channels": ChannelShown,
    "characters": ObjectShown,
    "exits": ObjectShown,
    "objects": ObjectShown,
    "rooms": ObjectShown,
    "scripts": ScriptShown,
}


def _page_of(shown: type[_Entity]) -> type[BaseModel]:
    name = f"{shown.__name__.removesuffix('Shown')}Page"
    return create_model(name, __base__=_Page, __doc__="A part of a list.", results=(list[shown], ...))  # type: ignore[valid-type]


_PAGES = {shown: _page_of(shown) for shown in SHOWN.values()}
#: A part of a list of each kind.
PAGES: dict[str, type[BaseModel]] = {name: _PAGES[shown] for name, shown in SHOWN.items()}
