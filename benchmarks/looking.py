"""What looking at tasks costs the bot's processor, against one request for each task.

The relay is a process of its own, so that only the side that asks is counted. A thousand songs
were begun one after the other: the oldest tenth has finished; of the others most stream, and the
youngest run without a clip or wait.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random

import aiohttp
from pydantic import SecretStr

from benchmarks.rows import Row, ratios, seconds
from bot.local.relay import LocalRelay, song
from bot.suno.client import SunoClient
from bot.suno.relays import FETCH, relay
from bot.suno.tasks import TaskKind

LOOKS = 1000
BATCH = 100
TAKES = 120.0
"""Seconds from the beginning of a song to its end."""
FINISHED = 0.1
UNBOUND = 1000.0
"""Requests a second: more than can be made, so that nobody waits for a turn."""
WARM_UP = 2
"""Rounds that are not counted: connections are opened in them."""

Look = Callable[[Sequence[str]], Awaitable[int]]
"""Looks at tasks, and returns how many of them have ended."""


def rows(quick: bool) -> list[Row]:
    """Measure both ways of asking, in turn, that many times."""
    with _a_relay() as (address, key, ids):
        ours, theirs = asyncio.run(_measure(address, key, ids, rounds=3 if quick else 10))
    return [
        Row(
            topic="looking",
            measure=f"CPU for {LOOKS:,} looks at tasks, {FINISHED:.0%} of them finished",
            ours=seconds(statistics.median(ours)),
            theirs=f"{seconds(statistics.median(theirs))}: one GET with aiohttp for each task",
            ratios=ratios(ours, theirs),
            size=f"batches of {BATCH}, {len(ours)} ×",
            at_most=0.05,
        )
    ]


async def _measure(
    address: str, key: str, ids: Sequence[str], rounds: int
) -> tuple[list[float], list[float]]:
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as other:
        client = SunoClient(
            session,
            relay("custom", address),
            SecretStr(key),
            batch_size=BATCH,
            requests_per_second=UNBOUND,
        )
        ours, theirs = [], []
        for _ in range(WARM_UP + rounds):
            ours.append(await _processor_time(_together(client), ids))
            theirs.append(await _processor_time(_one_by_one(other, address, key), ids))
        await client.aclose()
    return ours[WARM_UP:], theirs[WARM_UP:]


async def _processor_time(look: Look, ids: Sequence[str]) -> float:
    """Return the seconds that this process computed for."""
    started = time.process_time()
    ended = await look(ids)
    taken = time.process_time() - started
    assert ended == int(len(ids) * FINISHED)  # noqa: S101 # both must have understood the answers
    return taken


def _together(client: SunoClient) -> Look:
    """Look as the poller does."""

    async def look(ids: Sequence[str]) -> int:
        ended = 0
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            seen = await client.look_up(part, kinds=dict.fromkeys(part, TaskKind.MUSIC))
            ended += sum(task.terminal for task in seen.tasks.values())
        return ended

    return look


def _one_by_one(session: aiohttp.ClientSession, address: str, key: str) -> Look:
    """Look as bots usually do."""

    async def look(ids: Sequence[str]) -> int:
        ended = 0
        headers = {"Authorization": f"Bearer {key}"}
        for task_id in ids:
            async with session.get(f"{address}{FETCH}/{task_id}", headers=headers) as response:
                response.raise_for_status()
                task = (await response.json())["data"]
            ended += task["status"] in ("SUCCESS", "FAILURE")
        return ended

    return look


@contextmanager
def _a_relay() -> Iterator[tuple[str, str, list[str]]]:
    """Give the address, the key and the tasks of a relay that is a process of its own."""
    spawn = get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(there,))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("enough")
        process.join()


def _serve(connection: Connection) -> None:
    asyncio.run(_serve_until_told(connection))


async def _serve_until_told(connection: Connection) -> None:
    async with LocalRelay() as local:
        for number in range(LOOKS):
            local.clock.advance(TAKES / (LOOKS * (1 - FINISHED) - 0.5))
            local.add(song(f"task-{number:06}", takes=TAKES))
        ids = [task.id for task, _ in local.tasks]
        Random(0).shuffle(ids)
        connection.send((local.base_url, local.key, ids))
        await asyncio.to_thread(connection.recv)
