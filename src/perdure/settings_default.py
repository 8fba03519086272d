"""The Django settings that a game starts from.

A game's `settings.py` begins with `from perdure.settings_default import *` and then changes what it
wants. Anything that Django knows can be set; Perdure's own settings are at the end and described in
the reference of settings. `GAME_DIR` and what hangs on it (database, logs, static files) is the directory
of the game that is being set up (`perdure.setup` says which), else the current directory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

#: The directory of the game.
GAME_DIR = Path(os.environ.get("PERDURE_GAME_DIR") or Path.cwd()).resolve()

#: What the game is called, to people.
SERVERNAME = "Perdure"

# --- Django: applications and web ----------------------------------------------------------------

DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
INSTALLED_APPS = [
    "perdure.web",  # before the admin, whose look it replaces
    "perdure.web.lazy_admin.LazyAdminConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "perdure.idmapper",
    "perdure.typeclasses",
    "perdure.accounts",
    "perdure.objects",
    "perdure.scripts",
    "perdure.channels",
    "perdure.serverconfig",
    "perdure.commands",
]
MIDDLEWARE = [
    "perdure.web.security.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "web.urls"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [GAME_DIR / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "perdure.web.context.site",
            ]
        },
    }
]
STATIC_URL = "static/"
STATIC_ROOT = GAME_DIR / "server" / ".static"
STATICFILES_DIRS = [directory for directory in (GAME_DIR / "web" / "static",) if directory.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "perdure.web.static_files.VersionedStorage"},
}
LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A page of the admin has eight fields for each attribute of an object.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
# The admin works on live objects, so a reply to a slow page must not be framed or cached elsewhere.
X_FRAME_OPTIONS = "DENY"

# --- Django: accounts and passwords --------------------------------------------------------------

AUTH_USER_MODEL = "accounts.AccountDB"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "index"
LOGOUT_REDIRECT_URL = "index"
# No script needs the cookies, and pages of other sites get none of them with their forms.
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
AUTHENTICATION_BACKENDS = ["perdure.accounts.backends.CaseInsensitiveModelBackend"]
PASSWORD_HASHERS = [
    "perdure.accounts.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# For how long a link for a new password is good.
PASSWORD_RESET_TIMEOUT = 24 * 3600
# Mails are printed and go nowhere until there is a mail server: EMAIL_BACKEND =
# "django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST, EMAIL_HOST_USER, DEFAULT_FROM_EMAIL and so on.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
EMAIL_TIMEOUT = 20

# --- The database --------------------------------------------------------------------------------

#: "normal" or "full": what SQLite does at a commit. With "full" even a power cut loses nothing.
PERDURE_DURABILITY = os.environ.get("PERDURE_DURABILITY", "normal")


def sqlite_database(path: Path | str, durability: str = PERDURE_DURABILITY) -> dict[str, Any]:
    """The `DATABASES` entry for a SQLite file, as Perdure wants it: WAL, one writer at a time, no surprise.

    Raises:
        ConfigurationError: `durability` is neither "normal" nor "full".
    """
    synchronous = {"normal": "NORMAL", "full": "FULL"}.get(durability.lower())
    if synchronous is None:
        from perdure.errors import ConfigurationError

        raise ConfigurationError(f"PERDURE_DURABILITY is {durability!r}; it can be 'normal' or 'full'")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            # A transaction takes the write lock when it begins, so two can never deadlock half way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # A checkpoint waits for the disk and copies each changed page once. With one for every 16 MB of log,
            # instead of 4, a swap takes half as long (88 instead of 189 us), the waiting shared out.
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA foreign_keys=ON; "
            "PRAGMA wal_autocheckpoint=4000;",
        },
    }


DATABASES: dict[str, dict[str, Any]] = {"default": sqlite_database(GAME_DIR / "db.sqlite3")}

# --- Perdure: classes ----------------------------------------------------------------------------

#: Packages whose modules are all imported at set-up, and prefixes for short class paths.
TYPECLASS_PATHS = ["typeclasses", "perdure"]
BASE_OBJECT_TYPECLASS = "typeclasses.objects.Object"
BASE_CHARACTER_TYPECLASS = "typeclasses.characters.Character"
BASE_ROOM_TYPECLASS = "typeclasses.rooms.Room"
BASE_EXIT_TYPECLASS = "typeclasses.exits.Exit"
BASE_ACCOUNT_TYPECLASS = "typeclasses.accounts.Account"
BASE_GUEST_TYPECLASS = "typeclasses.accounts.Guest"
BASE_SCRIPT_TYPECLASS = "typeclasses.scripts.Script"
BASE_CHANNEL_TYPECLASS = "typeclasses.channels.Channel"
CMDSET_UNLOGGEDIN = "commands.default_cmdsets.UnloggedinCmdSet"
CMDSET_SESSION = "commands.default_cmdsets.SessionCmdSet"
CMDSET_ACCOUNT = "commands.default_cmdsets.AccountCmdSet"
CMDSET_CHARACTER = "commands.default_cmdsets.CharacterCmdSet"

# --- Perdure: the world --------------------------------------------------------------------------

#: The demo world that `perdure migrate` builds on first start: "airports", "cave" or None.
PERDURE_WORLD: str | None = None
#: Where new characters begin, and where things go whose place is gone.
START_LOCATION = "#2"
DEFAULT_HOME = "#2"
#: Channels made on first start, as arguments of `create_channel`.
DEFAULT_CHANNELS: list[dict[str, Any]] = [
    {
        "key": "Public",
        "aliases": ["pub"],
        "desc": "Public discussion",
        "locks": "control:perm(Admin);listen:all();send:all()",
    },
]
GLOBAL_SCRIPTS: dict[str, dict[str, Any]] = {}

# --- Perdure: the server -------------------------------------------------------------------------

#: Addresses to listen on; loopback means this machine only.
INTERFACES = ["127.0.0.1"]
TELNET_PORT = 4000
WEB_PORT = 4001
LOG_DIR = str(GAME_DIR / "server" / "logs")
