"""Tasks that a relay knew and does not name any more: what that says of them, and what not."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.doctor.report import Area, State
from bot.metrics import Metrics
from bot.polling.poller import Poller
from bot.polling.schedule import MISSING_TASK_TIMEOUT
from bot.storage.database import DatabaseThread
from bot.storage.key_value import RelayAccess, create_fingerprint
from bot.storage.models import EndReason, WatchOutcome
from sandbox.bot_process import BotProcess
from sandbox.relay import LocalRelay, song, stuck
from tests.support.doctor_harness import DoctorHarness, run_doctor_command
from tests.support.poller_harness import DEADLINE, PollerHarness, open_poller
from tests.support.sandbox_session import SandboxSession

HALF_AN_HOUR = MISSING_TASK_TIMEOUT
ANOTHER_KEY = "sk-another-key-of-the-local-relay"
WARNING = "not named under this SUNO_API_KEY"
MISSING_TASKS_WARNING = "Relay names none of the tasks"


@pytest.fixture
async def relay() -> AsyncIterator[LocalRelay]:
    """Return a relay that outlives the bots."""
    async with LocalRelay() as relay:
        yield relay


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the database is."""
    return tmp_path / "suno.db"


@pytest.fixture
async def polling(path: Path, relay: LocalRelay) -> AsyncIterator[PollerHarness]:
    """Return the only bot of a test."""
    async with open_poller(path, relay=relay) as polling:
        yield polling


def the_next(path: Path, before: PollerHarness) -> AbstractAsyncContextManager[PollerHarness]:
    """Open the world of the bot that is started after another one was stopped."""
    return open_poller(path, relay=before.relay, clock=before.clock)


async def wait(polling: PollerHarness, seconds: float, step: float = 100) -> None:
    """Let time pass with a poll now and then, never so long without that it is an outage."""
    for _ in range(int(seconds // step) + 1):
        await polling.poll_after(step)


async def watch(polling: PollerHarness, *ids: str) -> None:
    """Watch songs that are being made for ever, and poll them."""
    for task_id in ids:
        polling.relay.add(stuck(task_id))
        assert await polling.watch(task_id) is WatchOutcome.WATCHING
    await polling.poll_after(5)


def forget(polling: PollerHarness, *ids: str) -> None:
    """Let the relay know tasks no longer, or show them no longer to this key."""
    for task_id in ids:
        polling.relay.remove(task_id)


async def endings(polling: PollerHarness) -> dict[str, EndReason]:
    """Return how what is owed ended; each is taken as posted."""
    ended = {}
    while owed := await polling.claim_due():
        for each in owed:
            ended[each.task.id] = each.end_reason
            await polling.outbox.acknowledge(each, message_id=each.id, now=polling.clock.now)
    return ended


# Another key


async def test_a_task_of_another_key_waits_and_is_not_reported_as_unknown(
    path: Path, relay: LocalRelay, caplog: pytest.LogCaptureFixture
) -> None:
    """Until its deadline, whatever else the relay names; the operator is warned once."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "first", "second")
    relay.key = ANOTHER_KEY
    forget(polling, "first", "second")
    async with the_next(path, polling) as polling:
        await watch(polling, "third")
        await wait(polling, HALF_AN_HOUR + 600)
        assert await endings(polling) == {}
        warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
        assert [WARNING in each.getMessage() for each in warnings] == [True]
        await wait(polling, DEADLINE - HALF_AN_HOUR - 600)
        assert (await endings(polling)).keys() >= {"first", "second"}


async def test_a_task_of_another_key_ends_with_what_is_true(path: Path, relay: LocalRelay) -> None:
    """The relay never said how it ended: not more, and not less."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "song")
    relay.key = ANOTHER_KEY
    forget(polling, "song")
    async with the_next(path, polling) as polling:
        await wait(polling, DEADLINE)
        assert await endings(polling) == {"song": EndReason.GAVE_UP}


async def test_a_task_that_is_named_under_the_new_key_goes_on(
    path: Path, relay: LocalRelay
) -> None:
    """It is reported when it is done; and once it was named, it may be lost like any other."""
    async with open_poller(path, relay=relay) as polling:
        relay.add(song("song", takes=600))
        assert await polling.watch("song") is WatchOutcome.WATCHING
        await watch(polling, "lost")
    relay.key = ANOTHER_KEY
    async with the_next(path, polling) as polling:
        await watch(polling, "other")
        forget(polling, "lost")
        await wait(polling, HALF_AN_HOUR + 300)
        assert await endings(polling) == {"song": EndReason.FINISHED, "lost": EndReason.NOT_FOUND}


async def test_a_key_that_is_set_back_finds_its_tasks_waiting(
    path: Path, relay: LocalRelay
) -> None:
    """The time under the other key counts for nothing: one poll that misses a task ends it not."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "song", "lost")
    relay.key, key = ANOTHER_KEY, relay.key
    forget(polling, "song", "lost")
    async with the_next(path, polling) as polling:
        await watch(polling, "other")
        await wait(polling, HALF_AN_HOUR + 600)
    relay.key = key
    forget(polling, "other")
    async with the_next(path, polling) as polling:
        relay.add(song("song", takes=1))
        await polling.poll_after(5)
        await polling.poll_after(5)
        assert await endings(polling) == {"song": EndReason.FINISHED}


async def test_the_same_holds_for_another_address(path: Path, relay: LocalRelay) -> None:
    """Behind which there may be another relay."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "song")
    async with (
        LocalRelay() as another,
        open_poller(path, relay=another, clock=polling.clock) as polling,
    ):
        await watch(polling, "other")
        await wait(polling, HALF_AN_HOUR + 600)
        assert await endings(polling) == {}


async def test_a_task_of_an_older_version_is_known_from_when_it_is_named(
    path: Path, relay: LocalRelay
) -> None:
    """Until then nobody knows under which key; one that is missing from the start waits."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "named", "missing")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tasks SET fingerprint = NULL")
    forget(polling, "missing")
    async with the_next(path, polling) as polling:
        await watch(polling, "other")
        forget(polling, "named")
        await wait(polling, HALF_AN_HOUR + 300)
        assert await endings(polling) == {"named": EndReason.NOT_FOUND}


async def test_a_task_that_was_named_for_a_person_is_known_under_that_key(
    path: Path, relay: LocalRelay
) -> None:
    """Not only what the background saw counts; nor does what was never named wait."""
    async with open_poller(path, relay=relay) as polling:
        relay.add(stuck("song"))
        assert await polling.watch("song") is WatchOutcome.WATCHING
        relay.start_outage()
        assert await polling.watch("stranger") is WatchOutcome.UNCHECKED
        relay.end_outage()
    relay.key = ANOTHER_KEY
    forget(polling, "song")
    async with the_next(path, polling) as polling:
        await watch(polling, "other")
        await wait(polling, HALF_AN_HOUR + 300)
        assert await endings(polling) == {"stranger": EndReason.NOT_FOUND}


# Missing together


async def test_tasks_that_disappear_together_are_not_reported_as_unknown(
    polling: PollerHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """A relay that names nothing any more is in trouble, however well it answers."""
    await watch(polling, "first", "second")
    forget(polling, "first", "second")
    await wait(polling, HALF_AN_HOUR + 600)
    assert await endings(polling) == {}
    assert sum(MISSING_TASKS_WARNING in message for message in caplog.messages) == 1
    polling.relay.add(song("first", takes=1), song("second", takes=1))
    await wait(polling, 100)
    assert await endings(polling) == {"first": EndReason.FINISHED, "second": EndReason.FINISHED}


async def test_a_relay_that_forgets_for_a_moment_is_not_worth_a_warning(
    polling: PollerHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """One of its machines may know of nothing: the log would be full of it."""
    await watch(polling, "first", "second")
    for _ in range(5):
        forget(polling, "first", "second")
        await polling.poll_after(10)
        polling.relay.add(stuck("first"), stuck("second"))
        await polling.poll_after(10)
    assert MISSING_TASKS_WARNING not in caplog.text


async def test_tasks_that_never_come_back_end_at_their_deadline(polling: PollerHarness) -> None:
    """Nobody waits for ever."""
    await watch(polling, "first", "second")
    forget(polling, "first", "second")
    await wait(polling, DEADLINE)
    assert await endings(polling) == {"first": EndReason.GAVE_UP, "second": EndReason.GAVE_UP}


async def test_a_task_that_is_missing_while_others_are_named_is_lost(
    polling: PollerHarness,
) -> None:
    """Also one of several."""
    await watch(polling, "first", "second", "third")
    forget(polling, "first", "second")
    await wait(polling, HALF_AN_HOUR + 100)
    assert await endings(polling) == {"first": EndReason.NOT_FOUND, "second": EndReason.NOT_FOUND}


async def test_tasks_disappear_together_though_each_is_polled_alone(
    polling: PollerHarness,
) -> None:
    """What counts is what the relay has named since, in whichever poll."""
    await watch(polling, "first", "second")
    forget(polling, "first", "second")
    begin = len(polling.relay.requests)
    poller = Poller(
        polling.client,
        polling.store,
        polling.schedule,
        batch_size=1,
        clock=polling.clock,
        metrics=Metrics(),
    )
    for _ in range(int(HALF_AN_HOUR) // 50 + 10):
        polling.clock.now += 50
        for _ in ("first", "second"):
            await poller.tick()
            await poller.finish(None)
    asked = {each.ids for each in polling.relay.requests[begin:] if each.method == "POST"}
    assert asked == {("first",), ("second",)}
    assert await endings(polling) == {}


async def test_the_half_hour_begins_when_the_relay_names_others_again(
    polling: PollerHarness,
) -> None:
    """One that stays missing then has been lost; the trouble before does not count."""
    await watch(polling, "first", "second")
    forget(polling, "first", "second")
    await wait(polling, 900)
    polling.relay.add(stuck("first"))
    await wait(polling, HALF_AN_HOUR - 300)
    assert await endings(polling) == {}
    await wait(polling, 400)
    assert await endings(polling) == {"second": EndReason.NOT_FOUND}


async def test_trouble_is_known_again_after_a_restart(path: Path, relay: LocalRelay) -> None:
    """The half hour does not begin with it."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "first", "second")
        forget(polling, "first", "second")
        await wait(polling, 600)
    async with the_next(path, polling) as polling:
        await wait(polling, HALF_AN_HOUR + 300)
        assert await endings(polling) == {}


async def test_the_only_task_that_is_watched_has_half_an_hour(polling: PollerHarness) -> None:
    """Nothing speaks of trouble, and who made one song wants to know."""
    await watch(polling, "song")
    forget(polling, "song")
    await wait(polling, HALF_AN_HOUR + 100)
    assert await endings(polling) == {"song": EndReason.NOT_FOUND}


# What is kept


async def test_a_fingerprint_tells_address_and_key_apart_and_neither_to_anybody(
    tmp_path: Path,
) -> None:
    """The same in each run of one database, another in each database; no file holds the key."""
    key = SecretStr("sk-" + "k" * 48)
    access = RelayAccess("custom", "https://relay.example", key)
    fingerprints = []
    for name in ("one.db", "one.db", "two.db"):
        async with DatabaseThread(tmp_path / name) as database:
            fingerprints.append(await create_fingerprint(database, access))
            other_key = access._replace(key=SecretStr("sk-other"))
            other_address = access._replace(base_url="https://other.example")
            others = {
                await create_fingerprint(database, each)
                for each in (other_key, other_address, access._replace(relay="deerapi"))
            }
            assert len(others - {fingerprints[-1]}) == 2
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
    for name in ("one.db", "two.db"):
        assert key.get_secret_value().encode() not in (tmp_path / name).read_bytes()


# What the operator sees


async def test_the_operator_is_informed_of_tasks_of_another_key(
    sandbox: SandboxSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one warning in the log, by the doctor, and by what it says of the task."""
    sandbox.relay.add(stuck("our-song"), stuck("other-song"))
    before = sandbox.environment
    async with BotProcess(sandbox.folder, before):
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        await sandbox.command_answer("suno watch", id="our-song")
        await sandbox.relay.wait_for_requests(3)
    sandbox.relay.remove("our-song")
    sandbox.relay.key = ANOTHER_KEY
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.command_answer("suno watch", id="other-song")
        async with asyncio.timeout(30):
            while WARNING not in bot.log:  # noqa: ASYNC110 # a process writes it to a file
                await asyncio.sleep(0.05)
        await sandbox.relay.wait_for_requests(len(sandbox.relay.requests) + 10)
        run = await DoctorHarness(sandbox, monkeypatch).run()
        code, output = await run_doctor_command(sandbox, "why", "our-song")
    assert bot.log.count(WARNING) == 1
    result = run.result(Area.DATABASE, "other_key")
    assert (result.state, result.text[:6]) == (State.WARNING, "1 task")
    assert code == 0
    assert "under another SUNO_API_KEY or SUNO_BASE_URL" in output
    run = await DoctorHarness(sandbox, monkeypatch).run(SUNO_API_KEY=before["SUNO_API_KEY"])
    assert "other_key" not in run.not_ok(Area.DATABASE)
