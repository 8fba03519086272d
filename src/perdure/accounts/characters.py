"""`account.characters`: the characters that an account may play.

Contract: the list is kept in an attribute of the account; what has been deleted falls out of it by itself. The hooks
`at_post_add_character` and `at_post_remove_character` run on a change only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perdure.errors import InvalidArgument
from perdure.transactions import transaction
from perdure.typeclasses.handlers import OwnerRef

__all__ = ["ATTRIBUTE", "CharactersHandler"]

ATTRIBUTE = "_playable_characters"


class CharactersHandler:
    """The characters of one account, in the order in which they were added."""

    __slots__ = ("__weakref__", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)

    def add(self, character: Any) -> None:
        """Let the account play it; it may be there already.

        Raises `InvalidArgument` for something that is no object.
        """
        if getattr(getattr(character, "__dbclass__", None), "__name__", "") != "ObjectDB":
            raise InvalidArgument(f"{character!r} ({type(character).__name__}) is no object, so nobody can play it")
        account = self._owner()
        characters = self.all()
        if character in characters:
            return
        with transaction(using=account._state.db):
            account.attributes.add(ATTRIBUTE, [*characters, character])
            account.at_post_add_character(character)

    def remove(self, character: Any) -> None:
        """Take it away from the account; it may be gone already."""
        account = self._owner()
        characters = self.all()
        if character not in characters:
            return
        with transaction(using=account._state.db):
            account.attributes.add(ATTRIBUTE, [other for other in characters if other != character])
            account.at_post_remove_character(character)

    def all(self) -> list[Any]:
        """The characters."""
        stored = self._owner().attributes.get(ATTRIBUTE) or ()
        return [character for character in stored if character is not None and not character._is_deleted]

    def count(self) -> int:
        """How many there are."""
        return len(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def __contains__(self, character: object) -> bool:
        return character in self.all()

    def __bool__(self) -> bool:
        return True
