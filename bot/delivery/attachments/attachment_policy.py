"""Decides which notices get an audio file attached, and how large it may be."""

import asyncio
import io
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

import discord

from bot.delivery.attachments.audio_fetcher import AudioFetcher, AudioFetchError, FetchFailure
from bot.relay.models import Clip, Task
from bot.storage.models import Delivery, DeliveryPurpose, MessageFormat
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.escaping import safe_file_name
from bot.ui.permissions import permissions_in

log = logging.getLogger(__name__)


SLOW_HOST_PAUSE = 60.0
"""Seconds for which nothing is fetched from a host that was too slow: in a channel each message
waits for the one before."""


class AudioAttachments:
    """Creates the attachment of a task from its audio."""

    def __init__(self, fetcher: AudioFetcher, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._slow_hosts: dict[str, float] = {}
        """When each of them was too slow."""

    def may_fetch(self, task: Task) -> bool:
        """Whether ``task`` has audio to attach, from a host that has not been too slow lately."""
        _, clip = attached_song(task)
        return clip is not None and not self._is_slow(_host(clip))

    def _is_slow(self, host: str) -> bool:
        return self._clock() - self._slow_hosts.get(host, float("-inf")) < SLOW_HOST_PAUSE

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
            if error.failure is FetchFailure.TOO_SLOW:
                slow = {host: at for host, at in self._slow_hosts.items() if self._is_slow(host)}
                self._slow_hosts = {**slow, _host(clip): self._clock()}
            return None
        title = (clip.title or task.title)[:MAX_FILE_TITLE]
        several = number if len(task.clips) > 1 else None
        name = safe_file_name(title, audio.extension, fallback="song", number=several)
        # discord.py needs less than its type says: any binary file that can be read and rewound.
        return discord.File(cast("io.BufferedIOBase", audio.file), name)


def attached_song(task: Task) -> tuple[int, Clip | None]:
    """Return the number of the version of ``task`` that is attached, and the version, if any.

    It is the first one with permanent audio (``ATTACHED_SONGS``): a message waits for one file.
    """
    playable = ((number, clip) for number, clip in enumerate(task.clips, 1) if clip.playable)
    return next(playable, (0, None))


def _host(clip: Clip) -> str:
    try:
        return urlsplit(clip.audio_url or "").netloc
    except ValueError:  # the fetcher says what is wrong with the link
        return ""


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
        that is slow occupies a few deliveries at most: the others are sent without a file. For a
        minute all are whose files are there.
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
            or self._audio is None
            or not self._audio.may_fetch(delivery.task)
        ):
            return False
        granted = permissions_in(self._client, delivery.destination)
        if granted is not None and not granted.attach_files:
            return False
        return (await self._settings.of(delivery.destination.guild_id)).uploads
