"""The process that plays: many telnet clients on raw sockets, driven by lines of JSON on standard input.

Each client sends a command, waits for the answer to this very command, and then sends the next: with n clients up to n
commands are under way. An answer is known by what only it can hold: of `say`, the token that was said; of `look`, the
name of the room. Paced, commands are sent at fixed times, and time counts from when a command was due.

Everything of cost is done before the clock runs, so that the clients need little of the machine that the game is
measured on: `python -m benchmarks.server.load` answers each request with one line.
"""

from __future__ import annotations

import heapq
import json
import select
import socket
import sys
import time
from collections.abc import Iterable
from statistics import quantiles
from typing import Any, TextIO

from tests.live.telnet import Negotiation

#: How long one answer may take; longer, and the game is not up to it.
PATIENCE = 60.0
# A token is searched in what came with the last read too: it may be cut in two.
TAIL = 64
PASSWORD = "a-clew-of-thread"

now = time.perf_counter


class LoadFailed(Exception):
    """A client was disconnected, or waits in vain."""


class Client:
    """One connection; `room` is the name of the room that its character is in."""

    def __init__(self, address: tuple[str, int], name: str, room: str) -> None:
        self.name, self.room = name, room.encode()
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.count = 0
        self.token = b""
        self.tail = b""
        self.sent = self.due = 0.0
        self.number = 0

    def login(self, password: str) -> None:
        """Log in, and wait until the room is seen."""
        negotiation, seen = Negotiation(), b""
        asked = False
        deadline = now() + PATIENCE
        while True:
            if now() > deadline:
                raise LoadFailed(f"{self.name} cannot log in; it saw {seen[-1000:]!r}")
            data = self.socket.recv(65536)
            if not data:
                raise LoadFailed(f"{self.name} was disconnected while logging in; it saw {seen[-1000:]!r}")
            text, answer = negotiation.feed(data)
            seen += text
            if answer:
                self.socket.sendall(answer)
            if not asked and b"connect" in seen.lower():
                asked, seen = True, b""
                self.socket.sendall(f"connect {self.name} {password}\r\n".encode())
            elif asked and self.room in seen:
                return

    def command(self, scenario: str) -> bytes:
        """The next command; its answer will hold `token`."""
        self.count += 1
        self.tail = b""
        if scenario == "look":
            self.token = self.room
            return b"look\r\n"
        self.token = f"{self.name}q{self.count:07}z".encode()
        return b"say " + self.token + b"\r\n"

    def answered(self) -> bool:
        """Read what has come; whether the answer is in it."""
        data = self.socket.recv(262144)
        if not data:
            raise LoadFailed(f"{self.name} was disconnected")
        window = self.tail + data
        if self.token in window:
            return True
        self.tail = window[-TAIL:]
        return False


class Load:
    """All clients of this process."""

    def __init__(self) -> None:
        self.clients: list[Client] = []

    def connect(self, address: list[Any], players: list[list[str]], password: str = PASSWORD) -> dict[str, float]:
        """Log these players in, one after the other: name and room of each."""
        started = now()
        for name, room in players:
            client = Client((address[0], address[1]), name, room)
            client.login(password)
            self.clients.append(client)
        for client in self.clients:
            client.socket.setblocking(False)
        return {"seconds": now() - started}

    def measure(self, scenario: str, seconds: float, rate: float | None = None) -> dict[str, float]:
        """Send commands for so long; how many were answered in that time, and how long answers took, in seconds."""
        try:
            return self._measure(scenario, seconds, rate)
        except ConnectionError as error:
            raise LoadFailed(f"somebody was disconnected: {error}") from error

    def _measure(self, scenario: str, seconds: float, rate: float | None) -> dict[str, float]:
        self._forget()
        with select.epoll() as poll:
            by_descriptor = {client.socket.fileno(): client for client in self.clients}
            for descriptor in by_descriptor:
                poll.register(descriptor, select.EPOLLIN)
            measured = _Round(self.clients, scenario, seconds, rate)
            processor = time.process_time()
            measured.begin()
            while measured.goes_on():
                for descriptor, _ in poll.poll(measured.wait()):
                    client = by_descriptor[descriptor]
                    if client.answered():
                        measured.answer(client)
        return {**measured.figures(), "client_processor": (time.process_time() - processor) / seconds}

    def _forget(self) -> None:
        """Throw away what has come since: the others went on talking."""
        for client in self.clients:
            try:
                while client.socket.recv(262144):
                    pass
            except BlockingIOError:
                continue
            raise LoadFailed(f"{client.name} was disconnected")

    def disconnect(self) -> None:
        """Hang up."""
        for client in self.clients:
            client.socket.close()
        self.clients.clear()


class _Round:
    """One measurement: who is to send when, and the times of those who were answered."""

    def __init__(self, clients: list[Client], scenario: str, seconds: float, rate: float | None) -> None:
        self.clients, self.scenario, self.seconds, self.rate = clients, scenario, seconds, rate
        self.times: list[float] = []
        self.under_way = 0
        #: When paced: when which client is due, and whether it is late because its last answer was.
        self.due: list[tuple[float, int, bool]] = []
        for number, client in enumerate(clients):
            client.number = number

    def begin(self) -> None:
        self.start = self.last_answer = now()
        self.end = self.start + self.seconds
        self.longest_gap = 0.0
        if self.rate is None:
            for client in self.clients:
                self._send(client, now())
            return
        self.interval = len(self.clients) / self.rate
        for client in self.clients:
            client.due = self.start + client.number / self.rate
        self.due = [(client.due, client.number, False) for client in self.clients]

    def goes_on(self) -> bool:
        """Whether there is anything to wait for; sends what is due."""
        moment = now()
        while self.due and self.due[0][0] <= moment < self.end:
            when, number, late = heapq.heappop(self.due)
            # What the game is late by counts; what this process woke up late by does not.
            self._send(self.clients[number], when if late else moment)
        if moment > self.end + PATIENCE:
            raise LoadFailed(f"{self.under_way} commands were not answered in {PATIENCE} seconds")
        return moment < self.end or self.under_way > 0

    def wait(self) -> float:
        """How long to wait for answers at most."""
        moment = now()
        until = self.end if moment < self.end else moment + 0.1
        if self.due and moment < self.end:
            until = min(until, self.due[0][0])
        return max(0.0, until - moment)

    def _send(self, client: Client, when: float) -> None:
        client.sent = when
        client.socket.send(client.command(self.scenario))
        self.under_way += 1

    def answer(self, client: Client) -> None:
        moment = now()
        self.under_way -= 1
        # Nothing can come that this one waits for until it sends again.
        client.token = b"\0none\0"
        if moment > self.end:
            return
        self.times.append(moment - client.sent)
        self.longest_gap = max(self.longest_gap, moment - self.last_answer)
        self.last_answer = moment
        if self.rate is None:
            self._send(client, moment)
        else:
            due = client.due = client.due + self.interval
            heapq.heappush(self.due, (due, client.number, due < moment))

    def figures(self) -> dict[str, float]:
        if len(self.times) < 2:
            raise LoadFailed(f"{len(self.times)} answers in {self.seconds} seconds")
        cuts = quantiles(self.times, n=100, method="inclusive")
        return {
            "commands": len(self.times),
            "per_second": len(self.times) / self.seconds,
            "p50": cuts[49],
            "p95": cuts[94],
            "p99": cuts[98],
            "longest": max(self.times),
            "longest_gap": self.longest_gap,
        }


def serve(lines: Iterable[str], out: TextIO) -> None:
    """Do what is asked for, one answer for each line, until there are no more."""
    load = Load()
    for line in lines:
        request = json.loads(line)
        do = getattr(load, request.pop("do"))
        try:
            answer = {"answer": do(**request)}
        except (LoadFailed, OSError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    # What the collector looks at is not what is measured; there are no cycles to find here.
    import gc

    gc.disable()
    serve(sys.stdin, sys.stdout)
