"""Kills, pauses, restarts and disconnects processes, and measures until one leads again."""

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.storage.postgres.engine import RECONNECT_FOR
from tests.e2e.cluster_chaos.environment import Cluster, ClusterProcess
from tests.e2e.cluster_chaos.leader import Failover
from tests.e2e.cluster_chaos.plan import PlannedProcessFault, ProcessFault

_FAILOVER_TIMEOUT = 120.0
"""Real seconds within which another process certainly leads, also on a busy machine."""
_PAUSE_TIMEOUT = 20.0
"""Real seconds after which a paused leader goes on, also if nobody has replaced it."""
_LONG_OUTAGE = RECONNECT_FOR + 3.0
"""Real seconds: longer than a process asks what became of a transaction whose answer was lost."""
_GRACE_PERIOD = 60.0
"""Real seconds that a process has to stop."""


@dataclass
class ProcessFaultInjector:
    """Injects faults of processes and of the database, and waits for what comes of them."""

    cluster: Cluster
    note: Callable[[str], None]
    failovers: list[Failover] = field(default_factory=list)
    kills: int = 0
    pauses: int = 0
    database_restarts: int = 0
    failed_stops: list[str] = field(default_factory=list)
    """Processes that did not stop as they should, a line each."""

    async def inject(self, fault: PlannedProcessFault, *, is_single: bool) -> None:
        """Inject a fault; returns when its processes run again, and one leads."""
        await asyncio.sleep(fault.delay)
        kind = fault.kind
        self.note(f"  {kind} (leader {self.cluster.leader.process})")
        if kind is ProcessFault.ROLLING_RESTART:
            await self._restart_all()
            return
        if kind is ProcessFault.FOLLOWER_KILLED:
            await self._kill(self._follower(), fault.downtime)
            return
        seconds = await self._fail_leader(fault)
        if seconds is not None:
            self.failovers.append(Failover(kind, seconds, is_single))
            self.note(f"  {kind}: {self.cluster.leader.process} leads after {seconds:.1f} s")

    async def _fail_leader(self, fault: PlannedProcessFault) -> float | None:
        """Do something to the leader; return after how many seconds another session leads."""
        leader = self.cluster.leader
        number, session = leader.process, leader.session
        if number is None:
            return None
        process = self.cluster.processes[number]
        if fault.kind is ProcessFault.LEADER_PAUSED:
            return await self._pause(process, fault.downtime)
        measured = asyncio.create_task(
            leader.measure(lambda _, other: other != session, _FAILOVER_TIMEOUT)
        )
        if fault.kind is ProcessFault.LEADER_KILLED:
            await self._kill(process, fault.downtime)
        elif fault.kind is ProcessFault.LEADER_DISCONNECTED:
            await asyncio.to_thread(leader.end_sessions, number)
        elif fault.kind is ProcessFault.ALL_DISCONNECTED:
            await asyncio.to_thread(leader.end_sessions)
        else:
            self.database_restarts += 1
            is_long = fault.kind is ProcessFault.DATABASE_DOWN
            await asyncio.to_thread(self._restart_database, _LONG_OUTAGE if is_long else 0.0)
        return await measured

    async def _kill(self, process: ClusterProcess, downtime: float) -> None:
        """Kill a process, and start it again after some seconds."""
        async with process.in_fault:
            if process.bot.pid is None:
                return
            self.kills += 1
            await process.bot.kill()
            await asyncio.sleep(downtime)
            await process.start()

    async def _pause(self, process: ClusterProcess, extra: float) -> float | None:
        """Pause the leader until another process leads, and some seconds longer."""
        async with process.in_fault:
            if process.bot.pid is None:
                return None
            self.pauses += 1
            process.bot.send_signal(signal.SIGSTOP)
            seconds = await self.cluster.leader.measure(
                lambda number, _: number != process.number, _PAUSE_TIMEOUT
            )
            await asyncio.sleep(extra)
            process.bot.send_signal(signal.SIGCONT)
            return seconds

    async def _restart_all(self) -> None:
        """Restart one process after the other, as an update does."""
        for process in self.cluster.processes:
            async with process.in_fault:
                if process.bot.pid is not None:
                    code = await process.stop(_GRACE_PERIOD)
                    if code:
                        self.failed_stops.append(f"process {process.number} stopped with {code}")
                await process.start()
            await self.cluster.wait_until_ready()

    def _restart_database(self, downtime: float) -> None:
        """Let the server end at once, without a checkpoint, and start it again."""
        self.cluster.server.stop(signal.SIGQUIT)
        time.sleep(downtime)
        self.cluster.server.start()

    def _follower(self) -> ClusterProcess:
        leader = self.cluster.leader.process
        return next(each for each in self.cluster.processes if each.number != leader)
