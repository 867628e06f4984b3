"""Observes which process leads: the server knows whose session holds the leader's lock.

Each process connects as a role of its own, so that its sessions can be told from others.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Self

import psycopg

from bot.storage.leases import LEADER_LOCK
from tests.support.postgres_server import PostgresServer

_INTERVAL = 0.05
"""Real seconds between two looks: the error of every measurement."""
_ROLE = "process_"
_LEADER = f"""
    SELECT usename, pid FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objid = {LEADER_LOCK} AND granted
"""  # noqa: S608 # a constant


def role_of(process: int) -> str:
    """Return the role as which a process connects."""
    return f"{_ROLE}{process}"


@dataclass(frozen=True, slots=True)
class Failover:
    """How long it took until the lock was held by another session, after a fault.

    ``is_single``: nothing else happened to the processes in that round.
    """

    fault: str
    seconds: float
    is_single: bool


def describe(failovers: list[Failover]) -> list[str]:
    """Return a line for each fault: how many failovers it caused, their median and the longest."""
    lines = []
    for name, found in _by_fault(failovers).items():
        middle, worst = median(found), max(found)
        lines.append(f"{name}: {len(found)} times, median {middle:.1f} s, worst {worst:.1f} s")
    return lines


def _by_fault(failovers: list[Failover]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for each in sorted(failovers, key=lambda one: (one.fault, not one.is_single)):
        name = each.fault if each.is_single else f"{each.fault}, with others"
        found.setdefault(name, []).append(each.seconds)
    if failovers:
        found["all"] = [each.seconds for each in failovers]
    return found


class LeaderObserver:
    """Knows at any time which process leads; ``async with`` keeps it up to date."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._connection: psycopg.Connection | None = None
        self._observing: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self.process: int | None = None
        """The process that leads; ``None`` if none does, or while the server does not answer."""
        self.session: int | None = None
        """The id of its session at the server."""
        self.changes = 0
        """How often another session led than before."""

    async def __aenter__(self) -> Self:
        self._observing = asyncio.create_task(self._observe())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._observing is not None:
            self._observing.cancel()
            await asyncio.gather(self._observing, return_exceptions=True)
        self._close()

    async def measure(self, is_over: Callable[[int, int], bool], within: float) -> float | None:
        """Wait until a process leads in a session of which ``is_over`` is true.

        Returns the real seconds that it took, ``None`` if it was not within ``within``.
        """
        began = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(
                    lambda: (
                        self.process is not None
                        and self.session is not None
                        and is_over(self.process, self.session)
                    )
                )
            return time.monotonic() - began
        return None

    def end_sessions(self, process: int | None = None) -> None:
        """Let the server end the sessions of a process, or of all."""
        role = f"{_ROLE}%" if process is None else role_of(process)
        self._server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608 # a constant
            f" WHERE usename LIKE '{role}'"
        )

    async def _observe(self) -> None:
        while True:
            found = await asyncio.to_thread(self._read)
            if found != (self.process, self.session):
                async with self._changed:
                    self.process, self.session = found
                    self.changes += found[0] is not None
                    self._changed.notify_all()
            await asyncio.sleep(_INTERVAL)

    def _read(self) -> tuple[int, int] | tuple[None, None]:
        """Return which process leads in which session. Connects again if that is necessary."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._server.url("postgres"), autocommit=True)
            row = self._connection.execute(_LEADER.encode()).fetchone()
        except psycopg.OperationalError:
            self._close()
            return None, None
        return (int(row[0].removeprefix(_ROLE)), int(row[1])) if row is not None else (None, None)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
