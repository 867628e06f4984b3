"""Measures the CPU time of batch look-ups, against one request for each task.

The relay is a process of its own, so that only the client is counted. Songs are started one after
the other, and the newest thousand are looked up every `POLL_INTERVAL` seconds of the relay's time:
the oldest tenth of them has finished; of the others most stream, and the youngest run without a
clip or are queued.

Most running tasks are as they were in the look-up before, so that nothing is parsed or stored: in
new-api, on which most relays are built, the loop that refreshes tasks from upstream sleeps for 15
seconds each time, and a song's progress is only ever written as "0%" or "100%".
"""

import asyncio
import statistics
import string
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random

import aiohttp
from pydantic import SecretStr

from benchmarks.rows import Row, ratios, seconds
from bot.polling.recorder import StoredTaskCache
from bot.relay.client import RelayClient
from bot.relay.models import TaskKind
from bot.relay.providers import FETCH_PATH, relay_profile
from sandbox.relay import LocalRelay, song

LOOKS = 1000
BATCH = 100
POLL_INTERVAL = 5.0
"""Seconds between two polls of a task: the default of the setting of that name."""
TAKES = 125.0
"""Seconds from the start of a song to its end."""
FINISHED = 0.1
BEGIN = 36
"""Songs that start, and as many that end, between two look-ups: so a tenth remains finished."""
UNBOUND = 1000.0
"""Requests a second: more than possible, so that none waits for the rate limiter."""
ROUNDS = 4
"""Consecutive rounds of each way that are counted."""
WARM_UP = 2
"""Uncounted rounds before these: each way catches up on what the other one has seen."""
KEY = "sk-" + "".join(Random(0).choices(string.ascii_letters + string.digits, k=48))
"""As long as new-api's keys: every response is searched for it."""

Look = Callable[[Sequence[str]], Awaitable[int]]
"""Looks up tasks, and returns how many of them have ended."""
Round = Callable[[], Sequence[str]]
"""Advances the relay's time to the next look-up; returns the ids of the newest songs."""


def rows(quick: bool) -> list[Row]:
    """Measure both ways alternately, that many times."""
    blocks = 2 if quick else 10
    with _a_relay() as (address, next_round):
        ours, theirs, unchanged = asyncio.run(_measure(address, next_round, blocks))
    return [
        Row(
            topic="looking",
            measure=f"CPU for {LOOKS:,} look-ups of tasks, {FINISHED:.0%} of them finished",
            ours=seconds(statistics.median(ours)),
            theirs=f"{seconds(statistics.median(theirs))}: one GET with aiohttp for each task",
            ratios=ratios(ours, theirs),
            size=f"batches of {BATCH}, {unchanged:.0%} unchanged after {POLL_INTERVAL:.0f} s,"
            f" {blocks} × {ROUNDS} rounds",
            at_most=1 / 12,
        )
    ]


async def _measure(
    address: str, next_round: Round, blocks: int
) -> tuple[list[float], list[float], float]:
    """Return the CPU time of both ways, and the share of look-ups that showed nothing new."""
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as other:
        client = RelayClient(
            session,
            relay_profile("custom", address),
            SecretStr(KEY),
            batch_size=BATCH,
            requests_per_second=UNBOUND,
        )
        watcher = _Watcher(client)
        ours, theirs = [], []
        for _ in range(blocks):
            ours.append(await _processor_time(watcher.look, next_round))
            theirs.append(await _processor_time(_one_by_one(other, address), next_round))
        await client.aclose()
    return ours, theirs, watcher.unchanged / LOOKS


async def _processor_time(look: Look, next_round: Round) -> float:
    """Return the CPU seconds of this process, averaged over consecutive rounds."""
    taken = []
    for _ in range(WARM_UP + ROUNDS):
        ids = next_round()
        started = time.process_time()
        ended = await look(ids)
        taken.append(time.process_time() - started)
        assert ended == int(len(ids) * FINISHED)  # noqa: S101 # both must have understood the answers
    return statistics.mean(taken[WARM_UP:])


class _Watcher:
    """Looks up tasks as the poller does."""

    def __init__(self, client: RelayClient) -> None:
        self._client = client
        self._stored_tasks = StoredTaskCache()
        self.unchanged = 0
        """Tasks that were as before, in the last round."""

    async def look(self, ids: Sequence[str]) -> int:
        """Look up all of them in batches, and keep the hashes of those that run."""
        ended = self.unchanged = 0
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            kinds = dict.fromkeys(part, TaskKind.MUSIC)
            found = (await self._client.look_up(part, kinds=kinds)).tasks
            news = [task for task in found.values() if not self._stored_tasks.contains(task)]
            self._stored_tasks.update(news)
            self.unchanged += len(found) - len(news)
            ended += sum(task.terminal for task in found.values())
        return ended


def _one_by_one(session: aiohttp.ClientSession, address: str) -> Look:
    """Look up tasks as bots usually do."""

    async def look(ids: Sequence[str]) -> int:
        ended = 0
        headers = {"Authorization": f"Bearer {KEY}"}
        for task_id in ids:
            async with session.get(f"{address}{FETCH_PATH}/{task_id}", headers=headers) as response:
                response.raise_for_status()
                task = (await response.json())["data"]
            ended += task["status"] in ("SUCCESS", "FAILURE")
        return ended

    return look


@contextmanager
def _a_relay() -> Iterator[tuple[str, Round]]:
    """Yield the address and the clock of a relay in a process of its own."""
    spawn = get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(there,))
    process.start()

    def next_round() -> Sequence[str]:
        here.send(True)
        ids: list[str] = here.recv()
        return ids

    try:
        yield here.recv(), next_round
    finally:
        here.send(False)
        process.join()


def _serve(connection: Connection) -> None:
    asyncio.run(_serve_until_told(connection))


async def _serve_until_told(connection: Connection) -> None:
    async with LocalRelay(key=KEY) as local:
        _go_on(local, LOOKS)
        connection.send(local.base_url)
        while await asyncio.to_thread(connection.recv):
            _go_on(local, BEGIN)
            ids = [task.id for task, _ in local.tasks[-LOOKS:]]
            Random(0).shuffle(ids)
            connection.send(ids)


def _go_on(local: LocalRelay, songs: int) -> None:
    """Advance the time while so many songs are started, evenly."""
    for _ in range(songs):
        local.clock.advance(POLL_INTERVAL / BEGIN / 2)
        local.add(song(takes=TAKES))
        local.clock.advance(POLL_INTERVAL / BEGIN / 2)
