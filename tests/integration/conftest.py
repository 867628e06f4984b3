"""Fixtures that several integration tests need."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.outbox import Outbox
from tests.support.databases import location
from tests.support.dispatcher_harness import DispatcherHarness, open_dispatcher
from tests.support.doctor_harness import DoctorHarness
from tests.support.media_server import MediaServer, open_media_server
from tests.support.poller_harness import PollerHarness, open_poller
from tests.support.sandbox_session import SandboxSession


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[DatabaseThread]:
    """Yield an empty database."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        yield database


@pytest.fixture
def outbox(database: DatabaseThread) -> Outbox:
    """Return the outbox of the empty database."""
    return Outbox(database)


@pytest.fixture
async def database_path(sandbox: SandboxSession) -> Path:
    """Return the path of the database of a bot that ran in the sandbox and has stopped."""
    path = sandbox.folder / "suno.db"
    async with DatabaseThread(path):
        pass
    return path


@pytest.fixture
def doctor(sandbox: SandboxSession, monkeypatch: pytest.MonkeyPatch) -> DoctorHarness:
    """Return a doctor that examines the sandbox."""
    return DoctorHarness(sandbox, monkeypatch)


@pytest.fixture
async def media() -> AsyncIterator[MediaServer]:
    """Yield a server of songs."""
    async with open_media_server() as media:
        yield media


@pytest.fixture
async def dispatching(tmp_path: Path) -> AsyncIterator[DispatcherHarness]:
    """Yield a dispatcher whose client is connected to a Discord."""
    async with open_dispatcher(tmp_path) as dispatching:
        yield dispatching


@pytest.fixture
async def polling(tmp_path: Path) -> AsyncIterator[PollerHarness]:
    """Yield a poller with a relay and an empty database."""
    async with open_poller(tmp_path / "suno.db") as polling:
        yield polling
