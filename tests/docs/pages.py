"""Reads the examples of a page, and runs them in a game as their reader would.

A page is run in order. `python` blocks are typed at one `perdure shell`; a block with a `title` is a file to save in
the game, and what follows it runs in a new process, as after a restart. `console` blocks hold commands (`$ …`), run in
the game, and parts of what they print; `# fails` under a command says that it ends with an error. `text` blocks whose
title begins with `telnet` are played in the game that `perdure start` has started: lines after `> ` are typed, under
each stands what is seen then, or parts of it. Examples that are only to be read are other `text` blocks, or `pycon`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.live.game import free_ports
from tests.live.telnet import TelnetClient

__all__ = ["ROOT", "Block", "Player", "blocks", "pages"]

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<language>\w+)(?P<options>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([^"]+)"')
OWNER = {"PERDURE_OWNER": "Ariadne", "PERDURE_PASSWORD": "a-clew-of-thread"}


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    title: str
    body: str
    where: str


def pages() -> list[Path]:
    """Every page that may have examples."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that can be run."""
    text = page.read_text()
    for found in FENCE.finditer(text):
        title = TITLE.search(found["options"])
        line = text.count("\n", 0, found.start()) + 2
        played = title is not None and title[1].startswith("telnet")
        if found["language"] in ("python", "console") or played:
            where = f"{page.relative_to(ROOT)}:{line}"
            yield Block("telnet" if played else found["language"], title[1] if title else "", found["body"], where)


@dataclass
class Player:
    """Somebody who types a page's examples.

    Attributes:
        directory: where they are: a game, or an empty directory for pages that begin by making one.
        typed: python blocks that wait to be run in one process.
        port: where the running game is reached by telnet; 0 when none was started.
        client: who plays it.
    """

    directory: Path
    typed: list[Block] = field(default_factory=list)
    port: int = 0
    client: TelnetClient | None = None

    def play(self, page: Path) -> None:
        """Run the whole page; `AssertionError` names the example that fails."""
        try:
            for block in blocks(page):
                self.example(block)
            self.finish()
        finally:
            self.leave()

    def example(self, block: Block) -> None:
        """Do what one block says."""
        if block.language == "python" and not block.title:
            self.typed.append(block)
            return
        self.finish()
        if block.language == "console":
            self.console(block)
        elif block.language == "telnet":
            self.telnet(block)
        else:
            self.save(block)

    def save(self, block: Block) -> None:
        """Put a block with a title into the file of that name."""
        path = self.directory / block.title
        assert path.parent.is_dir(), f"{block.where}: there is no directory for {block.title}"
        path.write_text(block.body)

    def finish(self) -> None:
        """Run what was typed since the last restart, in one shell."""
        if not self.typed:
            return
        parts = [(block.where, block.body) for block in self.typed]
        self.typed = []
        script = self.directory / "page_examples.py"
        script.write_text(f"for where, text in {parts!r}:\n    exec(compile(text, where, 'exec'), globals())\n")
        done = self.run([sys.executable, "-m", "perdure", "shell", script.name])
        script.unlink()
        assert done.returncode == 0, f"{parts[0][0]}: {done.stdout}\n{done.stderr}"

    def console(self, block: Block) -> None:
        """Run the commands of a block; what the block shows of their output must be in it."""
        for command, shown in commands(block.body):
            words = shlex.split(command)
            if words[0] == "cd":
                self.directory = self.directory / words[1]
                continue
            if words[0] not in ("perdure", "python"):
                continue
            if words[:2] == ["perdure", "start"]:
                self.choose_ports()
            start = [sys.executable, "-m", "perdure"] if words[0] == "perdure" else [sys.executable]
            done = self.run([*start, *words[1:]])
            printed = done.stdout + done.stderr
            failing = any(line.startswith("# fails") for line in shown)
            assert (done.returncode != 0) == failing, f"{block.where}: {command}\n{printed}"
            plain = " ".join(printed.split())
            for line in shown:
                if line.strip() not in ("", "…") and not line.startswith("#"):
                    assert " ".join(line.split()) in plain, f"{block.where}: {command}: no {line!r} in:\n{printed}"

    def choose_ports(self) -> None:
        """Have the game listen where no other one does."""
        if not self.port:
            self.port, web = free_ports(2)
            with (self.directory / "settings.py").open("a") as settings:
                settings.write(f"\nTELNET_PORT, WEB_PORT = {self.port}, {web}\n")

    def telnet(self, block: Block) -> None:
        """Play the running game."""
        if self.client is None:
            self.client = TelnetClient(("127.0.0.1", self.port), block.where)
        for line, shown in commands(block.body, "> "):
            self.client.pending = ""
            self.client.send(line.replace("PASSWORD", OWNER["PERDURE_PASSWORD"]))
            for part in shown:
                if part.strip() not in ("", "…"):
                    self.client.expect(re.escape(part))

    def leave(self) -> None:
        """Stop the game, if one was started."""
        if self.client is not None:
            self.client.close()
        if self.port:
            self.run([sys.executable, "-m", "perdure", "stop", "--now"])

    def run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command where the player is, in a clean environment."""
        drop = ("PERDURE_", "DJANGO_", "PYTEST_", "HYPOTHESIS_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
        environment |= {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "300", "NO_COLOR": "1", **OWNER}
        return subprocess.run(
            words, cwd=self.directory, env=environment, capture_output=True, text=True, timeout=300, check=False
        )


def commands(text: str, prompt: str = "$ ") -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines shown under it."""
    command, shown = "", []
    for line in text.splitlines():
        if line.startswith(prompt):
            if command:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
    if command:
        yield command, shown
