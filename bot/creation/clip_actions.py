"""Gets further files of a finished version of a song: WAV, timed lyrics, stems.

Each may cost something at the relay, so the rules of creating apply, and no file is asked for again
while its result is known. What relays may charge for counts for the quotas, once per request; timed
lyrics count as look-ups only. Nothing is asked that the relay's profile does not declare.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import discord

from bot.creation.offers import CreationOffers, Permit
from bot.creation.shared_results import SharedResults
from bot.creation.storing import store_repeatedly
from bot.creation.submission_policy import SUBMISSION_POLICY
from bot.relay.client import RelayClient
from bot.relay.errors import RelayError
from bot.relay.models import Clip
from bot.relay.providers import CHARGED_FILES, Capability
from bot.relay.submission_errors import is_certain_refusal
from bot.relay.timed_lyrics import TimedLyrics
from bot.storage.creation_debits import CreationDebits
from bot.storage.errors import (
    CreationsOfServerReached,
    CreationsPerDayReached,
    FileUnconfirmed,
    TooManyCreationsAtOnce,
)
from bot.storage.models import CreationRefusal, CreationRefusalReason, TaskKey
from bot.storage.server_settings import ServerSettingsStore
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.task_reader import TaskReader

log = logging.getLogger(__name__)

T = TypeVar("T")


_QUOTA_ERRORS = (CreationsPerDayReached, CreationsOfServerReached, TooManyCreationsAtOnce)


class _File(NamedTuple):
    """A file of a version of a song."""

    capability: Capability
    """What the relay has to offer for it."""
    song: TaskKey
    clip_id: str


class ClipActionService:
    """Answers the buttons about one version of a finished song.

    Every method raises ``RelayError``, ``TooManyLookups`` if the person or the server has asked
    relays too often, the ``WatchError`` of a quota that is reached, and ``FileUnconfirmed``. The
    version has to be one of a finished song of the account.
    """

    def __init__(
        self,
        offers: CreationOffers,
        debits: CreationDebits,
        task_reader: TaskReader,
        settings: ServerSettingsStore,
        limiter: LookupLimiter,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._offers = offers
        self._debits = debits
        self._task_reader = task_reader
        self._settings = settings
        self._limiter = limiter
        self._clock = clock
        self._wavs = SharedResults[str](own_errors=_QUOTA_ERRORS)
        self._timings = SharedResults[TimedLyrics]()
        self._stems = SharedResults[tuple[Clip, ...]](own_errors=_QUOTA_ERRORS)

    async def wav(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> str | CreationRefusal | None:
        """Return the link of a WAV file; ``None`` while it is made, "" if nobody can open it."""
        file = _File(Capability.WAV, key, clip_id)
        return await self._get(interaction, file, self._wavs, RelayClient.wav)

    async def timing(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> TimedLyrics | CreationRefusal | None:
        """Return when each line is sung; ``None`` while that is found out."""
        file = _File(Capability.TIMING, key, clip_id)
        return await self._get(interaction, file, self._timings, RelayClient.timing)

    async def stems(
        self, interaction: discord.Interaction[Any], key: TaskKey, clip_id: str
    ) -> tuple[Clip, ...] | CreationRefusal | None:
        """Return the playable voices and instruments; ``None`` while any of them is made."""
        file = _File(Capability.STEMS, key, clip_id)
        return await self._get(interaction, file, self._stems, RelayClient.stems)

    async def _get(
        self,
        interaction: discord.Interaction[Any],
        file: _File,
        results: SharedResults[T],
        request: Callable[[RelayClient, str], Awaitable[T | None]],
    ) -> T | CreationRefusal | None:
        """Return what ``request`` returns for a file, or what is known of it; or the refusal."""
        permit = await self._permit(interaction, file)
        if isinstance(permit, CreationRefusal):
            return permit
        ask: Callable[[], Awaitable[T | None]]
        ask = partial(request, permit.connection.client, file.clip_id)
        if file.capability in CHARGED_FILES:
            ask = partial(self._charged, permit, ask)
        return await results.get(f"{file.song.account}/{file.clip_id}", ask)

    async def _permit(
        self, interaction: discord.Interaction[Any], file: _File
    ) -> Permit | CreationRefusal:
        """Return what lets a person ask the relay of a song; the refusal if it may not be asked."""
        settings = await self._settings.of(interaction.guild_id)
        permit = await self._offers.permit(interaction, settings, file.song.account)
        if isinstance(permit, CreationRefusal):
            return permit
        if file.capability not in permit.connection.profile.capabilities:
            return CreationRefusal(CreationRefusalReason.UNSUPPORTED)
        task = await self._task_reader.read_at(file.song, permit.caller)
        clips = task.clips if task is not None and task.terminal else ()
        if file.clip_id not in {clip.id for clip in clips if clip.id}:
            return CreationRefusal(CreationRefusalReason.CLIP_UNKNOWN)
        self._limiter.admit(permit.caller)
        return permit

    async def _charged(self, permit: Permit, request: Callable[[], Awaitable[T]]) -> T:
        """Send a request that may be charged, within the quotas.

        It counts before it is sent, and on if the relay may have charged it. Raises
        ``FileUnconfirmed`` where the answer is lost.
        """
        account, caller = permit.connection.account, permit.caller
        debit = await self._debits.add(account, caller, permit.quotas, self._clock())
        try:
            return await request()
        except RelayError as error:
            if not is_certain_refusal(error):
                log.warning("File unconfirmed: account=%s cause=%s", account, error.kind)
                raise FileUnconfirmed from error
            await store_repeatedly(
                partial(self._debits.refund, debit),
                f"debit={debit}",
                SUBMISSION_POLICY.store_interval,
            )
            raise
