"""`server/run`: what a running game keeps on the disk, and the lock that says that it runs.

Contract: `RunDirectory.claim` makes the directory for its user alone and takes the lock, or says which process has it.
The kernel gives the lock back when the process ends, however it ends, so a file that is left over locks nobody out.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

__all__ = ["CONTROL_SOCKET", "RUN_DIRECTORY", "SETTINGS_FILE", "AlreadyRuns", "RunDirectory", "running_pid"]

#: All relative to the game directory, where gateway and worlds run: the path of a Unix socket may have 108 bytes.
RUN_DIRECTORY = Path("server/run")
SETTINGS_FILE = RUN_DIRECTORY / "gateway.json"
CONTROL_SOCKET = RUN_DIRECTORY / "control.sock"
PID_FILE = RUN_DIRECTORY / "gateway.pid"


class AlreadyRuns(RuntimeError):
    """Another gateway serves this game."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"this game is running already{f' (pid {pid})' if pid else ''}")


class RunDirectory:
    """The directory of this gateway, claimed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def claim(cls) -> RunDirectory:
        """Take the lock. Raises `AlreadyRuns`."""
        RUN_DIRECTORY.mkdir(mode=0o700, parents=True, exist_ok=True)
        RUN_DIRECTORY.chmod(0o700)
        descriptor = os.open(PID_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRuns(_read_pid()) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        for left_over in RUN_DIRECTORY.glob("http-*.sock"):
            left_over.unlink(missing_ok=True)
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def running_pid(game: Path | None = None) -> int | None:
    """The process of the gateway that serves the game; None when none does.

    Raises:
        PermissionError: the directory is another user's, so it cannot be known.
    """
    path = (game or Path()) / PID_FILE
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        raise
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_pid(path) or 0
    finally:
        os.close(descriptor)
    return None


def _read_pid(path: Path = PID_FILE) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
