"""Tests of tasks that the relay used to name and no longer names: which of them count as lost."""

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
WARNING = "not named under this key"
MISSING_TASKS_WARNING = "Relay names none of the tasks"


@pytest.fixture
async def relay() -> AsyncIterator[LocalRelay]:
    """Return a relay that outlives the bots of the test."""
    async with LocalRelay() as relay:
        yield relay


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the database."""
    return tmp_path / "suno.db"


@pytest.fixture
async def polling(path: Path, relay: LocalRelay) -> AsyncIterator[PollerHarness]:
    """Return the bot of a test that needs only one."""
    async with open_poller(path, relay=relay) as polling:
        yield polling


def open_successor(path: Path, before: PollerHarness) -> AbstractAsyncContextManager[PollerHarness]:
    """Start a bot on the database of one that was stopped."""
    return open_poller(path, relay=before.relay, clock=before.clock)


async def wait(polling: PollerHarness, seconds: float, step: float = 100) -> None:
    """Let time pass with polls so frequent that the gap is not taken for an outage."""
    for _ in range(int(seconds // step) + 1):
        await polling.poll_after(step)


async def watch(polling: PollerHarness, *ids: str) -> None:
    """Watch songs that never end, and poll them."""
    for task_id in ids:
        polling.relay.add(stuck(task_id))
        assert await polling.watch(task_id) is WatchOutcome.WATCHING
    await polling.poll_after(5)


def hide_tasks(polling: PollerHarness, *ids: str) -> None:
    """Make the relay forget tasks, or hide them from this key."""
    for task_id in ids:
        polling.relay.remove(task_id)


async def endings(polling: PollerHarness) -> dict[str, EndReason]:
    """Return the outcome of each due delivery, and record each as sent."""
    ended = {}
    while deliveries := await polling.claim_due():
        for each in deliveries:
            ended[each.task.id] = each.end_reason
            await polling.outbox.acknowledge(each, message_id=each.id, now=polling.clock.now)
    return ended


# Another key


async def test_a_task_of_another_key_waits_and_is_not_reported_as_unknown(
    path: Path, relay: LocalRelay, caplog: pytest.LogCaptureFixture
) -> None:
    """A task of another key is watched until its deadline, and the log has one warning."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "first", "second")
    relay.key = ANOTHER_KEY
    hide_tasks(polling, "first", "second")
    async with open_successor(path, polling) as polling:
        await watch(polling, "third")
        await wait(polling, HALF_AN_HOUR + 600)
        assert await endings(polling) == {}
        warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
        assert [WARNING in each.getMessage() for each in warnings] == [True]
        await wait(polling, DEADLINE - HALF_AN_HOUR - 600)
        assert (await endings(polling)).keys() >= {"first", "second"}


async def test_a_task_of_another_key_is_given_up_at_its_deadline(
    path: Path, relay: LocalRelay
) -> None:
    """At its deadline, the notice says only that the relay never reported an end."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "song")
    relay.key = ANOTHER_KEY
    hide_tasks(polling, "song")
    async with open_successor(path, polling) as polling:
        await wait(polling, DEADLINE)
        assert await endings(polling) == {"song": EndReason.GAVE_UP}


async def test_a_task_named_under_the_new_key_is_watched_normally(
    path: Path, relay: LocalRelay
) -> None:
    """A task that the relay names under the new key ends normally, and can be lost again."""
    async with open_poller(path, relay=relay) as polling:
        relay.add(song("song", takes=600))
        assert await polling.watch("song") is WatchOutcome.WATCHING
        await watch(polling, "lost")
    relay.key = ANOTHER_KEY
    async with open_successor(path, polling) as polling:
        await watch(polling, "other")
        hide_tasks(polling, "lost")
        await wait(polling, HALF_AN_HOUR + 300)
        assert await endings(polling) == {"song": EndReason.FINISHED, "lost": EndReason.NOT_FOUND}


async def test_the_time_under_another_key_does_not_count_as_absence(
    path: Path, relay: LocalRelay
) -> None:
    """After the old key is restored, one poll that misses a task does not end its watch."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "song", "lost")
    relay.key, key = ANOTHER_KEY, relay.key
    hide_tasks(polling, "song", "lost")
    async with open_successor(path, polling) as polling:
        await watch(polling, "other")
        await wait(polling, HALF_AN_HOUR + 600)
    relay.key = key
    hide_tasks(polling, "other")
    async with open_successor(path, polling) as polling:
        relay.add(song("song", takes=1))
        await polling.poll_after(5)
        await polling.poll_after(5)
        assert await endings(polling) == {"song": EndReason.FINISHED}


async def test_tasks_of_another_relay_address_wait_too(path: Path, relay: LocalRelay) -> None:
    """Tasks of another relay address wait like those of another key."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "song")
    async with (
        LocalRelay() as another,
        open_poller(path, relay=another, clock=polling.clock) as polling,
    ):
        await watch(polling, "other")
        await wait(polling, HALF_AN_HOUR + 600)
        assert await endings(polling) == {}


async def test_a_task_without_a_fingerprint_waits_until_it_is_named(
    path: Path, relay: LocalRelay
) -> None:
    """A task of an older version has no fingerprint: it waits until the relay first names it."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "named", "missing")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tasks SET fingerprint = NULL")
    hide_tasks(polling, "missing")
    async with open_successor(path, polling) as polling:
        await watch(polling, "other")
        hide_tasks(polling, "named")
        await wait(polling, HALF_AN_HOUR + 300)
        assert await endings(polling) == {"named": EndReason.NOT_FOUND}


async def test_a_command_that_finds_a_task_records_its_fingerprint(
    path: Path, relay: LocalRelay
) -> None:
    """A look-up by a user counts as the relay naming the task, like one by the poller."""
    async with open_poller(path, relay=relay) as polling:
        relay.add(stuck("song"))
        assert await polling.watch("song") is WatchOutcome.WATCHING
        relay.start_outage()
        assert await polling.watch("denied") is WatchOutcome.UNCHECKED
        relay.end_outage()
    relay.key = ANOTHER_KEY
    hide_tasks(polling, "song")
    async with open_successor(path, polling) as polling:
        await watch(polling, "other")
        await wait(polling, HALF_AN_HOUR + 300)
        assert await endings(polling) == {"denied": EndReason.NOT_FOUND}


# Missing together


async def test_tasks_that_disappear_together_are_not_reported_as_unknown(
    polling: PollerHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """When the relay stops naming any task, that counts as an outage and no task as lost."""
    await watch(polling, "first", "second")
    hide_tasks(polling, "first", "second")
    await wait(polling, HALF_AN_HOUR + 600)
    assert await endings(polling) == {}
    assert sum(MISSING_TASKS_WARNING in message for message in caplog.messages) == 1
    polling.relay.add(song("first", takes=1), song("second", takes=1))
    await wait(polling, 100)
    assert await endings(polling) == {"first": EndReason.FINISHED, "second": EndReason.FINISHED}


async def test_a_short_disappearance_of_all_tasks_is_not_logged(
    polling: PollerHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """All tasks missing from a single poll cause no warning in the log."""
    await watch(polling, "first", "second")
    for _ in range(5):
        hide_tasks(polling, "first", "second")
        await polling.poll_after(10)
        polling.relay.add(stuck("first"), stuck("second"))
        await polling.poll_after(10)
    assert MISSING_TASKS_WARNING not in caplog.text


async def test_tasks_that_never_come_back_end_at_their_deadline(polling: PollerHarness) -> None:
    """Tasks that disappeared together and stay missing end at their deadline."""
    await watch(polling, "first", "second")
    hide_tasks(polling, "first", "second")
    await wait(polling, DEADLINE)
    assert await endings(polling) == {"first": EndReason.GAVE_UP, "second": EndReason.GAVE_UP}


async def test_a_task_that_is_missing_while_others_are_named_is_lost(
    polling: PollerHarness,
) -> None:
    """A task that is missing while the relay names others is reported as not found."""
    await watch(polling, "first", "second", "third")
    hide_tasks(polling, "first", "second")
    await wait(polling, HALF_AN_HOUR + 100)
    assert await endings(polling) == {"first": EndReason.NOT_FOUND, "second": EndReason.NOT_FOUND}


async def test_tasks_disappear_together_though_each_is_polled_alone(
    polling: PollerHarness,
) -> None:
    """Tasks in separate polls count as disappearing together if the relay names none of them."""
    await watch(polling, "first", "second")
    hide_tasks(polling, "first", "second")
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
    """The half hour of absence starts when the relay names other tasks again."""
    await watch(polling, "first", "second")
    hide_tasks(polling, "first", "second")
    await wait(polling, 900)
    polling.relay.add(stuck("first"))
    await wait(polling, HALF_AN_HOUR - 300)
    assert await endings(polling) == {}
    await wait(polling, 400)
    assert await endings(polling) == {"second": EndReason.NOT_FOUND}


async def test_a_restart_does_not_restart_the_half_hour_of_absence(
    path: Path, relay: LocalRelay
) -> None:
    """After a restart, the disappearance of all tasks is still recognised."""
    async with open_poller(path, relay=relay) as polling:
        await watch(polling, "first", "second")
        hide_tasks(polling, "first", "second")
        await wait(polling, 600)
    async with open_successor(path, polling) as polling:
        await wait(polling, HALF_AN_HOUR + 300)
        assert await endings(polling) == {}


async def test_the_only_watched_task_is_lost_after_half_an_hour(polling: PollerHarness) -> None:
    """A single watched task that disappears is reported as not found after half an hour."""
    await watch(polling, "song")
    hide_tasks(polling, "song")
    await wait(polling, HALF_AN_HOUR + 100)
    assert await endings(polling) == {"song": EndReason.NOT_FOUND}


# What is kept


async def test_a_fingerprint_identifies_address_and_key_without_revealing_them(
    tmp_path: Path,
) -> None:
    """A fingerprint is constant within one database and unique to it; no file holds the key."""
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
                for each in (other_key, other_address, access._replace(account="deerapi"))
            }
            assert len(others - {fingerprints[-1]}) == 2
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
    for name in ("one.db", "two.db"):
        assert key.get_secret_value().encode() not in (tmp_path / name).read_bytes()


# What the operator sees


async def test_the_operator_is_informed_of_tasks_of_another_key(
    sandbox: SandboxSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks of another key appear in one log warning, in the doctor and in its task report."""
    sandbox.relay.add(stuck("our-song"), stuck("other-song"))
    before = sandbox.environment
    async with BotProcess(sandbox.folder, before):
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        await sandbox.command_answer("suno watch", id="our-song")
        await sandbox.relay.wait_for_requests(3)
    sandbox.relay.remove("our-song")
    sandbox.relay.key = ANOTHER_KEY
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.command_answer("suno watch", id="other-song")
        async with asyncio.timeout(120):
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
