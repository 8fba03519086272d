"""From Django's settings to the gateway's: every one is looked at before anything starts."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from perdure.conf import DEFAULTS
from perdure.errors import ConfigurationError
from perdure.server.gateway.settings import GatewaySettings, load
from perdure.server.gateway_settings import gateway_settings, write

pytestmark = pytest.mark.sqlite


def test_the_defaults_are_good_for_one_machine() -> None:
    with override_settings(LOG_DIR=None):
        found = gateway_settings()
    assert found.interfaces == ["127.0.0.1"]
    assert (found.telnet_port, found.web_port, found.telnet_tls_port) == (4000, 4001, None)
    assert found.logging.directory == "server/logs"
    assert not found.logging.to_stdout


def test_what_is_set_reaches_the_gateway(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.touch()
    key.touch()
    with override_settings(
        SERVERNAME="Labyrinth",
        INTERFACES=["0.0.0.0", "::"],
        TELNET_TLS_PORT=4003,
        TLS_CERTIFICATE=str(cert),
        TLS_KEY=key,
        WEB_TLS=True,
        MAX_COMMAND_RATE=10,
        MAX_CHAR_LIMIT=100,
        MAX_WAITING_LINES=7,
        RELOAD_CHECK_TIMEOUT=33,
        RELOAD_FINISH_TIMEOUT=3,
        RELOAD_TAKEOVER_TIMEOUT=4,
        STOP_TIMEOUT=5,
        LOG_FORMAT="plain",
        UPSTREAM_IPS=["10.0.0.0/8"],
        MSSP_VARIABLES={"GENRE": "Adventure"},
    ):
        found = gateway_settings(to_stdout=True, json_logs=True)
    assert found.server_name == "Labyrinth"
    assert found.interfaces == ["0.0.0.0", "::"]
    assert (found.tls_cert, found.tls_key, found.web_tls) == (str(cert), str(key), True)
    assert (found.limits.line_rate, found.limits.line_characters, found.limits.queued_lines) == (10, 100, 7)
    timeouts = found.timeouts
    assert (timeouts.reload, timeouts.quiesce, timeouts.takeover, timeouts.stop) == (33, 3, 4, 5)
    assert (found.logging.format, found.logging.to_stdout) == ("json", True)
    assert found.mssp == {"GENRE": "Adventure"}


def test_the_file_is_what_the_gateway_reads(tmp_path: Path) -> None:
    found = gateway_settings()
    path = write(found, tmp_path)
    assert load(path) == found
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_lockdown_keeps_the_world_outside() -> None:
    with override_settings(LOCKDOWN_MODE=True, INTERFACES=["0.0.0.0"]):
        assert gateway_settings().interfaces == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELNET_PORT", "4000"),
        ("TELNET_PORT", 70_000),
        ("WEB_PORT", -1),
        ("WEB_PORT", True),
        ("INTERFACES", []),
        ("INTERFACES", "127.0.0.1"),
        ("INTERFACES", ["localhost"]),
        ("UPSTREAM_IPS", ["10.0.0.0/99"]),
        ("MAX_COMMAND_RATE", 0),
        ("MAX_CHAR_LIMIT", 1.5),
        ("MAX_CONNECTIONS", "many"),
        ("MAX_WAITING_LINES", -1),
        ("RELOAD_CHECK_TIMEOUT", 0),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "LOUD"),
        ("TLS_CERTIFICATE", "/no/such/file.pem"),
        ("WEBSOCKET_ORIGINS", "https://play.example"),
        ("TELNET_TLS_PORT", 4003),
        ("WEB_TLS", True),
        ("WEB_PORT", 4000),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: Any) -> None:
    with override_settings(**{name: value}), pytest.raises(ConfigurationError, match=name):
        gateway_settings()


def test_somebody_must_be_able_to_come_in() -> None:
    with override_settings(TELNET_PORT=None, WEB_PORT=None), pytest.raises(ConfigurationError, match="TELNET_PORT"):
        gateway_settings()


def test_defaults_of_both_sides_agree() -> None:
    """A gateway without a file does as one whose game sets nothing."""
    limits, timeouts = GatewaySettings().limits, GatewaySettings().timeouts
    assert limits.connections == DEFAULTS["MAX_CONNECTIONS"]
    assert limits.connection_rate == DEFAULTS["MAX_CONNECTION_RATE"]
    assert limits.line_rate == DEFAULTS["MAX_COMMAND_RATE"]
    assert limits.line_burst == 2 * DEFAULTS["MAX_COMMAND_RATE"]
    assert limits.line_characters == DEFAULTS["MAX_CHAR_LIMIT"]
    assert limits.queued_lines == DEFAULTS["MAX_WAITING_LINES"]
    assert limits.output_bytes == DEFAULTS["MAX_WAITING_OUTPUT"]
    assert timeouts.reload == DEFAULTS["RELOAD_CHECK_TIMEOUT"]
    assert timeouts.takeover == DEFAULTS["RELOAD_TAKEOVER_TIMEOUT"]
