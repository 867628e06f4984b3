"""Decides which notices get an audio file attached, and how large it may be."""

import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import discord

from bot.delivery.attachments.audio_fetcher import AudioFetcher, AudioFetchError
from bot.relay.models import Task
from bot.storage.models import Delivery, DeliveryPurpose, MessageFormat
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.escaping import safe_file_name
from bot.ui.permissions import permissions_in

log = logging.getLogger(__name__)


class AudioAttachments:
    """Creates the attachment of a task from its audio."""

    def __init__(self, fetcher: AudioFetcher) -> None:
        self._fetcher = fetcher

    async def attachment(self, task: Task, limit: int) -> discord.File | None:
        """Return the first song of ``task`` as a file of at most ``limit`` bytes.

        ``None`` if no audio of it is permanent, or if it cannot be fetched; never raises for that.
        Only one song, so that a message waits for one file at most. The caller closes the ``fp`` of
        the file, which discord.py does not.
        """
        clip = next((clip for clip in task.clips if clip.playable), None)
        if clip is None or clip.audio_url is None:
            return None
        try:
            audio = await self._fetcher.fetch(clip.audio_url, limit)
        except AudioFetchError as error:
            log.info("Audio not attached: task=%s cause=%s", task.id, error)
            return None
        name = safe_file_name(clip.title or task.title, audio.extension, fallback="song")
        # discord.py needs less than its type says: any binary file that can be read and rewound.
        return discord.File(cast("io.BufferedIOBase", audio.file), name)


DEFAULT_UPLOAD_LIMIT = 20 * 1024 * 1024
"""Bytes of a file in every server since September 2026; discord.py 2.7 still has less."""

MAX_ATTEMPTS_WITH_FILE = 5
"""Attempts after which a message is sent without its file, so that it is not fetched endlessly."""


class UploadLimits:
    """Knows how many bytes a file may have in a server, as far as Discord states it.

    An interaction states the limit of its user: the server's, or more if the user pays for more. So
    the smallest limit stated in a server is closest to what the bot may upload there.
    """

    def __init__(self) -> None:
        self._least_stated: dict[int, int] = {}

    async def record(self, interaction: discord.Interaction) -> None:
        """Record the limit that an interaction states."""
        if interaction.guild_id is not None:
            known = self._least_stated.get(interaction.guild_id, interaction.filesize_limit)
            self._least_stated[interaction.guild_id] = min(known, interaction.filesize_limit)

    def of(self, guild_id: int | None, guild: discord.Guild | None) -> int:
        """Return the limit of a server; ``guild`` is its cached state, if there is one.

        The server may have been boosted since the limit was stated.
        """
        stated = self._least_stated.get(guild_id or 0, DEFAULT_UPLOAD_LIMIT)
        return max(stated, guild.filesize_limit) if guild else stated


class AttachmentPolicy:
    """Decides which deliveries get an attachment, and creates it."""

    def __init__(
        self,
        client: discord.Client,
        settings: ServerSettingsStore,
        audio: AudioAttachments | None,
    ) -> None:
        """``audio``: ``None`` if no delivery gets an attachment."""
        self._client = client
        self._settings = settings
        self._audio = audio
        self.limits = UploadLimits()

    @property
    def enabled(self) -> bool:
        """Whether any delivery may get an attachment."""
        return self._audio is not None

    @asynccontextmanager
    async def attachment_for(self, delivery: Delivery) -> AsyncIterator[discord.File | None]:
        """Yield the file to send with a delivery, if any; it is deleted afterwards.

        An unconfirmed delivery has none, so that its next attempt is not delayed.
        """
        file = await self._attachment_for(delivery)
        try:
            yield file
        finally:
            if file is not None:
                file.close()  # which only gives ``fp`` its own ``close`` back
                file.fp.close()

    async def _attachment_for(self, delivery: Delivery) -> discord.File | None:
        destination = delivery.destination
        whole = (
            delivery.purpose is DeliveryPurpose.NOTICE
            and delivery.message_format is MessageFormat.FULL
        )
        if (
            self._audio is None
            or not whole
            or delivery.unconfirmed_since is not None
            or delivery.attempts > MAX_ATTEMPTS_WITH_FILE
        ):
            return None
        granted = permissions_in(self._client, destination)
        if granted is not None and not granted.attach_files:
            return None
        if not (await self._settings.of(destination.guild_id)).uploads:
            return None
        limit = self.limits.of(
            destination.guild_id, self._client.get_guild(destination.guild_id or 0)
        )
        return await self._audio.attachment(delivery.task, limit)
