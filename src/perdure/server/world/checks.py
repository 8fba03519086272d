"""What a world looks at before it serves.

Contract: `check_game` raises `GameBroken` for what would break the game, with the file and line where that is known,
and gives back warnings for what only parts of it will miss. Nothing is written and no object is loaded, since another
world may be serving from the same database.

A class that cannot be found is a reason to refuse a reload only if it was there before: `known_missing` are those that
the game has been living without.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from perdure.errors import PerdureError
from perdure.places import place_of, short_path, trace_of

__all__ = ["GameBroken", "check_game", "missing_typeclasses", "remember_missing"]

MISSING_KEY = "missing_typeclasses"


@dataclass
class GameBroken(Exception):
    """The game cannot be served as it is.

    Args:
        summary: one line: what, and where.
        detail: the traceback.
        file, line: where, if that is known.
    """

    summary: str
    detail: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return self.summary

    @classmethod
    def of(cls, error: BaseException, what: str) -> GameBroken:
        """What an exception says about `what`."""
        file, line = place_of(error)
        where = f" ({short_path(file)}, line {line})" if file else ""
        message = str(error) if isinstance(error, PerdureError) else f"{type(error).__name__}: {error}"
        detail = trace_of(error)
        return cls(f"{what}{where}: {message.splitlines()[0] if message else ''}", detail, file, line)


def check_game(*, strict: bool) -> list[str]:
    """Set the game up and look at all that can be looked at.

    Args:
        strict: refuse modules of typeclasses that cannot be imported, and classes that have gone (a reload); else they
            are warnings, and their objects are read-only until they are mended.
    """
    from perdure import bootstrap

    try:
        bootstrap.setup()
    except Exception as error:
        raise GameBroken.of(error, "the game cannot be set up") from error
    warnings = _modules(strict)
    warnings += _system_checks()
    _imports()
    return warnings + _typeclasses(strict) + _stored_cmdsets(strict)


def _modules(strict: bool) -> list[str]:
    """The modules of typeclasses that cannot be imported."""
    from perdure.typeclasses import registry

    warnings = []
    for module, error in registry.import_typeclass_modules().items():
        broken = GameBroken.of(error, f"{module} cannot be imported")
        if strict:
            raise broken from error
        warnings.append(broken.summary)
    return warnings


def _system_checks() -> list[str]:
    """Django's checks; our own warnings, which whoever starts the game should read."""
    from django.core import checks

    try:
        found = checks.run_checks()
    except Exception as error:
        raise GameBroken.of(error, "a check of the settings failed") from error
    serious = [message for message in found if message.is_serious()]
    if serious:
        first = serious[0]
        hint = f" {first.hint}" if first.hint else ""
        raise GameBroken(f"{first.id}: {first.msg}{hint}", "\n".join(str(message) for message in serious))
    ours = [message for message in found if str(message.id).startswith("perdure.")]
    return [f"{message.id}: {message.msg} {message.hint or ''}".rstrip() for message in ours]


def _imports() -> None:
    """What the settings name."""
    from perdure.conf import conf
    from perdure.locks.registry import get_all_lockfuncs
    from perdure.server.world import inputs
    from perdure.server.world.lifecycle import hooks_module

    for what, function in (
        ("the command sets of the settings cannot be used", _default_sets),
        ("the lock functions cannot be used", get_all_lockfuncs),
        (f"{conf.AT_SERVER_STARTSTOP_MODULE} cannot be used", hooks_module),
        ("the input functions cannot be used", inputs.load),
        ("the addresses of the web pages cannot be used", lambda: import_module(_urlconf())),
    ):
        try:
            function()
        except Exception as error:
            raise GameBroken.of(error, what) from error


def _default_sets() -> None:
    """The command sets that the settings name, filled."""
    from perdure.commands.loading import load_cmdset_class
    from perdure.conf import conf

    for setting in ("CMDSET_UNLOGGEDIN", "CMDSET_SESSION", "CMDSET_ACCOUNT", "CMDSET_CHARACTER"):
        load_cmdset_class(getattr(conf, setting))()


def _urlconf() -> str:
    from django.conf import settings

    return str(settings.ROOT_URLCONF)


def missing_typeclasses() -> dict[str, int]:
    """The classes that rows name and that cannot be had: how many rows each."""
    from django.db.models import Count

    from perdure.errors import TypeclassError
    from perdure.typeclasses import registry

    missing: dict[str, int] = {}
    for model in _families():
        rows = model.objects.values_list("db_typeclass_path").annotate(number=Count("pk")).order_by()
        for path, number in rows:
            try:
                registry.load(path, model)
            except TypeclassError:
                missing[path] = missing.get(path, 0) + number
    return missing


def remember_missing() -> None:
    """The classes that this world serves without; a later reload does not stumble over them."""
    from perdure.serverconfig.models import ServerConfig

    missing = sorted(missing_typeclasses())
    if missing != ServerConfig.objects.conf(MISSING_KEY, default=[]):
        ServerConfig.objects.conf(MISSING_KEY, missing)


def _families() -> Iterable[Any]:
    from django.apps import apps

    for label, name in (
        ("accounts", "AccountDB"),
        ("objects", "ObjectDB"),
        ("scripts", "ScriptDB"),
        ("comms", "ChannelDB"),
    ):
        yield apps.get_model(label, name)


def _typeclasses(strict: bool) -> list[str]:
    """The classes that the database names."""
    from perdure.serverconfig.models import ServerConfig

    missing = missing_typeclasses()
    known = set(ServerConfig.objects.conf(MISSING_KEY, default=[]))
    for path, number in missing.items():
        if strict and path not in known:
            raise GameBroken(
                f"the class {path} is not there any more, and {number} stored in the database are of it; put it back, "
                "or give them its new name: perdure typeclass rename OLD NEW"
            )
    return [
        f"{number} of the class {path}, which cannot be had: read-only until it can" for path, number in missing.items()
    ]


def _stored_cmdsets(strict: bool) -> list[str]:
    """The command sets that rows name."""
    from django.apps import apps

    from perdure.commands.loading import load_cmdset_class

    warnings = []
    for label, name in (("accounts", "AccountDB"), ("objects", "ObjectDB")):
        model: Any = apps.get_model(label, name)
        stored = model.objects.exclude(db_cmdset_storage=None).values_list("db_cmdset_storage", flat=True).order_by()
        paths = {part.strip() for text in stored.distinct() for part in text.split(",") if part.strip()}
        for path in sorted(paths):
            try:
                load_cmdset_class(path)
            except Exception as error:
                broken = GameBroken.of(error, f"the command set {path} cannot be used")
                if strict:
                    raise broken from error
                warnings.append(broken.summary)
    return warnings
