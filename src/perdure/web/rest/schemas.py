"""What can be said of each kind: the fields that may be written when one is made, and those that may be changed.

Contract: what is not listed here cannot be written; it is refused by name. Values have the types that stand here and
are not made to fit. That somebody may write a field at all is for `rights` to say, and whether its value makes sense
for the functions that make and change things.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "AccountChange",
    "AccountCreation",
    "AttributeWrite",
    "Change",
    "ChannelChange",
    "ChannelCreation",
    "Creation",
    "ObjectChange",
    "ObjectCreation",
    "ScriptChange",
    "ScriptCreation",
]

LARGEST_ID = 2**63 - 1
LONGEST_TEXT = 100_000
_LARGEST_INTEGER = 2**31 - 1


def _one_line(text: str) -> str:
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text):
        raise ValueError("a name is one line, without control characters")
    return text


def _address(text: str) -> str:
    if text:
        try:
            validate_email(text)
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None
    return text


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text has no NUL character")
    return text


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_one_line)]
Category = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(_one_line)]
Line = Annotated[str, StringConstraints(max_length=255), AfterValidator(_one_line)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_address)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(_storable)]
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Names = Annotated[list[Name], Field(max_length=100)]
Permission = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w-]{1,60}$")]
Permissions = Annotated[list[Permission], Field(max_length=100)]
Number = Annotated[int, Field(ge=-1, le=_LARGEST_INTEGER)]
Count = Annotated[int, Field(ge=0, le=_LARGEST_INTEGER)]
Lock = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(_one_line)
]
Locks = Annotated[dict[Annotated[str, StringConstraints(max_length=60)], Lock | None], Field(max_length=50)]
Attributes = Annotated[dict[Name, Any], Field(max_length=200)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    def given(self) -> dict[str, Any]:
        """The fields that were sent; one that is null was sent too."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class TagWritten(_Said):
    """A tag."""

    key: Name
    category: Category | None = None


Tags = Annotated[list[TagWritten], Field(max_length=100)]


class Creation(_Said):
    """What anything is made with."""

    key: Name
    typeclass: Annotated[str, StringConstraints(max_length=255)] | None = Field(
        None, description="Path of its class, which may leave out a prefix of TYPECLASS_PATHS."
    )


class ObjectCreation(Creation):
    """A new object; without a home it has that of the setting DEFAULT_HOME."""

    location: Id | None = None
    home: Id | None = None
    destination: Id | None = None
    aliases: Names = []
    tags: Tags = []
    permissions: Permissions = []
    locks: Locks = {}
    attributes: Attributes = Field({}, description="Values as of the attributes' own addresses.")


class AccountCreation(Creation):
    """A new account, as somebody registers one: with a character, if the game makes one."""

    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    email: Email = ""
    permissions: Permissions = []


class ScriptCreation(Creation):
    """A new script; a global one, if no host is given."""

    obj: Id | None = Field(None, description="The object that hosts it.")
    account: Id | None = Field(None, description="The account that hosts it.")
    desc: Line = ""
    interval: Number = -1
    start_delay: bool = False
    repeats: Count = 0
    persistent: bool = True
    autostart: bool = True
    tags: Tags = []
    locks: Locks = {}
    attributes: Attributes = {}


class ChannelCreation(Creation):
    """A new channel."""

    desc: Text = ""
    aliases: Names = []
    keep_log: bool = True
    tags: Tags = []
    locks: Locks = {}
    attributes: Attributes = {}


class Change(_Said):
    """What of anything may be changed."""

    key: Name = Field("", description="Its name.", validate_default=False)
    aliases: Names = Field([], description="All of them; those that are not there any more are taken away.")
    permissions: Permissions = Field([], description="All of them.")
    locks: Locks = Field({}, description="By access type; null takes one away. Those not named stay.")


class ObjectChange(Change):
    """What of an object may be changed."""

    location: Id | None = None
    home: Id | None = None
    destination: Id | None = None


class AccountChange(Change):
    """What of an account may be changed."""

    email: Email = ""


class ScriptChange(Change):
    """What of a script may be changed. `timer` starts, pauses, resumes or stops it."""

    desc: Line = ""
    interval: Number = -1
    repeats: Count = 0
    start_delay: bool = False
    persistent: bool = True
    timer: Literal["start", "pause", "unpause", "stop"] = "stop"


class ChannelChange(Change):
    """What of a channel may be changed."""

    desc: Text = ""


class AttributeWrite(_Said):
    """The value of an attribute, and if it is given, its locks (an empty text leaves none)."""

    value: Any = Field(description='JSON; what JSON has no word for is an object with one key: {"~tuple": [1, 2]}.')
    locks: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_one_line)] | None = None
