"""Which notices come with a file: where a server wants it, and as long as nothing is in doubt."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord

from bot.posting.attachments.player import Player
from bot.posting.evidence import permissions_in
from bot.watching.records import Delivery, Form, Purpose
from bot.watching.server_settings import ServerSettingsBook

SMALLEST_LIMIT = 20 * 1024 * 1024
"""Bytes that a file may have in every server since September 2026; discord.py 2.7 says less."""

MOST_TRIES = 5
"""After so many tries a message goes without its file, which need not be fetched for ever."""


class Uploads:
    """Gives notices their files."""

    def __init__(
        self, client: discord.Client, settings: ServerSettingsBook, player: Player
    ) -> None:
        self._client = client
        self._settings = settings
        self._player = player

    @asynccontextmanager
    async def file_of(self, delivery: Delivery) -> AsyncIterator[discord.File | None]:
        """Give the file that is to be sent with a delivery, if any; it is deleted in the end.

        A repeat of what may have been posted goes without: it shall not be held up.
        """
        file = await self._file_of(delivery)
        try:
            yield file
        finally:
            if file is not None:
                file.close()  # which only gives ``fp`` its own ``close`` back
                file.fp.close()

    async def _file_of(self, delivery: Delivery) -> discord.File | None:
        place = delivery.place
        whole = delivery.purpose is Purpose.NOTICE and delivery.form is Form.FULL
        if not whole or delivery.in_doubt_since is not None or delivery.attempts > MOST_TRIES:
            return None
        granted = permissions_in(self._client, place)
        if granted is not None and not granted.attach_files:
            return None
        if not (await self._settings.of(place.guild_id)).uploads:
            return None
        limit = upload_limit(self._client.get_guild(place.guild_id or 0))
        return await self._player.attachment(delivery.task, limit)


def upload_limit(guild: discord.Guild | None) -> int:
    """Return how many bytes a file may have in a server, the least if nothing is known of it."""
    return max(SMALLEST_LIMIT, guild.filesize_limit) if guild else SMALLEST_LIMIT
