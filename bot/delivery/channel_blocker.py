"""Channels where nothing can be posted: gone, or blocked until somebody mends something.

What is owed to a channel that is gone is told directly to those who watched. What is owed to one
that is blocked is kept, and those who wait get a word.
"""

from collections.abc import Callable

import discord

from bot.delivery.discord_errors import ErrorClassification
from bot.storage.models import Delivery, Destination, MissingAccess, UndeliveredReason
from bot.storage.outbox import Outbox
from bot.ui.permissions import missing_permissions, missing_permissions_reason, permissions_in


class ChannelBlocker:
    """Lets what cannot be posted wait, or be told elsewhere.

    ``retry_interval`` is how often a blocked channel is tried, in seconds.
    """

    def __init__(
        self,
        client: discord.Client,
        outbox: Outbox,
        retry_interval: float,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._retry_interval = retry_interval
        self._clock = clock

    async def redirect(
        self,
        delivery: Delivery,
        reason: str,
        *,
        unconfirmed: bool = False,
        channel_gone: bool = True,
    ) -> int:
        """Tell each watcher directly what the channel does not take; return how many will be told.

        Either the channel is gone, or it takes this one message in no form. What may have been
        posted there is not looked for, so the direct message says so. Nobody is told where it was a
        direct message: its person cannot be reached.
        """
        redirection = self._outbox.redirection
        if delivery.destination.guild_id is None:
            await redirection.drop(delivery, reason=reason)
            return 0
        posted = (
            unconfirmed or delivery.possible_duplicate or delivery.unconfirmed_since is not None
        )
        return await redirection.redirect(
            delivery,
            reason=reason,
            possible_duplicate=posted,
            channel_gone=channel_gone,
            now=self._clock(),
        )

    async def block(
        self,
        delivery: Delivery,
        meaning: ErrorClassification,
        reason: str,
        *,
        unconfirmed: bool = False,
    ) -> None:
        """Keep what is owed to a channel that refuses everything, and tell those who wait."""
        now = self._clock()
        await self._outbox.blocked_channels.block(
            delivery,
            until=now + self._retry_interval,
            reason=self._what_is_missing(delivery, meaning) or reason,
            now=now,
            unconfirmed=unconfirmed,
        )

    async def retry_unblocked(self, guild_id: int) -> None:
        """Try at once what waits in the blocked channels of a server that are open again.

        Only where it is known what was missing, and that it is there now: all else is tried
        slowly, or every event would be a try.
        """
        blocked = self._outbox.blocked_channels
        for destination, reason in await blocked.in_server(guild_id):
            if self._is_open_again(destination, UndeliveredReason(reason)):
                await blocked.probe_now(destination.channel_id, self._clock())

    def _what_is_missing(self, delivery: Delivery, meaning: ErrorClassification) -> str | None:
        """Return the reason that people are told, ``None`` where no permission is missing."""
        if meaning.missing is not MissingAccess.PERMISSION:
            return meaning.missing
        granted = permissions_in(self._client, delivery.destination)
        in_thread = self._thread(delivery.destination) is not None
        return missing_permissions_reason(granted, in_thread=in_thread).text

    def _is_open_again(self, destination: Destination, reason: UndeliveredReason) -> bool:
        thread = self._thread(destination)
        if thread and reason.closed_thread:
            return not (thread.archived or thread.locked)
        granted = permissions_in(self._client, destination)
        if granted is None or not reason.missing_permissions:
            return False
        return not missing_permissions(granted, in_thread=thread is not None)

    def _thread(self, destination: Destination) -> discord.Thread | None:
        guild = self._client.get_guild(destination.guild_id or 0)
        return guild.get_thread(destination.channel_id) if guild else None
