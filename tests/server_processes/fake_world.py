"""A world without Django: it speaks the link's protocol, keeps a ledger of what it did, and misbehaves as told.

`plan.json` in the current directory says how, by generation ("1", "2" …; else "default"): at which point (`start`,
`check`, `take_over`, `quiesce`, `resume`, `stop`) what happens: `hang`, `die`, `exit`, `fail`, a number of seconds to
wait, or `until NAME`, a file that the test makes when it has seen what it wanted to see. `line` is how long each line
takes; with `web` there is a web server, with one page.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import socketserver
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from perdure.server import messages as m
from perdure.server.wire import FrameReader, encode

SYNTAX_ERROR = m.Failed(
    "typeclasses/rooms.py, line 7: SyntaxError: '(' was never closed",
    'Traceback (most recent call last):\n  File "typeclasses/rooms.py", line 7\n    x = (\nSyntaxError',
    "typeclasses/rooms.py",
    7,
)


class FakeWorld:
    def __init__(self, generation: int) -> None:
        self.generation = generation
        plan = json.loads(Path("plan.json").read_text()) if Path("plan.json").exists() else {}
        self.plan = {**plan.get("default", {}), **plan.get(str(generation), {})}
        self.lines: deque[m.Line] = deque()
        self.sessions: dict[int, m.SessionRecord] = {}
        self.quiesced = False
        self.serving = False

    def point(self, name: str) -> None:
        """What the plan has for this moment."""
        match self.plan.get(name):
            case "hang":
                time.sleep(3600)
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                print('Traceback (most recent call last):\n  File "settings.py", line 3, in <module>', file=sys.stderr)
                print("NameError: name 'SERVERNAM' is not defined", file=sys.stderr, flush=True)
                os._exit(1)
            case "fail":
                self.send(SYNTAX_ERROR)
                time.sleep(self.plan.get("linger", 0))
                os._exit(1)
            case str() as until if until.startswith("until "):
                while not Path(until.removeprefix("until ")).exists():
                    time.sleep(0.01)
            case int() | float() as seconds:
                time.sleep(seconds)

    def send(self, *messages: Any) -> None:
        self.link.sendall(encode(messages))

    def note(self, what: str, **more: Any) -> None:
        with open("ledger.jsonl", "a") as ledger:
            ledger.write(json.dumps({"generation": self.generation, "what": what, **more}) + "\n")

    def run(self) -> None:
        self.note("born", pid=os.getpid())
        self.point("start")
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(os.environ["PERDURE_LINK"])
        token = "wrong" if self.plan.get("token") else os.environ["PERDURE_LINK_TOKEN"]
        self.send(m.Hello(self.plan.get("protocol", m.PROTOCOL), os.getpid(), token))
        reader = FrameReader(m.FromGateway)
        while True:
            waits = None if not self.lines or self.quiesced else 0
            if select.select([self.link], [], [], waits)[0]:
                data = self.link.recv(1 << 20)
                if not data:
                    self.note("orphan")
                    return
                for frame in reader.feed(data):
                    for message in frame:
                        self.heard(message)
            if self.lines and not self.quiesced:
                self.work(self.lines.popleft())

    def heard(self, message: Any) -> None:
        match message:
            case m.Welcome():
                self.note("welcome", mode=message.mode)
                self.point("check")
                web = f"server/run/http-{self.generation}.sock"
                if self.plan.get("web"):
                    serve_a_page(web)
                self.send(m.Ready(web, [], 0.0))
            case m.TakeOver():
                self.note("take over", mode=message.mode, sessions=sorted(s.sessid for s in message.sessions))
                self.sessions = {record.sessid: record for record in message.sessions}
                self.point("take_over")
                self.serving = True
                self.send(m.Running(0.0))
            case m.Quiesce():
                self.note("quiesce", mode=message.mode)
                self.point("quiesce")
                self.quiesced = True
                leftovers, self.lines = list(self.lines), deque()
                self.send(m.Quiesced(leftovers))
            case m.Resume():
                self.note("resume")
                self.point("resume")
                self.quiesced = False
                self.send(m.Running(0.0))
            case m.Stop():
                self.note("stop")
                self.point("stop")
                self.send(m.Stopped())
                os._exit(0)
            case m.Line():
                self.lines.append(message)
            case m.Connected():
                self.sessions[message.session.sessid] = message.session
                session = message.session
                self.note("connected", sessid=session.sessid, ticket=message.ticket, address=session.address)
                self.send(m.Text([message.session.sessid], "Welcome to the fake world. Say something."))
            case m.Disconnected():
                self.note("disconnected", sessid=message.sessid, known=message.sessid in self.sessions)
                self.sessions.pop(message.sessid, None)
            case m.Flags():
                self.note("flags", sessid=message.sessid, flags=message.flags)
            case m.Outcome():
                self.note(
                    "outcome", ok=message.ok, summary=message.summary, detail=message.detail, sessid=message.sessid
                )
                if message.sessid:
                    self.send(m.Text([message.sessid], f"outcome {message.ok}: {message.summary}"))
            case m.Ping():
                self.send(m.Pong(message.number, 0.25))
            case m.RunCode():
                failed = "raise" in message.source
                if "die" in message.source:
                    os._exit(1)
                self.send(m.CodeResult(message.number, f"ran {message.source!r} in {self.generation}", failed))
            case _:
                self.note("other", name=type(message).__name__)

    def work(self, line: m.Line) -> None:
        word, _, rest = line.text.partition(" ")
        if word == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "want":
            self.send(m.Wanted(rest, "because", line.sessid))
        if word == "sleep":
            time.sleep(float(rest))
        if word == "print":
            print(rest, flush=True)
        if word == "state":
            record = self.sessions[line.sessid]
            self.send(m.SessionState(m.SessionRecord(record.sessid, record.protocol, record.address, {}, 0.0, uid=7)))
        time.sleep(self.plan.get("line", 0))
        self.note("did", sessid=line.sessid, seq=line.seq, text=line.text)
        self.send(m.Text([line.sessid], f"{self.generation}> {line.text}"), m.Done([(line.sessid, line.seq)]))


def serve_a_page(path: str) -> None:
    class Answers(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65536):
                self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + b"x" * 30_000)

    server = socketserver.ThreadingUnixStreamServer(path, Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()


if __name__ == "__main__":
    FakeWorld(int(sys.argv[sys.argv.index("--generation") + 1])).run()
