"""Make the virtual environment of a checkout: `python3 scripts/make_venv.py [--extras dev,docs]`.

Needs Python 3.11 or later and nothing else: where Debian's `python3-venv` is missing, pip is fetched from the
package index (`PIP_INDEX_URL`, or PyPI) and checked against the hash that the index states.

Idempotent: a stamp in the environment holds the hash of `pyproject.toml` and `requirements.lock` and the
extras; when it fits, nothing is done. Ends with 1 and one clear message when it cannot.
"""

from __future__ import annotations

import argparse
import hashlib
import html.parser
import importlib.util
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ("pyproject.toml", "requirements.lock")
MINIMUM = (3, 11)


class Failed(Exception):
    """The environment cannot be made; the message says why and what to do."""


def main() -> int:
    """Read the arguments and make the environment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where to make it (default: .venv)")
    parser.add_argument("--extras", default="dev", help="extras of Perdure to install, with commas")
    parser.add_argument("--unlocked", action="store_true", help="take the newest versions, not those of the lock")
    options = parser.parse_args()
    extras = sorted({name for name in options.extras.split(",") if name})
    try:
        make(options.venv.absolute(), extras, locked=not options.unlocked)
    except Failed as failure:
        print(f"make_venv: {failure}", file=sys.stderr)
        return 1
    return 0


def make(venv: Path, extras: list[str], *, locked: bool) -> None:
    """Make or bring up to date the environment, unless its stamp fits.

    Raises:
        Failed: it cannot be done.
    """
    if sys.version_info < MINIMUM:
        found = ".".join(map(str, sys.version_info[:3]))
        raise Failed(f"Python 3.11 or later is needed, this is {found}. Choose one with: make PYTHON=python3.11 …")
    stamp = venv / "perdure-stamp.json"
    wanted = {"inputs": _hash_of_inputs(), "locked": locked}
    known = _read_stamp(stamp)
    if all(known.get(key) == value for key, value in wanted.items()) and set(extras) <= set(known.get("extras", [])):
        return
    python = venv / "bin" / "python"
    if not _works(python):
        _say(f"making {_short(venv)}")
        _create(venv)
        known = {}
    _say(f"installing Perdure with {', '.join(extras) or 'no extras'} into {_short(venv)} (a minute the first time)")
    _install(python, extras, locked=locked)
    if all(known.get(key) == value for key, value in wanted.items()):
        # What was there stays, so that it need not be asked for again by whoever wants it.
        extras = sorted({*extras, *known.get("extras", [])})
    stamp.write_text(json.dumps({**wanted, "extras": extras}), encoding="utf-8")


def _hash_of_inputs() -> str:
    digest = hashlib.sha256()
    for name in INPUTS:
        path = ROOT / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def _read_stamp(stamp: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(stamp.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _short(path: Path) -> str:
    return os.path.relpath(path)


def _say(text: str) -> None:
    print(f"make_venv: {text}", flush=True)


def _works(python: Path) -> bool:
    """Whether the environment is there, with pip, and its Python has not gone away."""
    if not python.exists():
        return False
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def _create(venv: Path) -> None:
    if importlib.util.find_spec("venv") is None:
        raise Failed("this Python has no module `venv`. Install Python's standard library in full.")
    shutil.rmtree(venv, ignore_errors=True)
    with_pip = importlib.util.find_spec("ensurepip") is not None
    command = [sys.executable, "-m", "venv", *([] if with_pip else ["--without-pip"]), str(venv)]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode and with_pip:
        # Debian splits ensurepip's wheels off: the module may be there and still not work.
        shutil.rmtree(venv, ignore_errors=True)
        with_pip = False
        command = [sys.executable, "-m", "venv", "--without-pip", str(venv)]
        made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        raise Failed(f"`{' '.join(command)}` failed:\n{made.stdout}{made.stderr}")
    if not with_pip:
        _say("this Python brings no pip: fetching it from the package index")
        _bootstrap_pip(venv / "bin" / "python")


def _bootstrap_pip(python: Path) -> None:
    """Install pip with the pip inside pip's own wheel."""
    url, expected = _newest_pip()
    content = _fetch(url)
    if expected and hashlib.sha256(content).hexdigest() != expected:
        raise Failed(f"the file at {url} is not the one that the index describes (its SHA-256 differs)")
    with tempfile.TemporaryDirectory() as directory:
        wheel = Path(directory) / urllib.parse.unquote(url.rsplit("/", 1)[-1])
        wheel.write_bytes(content)
        command = [python, wheel / "pip", "install", "--quiet", "--no-index", "--no-deps", wheel]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"pip could not install itself:\n{done.stdout}{done.stderr}")


class _Links(html.parser.HTMLParser):
    """The links of a page of the simple index, except withdrawn files."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href") and "data-yanked" not in attributes:
            self.found.append(str(attributes["href"]))


def _newest_pip() -> tuple[str, str]:
    """Address and SHA-256 (or "") of the newest released wheel of pip."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple/").rstrip("/") + "/pip/"
    links = _Links()
    links.feed(_fetch(index).decode("utf-8", "replace"))
    wheels: list[tuple[tuple[int, ...], str, str]] = []
    for link in links.found:
        address, _, fragment = urllib.parse.urljoin(index, link).partition("#")
        parts = address.rsplit("/", 1)[-1].split("-")
        numbers = parts[1].split(".") if len(parts) == 5 and parts[-1] == "any.whl" else []
        if numbers and all(number.isdigit() for number in numbers):
            hashed = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
            wheels.append((tuple(map(int, numbers)), address, hashed))
    if not wheels:
        raise Failed(f"the package index has no wheel of pip at {index}; see PIP_INDEX_URL")
    _, address, hashed = max(wheels)
    return address, hashed


def _fetch(url: str) -> bytes:
    certificates = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=certificates)
    try:
        with urllib.request.urlopen(url, timeout=60, context=context) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, TimeoutError) as error:
        raise Failed(
            f"{url} cannot be fetched: {error}. Either connect to a package index (PIP_INDEX_URL), "
            "or install Debian's python3-venv and try again."
        ) from error


def _install(python: Path, extras: list[str], *, locked: bool) -> None:
    target = f".[{','.join(extras)}]" if extras else "."
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if locked and (ROOT / "requirements.lock").exists():
        command += ["--constraint", "requirements.lock"]
    if subprocess.run([*command, "--editable", target], cwd=ROOT).returncode:
        raise Failed("pip could not install the dependencies; its message is above. Nothing was stamped: try again.")


if __name__ == "__main__":
    sys.exit(main())
