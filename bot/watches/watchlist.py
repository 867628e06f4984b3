"""What people may ask: look at tasks, watch them, stop, and see what they watch."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from bot.polling.schedule import Schedule
from bot.relay.circuit_breaker import CircuitStatus
from bot.relay.client import RelayClient
from bot.relay.errors import RelayError
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Outcome, Task, TaskStatus
from bot.storage.errors import TooManyLookups, WatchError
from bot.storage.joined_notices import JoinedNotice, NoticeProgress
from bot.storage.models import Caller, Destination, Unwatched, Watch
from bot.storage.tasks import TaskStore
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.task_ids import may_be_typed, parse_ids, split_ids


class WatchOutcome(StrEnum):
    """What became of the wish to watch a task."""

    WATCHING = "watching"
    ALREADY = "already"
    """The person watches it in this place already."""
    FINISHED = "finished"
    """It has ended: its notice comes at once."""
    POSTED = "posted"
    """It has ended, and its notice was posted in this place just now."""
    ON_ITS_WAY = "on_its_way"
    """It has ended, and its notice is being sent to this place; it may not name the person."""
    HELD = "held"
    """It has ended, and its notice cannot be posted in this place for now."""
    UNKNOWN = "unknown"
    """The relay does not know the id: nothing is watched."""
    UNCHECKED = "unchecked"
    """Watched before anything is known of it: the poller looks."""
    REFUSED = "refused"
    """A limit is reached: nothing is watched; the result's ``error`` says which."""


@dataclass(frozen=True, slots=True)
class WatchResult:
    """What became of one id that a person wants to watch."""

    task: Task
    added: WatchOutcome
    error: WatchError | None = None
    message_id: int | None = None
    """For ``POSTED``: where it stands."""

    @property
    def failed(self) -> bool:
        """Whether the task has ended, and made nothing."""
        return self.task.outcome is Outcome.FAILURE

    trouble: RelayError | None = None
    """For ``UNCHECKED``: why the relay could not be asked; ``None`` where it was not yet."""


class _Wish(NamedTuple):
    """Who wants to be told, where and how, and how much of that the server there allows."""

    user_id: int
    destination: Destination
    mention: bool
    member_limit: int | None


class Watchlist:
    """The watches of people, and looks at a task in between."""

    def __init__(
        self,
        client: RelayClient,
        store: TaskStore,
        schedule: Schedule,
        limiter: LookupLimiter,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._store = store
        self._schedule = schedule
        self._limiter = limiter
        self._clock = clock

    @property
    def circuit_status(self) -> CircuitStatus:
        """When the relay answered well and badly, and how long it is left alone."""
        return self._client.circuit_status

    async def ids_in(self, text: str) -> list[str]:
        """Return the task ids in what a person typed.

        An odd one, with a slash say, only if the database holds it. Raises what ``parse_ids`` does.
        """
        odd = [each for each in split_ids(text) if not may_be_typed(each)]
        return parse_ids(text, await self._store.known_ids(odd) if odd else ())

    async def look(self, ids: Sequence[str], asker: Caller) -> LookupResult:
        """Ask the relay about tasks now, for a person who waits.

        Raises ``RelayError`` when the relay cannot be asked, ``TooManyLookups`` when it was asked
        too often for this person or this server.
        """
        self._limiter.admit(asker)
        found = await self._client.look_up(ids, interactive=True)
        self._limiter.charge_misses(asker, len(found.missing))
        return found

    async def read_all(self, ids: Sequence[str], asker: Caller) -> LookupResult:
        """Look at tasks for somebody who reads: as they ended, where that is known, else now.

        Raises what ``look`` does, if there is anything to ask for.
        """
        ended = {each: task for each in ids if (task := await self._store.ended_task(each))}
        rest = [each for each in ids if each not in ended]
        found = await self.look(rest, asker) if rest else LookupResult()
        return replace(found, tasks={**ended, **found.tasks})

    async def read(self, task_id: str, asker: Caller) -> Task | None:
        """Return one task for somebody who reads; ``None`` where the relay does not know it.

        Raises what ``look`` does.
        """
        found = await self.read_all([task_id], asker)
        if error := found.failed.get(task_id):
            raise error
        return found.tasks.get(task_id)

    async def add(
        self,
        ids: Sequence[str],
        *,
        user_id: int,
        destination: Destination,
        mention: bool = True,
        member_limit: int | None = None,
        asked_in: int | None = None,
    ) -> list[WatchResult]:
        """Watch tasks for a person in a place; what is returned is on disk.

        A relay that cannot be asked, or was asked too often, is no reason not to watch.
        ``member_limit``: how much the server of the place lets this person watch there at once.
        ``asked_in``: the server in which the person asks, if it is in one.
        """
        wish = _Wish(user_id, destination, mention, member_limit)
        try:
            seen = await self.look(ids, Caller(user_id, asked_in))
        except RelayError as error:
            seen = LookupResult(failed=dict.fromkeys(ids, error))
        except TooManyLookups:
            seen = LookupResult()
        return [await self._add_one(task_id, seen, wish) for task_id in ids]

    async def _add_one(self, task_id: str, seen: LookupResult, wish: "_Wish") -> WatchResult:
        task = seen.tasks.get(task_id)
        try:
            if task_id in seen.missing:
                return await self._keep_missing(task_id, wish)
            result = await self._keep(task_id, task, wish)
        except WatchError as error:
            return WatchResult(task or _unknown_task(task_id), WatchOutcome.REFUSED, error)
        return replace(result, trouble=seen.failed.get(task_id))

    async def _keep_missing(self, task_id: str, wish: "_Wish") -> WatchResult:
        """Watch nothing, unless what the relay does not know any more is told there just now."""
        task = _unknown_task(task_id)
        joined = await self._store.join_notice(
            task_id,
            user_id=wish.user_id,
            destination=wish.destination,
            now=self._clock(),
            mention=wish.mention,
        )
        return _joined(task, joined) if joined else WatchResult(task, WatchOutcome.UNKNOWN)

    async def _keep(self, task_id: str, task: Task | None, wish: "_Wish") -> WatchResult:
        now = self._clock()
        if task and task.settled:
            joined = await self._store.add_finished(
                task,
                user_id=wish.user_id,
                destination=wish.destination,
                now=now,
                mention=wish.mention,
            )
            return _joined(task, joined) if joined else WatchResult(task, WatchOutcome.FINISHED)
        known = task is not None
        added = await self._store.add_watch(
            task or _unknown_task(task_id),
            known=known,
            user_id=wish.user_id,
            destination=wish.destination,
            now=now,
            deadline=self._schedule.deadline,
            poll_at=self._schedule.first_poll_at(task, now) if task else now,
            mention=wish.mention,
            member_limit=wish.member_limit,
        )
        task = task or _unknown_task(task_id)
        if isinstance(added, JoinedNotice):
            return _joined(task, added)
        fresh = WatchOutcome.WATCHING if known else WatchOutcome.UNCHECKED
        return WatchResult(task, fresh if added else WatchOutcome.ALREADY)

    async def remove(
        self, ids: Sequence[str], *, user_id: int, channel_id: int | None = None
    ) -> dict[str, Unwatched]:
        """End a person's watches of some tasks; say for each id what became of that.

        Everywhere, or in one channel.
        """
        removed = await asyncio.gather(
            *(
                self._store.remove_watch(
                    task_id, user_id=user_id, now=self._clock(), channel_id=channel_id
                )
                for task_id in ids
            )
        )
        return dict(zip(ids, removed, strict=True))

    async def of(self, user_id: int) -> list[Watch]:
        """Return what a person watches, the oldest first."""
        return await self._store.watches_of(user_id)


_JOINED = {
    NoticeProgress.POSTED: WatchOutcome.POSTED,
    NoticeProgress.DUE: WatchOutcome.FINISHED,
    NoticeProgress.ON_ITS_WAY: WatchOutcome.ON_ITS_WAY,
    NoticeProgress.HELD: WatchOutcome.HELD,
}


def _joined(task: Task, joined: JoinedNotice) -> WatchResult:
    return WatchResult(task, _JOINED[joined.progress], message_id=joined.message_id)


def _unknown_task(task_id: str) -> Task:
    return Task(id=task_id, status=TaskStatus.UNRECOGNIZED)
