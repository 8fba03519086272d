"""The signals that Perdure sends: Django signals, with the entity itself as sender.

Contract: a receiver is connected as with any Django signal (`SIGNAL_X.connect(receiver)`); it is called in the thread
and the transaction of what it tells about, so a receiver that raises undoes that. Signals are called after the hooks
of the same event.

What each carries beside `sender`:

    SIGNAL_OBJECT_POST_CREATE            nothing
    SIGNAL_OBJECT_POST_PUPPET            account, session
    SIGNAL_OBJECT_POST_UNPUPPET          account, session
    SIGNAL_EXIT_TRAVERSED                traverser
    SIGNAL_TYPED_OBJECT_POST_RENAME      old_key, new_key
    SIGNAL_ACCOUNT_POST_CREATE           ip
    SIGNAL_ACCOUNT_POST_RENAME           old_name, new_name
    SIGNAL_ACCOUNT_POST_FIRST_LOGIN      session
    SIGNAL_ACCOUNT_POST_LOGIN            session
    SIGNAL_ACCOUNT_POST_LOGIN_FAIL       session
    SIGNAL_ACCOUNT_POST_LOGOUT           session
    SIGNAL_ACCOUNT_POST_LAST_LOGOUT      session
    SIGNAL_SCRIPT_POST_CREATE            nothing
    SIGNAL_CHANNEL_POST_CREATE           nothing
    SIGNAL_HELPENTRY_POST_CREATE         nothing
"""

from __future__ import annotations

from django.core.signals import got_request_exception, request_finished, request_started
from django.db.backends.signals import connection_created
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_init,
    post_migrate,
    post_save,
    pre_delete,
    pre_init,
    pre_migrate,
    pre_save,
)
from django.dispatch import Signal

__all__ = [
    "SIGNALS_CUSTOM",
    "SIGNAL_ACCOUNT_POST_CREATE",
    "SIGNAL_ACCOUNT_POST_FIRST_LOGIN",
    "SIGNAL_ACCOUNT_POST_LAST_LOGOUT",
    "SIGNAL_ACCOUNT_POST_LOGIN",
    "SIGNAL_ACCOUNT_POST_LOGIN_FAIL",
    "SIGNAL_ACCOUNT_POST_LOGOUT",
    "SIGNAL_ACCOUNT_POST_RENAME",
    "SIGNAL_CHANNEL_POST_CREATE",
    "SIGNAL_EXIT_TRAVERSED",
    "SIGNAL_HELPENTRY_POST_CREATE",
    "SIGNAL_OBJECT_POST_CREATE",
    "SIGNAL_OBJECT_POST_PUPPET",
    "SIGNAL_OBJECT_POST_UNPUPPET",
    "SIGNAL_SCRIPT_POST_CREATE",
    "SIGNAL_TYPED_OBJECT_POST_RENAME",
    "CustomSignals",
    "connection_created",
    "got_request_exception",
    "m2m_changed",
    "post_delete",
    "post_init",
    "post_migrate",
    "post_save",
    "pre_delete",
    "pre_init",
    "pre_migrate",
    "pre_save",
    "request_finished",
    "request_started",
]

SIGNAL_OBJECT_POST_CREATE = Signal()
SIGNAL_OBJECT_POST_PUPPET = Signal()
SIGNAL_OBJECT_POST_UNPUPPET = Signal()
SIGNAL_EXIT_TRAVERSED = Signal()
SIGNAL_TYPED_OBJECT_POST_RENAME = Signal()
SIGNAL_ACCOUNT_POST_CREATE = Signal()
SIGNAL_ACCOUNT_POST_RENAME = Signal()
SIGNAL_ACCOUNT_POST_FIRST_LOGIN = Signal()
SIGNAL_ACCOUNT_POST_LOGIN = Signal()
SIGNAL_ACCOUNT_POST_LOGIN_FAIL = Signal()
SIGNAL_ACCOUNT_POST_LOGOUT = Signal()
SIGNAL_ACCOUNT_POST_LAST_LOGOUT = Signal()
SIGNAL_SCRIPT_POST_CREATE = Signal()
SIGNAL_CHANNEL_POST_CREATE = Signal()
SIGNAL_HELPENTRY_POST_CREATE = Signal()


class CustomSignals(dict[str, Signal]):
    """Signals of a game's own, made when they are first asked for: `SIGNALS_CUSTOM["eclipse"]`."""

    def __missing__(self, name: str) -> Signal:
        signal = self[name] = Signal()
        return signal


SIGNALS_CUSTOM = CustomSignals()
