"""What objects say and hear.

Contract: `msg` is the one way in: the sender's `at_msg_send` hears of it, the receiver's `at_msg_receive` may refuse
it, and what remains goes to the sessions that control the receiver. `msg_contents` renders a template for each receiver
by itself; a receiver whose rendering or hook fails is logged and does not keep the text from the others.

Invariants: values put into a template are never read as one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from perdure.objects.user_code import attempt
from perdure.sessions import as_sessions
from perdure.text.stance import Reading, Template
from perdure.typeclasses import veto

__all__ = ["Messaging"]

logger = logging.getLogger("perdure.objects")


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str) or hasattr(value, "_meta") or not isinstance(value, Iterable):
        return [value]
    return [item for item in value if item is not None]


def _split(text: Any) -> tuple[Any, dict[str, Any] | None]:
    """The message and its options, of a text that may be both."""
    if isinstance(text, tuple):
        message = text[0] if text else ""
        return message, dict(text[1]) if len(text) > 1 and isinstance(text[1], Mapping) else {}
    return text, None


def _outgoing(text: Any) -> Any:
    message, options = _split(text)
    message = message if isinstance(message, str) else str(message)
    return message if options is None else (message, options)


class Messaging:
    """How an object hears and speaks; part of `DefaultObject`."""

    def msg(
        self: Any,
        text: Any = None,
        from_obj: Any = None,
        session: Any = None,
        options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Send messages to whoever controls this object.

        Args:
            text: a text, or `(text, {options of this text})`; anything else is sent as its string.
            from_obj: who sends it, one or several; their `at_msg_send` is called.
            session: send to this session (or these) only, instead of all that control the object.
            options: sent along with every message.
            kwargs: other messages, by name.
        """
        # Hooks that no class overrides are not called: a say to ten listeners spent a third of its time on them.
        for sender in _many(from_obj):
            if getattr(type(sender), "at_msg_send", None) is not _SEND and (
                hook := getattr(sender, "at_msg_send", None)
            ):
                attempt(hook, text=text, to_obj=self, **kwargs)
        if type(self).at_msg_receive is not _RECEIVE:
            heard: list[veto.Decision] = []
            extra = {} if options is None else {"options": options}
            attempt(_listen, heard, self, {"text": text, "from_obj": from_obj, **extra, **kwargs})
            if heard and not heard[0]:
                return
        sessions = as_sessions(session) if session is not None else self.sessions.all()
        if not sessions:
            return
        outgoing = dict(kwargs)
        if text is not None:
            outgoing["text"] = _outgoing(text)
        for receiver in sessions:
            receiver.data_out(options=options, **outgoing)

    def at_msg_send(self, text: Any = None, to_obj: Any = None, **kwargs: Any) -> None:
        """Called when this object sends `text` to `to_obj`, before that receives it."""

    def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool | None:
        """Called before a message reaches this object. False (or `Veto`) drops it."""
        return True

    def for_contents(self: Any, func: Callable[..., Any], exclude: Any = None, **kwargs: Any) -> None:
        """Call `func(obj, **kwargs)` for each object directly inside this one.

        Args:
            func: what to call.
            exclude: an object, or several, to leave out.
            kwargs: passed on.
        """
        for member in self.contents_get(exclude=exclude):
            func(member, **kwargs)

    def msg_contents(
        self: Any,
        text: Any = None,
        exclude: Any = None,
        from_obj: Any = None,
        mapping: Mapping[str, Any] | None = None,
        raise_funcparse_errors: bool = False,
        **kwargs: Any,
    ) -> None:
        """Send a text to everything directly inside this object, as each of them reads it.

        Args:
            text: a template (see `perdure.text.stance`), or `(template, {options})`; None sends only `kwargs`.
            exclude: an object, or several, to leave out.
            from_obj: the actor of the template; this object by default.
            mapping: what the names in the template stand for.
            raise_funcparse_errors: raise `InvalidArgument` for calls in the template that do not exist.
            kwargs: passed to each receiver's `msg`.
        """
        actor = from_obj if from_obj is not None else self
        names = {"you": actor, **(mapping or {})}
        message, options = _split(text)
        template = Template(message if isinstance(message, str) else str(message), strict=raise_funcparse_errors)
        for receiver in self.contents_get(exclude=exclude):
            attempt(
                _deliver,
                receiver,
                None if text is None else template,
                options,
                Reading(actor, receiver, names),
                from_obj,
                kwargs,
            )

    # --- speaking

    def at_pre_say(self, message: str, **kwargs: Any) -> Any:
        """Called before this object speaks; gives the text to speak, or False to stay silent.

        Args:
            message: what is about to be said.
            kwargs: `whisper` (whether it is one), `receivers`.
        """
        return message

    def at_say(
        self: Any,
        message: str,
        msg_self: bool | str | None = None,
        msg_location: str | None = None,
        receivers: Any = None,
        msg_receivers: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Say or whisper something.

        Args:
            message: what is said.
            msg_self: tell the speaker too: True with the stock text, or a template.
            msg_location: template for the rest of the place.
            receivers: one or several that are spoken to.
            msg_receivers: template for those.
            kwargs: `whisper` makes it one (only the receivers hear it); `mapping` adds names to the templates.

        Names in the templates: self, object (the speaker), speech, location, receiver, all_receivers.
        """
        whisper = bool(kwargs.pop("whisper", False))
        mapping = dict(kwargs.pop("mapping", None) or {})
        spoken_to = _many(receivers)
        place = self.location
        kind = {"type": "whisper" if whisper else "say"}
        if whisper:
            stock_self, stock_receivers = 'You whisper to {all_receivers}, "{speech}"', '{object} whispers: "{speech}"'
        else:
            stock_self, stock_receivers = 'You say, "{speech}"', "{speech}"
        names = {
            "self": "You",
            "speech": message,
            "object": self,
            "location": place if place is not None else "nowhere",
            "receiver": None,
            **mapping,
        }

        def tell(receiver: Any, text: str) -> None:
            others = [_name(other, receiver) for other in spoken_to]
            filled = {"all_receivers": ", ".join(others), **names, "receiver": mapping.get("receiver", receiver)}
            reading = Reading(self, receiver, filled)
            attempt(_deliver, receiver, Template(text), kind, reading, self, kwargs)

        if msg_self or (whisper and msg_self is None):
            tell(self, msg_self if isinstance(msg_self, str) else stock_self)
        for receiver in spoken_to:
            tell(receiver, msg_receivers or stock_receivers)
        if place is None or whisper:
            return
        for listener in place.contents_get(exclude=[self, *spoken_to]):
            tell(listener, msg_location or '{object} says, "{speech}"')

    def at_before_say(self: Any, message: str, **kwargs: Any) -> Any:
        """The older name of `at_pre_say`."""
        return self.at_pre_say(message, **kwargs)


_SEND, _RECEIVE = Messaging.at_msg_send, Messaging.at_msg_receive


def _name(thing: Any, receiver: Any) -> str:
    namer = getattr(thing, "get_display_name", None)
    return str(namer(receiver)) if namer is not None else str(thing)


def _listen(heard: list[veto.Decision], receiver: Any, arguments: dict[str, Any]) -> None:
    heard.append(veto.ask(receiver.at_msg_receive, **arguments))


def _deliver(
    receiver: Any,
    template: Template | None,
    options: dict[str, Any] | None,
    reading: Reading,
    from_obj: Any,
    kwargs: dict[str, Any],
) -> None:
    """Render for one receiver and send."""
    if template is None:
        receiver.msg(from_obj=from_obj, **kwargs)
        return
    text = template.render(reading)
    receiver.msg(text=text if options is None else (text, options), from_obj=from_obj, **kwargs)
