"""What an operator's tools are told: alive, ready, and the figures."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from bot.app import health_probes
from bot.delivery.discord_requests import RequestMonitor
from bot.metrics import Metrics
from bot.monitoring.collector import QUEUE_CACHE_TTL, ProcessMetrics, QueueMetrics
from bot.monitoring.health import (
    MAX_FAILING,
    MAX_HANG,
    MAX_TICK_GAP,
    HealthProbes,
    StalenessLimits,
    has_hanging_requests,
    not_ready_reason,
    stalled_loops,
)
from bot.relay.errors import ErrorKind
from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, EndReason, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.queue_statistics import QueueStatistics
from bot.storage.tasks import TaskStore
from sandbox.discord import LocalDiscord
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task, a_song
from tests.support.damage import damage
from tests.support.forwarder import Forwarder
from tests.support.metrics_client import monitored_bot
from tests.support.sandbox_session import (
    SandboxSession,
    running_built_bot,
)

SONG = "song-that-is-counted"
LABELS = {"relay", "outcome", "state", "ending", "status", "kind", "loop", "le", "version"}
"""Every label that there is; each has a short list of values."""


async def test_a_bot_that_works_is_alive_and_ready(sandbox: SandboxSession) -> None:
    """Ready once Discord has told it about its servers."""
    async with monitored_bot(sandbox) as operator:
        assert (await operator.get("/healthz"))[:2] == (200, "alive\n")
        assert await operator.until("/readyz", 200) == "ready\n"
        assert (await operator.metrics())["suno_bot_ready"] == 1


async def test_a_relay_that_is_down_is_no_reason_to_start_the_bot_anew(
    sandbox: SandboxSession,
) -> None:
    """It stays alive and ready; the figures tell what is wrong."""
    sandbox.relay.add(song(SONG, takes=120))
    async with monitored_bot(sandbox) as operator:
        await sandbox.command_answer("suno watch", id=SONG)
        sandbox.relay.start_outage()
        seen = len(sandbox.relay.requests)
        async with asyncio.timeout(120):
            await sandbox.relay.wait_for_requests(seen + 3)
        await operator.until("/readyz", 200)
        assert (await operator.get("/healthz"))[0] == 200
        metrics = await operator.metrics()
        assert metrics["suno_bot_relay_errors_total unavailable"] >= 3
        assert metrics["suno_bot_running_tasks"] == 1


async def test_a_gateway_that_is_gone_makes_it_not_ready_but_alive(sandbox: SandboxSession) -> None:
    """The reason is told in plain words."""
    async with Forwarder(sandbox.discord.port) as line:
        sandbox.discord.gateway.url = f"ws://127.0.0.1:{line.port}/gateway"
        async with monitored_bot(
            sandbox, discord_gateway_url=sandbox.discord.gateway.url
        ) as operator:
            assert "not connected to Discord yet" in (await operator.get("/readyz"))[1]
            await operator.until("/readyz", 200)
            line.cut()
            assert "connection to Discord is lost" in await operator.until("/readyz", 503)
            assert (await operator.get("/healthz"))[0] == 200
            assert (await operator.metrics())["suno_bot_ready"] == 0


async def test_a_damaged_database_makes_it_not_ready_for_good(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture
) -> None:
    """The first round that meets it says so; the log tells what to do, once. The bot stays."""
    path = sandbox.folder / "suno.db"
    async with DatabaseThread(path):
        pass
    damage(path, "deliveries")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO tasks (account, task_id, state, status, task_json, known, added_at,"
            " next_poll_at, deadline_at)"
            " VALUES ('custom', ?, 'running', 'QUEUED', '{}', 1, 1, 1, 2)",
            [SONG],
        )
    async with monitored_bot(sandbox) as operator:
        async with asyncio.timeout(120):
            while "is damaged" not in caplog.text:  # noqa: ASYNC110 # a round says so
                await asyncio.sleep(0.05)
        for _ in range(2):
            status, said, _ = await operator.get("/readyz")
            assert status == 503
            assert "the database is damaged" in said
            assert "restore a backup" in said
        assert (await operator.get("/healthz"))[0] == 200
    assert [each.levelname for each in caplog.records].count("CRITICAL") == 1


async def test_a_journey_leaves_its_figures(sandbox: SandboxSession) -> None:
    """One song told and one held: each is counted where it belongs, and nothing twice."""
    sandbox.relay.add(song(SONG, takes=120), song("held", takes=120))
    async with monitored_bot(sandbox) as operator:
        await sandbox.command_answer("suno watch", id=SONG)
        watched = await sandbox.discord.command(
            sandbox.ada, sandbox.lyrics, "suno watch", id="held"
        )
        await watched.wait_for_answer()
        await sandbox.discord.wait_for(lambda: sandbox.cards(sandbox.lyrics), 120, "the card")
        sandbox.lyrics.deny("send_messages")
        sandbox.relay.clock.advance(200)
        await sandbox.wait_for_notice(SONG)
        direct = sandbox.discord.open_dm(sandbox.ada)
        await sandbox.discord.wait_for(lambda: direct.messages, 120, "the word that it is held")
        metrics = await operator.metrics()
        while metrics["suno_bot_delivery_tries_total sent"] < 2:  # the answer is on its way
            metrics = await operator.metrics()
    assert metrics["suno_bot_tasks_ended_total finished"] == 2
    assert metrics["suno_bot_delivery_tries_total held"] == 1
    assert metrics["suno_bot_deliveries_waiting held"] == 1
    assert metrics["suno_bot_detection_delay_seconds_count"] == 2
    assert metrics["suno_bot_notice_delay_seconds_count"] == 1  # a word is no notice
    assert metrics["suno_bot_looks_total"] >= 1
    assert metrics["suno_bot_looked_tasks_total"] >= 2
    assert metrics["suno_bot_relay_request_seconds_count"] == len(sandbox.relay.requests)
    assert metrics["suno_bot_interaction_answer_seconds_count"] == 2
    assert metrics["suno_bot_discord_answers_total 4xx"] == 1
    assert metrics["suno_bot_discord_answers_total 2xx"] > 4


async def test_no_figure_names_a_task_a_person_or_a_place(sandbox: SandboxSession) -> None:
    """Labels have few values, so that a busy bot has no more figures than an idle one."""
    sandbox.relay.add(song(SONG, takes=1))
    sandbox.relay.clock.advance(10)
    async with monitored_bot(sandbox) as operator:
        before = await operator.metrics()
        await sandbox.command_answer("suno watch", id=SONG)
        await sandbox.wait_for_notice(SONG)
        _, text, _ = await operator.get("/metrics")
    for personal in (
        SONG,
        "Ada",
        str(sandbox.ada.id),
        str(sandbox.songs.id),
        str(sandbox.guild.id),
    ):
        assert personal not in text
    families = list(text_string_to_metric_families(text))
    assert {label for one in families for each in one.samples for label in each.labels} <= LABELS
    assert sum(len(one.samples) for one in families) <= len(before) + 4  # loops that had no round


async def test_every_kind_is_there_before_the_first_of_its_kind(sandbox: SandboxSession) -> None:
    """An alert that waits for a rise would miss the first one otherwise."""
    async with monitored_bot(sandbox) as operator:
        metrics = await operator.metrics()
    for kind in ErrorKind:
        assert metrics[f"suno_bot_relay_errors_total {kind.value}"] == 0
    for end_reason in EndReason:
        assert metrics[f"suno_bot_tasks_ended_total {end_reason.value}"] == 0
    for loop in ("poll", "deliver", "show", "tidy"):
        assert metrics[f"suno_bot_failed_rounds_total {loop}"] == 0


def test_a_loop_that_never_had_a_good_round_is_told_too(tmp_path: Path) -> None:
    """As of the start: an alert could not see what is not there."""
    database = DatabaseThread(tmp_path / "suno.db")
    registry = CollectorRegistry()
    registry.register(ProcessMetrics("1", probes({"poll": NOON + 60}, database)))
    name = "suno_bot_last_good_round_timestamp_seconds"
    assert registry.get_sample_value(name, {"loop": "poll"}) == NOON + 60
    assert registry.get_sample_value(name, {"loop": "deliver"}) == NOON


async def test_what_is_asked_for_otherwise_is_refused(sandbox: SandboxSession) -> None:
    """There are three pages to be read, and nothing else."""
    async with monitored_bot(sandbox) as operator:
        assert (await operator.get("/"))[0] == 404
        assert (await operator.get("/metrics", "POST"))[0] == 405
        text = await operator.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert text[2].startswith("application/openmetrics-text")
    assert text[1].endswith("# EOF\n")


@dataclass
class Times:
    """When requests to Discord came to something."""

    last_success_at: float | None = None
    last_end_at: float | None = None
    paused_until: float | None = None


def probes(
    last_tick_at: Mapping[str, float],
    database: DatabaseThread,
    *,
    requests: Times | None = None,
    due_since: float | None = None,
) -> HealthProbes:
    """Return the signs of a bot that was started at noon and is connected."""

    async def when() -> float | None:
        return due_since

    return HealthProbes(
        started_at=NOON,
        loops=lambda: ("poll", "deliver"),
        last_tick_at=last_tick_at,
        missing_connection=lambda: None,
        ping_database=database.check,
        requests=requests or Times(),
        due_since=when,
    )


def test_a_loop_without_a_good_round_is_stuck_after_its_patience(tmp_path: Path) -> None:
    """A look may have to wait for its turn at the relay; the other loops wait for nobody."""
    database = DatabaseThread(tmp_path / "suno.db")
    limits = StalenessLimits.for_rate(requests_per_second=2)
    later = NOON + MAX_TICK_GAP + 1
    assert stalled_loops(probes({}, database), limits, NOON + 60) == []
    assert stalled_loops(probes({}, database), limits, later) == ["deliver"]
    assert stalled_loops(probes({"deliver": later - 60}, database), limits, later) == []
    assert stalled_loops(probes({}, database), limits, NOON + limits.poll + 1) == [
        "poll",
        "deliver",
    ]
    assert StalenessLimits.for_rate(requests_per_second=0.01).poll > 600 / 0.01


async def test_messages_that_no_request_brings_to_discord_make_it_not_ready(
    tmp_path: Path,
) -> None:
    """After five minutes without a success; with nothing due there is nothing to succeed."""
    later = NOON + MAX_FAILING + 1
    async with DatabaseThread(tmp_path / "suno.db") as database:

        async def reason(due_since: float | None, success: float | None) -> str | None:
            times = Times(last_success_at=success, last_end_at=later)
            return await not_ready_reason(
                probes({}, database, requests=times, due_since=due_since), later
            )

        assert "no request to Discord succeeded" in str(await reason(NOON, None))
        assert "no request to Discord succeeded" in str(await reason(NOON, NOON - 5))
        assert await reason(NOON, NOON + 5) is None
        assert await reason(later - 60, None) is None
        assert await reason(None, None) is None


async def test_only_requests_that_never_end_make_it_dead(tmp_path: Path) -> None:
    """Not a Discord that refuses or cannot be reached, nor one that says how long to wait."""
    later = NOON + MAX_HANG + 1
    database = DatabaseThread(tmp_path / "suno.db")

    async def hang(due_since: float | None = NOON, **times: float) -> bool:
        requests = Times(**times)
        return await has_hanging_requests(
            probes({}, database, requests=requests, due_since=due_since), later
        )

    assert await hang()
    assert await hang(last_end_at=NOON)
    assert not await hang(last_end_at=NOON + 5)
    assert not await hang(paused_until=later + 5)
    assert not await hang(due_since=later - 60)
    assert not await hang(due_since=None)


async def test_a_bot_whose_requests_wait_for_ever_is_found_out(sandbox: SandboxSession) -> None:
    """Discord is well, and nothing gets there: neither ready nor alive, until it goes out."""
    sandbox.relay.add(song(SONG, takes=10))
    async with running_built_bot(sandbox) as built:
        bot = built.client
        await bot.wait_until_ready()
        await sandbox.command_answer("suno watch", id=SONG)
        database = bot.services.outbox._database
        known = health_probes(built, database, QueueStatistics(database, "custom"))
        bot.http._global_over.clear()
        sandbox.relay.clock.advance(100)
        async with asyncio.timeout(120):
            while await known.due_since() is None:  # noqa: ASYNC110 # asked of the database
                await asyncio.sleep(0.02)
        later = time.time() + MAX_HANG + 1
        assert await has_hanging_requests(known, later)
        assert "no request to Discord succeeded" in str(await not_ready_reason(known, later))
        bot.http._global_over.set()
        await sandbox.wait_for_notice(SONG)
        async with asyncio.timeout(120):
            while await known.due_since():  # noqa: ASYNC110 # as above
                await asyncio.sleep(0.02)
        assert not await has_hanging_requests(known, later)
        assert await not_ready_reason(known, later) is None


@pytest.mark.parametrize(
    ("trouble", "success", "waits"),
    [
        ({}, True, False),
        ({"status": 403, "code": 50013}, False, False),
        ({"status": 503, "html": True}, False, False),
        ({"drop": True}, False, False),
        ({"retry_after": 60, "via": False}, False, True),
    ],
    ids=str,
)
async def test_every_end_of_a_request_is_noted(
    trouble: dict[str, Any], success: bool, waits: bool
) -> None:
    """Good, bad or without an answer; and what Discord says about waiting."""
    traffic = RequestMonitor()
    trace = aiohttp.TraceConfig()
    traffic.observe(trace)
    async with LocalDiscord() as local, aiohttp.ClientSession(trace_configs=[trace]) as session:
        if trouble:
            local.faults.add("GET /gateway", times=None, **trouble)
        with suppress(aiohttp.ClientError):
            await session.get(f"{local.api_url}/gateway")
    assert traffic.last_end_at is not None
    assert traffic.last_success_at == (traffic.last_end_at if success else None)
    assert (traffic.paused_until is not None) == waits


async def test_answers_to_people_say_nothing_about_notices() -> None:
    """They go another way, on which a limit of the bot's does not count."""
    traffic = RequestMonitor()
    trace = aiohttp.TraceConfig()
    traffic.observe(trace)
    async with LocalDiscord() as local, aiohttp.ClientSession(trace_configs=[trace]) as session:
        await session.get(f"{local.api_url}/webhooks/1/token")
    assert traffic.last_end_at is None


async def test_a_database_that_does_not_answer_makes_it_not_ready(tmp_path: Path) -> None:
    """Busy for too long, or closed."""
    go_on = threading.Event()
    async with DatabaseThread(tmp_path / "suno.db") as database:
        assert await not_ready_reason(probes({}, database), NOON) is None
        busy = asyncio.create_task(database.run(lambda _db: go_on.wait()))
        await asyncio.sleep(0)
        assert "does not answer" in str(await not_ready_reason(probes({}, database), NOON))
        go_on.set()
        await busy
    assert "cannot be used" in str(await not_ready_reason(probes({}, database), NOON))


async def test_what_waits_is_counted_seldom(tmp_path: Path) -> None:
    """However often somebody asks: the database has better things to do."""
    now = NOON
    async with DatabaseThread(tmp_path / "suno.db") as database:
        metrics = Metrics()
        reading = QueueMetrics(QueueStatistics(database, "relay"), metrics, clock=lambda: now)
        store = TaskStore(database, Outbox(database), "relay")

        async def counted_after_another(task_id: str) -> float | None:
            await store.add_watch(
                a_running_task(task_id), WatchRequest(1, HERE), now, known=True, deadline=60
            )
            await reading.refresh()
            return metrics.registry.get_sample_value("suno_bot_running_tasks")

        assert await counted_after_another("first") == 1
        now += QUEUE_CACHE_TTL - 1
        assert await counted_after_another("second") == 1
        now += 2
        assert await counted_after_another("third") == 3


async def test_what_waits_is_counted_by_what_it_waits_for(tmp_path: Path) -> None:
    """Due, being sent, held in whichever way; what was told counts no more."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "relay")
        for number in range(6):
            destination = Destination(channel_id=500 + number)
            await store.add_finished(a_song(f"song-{number}"), WatchRequest(1, destination), NOON)
        claimed = await outbox.claim(NOON, 5)
        await outbox.acknowledge(claimed[0], message_id=1, now=NOON)
        await outbox.hold(claimed[1], until=NOON + 60, reason="400/50035")
        await outbox.blocked_channels.block(
            claimed[2], until=NOON + 60, reason="403/50013", now=NOON
        )
        await outbox.redirection.drop(claimed[3], reason="404/10003")
        counts = await QueueStatistics(database, "relay").count()
    assert (counts.due, counts.sending, counts.held, counts.unposted) == (1, 1, 2, 4)
    assert counts.due_since == NOON
