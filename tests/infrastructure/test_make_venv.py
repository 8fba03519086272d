"""`scripts/make_venv.py`: what it does when pip has to come from the index."""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHEEL = b"not really a wheel"
PAGE = """
<a href="pip-9.9-py3-none-any.whl#sha256=00">old</a>
<a href="../files/pip-23.10-py3-none-any.whl#sha256={digest}">newest</a>
<a href="pip-23.9-py3-none-any.whl">less new</a>
<a href="pip-99.0-py3-none-any.whl" data-yanked="broken">withdrawn</a>
<a href="pip-24.0b1-py3-none-any.whl">not released</a>
<a href="pip-50.0.tar.gz">source</a>
"""


@pytest.fixture
def make_venv() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_venv", ROOT / "scripts" / "make_venv.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A package index on loopback that serves what the test puts into the dict."""
    served: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = served.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    for name in ("PIP_CERT", "SSL_CERT_FILE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_newest_released_pip_is_chosen(make_venv: ModuleType, pages: dict[str, bytes]) -> None:
    pages["/simple/pip/"] = PAGE.format(digest="ab").encode()
    address, digest = make_venv._newest_pip()
    assert address.endswith("/simple/files/pip-23.10-py3-none-any.whl")
    assert digest == "ab"


def test_a_file_that_is_not_what_the_index_says_is_refused(make_venv: ModuleType, pages: dict[str, bytes]) -> None:
    pages["/simple/pip/"] = PAGE.format(digest=hashlib.sha256(b"another").hexdigest()).encode()
    pages["/simple/files/pip-23.10-py3-none-any.whl"] = WHEEL
    with pytest.raises(make_venv.Failed, match="SHA-256"):
        make_venv._bootstrap_pip(Path("/nonexistent/python"))


def test_no_index_says_what_to_do(make_venv: ModuleType, pages: dict[str, bytes]) -> None:
    with pytest.raises(make_venv.Failed, match=r"PIP_INDEX_URL.*python3-venv"):
        make_venv._newest_pip()


def test_a_stamp_that_fits_is_enough(make_venv: ModuleType, tmp_path: Path) -> None:
    """No Python in it, so anything but an early return would have to make one."""
    stamp = {"inputs": make_venv._hash_of_inputs(), "locked": True, "extras": ["dev", "docs"]}
    (tmp_path / "perdure-stamp.json").write_text(make_venv.json.dumps(stamp))
    make_venv.make(tmp_path, ["dev"], locked=True)
    assert [path.name for path in tmp_path.iterdir()] == ["perdure-stamp.json"]


def test_an_old_python_is_named(make_venv: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_venv.sys, "version_info", (3, 9, 2))
    with pytest.raises(make_venv.Failed, match=r"3\.11 or later is needed, this is 3\.9\.2"):
        make_venv.make(tmp_path / "venv", ["dev"], locked=True)
    assert list(tmp_path.iterdir()) == []


def test_what_one_verb_has_installed_another_need_not_install_again(
    make_venv: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make play` wants less than `make test`: going to and fro between them installs once."""
    installed: list[list[str]] = []
    works = True
    monkeypatch.setattr(make_venv, "_works", lambda python: works)
    monkeypatch.setattr(make_venv, "_create", lambda venv: None)
    monkeypatch.setattr(make_venv, "_install", lambda python, extras, locked: installed.append(extras))
    for extras in (["cave"], ["dev"], ["cave"], ["dev"], ["cave", "dev"]):
        make_venv.make(tmp_path, extras, locked=True)
    assert installed == [["cave"], ["dev"]]
    works = False  # the environment has gone away: what was in it has gone, too
    (tmp_path / "perdure-stamp.json").unlink()
    make_venv.make(tmp_path, ["cave"], locked=True)
    make_venv.make(tmp_path, ["dev"], locked=True)
    assert installed[2:] == [["cave"], ["dev"]]
