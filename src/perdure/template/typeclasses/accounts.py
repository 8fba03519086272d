"""Accounts: the people who play. They have no place in the world; their characters have."""

from perdure import DefaultAccount, DefaultGuest


class Account(DefaultAccount):
    """A person. One account can have several characters and be connected several times.

    Hooks you will want first:

        at_account_creation()     once, when the account is made
        at_login(session)         each time the person comes in
        at_disconnect(reason)     when the last connection is gone
    """


class Guest(DefaultGuest):
    """Somebody who came in without an account (`GUEST_ENABLED`); forgotten when they leave."""
