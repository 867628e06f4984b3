"""Runs the planned rounds against the bot, removes the faults, and audits what arrived."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from bot.storage.database import DatabaseThread
from sandbox.discord import ActionUnavailable, Event, Interaction, Request
from tests.e2e.chaos.accounts import KEY_PREFIX, Accounts
from tests.e2e.chaos.audit import AuditResult, audit
from tests.e2e.chaos.commands import WatchCommands
from tests.e2e.chaos.creation_plan import CreationPlan, PlannedErasure
from tests.e2e.chaos.creations import Creations
from tests.e2e.chaos.environment import Environment, open_environment
from tests.e2e.chaos.erasure import ask_to_forget, confirm
from tests.e2e.chaos.expected_results import ExpectedResult
from tests.e2e.chaos.messages import messages_of_bot
from tests.e2e.chaos.plan import (
    RELAYS,
    BotExit,
    NewTask,
    PlannedAccountChange,
    PlannedAction,
    Round,
    nonce_window,
    plan,
)
from tests.e2e.chaos.relay_tasks import expected_result, relay_task, task_id
from tests.e2e.chaos.user_actions import Command, UserAction

_TRIGGER_TIMEOUT = 1.5
"""Real seconds for which the planned moment of the bot's exit is awaited."""
_RECOVERY_STEP = 60.0
"""Seconds by which the clocks advance during recovery.

A larger step would count as an outage of the poller, which stops the deadlines.
"""
_RECOVERY_TIMEOUT = 150.0
"""Real seconds."""


@dataclass(slots=True)
class Report:
    """The result of a chaos test."""

    audit: AuditResult
    metrics: dict[str, int | float]
    log: list[str]
    """The events, round by round."""
    malformed: Sequence[Request] = ()
    """Requests of the bot that Discord refuses in any state."""
    pending: int = 0
    """How many tasks and messages were pending when recovery timed out."""
    stored_violations: Sequence[str] = ()
    """Accounts that are lost or left behind, keys that can be read, creations charged wrongly."""

    @property
    def violations(self) -> list[str]:
        """All violations of the guarantee, a line each."""
        pending = [f"{self.pending} watches or messages are pending"] if self.pending else []
        malformed = [f"malformed request: {each.method} {each.path}" for each in self.malformed]
        return [*pending, *malformed, *self.stored_violations, *self.audit.violations]


@dataclass
class ChaosRun:
    """The state of a chaos test: the environment, and what users did in it."""

    environment: Environment
    on_event: Callable[[str], None]
    results: list[ExpectedResult] = field(default_factory=list)
    commands: WatchCommands = field(init=False)
    accounts: Accounts = field(init=False)
    account_changes: int = 0
    creations: Creations = field(init=False)
    erasures: int = 0
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        environment = self.environment
        self.commands = WatchCommands(environment.discord, environment.relay.clock.now)
        self.accounts = Accounts(self.environment)
        self.creations = Creations(self.environment)

    async def run_round(self, planned: Round) -> None:
        """Run one round to its end; the bot is running then."""
        environment = self.environment
        self.note(f"round {planned.number}: {len(planned.tasks)} tasks")
        environment.faults.remove_expired(planned.number)
        await self.ensure_running()
        for task in planned.tasks:
            self.create_task(task)
        for fault in planned.faults:
            self.note(f"  {fault.kind} (channel {fault.channel}, {fault.times} times)")
            await environment.faults.inject(fault, planned.number)
        actions = [asyncio.create_task(self.run_command(action)) for action in planned.actions]
        actions += [
            asyncio.create_task(self.change_account(change)) for change in planned.account_changes
        ]
        actions += self.begin_creations(planned.creation)
        bot_exit = asyncio.create_task(self.restart_bot(planned))
        await asyncio.sleep(planned.pause)
        for seconds in planned.clock_steps:
            environment.advance_clocks(seconds)
            await asyncio.sleep(0.15)
        await bot_exit
        await asyncio.gather(*actions)
        await self.ensure_running()
        if planned.creation.erasure is not None:
            await self.forget(planned.creation.erasure)
        await self.creations.look_up()

    def note(self, line: str) -> None:
        """Add an event to the log."""
        self.log.append(line)
        self.on_event(line)

    async def ensure_running(self) -> None:
        """Wait until the bot is ready; start it if it is not running."""
        await self.environment.ensure_running()
        self.commands.bot_exited.clear()

    def create_task(self, task: NewTask) -> None:
        """Create a planned task at its relay, unless the relay never knows it."""
        relay = self.environment.relays[task.relay]
        created = relay_task(task)
        if created is not None:
            relay.add(created)
        self.results.append(expected_result(task, relay.clock.now()))

    async def change_account(self, planned: PlannedAccountChange) -> None:
        """Let a user connect or disconnect an account."""
        await asyncio.sleep(planned.delay)
        change = await self.accounts.change(planned.relay, connects=planned.connects)
        if change is not None:
            self.account_changes += 1
            self.note(f"  {change}")

    async def connect_accounts(self) -> None:
        """Let every owner connect their account. Raises ``RuntimeError`` if that fails."""
        for relay in RELAYS[1:]:
            change = await self.accounts.change(relay, connects=True)
            if change is None or not change.is_done:
                raise RuntimeError(f"The account at {relay} cannot be connected: {change}")

    def begin_creations(self, planned: CreationPlan) -> list[asyncio.Task[None]]:
        """Let users create, repeat and stop creations at the same time."""
        actions = self.creations.actions(planned)
        return [asyncio.create_task(self.do(*each)) for each in actions]

    async def do(self, delay: float, action: Callable[[], Awaitable[object | None]]) -> None:
        """Let a user do something after a time (real seconds); note what happened, if anything."""
        await asyncio.sleep(delay)
        if (happened := await action()) is not None:
            self.note(f"  {happened}")

    async def forget(self, planned: PlannedErasure) -> None:
        """Let a user delete their data; nothing else happens meanwhile."""
        environment = self.environment
        user = environment.users[planned.user]
        channel = environment.channel_for(planned.channel, user)
        try:
            asked = await ask_to_forget(environment, user, channel)
        except (ActionUnavailable, TimeoutError):
            return
        now = environment.relay.clock.now()
        erasure = UserAction(Command.FORGET, "", user.id, channel.id, now)
        self.commands.actions.append((erasure, asked))
        await self.creations.expect_erasure(user)
        self.erasures += await confirm(environment, asked)
        self.note(f"  forget {user.id}")

    async def run_command(self, planned: PlannedAction) -> None:
        """Let a user run a command, and read the reply if there is one."""
        await asyncio.sleep(planned.delay)
        user = self.environment.users[planned.user]
        channel = self.environment.channel_for(planned.channel, user)
        action = await self.commands.run(planned.command, task_id(planned.task), user, channel)
        if action is not None:
            self.note(f"  {action}")

    async def restart_bot(self, planned: Round) -> None:
        """End the bot as planned, advance the clocks by its downtime, and start it again."""
        if planned.bot_exit is None:
            return
        await self._wait_for_trigger(planned)
        self.note(f"  bot {planned.bot_exit}; downtime {planned.downtime:.0f} s")
        bot = self.environment.bot
        await (bot.stop() if planned.bot_exit is BotExit.STOPPED else bot.kill())
        self.commands.bot_exited.set()
        await self.environment.discord.wait_until_disconnected()
        self.environment.advance_clocks(planned.downtime)
        await self.ensure_running()

    async def _wait_for_trigger(self, planned: Round) -> None:
        """Wait for the planned moment of the bot's exit, but not longer than the timeout."""
        relay = self.environment.relay
        lookups = len(relay.requests)
        message_posted = asyncio.Event()
        self.commands.reply_received.clear()

        def on_event(event: Event) -> None:
            message = event.message
            if event.kind == "message" and message and message.author.bot:
                message_posted.set()

        unsubscribe = self.environment.discord.on_event(on_event)
        with suppress(TimeoutError):
            async with asyncio.timeout(_TRIGGER_TIMEOUT):
                if planned.bot_exit is BotExit.KILLED_AFTER_MESSAGE:
                    await message_posted.wait()
                elif planned.bot_exit is BotExit.KILLED_AFTER_LOOKUP:
                    await relay.wait_for_requests(lookups + 1)
                    await asyncio.sleep(planned.bot_exit_delay / 20)
                elif planned.bot_exit is BotExit.KILLED_AFTER_REPLY:
                    await self.commands.reply_received.wait()
                else:
                    await asyncio.sleep(planned.bot_exit_delay)
        unsubscribe()

    async def recover(self) -> int:
        """Remove all faults and advance the clocks until nothing is pending; return what still is.

        Recovery ends with its timeout at the latest.
        """
        self.note("recovery")
        environment = self.environment
        environment.faults.remove_all()
        started_at = time.monotonic()
        while pending := environment.count_pending():
            if time.monotonic() - started_at >= _RECOVERY_TIMEOUT:
                break
            await self.ensure_running()
            environment.advance_clocks(_RECOVERY_STEP)
            await asyncio.sleep(0.25)
        await self.creations.look_up()
        return pending

    def audit(self) -> AuditResult:
        """Audit the messages, with the replies that came after their timeouts."""
        self.commands.read_late_replies()
        actions = [action for action, _ in self.commands.actions]
        for action, interaction in self.commands.actions:
            self._set_accounts(action, interaction)
        every_message = messages_of_bot(self.environment.discord)
        messages = [each for each in every_message if not self.creations.is_about(each)]
        moderated = self.environment.faults.moderated
        return audit(self.results, actions, messages, moderated=moderated)

    def _set_accounts(self, action: UserAction, interaction: Interaction) -> None:
        """Set which accounts an action may have used, and what may have become of them."""
        since, until = action.created_at, action.replied_at or inf
        user, channel = interaction.user, interaction.channel
        action.relays = self.accounts.usable(user, channel, since, until)
        action.may_be_disconnected = self.accounts.may_be_disconnected(action.relays, since)

    async def stored_violations(self) -> list[str]:
        """Stop the bot; return what is wrong of accounts and creations, and where keys are."""
        environment = self.environment
        await environment.bot.stop()
        messages = messages_of_bot(environment.discord)
        places = {each.name: each.read_bytes() for each in environment.folder.iterdir()}
        places["a message"] = "".join(each.text for each in messages).encode()
        prefix = KEY_PREFIX.encode()
        told = [f"{name} holds a key" for name, content in places.items() if prefix in content]
        async with DatabaseThread(environment.folder / "suno.db") as database:
            stored = await self.accounts.violations(database)
            return told + stored + await self.creations.violations(database, messages)

    def metrics(self) -> dict[str, int | float]:
        """Return how much happened."""
        environment = self.environment
        bot_user = environment.discord.bot_user
        return {
            "tasks": len(self.results),
            **self.commands.metrics(),
            "bot starts": environment.bot_starts,
            "account changes": self.account_changes,
            **self.creations.metrics(),
            "erasures": self.erasures,
            "faults": environment.faults.count,
            "messages": sum(
                message.author is bot_user
                for channel in environment.discord.state.channels.values()
                for message in channel.history.values()
            ),
            "relay requests": sum(len(each.requests) for each in environment.relays.values()),
            "simulated seconds": round(environment.clock.ahead),
        }


async def run_chaos(
    folder: Path, *, seed: int, rounds: int, on_event: Callable[[str], None] = lambda _: None
) -> Report:
    """Run the rounds of a seed, recover, and audit; ``on_event`` gets every line of the log."""
    started_at = time.monotonic()
    async with open_environment(folder) as environment:
        run = ChaosRun(environment, on_event)
        environment.discord.nonce_window = nonce_window(seed)
        await run.connect_accounts()
        run.note(f"Discord recognizes a nonce for {environment.discord.nonce_window:.0f} s")
        for planned in plan(seed, rounds):
            await run.run_round(planned)
        pending = await run.recover()
        metrics = {"rounds": rounds, **run.metrics()}
        metrics["real seconds"] = round(time.monotonic() - started_at)
        malformed, result = environment.discord.malformed_requests, run.audit()
        stored = await run.stored_violations()
        return Report(result, metrics, run.log, malformed, pending, stored)
