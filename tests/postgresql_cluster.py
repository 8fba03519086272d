"""A throw-away PostgreSQL cluster for the tests: made, started and removed by the test run itself.

Contract: `start()` gives a running cluster that listens on a Unix socket in a private directory only, or
raises `ClusterUnavailable` saying what is missing. `stop()` ends it and removes every file.
Durability is off, unless it is asked for: the data lives as long as the run.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

USER = "perdure"
DATABASES = ("perdure", "perdure_other")
START_SECONDS = 30


class ClusterUnavailable(RuntimeError):
    """PostgreSQL's programs are missing, or the cluster would not start."""


def find_program(name: str) -> str | None:
    """Where the program is: on PATH, else the newest under Debian's version directories."""
    if found := shutil.which(name):
        return str(Path(found).resolve())
    candidates = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    versions = sorted(candidates, key=lambda path: float(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    return str(versions[-1]) if versions else None


def available() -> bool:
    """Whether a cluster can be made here."""
    return bool(find_program("initdb") and find_program("postgres"))


def _unprivileged_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: the user to run as then, None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ClusterUnavailable("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to use")


@dataclass
class Cluster:
    """A running cluster; `host` is the directory of its socket."""

    host: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the server and remove its files."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast" shutdown: open sessions are ended
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.host, ignore_errors=True)


def start(databases: Iterable[str] = DATABASES, *, durable: bool = False) -> Cluster:
    """Make and start a cluster with the user and these databases; `durable` as a server for real data is."""
    initdb, postgres = find_program("initdb"), find_program("postgres")
    if not initdb or not postgres:
        raise ClusterUnavailable("initdb and postgres were not found on PATH or under /usr/lib/postgresql/*/bin")
    owner = _unprivileged_user()
    # /tmp and not TMPDIR: the path of a Unix socket may have 107 characters, and another user must reach it.
    home = Path(tempfile.mkdtemp(prefix="perdure-pg-", dir="/tmp"))
    identity: dict[str, object] = {"cwd": "/"}
    if owner is not None:
        os.chown(home, owner.pw_uid, owner.pw_gid)
        home.chmod(0o755)
        identity |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    try:
        return _start(home, initdb, postgres, identity, databases, _DURABLE if durable else _DISPOSABLE)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise


_DISPOSABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}
_DURABLE = {"shared_buffers": "256MB"}


def _start(
    home: Path,
    initdb: str,
    postgres: str,
    identity: dict[str, object],
    databases: Iterable[str],
    behaviour: dict[str, str],
) -> Cluster:
    data, log = home / "data", home / "log"
    made = subprocess.run(
        [initdb, "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        capture_output=True,
        text=True,
        **identity,  # type: ignore[call-overload]
    )
    if made.returncode:
        raise ClusterUnavailable(f"initdb failed:\n{made.stdout}{made.stderr}")
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(home),
        "max_connections": "100",
        **behaviour,
    }
    command = [postgres, "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **identity)  # type: ignore[call-overload]
    cluster = Cluster(home, process)
    try:
        _create_databases(cluster, log, databases)
    except BaseException:
        cluster.stop()
        raise
    return cluster


def _create_databases(cluster: Cluster, log: Path, databases: Iterable[str]) -> None:
    """Wait until the server answers, then create the databases."""
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while True:
        if cluster.process.poll() is not None:
            raise ClusterUnavailable(f"postgres ended at once:\n{log.read_text(errors='replace')}")
        try:
            connection = psycopg.connect(host=str(cluster.host), user=USER, dbname="postgres", autocommit=True)
            break
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise ClusterUnavailable(f"postgres did not answer within {START_SECONDS} s: {error}") from error
            time.sleep(0.05)
    with connection:
        for name in databases:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
