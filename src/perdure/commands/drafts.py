"""Drafts: texts that somebody is in the middle of writing, kept in the database line by line.

Contract: a draft belongs to an entity (a character, an account) and says what is being written: the name of an action
with plain arguments, a title, the session it is written in, and the editor's state. It is stored with the commit of
each line and is there again whatever has happened to the process. `keep_text` and `kept_text` are for a finished text
that its writer wants to find again.

Invariants
    - What is to be done with the text is a name, which `writing` looks up among the commands that the writer has. No
      path of a class and no code is stored.
    - One entity has at most `MOST_DRAFTS` drafts, each as large as a text of the editor may be.
    - They are attributes of a type of their own (`draft`): no command shows or sets them, and they go with the entity.

Owner thread: that of the game.
Failure modes: a stored draft that cannot be read, or is none, is passed over and left as it is.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from perdure.commands.line_editor import LineEditor
from perdure.errors import UnreadableValue
from perdure.typeclasses.stored_attributes import AttributeHandler
from perdure.values import encode, plain
from perdure.values.references import hooks

__all__ = ["MOST_DRAFTS", "Draft", "can_keep", "drafts_of", "keep_text", "kept_text"]

logger = logging.getLogger("perdure.commands")

MOST_DRAFTS = 5
_SAVED = "saved"


class _Drafts(AttributeHandler):
    """The drafts of one entity."""

    _attrtype = "draft"

    def keys(self, category: str) -> list[str]:
        """Under which keys there are some."""
        return sorted(slot[2] for slot in self._slots(category))


class Draft:
    """One text that is being written.

    Args:
        owner: who writes.
        action: the name of what is done with the text when it is saved.
        arguments: what that is given besides; plain data and entities.
        others: names of further actions, by editing command.
        title: what is being written, as markup.
        editor: the text.
        sessid: of the session in which it is written.
    """

    def __init__(
        self,
        owner: Any,
        action: str,
        arguments: tuple[Any, ...],
        others: dict[str, str],
        title: str,
        editor: LineEditor,
        sessid: int,
    ) -> None:
        self.owner = owner
        self.action = action
        self.arguments = arguments
        self.others = others
        self.title = title
        self.editor = editor
        self.sessid = sessid
        self.key = _key(action, arguments)

    def keep(self) -> None:
        """Store it as it is now."""
        if can_keep(self.owner):
            value = {
                "action": self.action,
                "arguments": [None if getattr(one, "_is_deleted", False) else one for one in self.arguments],
                "others": self.others,
                "title": self.title,
                "sessid": self.sessid,
                **self.editor.state(),
            }
            _Drafts(self.owner).add(self.key, value)

    def drop(self) -> None:
        """Store it no longer."""
        if can_keep(self.owner):
            _Drafts(self.owner).remove(self.key)


def can_keep(owner: Any) -> bool:
    """Whether something can be stored with this owner."""
    return bool(hooks.is_entity(owner)) and owner.pk is not None and not owner._is_deleted


def drafts_of(owner: Any) -> list[Draft]:
    """The drafts of an entity, by key."""
    if not can_keep(owner):
        return []
    found = [_read(owner, key) for key in _Drafts(owner).keys("")]
    return [draft for draft in found if draft is not None]


def keep_text(owner: Any, name: str, text: str) -> None:
    """Keep a text of this name with an entity; an empty one is forgotten."""
    if text:
        _Drafts(owner).add(name, text, category=_SAVED)
    else:
        _Drafts(owner).remove(name, category=_SAVED)


def kept_text(owner: Any, name: str) -> str:
    """The text of this name, or an empty one."""
    if not can_keep(owner):
        return ""
    try:
        found = _Drafts(owner).get(name, category=_SAVED, default="")
    except UnreadableValue:
        return ""
    return found if isinstance(found, str) else ""


def _read(owner: Any, key: str) -> Draft | None:
    try:
        stored = plain(_Drafts(owner).get(key))
    except UnreadableValue as error:
        logger.warning("a draft of %r is passed over: %s", owner, error)
        return None
    editor = LineEditor.from_state(stored)
    match stored:
        case {
            "action": str() as action,
            "arguments": list() as arguments,
            "others": dict() as others,
            "title": str() as title,
            "sessid": int() as sessid,
        } if editor is not None and all(isinstance(one, str) for one in others.values()):
            draft = Draft(owner, action, tuple(arguments), others, title, editor, sessid)
            draft.key = key  # what it is about may be gone, and its own key with it
            return draft
    logger.warning("what is stored as draft %r of %r is none", key, owner)
    return None


def _key(action: str, arguments: tuple[Any, ...]) -> str:
    """The same for the same text of the same writer."""
    return f"{action.lower()} {hashlib.sha256(encode(list(arguments)).text.encode()).hexdigest()[:32]}"
