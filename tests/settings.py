"""Django settings of the test suite: the engine's apps and what Django's admin needs, nothing else.

`tests/conftest.py` sets the environment that chooses the database before this module is read:

- `PERDURE_TEST_BACKEND`  `sqlite` (the default) or `postgresql`
- `PERDURE_TEST_DIR`      where SQLite keeps its files; a new temporary directory when it is not set
- `PERDURE_TEST_PGHOST`   the socket directory of the throw-away PostgreSQL cluster
"""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BACKEND = os.environ.get("PERDURE_TEST_BACKEND", "sqlite")
DIRECTORY = Path(os.environ.get("PERDURE_TEST_DIR") or tempfile.mkdtemp(prefix="perdure-tests-"))

SECRET_KEY = "only-for-tests"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.AccountDB"
AUTHENTICATION_BACKENDS = ["perdure.accounts.backends.CaseInsensitiveModelBackend"]
ROOT_URLCONF = "tests.urls"
# Hashing is meant to be slow; tests of passwords need it to be right only.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

ENGINE_APPS = [
    "perdure.idmapper",
    "perdure.typeclasses",
    "perdure.accounts",
    "perdure.objects",
    "perdure.scripts",
    "perdure.channels",
    "perdure.serverconfig",
    "perdure.web",
]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
    *ENGINE_APPS,
    "tests.idmapper_app",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# There is no game: the stock command sets.
CMDSET_UNLOGGEDIN = "perdure.commands.default.cmdsets.UnloggedinCmdSet"
CMDSET_SESSION = "perdure.commands.default.cmdsets.SessionCmdSet"
CMDSET_ACCOUNT = "perdure.commands.default.cmdsets.AccountCmdSet"
CMDSET_CHARACTER = "perdure.commands.default.cmdsets.CharacterCmdSet"
STATIC_URL = "static/"
TEST_ENVIRONMENT = True


def sqlite_database(name: str) -> dict[str, Any]:
    """A real file, in the journal mode that games use, and separate for every test process."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(DIRECTORY / f"{name}.sqlite3"),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
        "TEST": {"NAME": str(DIRECTORY / f"test_{name}.sqlite3")},
    }


def postgresql_database(name: str) -> dict[str, Any]:
    """A database of the throw-away cluster."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": "perdure",
        "HOST": os.environ["PERDURE_TEST_PGHOST"],
        "TEST": {"NAME": f"test_{name}"},
    }


_database = postgresql_database if BACKEND == "postgresql" else sqlite_database
DATABASES = {"default": _database("perdure"), "other": _database("perdure_other")}

# A floor can be tested while one above it is being rebuilt: PERDURE_TEST_APPS=perdure.idmapper,perdure.typeclasses
if chosen := os.environ.get("PERDURE_TEST_APPS"):
    INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in ENGINE_APPS or app in chosen.split(",")]
    if "perdure.accounts" not in INSTALLED_APPS:
        AUTH_USER_MODEL = "auth.User"
        AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
# An app for tests of the identity map alone, with models that are no entities.
INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith("tests.") or find_spec(app)]
