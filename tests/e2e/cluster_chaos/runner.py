"""Runs the planned rounds against the processes, ends the faults, and audits what arrived."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from bot.storage.database import DatabaseThread
from bot.storage.models import CreationQuotas
from sandbox.discord import Request
from tests.e2e.chaos.audit import AuditResult, audit
from tests.e2e.chaos.commands import WatchCommands
from tests.e2e.chaos.creations import Creations
from tests.e2e.chaos.expected_results import ExpectedResult
from tests.e2e.chaos.messages import messages_of_bot
from tests.e2e.chaos.plan import NewTask, PlannedAction, nonce_window
from tests.e2e.chaos.quota_audit import too_many_at_once
from tests.e2e.chaos.relay_tasks import expected_result, relay_task, task_id
from tests.e2e.cluster_chaos.environment import PROCESS_COUNT, TAKES, Cluster, open_cluster
from tests.e2e.cluster_chaos.leader import Failover
from tests.e2e.cluster_chaos.plan import RELAY, Round, plan
from tests.e2e.cluster_chaos.process_faults import ProcessFaultInjector

_REPLY_TIMEOUT = 30.0
"""Real seconds for which a user waits for a reply, while rounds go on."""
_ANSWER_AFTER, _SLOW_ANSWER_AFTER = 0.5, 4.0
"""Real seconds until a relay answers: many a process is killed or paused meanwhile."""
_RECOVERY_TIMEOUT = 400.0
"""Real seconds."""
_STOP_TIMEOUT = 120.0
"""Real seconds in which a process certainly stops."""
_VALUE = re.compile(r'"[^"]*"|\w*\d+')
_LAST_LINE_OF_TRACEBACK = re.compile(r"^Traceback .*\n(?:[ \t].*\n|\n)+(\S.*)$", re.MULTILINE)


@dataclass(slots=True)
class Report:
    """The result of a chaos test of several processes."""

    audit: AuditResult
    metrics: dict[str, int | float]
    failovers: list[Failover]
    log: list[str]
    """The events, round by round."""
    tracebacks: Counter[str]
    """The last lines of the tracebacks in the logs, without values; how often each occurs."""
    malformed: Sequence[Request] = ()
    """Requests of the bot that Discord refuses in any state."""
    pending: int = 0
    """How many tasks and messages were pending when recovery timed out."""
    failed_stops: Sequence[str] = ()
    """Processes that did not stop as they should."""
    wrong_creations: Sequence[str] = ()
    """What was created is stored, charged or told wrongly."""

    @property
    def violations(self) -> list[str]:
        """All violations of the guarantee, a line each."""
        pending = [f"{self.pending} watches or messages are pending"] if self.pending else []
        malformed = [f"malformed request: {each.method} {each.path}" for each in self.malformed]
        told = (*self.audit.violations, *self.wrong_creations)
        return [*pending, *malformed, *self.failed_stops, *told]


@dataclass
class ClusterRun:
    """The state of a chaos test: the processes, and what users did."""

    cluster: Cluster
    on_event: Callable[[str], None]
    results: list[ExpectedResult] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    commands: WatchCommands = field(init=False)
    creations: Creations = field(init=False)
    process_faults: ProcessFaultInjector = field(init=False)
    running_commands: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        cluster = self.cluster
        self.commands = WatchCommands(cluster.discord, cluster.relay.clock.now, _REPLY_TIMEOUT)
        self.creations = Creations(
            cluster,
            reply_timeout=_REPLY_TIMEOUT,
            answer_after=_ANSWER_AFTER,
            slow_answer_after=_SLOW_ANSWER_AFTER,
        )
        self.process_faults = ProcessFaultInjector(cluster, self.note)

    def note(self, line: str) -> None:
        """Add an event to the log."""
        line = f"{time.strftime('%H:%M:%S')} {line}"
        self.log.append(line)
        self.on_event(line)

    async def run_round(self, planned: Round) -> None:
        """Run one round to its end; commands without a reply go on."""
        self.note(f"round {planned.number}: {len(planned.tasks)} tasks")
        await self.cluster.wait_until_ready(least=PROCESS_COUNT - 1)
        for task in planned.tasks:
            self.create_task(task)
        for command in planned.actions:
            self._begin(self.run_command(command))
        for delay, action in self.creations.actions(planned.creation):
            self._begin(self.do(delay, action))
        for fault in planned.request_faults:
            self.note(f"  {fault.kind} ({fault.times} times)")
            await self.cluster.faults.inject(fault, planned.number)
        is_single = len(planned.process_faults) == 1
        await asyncio.gather(
            asyncio.sleep(planned.duration),
            *(
                self.process_faults.inject(fault, is_single=is_single)
                for fault in planned.process_faults
            ),
        )

    def _begin(self, command: Coroutine[Any, Any, None]) -> None:
        running = asyncio.create_task(command)
        self.running_commands.add(running)
        running.add_done_callback(self.running_commands.discard)

    async def do(self, delay: float, action: Callable[[], Awaitable[object | None]]) -> None:
        """Let a user do something after a time (real seconds); note what happened, if anything."""
        await asyncio.sleep(delay)
        if (happened := await action()) is not None:
            self.note(f"  {happened}")

    def create_task(self, task: NewTask) -> None:
        """Create a planned task at the relay."""
        created = relay_task(task)
        assert created is not None
        self.cluster.relay.add(created)
        self.results.append(expected_result(task, self.cluster.relay.clock.now()))

    async def run_command(self, planned: PlannedAction) -> None:
        """Let a user run a command, and read the reply if there is one."""
        await asyncio.sleep(planned.delay)
        user = self.cluster.users[planned.user]
        channel = self.cluster.channel_for(planned.channel, user)
        action = await self.commands.run(planned.command, task_id(planned.task), user, channel)
        if action is not None:
            action.relays = frozenset({RELAY})
            self.note(f"  {action}")

    async def recover(self) -> int:
        """End all faults, and wait until nothing is pending; return what still is."""
        self.note("recovery")
        self.cluster.faults.remove_all()
        await self.cluster.wait_until_ready()  # one may have ended by itself in the last round
        await asyncio.gather(*self.running_commands)
        until = time.monotonic() + _RECOVERY_TIMEOUT
        while (pending := await self.cluster.count_pending()) and time.monotonic() < until:
            await self.cluster.wait_until_ready()
            await asyncio.sleep(0.5)
        return pending

    async def stop(self) -> None:
        """Stop all processes, so that what they began has ended."""
        for process in self.cluster.processes:
            if code := await process.stop(_STOP_TIMEOUT):
                failed = f"process {process.number} stopped with {code} at last"
                self.process_faults.failed_stops.append(failed)

    def audit(self) -> AuditResult:
        """Audit the messages, with the replies that came after their timeouts."""
        self.commands.read_late_replies()
        actions = [action for action, _ in self.commands.actions]
        every_message = messages_of_bot(self.cluster.discord)
        messages = [each for each in every_message if not self.creations.is_about(each)]
        return audit(self.results, actions, messages)

    async def wrong_creations(self) -> list[str]:
        """Return what was created is stored, charged or told wrongly, a line each."""
        cluster = self.cluster
        messages = messages_of_bot(cluster.discord)
        async with DatabaseThread(cluster.server.url(cluster.database)) as database:
            found = await self.creations.violations(database, messages)
        ends = {
            task_id: each.at + TAKES
            for relay in cluster.relays.values()
            for each in relay.submissions.charges
            for task_id in each.task_ids
        }
        at_once = CreationQuotas().at_once
        return [*found, *too_many_at_once(self.creations.stored, ends, at_once)]

    def tracebacks(self) -> Counter[str]:
        """Return the last lines of the tracebacks in the logs of all processes."""
        logs = "\n".join(process.bot.log for process in self.cluster.processes)
        lines = _LAST_LINE_OF_TRACEBACK.findall(logs)
        return Counter(_VALUE.sub("\N{HORIZONTAL ELLIPSIS}", line)[:150] for line in lines)

    def metrics(self) -> dict[str, int | float]:
        """Return how much happened."""
        cluster, faults = self.cluster, self.process_faults
        return {
            "tasks": len(self.results),
            **self.commands.metrics(),
            **self.creations.metrics(),
            "messages": len(messages_of_bot(cluster.discord)),
            "process starts": sum(process.starts for process in cluster.processes),
            "kills": faults.kills,
            "pauses": faults.pauses,
            "PostgreSQL restarts": faults.database_restarts,
            "unasked exits": cluster.unasked_exits,
            "changes of the leader's session": cluster.leader.changes,
            "faults of requests": cluster.faults.count,
        }


async def run_cluster_chaos(
    folder: Path,
    *,
    seed: int,
    rounds: int,
    minutes: float = inf,
    on_event: Callable[[str], None] = lambda _: None,
) -> Report:
    """Run the rounds of a seed, recover, and audit; ``on_event`` gets every line of the log.

    No round begins after some ``minutes``.
    """
    began = time.monotonic()
    async with open_cluster(folder, rounds) as cluster:
        cluster.discord.nonce_window = nonce_window(seed)
        run = ClusterRun(cluster, on_event)
        done = 0
        for planned in plan(seed, rounds):
            if time.monotonic() - began > minutes * 60:
                break
            await run.run_round(planned)
            done += 1
        pending = await run.recover()
        await run.stop()
        wrong_creations = await run.wrong_creations()
        metrics = {"rounds": done, **run.metrics()}
        metrics["real seconds"] = round(time.monotonic() - began)
        faults = run.process_faults
        return Report(
            run.audit(),
            metrics,
            faults.failovers,
            run.log,
            run.tracebacks(),
            cluster.discord.malformed_requests,
            pending,
            faults.failed_stops,
            wrong_creations,
        )
