"""Crash test: runs a short user journey once for each system call that writes the database.

``python -m tests.e2e.crash_at_every_write`` runs the journey once without a fault and counts the
calls that write or sync; then once for each of them, at which the bot is killed (``kill``), or the
disk reports an error (``eio``) or is full (``enospc``; ``full``: from then on). Then the bot is
restarted without faults. Each confirmed watch has to end in exactly one notice, and a bot that
survives the fault has to work again. The exit code is 1 if a notice is lost, duplicated or wrong,
or if the bot exits with the code of an error that a restart cannot solve.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from bot.__main__ import EXIT_PERMANENT_ERROR
from sandbox.bot_process import BotProcess
from sandbox.discord import Channel, Interaction, Message, User
from sandbox.discord.channel_kinds import FORUM
from sandbox.relay import song
from tests.e2e.chaos.audit import audit
from tests.e2e.chaos.environment import count_pending
from tests.e2e.chaos.expected_results import ExpectedResult
from tests.e2e.chaos.messages import messages_of_bot
from tests.e2e.chaos.relay_tasks import clip_links
from tests.e2e.chaos.user_actions import Command, ReplyKind, UserAction
from tests.e2e.fault_runs import fault_options, inject_faults
from tests.support.adjustable_clock import AdjustableClock
from tests.support.sandbox_session import SandboxSession, open_sandbox
from tests.support.task_endings import TaskEnding
from tests.support.write_faults import WriteFault, count_calls, strace_command, was_injected

_TASK = "song-of-the-journey"
_SONG_DURATION = 300.0
"""Seconds until the song is finished: longer than all steps before take."""
_WAIT_TIMEOUT = 5.0
"""Real seconds for one wait while a fault may happen."""
_START_TIMEOUT = 30.0
"""Real seconds."""
_RECOVERY_TIMEOUT = 60.0
"""Real seconds: a post of which nothing was heard is searched two minutes later by the clock."""
_CLOCK_STEP = 0.25
"""Seconds by which the clocks advance after each pause."""
_PAUSE = 0.02
"""Real seconds."""


@dataclass(slots=True)
class Result:
    """The result of one journey."""

    fault: WriteFault | None
    injected: bool
    """Whether the fault happened."""
    exit_code: int
    """The exit code of the bot's first process."""
    violations: tuple[str, ...]
    calls: dict[str, int]
    """How often that process made each system call, see ``count_calls``."""


@dataclass
class Journey:
    """Ada and Bea watch a song until they get its notice, across restarts of the bot."""

    sandbox: SandboxSession
    clock: AdjustableClock
    bot: BotProcess
    forum: Channel | None = None
    """The forum that the notices are for, if they are not for the channel of the commands."""
    remaining_steps: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    actions: list[tuple[UserAction, Interaction]] = field(default_factory=list)
    results: list[ExpectedResult] = field(default_factory=list)

    def prepare(self) -> None:
        """Create the song at the relay, and plan the steps."""
        self.create_song(_TASK, _SONG_DURATION)
        self.remaining_steps = [
            lambda: self.watch(_TASK, self.sandbox.ada),
            lambda: self.watch(_TASK, self.sandbox.bea),
            self.finish_song,
        ]

    def create_song(self, task_id: str, duration: float) -> None:
        """Create a song at the relay that takes ``duration`` seconds."""
        title = f"City Windows {task_id}"
        self.sandbox.relay.add(song(task_id, title=title, takes=duration))
        ends_at = self.sandbox.relay.clock.now() + duration
        links = tuple(clip_links(task_id))
        self.results.append(ExpectedResult(task_id, TaskEnding.SONG, ends_at, title, links))

    async def run_steps(self, bot: BotProcess) -> None:
        """Start the bot, and run the remaining steps until it exits or none is left."""
        self.bot = bot
        await bot.start()
        discord = self.sandbox.discord
        if not await self.until(lambda: discord.gateway.all_shards_ready, _START_TIMEOUT):
            return
        await self.until(lambda: discord.commands.registered, _START_TIMEOUT)
        while self.remaining_steps and bot.pid is not None:
            await self.remaining_steps.pop(0)()

    async def kill(self) -> None:
        """Kill the bot if it is running."""
        if self.bot.pid is not None:
            await self.bot.kill()

    async def until(self, condition: Callable[[], object], seconds: float = _WAIT_TIMEOUT) -> bool:
        """Advance the clocks until a condition holds; return whether it did.

        It does not if the bot exits first, or so many real ``seconds`` pass.
        """
        ends_at = time.monotonic() + seconds
        while not condition():
            if self.bot.pid is None or time.monotonic() > ends_at:
                return False
            self.advance_clocks(_CLOCK_STEP)
            await asyncio.sleep(_PAUSE)
        return True

    def advance_clocks(self, seconds: float) -> None:
        """Advance the clocks of the relay, Discord and the bot."""
        self.sandbox.relay.clock.advance(seconds)
        self.sandbox.discord.clock.advance(seconds)
        self.clock.advance(seconds)

    async def watch(self, task_id: str, user: User) -> bool:
        """Let a user watch a task; return whether a reply confirms it."""
        sandbox, now = self.sandbox, self.sandbox.relay.clock.now
        place, named = self.forum or sandbox.songs, {"channel": self.forum} if self.forum else {}
        action = UserAction(Command.WATCH, task_id, user.id, place.id, now())
        interaction = await sandbox.discord.command(
            user, sandbox.songs, "suno watch", id=task_id, **named
        )
        self.actions.append((action, interaction))
        if await self.until(lambda: interaction.answer is not None):
            action.replied_at = now()
        self.read_replies()
        return action.reply_kind in (ReplyKind.WATCHING, ReplyKind.FINISHED)

    async def finish_song(self) -> None:
        """Let the song end, and wait until nothing is pending."""
        self.advance_clocks(_SONG_DURATION)
        await self.until(lambda: self.notices(_TASK))
        await self.until(lambda: not self.count_pending())

    async def recover(self) -> list[str]:
        """Wait until nothing is pending, and check that the bot works; return the violations."""

        def idle() -> bool:
            return not self.remaining_steps and not self.count_pending()

        if not await self.until(idle, _RECOVERY_TIMEOUT):
            return ["the bot exited" if self.bot.pid is None else "work is pending"]
        # The fault may happen during the first of two checks.
        works = await self.check_service() or await self.check_service()
        return [] if works else ["no service"]

    async def check_service(self) -> bool:
        """Let Ada watch a song that has ended; return whether she gets a reply and the notice."""
        task_id = f"extra-song-{len(self.results)}"
        self.create_song(task_id, 0.1)
        confirmed = await self.watch(task_id, self.sandbox.ada)
        notified = confirmed and await self.until(lambda: self.notices(task_id))
        return notified and await self.until(lambda: not self.count_pending())

    def notices(self, task_id: str) -> list[Message]:
        """Return the notices of a task where they are to be."""
        places = self.forum.threads if self.forum else [self.sandbox.songs]
        return [message for place in places for message in self.sandbox.notices(task_id, place)]

    def count_pending(self) -> int:
        """Return how many tasks are running and how many messages are undelivered, together."""
        return count_pending(self.sandbox.folder / "suno.db")

    def read_replies(self) -> None:
        """Read the replies that users got so far."""
        for action, interaction in self.actions:
            reply = interaction.answer
            action.reply = reply.content if reply is not None else None

    def audit(self) -> tuple[str, ...]:
        """Return the violations of the guarantee, a line each."""
        self.read_replies()
        actions = [action for action, _ in self.actions]
        return audit(self.results, actions, messages_of_bot(self.sandbox.discord)).violations


async def run_journey(
    folder: Path, fault: WriteFault | None = None, *, in_forum: bool = False
) -> Result:
    """Run the journey with a fault, restart the bot without it, and audit the messages."""
    database, trace, clock = folder / "suno.db", folder / "trace", folder / "clock"
    program = ("-m", "tests.support.adjustable_clock", str(clock))
    violations: list[str] = []
    async with open_sandbox(folder) as sandbox:
        strace = strace_command(database, trace, fault)
        first = BotProcess(folder, sandbox.environment, program, strace)
        second = BotProcess(folder, sandbox.environment, program)
        forum = sandbox.guild.add_channel("hits", FORUM) if in_forum else None
        journey = Journey(sandbox, AdjustableClock(clock), first, forum)
        journey.prepare()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(journey.kill)
            await journey.run_steps(first)
            if first.pid is not None and (fault is None or fault.is_transient):
                violations += await journey.recover()
            exit_code = await first.stop()
            await sandbox.discord.wait_until_disconnected()
            await journey.run_steps(second)
            violations += [*await journey.recover(), *journey.audit()]
            if await second.stop() != 0:
                violations.append("the bot did not stop with exit code 0")
    if exit_code == EXIT_PERMANENT_ERROR:
        violations.append("the bot exited with the code of an error that a restart cannot solve")
    if fault is None and exit_code != 0:
        violations.append(f"the bot exited with code {exit_code} without a fault")
    return Result(fault, was_injected(trace), exit_code, tuple(violations), count_calls(trace))


@click.command()
@fault_options
@click.option("--forum", is_flag=True, help="Watch for a forum.")
def main(*, forum: bool, **options: Any) -> None:
    """Inject a fault at every write to the database, and audit the notices of each journey."""
    inject_faults(partial(run_journey, in_forum=forum), **options)


if __name__ == "__main__":
    main()
