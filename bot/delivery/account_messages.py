"""Tells the person who connected a relay account what keeps the bot from using it."""

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


class AccountMessages:
    """Sends direct messages about accounts. The health page shows the same."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._calls = DiscordCalls(POST_TIMEOUT)
        self._delayed: set[tuple[str, str]] = set()
        """The subjects and accounts of the messages that could not be sent so far."""

    async def tell_rejected(self, account: RelayAccount) -> bool:
        """Tell who connected an account that its watches wait for another key.

        Returns whether that is done: the message was sent, or never can be, or the person wanted to
        be forgotten. A message that is sent again within a few minutes is recognized by its nonce.
        """
        return await self._tell(account, "refused key", "account-rejected", account.rejected_since)

    async def tell_no_credit(self, account: RelayAccount) -> bool:
        """Tell who connected an account that nothing is created with it until it is topped up.

        Returns as ``tell_rejected`` does.
        """
        return await self._tell(account, "no credit", "account-no-credit", account.connected_at)

    async def _tell(
        self, account: RelayAccount, subject: str, key: str, since: float | None
    ) -> bool:
        """Send the text of a key of the catalogue; ``subject`` names it in the log."""
        if account.connected_by == NOBODY:
            return True
        try:
            await self._calls.run(self._send(account, key, nonce_of(subject, account.id, since)))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            return self._is_final(account, subject, error)
        self._delayed.discard((subject, account.id))
        log.info("%s told: account=%s", subject.capitalize(), account.id)
        return True

    async def _send(self, account: RelayAccount, key: str, nonce: str) -> None:
        guild_id = account.owner.guild_id
        text = catalog_for(account.locale).text(
            f"{key}-server" if guild_id else f"{key}-own",
            server=code_span(await self._server_name(guild_id) if guild_id else ""),
            ending=code_span(account.key_ending),
        )
        direct = await self._client.create_dm(discord.Object(account.connected_by))
        await direct.send(text, nonce=nonce)

    async def _server_name(self, guild_id: int) -> str:
        """Return the name of a server, also of another shard's; its id if the bot is not in it."""
        if guild := self._client.get_guild(guild_id):
            return guild.name
        try:
            return (await self._client.fetch_guild(guild_id, with_counts=False)).name
        except (discord.NotFound, discord.Forbidden):
            return str(guild_id)

    def _is_final(self, account: RelayAccount, subject: str, error: Exception) -> bool:
        """Log an error, a transient one once; return whether Discord will never take the message.

        What Discord already has counts as refused, too.
        """
        is_final = not classify(error).is_transient
        message = (subject, account.id)
        if is_final or message not in self._delayed:
            what = f"{subject.capitalize()} {'not told' if is_final else 'not told yet'}"
            log.warning("%s: account=%s cause=%s", what, account.id, short_reason(error))
        (self._delayed.discard if is_final else self._delayed.add)(message)
        return is_final
