"""Sends stored requests to relays: claim, submit, settle.

A request is claimed on disk before anything is sent, and sent once. Its end is stored with what it
means for those who wait: accepted, rejected, or sent without an answer that says what became of it.
The last is never repeated, since relays know no idempotency key and charge every request. It is
sent again only if the relay certainly created nothing: it limits the rate, or was not reached.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from math import inf

from bot.accounts.connection import AccountConnection
from bot.accounts.credit import CreditMonitor
from bot.accounts.pauses import AccountPauses
from bot.accounts.registry import AccountRegistry
from bot.metrics import CreationOutcome, Metrics
from bot.relay.creation import RejectionReason, Submission
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.submission_errors import SubmissionRejected
from bot.storage.clock_rollback import Rollback, RollbackDetector
from bot.storage.creations import CreationStore
from bot.storage.errors import DATABASE_ERRORS, DatabaseClosed
from bot.storage.models import Creation, CreationState
from bot.storage.terms import LeadershipLost, Term, current_term

log = logging.getLogger(__name__)

_TEMPORARY = {RejectionReason.BUSY, RejectionReason.UNREACHABLE}
"""Reasons for which a request is sent again later."""
_UNUSABLE_ACCOUNT = SubmissionRejected(
    RejectionReason.UNREACHABLE,
    ErrorKind.UNAVAILABLE,
    "the account cannot be used",
    was_sent=False,
)


@dataclass(frozen=True, slots=True)
class SubmissionPolicy:
    """How many requests are sent at once, and when they are sent again. Times are seconds."""

    max_concurrent: int = 64
    """Requests that are sent at once, to all relays together.

    An account to which nothing is sent waits for no other, as when its tasks are polled.
    """
    max_per_account: int = 8
    first_delay: float = 5.0
    """Until a request is sent again; it doubles each time."""
    max_delay: float = 60.0
    max_wait: float = 600.0
    """For how long a request is sent again, since it was made.

    What was due for as long while nothing was sent, because no bot ran, is not sent any more: who
    made it has gone on.
    """
    served_interval: float = 60.0
    """Between two times that are stored to tell how long nothing was sent."""
    min_attempts: int = 3
    """Attempts that also a request gets which has waited longer for others of its account."""
    blocked_interval: float = 5.0
    """Between two looks at requests that are due, and wait for others of their account."""
    store_interval: float = 5.0
    """Between two attempts to store a result."""
    shutdown_timeout: float = 5.0
    """That a stop leaves to the requests under way; what is lost may be charged."""


SUBMISSION_POLICY = SubmissionPolicy()


class CreationSubmitter:
    """Sends the requests that are due, each as a task of its own."""

    def __init__(
        self,
        store: CreationStore,
        accounts: AccountRegistry,
        credit: CreditMonitor,
        pauses: AccountPauses,
        metrics: Metrics,
        policy: SubmissionPolicy = SUBMISSION_POLICY,
        clock: Callable[[], float] = time.time,
        *,
        operator_creates: bool = True,
    ) -> None:
        """``operator_creates``: whether the operator's account may be charged.

        If not, what was stored while it was allowed is cancelled.
        """
        self._store = store
        self._accounts = accounts
        self._credit = credit
        self._pauses = pauses
        self._metrics = metrics
        self._policy = policy
        self._clock = clock
        self._operator_creates = operator_creates
        self._in_flight: dict[asyncio.Task[None], int] = {}
        """The tasks that send a request, and the ids of these requests."""
        self._sent: set[int] = set()
        """Those of the ids whose request may have reached the relay."""
        self._rollbacks = RollbackDetector()
        self._claiming: asyncio.Task[None] | None = None
        self._recovery_needed = True
        self._served_at = -inf
        """When this was last stored; another process may have stored a later time."""

    @property
    def in_flight(self) -> list[asyncio.Task[None]]:
        """The tasks that send a request now."""
        return list(self._in_flight)

    async def tick(self) -> float | None:
        """Start to send what is due; return when more will be due (Unix seconds), if anything."""
        if self._recovery_needed:
            await self._recover_abandoned()
        await self._handle_clock_rollback()
        now = self._clock()
        # What was claimed is sent also if the loop is stopped meanwhile: ``finish`` waits for it.
        self._claiming = asyncio.create_task(self._start_due(now))
        await asyncio.shield(self._claiming)
        due_at = await self._store.next_due_at()
        if due_at is None or due_at > now:
            return due_at
        return now + self._policy.blocked_interval

    async def finish(self) -> None:
        """Wait a short time for the requests under way; the next start finds what is left.

        What still waits for its turn goes back to the queue.
        """
        if self._claiming is not None:
            await asyncio.gather(self._claiming, return_exceptions=True)
        tasks = list(self._in_flight)
        if tasks:
            await asyncio.wait(tasks, timeout=self._policy.shutdown_timeout)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def abandon(self) -> None:
        """Put back what is not sent yet; whoever leads finds it.

        What was sent goes on: its answer is stored, unless the next leader has told by then that
        nobody knows it.
        """
        if self._claiming is not None:
            await asyncio.gather(self._claiming, return_exceptions=True)
        unsent = [task for task, each in self._in_flight.items() if each not in self._sent]
        for task in unsent:
            task.cancel()
        await asyncio.gather(*unsent, return_exceptions=True)
        self._recovery_needed = True

    async def _start_due(self, now: float) -> None:
        accounts = await self._store.due_accounts(now)
        if not accounts:
            return
        for account in accounts:
            connection = await self._accounts.by_id(account)  # opened, so that its limit is known
            if connection is not None:
                await self._pauses.resume(connection)
        await self._reject_expired(now)
        for creation in await self._claim(now):
            work = self._submit(creation, current_term.get())
            task = asyncio.create_task(work, context=_without_term())
            self._in_flight[task] = creation.id
            task.add_done_callback(self._finished)

    async def _claim(self, now: float) -> list[Creation]:
        try:
            return await self._store.claim(
                now,
                self._policy.max_concurrent,
                self._limits(),
                max_submitting=self._policy.max_per_account,
            )
        except Exception:
            self._recovery_needed = True  # it may be on disk all the same
            raise

    def _limits(self) -> dict[str, int | None]:
        """Return how many songs and lyrics may be under way, by account."""
        return {each.account: each.profile.max_concurrent for each in self._accounts.connections}

    async def _recover_abandoned(self) -> None:
        """Tell of the requests that a process was sending when it died: they may be charged."""
        count = await self._store.recover(self._clock(), self._in_flight.values())
        if count:
            log.warning("Creations unconfirmed, the bot was stopped meanwhile: count=%d", count)
            self._metrics.creations.labels(CreationOutcome.UNCONFIRMED).inc(count)
        operator = self._accounts.operator
        if operator is not None and not self._operator_creates:
            cancelled = await self._store.cancel_queued(operator.account, self._clock())
            if cancelled:
                log.warning("Creations cancelled, SHARED_RELAY_CREATES is off: count=%d", cancelled)
        self._recovery_needed = False

    async def _reject_expired(self, now: float) -> None:
        """Reject what has waited too long while nothing was sent; nothing of it was."""
        if 0 <= now - self._served_at < self._policy.served_interval:
            return
        count = await self._store.reject_expired(now, self._policy.max_wait)
        self._served_at = now
        if count:
            log.warning("Creations rejected, nothing was sent for too long: count=%d", count)
            self._metrics.creations.labels(CreationOutcome.REJECTED).inc(count)

    async def _handle_clock_rollback(self) -> None:
        """Bring times forward that a clock that was set back has moved too far into the future."""
        now = self._clock()
        rollback = self._rollbacks.check(now)
        if rollback is not Rollback.NONE:
            await self._store.handle_clock_rollback(now, longest_wait=self._policy.max_wait)
            self._rollbacks.mark_handled(now)

    def _finished(self, task: asyncio.Task[None]) -> None:
        creation_id = self._in_flight.pop(task)
        self._sent.discard(creation_id)
        if not task.cancelled() and (error := task.exception()):
            log.error("Creation not settled: creation=%d", creation_id, exc_info=error)
            self._recovery_needed = True
        self._store.changed.set()

    async def _submit(self, creation: Creation, term: Term | None) -> None:
        """Send a claimed request once, and store what became of it.

        A stop puts it back if it was not sent yet, and so does the end of the ``term`` in which it
        was claimed.
        """

        def before_sending() -> None:
            if term is not None and not term.is_held:
                raise LeadershipLost("another process may lead now")
            self._sent.add(creation.id)

        try:
            await self._submit_once(creation, before_sending)
        except LeadershipLost:
            await self._store.put_back(creation, self._clock())
        except asyncio.CancelledError:
            if creation.id not in self._sent:
                await self._store.put_back(creation, self._clock())
            raise

    async def _submit_once(self, creation: Creation, before_sending: Callable[[], None]) -> None:
        connection = await self._accounts.by_id(creation.account)
        if connection is None:
            await self._settle(
                creation, lambda: self._reject_or_postpone(creation, _UNUSABLE_ACCOUNT)
            )
            return
        try:
            submission = await connection.client.submit(
                creation.request, before_sending=before_sending
            )
        except SubmissionRejected as error:
            rejected = error
            if error.was_sent:
                await self._settle(creation, lambda: self._pauses.keep(connection, rejected))
            await self._settle(creation, lambda: self._reject_or_postpone(creation, rejected))
        except ValueError as error:
            if creation.id in self._sent:
                raise  # it is not about the request: the next tick tells that it may be charged
            invalid = SubmissionRejected(
                RejectionReason.INVALID, ErrorKind.BAD_REQUEST, str(error), was_sent=False
            )
            await self._settle(creation, lambda: self._reject(creation, invalid))
        except RelayError as error:
            cause = error.detail
            await self._settle(creation, lambda: self._mark_unconfirmed(creation, cause))
        else:
            await self._settle(creation, lambda: self._accept(creation, connection, submission))

    async def _settle(self, creation: Creation, store: Callable[[], Awaitable[None]]) -> None:
        """Store a result, repeatedly if the database fails: it is known nowhere else."""
        while True:
            try:
                return await store()
            except DatabaseClosed:
                raise  # the bot has stopped: the next start finds the request
            except DATABASE_ERRORS as error:
                log.error("Result not stored yet: %s cause=%s", _fields(creation), error)
                await asyncio.sleep(self._policy.store_interval)

    async def _accept(
        self, creation: Creation, connection: AccountConnection, submission: Submission
    ) -> None:
        """Store what the relay has begun; without a new id in its answer, that is not known."""
        state = await self._store.accept(
            creation, submission, self._clock(), fingerprint=connection.tasks.fingerprint
        )
        if state is CreationState.SUBMITTED:
            tasks = ",".join(submission.task_ids)
            log.info("Creation submitted: %s task=%s", _fields(creation), tasks)
            self._count(CreationOutcome.SUBMITTED)
            connection.tasks.changed.set()
            await self._credit.record(creation.account, has_credit=True)
        else:
            log.warning("Creation not accepted: %s state=%s", _fields(creation), state)
            self._count(CreationOutcome.UNCONFIRMED)

    async def _mark_unconfirmed(self, creation: Creation, cause: str) -> None:
        if await self._store.mark_unconfirmed(creation, self._clock()):
            log.warning("Creation unconfirmed: %s cause=%s", _fields(creation), cause)
            self._count(CreationOutcome.UNCONFIRMED)

    async def _reject_or_postpone(self, creation: Creation, error: SubmissionRejected) -> None:
        """Store that nothing was created: for good, or until it is sent again."""
        retry_at = self._retry_at(creation, error)
        if retry_at is None:
            await self._reject(creation, error)
        elif await self._store.postpone(creation, retry_at, self._clock()):
            delay = retry_at - self._clock()
            log.info(
                "Creation postponed: %s cause=%s delay=%.0fs",
                *(_fields(creation), error.detail, delay),
            )
            self._count(CreationOutcome.POSTPONED)

    async def _reject(self, creation: Creation, error: SubmissionRejected) -> None:
        if await self._store.reject(creation, error.reason, error.words, self._clock()):
            log.info(
                "Creation rejected: %s reason=%s cause=%s",
                *(_fields(creation), error.reason, error.detail),
            )
            self._count(CreationOutcome.REJECTED)
            if error.reason is RejectionReason.CREDIT and error.was_sent:
                await self._credit.record(creation.account, has_credit=False)

    def _retry_at(self, creation: Creation, error: SubmissionRejected) -> float | None:
        """Return when a rejected request is sent again (Unix seconds), ``None`` for never."""
        if error.reason not in _TEMPORARY:
            return None
        policy, now = self._policy, self._clock()
        backoff = min(policy.first_delay * 2.0**creation.attempts, policy.max_delay)
        delay = max(error.retry_after or 0.0, backoff)
        is_late = not 0 <= now + delay - creation.created_at <= policy.max_wait
        if delay > policy.max_wait or (is_late and creation.attempts + 1 >= policy.min_attempts):
            return None
        return now + delay

    def _count(self, outcome: CreationOutcome) -> None:
        self._metrics.creations.labels(outcome).inc()


def _without_term() -> Context:
    """Return a context that belongs to no term: a result is stored whoever leads.

    Its row tells whether that is still due: a request is never claimed again once it may be sent.
    """
    context = copy_context()
    context.run(current_term.set, None)
    return context


def _fields(creation: Creation) -> str:
    """Return how the log names a request."""
    return f"creation={creation.id} account={creation.account}"
