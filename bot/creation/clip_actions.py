"""Gets further files of a finished version of a song: WAV, timed lyrics, stems.

Each may cost something at the relay, so the rules of creating apply; nothing is asked that the
relay's profile does not declare.
"""

from typing import Any

import discord

from bot.creation.offers import CreationOffers
from bot.relay.client import RelayClient
from bot.relay.models import Clip
from bot.relay.providers import Capability
from bot.relay.timed_lyrics import TimedLyrics
from bot.storage.models import CreationRefusal, CreationRefusalReason, TaskKey
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.watch_store import WatchStore
from bot.watches.lookup_limiter import LookupLimiter


class ClipActionService:
    """Answers the buttons about one version of a finished song.

    Every method raises ``RelayError``, and ``TooManyLookups`` if the person or the server has asked
    relays too often. The version has to be one of a finished song of the account.
    """

    def __init__(
        self,
        offers: CreationOffers,
        watches: WatchStore,
        settings: ServerSettingsStore,
        limiter: LookupLimiter,
    ) -> None:
        self._offers = offers
        self._watches = watches
        self._settings = settings
        self._limiter = limiter

    async def wav(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> str | CreationRefusal | None:
        """Return the link of a WAV file; ``None`` while it is made, "" if nobody can open it."""
        client = await self._client(interaction, key, clip_id, Capability.WAV)
        return client if isinstance(client, CreationRefusal) else await client.wav(clip_id)

    async def timing(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> TimedLyrics | CreationRefusal | None:
        """Return when each line of a version is sung; ``None`` while it is not ready."""
        client = await self._client(interaction, key, clip_id, Capability.TIMING)
        return client if isinstance(client, CreationRefusal) else await client.timing(clip_id)

    async def stems(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> tuple[Clip, ...] | CreationRefusal | None:
        """Return the playable voices and instruments; ``None`` while any of them is made."""
        client = await self._client(interaction, key, clip_id, Capability.STEMS)
        return client if isinstance(client, CreationRefusal) else await client.stems(clip_id)

    async def _client(
        self,
        interaction: discord.Interaction[Any],
        key: TaskKey,
        clip_id: str,
        capability: Capability,
    ) -> RelayClient | CreationRefusal:
        """Return what asks the relay of a song, once; the refusal if it may not be asked."""
        settings = await self._settings.of(interaction.guild_id)
        permit = await self._offers.permit(interaction, settings, key.account)
        if isinstance(permit, CreationRefusal):
            return permit
        if capability not in permit.connection.profile.capabilities:
            return CreationRefusal(CreationRefusalReason.UNSUPPORTED)
        task = await self._watches.ended_task_of(key)
        if task is None or clip_id not in {clip.id for clip in task.clips if clip.id}:
            return CreationRefusal(CreationRefusalReason.CLIP_UNKNOWN)
        self._limiter.admit(permit.caller)
        return permit.connection.client
