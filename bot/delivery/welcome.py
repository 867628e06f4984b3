"""Greets a server that the bot has joined: one message, once."""

import logging
import time
from collections.abc import Callable

import aiohttp
import discord

from bot.delivery.discord_calls import DiscordCalls
from bot.delivery.discord_errors import short_reason
from bot.i18n.catalog import catalog_for
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.permissions import missing_permissions

log = logging.getLogger(__name__)

POST_TIMEOUT = 30.0
"""Seconds after which nobody waits for the message any more."""
MAX_AGE = 3600.0
"""Seconds after joining a server in which it is greeted.

A server that Discord has forgotten to list before looks like a new one.
"""


class WelcomeMessages:
    """Posts the greeting. It is stored first, so that a crash or an error never repeats it."""

    def __init__(
        self,
        settings: ServerSettingsStore,
        clock: Callable[[], float] = time.time,
        *,
        has_accounts: bool = False,
    ) -> None:
        """``has_accounts``: whether a server can connect its own relay."""
        self._settings = settings
        self._clock = clock
        self._has_accounts = has_accounts
        self._calls = DiscordCalls(POST_TIMEOUT)

    async def greet(self, guild: discord.Guild) -> None:
        """Greet a server, unless it was greeted before or the bot may post nowhere."""
        joined_at = guild.me.joined_at
        now = self._clock()
        if joined_at is None or now - joined_at.timestamp() > MAX_AGE:
            return
        channel = _channel_for_greeting(guild)
        if channel is None:
            log.info("Server not greeted, no channel to post in: server=%s", guild.id)
            return
        settings = await self._settings.of(guild.id)
        if not await self._settings.claim_welcome(guild.id, now):
            return
        # Outside Community servers the preferred locale is English: nobody has asked yet.
        catalog = catalog_for(settings.language or guild.preferred_locale.value)
        try:
            accounts = "yes" if self._has_accounts else "no"
            text = catalog.text("server-welcome", accounts=accounts)
            await self._calls.run(channel.send(text))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            cause = short_reason(error)
            log.warning("Server not greeted: server=%s cause=%s", guild.id, cause)
        else:
            log.info("Server greeted: server=%s channel=%s", guild.id, channel.id)


def _channel_for_greeting(guild: discord.Guild) -> discord.TextChannel | None:
    """Return the system channel, or the first text channel where the bot may post."""
    others = (channel for channel in guild.text_channels if not channel.is_news())
    for channel in filter(None, (guild.system_channel, *others)):
        if not missing_permissions(channel.permissions_for(guild.me), channel.type):
            return channel
    return None
