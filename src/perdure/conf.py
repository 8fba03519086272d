"""Perdure's settings with their defaults, read from Django's settings when they are first asked for.

Nothing is computed at import: `conf.STRICT_VETO` looks at `django.conf.settings` at the first reading and is a plain
attribute from then on, until Django says that settings have changed (`override_settings`, which tests use). A value
assigned to `django.conf.settings` by hand while a process runs says nothing, as Django's documentation warns.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

DEFAULTS: dict[str, Any] = {
    "AT_SERVER_STARTSTOP_MODULE": "server.conf.at_server_startstop",
    "AUDIT_MASKS": (),
    "AUTH_USERNAME_VALIDATORS": [
        {
            "NAME": "django.core.validators.MinLengthValidator",
            "OPTIONS": {"limit_value": 3, "message": "A name has at least 3 characters."},
        },
        {
            "NAME": "django.core.validators.MaxLengthValidator",
            "OPTIONS": {"limit_value": 30, "message": "A name has at most 30 characters."},
        },
        {
            "NAME": "django.contrib.auth.validators.ASCIIUsernameValidator",
            "OPTIONS": {"message": "A name has letters from a to z, digits and the signs @ . + - _, and no others."},
        },
    ],
    "AUTO_CREATE_CHARACTER_WITH_ACCOUNT": True,
    "AUTO_PUPPET_ON_LOGIN": True,
    "BASE_ACCOUNT_TYPECLASS": "perdure.accounts.accounts.DefaultAccount",
    "BASE_CHANNEL_TYPECLASS": "perdure.channels.channels.DefaultChannel",
    "BASE_CHARACTER_TYPECLASS": "perdure.objects.objects.DefaultCharacter",
    "BASE_EXIT_TYPECLASS": "perdure.objects.objects.DefaultExit",
    "BASE_GUEST_TYPECLASS": "perdure.accounts.accounts.DefaultGuest",
    "BASE_OBJECT_TYPECLASS": "perdure.objects.objects.DefaultObject",
    "BASE_ROOM_TYPECLASS": "perdure.objects.objects.DefaultRoom",
    "BASE_SCRIPT_TYPECLASS": "perdure.scripts.scripts.DefaultScript",
    "BROADCAST_SERVER_RESTART_MESSAGES": "|wThe world has been restarted.|n",
    "CHANNEL_CONNECTINFO": None,
    "CHANNEL_LOG_BACKUPS": 3,
    "CHANNEL_LOG_NUM_TAIL_LINES": 20,
    "CHANNEL_LOG_ROTATE_SIZE": 1_000_000,
    "CHANNEL_MUDINFO": None,
    "CLIENT_DEFAULT_WIDTH": 78,
    "CMDSET_ACCOUNT": "commands.default_cmdsets.AccountCmdSet",
    "CMDSET_CHARACTER": "commands.default_cmdsets.CharacterCmdSet",
    "CMDSET_FALLBACKS": {
        "CMDSET_ACCOUNT": "perdure.commands.default.cmdsets.AccountCmdSet",
        "CMDSET_CHARACTER": "perdure.commands.default.cmdsets.CharacterCmdSet",
        "CMDSET_SESSION": "perdure.commands.default.cmdsets.SessionCmdSet",
        "CMDSET_UNLOGGEDIN": "perdure.commands.default.cmdsets.UnloggedinCmdSet",
    },
    "CMDSET_MERGE_CACHE_MAXSIZE": 1000,
    "CMDSET_PATHS": ("commands", "perdure", "perdure.commands.default.cmdsets"),
    "CMDSET_SESSION": "commands.default_cmdsets.SessionCmdSet",
    "CMDSET_UNLOGGEDIN": "commands.default_cmdsets.UnloggedinCmdSet",
    "CMD_IGNORE_PREFIXES": "@&/+",
    "COMMAND_DEFAULT_ARG_REGEX": r"[ /\t\r\n]|$",
    "COMMAND_DEFAULT_HELP_CATEGORY": "general",
    "COMMAND_DEFAULT_LOCKS": "",
    "COMMAND_DEFAULT_MSG_ALL_SESSIONS": False,
    "COMMAND_NESTING_LIMIT": 10,
    "COMMAND_PARSER": "perdure.commands.parser.cmdparser",
    "CONNECTION_SCREEN_MODULE": None,
    "CONTENT_SECURITY_POLICY": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "CREATION_THROTTLE_LIMIT": 2,
    "CREATION_THROTTLE_NAME_LIMIT": 20,
    "CREATION_THROTTLE_TIMEOUT": 600,
    "DEFAULT_CHANNELS": [],
    "DEFAULT_HOME": "#2",
    "EVENNIA_IMPORTS": None,
    "FILE_HELP_ENTRY_MODULES": ("world.help_entries",),
    "GLOBAL_SCRIPTS": {},
    "GUEST_ENABLED": False,
    "GUEST_HOME": "#2",
    "GUEST_LIST": [f"Guest{n}" for n in range(1, 10)],
    "GUEST_START_LOCATION": "#2",
    "HOLDING_TEXT": "",
    "IDLE_COMMAND": "idle",
    "IDLE_TIMEOUT": -1,
    "IDMAPPER_CACHE_MAXSIZE": 400,
    "INPUT_FUNC_MODULES": ("server.conf.inputfuncs",),
    "INTERFACES": ["127.0.0.1"],
    "IN_GAME_ERRORS": False,
    "LOCKDOWN_MODE": False,
    "LOCK_FUNC_MODULES": ("perdure.locks.lockfuncs", "server.conf.lockfuncs"),
    "LOCK_READABLE_PROPERTIES": (
        "key",
        "name",
        "dbref",
        "id",
        "account",
        "location",
        "home",
        "destination",
        "is_connected",
        "is_superuser",
        "has_account",
    ),
    "LOGIN_SCREEN_TIMEOUT": 600,
    "LOGIN_THROTTLE_ACCOUNT_LIMIT": 20,
    "LOGIN_THROTTLE_LIMIT": 5,
    "LOGIN_THROTTLE_TIMEOUT": 300,
    "LOG_DIR": None,
    "LOG_FORMAT": "plain",
    "LOG_LEVEL": "INFO",
    "MAX_CHAR_LIMIT": 6000,
    "MAX_COMMAND_RATE": 80,
    "MAX_CONNECTIONS": 1000,
    "MAX_CONNECTIONS_PER_ADDRESS": 100,
    "MAX_CONNECTION_RATE": 5,
    "MAX_NR_CHARACTERS": 1,
    "MAX_NR_SIMULTANEOUS_PUPPETS": 1,
    "MAX_WAITING_LINES": 200,
    "MAX_WAITING_OUTPUT": 524288,
    "METRICS_PUBLIC": False,
    "MSSP_VARIABLES": {},
    "MULTISESSION_MODE": 0,
    "NEW_ACCOUNT_REGISTRATION_ENABLED": True,
    "OFFLOAD_THREADS": 2,
    "OPTIONS_ACCOUNT_DEFAULT": {
        "border_color": ("colour of the lines of tables and headers", "Color", "n"),
        "column_names_color": ("colour of the headings of tables", "Color", "w"),
        "header_text_color": ("colour of titles", "Color", "w"),
        "timezone": ("time zone in which times are shown", "Timezone", "UTC"),
    },
    "PASSWORD_RESET_THROTTLE_LIMIT": 5,
    "PASSWORD_RESET_THROTTLE_TIMEOUT": 3600,
    "PERDURE_DURABILITY": "normal",
    "PERDURE_THREADS": "owner",
    "PERDURE_WORLD": None,
    "PERMISSION_ACCOUNT_DEFAULT": "Player",
    "PERMISSION_GUEST_DEFAULT": "Guests",
    "PERMISSION_HIERARCHY": ("Guest", "Player", "Helper", "Builder", "Admin", "Developer"),
    "PERMISSION_MULTIPLE_PUPPETS": "Developer",
    "PROMPT_TIMEOUT": 300,
    "PY_THREAD_TIME_LIMIT": 600,
    "PY_TIME_LIMIT": 5,
    "PROXY_PROTOCOL": False,
    "RELOAD_CHECK_TIMEOUT": 120,
    "RELOAD_FINISH_TIMEOUT": 10,
    "RELOAD_TAKEOVER_TIMEOUT": 30,
    "REST_API_BURST": 50,
    "REST_API_ENABLED": False,
    "REST_API_LOCK": "perm(Builder)",
    "REST_API_MAX_BODY": 262_144,
    "REST_API_RATE": 10,
    "SCRIPT_CATCH_UP": "once",
    "SEARCH_AT_RESULT": "perdure.objects.searching.at_search_result",
    "SEARCH_MULTIMATCH_REGEX": r"^(?P<name>.*)-(?P<number>[0-9]+)(?P<args>.*)$",
    "SEARCH_MULTIMATCH_TEMPLATE": " {name}-{number}{aliases}{info}\n",
    "SEARCH_ORDINAL_STYLES": ("prefix", "dot", "word"),
    "SERVERNAME": "Perdure",
    "SITE_URL": "",
    "SLOW_COMMAND_SECONDS": 0.1,
    "STAFF_CONTACT_EMAIL": None,
    "START_LOCATION": "#2",
    "STOP_TIMEOUT": 10,
    "STRICT_VETO": False,
    "TELNET_PORT": 4000,
    "TELNET_TLS_PORT": None,
    "TIME_FACTOR": 2.0,
    "TIME_GAME_EPOCH": None,
    "TIME_IGNORE_DOWNTIMES": False,
    "TLS_CERTIFICATE": None,
    "TLS_KEY": None,
    "TYPECLASS_PATHS": ("typeclasses", "perdure"),
    "UNIQUE_TYPECLASS_NAMES": True,
    "UPSTREAM_IPS": ["127.0.0.1", "::1"],
    "WEBSOCKET_ORIGINS": [],
    "WEB_PORT": 4001,
    "WEB_TLS": False,
}


class Configuration:
    """Attribute access to Perdure's settings: the project's value, else the default."""

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"Perdure has no setting {name!r}; see docs/reference/settings.md for those it has")
        # Kept in the instance: asking Django for a setting that the project does not set takes a microsecond.
        value = self.__dict__[name] = getattr(django_settings, name, DEFAULTS[name])
        return value

    def __dir__(self) -> list[str]:
        return sorted(DEFAULTS)


conf = Configuration()


def _read_again(setting: str, **kwargs: Any) -> None:
    conf.__dict__.pop(setting, None)


setting_changed.connect(_read_again, dispatch_uid="perdure.conf")
