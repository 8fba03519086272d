"""What the machine refuses, in words: files of another user, a disk that is read-only, a database that does not answer.

Contract: `in_words` makes an error of the catalogue out of one of the operating system or the database, or gives None
for what it does not know. Nothing is written.
"""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

from django.db.utils import OperationalError

from perdure.errors import ConfigurationError, NoAccess, PerdureError

__all__ = ["in_words", "require_writable"]

REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def in_words(error: BaseException) -> PerdureError | None:
    """What a person is told of this error; None when it is a bug."""
    if isinstance(error, PerdureError):
        return error
    if isinstance(error, OperationalError):
        return ConfigurationError(_of_database(str(error).strip()))
    if isinstance(error, OSError) and error.errno in REFUSED and error.filename:
        return NoAccess(_of_file(Path(os.fsdecode(error.filename)), error.errno))
    return None


def require_writable(game: Path) -> None:
    """See that a game can be run by this user. Raises `NoAccess`."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    needed = [_nearest(game / "server" / "run")]
    if database["ENGINE"].endswith("sqlite3") and Path(database["NAME"]).is_absolute():
        # SQLite writes beside the file, too.
        needed += [Path(database["NAME"]), Path(database["NAME"]).parent]
    for path in needed:
        if path.exists() and not os.access(path, os.W_OK):
            raise NoAccess(_of_file(path, errno.EACCES, "written"))


def _nearest(path: Path) -> Path:
    """The path, or the first folder above it that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _of_database(said: str) -> str:
    if "locked" in said:
        return (
            f"the database is in use by another process, which does not let go of it: {said}. End the transaction that "
            "is open there (a perdure shell, a database browser), then try again"
        )
    if "readonly" in said or "unable to open" in said:
        return (
            f"the database cannot be used by {_me()}: {said}. The file, the files beside it that begin with its name, "
            "and their folder must be writable by the user who runs the game"
        )
    if "disk" in said:
        return f"the database cannot be written: {said}. Make room on its disk (df -h), then try again; nothing is lost"
    return f"the database does not answer: {said}. Is it running? See DATABASES in settings.py"


def _of_file(path: Path, number: int | None, how: str = "used") -> str:
    shown = path.absolute()
    if number == errno.EROFS:
        return f"{shown} cannot be {how}: it is on a disk that is read-only. Put the game on one that can be written"
    owner = _owner(path)
    told = f"{shown} cannot be {how} by {_me()}"
    if owner is None:
        return f"{told}. Give the game's folder to this user, or run this as the user that it belongs to"
    return f"{told}; it belongs to {owner}. Run this as {owner}, or give the game's folder to this user"


def _me() -> str:
    return f"the user {_name(os.geteuid())}"


def _owner(path: Path) -> str | None:
    """Whose it is, or the nearest folder above that one may look at; None if that is this user."""
    for one in (path.absolute(), *path.absolute().parents):
        try:
            uid = one.stat().st_uid
        except OSError:
            continue
        return _name(uid) if uid != os.geteuid() else None
    return None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"
