"""What each trouble of a chaos does to the local Discord and the local relay, and how it heals."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sandbox.discord import Channel, Guild, LocalDiscord, body_contains
from sandbox.relay import LocalRelay, ResponseFormat, faults
from tests.e2e.chaos_plan import Mishap, Trouble

_POST = "POST /channels/{id}/messages"
_HISTORY = "GET /channels/{id}/messages"
_EDIT = "PATCH /channels/{id}/messages/{message}"
_DIRECT = "POST /users/@me/channels"
_ANSWER = "PATCH /webhooks/{app}/{token}/messages/@original"

_ON_DISCORD: dict[Trouble, tuple[str, dict[str, Any]]] = {
    Trouble.POST_FAILS_BEFORE: (_POST, {"status": 500}),
    Trouble.POST_FAILS_AFTER: (_POST, {"status": 500, "when": "after"}),
    Trouble.POST_UNAVAILABLE: (_POST, {"status": 503, "html": True}),
    Trouble.POST_CUT_BEFORE: (_POST, {"drop": True}),
    Trouble.POST_CUT_AFTER: (_POST, {"drop": True, "when": "after"}),
    Trouble.POST_SLOW: (_POST, {"delay": 0.3, "when": "after"}),
    Trouble.POST_LIMITED: (_POST, {"retry_after": 0.3}),
    Trouble.POST_LIMITED_BY_PROXY: (_POST, {"retry_after": 0.3, "via": False}),
    Trouble.POST_REFUSED_CONTENT: (_POST, {"status": 400, "code": 50035}),
    Trouble.POST_UNAUTHORIZED: (_POST, {"status": 401}),
    Trouble.POST_MODERATED: (
        _POST,
        {"status": 400, "code": 200000, "where": body_contains("number")},
    ),
    Trouble.POST_FORBIDDEN_BY_PROXY: (_POST, {"status": 403, "html": True}),
    Trouble.POST_NOT_FOUND_BY_PROXY: (_POST, {"status": 404, "html": True}),
    Trouble.HISTORY_FAILS: (_HISTORY, {"status": 503}),
    Trouble.DIRECT_FAILS: (_DIRECT, {"status": 503}),
    Trouble.DIRECT_TOO_FAST: (_DIRECT, {"status": 403, "code": 40003}),
    Trouble.EDIT_FAILS: (_EDIT, {"status": 503}),
    Trouble.EDIT_MODERATED: (
        _EDIT,
        {"status": 400, "code": 200000, "where": body_contains("number")},
    ),
    Trouble.ANSWER_FAILS: (_ANSWER, {"status": 503}),
    Trouble.ANSWER_CUT: (_ANSWER, {"drop": True, "when": "after"}),
}

_AT_RELAY: dict[Trouble, Callable[[], faults.Fault]] = {
    Trouble.RELAY_LIMITED: lambda: faults.rate_limited("2"),
    Trouble.RELAY_FAILS: faults.server_error,
    Trouble.RELAY_BROKEN: lambda: faults.server_error(500),
    Trouble.RELAY_CUT: faults.cut_before_headers,
    Trouble.RELAY_CUT_IN_BODY: faults.cut_in_body,
    Trouble.RELAY_JSON_CUT: faults.json_cut_short,
    Trouble.RELAY_SILENT: faults.slow_headers,
    Trouble.RELAY_REFUSES_KEY: faults.unauthorized,
}

_DENIED = {
    Trouble.MUTED: ("send_messages", "send_messages_in_threads"),
    Trouble.BLIND: ("view_channel",),
    Trouble.PLAIN: ("embed_links",),
}

_STRANGER = {"task_id": "a-task-of-nobody", "action": "MUSIC", "status": "SUCCESS", "data": []}

_MODERATION = (Trouble.POST_MODERATED, Trouble.EDIT_MODERATED)
_REFUSALS = 2
"""How often content is refused without regard to what it is: the plainer forms get through."""
_LONG_TIME_OUT = 86_400.0
"""Seconds for which the bot is timed out, unless it is forgiven before."""
_LONGEST_HANG_UP = 15.0
"""Real seconds in which a bot that lives has hung up when it is told to."""


class Troubles:
    """Begins troubles, and ends each when its rounds are over."""

    def __init__(
        self, discord: LocalDiscord, relay: LocalRelay, guild: Guild, places: Sequence[Channel]
    ) -> None:
        self._discord = discord
        self._relay = relay
        self._guild = guild
        self._places = places
        self._lasting: list[tuple[int, Callable[[], None]]] = []
        self.begun = 0
        self.moderated = False
        """Whether AutoMod was ever at work, which may leave a notice only the bot's own words."""

    async def begin(self, mishap: Mishap, number: int) -> None:
        """Let something go wrong in round ``number``."""
        self.begun += 1
        trouble = mishap.trouble
        if trouble in _ON_DISCORD:
            request, how = _ON_DISCORD[trouble]
            times = mishap.times
            if trouble is Trouble.POST_REFUSED_CONTENT:
                times = min(times, _REFUSALS)
            self.moderated = self.moderated or trouble in _MODERATION
            self._discord.faults.add(request, times=times, **how)
        elif trouble in _AT_RELAY:
            self._relay.faults.add(_AT_RELAY[trouble](), times=mishap.times)
        elif trouble is Trouble.DISCORD_LIMITED:
            self._discord.rate_limits.block_globally(mishap.times * 0.5)
        elif trouble is Trouble.RELAY_EMPTY:
            nothing = faults.answers(200, {"code": "success", "message": "", "data": []})
            self._relay.faults.add(nothing, times=mishap.times, path="/suno/fetch")
        elif heal := self._lasting_trouble(mishap):
            self._lasting.append((number + mishap.rounds, heal))
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_HANG_UP):
                    await self._at_the_gateway(trouble)

    def heal_until(self, number: int) -> None:
        """End what lasts no longer than to round ``number``."""
        for _, heal in (one for one in self._lasting if one[0] <= number):
            heal()
        self._lasting = [one for one in self._lasting if one[0] > number]

    def heal(self) -> None:
        """End all troubles, and give back every permission."""
        self._discord.faults.clear()
        self._relay.faults.clear()
        for _, heal in self._lasting:
            heal()
        self._lasting.clear()

    def _lasting_trouble(self, mishap: Mishap) -> Callable[[], None] | None:
        """Begin what lasts until it is ended; return what ends it."""
        place = self._places[mishap.place]
        if names := _DENIED.get(mishap.trouble):
            place.deny(*names)
            return lambda: place.allow(*names)
        if mishap.trouble is Trouble.TIMED_OUT:
            bot = self._discord.bot_user
            self._guild.time_out(bot, _LONG_TIME_OUT)
            return lambda: self._guild.end_time_out(bot)
        if mishap.trouble is Trouble.RELAY_DOWN:
            self._relay.start_outage()
            return self._relay.end_outage
        if mishap.trouble is Trouble.RELAY_STRANGERS:
            self._relay.response_format = replace(
                ResponseFormat(), unrequested=(_STRANGER,), reversed_order=True
            )
            return self._answer_well
        if mishap.trouble is Trouble.GUILD_DOWN:
            self._guild.start_outage()
            return self._guild.end_outage
        thread = self._places[-1]
        if mishap.trouble is Trouble.LOCKED:
            thread.lock()
            return thread.reopen
        if mishap.trouble is Trouble.ARCHIVED:
            thread.archive()
            return thread.reopen
        return None

    def _answer_well(self) -> None:
        self._relay.response_format = ResponseFormat()

    async def _at_the_gateway(self, trouble: Trouble) -> None:
        if trouble is Trouble.GATEWAY_DROPPED:
            await self._discord.drop_gateway()
        elif trouble is Trouble.GATEWAY_CLOSED:
            await self._discord.close_gateway()
        elif trouble is Trouble.GATEWAY_RECONNECT:
            await self._discord.request_reconnect()
        elif trouble is Trouble.SESSION_FORGOTTEN:
            self._discord.expire_sessions()
            await self._discord.drop_gateway()
        else:
            resumable = trouble is Trouble.SESSION_RESUMABLE
            await self._discord.invalidate_sessions(resumable=resumable)
