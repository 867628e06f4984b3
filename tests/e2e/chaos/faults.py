"""Injects the faults of a chaos test into the local Discord and the local relays."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from sandbox.discord import Channel, Guild, LocalDiscord, body_contains
from sandbox.relay import LocalRelay, ResponseFormat
from sandbox.relay import faults as relay_faults
from tests.e2e.chaos.plan import FaultKind, PlannedFault

_POST = "POST /channels/{id}/messages"
_HISTORY = "GET /channels/{id}/messages"
_EDIT = "PATCH /channels/{id}/messages/{message}"
_OPEN_DM = "POST /users/@me/channels"
_REPLY = "PATCH /webhooks/{app}/{token}/messages/@original"

_DISCORD_FAULTS: dict[FaultKind, tuple[str, dict[str, Any]]] = {
    FaultKind.POST_FAILS_BEFORE: (_POST, {"status": 500}),
    FaultKind.POST_FAILS_AFTER: (_POST, {"status": 500, "when": "after"}),
    FaultKind.POST_UNAVAILABLE: (_POST, {"status": 503, "html": True}),
    FaultKind.POST_CUT_BEFORE: (_POST, {"drop": True}),
    FaultKind.POST_CUT_AFTER: (_POST, {"drop": True, "when": "after"}),
    FaultKind.POST_SLOW: (_POST, {"delay": 0.3, "when": "after"}),
    FaultKind.POST_LIMITED: (_POST, {"retry_after": 0.3}),
    FaultKind.POST_LIMITED_BY_PROXY: (_POST, {"retry_after": 0.3, "via": False}),
    FaultKind.POST_REFUSED_CONTENT: (_POST, {"status": 400, "code": 50035}),
    FaultKind.POST_UNAUTHORIZED: (_POST, {"status": 401}),
    FaultKind.POST_MODERATED: (
        _POST,
        {"status": 400, "code": 200000, "where": body_contains("number")},
    ),
    FaultKind.POST_FORBIDDEN_BY_PROXY: (_POST, {"status": 403, "html": True}),
    FaultKind.POST_NOT_FOUND_BY_PROXY: (_POST, {"status": 404, "html": True}),
    FaultKind.HISTORY_FAILS: (_HISTORY, {"status": 503}),
    FaultKind.DM_FAILS: (_OPEN_DM, {"status": 503}),
    FaultKind.DM_LIMITED: (_OPEN_DM, {"status": 403, "code": 40003}),
    FaultKind.EDIT_FAILS: (_EDIT, {"status": 503}),
    FaultKind.EDIT_MODERATED: (
        _EDIT,
        {"status": 400, "code": 200000, "where": body_contains("number")},
    ),
    FaultKind.REPLY_FAILS: (_REPLY, {"status": 503}),
    FaultKind.REPLY_CUT: (_REPLY, {"drop": True, "when": "after"}),
}

_RELAY_FAULTS: dict[FaultKind, Callable[[], relay_faults.Fault]] = {
    FaultKind.RELAY_LIMITED: lambda: relay_faults.rate_limited("2"),
    FaultKind.RELAY_FAILS: relay_faults.server_error,
    FaultKind.RELAY_BROKEN: lambda: relay_faults.server_error(500),
    FaultKind.RELAY_CUT: relay_faults.cut_before_headers,
    FaultKind.RELAY_CUT_IN_BODY: relay_faults.cut_in_body,
    FaultKind.RELAY_JSON_CUT: relay_faults.json_cut_short,
    FaultKind.RELAY_SLOW: relay_faults.slow_headers,
    FaultKind.RELAY_REFUSES_KEY: relay_faults.unauthorized,
}

_DENIED_PERMISSIONS = {
    FaultKind.SEND_DENIED: ("send_messages", "send_messages_in_threads"),
    FaultKind.VIEW_DENIED: ("view_channel",),
    FaultKind.EMBED_DENIED: ("embed_links",),
}

_UNREQUESTED_TASK = {
    "task_id": "unrequested-task",
    "action": "MUSIC",
    "status": "SUCCESS",
    "data": [],
}

_MODERATION_FAULTS = (FaultKind.POST_MODERATED, FaultKind.EDIT_MODERATED)
_MAX_CONTENT_REFUSALS = 2
"""How often content is refused whatever it is: the bot's plainer form has to be accepted."""
_TIME_OUT = 86_400.0
"""Seconds; the time-out is removed earlier, when its rounds are over."""
_DISCONNECT_TIMEOUT = 15.0
"""Real seconds within which a running bot closes a connection on request."""


class FaultInjector:
    """Injects faults, and removes lasting ones when their rounds are over."""

    def __init__(
        self,
        discord: LocalDiscord,
        relays: Mapping[str, LocalRelay],
        guild: Guild,
        channels: Sequence[Channel],
    ) -> None:
        """Inject into ``channels``, the last of which is a thread."""
        self._discord = discord
        self._relays = relays
        self._guild = guild
        self._channels = channels
        self._lasting_faults: list[tuple[int, Callable[[], None]]] = []
        """The round at which each ends, and how."""
        self.count = 0
        self.moderated = False
        """Whether AutoMod ever refused texts of the relay, so that minimal notices are right."""

    async def inject(self, fault: PlannedFault, round_number: int) -> None:
        """Inject a fault in a round."""
        self.count += 1
        kind = fault.kind
        if kind in _DISCORD_FAULTS:
            request, options = _DISCORD_FAULTS[kind]
            times = fault.times
            if kind is FaultKind.POST_REFUSED_CONTENT:
                times = min(times, _MAX_CONTENT_REFUSALS)
            self.moderated = self.moderated or kind in _MODERATION_FAULTS
            self._discord.faults.add(request, times=times, **options)
        elif kind in _RELAY_FAULTS:
            self._relays[fault.relay].faults.add(_RELAY_FAULTS[kind](), times=fault.times)
        elif kind is FaultKind.DISCORD_LIMITED:
            self._discord.rate_limits.block_globally(fault.times * 0.5)
        elif kind is FaultKind.RELAY_EMPTY:
            no_tasks = relay_faults.answers(200, {"code": "success", "message": "", "data": []})
            faults = self._relays[fault.relay].faults
            faults.add(no_tasks, times=fault.times, path="/suno/fetch")
        elif remove := self._inject_lasting(fault):
            self._lasting_faults.append((round_number + fault.rounds, remove))
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(_DISCONNECT_TIMEOUT):
                    await self._inject_gateway_fault(kind)

    def remove_expired(self, round_number: int) -> None:
        """Remove the lasting faults that end at a round or before."""
        for last_round, remove in self._lasting_faults:
            if last_round <= round_number:
                remove()
        self._lasting_faults = [each for each in self._lasting_faults if each[0] > round_number]

    def remove_all(self) -> None:
        """Remove all faults, and restore every permission."""
        self._discord.faults.clear()
        for relay in self._relays.values():
            relay.faults.clear()
        for _, remove in self._lasting_faults:
            remove()
        self._lasting_faults.clear()

    def _inject_lasting(self, fault: PlannedFault) -> Callable[[], None] | None:
        """Inject a lasting fault; return how to remove it, ``None`` for a fault of another kind."""
        channel, relay = self._channels[fault.channel], self._relays[fault.relay]
        if permissions := _DENIED_PERMISSIONS.get(fault.kind):
            channel.deny(*permissions)
            return lambda: channel.allow(*permissions)
        if fault.kind is FaultKind.TIMED_OUT:
            bot = self._discord.bot_user
            self._guild.time_out(bot, _TIME_OUT)
            return lambda: self._guild.end_time_out(bot)
        if fault.kind is FaultKind.RELAY_DOWN:
            relay.start_outage()
            return relay.end_outage
        if fault.kind is FaultKind.RELAY_UNREQUESTED:
            relay.response_format = replace(
                ResponseFormat(), unrequested=(_UNREQUESTED_TASK,), reversed_order=True
            )
            return partial(setattr, relay, "response_format", ResponseFormat())
        if fault.kind is FaultKind.GUILD_DOWN:
            self._guild.start_outage()
            return self._guild.end_outage
        thread = self._channels[-1]
        if fault.kind is FaultKind.THREAD_LOCKED:
            thread.lock()
            return thread.reopen
        if fault.kind is FaultKind.THREAD_ARCHIVED:
            thread.archive()
            return thread.reopen
        return None

    async def _inject_gateway_fault(self, kind: FaultKind) -> None:
        if kind is FaultKind.GATEWAY_DROPPED:
            await self._discord.drop_gateway()
        elif kind is FaultKind.GATEWAY_CLOSED:
            await self._discord.close_gateway()
        elif kind is FaultKind.GATEWAY_RECONNECT:
            await self._discord.request_reconnect()
        elif kind is FaultKind.SESSION_FORGOTTEN:
            self._discord.expire_sessions()
            await self._discord.drop_gateway()
        else:
            resumable = kind is FaultKind.SESSION_RESUMABLE
            await self._discord.invalidate_sessions(resumable=resumable)
