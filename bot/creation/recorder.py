"""Stores what became of submissions, counts it, and logs it.

Storing the result of a submission is repeated while the database fails: it is known nowhere else.
"""

import logging
import time
from collections.abc import Callable, Collection, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from bot.accounts.connection import AccountConnection
from bot.accounts.credit import CreditMonitor
from bot.accounts.pauses import AccountPauses
from bot.creation.storing import store_repeatedly
from bot.creation.submission_policy import SUBMISSION_POLICY, SubmissionPolicy
from bot.metrics import CreationOutcome, Metrics
from bot.relay.creation import RejectionReason, Submission
from bot.relay.submission_errors import SubmissionRejected
from bot.storage.creations import CreationStore
from bot.storage.models import Attempt, Creation, CreationState

log = logging.getLogger(__name__)

_ABOUT_ACCOUNT = {RejectionReason.KEY, RejectionReason.CREDIT}
"""Reasons for which relays name the balance and parts of the key: no words for a channel."""

P = ParamSpec("P")
_Record = Callable[Concatenate["SubmissionRecorder", Creation, P], Coroutine[Any, Any, None]]


def _until_stored(record: _Record[P]) -> _Record[P]:
    """Let a method be repeated while the database fails.

    It raises ``DatabaseClosed`` when the bot has stopped: the next start finds the request.
    """

    @wraps(record)
    async def repeat(
        self: "SubmissionRecorder", creation: Creation, /, *args: P.args, **options: P.kwargs
    ) -> None:
        await store_repeatedly(
            lambda: record(self, creation, *args, **options),
            _fields(creation),
            self._policy.store_interval,
        )

    return repeat


class SubmissionRecorder:
    """Stores what became of attempts to send requests, each with the request as it was sent."""

    def __init__(
        self,
        store: CreationStore,
        credit: CreditMonitor,
        pauses: AccountPauses,
        metrics: Metrics,
        policy: SubmissionPolicy = SUBMISSION_POLICY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._credit = credit
        self._pauses = pauses
        self._metrics = metrics
        self._policy = policy
        self._clock = clock

    @_until_stored
    async def accept(
        self, creation: Creation, connection: AccountConnection, submission: Submission
    ) -> None:
        """Store what the relay has begun; without a new id in its answer, that is not known."""
        state = await self._store.accept(
            creation, submission, self._clock(), fingerprint=connection.tasks.fingerprint
        )
        tasks = ",".join(submission.task_ids)
        if state is CreationState.SUBMITTED:
            log.info("Creation submitted: %s task=%s", _fields(creation), tasks)
            self._count(CreationOutcome.SUBMITTED)
            connection.tasks.changed.set()
            await self._credit.record(creation.account, has_credit=True)
        else:  # what the relay has begun is told to nobody: the operator may look for it
            log.warning(
                "Creation not accepted: %s state=%s task=%s", _fields(creation), state, tasks
            )
            self._count(CreationOutcome.UNCONFIRMED)

    @_until_stored
    async def mark_unconfirmed(self, creation: Creation, cause: str) -> None:
        """Store that nobody knows what became of a request that was sent."""
        if await self._store.mark_unconfirmed(creation, self._clock()):
            log.warning("Creation unconfirmed: %s cause=%s", _fields(creation), cause)
            self._count(CreationOutcome.UNCONFIRMED)

    @_until_stored
    async def put_back(self, creation: Creation) -> None:
        """Store that a claimed request was not sent."""
        now = self._clock()
        await self._store.postpone(creation, now, now)

    @_until_stored
    async def keep_pause(
        self, _: Creation, connection: AccountConnection, error: SubmissionRejected
    ) -> None:
        """Store the pause that a relay asks for when it rejects a request, if it does."""
        await self._pauses.keep(connection, error)

    @_until_stored
    async def reject_or_postpone(self, creation: Creation, error: SubmissionRejected) -> None:
        """Store that nothing was created: for good, or until it is sent again."""
        retry_at = self._policy.retry_at(creation, error, self._clock())
        if retry_at is None:
            await self._reject(creation, error)
        elif await self._store.postpone(creation, retry_at, self._clock()):
            delay = retry_at - self._clock()
            log.info(
                "Creation postponed: %s cause=%s delay=%.0fs",
                _fields(creation),
                error.detail,
                delay,
            )
            self._count(CreationOutcome.POSTPONED)

    @_until_stored
    async def reject(self, creation: Creation, error: SubmissionRejected) -> None:
        """Store that nothing was created, and that the request is not sent again."""
        await self._reject(creation, error)

    async def recover(self, in_flight: Collection[Attempt]) -> None:
        """Store that requests may be charged which a process was sending when it died.

        ``in_flight``: the attempts that this process is sending.
        """
        count = await self._store.recover(self._clock(), in_flight)
        if count:
            log.warning("Creations unconfirmed, the bot was stopped meanwhile: count=%d", count)
            self._count(CreationOutcome.UNCONFIRMED, count)

    async def cancel_queued(self, account: str) -> None:
        """Cancel what waits for the operator's account, which may not be charged any more."""
        count = await self._store.cancel_queued(account, self._clock())
        if count:
            log.warning("Creations cancelled, SHARED_RELAY_CREATES is off: count=%d", count)

    async def reject_expired(self, now: float) -> None:
        """Reject what has waited too long while nothing was sent; nothing of it was."""
        count = await self._store.reject_expired(now, self._policy.max_wait)
        if count:
            log.warning("Creations rejected, nothing was sent for too long: count=%d", count)
            self._count(CreationOutcome.REJECTED, count)

    async def _reject(self, creation: Creation, error: SubmissionRejected) -> None:
        words = "" if error.reason in _ABOUT_ACCOUNT else error.words
        if await self._store.reject(creation, error.reason, words, self._clock()):
            log.info(
                "Creation rejected: %s reason=%s cause=%s",
                _fields(creation),
                error.reason,
                error.detail,
            )
            self._count(CreationOutcome.REJECTED)
            if error.reason is RejectionReason.CREDIT and error.was_sent:
                await self._credit.record(creation.account, has_credit=False)

    def _count(self, outcome: CreationOutcome, count: int = 1) -> None:
        self._metrics.creations.labels(outcome).inc(count)


def _fields(creation: Creation) -> str:
    """Return how the log names a request."""
    return f"creation={creation.id} account={creation.account}"
