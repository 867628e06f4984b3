"""The Discord client: it holds the services, loads the cogs and keeps the commands in sync."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.http import Route

from bot.delivery.attachments.uploads import AttachmentPolicy, AudioAttachments
from bot.delivery.discord_calls import trace_calls
from bot.delivery.discord_traffic import RequestMonitor, counts_against_global_limit
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming, LiveCardUpdater
from bot.delivery.rate_limiter import GlobalRateLimiter
from bot.gateway import GATEWAY_TIMING, GatewayClient, GatewayTiming
from bot.i18n.translator import CatalogTranslator
from bot.metrics import Metrics
from bot.monitoring.collector import count_responses
from bot.polling.poller import Poller
from bot.storage.departed_servers import DepartedServers
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.joined_notices import JoinedNotices
from bot.storage.key_value import KeyValueStore
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.outbox import Outbox
from bot.storage.retention import Retention
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from bot.ui.error_replies import reply_with_error
from bot.ui.permissions import invite_link
from bot.watches.direct_message_watches import DirectMessageWatches
from bot.watches.service import WatchService
from bot.watches.watchlist import Watchlist

log = logging.getLogger(__name__)

MOST_IN_A_SECOND = 50
"""Requests that Discord takes from the whole bot; its answers to interactions do not count."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the cogs work with."""

    watchlist: Watchlist
    poller: Poller
    store: TaskStore
    outbox: Outbox
    cards: LiveCards
    notices: JoinedNotices
    history: History
    forgetting: Erasure
    retention: Retention
    departures: DepartedServers
    settings: ServerSettingsStore
    limits: WatchLimits
    notes: KeyValueStore
    audio_attachments: AudioAttachments
    metrics: Metrics


EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
FOR_ALL = app_commands.AppInstallationType(guild=True, user=True)
"""A person may bring the bot along to where it is not a member."""


class CommandTree(app_commands.CommandTree["SunoBot"]):
    """The commands; whatever one of them raises is answered with a sentence."""

    def __init__(self, client: "SunoBot") -> None:
        super().__init__(client, allowed_contexts=EVERYWHERE, allowed_installs=FOR_ALL)

    async def on_error(
        self, interaction: discord.Interaction["SunoBot"], error: app_commands.AppCommandError
    ) -> None:
        """Tell the person what happened and what to do."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await reply_with_error(interaction, cause)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Whom the client talks to. ``gateway_url`` empty: what the API answers."""

    api_url: str
    gateway_url: str = ""


class SunoBot(GatewayClient):
    """The bot: the services, and what posts for them. All that lasts is in the database."""

    def __init__(
        self,
        services: Services,
        addresses: Addresses,
        extensions: Sequence[str] = (),
        live_card_timing: LiveCardTiming = LIVE_CARD_TIMING,
        gateway_timing: GatewayTiming = GATEWAY_TIMING,
    ) -> None:
        self.request_monitor = RequestMonitor()
        Route.BASE = addresses.api_url
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it never speaks
        super().__init__(
            gateway_url=addresses.gateway_url,
            pace=gateway_timing,
            command_prefix=(),
            help_command=None,
            tree_cls=CommandTree,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            http_trace=traced(self.request_monitor, services.metrics),
        )
        self.services = services
        self._attachments = AttachmentPolicy(self, services.settings, services.audio_attachments)
        self.dispatcher = OutboxDispatcher(
            self,
            services.outbox,
            attachments=self._attachments,
            settings=services.settings,
            metrics=services.metrics,
            request_monitor=self.request_monitor,
        )
        self.keeper = LiveCardUpdater(
            self,
            services.cards,
            live_card_timing,
            dispatcher_busy=lambda: self.dispatcher.busy,
            request_monitor=self.request_monitor,
        )
        self.watch_service = WatchService(
            services.watchlist,
            services.cards,
            DirectMessageWatches(self.keeper, services.notices),
            services.settings,
        )
        self.last_tick_at: dict[str, float] = {}
        """When each loop of the clock last did its work without a fault (Unix seconds)."""
        self._extensions = tuple(extensions)

    @property
    def suno_group(self) -> app_commands.Group:
        """The command ``/suno``: the cog that makes it is loaded before those that add to it."""
        group = self.tree.get_command("suno")
        assert isinstance(group, app_commands.Group)  # noqa: S101 # the order of the cogs
        return group

    async def setup_hook(self) -> None:
        """Load the cogs and, if they changed, register the commands."""
        assert self.application_id is not None  # noqa: S101 # the client has logged in
        log.info("Invite the bot with %s", invite_link(self.application_id))
        await self._sync_commands(await self.load_cogs())

    async def load_cogs(self) -> list[dict[str, Any]]:
        """Load the cogs; return their commands as Discord gets them, with every translation."""
        for name in self._extensions:
            await self.load_extension(name)
        translator = CatalogTranslator()
        await self.tree.set_translator(translator)
        return [
            await command.get_translated_payload(self.tree, translator)
            for command in self.tree.get_commands()
        ]

    def missing_connection(self) -> str | None:
        """Return why it is not connected to Discord's gateway, ``None`` if it is."""
        if self.is_closed():
            return "the bot stops"
        if not self.is_ready():
            return "not connected to Discord yet"
        if any(shard.is_closed() for shard in self.shards.values()):
            return "the connection to Discord is lost; it is made anew"
        return None

    async def on_ready(self) -> None:
        """Say that we are there. Comes again after reconnects: nothing is started here."""
        log.info("Connected to Discord as %s, in %s", self.user, _servers(len(self.guilds)))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Note what Discord says in passing: how large a file may be there."""
        self._attachments.limits.note(interaction)

    async def on_resumed(self) -> None:
        """Say that we are there again, with the same session."""
        log.info("Connected to Discord again")

    async def _sync_commands(self, commands: list[dict[str, Any]]) -> None:
        """Register the commands if they, in any language, are not those registered last."""
        digest = hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()
        note = f"commands of {self.application_id}"
        if await self.services.notes.read(note) == digest:
            return
        try:
            await self.tree.sync()
        except (discord.HTTPException, app_commands.CommandSyncFailure) as error:
            log.error("Discord did not take the commands; they stay as they were: %s", error)
            return
        await self.services.notes.write(note, digest)
        log.info("Registered the commands")


def _servers(count: int) -> str:
    return "1 server" if count == 1 else f"{count} servers"


def traced(request_monitor: RequestMonitor, metrics: Metrics) -> aiohttp.TraceConfig:
    """Return what is told of every request: it is counted, kept from being late, and paced.

    discord.py paces each bucket, but not the bot: a thousand messages to a thousand channels at
    once end in answers of 429 and lost messages. Requests are held back so that the whole bot keeps
    Discord's global limit in any second.
    """
    turns = GlobalRateLimiter(MOST_IN_A_SECOND)

    async def wait_for_turn(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        if counts_against_global_limit(request.url.path):
            await turns.take()

    trace = aiohttp.TraceConfig()
    trace_calls(trace)
    trace.on_request_start.append(wait_for_turn)
    request_monitor.observe(trace)
    count_responses(trace, metrics)
    return trace
