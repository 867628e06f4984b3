"""Fixtures for tests of every kind, and the check that every test is subject to."""

import gc
import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from bot.i18n.catalog import mention_commands
from sandbox.discord import middleware
from tests.support.databases import PostgresDatabases, use_engine
from tests.support.paths import ROOT
from tests.support.postgres_server import open_server
from tests.support.sandbox_session import SandboxSession, open_sandbox
from tests.support.scheduling import spread

hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")

os.environ["SSL_CERT_FILE"] = os.devnull
"""Tests trust no server but those on loopback: processes start without reading all certificates."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of processes, which take longest, on every worker of pytest-xdist."""
    workers = os.environ.get("PYTEST_XDIST_WORKER_COUNT")
    if workers is None:
        return
    processes = ROOT / "tests" / "e2e"
    slow = [item for item in items if processes in item.path.parents]
    others = [item for item in items if processes not in item.path.parents]
    items[:] = spread(slow, others, int(workers))


def pytest_collection_finish() -> None:
    """Spare the garbage collector what is imported by now: it stays until the end."""
    gc.collect()
    gc.freeze()


class _Collector(logging.Handler):
    """Keeps the lines of a log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


@pytest.fixture(autouse=True)
def well_formed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which a bot asks a local Discord for what Discord never takes.

    The bot may well recover from the refusal, by sending something simpler, and so hide a bug.
    """
    log, collector = logging.getLogger(middleware.__name__), _Collector()
    log.setLevel(logging.WARNING)
    log.addHandler(collector)
    yield
    log.removeHandler(collector)
    if request.node.get_closest_marker("malformed_requests") is None:
        assert collector.lines == []


@pytest.fixture(autouse=True)
def _forgotten_commands() -> Iterator[None]:
    """Let a test know no ids of commands, whatever bot the tests before it ran."""
    mention_commands({})
    yield
    mention_commands({})


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """Yield the databases in a PostgreSQL server, which runs for all tests of this process."""
    with open_server() as server:
        yield PostgresDatabases(server)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the database engine on which the test runs."""
    name = getattr(request, "param", "sqlite")
    if name == "sqlite":
        yield name
        return
    request.getfixturevalue("on_postgres")
    yield name


@pytest.fixture
def on_postgres(postgres_databases: PostgresDatabases) -> Iterator[None]:
    """Let the databases of a test be in PostgreSQL."""
    use_engine(postgres_databases)
    yield
    use_engine(None)
    postgres_databases.drop_all()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of the conformance suite on both engines, but for those of a whole bot."""
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    whole_bot = "sandbox" in metafunc.fixturenames
    if "both_engines" in marks and "sqlite_only" not in marks and not whole_bot:
        metafunc.parametrize("engine", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a Discord and a relay with two users; no bot runs yet."""
    async with open_sandbox(tmp_path) as sandbox:
        yield sandbox
