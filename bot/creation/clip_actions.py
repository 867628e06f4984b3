"""Gets further files of a finished version of a song: WAV, timed lyrics, stems.

Each may cost something at the relay, so the rules of creating apply, and no file is asked for again
while its result is known. What relays may charge for counts for the quotas, once per request; timed
lyrics count as look-ups only. Nothing is asked that the relay's profile does not declare.
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import discord

from bot.creation.offers import CreationOffers, Permit
from bot.creation.shared_results import SharedResults
from bot.relay.errors import RelayError, is_certain_refusal
from bot.relay.models import Clip
from bot.relay.providers import Capability
from bot.relay.timed_lyrics import TimedLyrics
from bot.storage.creation_debits import CreationDebits
from bot.storage.models import CreationRefusal, CreationRefusalReason, TaskKey
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.watch_store import WatchStore
from bot.watches.lookup_limiter import LookupLimiter

T = TypeVar("T")


class ClipActionService:
    """Answers the buttons about one version of a finished song.

    Every method raises ``RelayError``, ``TooManyLookups`` if the person or the server has asked
    relays too often, and the ``WatchError`` of a quota that is reached. The version has to be one
    of a finished song of the account.
    """

    def __init__(
        self,
        offers: CreationOffers,
        debits: CreationDebits,
        watches: WatchStore,
        settings: ServerSettingsStore,
        limiter: LookupLimiter,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._offers = offers
        self._debits = debits
        self._watches = watches
        self._settings = settings
        self._limiter = limiter
        self._clock = clock
        self._wavs = SharedResults[str]()
        self._timings = SharedResults[TimedLyrics]()
        self._stems = SharedResults[tuple[Clip, ...]]()

    async def wav(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> str | CreationRefusal | None:
        """Return the link of a WAV file; ``None`` while it is made, "" if nobody can open it."""
        permit = await self._permit(interaction, key, clip_id, Capability.WAV)
        if isinstance(permit, CreationRefusal):
            return permit
        ask = partial(self._charged, permit, permit.connection.client.wav, clip_id)
        return await self._wavs.get(_name(key, clip_id), ask)

    async def timing(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> TimedLyrics | CreationRefusal | None:
        """Return when each line is sung; ``None`` while that is found out."""
        permit = await self._permit(interaction, key, clip_id, Capability.TIMING)
        if isinstance(permit, CreationRefusal):
            return permit
        ask = partial(permit.connection.client.timing, clip_id)
        return await self._timings.get(_name(key, clip_id), ask)

    async def stems(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> tuple[Clip, ...] | CreationRefusal | None:
        """Return the playable voices and instruments; ``None`` while any of them is made."""
        permit = await self._permit(interaction, key, clip_id, Capability.STEMS)
        if isinstance(permit, CreationRefusal):
            return permit
        ask = partial(self._charged, permit, permit.connection.client.stems, clip_id)
        return await self._stems.get(_name(key, clip_id), ask)

    async def _permit(
        self,
        interaction: discord.Interaction[Any],
        key: TaskKey,
        clip_id: str,
        capability: Capability,
    ) -> Permit | CreationRefusal:
        """Return what lets a person ask the relay of a song; the refusal if it may not be asked."""
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
        return permit

    async def _charged(
        self, permit: Permit, request: Callable[[str], Awaitable[T]], clip_id: str
    ) -> T:
        """Send a request that may be charged, within the quotas.

        It counts before it is sent, and on if the relay may have charged it.
        """
        account, caller = permit.connection.account, permit.caller
        debit = await self._debits.add(account, caller, permit.quotas, self._clock())
        try:
            return await request(clip_id)
        except RelayError as error:
            if is_certain_refusal(error):
                await self._debits.refund(debit)
            raise


def _name(key: TaskKey, clip_id: str) -> str:
    return f"{key.account} {clip_id}"
