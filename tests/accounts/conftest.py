"""Sessions without a network."""

from __future__ import annotations

import itertools

import pytest

from perdure.sessions import SESSION_HANDLER


class FakeSession:
    """A session that keeps what is sent to it."""

    _ids = itertools.count(1)

    def __init__(self, address="10.0.0.1"):
        self.sessid = next(self._ids)
        self.address = address
        self.protocol_key = "test"
        self.protocol_flags = {}
        self.account = self.uid = self.puppet = self.puid = None
        self.logged_in = False
        self.sent = []
        self.closed = None
        SESSION_HANDLER.add(self)

    def data_out(self, **kwargs):
        self.sent.append(kwargs)

    def disconnect(self, reason=None):
        self.closed = reason
        SESSION_HANDLER.remove(self)

    @property
    def text(self):
        """All texts that were sent, in one."""
        parts = [message["text"] for message in self.sent if message.get("text") is not None]
        return "\n".join(part[0] if isinstance(part, tuple) else part for part in parts)


@pytest.fixture(autouse=True)
def _clean():
    SESSION_HANDLER.clear()
    yield
    SESSION_HANDLER.clear()


@pytest.fixture
def new_session():
    """Makes sessions; logged in as the account given."""

    def make(account=None, **kwargs):
        session = FakeSession(**kwargs)
        if account is not None:
            session.account, session.uid, session.logged_in = account, account.pk, True
            if not account.is_connected:
                account.is_connected = True
        return session

    return make
