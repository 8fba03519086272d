"""Perdure: Python classes whose instances save themselves, stay in memory and keep any attribute.

This module is the flat API: every public name can be imported from `perdure` directly. Contract:

- `import perdure` is cheap and imports nothing else, Django least of all; a name is resolved when it is
  first asked for, from the one table below.
- In a plain script, call `perdure.setup()` first; in a game, everything is set up already.

Failure modes: `ConfigurationError` when a name that needs Django is asked for before Django is set up;
`AttributeError` for a name that does not exist.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from perdure.version import __version__

if TYPE_CHECKING:
    from django.conf import settings as settings

    from perdure import gametime as gametime
    from perdure import signals as signals
    from perdure.accounts.accounts import DefaultAccount as DefaultAccount
    from perdure.accounts.accounts import DefaultGuest as DefaultGuest
    from perdure.accounts.models import AccountDB as AccountDB
    from perdure.bootstrap import setup as setup
    from perdure.channels.channels import DefaultChannel as DefaultChannel
    from perdure.channels.models import ChannelDB as ChannelDB
    from perdure.channels.models import Msg as Msg
    from perdure.commands import syscmdkeys as syscmdkeys
    from perdure.commands.arguments import MuxCommand as MuxCommand
    from perdure.commands.cmdset import CmdSet as CmdSet
    from perdure.commands.command import Command as Command
    from perdure.commands.default import default_cmds as default_cmds
    from perdure.commands.delays import TASK_HANDLER as TASK_HANDLER
    from perdure.commands.delays import delay as delay
    from perdure.commands.delays import run_async as run_async
    from perdure.commands.prompts import ask_yes_no as ask_yes_no
    from perdure.commands.prompts import get_input as get_input
    from perdure.commands.prompts import interactive as interactive
    from perdure.commands.repeating import repeat as repeat
    from perdure.commands.repeating import unrepeat as unrepeat
    from perdure.create import create_account as create_account
    from perdure.create import create_accounts as create_accounts
    from perdure.create import create_channel as create_channel
    from perdure.create import create_channels as create_channels
    from perdure.create import create_message as create_message
    from perdure.create import create_object as create_object
    from perdure.create import create_objects as create_objects
    from perdure.create import create_script as create_script
    from perdure.create import create_scripts as create_scripts
    from perdure.errors import InterruptCommand as InterruptCommand
    from perdure.errors import PerdureError as PerdureError
    from perdure.errors import Veto as Veto
    from perdure.idmapper.models import cache_size as cache_size
    from perdure.idmapper.models import cache_stats as cache_stats
    from perdure.idmapper.models import flush_cache as flush_cache
    from perdure.locks import lockfuncs as lockfuncs
    from perdure.objects.models import ObjectDB as ObjectDB
    from perdure.objects.objects import DefaultCharacter as DefaultCharacter
    from perdure.objects.objects import DefaultExit as DefaultExit
    from perdure.objects.objects import DefaultObject as DefaultObject
    from perdure.objects.objects import DefaultRoom as DefaultRoom
    from perdure.scripts.global_scripts import GLOBAL_SCRIPTS as GLOBAL_SCRIPTS
    from perdure.scripts.models import ScriptDB as ScriptDB
    from perdure.scripts.scripts import DefaultScript as DefaultScript
    from perdure.scripts.stored_tasks import persistent_task as persistent_task
    from perdure.search import search_account as search_account
    from perdure.search import search_channel as search_channel
    from perdure.search import search_message as search_message
    from perdure.search import search_object as search_object
    from perdure.search import search_objects as search_objects
    from perdure.search import search_script as search_script
    from perdure.search import search_tag as search_tag
    from perdure.serverconfig.models import ServerConfig as ServerConfig
    from perdure.sessions import SESSION_HANDLER as SESSION_HANDLER
    from perdure.transactions import on_commit as on_commit
    from perdure.transactions import on_rollback as on_rollback
    from perdure.transactions import transaction as transaction
    from perdure.typeclasses.attributes import AttributeProperty as AttributeProperty
    from perdure.typeclasses.attributes import NAttributeProperty as NAttributeProperty
    from perdure.typeclasses.missing import MissingTypeclass as MissingTypeclass
    from perdure.typeclasses.tags import TagCategoryProperty as TagCategoryProperty
    from perdure.typeclasses.tags import TagProperty as TagProperty
    from perdure.typeclasses.upgrades import upgrade as upgrade
    from perdure.values import register_value_type as register_value_type

__all__ = [  # noqa: RUF022  (plain order: a test and the reference page have it so)
    "AccountDB",
    "AttributeProperty",
    "ChannelDB",
    "CmdSet",
    "Command",
    "DefaultAccount",
    "DefaultChannel",
    "DefaultCharacter",
    "DefaultExit",
    "DefaultGuest",
    "DefaultObject",
    "DefaultRoom",
    "DefaultScript",
    "GLOBAL_SCRIPTS",
    "InterruptCommand",
    "MissingTypeclass",
    "Msg",
    "MuxCommand",
    "NAttributeProperty",
    "ObjectDB",
    "PerdureError",
    "SESSION_HANDLER",
    "ScriptDB",
    "ServerConfig",
    "TASK_HANDLER",
    "TagCategoryProperty",
    "TagProperty",
    "Veto",
    "__version__",
    "ask_yes_no",
    "cache_size",
    "cache_stats",
    "create_account",
    "create_accounts",
    "create_channel",
    "create_channels",
    "create_message",
    "create_object",
    "create_objects",
    "create_script",
    "create_scripts",
    "default_cmds",
    "delay",
    "flush_cache",
    "gametime",
    "get_input",
    "interactive",
    "lockfuncs",
    "on_commit",
    "on_rollback",
    "persistent_task",
    "register_value_type",
    "repeat",
    "run_async",
    "search_account",
    "search_channel",
    "search_message",
    "search_object",
    "search_objects",
    "search_script",
    "search_tag",
    "settings",
    "setup",
    "signals",
    "syscmdkeys",
    "transaction",
    "unrepeat",
    "upgrade",
]

#: Where each name lives: `module:attribute`, or a module alone.
_HOMES: dict[str, str] = {
    "AccountDB": "perdure.accounts.models:AccountDB",
    "AttributeProperty": "perdure.typeclasses.attributes:AttributeProperty",
    "ChannelDB": "perdure.channels.models:ChannelDB",
    "CmdSet": "perdure.commands.cmdset:CmdSet",
    "Command": "perdure.commands.command:Command",
    "DefaultAccount": "perdure.accounts.accounts:DefaultAccount",
    "DefaultChannel": "perdure.channels.channels:DefaultChannel",
    "DefaultCharacter": "perdure.objects.objects:DefaultCharacter",
    "DefaultExit": "perdure.objects.objects:DefaultExit",
    "DefaultGuest": "perdure.accounts.accounts:DefaultGuest",
    "DefaultObject": "perdure.objects.objects:DefaultObject",
    "DefaultRoom": "perdure.objects.objects:DefaultRoom",
    "DefaultScript": "perdure.scripts.scripts:DefaultScript",
    "GLOBAL_SCRIPTS": "perdure.scripts.global_scripts:GLOBAL_SCRIPTS",
    "InterruptCommand": "perdure.errors:InterruptCommand",
    "MissingTypeclass": "perdure.typeclasses.missing:MissingTypeclass",
    "Msg": "perdure.channels.models:Msg",
    "MuxCommand": "perdure.commands.arguments:MuxCommand",
    "NAttributeProperty": "perdure.typeclasses.attributes:NAttributeProperty",
    "ObjectDB": "perdure.objects.models:ObjectDB",
    "PerdureError": "perdure.errors:PerdureError",
    "SESSION_HANDLER": "perdure.sessions:SESSION_HANDLER",
    "ScriptDB": "perdure.scripts.models:ScriptDB",
    "ServerConfig": "perdure.serverconfig.models:ServerConfig",
    "TASK_HANDLER": "perdure.commands.delays:TASK_HANDLER",
    "TagCategoryProperty": "perdure.typeclasses.tags:TagCategoryProperty",
    "TagProperty": "perdure.typeclasses.tags:TagProperty",
    "Veto": "perdure.errors:Veto",
    "ask_yes_no": "perdure.commands.prompts:ask_yes_no",
    "cache_size": "perdure.idmapper.models:cache_size",
    "cache_stats": "perdure.idmapper.models:cache_stats",
    "create_account": "perdure.create:create_account",
    "create_accounts": "perdure.create:create_accounts",
    "create_channel": "perdure.create:create_channel",
    "create_channels": "perdure.create:create_channels",
    "create_message": "perdure.create:create_message",
    "create_object": "perdure.create:create_object",
    "create_objects": "perdure.create:create_objects",
    "create_script": "perdure.create:create_script",
    "create_scripts": "perdure.create:create_scripts",
    "default_cmds": "perdure.commands.default.default_cmds",
    "delay": "perdure.commands.delays:delay",
    "flush_cache": "perdure.idmapper.models:flush_cache",
    "gametime": "perdure.gametime",
    "get_input": "perdure.commands.prompts:get_input",
    "interactive": "perdure.commands.prompts:interactive",
    "lockfuncs": "perdure.locks.lockfuncs",
    "on_commit": "perdure.transactions:on_commit",
    "on_rollback": "perdure.transactions:on_rollback",
    "persistent_task": "perdure.scripts.stored_tasks:persistent_task",
    "register_value_type": "perdure.values:register_value_type",
    "repeat": "perdure.commands.repeating:repeat",
    "run_async": "perdure.commands.delays:run_async",
    "search_account": "perdure.search:search_account",
    "search_channel": "perdure.search:search_channel",
    "search_message": "perdure.search:search_message",
    "search_object": "perdure.search:search_object",
    "search_objects": "perdure.search:search_objects",
    "search_script": "perdure.search:search_script",
    "search_tag": "perdure.search:search_tag",
    "settings": "django.conf:settings",
    "setup": "perdure.bootstrap:setup",
    "signals": "perdure.signals",
    "syscmdkeys": "perdure.commands.syscmdkeys",
    "transaction": "perdure.transactions:transaction",
    "unrepeat": "perdure.commands.repeating:unrepeat",
    "upgrade": "perdure.typeclasses.upgrades:upgrade",
}


def __getattr__(name: str) -> Any:
    """Import the name from its home.

    Raises:
        AttributeError: there is no such name.
        ConfigurationError: it needs Django, which is not set up yet.
    """
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'perdure' has no attribute {name!r}")
    from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

    from perdure.errors import ConfigurationError

    module_name, _, attribute = home.partition(":")
    try:
        module = import_module(module_name)
    except ConfigurationError:
        raise
    except (AppRegistryNotReady, ImproperlyConfigured) as error:
        raise ConfigurationError(
            f"perdure.{name} cannot be used yet: Django is not set up ({error}). "
            "In a script call perdure.setup() first, in a game directory or with setup(game_dir=...)."
        ) from error
    value = getattr(module, attribute) if attribute else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
