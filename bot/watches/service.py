"""Handles requests to watch tasks: checks the rules, stores the watches, opens a live card."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import discord

from bot.storage.errors import TooManyMessages
from bot.storage.live_cards import LiveCards
from bot.storage.models import (
    Destination,
    LiveCard,
    WatchGroup,
    WatchOutcome,
    WatchRefusal,
    WatchReport,
    WatchRequest,
    WatchResult,
)
from bot.storage.server_settings import ServerSettingsStore
from bot.watches.destinations import DEFAULT_OPTIONS, Grouping, WatchOptions, place
from bot.watches.recipient_check import RecipientCheck
from bot.watches.watchlist import Watchlist

log = logging.getLogger(__name__)

_NOT_WATCHED = {WatchOutcome.UNKNOWN, WatchOutcome.REFUSED}
"""Not logged, since the typed text may be no task id."""


class WatchService:
    """Handles requests to watch tasks, of commands and of buttons."""

    def __init__(
        self,
        watchlist: Watchlist,
        cards: LiveCards,
        recipient_check: RecipientCheck,
        settings: ServerSettingsStore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._watchlist = watchlist
        self._cards = cards
        self._recipient_check = recipient_check
        self._settings = settings
        self._clock = clock

    async def watch(
        self,
        interaction: discord.Interaction[Any],
        ids: Sequence[str],
        options: WatchOptions = DEFAULT_OPTIONS,
    ) -> WatchReport | WatchRefusal:
        """Watch tasks for the user of an interaction; return the result for each task.

        Nothing is watched if the bot or the user may not post.
        """
        settings = await self._settings.of(interaction.guild_id)
        placement = await place(interaction, options, settings)
        if isinstance(placement, WatchRefusal):
            return placement
        destination = placement.destination
        group = await self._group(interaction.id, ids, destination, options.grouping)
        results = await self._watchlist.add(
            ids,
            WatchRequest(
                interaction.user.id, destination, placement.mention, placement.member_limit, group
            ),
            caller_guild_id=interaction.guild_id,
            accounts=options.accounts,
        )
        _log_results(results, destination)
        card, limited_until = await self._create_card(
            interaction.user.id, destination, results, claimed=placement.private
        )
        report = WatchReport(
            tuple(results),
            destination,
            placement.elsewhere,
            limited_until,
            private=placement.private,
            together=group.id is not None,
        )
        if not placement.private:
            return report
        return await self._refusal_of_recipient(interaction.user.id, report, card) or report

    async def _group(
        self,
        request_id: int,
        ids: Sequence[str],
        destination: Destination,
        grouping: Grouping | None,
    ) -> WatchGroup:
        """Return the group in which the tasks of a request are watched.

        A single task changes no group that its user has chosen before, unless it is asked for.
        """
        if grouping is Grouping.AS_OTHERS:
            return WatchGroup(await self._watchlist.largest_group(ids, destination.channel_id))
        if len(ids) > 1 and grouping is not Grouping.SEPARATE:
            return WatchGroup(request_id, regroup=True)
        return WatchGroup(regroup=grouping is Grouping.SEPARATE)

    async def _create_card(
        self,
        user_id: int,
        destination: Destination,
        results: Sequence[WatchResult],
        *,
        claimed: bool,
    ) -> tuple[LiveCard | None, datetime | None]:
        """Create a live card for the running tasks; return it, or until when a limit prevents it.

        The updater posts it, unless it is ``claimed``: then the caller does. There is none in a
        forum, where it would be a post.
        """
        running = [each.key for each in results if each.outcome.is_running]
        if not running or destination.forum:
            return None, None
        now = self._clock()
        try:
            card = await self._cards.create(
                destination, running, now, user_id=user_id, claimed=claimed
            )
        except TooManyMessages as limit:
            return None, limit.until
        return card, None

    async def _refusal_of_recipient(
        self, user_id: int, report: WatchReport, card: LiveCard | None
    ) -> WatchRefusal | None:
        """Return the refusal if no direct message reaches the user.

        Then the new watches of the request are removed.
        """
        finished = tuple(
            each
            for each in report.results
            if each.outcome
            in (WatchOutcome.FINISHED, WatchOutcome.IN_SUMMARY, WatchOutcome.SENDING)
        )
        refusal = await self._recipient_check.refusal(
            report.destination, card, [each.task.id for each in finished]
        )
        if refusal is None:
            return None
        await self._watchlist.remove(
            [each.task.id for each in report.results if each.outcome.is_new],
            user_id=user_id,
            channel_id=report.destination.channel_id,
        )
        return replace(refusal, finished=finished)


def _log_results(results: Sequence[WatchResult], destination: Destination) -> None:
    for result in results:
        if result.outcome not in _NOT_WATCHED:
            log.info(
                "Watch requested: task=%s channel=%s outcome=%s task_failed=%s",
                result.task.id,
                destination.channel_id,
                result.outcome,
                result.failed,
            )
