"""Bugs that are injected into the bot, to show that the oracle of the simulation finds them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import discord
from discord.abc import Messageable

from bot.accounts.connection import AccountConnection
from bot.accounts.registry import AccountRegistry, _Open
from bot.accounts.service import AccountService, NewAccount
from bot.delivery import duplicate_check
from bot.delivery.discord_calls import DiscordCall
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.duplicate_check import DuplicateCheck
from bot.polling.backoff import PollBackoff
from bot.polling.poller import Poller
from bot.relay.circuit_breaker import CircuitBreaker
from bot.relay.client import RelayClient
from bot.relay.creation import RejectionReason
from bot.relay.errors import RelayError
from bot.relay.requester import RequestPurpose
from bot.storage import (
    creation_queue,
    creation_quotas,
    erasure,
    outbox,
    poll_results,
    watch_store,
    watches,
)
from bot.storage.account_rows import DisconnectedAccount
from bot.storage.creation_debits import CreationDebits
from bot.storage.creations import CreationStore
from bot.storage.models import Creation, EndReason, UnwatchOutcome
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.watch_store import WatchStore


def _send_without_nonce() -> None:
    """Send without a nonce, so that Discord cannot recognize a repeated message."""
    send = Messageable.send

    async def send_without(self: Messageable, *args: Any, **options: Any) -> Any:
        options.pop("nonce", None)
        return await send(self, *args, **options)

    _replace(Messageable, "send", send_without)


def _repeat_after_pauses() -> None:
    """Repeat a request after a pause that no timer has noticed."""
    _replace(DiscordCall, "may_begin_requests", property(lambda call: not call.late))


def _begin_posts_unsearched() -> None:
    """Begin a post again without a search for the first one."""

    async def search_nothing(*_: Any, **__: Any) -> tuple[DuplicateCheck, None]:
        return DuplicateCheck.ABSENT, None

    _replace(duplicate_check, "_search_own_posts", search_nothing)


def _recover_nothing() -> None:
    """Leave deliveries in ``sending`` that a crash abandoned."""

    async def recover(*_: Any, **__: Any) -> int:
        return 0

    _replace(Outbox, "recover", recover)


def _acknowledge_after_transient_errors() -> None:
    """Record a delivery as sent when the response was a transient error."""

    async def postpone(self: Outbox, delivery: Any, *, until: float, **_: Any) -> bool:
        return await self.acknowledge(delivery, message_id=None, now=until)

    _replace(Outbox, "postpone", postpone)


def _ignore_unwatch() -> None:
    """Report that a watch was stopped, and keep it."""

    async def remove(*_: Any, **__: Any) -> UnwatchOutcome:
        return UnwatchOutcome.STOPPED

    _replace(WatchStore, "remove", remove)


def _stop_polling_after_failure() -> None:
    """Poll nothing more after the first poll that fails."""

    def record_failure(self: PollBackoff, *_: Any, **__: Any) -> None:
        self.paused_until = float("inf")

    def resume(self: Poller) -> None:
        """Stay paused."""

    _replace(PollBackoff, "record_failure", record_failure)
    _replace(Poller, "resume", resume)


def _mention_nobody() -> None:
    """Send notices that mention nobody."""
    render = OutboxDispatcher._render

    async def render_silently(self: OutboxDispatcher, *args: Any, **options: Any) -> Any:
        notice = await render(self, *args, **options)
        return replace(notice, allowed_mentions=discord.AllowedMentions.none())

    _replace(OutboxDispatcher, "_render", render_silently)


def _report_not_found() -> None:
    """Report of every task that the relay does not know it."""
    render = OutboxDispatcher._render

    async def render_wrongly(self: OutboxDispatcher, delivery: Any, **options: Any) -> Any:
        return await render(self, replace(delivery, end_reason=EndReason.NOT_FOUND), **options)

    _replace(OutboxDispatcher, "_render", render_wrongly)


def _forget_last_task() -> None:
    """Send summaries without the last of their tasks."""
    render = OutboxDispatcher._render

    async def render_without(self: OutboxDispatcher, delivery: Any, **options: Any) -> Any:
        shortened = replace(delivery, other_ends=delivery.other_ends[:-1])
        return await render(self, shortened, **options)

    _replace(OutboxDispatcher, "_render", render_without)


def _wait_for_groups_for_ever() -> None:
    """Never make the summary of a group due."""

    def keep(*_: Any) -> None:
        """Release nothing."""

    _replace(outbox, "next_overdue_at", keep)  # or the bot would look for them all the time
    _replace(outbox, "release_overdue", keep)
    _replace(outbox, "release_all_complete", keep)
    for module in (poll_results, watch_store, watches):
        _replace(module, "release_complete", keep)


def _poll_other_accounts() -> None:
    """Poll the tasks of an account with the key of the one that was opened before it."""
    init, clients = Poller.__init__, []

    def init_with_other_client(
        self: Poller, client: RelayClient, *args: Any, **options: Any
    ) -> None:
        clients.append(client)
        init(self, clients[max(len(clients) - 2, 0)], *args, **options)

    _replace(Poller, "__init__", init_with_other_client)


def _look_up_at_all_accounts() -> None:
    """Look up tasks for everybody at the accounts of everybody."""

    async def for_caller(self: AccountRegistry, _caller: Any) -> list[AccountConnection]:
        return self.connections

    _replace(AccountRegistry, "for_caller", for_caller)


def _share_circuit_breaker() -> None:
    """Leave all relays alone while one of them fails."""
    init = CircuitBreaker.__init__
    shared: dict[str, Any] = {}

    def init_shared(self: CircuitBreaker, *args: Any, **options: Any) -> None:
        init(self, *args, **options)
        shared.update({**self.__dict__, **shared})
        self.__dict__ = shared

    _replace(CircuitBreaker, "__init__", init_shared)


def _keep_old_keys() -> None:
    """Go on with the old key after it was replaced."""
    _replace(_Open, "has_key_of", lambda *_: True)


def _keep_disconnected_accounts() -> None:
    """Say that an account was disconnected, and keep it."""

    async def disconnect(*_: Any) -> DisconnectedAccount:
        return DisconnectedAccount("account-kept", 0)

    _replace(RelayAccountStore, "disconnect", disconnect)


def _log_keys() -> None:
    """Log the keys that people enter."""
    checked = AccountService._checked

    def log_checked(self: AccountService, new: NewAccount) -> Any:
        logging.getLogger("bot").debug("Key entered: %s", new.key.get_secret_value())
        return checked(self, new)

    _replace(AccountService, "_checked", log_checked)


def _repeat_cut_submissions() -> None:
    """Submit once more if the connection is cut, as if nothing could have been charged."""
    _replace(RequestPurpose, "may_be_repeated", property(lambda _: True))


def _requeue_abandoned_creations() -> None:
    """Submit again after a crash what the process was sending when it died."""

    async def recover(self: CreationStore, *_: Any, **__: Any) -> int:
        return await self._database.write(
            "UPDATE creations SET state = 'queued', due_at = 1 WHERE state = 'submitting'", []
        )

    _replace(CreationStore, "recover", recover)


def _reject_what_is_unconfirmed() -> None:
    """Say that nothing was charged if no answer came."""

    async def reject(self: CreationStore, creation: Creation, now: float) -> bool:
        return await self.reject(creation, RejectionReason.FAILED, "", now)

    _replace(CreationStore, "mark_unconfirmed", reject)


def _refund_twice() -> None:
    """Give back twice of a quota what a relay has rejected."""
    count = creation_quotas._count

    def count_less(db: Any, counted: str, values: dict[str, object]) -> int:
        rejected = counted.replace("NOT IN ('rejected', 'cancelled')", "= 'rejected'")
        return count(db, counted, values) - count(db, rejected, values)

    _replace(creation_quotas, "_count", count_less)


def _log_requests() -> None:
    """Log what people want to be created."""
    claim = creation_queue.claim

    def log_claimed(db: Any, creation: Creation) -> Creation | None:
        claimed = claim(db, creation)
        logging.getLogger("bot").info("Creation claimed: %s", claimed and claimed.request)
        return claimed

    _replace(creation_queue, "claim", log_claimed)


def _keep_requests() -> None:
    """Say that everything about a person is deleted, and keep what they wanted to be created."""
    _replace(erasure, "forget_requests", lambda *_: None)


def _keep_watches() -> None:
    """Tell a person who was forgotten how what they have watched has ended."""
    _replace(erasure, "_erase_watches", lambda *_: None)


def _repeat_stems() -> None:
    """Ask for stems once more if the answer is lost, as if they cost nothing."""
    stems = RelayClient.stems

    async def stems_twice(self: RelayClient, clip_id: str) -> Any:
        try:
            return await stems(self, clip_id)
        except RelayError:
            return await stems(self, clip_id)

    _replace(RelayClient, "stems", stems_twice)


def _refund_files() -> None:
    """Let no file of a song count for a quota."""
    add = CreationDebits.add

    async def add_and_refund(self: CreationDebits, *values: Any) -> int:
        debit = await add(self, *values)
        await self.refund(debit)
        return debit

    _replace(CreationDebits, "add", add_and_refund)


def _replace(owner: type | ModuleType, name: str, method: object) -> None:
    """Replace a method or a function in this process, a worker of its own for the bug."""
    getattr(owner, name)  # a renamed method must not make the bug disappear
    setattr(owner, name, method)


INJECTED_BUGS: dict[str, Callable[[], None]] = {
    "no-nonce": _send_without_nonce,
    "pause-unnoticed": _repeat_after_pauses,
    "no-forum-search": _begin_posts_unsearched,
    "no-recovery": _recover_nothing,
    "transient-error-acknowledged": _acknowledge_after_transient_errors,
    "unwatch-ignored": _ignore_unwatch,
    "no-polling-after-failure": _stop_polling_after_failure,
    "no-mention": _mention_nobody,
    "always-not-found": _report_not_found,
    "summary-forgets-a-task": _forget_last_task,
    "summary-never-due": _wait_for_groups_for_ever,
    "other-account-polled": _poll_other_accounts,
    "all-accounts-for-everybody": _look_up_at_all_accounts,
    "one-circuit-breaker": _share_circuit_breaker,
    "old-key-kept": _keep_old_keys,
    "account-not-disconnected": _keep_disconnected_accounts,
    "key-logged": _log_keys,
    "cut-submission-repeated": _repeat_cut_submissions,
    "abandoned-creation-requeued": _requeue_abandoned_creations,
    "unconfirmed-creation-rejected": _reject_what_is_unconfirmed,
    "refunded-twice": _refund_twice,
    "request-logged": _log_requests,
    "request-not-forgotten": _keep_requests,
    "forgotten-person-told": _keep_watches,
    "stems-repeated": _repeat_stems,
    "files-refunded": _refund_files,
}
"""By name: what injects a bug into the classes of this process."""
