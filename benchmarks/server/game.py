"""What a server is to the runner: it can be prepared, started and stopped, and says where it is and what it weighs."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import psutil


class GameFailed(Exception):
    """A game could not be made or started; the message says what its programs said."""


class Game(ABC):
    """One server with its world, in a directory of its own."""

    name: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports: list[int] = []

    @property
    def address(self) -> tuple[str, int]:
        """Where telnet is."""
        return ("127.0.0.1", self.ports[0])

    @abstractmethod
    def prepare(self) -> None:
        """Make the game and its world, unless they are there."""

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until players can log in."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it; nothing of it runs afterwards."""

    @abstractmethod
    def processes(self) -> dict[str, psutil.Process]:
        """Its processes: `gateway` and `world`."""

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What one should know to judge its figures."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Versions of what matters."""

    def memory(self) -> dict[str, int]:
        """Resident bytes of each process."""
        return {role: process.memory_info().rss for role, process in self.processes().items()}

    def processor(self) -> dict[str, float]:
        """Seconds of processor time that each process has used."""
        return {role: sum(process.cpu_times()[:2]) for role, process in self.processes().items()}


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def answers(address: tuple[str, int]) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
