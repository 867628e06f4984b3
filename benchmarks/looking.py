"""What looking at tasks costs the bot's processor, against one request for each task.

The relay is a process of its own, so that only the side that asks is counted. Songs are begun one
after the other, and the newest thousand are looked at every `POLL_INTERVAL` seconds of the relay's
time: the oldest tenth of them has finished; of the others most stream, and the youngest run
without a clip or wait.

Most running tasks look as they did in the look before, byte for byte, and need not be read again:
in new-api, on which most relays are built, the loop that refreshes tasks from upstream sleeps for
15 seconds each time, and a song's progress is only ever written as "0%" or "100%". The bot keeps
what it has seen of running tasks from look to look; of those that ended it keeps nothing, so that
they cost as much as if each had just ended.
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
POLL_INTERVAL = 5.0
"""Seconds between two looks at a task, as the bot's setting of that name has it."""
TAKES = 125.0
"""Seconds from the beginning of a song to its end."""
FINISHED = 0.1
BEGIN = 36
"""Songs that begin, and as many that end, from one look to the next: so the tenth stays one."""
UNBOUND = 1000.0
"""Requests a second: more than can be made, so that nobody waits for a turn."""
WARM_UP = 2
"""Rounds that are not counted: connections are opened in them."""

Look = Callable[[Sequence[str]], Awaitable[int]]
"""Looks at tasks, and returns how many of them have ended."""
Round = Callable[[], Sequence[str]]
"""Lets the relay's time pass until the next look; returns the ids of the newest songs."""


def rows(quick: bool) -> list[Row]:
    """Measure both ways of asking, in turn, that many times."""
    rounds = 3 if quick else 10
    with _a_relay() as (address, key, next_round):
        ours, theirs, unchanged = asyncio.run(_measure(address, key, next_round, rounds))
    return [
        Row(
            topic="looking",
            measure=f"CPU for {LOOKS:,} looks at tasks, {FINISHED:.0%} of them finished",
            ours=seconds(statistics.median(ours)),
            theirs=f"{seconds(statistics.median(theirs))}: one GET with aiohttp for each task",
            ratios=ratios(ours, theirs),
            size=f"batches of {BATCH}, {unchanged:.0%} as {POLL_INTERVAL:.0f} s before, {rounds} ×",
            at_most=0.05,
        )
    ]


async def _measure(
    address: str, key: str, next_round: Round, rounds: int
) -> tuple[list[float], list[float], float]:
    """Return the processor time of both ways, and the share of looks that showed nothing new."""
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as other:
        client = SunoClient(
            session,
            relay("custom", address),
            SecretStr(key),
            batch_size=BATCH,
            requests_per_second=UNBOUND,
        )
        watcher = _Watcher(client)
        ours, theirs = [], []
        for _ in range(WARM_UP + rounds):
            ids = next_round()
            ours.append(await _processor_time(watcher.look, ids))
            theirs.append(await _processor_time(_one_by_one(other, address, key), ids))
        await client.aclose()
    return ours[WARM_UP:], theirs[WARM_UP:], watcher.unchanged / LOOKS


async def _processor_time(look: Look, ids: Sequence[str]) -> float:
    """Return the seconds that this process computed for."""
    started = time.process_time()
    ended = await look(ids)
    taken = time.process_time() - started
    assert ended == int(len(ids) * FINISHED)  # noqa: S101 # both must have understood the answers
    return taken


class _Watcher:
    """Looks as the poller does."""

    def __init__(self, client: SunoClient) -> None:
        self._client = client
        self._seen: dict[str, int] = {}
        self.unchanged = 0
        """Tasks that looked as before, in the last round."""

    async def look(self, ids: Sequence[str]) -> int:
        """Look at all of them in batches, and keep what stands for those that run."""
        ended = self.unchanged = 0
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            kinds = dict.fromkeys(part, TaskKind.MUSIC)
            found = await self._client.look_up(part, kinds=kinds, seen=self._seen)
            for task_id, task in found.tasks.items():
                if task.terminal:
                    self._seen.pop(task_id, None)
                    ended += 1
            self._seen.update(found.fingerprints)
            self.unchanged += len(found.unchanged)
        return ended


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
def _a_relay() -> Iterator[tuple[str, str, Round]]:
    """Give the address, the key and the time of a relay that is a process of its own."""
    spawn = get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(there,))
    process.start()

    def next_round() -> Sequence[str]:
        here.send(True)
        ids: list[str] = here.recv()
        return ids

    try:
        address, key = here.recv()
        yield address, key, next_round
    finally:
        here.send(False)
        process.join()


def _serve(connection: Connection) -> None:
    asyncio.run(_serve_until_told(connection))


async def _serve_until_told(connection: Connection) -> None:
    async with LocalRelay() as local:
        _go_on(local, LOOKS)
        connection.send((local.base_url, local.key))
        while await asyncio.to_thread(connection.recv):
            _go_on(local, BEGIN)
            ids = [task.id for task, _ in local.tasks[-LOOKS:]]
            Random(0).shuffle(ids)
            connection.send(ids)


def _go_on(local: LocalRelay, songs: int) -> None:
    """Let time pass in which so many songs are begun, evenly."""
    for _ in range(songs):
        local.clock.advance(POLL_INTERVAL / BEGIN / 2)
        local.add(song(takes=TAKES))
        local.clock.advance(POLL_INTERVAL / BEGIN / 2)
