"""Tells the person who connected a relay account that the relay refuses its key: once."""

import logging

import aiohttp
import discord

from bot.delivery.discord_calls import DiscordCalls
from bot.delivery.discord_errors import short_reason
from bot.i18n.catalog import catalog_for
from bot.storage.models import NOBODY, RelayAccount
from bot.ui.escaping import code_span

log = logging.getLogger(__name__)

POST_TIMEOUT = 30.0
"""Seconds after which nobody waits for the message any more."""


class AccountMessages:
    """Sends direct messages about accounts. A failure is logged: the health page shows it too."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._calls = DiscordCalls(POST_TIMEOUT)

    async def tell_rejected(self, account: RelayAccount) -> None:
        """Tell who connected an account that its watches wait for another key.

        Nobody is told if that person wanted to be forgotten.
        """
        if account.connected_by == NOBODY:
            return
        catalog = catalog_for(account.locale)
        guild = self._client.get_guild(account.owner.guild_id or 0)
        text = catalog.text(
            "account-rejected-server" if account.owner.guild_id else "account-rejected-own",
            server=code_span(guild.name if guild else str(account.owner.guild_id)),
            ending=code_span(account.key_ending),
        )
        try:
            await self._calls.run(self._send(account.connected_by, text))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            cause = short_reason(error)
            log.warning("Refused key not told: account=%s cause=%s", account.id, cause)

    async def _send(self, user_id: int, text: str) -> None:
        user = self._client.get_user(user_id) or await self._client.fetch_user(user_id)
        await user.send(text)
