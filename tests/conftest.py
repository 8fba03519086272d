"""What every test run shares: the choice of database, hypothesis profiles, and Django's set-up.

`pytest --backend sqlite|postgresql`. The first process of a run makes the temporary directory and, for
PostgreSQL, the cluster; the workers of xdist inherit both through the environment.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests import postgresql_cluster

_CLUSTER = pytest.StashKey[postgresql_cluster.Cluster]()
_DIRECTORY = pytest.StashKey[str]()

_TESTS = Path(__file__).parent
#: These ask nothing of the test database, make SQLite games of their own, or are about nothing that differs between
#: databases: once is enough.
_ONCE = (
    "benchmarks/",
    "cli/",
    "commands/building/test_permissions.py",
    "compat/",
    "crashes/",
    "docs/",
    "fuzz/",
    "gateway/",
    "infrastructure/",
    "live/",
    "locks/",
    "security/",
    "server_processes/",
    "text/",
    "typing/",
    "values/",
    "web/rest/test_who_may_what.py",
    "web/test_browser_client.py",
    "web/test_site_in_browser.py",
    "worlds/test_sphere.py",
)

_TOGETHER = (
    "tests/crashes/",
    "tests/live/test_demonstration.py",
    "tests/security/test_live.py",
    "tests/worlds/test_story.py",
)

_SLOW_IS_FINE = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture]
hypothesis.settings.register_profile(
    "ci", derandomize=True, max_examples=50, stateful_step_count=30, deadline=None, suppress_health_check=_SLOW_IS_FINE
)
hypothesis.settings.register_profile(
    "dev", max_examples=50, stateful_step_count=30, deadline=None, suppress_health_check=_SLOW_IS_FINE, print_blob=True
)
hypothesis.settings.register_profile(
    "soak",
    max_examples=2000,
    stateful_step_count=100,
    deadline=None,
    suppress_health_check=_SLOW_IS_FINE,
    print_blob=True,
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        choices=("sqlite", "postgresql"),
        default=os.environ.get("PERDURE_TEST_BACKEND", "sqlite"),
        help="the database that the tests run on",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Fix the environment, then let Django read its settings from it."""
    if not hasattr(config, "workerinput"):
        _prepare_environment(config)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    # Serializers that lack a library keep the error of their import, and with it all that its frames refer to: the
    # objects of the first test that serializes.
    from django.core import serializers

    serializers.get_serializer_formats()


def _prepare_environment(config: pytest.Config) -> None:
    backend = config.getoption("--backend")
    os.environ["PERDURE_TEST_BACKEND"] = backend
    config.stash[_DIRECTORY] = os.environ["PERDURE_TEST_DIR"] = tempfile.mkdtemp(prefix="perdure-tests-")
    if backend == "postgresql":
        try:
            cluster = postgresql_cluster.start()
        except postgresql_cluster.ClusterUnavailable as error:
            raise pytest.UsageError(f"--backend postgresql: {error}") from error
        config.stash[_CLUSTER] = cluster
        os.environ["PERDURE_TEST_PGHOST"] = str(cluster.host)


def pytest_unconfigure(config: pytest.Config) -> None:
    if cluster := config.stash.get(_CLUSTER, None):
        cluster.stop()
    if directory := config.stash.get(_DIRECTORY, None):
        shutil.rmtree(directory, ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> str:
    return f"backend: {os.environ['PERDURE_TEST_BACKEND']}"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Many tests collect garbage; what was there before the first need not be searched each time.

    Later would be wrong: what a test has left, and is frozen, is never collected.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """An error that is a parameter of a test outlives it, and must not keep the objects of its frames."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    for error in (one for one in parameters if isinstance(one, BaseException)):
        error.__traceback__ = error.__context__ = None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share a running game share a process. (`xdist_group` has no effect with pytest 9.)"""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((group for group in _TOGETHER if nodeid.startswith(group)), nodeid)

    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are only about the other backend; say so instead of skipping."""
    backend = os.environ["PERDURE_TEST_BACKEND"]
    other = "postgresql" if backend == "sqlite" else "sqlite"
    left_out = [item for item in items if item.get_closest_marker(other) and not item.get_closest_marker(backend)]
    if backend == "postgresql":
        once = [item for item in items if item.path.relative_to(_TESTS).as_posix().startswith(_ONCE)]
        left_out += [item for item in once if item not in left_out]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(map(id, left_out))
        items[:] = [item for item in items if id(item) not in gone]
