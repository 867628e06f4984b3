"""Due tasks → relay → store: one look at the tasks whose time has come."""

import logging
import time
from collections.abc import Callable

from bot.suno.client import LookUp, SunoClient
from bot.suno.errors import ErrorKind, SunoError
from bot.watching.records import Observation, Watched
from bot.watching.schedule import Schedule, with_deadline_after
from bot.watching.store import Store

log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0
"""Seconds between two tries while the relay cannot be asked."""


class Poller:
    """Looks at what is watched, and keeps what it saw."""

    def __init__(
        self,
        client: SunoClient,
        store: Store,
        schedule: Schedule,
        *,
        batch: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._store = store
        self._schedule = schedule
        self._batch = batch
        self._clock = clock
        self._failures = 0
        self._answered_at: float | None = None

    async def round(self) -> float | None:
        """Look at the tasks that are due; return when to look again (Unix seconds), if at all."""
        due = await self._store.due_tasks(self._clock(), self._batch)
        if not due:
            return await self._store.next_look_at()
        ids = [watched.task_id for watched in due]
        kinds = {watched.task_id: watched.kind for watched in due if watched.kind}
        try:
            seen = await self._client.look_up(ids, kinds=kinds)
        except SunoError as error:
            if not _is_about_the_ids(error):
                return self._pause(error)
            seen = LookUp(tasks={}, missing=frozenset(), failed=dict.fromkeys(ids, error))
        await self._keep(due, seen, self._clock())
        self._failures = 0
        return await self._store.next_look_at()

    async def _keep(self, due: list[Watched], seen: LookUp, now: float) -> None:
        if self._answered_at is None:
            self._answered_at = await self._store.answered_at()
        silence = now - (self._answered_at or now)
        outage = silence if silence > self._schedule.longest_gap else 0.0
        if outage:  # nobody could ask, or nobody had to: then it changes nothing
            if self._failures:
                log.info("The relay answers again after %.0f s; deadlines stood still", silence)
            due = [with_deadline_after(watched, silence, now) for watched in due]
        observations = [self._observe(watched, seen, now) for watched in due]
        await self._store.record(observations, now, outage=outage)
        self._answered_at = now
        for observation in observations:
            if observation.ending:
                log.info("Task %s has ended: %s", observation.task_id, observation.ending)

    def _pause(self, error: SunoError) -> float:
        """Return when to try again; the client says in the log what is wrong."""
        self._failures += 1
        growing = self._schedule.interval * 2 ** min(self._failures - 1, 10)
        pause = error.retry_after or min(growing, LONGEST_PAUSE)
        log.debug("No look for %.1f s: %s", pause, error)
        return self._clock() + pause

    def _observe(self, watched: Watched, seen: LookUp, now: float) -> Observation:
        answer = seen.tasks.get(watched.task_id)
        if answer is not None:
            return self._schedule.after_answer(watched, answer, now)
        if watched.task_id in seen.failed:
            return self._schedule.after_bad_answer(watched, now)
        return self._schedule.after_miss(watched, now)


def _is_about_the_ids(error: SunoError) -> bool:
    """Whether the relay did answer, and refused what it was asked for: that is no outage."""
    return error.kind is ErrorKind.BAD_REQUEST and error.retry_after is None
