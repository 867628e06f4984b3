"""Tells the person who connected a relay account that it has no credit."""

import logging

import aiohttp
import discord

from bot.delivery.discord_calls import DiscordCalls
from bot.delivery.discord_errors import classify, short_reason
from bot.i18n.catalog import catalog_for
from bot.storage.delivery_rows import nonce_of
from bot.storage.models import NOBODY, RelayAccount
from bot.ui.escaping import code_span

log = logging.getLogger(__name__)

POST_TIMEOUT = 30.0
"""Seconds after which nobody waits for the message any more."""


class CreditMessages:
    """Sends direct messages about accounts without credit. The health page shows the same."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._calls = DiscordCalls(POST_TIMEOUT)

    async def tell(self, account: RelayAccount) -> bool:
        """Tell who connected an account that nothing is created with it until it is topped up.

        Returns whether that is done: the message was sent, or never can be, or the person wanted to
        be forgotten. A message that is sent again within a few minutes is recognized by its nonce.
        """
        if account.connected_by == NOBODY:
            return True
        try:
            await self._calls.run(self._send(account))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning(
                "Missing credit not told: account=%s cause=%s", account.id, short_reason(error)
            )
            return not classify(error).is_transient
        log.info("Missing credit told: account=%s", account.id)
        return True

    async def _send(self, account: RelayAccount) -> None:
        guild = self._client.get_guild(account.owner.guild_id or 0)
        text = catalog_for(account.locale).text(
            "account-no-credit-server" if account.owner.guild_id else "account-no-credit-own",
            server=code_span(guild.name if guild else str(account.owner.guild_id)),
            ending=code_span(account.key_ending),
        )
        direct = await self._client.create_dm(discord.Object(account.connected_by))
        await direct.send(text, nonce=nonce_of("no credit", account.id, account.connected_at))
