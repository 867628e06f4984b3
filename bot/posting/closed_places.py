"""Places where nothing can be posted: gone, or shut until somebody mends something.

What is owed to a place that is gone is told directly to those who watched. What is owed to one that
is shut is kept, and those who wait get a word.
"""

import logging
from collections.abc import Callable, Sequence

import discord

from bot.posting.discord_calls import DiscordCalls
from bot.posting.evidence import permissions_in
from bot.posting.held import MISSING, missing_reason
from bot.posting.refusals import Missing, Verdict, reason_of, verdict
from bot.watching.outbox import Outbox
from bot.watching.records import Delivery, Place

log = logging.getLogger(__name__)


class ClosedPlaces:
    """Moves what cannot be posted to where it can wait, or be told.

    ``between_looks`` is how often a place that refuses is tried, in seconds.
    """

    def __init__(
        self,
        client: discord.Client,
        outbox: Outbox,
        calls: DiscordCalls,
        between_looks: float,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._calls = calls
        self._between_looks = between_looks
        self._clock = clock

    async def redirect(self, delivery: Delivery, reason: str) -> int:
        """Tell each watcher directly, for the place is gone; return how many can be told.

        What may have been posted there can be read no more, so the direct message says so. Raises
        what discord.py raises when it is not known just now whether somebody can be told.
        """
        people: Sequence[int] = ()
        if delivery.place.guild_id is not None:
            people = await self._outbox.people_behind(delivery)
        directs = await self._directs(people, delivery.place)
        await self._outbox.redirect(
            delivery,
            reason=reason,
            directs=directs,
            repeat=delivery.repeat or delivery.in_doubt_since is not None,
            now=self._clock(),
        )
        return len(directs)

    async def shut(self, delivery: Delivery, meaning: Verdict, reason: str) -> None:
        """Keep what is owed to a place that refuses, and tell those who wait.

        Raises as ``redirect`` does.
        """
        now = self._clock()
        waiting: Sequence[int] = ()
        if delivery.place.guild_id is not None:
            waiting = await self._outbox.waiting_at(delivery.place.channel_id)
        await self._outbox.shut(
            delivery,
            until=now + self._between_looks,
            reason=self._what_is_missing(delivery, meaning) or reason,
            directs=await self._directs(waiting, delivery.place),
            now=now,
        )

    async def look_again(self, guild_id: int) -> None:
        """Try at once what is held in the places of a server that are open again.

        Only where it is known what was missing, and that it is there now: all else is tried
        slowly, or every event would be a try.
        """
        for place, reason in await self._outbox.shut_places(guild_id):
            if self._is_open_again(place, reason):
                await self._outbox.reopen(place.channel_id, self._clock())

    async def _directs(self, users: Sequence[int], place: Place) -> dict[int, Place]:
        """Return the direct messages that can be opened, by user id.

        Raises what discord.py raises when that cannot be known just now.
        """
        directs = {}
        for user_id in users:
            try:
                direct = await self._calls.run(self._client.create_dm(discord.Object(user_id)))
            except discord.HTTPException as error:
                if verdict(error).passing:
                    raise
                log.info("No direct message to user %s: %s", user_id, reason_of(error))
            else:
                directs[user_id] = Place(direct.id, None, place.locale)
        return directs

    def _what_is_missing(self, delivery: Delivery, meaning: Verdict) -> str | None:
        """Return the reason that people are told, ``None`` where no permission is missing."""
        if meaning.missing is not Missing.PERMISSION:
            return meaning.missing
        granted = permissions_in(self._client, delivery.place)
        return missing_reason(granted, in_thread=self._thread(delivery.place) is not None)

    def _is_open_again(self, place: Place, reason: str) -> bool:
        thread = self._thread(place)
        if thread and reason in set(Missing):
            return not (thread.archived or thread.locked)
        granted = permissions_in(self._client, place)
        if granted is None or not reason.startswith(MISSING) or reason == MISSING:
            return False
        return missing_reason(granted, in_thread=thread is not None) == MISSING

    def _thread(self, place: Place) -> discord.Thread | None:
        guild = self._client.get_guild(place.guild_id or 0)
        return guild.get_thread(place.channel_id) if guild else None
