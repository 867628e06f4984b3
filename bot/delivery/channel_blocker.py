"""Handles channels where nothing can be posted.

Deliveries to a channel that is gone are redirected to the direct messages of the watchers. A
channel that rejects everything is blocked: its deliveries wait, and the watchers are notified why.
"""

from collections.abc import Callable

import discord

from bot.delivery.discord_errors import ErrorClassification
from bot.storage.models import Delivery, Destination, MissingAccess, UndeliveredReason
from bot.storage.outbox import Outbox
from bot.ui.permissions import cached_channel, lacks_tag, missing_permissions


class ChannelBlocker:
    """Redirects deliveries from channels that are gone, and blocks channels that reject everything.

    ``retry_interval``: seconds between two attempts at a blocked channel.
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
        self, delivery: Delivery, reason: str, *, unconfirmed: bool, channel_gone: bool
    ) -> int:
        """Replace a delivery by direct messages to its watchers; return how many these are.

        ``channel_gone``: otherwise the channel rejects only this message, in every format.
        A message that may have been posted there is not searched, so the direct messages say that.
        A delivery to a direct message is dropped: its recipient cannot be reached.
        """
        redirection = self._outbox.redirection
        if delivery.destination.guild_id is None:
            await redirection.drop(delivery, reason=reason)
            return 0
        possible_duplicate = (
            unconfirmed or delivery.possible_duplicate or delivery.unconfirmed_since is not None
        )
        return await redirection.redirect(
            delivery,
            reason=reason,
            possible_duplicate=possible_duplicate,
            channel_gone=channel_gone,
            now=self._clock(),
        )

    async def block(
        self,
        delivery: Delivery,
        classification: ErrorClassification,
        reason: str,
        *,
        unconfirmed: bool,
    ) -> None:
        """Hold all deliveries to a channel that rejects everything, and notify the watchers."""
        now = self._clock()
        await self._outbox.blocked_channels.block(
            delivery,
            until=now + self._retry_interval,
            reason=self._missing_access(delivery, classification) or reason,
            now=now,
            unconfirmed=unconfirmed,
        )

    async def retry_unblocked(self, guild_id: int) -> None:
        """Retry the blocked channels of a server at once where the bot may post again.

        Only where the missing permission is known and granted now. The other channels are retried
        at their interval: otherwise every event of the server would cause an attempt.
        """
        blocked = self._outbox.blocked_channels
        for destination, reason in await blocked.in_server(guild_id):
            if self._may_post_again(destination, UndeliveredReason(reason)):
                await blocked.probe_now(destination.channel_id, self._clock())

    def _missing_access(
        self, delivery: Delivery, classification: ErrorClassification
    ) -> str | None:
        """Return the reason for the watchers; ``None`` if no access is missing."""
        if classification.missing is not MissingAccess.PERMISSION:
            return classification.missing
        channel = cached_channel(self._client, delivery.destination)
        if channel is None:
            return UndeliveredReason.of_missing_permissions(()).text
        granted = channel.permissions_for(channel.guild.me)
        missing = missing_permissions(granted, channel.type)
        return UndeliveredReason.of_missing_permissions(missing).text

    def _may_post_again(self, destination: Destination, reason: UndeliveredReason) -> bool:
        channel = cached_channel(self._client, destination)
        if channel is None:
            return False
        if reason.missing_access is MissingAccess.FORUM_TAG:
            return not lacks_tag(channel, channel.permissions_for(channel.guild.me))
        if isinstance(channel, discord.Thread) and reason.missing_access:
            return not (channel.archived or channel.locked)
        if not reason.missing_permissions:
            return False
        return not missing_permissions(channel.permissions_for(channel.guild.me), channel.type)
