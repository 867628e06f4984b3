"""Crash at every write: a short journey, once for each system call that changes the database.

``python -m tests.e2e.crash_at_every_write`` plays it once undisturbed and counts the calls that
write or sync; then once for each of them, at which the bot dies (``kill``), the disk reports an
error (``eio``) or is full (``enospc``; ``full``: from then on). Then the bot is started again with
a sound disk, and goes on. Whatever was confirmed to somebody has to arrive exactly once, and a bot
that lives has to work again. Ends with exit code 1 if anything was lost, doubled or wrong, or if
the bot ended as if nothing helped.
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import click

from bot.__main__ import EXIT_PERMANENT_ERROR
from sandbox.bot_process import BotProcess
from sandbox.discord import Interaction, User
from sandbox.relay import song
from sandbox.relay.lifecycles import clip_ids
from tests.e2e.chaos import posted_by_the_bot
from tests.e2e.chaos_audit import Deed, Fate, Heard, Truth, Verb, audit
from tests.support.adjustable_clock import AdjustableClock
from tests.support.sandbox_session import SandboxSession, open_sandbox
from tests.support.write_faults import Fault, Kind, calls_in, faults_at, struck, unusable, watched

_TASK = "song-of-the-journey"
_TAKES = 300.0
"""Seconds until the song is done: longer than all that is done before."""
_PATIENCE = 5.0
"""Real seconds for which anything is waited for while a fault may strike."""
_LONGEST_HEALING = 30.0
"""Real seconds."""
_STEP, _PAUSE = 0.25, 0.02
"""Everybody's clock runs so many seconds ahead after each pause in real ones."""

_OWED = """
    SELECT (SELECT count(*) FROM tasks WHERE state = 'running')
         + (SELECT count(*) FROM deliveries WHERE state IN ('due', 'sending', 'held'))
"""


@dataclass(slots=True)
class Result:
    """How one journey went."""

    fault: Fault | None
    struck: bool
    """Whether the fault came to pass."""
    exit_code: int
    """How the bot's first life ended."""
    violations: tuple[str, ...]
    calls: dict[str, int]
    """How often each system call was made in that life, see ``calls_in``."""


@dataclass
class Journey:
    """Ada and Bea watch a song, it ends, they are told; in as many lives of the bot as it takes."""

    sandbox: SandboxSession
    clock: AdjustableClock
    bot: BotProcess
    left: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    """What is still to be done."""
    deeds: list[tuple[Deed, Interaction]] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)

    def begin(self) -> None:
        """Let the relay make the song."""
        self.make(_TASK, _TAKES)
        self.left = [
            lambda: self.watch(_TASK, self.sandbox.ada),
            lambda: self.watch(_TASK, self.sandbox.bea),
            self.end,
        ]

    def make(self, task_id: str, takes: float) -> None:
        """Let the relay make a song that takes so many seconds."""
        self.sandbox.relay.add(song(task_id, takes=takes))
        links = [f"https://cdn1.suno.ai/{clip}.mp3" for clip in clip_ids(task_id, 2)]
        ends_at = self.sandbox.relay.clock.now() + takes
        self.truths.append(Truth(task_id, Fate.SONG, ends_at, "City Windows", tuple(links)))

    async def live(self, bot: BotProcess) -> None:
        """Start the bot, and do what is left until it dies or all is done."""
        self.bot = bot
        await bot.start()
        discord = self.sandbox.discord
        if not await self.until(lambda: discord.gateway.all_shards_ready, 30.0):
            return
        await self.until(lambda: discord.commands.registered, 30.0)
        while self.left and bot.pid is not None:
            await self.left.pop(0)()

    async def kill(self) -> None:
        """Kill the bot, should it still live."""
        if self.bot.pid is not None:
            await self.bot.kill()

    async def until(self, condition: Callable[[], object], patience: float = _PATIENCE) -> bool:
        """Let time pass until a condition holds; false if the bot dies, or patience ends, first."""
        ends_at = time.monotonic() + patience
        while not condition():
            if self.bot.pid is None or time.monotonic() > ends_at:
                return False
            self.let_pass(_STEP)
            await asyncio.sleep(_PAUSE)
        return True

    def let_pass(self, seconds: float) -> None:
        """Move everybody's clock."""
        self.sandbox.relay.clock.advance(seconds)
        self.sandbox.discord.clock.advance(seconds)
        self.clock.advance(seconds)

    async def watch(self, task_id: str, user: User) -> bool:
        """Let a person watch a task, and read the answer if there is one; whether it confirms."""
        sandbox, now = self.sandbox, self.sandbox.relay.clock.now
        deed = Deed(Verb.WATCH, task_id, user.id, sandbox.songs.id, now())
        asked = await sandbox.discord.command(user, sandbox.songs, "suno watch", id=task_id)
        self.deeds.append((deed, asked))
        if await self.until(lambda: asked.answer is not None):
            deed.last_answer_at = now()
        self.read_answers()
        return deed.heard in (Heard.WATCHING, Heard.FINISHED)

    async def end(self) -> None:
        """Let the song end, and wait until nothing is owed."""
        self.let_pass(_TAKES)
        await self.until(lambda: self.sandbox.notices(_TASK))
        await self.until(lambda: not self.owed())

    async def heal(self) -> list[str]:
        """Go on until nothing is owed, and see whether the bot works; return what is wrong."""
        if not await self.until(lambda: not self.left and not self.owed(), _LONGEST_HEALING):
            return ["the bot died" if self.bot.pid is None else "work is left"]
        # The fault may strike the first of two.
        return [] if await self.serve_one_more() or await self.serve_one_more() else ["no service"]

    async def serve_one_more(self) -> bool:
        """Let Ada watch another song, which has ended; whether she is told so, and of its end."""
        task_id = f"extra-song-{len(self.truths)}"
        self.make(task_id, 0.1)
        confirmed = await self.watch(task_id, self.sandbox.ada)
        told = confirmed and await self.until(lambda: self.sandbox.notices(task_id))
        return told and await self.until(lambda: not self.owed())

    def owed(self) -> int:
        """Return how many watches run and messages wait, from the database."""
        path = self.sandbox.folder / "suno.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            (count,) = database.execute(_OWED).fetchone()
        return int(count)

    def read_answers(self) -> None:
        """Note what people were told so far."""
        for deed, asked in self.deeds:
            deed.answer = asked.answer.content if asked.answer is not None else None

    def audit(self) -> tuple[str, ...]:
        """Compare what people were told with what arrived."""
        self.read_answers()
        deeds = [deed for deed, _ in self.deeds]
        return audit(self.truths, deeds, posted_by_the_bot(self.sandbox.discord)).violations


async def play(folder: Path, fault: Fault | None = None) -> Result:
    """Play the journey with a fault, then without, and let the auditor look."""
    database, trace, clock = folder / "suno.db", folder / "trace", folder / "clock"
    program = ("-m", "tests.support.adjustable_clock", str(clock))
    violations: list[str] = []
    async with open_sandbox(folder) as sandbox:
        faulty = BotProcess(folder, sandbox.environment, program, watched(database, trace, fault))
        sound = BotProcess(folder, sandbox.environment, program)
        journey = Journey(sandbox, AdjustableClock(clock), faulty)
        journey.begin()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(journey.kill)
            await journey.live(faulty)
            if faulty.pid is not None and (fault is None or fault.passes):
                violations += await journey.heal()
            exit_code = await faulty.stop()
            await sandbox.discord.wait_until_disconnected()
            await journey.live(sound)
            violations += [*await journey.heal(), *journey.audit()]
            if await sound.stop() != 0:
                violations.append("the bot does not stop in order")
    if exit_code == EXIT_PERMANENT_ERROR:
        violations.append("the bot ended as if a new start would not help")
    if fault is None and exit_code != 0:
        violations.append(f"the bot ended with exit code {exit_code} without a fault")
    return Result(fault, struck(trace), exit_code, tuple(violations), calls_in(trace))


async def play_all(
    faults: Sequence[Fault], folder: Path, jobs: int, tell: Callable[[Result], None]
) -> None:
    """Play the journey with each fault, ``jobs`` at a time; ``tell`` gets each result."""
    slots = asyncio.Semaphore(jobs)

    async def play_one(fault: Fault) -> None:
        async with slots:
            destination = folder / str(fault).replace(" ", "-")
            destination.mkdir()
            tell(await play(destination, fault))

    await asyncio.gather(*map(play_one, faults))


@click.command()
@click.option("--every", default=1, show_default=True, help="Only each so many-th call.")
@click.option("--kinds", default="kill,eio,enospc", show_default=True, help="Of faults; also full.")
@click.option("--jobs", default=2, show_default=True, help="How many journeys at a time.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep databases and logs there.")
def main(every: int, kinds: str, jobs: int, folder: Path | None) -> None:
    """Let the bot crash at every write to its database, and see whether the promise holds."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        destination = folder or Path(temporary)
        (destination / "undisturbed").mkdir(parents=True)
        if reason := unusable(destination / "undisturbed"):
            raise click.ClickException(reason)
        undisturbed = asyncio.run(play(destination / "undisturbed"))
        faults = list(faults_at(undisturbed.calls, [Kind(kind) for kind in kinds.split(",")]))
        results = [undisturbed]
        asyncio.run(play_all(faults[::every], destination, jobs, _teller(results)))
    broken = [result for result in results if result.violations]
    click.echo(f"{len(results) - 1:>8} journeys with a fault, of {len(faults)} possible")
    click.echo(f"{sum(result.struck for result in results):>8} met it")
    click.echo(f"{len(broken):>8} broke the promise")
    click.echo(f"{time.monotonic() - began:>8.0f} seconds")
    sys.exit(1 if broken else 0)


def _teller(results: list[Result]) -> Callable[[Result], None]:
    def tell(result: Result) -> None:
        results.append(result)
        for violation in result.violations:
            click.echo(f"{result.fault}: {violation}", err=True)

    return tell


if __name__ == "__main__":
    main()
