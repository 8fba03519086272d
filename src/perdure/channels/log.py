"""The log file of a channel: text lines, bounded in size.

Contract: `append` adds a line and moves a file that has grown beyond `CHANNEL_LOG_ROTATE_SIZE` bytes aside, keeping
`CHANNEL_LOG_BACKUPS` older ones (`name.1` is the youngest). `tail` reads the last lines, reaching back into those.
Without `LOG_DIR` nothing is written. `set_aside` begins anew: what was said before stays on the disk (`name~old`),
where `tail` does not find it. `move` has a log go on under another name.

Invariants: the file lies directly in `LOG_DIR`, whatever the name given. Two channels never share one (`name_for`):
whose name cannot be that of a file gets its number into it, after a `~`, which no name of a file has otherwise.
Failure modes: an error of the file system is logged and does not stop the channel.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from django.utils import timezone

from perdure.conf import conf

__all__ = ["append", "log_path", "move", "name_for", "safe_name", "set_aside", "tail"]

logger = logging.getLogger("perdure.channels")

MAX_NAME = 120
MARK = "~"
OLD = f"{MARK}old"
_UNSAFE = re.compile(r"[^\w\-. ]")
_NUMBERED = re.compile(rf"{MARK}[0-9]+$")


def safe_name(name: str) -> str:
    """A file name made of `name`: no separators, no leading dots, not too long."""
    number = _NUMBERED.search(name)
    end = number.group() if number else ""
    return (_UNSAFE.sub("_", name.removesuffix(end)).lstrip(".").strip()[:MAX_NAME] or "channel.log") + end


def name_for(name: str, number: int | None) -> str:
    """The file name of the channel with this id, whose log would be called `name`."""
    plain = _UNSAFE.sub("_", name).lstrip(".").strip()[:MAX_NAME]
    return name if plain == name else f"{plain or 'channel.log'}{MARK}{number}"


def log_path(name: str) -> Path | None:
    """Where the log of this name is; None without `LOG_DIR`."""
    return Path(conf.LOG_DIR) / safe_name(name) if conf.LOG_DIR else None


def append(name: str, text: str) -> None:
    """Add a line, with the time before it."""
    path = log_path(name)
    if path is None:
        return
    line = " ".join(text.splitlines())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{timezone.localtime():%Y-%m-%d %H:%M:%S} {line}\n")
            size = file.tell()
        if size > conf.CHANNEL_LOG_ROTATE_SIZE:
            _rotate(path)
    except OSError:
        logger.exception("the channel log %s cannot be written", path)


def tail(name: str, lines: int | None = None, offset: int = 0) -> list[str]:
    """The last `lines` lines (`CHANNEL_LOG_NUM_TAIL_LINES` if not given), or those before the last `offset` ones."""
    path = log_path(name)
    wanted = conf.CHANNEL_LOG_NUM_TAIL_LINES if lines is None else max(0, lines)
    offset = max(0, offset)
    found: list[str] = []
    for part in [] if path is None else _parts(path):
        if len(found) >= wanted + offset:
            break
        if part.exists():
            found = part.read_text(encoding="utf-8", errors="replace").splitlines() + found
    end = len(found) - offset
    return found[max(0, end - wanted) : max(0, end)]


def set_aside(name: str) -> None:
    """Begin anew; what is there is kept out of sight, in the place of what was put there before."""
    move(name, name + OLD)


def move(name: str, new: str) -> None:
    """Have the log go on under another name; one of that name is set aside."""
    old_path, new_path = log_path(name), log_path(new.removesuffix(OLD))
    if old_path is None or new_path is None:
        return
    try:
        if not new.endswith(OLD):
            set_aside(new)
        end = OLD if new.endswith(OLD) else ""
        for old_part, new_part in zip(_parts(old_path), _parts(new_path), strict=True):
            if old_part.exists():
                old_part.replace(new_part.with_name(new_part.name + end))
    except OSError:
        logger.exception("the channel log %s cannot be put away", old_path)


def _parts(path: Path) -> list[Path]:
    """The file and the older ones."""
    return [path, *_backups(path)]


def _backups(path: Path) -> list[Path]:
    """The older files, youngest first."""
    return [path.with_name(f"{path.name}.{number}") for number in range(1, conf.CHANNEL_LOG_BACKUPS + 1)]


def _rotate(path: Path) -> None:
    files = _parts(path)
    if len(files) == 1:
        path.unlink()
        return
    for older, newer in zip(reversed(files[1:]), reversed(files[:-1]), strict=True):
        if newer.exists():
            newer.replace(older)
