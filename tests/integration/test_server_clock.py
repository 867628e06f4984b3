"""Several processes on machines whose clocks differ live by the clock of their database server."""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import pytest

from bot.app import monitoring_server
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from bot.storage.errors import AlreadyRepeated, ChannelTooBusy
from bot.storage.models import Creation, CreationState, Destination, NewCreation
from bot.storage.postgres.engine import PostgresEngine
from bot.storage.queue_statistics import QueueStatistics
from bot.storage.server_clock import ServerClock
from sandbox.relay import LocalRelay
from tests.support.account_harness import NOTHING, open_accounts
from tests.support.creation_harness import (
    CHANNEL,
    NO_QUOTAS,
    OPERATOR,
    SONG,
    CreationHarness,
    open_creations,
)
from tests.support.databases import location

ELSEWHERE = Destination(900, 90)


def engine(folder: Path, local_clock: Callable[[], float]) -> PostgresEngine:
    """Return the database of a test as a machine sees it that has this clock."""
    return PostgresEngine(str(location(folder / "suno.db")), local_clock=local_clock)


def ahead(seconds: float) -> Callable[[], float]:
    """Return a clock that is ahead of the server's."""
    return lambda: time.time() + seconds


def difference(database: DatabaseThread) -> float:
    """Return by how many seconds the clock of a process is ahead of the server's."""
    return database.clock() - time.time()


@asynccontextmanager
async def process(
    folder: Path, relay: LocalRelay, seconds: float, changes: Mapping[str, str] = NOTHING
) -> AsyncIterator[CreationHarness]:
    """Build a bot on a machine whose clock is ahead."""
    seen = engine(folder, ahead(seconds))
    async with open_creations(folder, relay, changes, engine=seen) as harness:
        yield harness


async def request(harness: CreationHarness, **fields: Any) -> Creation:
    """Store a request by the clock that the process has now."""
    harness.clock.now = harness.accounts.database.clock()
    return await harness.request(**fields)


async def send(harness: CreationHarness) -> None:
    """Send what is due by the clock that the process has now, as one that begins to lead."""
    harness.clock.now = harness.accounts.database.clock()
    await harness.send(harness.submitter())


async def repeat(harness: CreationHarness, creation: Creation) -> None:
    """Make a request again by the clock that the process has now."""
    now = harness.accounts.database.clock()
    guild_id = CHANNEL.guild_id
    await harness.store.add(
        NewCreation(
            OPERATOR, SONG, 7, CHANNEL, guild_id, now, 86400.0, NO_QUOTAS, repeats=creation.id
        )
    )


@pytest.mark.usefixtures("on_postgres")
@pytest.mark.parametrize("seconds", [180.0, 662.0, -660.0])
async def test_a_request_that_another_process_has_stored_is_sent_at_once(
    tmp_path: Path, seconds: float
) -> None:
    """Neither later nor never, whichever clock is ahead; this leader has just begun to lead."""
    async with (
        LocalRelay() as relay,
        process(tmp_path, relay, 0) as leader,
        process(tmp_path, relay, seconds) as follower,
    ):
        await request(follower)
        await send(leader)
        assert await leader.states() == [CreationState.SUBMITTED]


@pytest.mark.usefixtures("on_postgres")
async def test_the_limit_of_a_channel_holds_in_all_processes(tmp_path: Path) -> None:
    """A request in a process whose clock is behind does not let it forget what was counted."""
    changes = {"messages_per_channel": "5"}
    async with (
        LocalRelay() as relay,
        process(tmp_path, relay, 0, changes) as one,
        process(tmp_path, relay, -90, changes) as behind,
    ):
        for _ in range(5):
            await request(one)
        await request(behind, user_id=99, destination=ELSEWHERE)
        for each in (one, behind):
            with pytest.raises(ChannelTooBusy):
                await request(each, user_id=8)


@pytest.mark.usefixtures("on_postgres")
async def test_a_request_that_was_just_repeated_elsewhere_is_not_repeated(tmp_path: Path) -> None:
    """It was sent meanwhile, and the ten seconds after that are of one clock."""
    async with (
        LocalRelay() as relay,
        process(tmp_path, relay, 0) as one,
        process(tmp_path, relay, 90) as another,
    ):
        creation = await request(one)
        await repeat(one, creation)
        await send(one)
        assert await one.states() == [CreationState.SUBMITTED] * 2
        with pytest.raises(AlreadyRepeated):
            await repeat(another, creation)


@pytest.mark.usefixtures("on_postgres")
async def test_the_clock_follows_the_server_while_the_process_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The clock of the machine is set while the bot runs; the log says what differs."""
    clocks = [ahead(-660.0)]
    async with DatabaseThread("", engine=engine(tmp_path, lambda: clocks[-1]())) as database:
        assert abs(difference(database)) < 1
        assert "this machine's differs: ahead=-660.0s" in caplog.text
        for seconds in (180.0, 0.0):
            clocks.append(ahead(seconds))
            await database.write("DELETE FROM watches", [])
            assert abs(difference(database)) < 1


@pytest.mark.usefixtures("on_postgres")
async def test_a_synchronised_clock_is_left_alone(tmp_path: Path) -> None:
    """What a question takes on its way corrects nothing."""
    local = ahead(0.4)
    async with DatabaseThread("", engine=engine(tmp_path, lambda: local())) as database:
        await database.write("DELETE FROM watches", [])
        assert abs(difference(database) - 0.4) < 0.01


def test_a_slow_answer_corrects_no_more_than_it_proves() -> None:
    """The server may have read its clock at any time between the question and the answer."""
    clock = ServerClock(lambda: 1000.0)
    clock.correct(asked_at=990.0, server_time=995.0, answered_at=1000.0)
    assert clock() == 1000.0
    clock.correct(asked_at=990.0, server_time=1100.0, answered_at=1000.0)
    assert clock() == 1100.0
    clock.correct(asked_at=1000.0, server_time=1105.0, answered_at=1000.0)
    assert clock() == 1105.0


def test_an_answer_proves_nothing_if_the_clock_was_set_back_before_it() -> None:
    """The next one does."""
    clock = ServerClock(lambda: 1000.0)
    clock.correct(asked_at=1600.0, server_time=1600.0, answered_at=1000.0)
    assert clock() == 1000.0


def held_by(value: object) -> Iterator[object]:
    """Yield what a value of ours, a container or a function holds."""
    match value:
        case Mapping():
            yield from value.values()
        case list() | tuple() | set() | frozenset():
            yield from value
        case partial():
            yield from (value.func, value.args, value.keywords)
        case MethodType():
            yield value.__self__
        case FunctionType():
            yield from (cell.cell_contents for cell in value.__closure__ or ())
        case _ if type(value).__module__.partition(".")[0] == "bot":
            yield from vars(value).values() if hasattr(value, "__dict__") else ()
            slots = (
                name for each in type(value).__mro__ for name in vars(each).get("__slots__", ())
            )
            yield from (getattr(value, name, None) for name in slots)


def users_of_local_time(root: object) -> set[str]:
    """Return the types of the parts that read the clock of the machine."""
    found, seen, waiting = set[str](), dict[int, object](), [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        held = list(held_by(value))
        if time.time in held:
            found.add(type(value).__name__)
        waiting += held
    return found


@pytest.mark.usefixtures("on_postgres")
async def test_every_part_of_a_bot_lives_by_the_clock_of_its_database(tmp_path: Path) -> None:
    """Only that clock itself reads the machine's."""
    async with LocalRelay() as relay, open_accounts(tmp_path, relay) as harness:
        await harness.connect()
        settings = Settings.model_validate({"discord_token": "token", "suno_api_key": "key"})
        queues = QueueStatistics(harness.database, OPERATOR)
        client = harness.registry.connections[0].client
        server = monitoring_server(settings, harness.bot, client, harness.database, queues)
        assert users_of_local_time([harness.bot, server]) == {"ServerClock"}
