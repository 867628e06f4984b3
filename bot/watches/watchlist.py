"""Adds, removes and lists the watches of users."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.accounts.connection import AccountConnection
from bot.accounts.lookup import AccountLookup
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Task, TaskStatus
from bot.storage.errors import TooManyLookups, WatchError
from bot.storage.models import (
    Caller,
    Destination,
    TaskKey,
    UnwatchOutcome,
    Watch,
    WatchOutcome,
    WatchRequest,
    WatchResult,
)
from bot.storage.watch_store import WatchStore
from bot.storage.watches import JoinedNotice, NoticeProgress
from bot.watches.caller_lookups import CallerLookups


class Watchlist:
    """Adds, removes and lists the watches of users."""

    def __init__(
        self,
        lookups: CallerLookups,
        store: WatchStore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._lookups = lookups
        self._store = store
        self._clock = clock

    async def add(
        self,
        ids: Sequence[str],
        request: WatchRequest,
        *,
        caller_guild_id: int | None = None,
        accounts: Mapping[str, str] | None = None,
    ) -> list[WatchResult]:
        """Watch tasks for a user in a channel; the returned results are on disk.

        Tasks are watched also if they cannot be looked up now.
        ``caller_guild_id``: the server in which the user sends the request, if it is one.
        ``accounts``: by id, the account of a task that a message shows in the channel; who joins it
        there needs no account of their own. Raises ``NoRelayAccount``.
        """
        caller = Caller(request.user_id, caller_guild_id, request.destination.channel_id)
        candidates = await self._lookups.candidates(ids, caller, accounts or {})
        try:
            lookup = await self._lookups.look_up(candidates, caller)
        except RelayError as error:
            lookup = AccountLookup(LookupResult(failed=dict.fromkeys(ids, error)))
        except TooManyLookups:
            lookup = AccountLookup(LookupResult())
        results = [
            await self._add_one(each, lookup, candidates[each], request)
            if candidates[each]
            else WatchResult(_unknown_task(each), WatchOutcome.UNKNOWN)
            for each in ids
        ]
        return await self._titled(await self._close_group(results, request), request.user_id)

    async def largest_group(self, ids: Sequence[str], channel_id: int) -> int | None:
        """Return the group in which most of some tasks are watched in a channel, if any."""
        return await self._store.largest_group(ids, channel_id)

    async def _close_group(
        self, results: list[WatchResult], request: WatchRequest
    ) -> list[WatchResult]:
        """Let the group be complete; return the results as they are then.

        If all of its tasks have ended, its summary is due, and so none of them waits any more.
        """
        if request.group.id is None:
            return results
        waiting = await self._store.close_group(
            request.group.id,
            user_id=request.user_id,
            channel_id=request.destination.channel_id,
            now=self._clock(),
        )
        return [
            replace(each, outcome=WatchOutcome.FINISHED)
            if each.outcome is WatchOutcome.IN_SUMMARY and each.key not in waiting
            else each
            for each in results
        ]

    async def _titled(self, results: Sequence[WatchResult], user_id: int) -> list[WatchResult]:
        """Return the results, with the stored tasks where the relay has not told a title now."""
        untitled = [each.task.id for each in results if not each.task.title]
        stored = await self._store.watched_tasks(untitled, user_id=user_id) if untitled else {}
        titled = {task_id: task for task_id, task in stored.items() if task.title}
        return [replace(each, task=titled.get(each.task.id, each.task)) for each in results]

    async def _add_one(
        self,
        task_id: str,
        lookup: AccountLookup,
        candidates: Sequence[AccountConnection],
        request: WatchRequest,
    ) -> WatchResult:
        """Watch a task at the account that knows it, else at the first that was not asked."""
        found = lookup.result
        task = found.tasks.get(task_id)
        connection = lookup.connections.get(task_id, candidates[0])
        try:
            if task_id in found.missing:
                result = await self._join_notice(task_id, candidates, request)
            elif task and (end := await self._end_of(task, connection.account)):
                result = await self._add_finished(end, connection, request)
            else:
                result = await self._add_running(task_id, found, connection, request)
        except WatchError as error:
            result = WatchResult(task or _unknown_task(task_id), WatchOutcome.REFUSED, error)
        return replace(result, account=result.account or connection.account)

    async def _join_notice(
        self, task_id: str, candidates: Sequence[AccountConnection], request: WatchRequest
    ) -> WatchResult:
        """Join the recent notice of a task that no relay knows any more, else watch nothing."""
        task = _unknown_task(task_id)
        for connection in candidates:
            joined = await connection.tasks.join_notice(task_id, request, self._clock())
            if joined:
                return replace(_joined_result(task, joined), account=connection.account)
        return WatchResult(task, WatchOutcome.UNKNOWN)

    async def _end_of(self, task: Task, account: str) -> Task | None:
        """Return the final state of a task; of one that the relay has lost, what is stored."""
        if not task.terminal:
            return None
        kept = await self._store.ended_task_of(TaskKey(account, task.id))
        if kept is not None and kept.lasting_results > task.lasting_results:
            return kept
        return task if task.settled else None

    async def _add_finished(
        self, task: Task, connection: AccountConnection, request: WatchRequest
    ) -> WatchResult:
        joined = await connection.tasks.add_finished(task, request, self._clock())
        return _joined_result(task, joined) if joined else WatchResult(task, WatchOutcome.FINISHED)

    async def _add_running(
        self,
        task_id: str,
        found: LookupResult,
        connection: AccountConnection,
        request: WatchRequest,
    ) -> WatchResult:
        now = self._clock()
        task = found.tasks.get(task_id)
        schedule = connection.schedule
        added = await connection.tasks.add_watch(
            task or _unknown_task(task_id),
            request,
            now,
            known=task is not None,
            deadline=schedule.deadline,
            poll_at=schedule.first_poll_at(task, now) if task else now,
        )
        if isinstance(added, JoinedNotice):
            return _joined_result(task or _unknown_task(task_id), added)
        outcome = WatchOutcome.ALREADY
        if added:
            outcome = (
                WatchOutcome.WATCHING if task else _unchecked_outcome(found.failed.get(task_id))
            )
        return WatchResult(task or _unknown_task(task_id), outcome)

    async def remove(
        self, ids: Sequence[str], *, user_id: int, channel_id: int | None = None
    ) -> dict[str, UnwatchOutcome]:
        """End a user's watches of some tasks, in all channels or one; return each result."""
        removed = await asyncio.gather(
            *(
                self._store.remove(
                    task_id, user_id=user_id, now=self._clock(), channel_id=channel_id
                )
                for task_id in ids
            )
        )
        return dict(zip(ids, removed, strict=True))

    async def charge_message(self, user_id: int, destination: Destination) -> None:
        """Charge a message that a user lets the bot post in a channel, as a notice is.

        Raises ``TooManyMessages``.
        """
        await self._store.charge_message(user_id, destination, self._clock())

    async def watched_ids(self, user_id: int) -> set[str]:
        """Return the ids of the running tasks that a user watches."""
        return await self._store.watched_ids(user_id)

    async def watched_tasks(self, ids: Sequence[str], user_id: int) -> dict[str, Task]:
        """Return tasks by their ids, as far as they are stored and a user watches them."""
        return await self._store.watched_tasks(ids, user_id=user_id)

    async def watches_of(self, user_id: int) -> list[Watch]:
        """Return the watches of a user, the oldest first."""
        return await self._store.watches_of(user_id)


_OUTCOMES_BY_PROGRESS = {
    NoticeProgress.POSTED: WatchOutcome.POSTED,
    NoticeProgress.DUE: WatchOutcome.FINISHED,
    NoticeProgress.SENDING: WatchOutcome.SENDING,
    NoticeProgress.HELD: WatchOutcome.HELD,
    NoticeProgress.COLLECTING: WatchOutcome.IN_SUMMARY,
}


def _joined_result(task: Task, joined: JoinedNotice) -> WatchResult:
    return WatchResult(
        task,
        _OUTCOMES_BY_PROGRESS[joined.progress],
        message_id=joined.message_id,
        thread_id=joined.thread_id,
    )


def _unchecked_outcome(error: RelayError | None) -> WatchOutcome:
    """Return the outcome of watching a task whose look-up brought no result."""
    if error is None:
        return WatchOutcome.NOT_ASKED
    if error.kind is ErrorKind.NOT_FOUND:
        return WatchOutcome.MISCONFIGURED
    return WatchOutcome.UNCHECKED


def _unknown_task(task_id: str) -> Task:
    return Task(id=task_id, status=TaskStatus.UNRECOGNIZED)
