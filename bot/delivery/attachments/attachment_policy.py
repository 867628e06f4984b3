"""Decides which notices get an audio file attached, and how large it may be."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import discord

from bot.delivery.attachments.audio_fetcher import AudioFetcher, AudioFetchError
from bot.relay.models import Clip, Task
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
        """Return the attached song of ``task`` as a file of at most ``limit`` bytes.

        ``None`` if there is none, or if it cannot be fetched; never raises for that. The caller
        closes the ``fp`` of the file, which discord.py does not.
        """
        number, clip = attached_song(task)
        if clip is None or clip.audio_url is None:
            return None
        try:
            audio = await self._fetcher.fetch(clip.audio_url, limit)
        except AudioFetchError as error:
            log.info("Audio not attached: task=%s cause=%s", task.id, error)
            return None
        version = f" {number}" if len(task.clips) > 1 else ""
        title = (clip.title or task.title)[:MAX_FILE_TITLE]
        name = safe_file_name(title + version, audio.extension, fallback="song")
        # discord.py needs less than its type says: any binary file that can be read and rewound.
        return discord.File(cast("io.BufferedIOBase", audio.file), name)


def attached_song(task: Task) -> tuple[int, Clip | None]:
    """Return the number of the version of ``task`` that is attached, and the version, if any.

    It is the first one with permanent audio (``ATTACHED_SONGS``): a message waits for one file.
    """
    playable = ((number, clip) for number, clip in enumerate(task.clips, 1) if clip.playable)
    return next(playable, (0, None))


MAX_FILE_TITLE = 32
"""Code points of the title in the name of a file, which ends with the number of the version."""
DEFAULT_UPLOAD_LIMIT = 20 * 1024 * 1024
"""Bytes of a file in every server since September 2026; discord.py 2.7 still has less."""

MAX_ATTEMPTS_WITH_FILE = 5
"""Attempts after which a message is sent without its file, so that it is not fetched endlessly."""


MAX_FILES = 8
"""Files that are fetched or uploaded at the same time: they share the space for temporary files."""

MAX_WAITING = 8
"""Deliveries that wait until they may fetch their file; further ones are sent without."""

MAX_WAIT = 5.0
"""Seconds that a delivery waits until it may fetch its file."""


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
        self._slots = asyncio.Semaphore(MAX_FILES)
        self._waiting = 0

    @property
    def enabled(self) -> bool:
        """Whether any delivery may get an attachment."""
        return self._audio is not None

    @asynccontextmanager
    async def attachment_for(self, delivery: Delivery) -> AsyncIterator[discord.File | None]:
        """Yield the file to send with a delivery, if any; it is deleted afterwards.

        An unconfirmed delivery has none, so that its next attempt is not delayed. A media server
        that is slow occupies a few deliveries at most: the others are sent without a file.
        """
        wanted = await self._wants_attachment(delivery)
        if self._audio is None or not wanted or not await self._acquire_slot():
            yield None
            return
        file = None
        try:
            guild_id = delivery.destination.guild_id
            limit = self.limits.of(guild_id, self._client.get_guild(guild_id or 0))
            file = await self._audio.attachment(delivery.task, limit)
            yield file
        finally:
            self._slots.release()
            if file is not None:
                file.close()  # which only gives ``fp`` its own ``close`` back
                file.fp.close()

    async def _acquire_slot(self) -> bool:
        """Wait until a file may be fetched; return whether it may."""
        if self._waiting >= MAX_WAITING:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(MAX_WAIT):
                return await self._slots.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    async def _wants_attachment(self, delivery: Delivery) -> bool:
        """Whether the message of a delivery may have a file, and there is one to fetch."""
        if (
            delivery.purpose is not DeliveryPurpose.NOTICE
            or delivery.is_summary
            or delivery.message_format is not MessageFormat.FULL
            or delivery.unconfirmed_since is not None
            or delivery.attempts > MAX_ATTEMPTS_WITH_FILE
            or attached_song(delivery.task)[1] is None
        ):
            return False
        granted = permissions_in(self._client, delivery.destination)
        if granted is not None and not granted.attach_files:
            return False
        return (await self._settings.of(delivery.destination.guild_id)).uploads
