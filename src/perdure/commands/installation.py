"""Making the command layer known to the floors below, which do not import it."""

from __future__ import annotations

from typing import Any

from perdure.objects.objects import set_exit_cmdset_factory
from perdure.signals import SIGNAL_ACCOUNT_POST_LOGIN, SIGNAL_OBJECT_POST_PUPPET, SIGNAL_OBJECT_POST_UNPUPPET
from perdure.transactions import on_commit
from perdure.typeclasses import handlers
from perdure.typeclasses.cmdsets import set_cmdset_loader

__all__ = ["install", "installed", "uninstall"]

_UID = "perdure.commands"


def install() -> None:
    """Have `obj.cmdset` make and merge sets, `obj.execute_cmd` run commands, and exits be commands."""
    handlers.register_handler("command_line", _command_line)
    set_cmdset_loader(_make, _check, _stand_in)
    set_exit_cmdset_factory(_make_exit)
    SIGNAL_OBJECT_POST_UNPUPPET.connect(_cancel_of_puppet, dispatch_uid=_UID)
    SIGNAL_OBJECT_POST_PUPPET.connect(_go_on_writing, dispatch_uid=_UID)
    SIGNAL_ACCOUNT_POST_LOGIN.connect(_go_on_writing, dispatch_uid=_UID)


def uninstall() -> None:
    """Undo `install`, for tests of the floors below."""
    handlers.forget_handler("command_line")
    set_cmdset_loader(None)
    set_exit_cmdset_factory(None)
    SIGNAL_OBJECT_POST_UNPUPPET.disconnect(dispatch_uid=_UID)
    SIGNAL_OBJECT_POST_PUPPET.disconnect(dispatch_uid=_UID)
    SIGNAL_ACCOUNT_POST_LOGIN.disconnect(dispatch_uid=_UID)


def installed() -> bool:
    """Whether `install` is in force."""
    return handlers.provides("command_line")


# What they need is imported when it is first needed: most processes that use the engine run no command.


def _command_line(entity: Any) -> Any:
    from perdure.commands.dispatch import CommandLine

    return CommandLine(entity)


def _make(source: Any, owner: Any) -> Any:
    from perdure.commands.loading import make_cmdset

    return make_cmdset(source, owner)


def _check(source: Any) -> None:
    from perdure.commands.loading import check_source

    check_source(source)


def _stand_in(path: str, owner: Any, error: Exception) -> Any:
    from perdure.commands.loading import stand_in

    return stand_in(path, owner, error)


def _make_exit(way: Any) -> Any:
    from perdure.commands.exits import make_exit_cmdset

    return make_exit_cmdset(way)


def _cancel_of_puppet(sender: Any, session: Any = None, **kwargs: Any) -> None:
    """What a character was about to do for a session that has let go of it, is not done any more."""
    from perdure.commands.prompts import withdraw_questions
    from perdure.commands.running import cancel_for
    from perdure.commands.writing import resume_soon

    reason = f"you are no longer {sender.key}."  # after the commit it may be deleted

    def cancel() -> None:
        if session is not None:
            cancel_for(session, reason, caller=sender)
        if sender._is_deleted or not sender.sessions.count():
            withdraw_questions(sender, reason)  # those that came from no session: the next player is not who was asked
        if session is not None:
            resume_soon(session)  # what the account was writing

    on_commit(cancel)


def _go_on_writing(sender: Any, session: Any = None, **kwargs: Any) -> None:
    """Who comes back in the middle of a text goes on with it."""
    from perdure.commands.writing import resume_soon

    if session is not None:
        on_commit(lambda: resume_soon(session))
