"""A player in Discord: a finished song as a file, which the clients play where they show it."""

import io
import logging
from typing import cast

import discord

from bot.delivery.attachments.fetching import Fetcher, NotFetched
from bot.relay.models import Task
from bot.ui.escaping import file_name

log = logging.getLogger(__name__)


class Player:
    """Makes attachments out of songs."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def attachment(self, task: Task, limit: int) -> discord.File | None:
        """Return the first song of ``task`` as a file of at most ``limit`` bytes.

        ``None`` where there is no song that goes on playing, or where it cannot be fetched; never
        raises for that. Only one song: a message waits no longer than one file takes. Whoever gets
        the file closes its ``fp``, which discord.py does not.
        """
        clip = next((clip for clip in task.clips if clip.playable), None)
        if clip is None or clip.audio_url is None:
            return None
        try:
            sound = await self._fetcher.fetch(clip.audio_url, limit)
        except NotFetched as error:
            log.info("Task %s comes without a player: %s", task.id, error)
            return None
        name = file_name(clip.title or task.title, sound.extension, otherwise="song")
        # discord.py asks for less than it says: for any binary file that can be read and rewound.
        return discord.File(cast("io.BufferedIOBase", sound.file), name)
