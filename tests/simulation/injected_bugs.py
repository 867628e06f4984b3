"""Bugs to plant into the bot, to see that the simulation finds them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import discord
from discord.abc import Messageable

from bot.delivery.dispatcher import OutboxDispatcher
from bot.polling.backoff import PollBackoff
from bot.polling.poller import Poller
from bot.storage.models import EndReason, UnwatchOutcome
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore


def _no_nonce() -> None:
    """Post without a nonce: Discord cannot tell a repeat."""
    send = Messageable.send

    async def send_without(self: Messageable, *args: Any, **options: Any) -> Any:
        options.pop("nonce", None)
        return await send(self, *args, **options)

    Messageable.send = send_without  # type: ignore[method-assign]


def _nothing_taken_up() -> None:
    """Leave alone what was being sent when the process died."""

    async def recover(*_: Any, **__: Any) -> int:
        return 0

    Outbox.recover = recover  # type: ignore[method-assign]


def _trouble_is_success() -> None:
    """Take a message for posted when the answer was an error that passes."""

    async def postpone(self: Outbox, delivery: Any, *, until: float, **_: Any) -> bool:
        return await self.acknowledge(delivery, message_id=None, now=until)

    Outbox.postpone = postpone  # type: ignore[method-assign]


def _unwatch_forgotten() -> None:
    """Say that a watch was stopped, and go on."""

    async def remove_watch(*_: Any, **__: Any) -> UnwatchOutcome:
        return UnwatchOutcome.STOPPED

    TaskStore.remove_watch = remove_watch  # type: ignore[method-assign]


def _failures_end_polling() -> None:
    """Stop looking after the first look that fails."""

    def pause(self: PollBackoff, *_: Any, **__: Any) -> None:
        self.paused_until = float("inf")

    def resume(self: Poller) -> None:  # a method
        """Stay as it is."""

    PollBackoff.record_failure = pause  # type: ignore[method-assign]
    Poller.resume = resume  # type: ignore[method-assign]


def _nobody_mentioned() -> None:
    """Post notices that ping nobody."""
    composed = OutboxDispatcher._render

    async def compose_silently(self: OutboxDispatcher, *args: Any, **options: Any) -> Any:
        text = await composed(self, *args, **options)
        return replace(text, allowed_mentions=discord.AllowedMentions.none())

    OutboxDispatcher._render = compose_silently  # type: ignore[method-assign]


def _ends_guessed() -> None:
    """Tell of every task that the relay does not know it."""
    composed = OutboxDispatcher._render

    async def compose_wrongly(self: OutboxDispatcher, delivery: Any, **options: Any) -> Any:
        return await composed(self, replace(delivery, end_reason=EndReason.NOT_FOUND), **options)

    OutboxDispatcher._render = compose_wrongly  # type: ignore[method-assign]


PLANTED: dict[str, Callable[[], None]] = {
    "no nonce": _no_nonce,
    "nothing taken up": _nothing_taken_up,
    "trouble is success": _trouble_is_success,
    "unwatch forgotten": _unwatch_forgotten,
    "failures end polling": _failures_end_polling,
    "nobody mentioned": _nobody_mentioned,
    "ends are guessed": _ends_guessed,
}
"""By name: what plants a bug into the classes of this process."""
