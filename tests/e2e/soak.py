"""Soak test: runs many watches to their end while sampling the bot's memory and open files.

``python -m tests.e2e.soak --watches 2000 --minutes 30`` simulates half an hour of the relay's time
in about a minute; the bot is a process of its own between a local Discord and a local relay. The
exit code is 1 if memory or open file descriptors grow after the warm-up, or if not every watch ends
in exactly one notice. It needs Linux, since it reads ``/proc``.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median

import click

from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import Channel, LocalDiscord, User
from sandbox.relay import LocalRelay, RelayTask, failing, half_success, lyrics_task, song
from tests.support.replies import names

IDS_PER_COMMAND = 5
USER_COUNT = 40
CHANNEL_COUNT = 10
FAILING_TASKS = 0.1
"""The fraction of tasks that fail."""

WARM_UP = 0.4
"""The fraction of the time in which memory and open files may grow."""
COMMAND_TIME = 0.85
"""The fraction of the time in which users run commands; in the rest, the tasks end."""
MEMORY_TOLERANCE = 0.03
"""The fraction by which memory may still grow: the allocator keeps freed memory."""
DESCRIPTOR_TOLERANCE = 8
"""How many more descriptors may be open: connections are pooled for the peak of requests."""
_MAX_SONG_DURATION = 240.0
"""Seconds."""
_NOTICE_TIMEOUT = 60.0
"""Real seconds to wait for the last notices."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Measurements of the bot's process at one moment. ``minute`` is the relay's time."""

    minute: float
    resident: float
    """Memory, in MiB."""
    descriptors: int
    """Open files and connections."""
    notices: int = 0
    """Notices that were posted so far."""

    def __str__(self) -> str:
        return (
            f"{self.minute:6.1f} min {self.resident:8.1f} MiB"
            f" {self.descriptors:5} descriptors {self.notices:6} notices"
        )


def growth(samples: Sequence[Sample]) -> list[str]:
    """Return what grew after the warm-up, a line each; nothing for too few samples."""
    warm = samples[int(len(samples) * WARM_UP) :]
    third = len(warm) // 3
    if not third:
        return []
    first, last = warm[:third], warm[-third:]
    found = []
    before, after = (median(sample.resident for sample in part) for part in (first, last))
    if after > before * (1 + MEMORY_TOLERANCE):
        found.append(f"memory grew from {before:.1f} to {after:.1f} MiB")
    few, many = (max(sample.descriptors for sample in part) for part in (first, last))
    if many > few + DESCRIPTOR_TOLERANCE:
        found.append(f"open file descriptors grew from {few} to {many}")
    return found


def sample_process(pid: int, *, minute: float, notices: int) -> Sample:
    """Measure a process."""
    process = Path("/proc") / str(pid)
    (pages,) = (process / "statm").read_text().split()[1:2]
    descriptors = sum(1 for _ in (process / "fd").iterdir())
    return Sample(minute, int(pages) * 4096 / 2**20, descriptors, notices)


@dataclass(slots=True)
class Soak:
    """The state of a soak test: its processes, and what users did and got."""

    discord: LocalDiscord
    relay: LocalRelay
    bot: BotProcess
    users: list[User]
    channels: list[Channel]
    random: Random
    samples: list[Sample] = field(default_factory=list)
    watchers: dict[str, int] = field(default_factory=dict)
    """Who watches each task, as far as a reply confirmed it."""
    unexpected_replies: list[str] = field(default_factory=list)

    def mentions(self) -> dict[str, list[int]]:
        """Return whom the notices of each task mentioned."""
        found: dict[str, list[int]] = {}
        for channel in self.channels:
            for message in channel.messages:
                if message.pinged:
                    for task_id in self.watchers.keys() & set(_words(message.payload())):
                        found.setdefault(task_id, []).extend(sorted(message.pinged))
        return found

    def count_notices(self) -> int:
        """Return how many tasks were told to somebody."""
        return sum(map(len, self.mentions().values()))

    async def watch_tasks(self, numbers: Sequence[int]) -> None:
        """Create tasks at the relay, and let a user watch them with one command."""
        tasks = [self._task(number) for number in numbers]
        self.relay.add(*tasks)
        user = self.users[numbers[0] // IDS_PER_COMMAND % len(self.users)]
        channel = self.random.choice(self.channels)
        ids = [task.id for task in tasks]
        interaction = await self.discord.command(user, channel, "suno watch", id=" ".join(ids))
        reply = (await interaction.wait_for_answer(timeout=120)).content
        if all(names(reply, task_id) for task_id in ids):
            self.watchers |= dict.fromkeys(ids, user.id)
        else:
            self.unexpected_replies.append(reply)

    def _task(self, number: int) -> RelayTask:
        task_id = f"soak-{number:06}-task"
        duration = self.random.uniform(30.0, _MAX_SONG_DURATION)
        if self.random.random() < FAILING_TASKS:
            return failing(task_id, takes=duration)
        create = self.random.choices((song, lyrics_task, half_success), (6, 2, 1))[0]
        return create(task_id, title=task_id, takes=duration)  # a reply may name only the title

    async def take_samples(
        self, started_at: float, interval: float, on_sample: Callable[[str], None]
    ) -> None:
        """Sample the bot's process repeatedly, until this is cancelled."""
        while True:
            await asyncio.sleep(interval)
            if self.bot.pid is not None:
                minute = (self.relay.clock.now() - started_at) / 60
                sample = sample_process(self.bot.pid, minute=minute, notices=self.count_notices())
                self.samples.append(sample)
                on_sample(str(sample))

    def problems(self) -> list[str]:
        """Return the problems, a line each."""
        mentions = self.mentions()
        wrong = [
            task_id
            for task_id, user_id in self.watchers.items()
            if mentions.get(task_id, []) != [user_id]
        ]
        found = [f"unexpected reply: {reply}" for reply in self.unexpected_replies]
        if wrong:
            found.append(f"{len(wrong)} watches without exactly one notice, such as {wrong[:3]}")
        return [*found, *growth(self.samples)]


def _words(payload: object) -> list[str]:
    """Return the parts of a message that may be task ids."""
    return str(payload).replace("`", " ").replace("'", " ").split()


async def run_soak(
    folder: Path,
    *,
    watches: int,
    minutes: float,
    seconds: float,
    on_sample: Callable[[str], None] = lambda _: None,
) -> Soak:
    """Run watches for ``minutes`` of the relay's time, which take so many real ``seconds``."""
    async with AsyncExitStack() as stack:
        speed = minutes * 60 / seconds
        discord = await stack.enter_async_context(LocalDiscord())
        relay = await stack.enter_async_context(LocalRelay(speed=speed))
        guild = discord.add_guild("Song Club")
        users = [discord.add_user(f"Person {number}") for number in range(USER_COUNT)]
        for user in users:
            guild.add_member(user)
        channels = [guild.add_channel(f"songs-{number}") for number in range(CHANNEL_COUNT)]
        polling = {"POLL_INTERVAL": "0.3", "POLL_REQUESTS_PER_SECOND": "20"}
        limit_names = (
            "WATCHES_PER_USER",
            "WATCHES_PER_SERVER",
            "MESSAGES_PER_USER",
            "MESSAGES_PER_CHANNEL",
        )
        limits = dict.fromkeys(limit_names, str(watches))
        settings = settings_for(discord, relay, folder) | polling | limits
        bot = await stack.enter_async_context(BotProcess(folder, settings))
        await discord.wait_until_ready(timeout=120)
        await discord.wait_until_commands(timeout=120)
        soak = Soak(discord, relay, bot, users, channels, Random(1))  # noqa: S311 # repeatable
        sampling = asyncio.create_task(
            soak.take_samples(relay.clock.now(), seconds / 60, on_sample)
        )
        await _run_commands(soak, watches, seconds * COMMAND_TIME)
        await _wait_for_notices(soak, seconds * (1 - COMMAND_TIME))
        sampling.cancel()
        return soak


async def _run_commands(soak: Soak, watches: int, seconds: float) -> None:
    """Run the commands, spread evenly over the time."""
    started_at = time.monotonic()
    commands = []
    for start in range(0, watches, IDS_PER_COMMAND):
        due_at = started_at + seconds * start / watches
        await asyncio.sleep(max(0.0, due_at - time.monotonic()))
        numbers = range(start, min(start + IDS_PER_COMMAND, watches))
        commands.append(asyncio.create_task(soak.watch_tasks(numbers)))
    await asyncio.gather(*commands)


async def _wait_for_notices(soak: Soak, seconds: float) -> None:
    """Wait for the rest of the time, then for the last notices."""
    await asyncio.sleep(seconds)
    with suppress(TimeoutError):
        await soak.discord.wait_for(
            lambda: soak.count_notices() >= len(soak.watchers), timeout=_NOTICE_TIMEOUT
        )


@click.command()
@click.option("--watches", default=2000, show_default=True, help="How many watches.")
@click.option("--minutes", default=30.0, show_default=True, help="Of the relay's time.")
@click.option("--seconds", default=75.0, show_default=True, help="Of real time, for all of them.")
def main(watches: int, minutes: float, seconds: float) -> None:
    """Check that memory and open files do not grow while watches come and go."""
    with tempfile.TemporaryDirectory() as folder:
        run = run_soak(
            Path(folder), watches=watches, minutes=minutes, seconds=seconds, on_sample=click.echo
        )
        soak = asyncio.run(run)
    problems = soak.problems()
    counts = f"{len(soak.watchers)} watches, {soak.count_notices()} notices"
    click.echo(f"{counts}, {len(problems)} problems")
    for problem in problems:
        click.echo(f"- {problem}", err=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
