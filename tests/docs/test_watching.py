"""The page on metrics and logs has all that there are, and no other."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from perdure.server import logs
from perdure.server.gateway.metrics import Metrics as GatewayMetrics
from perdure.server.world.metrics import Metrics
from perdure.testing.plugin import world as world
from tests.docs.pages import ROOT

pytestmark = pytest.mark.sqlite

PAGE = (ROOT / "docs" / "operators" / "watching.md").read_text()
SOURCE = ROOT / "src" / "perdure"


def names_of(text: str) -> set[str]:
    """Of metrics, as Prometheus has them."""
    found = set(re.findall(r"^# HELP (\w+) ", text, re.MULTILINE))
    return {name for name in found if not name.endswith("_created")}


def test_every_metric_is_on_the_page_and_no_other(world: Any) -> None:
    metrics = Metrics(world.world)
    world.player("Anna").send("look")
    there = names_of(metrics.text().decode())
    there |= names_of(GatewayMetrics().text({}))
    told = set(re.findall(r"`(perdure_[a-z_]+)`", PAGE))
    assert there - told == set()
    gauges = told - there
    source = (SOURCE / "server" / "gateway" / "gateway.py").read_text()
    unknown = {name for name in gauges if f'"{name.removeprefix("perdure_gateway_")}": (' not in source}
    assert unknown == set()


def test_every_gauge_of_the_gateway_is_on_the_page() -> None:
    source = (SOURCE / "server" / "gateway" / "gateway.py").read_text()
    gauges = re.findall(r'^\s+"(\w+)": \(\s*"[A-Z]', source, re.MULTILINE)
    assert len(gauges) >= 5
    assert [name for name in gauges if f"`perdure_gateway_{name}`" not in PAGE] == []


def test_every_log_is_on_the_page_and_no_other() -> None:
    there = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger" and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant) and str(name.value).startswith("perdure."):
                    there.add(str(name.value))
    assert len(there) > 20
    told = set(re.findall(r"`(perdure\.[a-z.]+)`", PAGE))
    assert there == told


def test_every_field_of_a_json_line_is_on_the_page() -> None:
    assert [name for name in logs.FIELDS if f"`{name}`" not in PAGE] == []
