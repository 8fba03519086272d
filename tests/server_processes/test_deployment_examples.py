"""The examples for operators: a unit of systemd, a container, and settings, as they stand in the docs."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from perdure.conf import DEFAULTS

pytestmark = pytest.mark.sqlite

ROOT = Path(__file__).resolve().parents[2]
OPERATORS = ROOT / "docs/operators"
PAGE = (OPERATORS / "systemd-and-containers.md").read_text()


def example(language: str, containing: str = "") -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return next(text for text in found if containing in text)


def read(unit: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit)
    return parser


@pytest.mark.defect("V-25")
def test_the_unit_is_what_the_server_needs() -> None:
    service = dict(read(example("ini", "[Service]"))["Service"])
    assert service["Type"] == "notify"
    assert service["ExecStart"].split()[1:] == ["run", "--json-logs"]
    assert service["ExecReload"].endswith("perdure reload")
    assert service["KillMode"] == "mixed"


@pytest.mark.defect("V-25")
def test_the_sockets_are_those_of_the_settings() -> None:
    ports = re.findall(r"^ListenStream=(\d+)$", example("ini", "[Socket]"), re.MULTILINE)
    assert [int(port) for port in ports] == [DEFAULTS["TELNET_PORT"], DEFAULTS["WEB_PORT"]]
    # One connection does not start a gateway of its own.
    assert "Accept" not in read(example("ini", "[Socket]"))["Socket"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = tmp_path / "perdure"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = example("ini", "[Service]").replace("/srv/venv/bin/perdure", str(program))
    text = re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.MULTILINE)
    units = [tmp_path / "mygame.service", tmp_path / "mygame.socket"]
    text = text.replace("[Unit]\n", "[Unit]\nRequires=mygame.socket\n").replace("/srv/mygame", str(tmp_path))
    units[0].write_text(text)
    units[1].write_text(example("ini", "[Socket]"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, units)], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if "mygame." in line]
    assert complaints == []


def test_the_container_file_is_made_of_known_instructions() -> None:
    lines = re.sub(r"\\\n\s*", " ", example("dockerfile")).splitlines()
    instructions = [line.split(" ", 1) for line in lines if line.strip() and not line.startswith("#")]
    known = {"FROM", "RUN", "USER", "WORKDIR", "COPY", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {name for name, _ in instructions} <= known
    assert instructions[0][0] == "FROM"
    named = dict(instructions)
    assert named["EXPOSE"].split() == [str(DEFAULTS["TELNET_PORT"]), str(DEFAULTS["WEB_PORT"])]
    assert "exec perdure run" in named["CMD"]
    assert named["USER"] != "root"


@pytest.mark.parametrize("page", sorted(path.name for path in OPERATORS.glob("*.md")))
def test_settings_that_the_pages_name_exist(page: str) -> None:
    text = (OPERATORS / page).read_text()
    named = set(re.findall(r"`((?:MAX|RELOAD|LOG|TELNET|WEB|TLS|PROXY|UPSTREAM|METRICS|STOP)_[A-Z_]+)\b", text))
    assert named <= set(DEFAULTS)


def test_the_verbs_that_the_pages_name_exist() -> None:
    import typer

    from perdure.cli.main import app

    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    for page in OPERATORS.glob("*.md"):
        named = set(re.findall(r"(?:`|\$ |/)perdure ([a-z]+)", page.read_text()))
        assert named <= known, page.name
