"""Guests: people who come in without an account and are forgotten when they leave."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password

from perdure.accounts.registration import CreationCheck, object_of
from perdure.accounts.throttle import LOGIN_THROTTLE
from perdure.conf import conf
from perdure.transactions import transaction
from perdure.typeclasses.unique_names import FOLDED, fold

__all__ = ["GuestBehaviour"]

logger = logging.getLogger("perdure.accounts")


# To a type checker the whole is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    from perdure.accounts.accounts import DefaultAccount

    Whole = DefaultAccount
else:
    Whole = object


class GuestBehaviour(Whole):
    """What sets a guest apart; part of `DefaultGuest`."""

    @classmethod
    def create(cls: Any, *args: Any, **kwargs: Any) -> tuple[Any, list[str]]:
        """Let a guest in: `(account, [])`, or `(None, [reasons])`. The first free name of `GUEST_LIST` is taken.

        Args:
            ip: where from.
        """
        return cls.authenticate(**kwargs)  # type: ignore[no-any-return]

    @classmethod
    def authenticate(cls: Any, **kwargs: Any) -> tuple[Any, list[str]]:  # type: ignore[override]
        """The same as `create`: a guest needs no name and no password."""
        ip = kwargs.get("ip") or ""
        if not conf.GUEST_ENABLED:
            return None, ["Guests are not allowed here."]
        if LOGIN_THROTTLE.check(ip):
            return None, ["Too many failed logins. Wait a while before you try again."]
        if cls.is_banned(ip=ip):
            LOGIN_THROTTLE.update(ip)
            return None, ["You have been banned and cannot log in."]
        name = cls._free_name()
        if name is None:
            LOGIN_THROTTLE.update(ip)
            return None, ["All guest accounts are in use. Try again later."]
        return cls._create_guest(name, ip)  # type: ignore[no-any-return]

    @classmethod
    def _create_guest(cls: Any, name: str, ip: str) -> tuple[Any, list[str]]:
        places = {"location": object_of(conf.GUEST_START_LOCATION), "home": object_of(conf.GUEST_HOME)}
        arguments = {
            "ip": ip,
            "guest": True,
            "permissions": [conf.PERMISSION_GUEST_DEFAULT],
            "typeclass": conf.BASE_GUEST_TYPECLASS,
            "character": {name: place for name, place in places.items() if place is not None},
        }
        # No password opens it: nothing has to be hashed, and nobody comes back as this guest.
        return CreationCheck(cls, name, arguments).finish(make_password(None))

    @classmethod
    def _free_name(cls: Any) -> str | None:
        wanted = {fold(name): name for name in conf.GUEST_LIST}
        taken = set(cls.__dbclass__.objects.filter(**{f"{FOLDED}__in": list(wanted)}).values_list(FOLDED, flat=True))
        return next((name for folded, name in wanted.items() if folded not in taken), None)

    def at_post_login(self: Any, session: Any = None, **kwargs: Any) -> None:
        """Announces the guest and puts it into its character."""
        self._announce(f"|G{self.key} connected|n")
        if (characters := self.characters.all()) and session is not None:
            self.puppet_object(session, characters[0])

    def at_server_shutdown(self: Any) -> None:
        """Deletes the characters of the guest: it will not come back."""
        self._delete_characters()

    def at_post_disconnect(self: Any, **kwargs: Any) -> None:
        """Deletes the guest and its characters once nobody is connected to it."""
        if self.sessions.count():
            return
        with transaction(using=self._state.db):
            self._delete_characters()
            self.delete()

    def _delete_characters(self: Any) -> None:
        for character in self.characters.all():
            if not character.delete():
                logger.warning("the guest's character %s refused to be deleted", character.dbref)
