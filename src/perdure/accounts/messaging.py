"""What accounts say and hear, how they search, and what they see when they play nobody.

Contract: `msg` is the one way in: the sender's `at_msg_send` hears of it, the account's `at_msg_receive` may refuse it,
and what remains goes to the sessions of the account. A hook that raises is logged and does not stop the message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.apps import apps

from perdure.conf import conf
from perdure.idmapper.states import describe
from perdure.sessions import as_sessions
from perdure.typeclasses import veto

__all__ = ["Messaging"]

logger = logging.getLogger("perdure.accounts")

MYSELF = frozenset({"me", "self", "*me", "*self"})


# To a type checker the whole is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    from perdure.accounts.models import AccountDB

    Whole = AccountDB
else:
    Whole = object


class Messaging(Whole):
    """How an account hears, searches and looks; part of `DefaultAccount`."""

    #: Slots: header, sessions, characters, footer.
    ooc_appearance_template = "{header}\n{sessions}\n\n{characters}\n{footer}"

    # --- hearing

    def msg(
        self: Any,
        text: Any = None,
        from_obj: Any = None,
        session: Any = None,
        options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Send messages to the account.

        Args:
            text: a text, or `(text, {options of this text})`; anything else is sent as its string.
            from_obj: who sends it, one or several; their `at_msg_send` is called.
            session: send to this session (or these) only, instead of all of the account.
            options: sent along with every message.
            **kwargs: other messages, by name.
        """
        for sender in _many(from_obj):
            if hook := getattr(sender, "at_msg_send", None):
                _contained(hook, text=text, to_obj=self, **kwargs)
        decision = _contained(veto.ask, self.at_msg_receive, text=text, from_obj=from_obj, **kwargs)
        if decision is not None and not decision:
            return
        outgoing = dict(kwargs)
        if text is not None:
            outgoing["text"] = _as_text(text)
        for receiver in self.sessions.all() if session is None else as_sessions(session):
            receiver.data_out(options=options, **outgoing)

    def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool | None:
        """Called before a message reaches this account. False (or `Veto`) drops it."""
        return True

    def at_msg_send(self, text: Any = None, to_obj: Any = None, **kwargs: Any) -> None:
        """Called when this account sends `text` to `to_obj`, before that receives it."""

    # --- searching

    def search(  # type: ignore[override]
        self: Any,
        searchdata: Any,
        return_puppet: bool = False,
        search_object: bool = False,
        typeclass: Any = None,
        nofound_string: str | None = None,
        multimatch_string: str | None = None,
        use_nicks: bool = True,
        quiet: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Find an account (or an object) by name, alias or dbref; "me" and "self" are the account itself.

        Args:
            searchdata: what to look for.
            return_puppet: give what the account found plays, instead of it.
            search_object: look for objects, anywhere and exactly, instead of accounts.
            typeclass: only of this class and those derived from it.
            nofound_string, multimatch_string: told instead of the default texts.
            use_nicks: replace nicks of the category `account` first.
            quiet: give the list of all that was found, and tell nothing.

        Returns what was found, or None after telling the account what went wrong.
        """
        if isinstance(searchdata, str):
            if searchdata.strip().lower() in MYSELF:
                return [self] if quiet else self
            if use_nicks:
                searchdata = self.nicks.nickreplace(searchdata, categories=("account",), include_account=False)
        label, name = ("objects", "ObjectDB") if search_object else ("accounts", "AccountDB")
        manager = apps.get_model(label, name).objects
        if search_object:
            found = list(manager.search_object(searchdata, typeclass=typeclass, exact=True))
        else:
            found = list(manager.search_account(searchdata, typeclass=typeclass))
        if quiet:
            return found
        match = _handler()(
            found,
            self,
            query=searchdata,
            nofound_string=nofound_string,
            multimatch_string=multimatch_string,
        )
        return getattr(match, "puppet", match) if return_puppet and match is not None else match

    # --- looking

    def at_look(self: Any, target: Any = None, session: Any = None, **kwargs: Any) -> str:
        """What the account sees.

        Args:
            target: one thing, which is looked at; or the characters to choose from, for the screen of those who play
                nobody.
            session: the session that looks.
        """
        if target is not None and not isinstance(target, list | tuple | set):
            appearance = getattr(target, "return_appearance", None)
            return str(appearance(self)) if appearance else f"{target} has no appearance."
        characters = list(target) if target is not None else self.characters.all()
        return str(self.return_ooc_appearance(characters, session))

    def return_ooc_appearance(self: Any, characters: list[Any], session: Any = None) -> str:
        """The screen of somebody who plays nobody; empty without sessions."""
        sessions = self.sessions.all()
        if not sessions:
            return ""
        slots = self.get_character_slots()
        taken = f"{len(characters)}" if slots is None else f"{len(characters)} of {slots}"
        lines = [self._character_line(character) for character in characters]
        parts = {
            "header": f"Account |w{self.key}|n (you are out of character)",
            "sessions": "\n".join(
                f"  {number}. {getattr(one, 'protocol_key', 'session')} {getattr(one, 'address', '') or ''}".rstrip()
                + (" *" if one is session else "")
                for number, one in enumerate(sessions, 1)
            ),
            "characters": "\n".join([f"Characters ({taken}):", *lines]),
            "footer": "",
        }
        text: str = self.ooc_appearance_template
        for slot, value in parts.items():
            text = text.replace(f"{{{slot}}}", value)
        return text.strip()

    def _character_line(self: Any, character: Any) -> str:
        playing = " (you play it now)" if character in self.get_all_puppets() else ""
        return f"  {character.get_display_name(self)}{playing}"

    def get_display_name(self: Any, looker: Any = None, **kwargs: Any) -> str:
        """The name as `looker` sees it."""
        return f"|c{self.key}|n"

    def get_extra_display_name_info(self: Any, looker: Any = None, **kwargs: Any) -> str:
        """`(#id)` for admins, else nothing."""
        return f"({self.dbref})" if looker is not None and looker.check_permstring("Admin") else ""

    def uses_screenreader(self: Any, session: Any = None) -> bool:
        """Whether this session, or any of the account, says that it reads aloud."""
        sessions = self.sessions.all() if session is None else [session]
        return any(bool(getattr(one, "protocol_flags", {}).get("SCREENREADER")) for one in sessions)


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str) or hasattr(value, "_meta") or not isinstance(value, Iterable):
        return [value]
    return [item for item in value if item is not None]


def _as_text(text: Any) -> Any:
    """A text, or `(text, {options})`."""
    if isinstance(text, tuple):
        options = dict(text[1]) if len(text) > 1 and isinstance(text[1], Mapping) else {}
        return (str(text[0]) if text else "", options)
    return text if isinstance(text, str) else str(text)


def _contained(hook: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call user code; an error is logged, and None comes back."""
    try:
        return hook(*args, **kwargs)
    except Exception:  # boundary of user code: a broken hook must not swallow messages
        owner = getattr(args[0] if args else hook, "__self__", None)
        logger.exception("error in a message hook of %s", describe(owner) if hasattr(owner, "_meta") else hook)
        return None


def _handler() -> Any:
    """The function of the setting SEARCH_AT_RESULT."""
    module, _, name = conf.SEARCH_AT_RESULT.rpartition(".")
    return getattr(import_module(module), name)
