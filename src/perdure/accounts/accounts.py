"""`DefaultAccount`, the base of all account typeclasses, and `DefaultGuest`: their creation and hooks."""

from __future__ import annotations

import logging
import time
from typing import Any, ClassVar

from django.apps import apps

from perdure.accounts.authentication import Authentication
from perdure.accounts.characters import ATTRIBUTE as CHARACTERS
from perdure.accounts.characters import CharactersHandler
from perdure.accounts.guests import GuestBehaviour
from perdure.accounts.logins import logout
from perdure.accounts.managers import AccountManager
from perdure.accounts.messaging import Messaging
from perdure.accounts.models import AccountDB
from perdure.accounts.options import OptionHandler
from perdure.accounts.puppeting import Puppeting
from perdure.accounts.registration import Registration
from perdure.conf import conf
from perdure.errors import PuppetingError
from perdure.idmapper.states import require
from perdure.transactions import transaction
from perdure.typeclasses.applied_arguments import WITHOUT_HOOKS, apply_labels
from perdure.typeclasses.channel_subscriber import ChannelSubscriber
from perdure.typeclasses.handlers import lazy_handler, provides, registered_handler
from perdure.typeclasses.nicks import NickHandler
from perdure.typeclasses.swap import locks_to_set

__all__ = ["DefaultAccount", "DefaultGuest"]

logger = logging.getLogger("perdure.accounts")

DEFAULT_LOCKS = (
    "examine:perm(Admin);edit:perm(Admin);delete:perm(Admin);boot:perm(Admin);msg:all();"
    "noidletimeout:perm(Builder) or perm(noidletimeout)"
)
SAVED_FLAGS = "_saved_protocol_flags"
LAST_PUPPET = "_last_puppet"


class DefaultAccount(Registration, Authentication, Puppeting, Messaging, ChannelSubscriber, AccountDB):
    """Somebody who plays: has a name and a password, and characters in the world."""

    objects: ClassVar[Any] = AccountManager()

    cmdset_provider_order = 50
    cmdset_provider_error_order = 0
    cmdset_provider_type = "account"
    lockstring = DEFAULT_LOCKS

    characters = lazy_handler(CharactersHandler, "The characters that this account may play.")
    options = lazy_handler(OptionHandler, "What this account has chosen.")
    nicks = lazy_handler(NickHandler, "The nicks of this account.")
    scripts = registered_handler("scripts")
    _command_line = registered_handler("command_line")

    # --- facts

    @property
    def default_character_typeclass(self) -> Any:
        """Class (or path) of the characters made for this account."""
        return conf.BASE_CHARACTER_TYPECLASS

    @property
    def idle_time(self) -> float | None:
        """Seconds since the last command of any session; None if nobody is connected."""
        times = [time.time() - one.cmd_last_visible for one in self.sessions.all() if hasattr(one, "cmd_last_visible")]
        return min(times, default=None)

    @property
    def connection_time(self) -> float | None:
        """Seconds since the first session connected; None if nobody is connected."""
        times = [time.time() - one.conn_time for one in self.sessions.all() if hasattr(one, "conn_time")]
        return max(times, default=None)

    # --- creation and the end

    def at_first_save(self) -> None:
        """Called once, after the first save: hooks, then the arguments of the creation."""
        if self.__dict__.pop(WITHOUT_HOOKS, False):
            DefaultAccount.basetype_setup(self)
            DefaultAccount.at_account_creation(self)
        else:
            self.basetype_setup()
            self.at_account_creation()
        self.init_evennia_properties()
        created: dict[str, Any] = self.__dict__.pop("_createdict", None) or {}
        if "permissions" not in created and conf.PERMISSION_ACCOUNT_DEFAULT and not self.permissions.all():
            self.permissions.add(conf.PERMISSION_ACCOUNT_DEFAULT)
        apply_labels(self, created)

    def basetype_setup(self) -> None:
        """Called once, before `at_account_creation`: default locks and command set."""
        if locks := locks_to_set(self, self.lockstring):
            self.locks.add(locks)
        self.cmdset.add_default(conf.CMDSET_ACCOUNT, persistent=True)

    def at_account_creation(self) -> None:
        """Called once, when the account is made. Call `super().at_account_creation()` if you override it."""
        locks = "attrread:perm(Admins);attredit:perm(Admins);attrcreate:perm(Admins)"
        for name, value in ((CHARACTERS, []), (SAVED_FLAGS, {})):
            if not self.attributes.has(name):  # a class that is swapped in with its hooks takes nothing away
                self.attributes.add(name, value, lockstring=locks)

    def delete(self) -> bool:  # type: ignore[override]
        """End the sessions of the account and delete it with its scripts; its characters stay in the world."""
        for session in self.sessions.all():
            self.disconnect_session_from_account(session, "The account is being deleted.")
            if self._is_deleted:  # a guest goes with its last session
                return True
        with transaction(using=self._state.db):
            if provides("scripts"):
                for script in self.scripts.all():
                    script.delete()
            super().delete()
        return True

    def disconnect_session_from_account(self, session: Any, reason: str | None = None) -> None:
        """Log the session out and have it closed."""
        logout(self, session, reason)
        disconnect = getattr(session, "disconnect", None)
        if callable(disconnect):
            disconnect(reason)

    # --- access

    def access(
        self,
        accessing_obj: Any,
        access_type: str = "read",
        default: bool = False,
        no_superuser_bypass: bool = False,
        **kwargs: Any,
    ) -> bool:
        """Whether `accessing_obj` passes the lock of this type; `at_access` hears of it."""
        result = bool(
            super().access(accessing_obj, access_type, default=default, no_superuser_bypass=no_superuser_bypass)
        )
        self.at_access(result, accessing_obj, access_type, **kwargs)
        return result

    def at_access(self, result: bool, accessing_obj: Any, access_type: str, **kwargs: Any) -> None:
        """Called after each check of a lock; cannot change what came of it."""

    # --- commands

    def execute_cmd(self, raw_string: str, session: Any = None, **kwargs: Any) -> Any:
        """Do what `raw_string` says, as if the account's player had typed it while playing nobody.

        Args:
            raw_string: a command line; the nicks of the account are replaced.
            session: the session that gets the output; where one session is the rule, that one if not given.
            kwargs: set on the command.

        Raises `ConfigurationError` where there is no command layer.
        """
        require(self, "read stored data of")
        text = self.nicks.nickreplace(raw_string, categories=("inputline", "channel"), include_account=False)
        if session is None and conf.MULTISESSION_MODE in (0, 1):
            session = next(iter(self.sessions.all()), None)
        return self._command_line(text, session=session, **kwargs)

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Called before the command sets of this account are collected."""

    def get_cmdsets(self, caller: Any, current: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """The merged command set, and those it is made of."""
        return self.cmdset.current, list(self.cmdset.cmdset_stack)

    def get_cmdset_providers(self) -> dict[str, Any]:
        """Whose command sets count for a command of this account."""
        return {"account": self}

    # --- login and logout

    def at_first_login(self, **kwargs: Any) -> None:
        """Called at the first login of the account's life."""

    def at_pre_login(self, **kwargs: Any) -> None:
        """Called at each login, before anything is sent."""

    def at_login(self, session: Any = None, **kwargs: Any) -> None:
        """Called at each login, after `at_pre_login` and before the player sees anything."""

    def at_post_login(self, session: Any = None, **kwargs: Any) -> None:
        """Called at each login: restores what the client is known to do, announces it, and lets the player play.

        With `AUTO_PUPPET_ON_LOGIN` the last character is played again; else the characters are shown.
        """
        flags = self.attributes.get(SAVED_FLAGS)
        if flags and session is not None and hasattr(session, "protocol_flags"):
            session.protocol_flags.update(flags.deserialize() if hasattr(flags, "deserialize") else flags)
        if session is not None:
            session.data_out(logged_in={})
        self._announce(f"|G{self.key} connected|n")
        if session is not None and conf.AUTO_PUPPET_ON_LOGIN:
            self._resume_last_puppet(session)
        elif session is not None:
            self.msg(self.at_look(target=self.characters.all(), session=session), session=session)

    def _resume_last_puppet(self, session: Any) -> None:
        last = self.db._last_puppet
        if last is None:
            self.msg(self.at_look(target=self.characters.all(), session=session), session=session)
            return
        try:
            outcome = self.puppet_object(session, last)
        except PuppetingError as error:
            outcome = None
            logger.warning("%r could not play %r again: %s", self, last, error)
        if not outcome:
            self.msg(outcome.message if outcome is not None else "There is no such character.", session=session)

    def at_disconnect(self, reason: str | None = None, **kwargs: Any) -> None:
        """Called when a session of the account ends: announces it."""
        self._announce(f"|R{self.key} disconnected{f' ({reason})' if reason else ''}|n")

    def at_post_disconnect(self, **kwargs: Any) -> None:
        """Called last when a session of the account has ended."""

    def _announce(self, message: str) -> None:
        """Tell it on the channels for connections."""
        channels = apps.get_model("comms", "ChannelDB").objects
        for arguments in filter(None, (conf.CHANNEL_MUDINFO, conf.CHANNEL_CONNECTINFO)):
            channel = channels.get_channel(arguments["key"])
            if channel is not None:
                channel.msg(message)

    # --- characters

    def at_post_add_character(self, character: Any) -> None:
        """Called after a character became playable by this account."""

    def at_post_remove_character(self, character: Any) -> None:
        """Called after a character is no longer playable by this account."""

    # --- the server

    def at_server_reload(self) -> None:
        """Called before the server reloads, for accounts in memory."""

    def at_server_shutdown(self) -> None:
        """Called before the server shuts down, for accounts in memory."""


class DefaultGuest(GuestBehaviour, DefaultAccount):
    """Somebody who came in without an account; forgotten when they leave."""
