"""A soak: many watches through their whole life, while memory and open files are looked at.

``python -m tests.e2e.soak --watches 2000 --minutes 30`` lets half an hour of the relay's time pass
in about a minute; the bot is a process of its own between a local Discord and a local relay. Ends
with exit code 1 if memory or open file descriptors grow after the warm-up, or if not every watch
was told exactly once. Reads ``/proc``: it needs Linux.
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

IDS_IN_A_COMMAND = 5
PEOPLE = 40
CHANNELS = 10

WARM_UP = 0.4
"""The part of the time after which nothing grows any more."""
ASKING = 0.85
"""The part of the time in which people ask; the rest is for what still runs."""
MORE_MEMORY = 0.03
"""By which part the memory may differ all the same: the allocator keeps what it once had."""
MORE_FILES = 8
"""Connections that are kept open for as much as went on at once are no leak."""
_LONGEST_SONG = 240.0
_PATIENCE = 60.0
"""Real seconds for what is still to be told at the end."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The bot's process at one moment. ``minute`` is the relay's time."""

    minute: float
    resident: float
    """Memory, in MiB."""
    descriptors: int
    """Open files and connections."""
    told: int = 0
    """Watches that were told so far."""

    def __str__(self) -> str:
        return (
            f"{self.minute:6.1f} min {self.resident:8.1f} MiB"
            f" {self.descriptors:5} descriptors {self.told:6} told"
        )


def growth(samples: Sequence[Sample]) -> list[str]:
    """Tell what grew after the warm-up, a line each; nothing of too few samples."""
    warm = samples[int(len(samples) * WARM_UP) :]
    part = len(warm) // 3
    if not part:
        return []
    first, last = warm[:part], warm[-part:]
    found = []
    before, after = (median(one.resident for one in some) for some in (first, last))
    if after > before * (1 + MORE_MEMORY):
        found.append(f"memory grew from {before:.1f} to {after:.1f} MiB")
    few, many = (max(one.descriptors for one in some) for some in (first, last))
    if many > few + MORE_FILES:
        found.append(f"open file descriptors grew from {few} to {many}")
    return found


def sample_of(pid: int, *, minute: float, told: int) -> Sample:
    """Look at a process."""
    process = Path("/proc") / str(pid)
    (pages,) = (process / "statm").read_text().split()[1:2]
    descriptors = sum(1 for _ in (process / "fd").iterdir())
    return Sample(minute, int(pages) * 4096 / 2**20, descriptors, told)


@dataclass(slots=True)
class Soak:
    """The world of one soak, and what was seen in it."""

    discord: LocalDiscord
    relay: LocalRelay
    bot: BotProcess
    people: list[User]
    channels: list[Channel]
    random: Random
    samples: list[Sample] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    """Who asked about each task; what was not confirmed is not in here."""
    refused: list[str] = field(default_factory=list)

    def pings(self) -> dict[str, list[int]]:
        """Return who was pinged by the notices of each task."""
        found: dict[str, list[int]] = {}
        for channel in self.channels:
            for message in channel.messages:
                if message.pinged:
                    task_id = next(one for one in _words(message.payload()) if one in self.asked)
                    found.setdefault(task_id, []).extend(sorted(message.pinged))
        return found

    def told(self) -> int:
        """Return how many messages have told somebody something."""
        return sum(bool(one.pinged) for channel in self.channels for one in channel.messages)

    async def ask(self, numbers: Sequence[int]) -> None:
        """Let somebody make some tasks and watch them."""
        tasks = [self._task(number) for number in numbers]
        self.relay.add(*tasks)
        person = self.people[numbers[0] // IDS_IN_A_COMMAND % len(self.people)]
        channel = self.random.choice(self.channels)
        ids = [task.id for task in tasks]
        asked = await self.discord.command(person, channel, "suno watch", id=" ".join(ids))
        answer = (await asked.wait_for_answer(timeout=20)).content
        if all(task_id in answer for task_id in ids):
            self.asked |= dict.fromkeys(ids, person.id)
        else:
            self.refused.append(answer)

    def _task(self, number: int) -> RelayTask:
        task_id = f"soak-{number:06}-task"
        takes = self.random.uniform(30.0, _LONGEST_SONG)
        make = self.random.choices((song, lyrics_task, failing, half_success), (6, 2, 1, 1))[0]
        return make(task_id, takes=takes)

    async def look(self, began: float, every: float, tell: Callable[[str], None]) -> None:
        """Look at the bot's process again and again, until this is cancelled."""
        while True:
            await asyncio.sleep(every)
            if self.bot.pid is not None:
                minute = (self.relay.clock.now() - began) / 60
                self.samples.append(sample_of(self.bot.pid, minute=minute, told=self.told()))
                tell(str(self.samples[-1]))

    def problems(self) -> list[str]:
        """Tell what is wrong, a line each."""
        pings = self.pings()
        untrue = [one for one, who in self.asked.items() if pings.get(one, []) != [who]]
        found = [f"not answered as expected: {answer}" for answer in self.refused]
        if untrue:
            found.append(f"{len(untrue)} watches were not told exactly once, such as {untrue[:3]}")
        return [*found, *growth(self.samples)]


def _words(payload: object) -> list[str]:
    """Return everything in a message that may be an id."""
    return str(payload).replace("`", " ").replace("'", " ").split()


async def run_soak(
    folder: Path,
    *,
    watches: int,
    minutes: float,
    seconds: float,
    tell: Callable[[str], None] = lambda _: None,
) -> Soak:
    """Let ``minutes`` of the relay's time pass in so many real ``seconds``, full of watches."""
    async with AsyncExitStack() as stack:
        speed = minutes * 60 / seconds
        discord = await stack.enter_async_context(LocalDiscord())
        relay = await stack.enter_async_context(LocalRelay(speed=speed))
        guild = discord.add_guild("Song Club")
        people = [discord.add_user(f"Person {number}") for number in range(PEOPLE)]
        for person in people:
            guild.add_member(person)
        channels = [guild.add_channel(f"songs-{number}") for number in range(CHANNELS)]
        pace = {"POLL_INTERVAL": "0.3", "POLL_REQUESTS_PER_SECOND": "20"}
        whose = (
            "WATCHES_PER_USER",
            "WATCHES_PER_SERVER",
            "MESSAGES_PER_USER",
            "MESSAGES_PER_CHANNEL",
        )
        limits = dict.fromkeys(whose, str(watches))
        settings = settings_for(discord, relay, folder) | pace | limits
        bot = await stack.enter_async_context(BotProcess(folder, settings))
        await discord.wait_until_ready(timeout=30)
        await discord.wait_until_commands(timeout=30)
        soak = Soak(discord, relay, bot, people, channels, Random(1))  # noqa: S311 # repeatable
        looking = asyncio.create_task(soak.look(relay.clock.now(), seconds / 60, tell))
        await _ask_all(soak, watches, seconds * ASKING)
        await _until_all_is_told(soak, seconds * (1 - ASKING))
        looking.cancel()
        return soak


async def _ask_all(soak: Soak, watches: int, seconds: float) -> None:
    """Spread the commands evenly over the time."""
    began = time.monotonic()
    commands = []
    for start in range(0, watches, IDS_IN_A_COMMAND):
        due = began + seconds * start / watches
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        numbers = range(start, min(start + IDS_IN_A_COMMAND, watches))
        commands.append(asyncio.create_task(soak.ask(numbers)))
    await asyncio.gather(*commands)


async def _until_all_is_told(soak: Soak, seconds: float) -> None:
    """Let the rest of the time pass, and then what is still owed come."""
    await asyncio.sleep(seconds)
    with suppress(TimeoutError):
        await soak.discord.wait_for(lambda: soak.told() >= len(soak.asked), timeout=_PATIENCE)


@click.command()
@click.option("--watches", default=2000, show_default=True, help="How many watches.")
@click.option("--minutes", default=30.0, show_default=True, help="Of the relay's time.")
@click.option("--seconds", default=75.0, show_default=True, help="Of real time, for all of them.")
def main(watches: int, minutes: float, seconds: float) -> None:
    """See whether anything grows while watches come and go."""
    with tempfile.TemporaryDirectory() as folder:
        work = run_soak(
            Path(folder), watches=watches, minutes=minutes, seconds=seconds, tell=click.echo
        )
        soak = asyncio.run(work)
    problems = soak.problems()
    click.echo(f"{len(soak.asked)} watches, {soak.told()} notices, {len(problems)} problems")
    for problem in problems:
        click.echo(f"- {problem}", err=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
