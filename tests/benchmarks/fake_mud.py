"""The smallest of telnet games, to try clients on: `connect`, `look`, `say`; rooms by the number in the name."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

IAC_WILL_ECHO, IAC_DO_NAWS = b"\xff\xfb\x01", b"\xff\xfd\x1f"


class FakeMud:
    """The game; `delay` is how long it thinks about each line, `cut` sends answers in two pieces.

    Attributes:
        lines: every line that came, with the name of who sent it.
        refused: what was answered to the offers.
    """

    def __init__(self, rooms: dict[str, str], delay: float = 0.0, cut: bool = False) -> None:
        self.rooms, self.delay, self.cut = rooms, delay, cut
        self.lines: list[tuple[str, str]] = []
        self.refused = b""
        self.writers: dict[str, asyncio.StreamWriter] = {}
        self.address = ("127.0.0.1", 0)
        #: What one says comes to another in one piece.
        self.locks: dict[int, asyncio.Lock] = {}

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(IAC_WILL_ECHO + b"Type \x1b[1mconnect\x1b[0m" + IAC_DO_NAWS + b" name password\r\n")
        name = ""
        try:
            while line := await reader.readline():
                while line[:1] == b"\xff":
                    self.refused += line[:3]
                    line = line[3:]
                text = line.decode().strip()
                self.lines.append((name, text))
                await asyncio.sleep(self.delay)
                verb, _, rest = text.partition(" ")
                if verb == "connect":
                    name = rest.split()[0]
                    self.writers[name] = writer
                if verb in ("connect", "look"):
                    await self.answer(writer, f"\x1b[1m{self.rooms[name]}\x1b[0m\r\nA room.\r\n")
                elif verb == "say":
                    for other, theirs in self.writers.items():
                        if self.rooms[other] == self.rooms[name] and theirs is not writer:
                            await self.answer(theirs, f'{name} says, "{rest}"\r\n')
                    await self.answer(writer, f'You say, "{rest}"\r\n')
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.writers.pop(name, None)
            writer.transport.abort()

    async def answer(self, writer: asyncio.StreamWriter, text: str) -> None:
        async with self.locks.setdefault(id(writer), asyncio.Lock()):
            await self._answer(writer, text)

    async def _answer(self, writer: asyncio.StreamWriter, text: str) -> None:
        if self.cut:
            middle = len(text) // 2
            writer.write(text[:middle].encode())
            await writer.drain()
            await asyncio.sleep(0.002)
            text = text[middle:]
        writer.write(text.encode())


@contextmanager
def running(mud: FakeMud) -> Iterator[FakeMud]:
    """Run it on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(mud.talk, *mud.address)

    async def end(server: asyncio.Server) -> None:
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # the transports end

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    mud.address = server.sockets[0].getsockname()[:2]
    try:
        yield mud
    finally:
        asyncio.run_coroutine_threadsafe(end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
