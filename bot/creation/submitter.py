"""Sends stored requests to relays: claim, submit, settle.

A request waits for its turn in the queue, where it can be cancelled. It is claimed on disk
immediately before it is sent, and sent once. Its end is stored with what it means for those who
wait: accepted, rejected, or sent without an answer that says what became of it. The last is never
repeated, since relays know no idempotency key and charge every request. It is sent again only if
the relay certainly created nothing: it limits the rate, or was not reached.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from math import inf

from bot.accounts.connection import AccountConnection
from bot.accounts.pauses import AccountPauses
from bot.accounts.registry import AccountRegistry
from bot.creation.recorder import SubmissionRecorder
from bot.creation.submission_policy import SUBMISSION_POLICY, SubmissionPolicy
from bot.relay.creation import RejectionReason
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.submission_errors import SubmissionRejected
from bot.storage.clock_rollback import Rollback, RollbackDetector
from bot.storage.creations import CreationStore
from bot.storage.failure_log import log_failure
from bot.storage.models import Creation, CreationState
from bot.storage.terms import LeadershipLost, Term, current_term, require_term, working_for

log = logging.getLogger(__name__)


class _NotQueued(Exception):
    """The request is not queued any more: nobody waits for it, or another process sends it."""


@dataclass(slots=True)
class _Sending:
    """A request that waits for its turn, and is then claimed and sent."""

    creation: Creation
    """As it is stored: ``queued``, and ``submitting`` once it is claimed."""
    term: Term | None
    """For which it is sent."""
    is_waiting: bool = True
    """Whether its turn has not come."""
    is_sent: bool = False
    """Whether it may have reached the relay."""


class CreationSubmitter:
    """Sends the requests that are due, each as a task of its own."""

    def __init__(
        self,
        store: CreationStore,
        accounts: AccountRegistry,
        pauses: AccountPauses,
        recorder: SubmissionRecorder,
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
        self._pauses = pauses
        self._recorder = recorder
        self._policy = policy
        self._clock = clock
        self._operator_creates = operator_creates
        self._in_flight: dict[asyncio.Task[None], _Sending] = {}
        """The tasks that send a request each, until its end is stored."""
        self._rollbacks = RollbackDetector()
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
            self._recovery_needed = False
            try:
                await self._recover_abandoned()
            except BaseException:
                self._recovery_needed = True
                raise
        await self._handle_clock_rollback()
        now = self._clock()
        await self._start_due(now)
        due_at = await self._store.next_due_at()
        if due_at is None or due_at > now:
            return due_at
        return now + self._policy.blocked_interval

    async def finish(self) -> None:
        """Wait a short time for the requests under way; the next start finds what is left.

        What still waits for its turn stays in the queue.
        """
        tasks = list(self._in_flight)
        if tasks:
            await asyncio.wait(tasks, timeout=self._policy.shutdown_timeout)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def abandon(self) -> None:
        """Leave in the queue what waits for its turn; whoever leads finds it there.

        What was sent goes on: its answer is stored, unless the next leader has told by then that
        nobody knows it.
        """
        waiting = [task for task, each in self._in_flight.items() if each.is_waiting]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
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
        held = [each.creation for each in self._in_flight.values()]
        chosen = await self._store.choose_due(
            now,
            self._policy.max_concurrent,
            self._limits(),
            max_submitting=self._policy.max_per_account,
            held={each.id: each.account for each in held},
        )
        for creation in chosen:
            sending = _Sending(creation, current_term.get())
            task = asyncio.create_task(self._submit(sending), context=_without_term())
            self._in_flight[task] = sending
            task.add_done_callback(self._finished)

    def _limits(self) -> dict[str, int | None]:
        """Return how many songs and lyrics may be under way, by account."""
        return {each.account: each.profile.max_concurrent for each in self._accounts.connections}

    async def _recover_abandoned(self) -> None:
        """Tell of the requests that a process was sending when it died: they may be charged."""
        in_flight = [each.creation.attempt for each in self._in_flight.values()]
        await self._recorder.recover(in_flight)
        operator = self._accounts.operator
        if operator is not None and not self._operator_creates:
            await self._recorder.cancel_queued(operator.account)

    async def _reject_expired(self, now: float) -> None:
        """Reject what has waited too long while nothing was sent; nothing of it was."""
        if 0 <= now - self._served_at < self._policy.served_interval:
            return
        await self._recorder.reject_expired(now)
        self._served_at = now

    async def _handle_clock_rollback(self) -> None:
        """Bring times forward that a clock that was set back has moved too far into the future."""
        now = self._clock()
        rollback = self._rollbacks.check(now)
        if rollback is not Rollback.NONE:
            await self._store.handle_clock_rollback(now, longest_wait=self._policy.max_wait)
            self._rollbacks.mark_handled(now)

    def _finished(self, task: asyncio.Task[None]) -> None:
        sending = self._in_flight.pop(task)
        if not task.cancelled() and (error := task.exception()):
            log_failure(log, f"Creation not settled: creation={sending.creation.id}", error)
            self._recovery_needed = True
        self._store.changed.set()

    async def _submit(self, sending: _Sending) -> None:
        """Send a request once when its turn has come, and store what became of it.

        A stop, or the end of the term for which it is sent, leaves it in the queue.
        """
        try:
            await self._submit_once(sending)
        except _NotQueued:
            self._recovery_needed = True  # whoever has claimed it may be gone
        except LeadershipLost:
            self._recovery_needed = True
            if sending.creation.state is CreationState.SUBMITTING:
                await self._recorder.put_back(sending.creation)
        except Exception:
            if not sending.is_sent:
                await self._recorder.reject_or_postpone(
                    sending.creation, _not_sent("the bot failed before it was sent")
                )
            raise  # the next tick tells of what may be sent, or claimed, that it may be charged

    async def _submit_once(self, sending: _Sending) -> None:
        connection = await self._accounts.by_id(sending.creation.account)
        if connection is None:
            unusable = _not_sent("the account cannot be used")
            await self._recorder.reject_or_postpone(sending.creation, unusable)
            return
        try:
            submission = await connection.client.submit(
                sending.creation.request, before_sending=partial(self._claim, sending, connection)
            )
        except SubmissionRejected as error:
            if error.was_sent:
                await self._recorder.keep_pause(sending.creation, connection, error)
            await self._recorder.reject_or_postpone(sending.creation, error)
        except ValueError as error:
            if sending.is_sent:
                raise  # it is not about the request
            invalid = SubmissionRejected(
                RejectionReason.INVALID, ErrorKind.BAD_REQUEST, str(error), was_sent=False
            )
            await self._recorder.reject(sending.creation, invalid)
        except RelayError as error:
            await self._recorder.mark_unconfirmed(sending.creation, error.detail)
        else:
            await self._recorder.accept(sending.creation, connection, submission)

    async def _claim(self, sending: _Sending, connection: AccountConnection) -> None:
        """Claim a request whose turn has come at a connection.

        Raises ``_NotQueued``, ``LeadershipLost``, or ``SubmissionRejected`` if the account has
        another key by now.
        """
        sending.is_waiting = False
        if await self._accounts.by_id(connection.account) is not connection:
            raise _not_sent("the account has another key")
        with working_for(sending.term):
            claimed = await self._store.claim(sending.creation)
            if claimed is None:
                raise _NotQueued
            sending.creation = claimed
            require_term()
        sending.is_sent = True


def _not_sent(why: str) -> SubmissionRejected:
    """Return the error of a request that never reached the relay, and may be sent later."""
    return SubmissionRejected(
        RejectionReason.UNREACHABLE, ErrorKind.UNAVAILABLE, why, was_sent=False
    )


def _without_term() -> Context:
    """Return a context that belongs to no term: a result is stored whoever leads.

    Its row tells whether that is still due: a request is never claimed again once it may be sent.
    """
    context = copy_context()
    context.run(current_term.set, None)
    return context
