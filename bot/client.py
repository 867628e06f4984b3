"""The Discord client: it loads the cogs, keeps the commands registered and runs the loops."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.http import Route

from bot.accounts.service import AccountService
from bot.background import BackgroundLoops
from bot.creation.clip_actions import ClipActionService
from bot.creation.drafts import Drafts
from bot.creation.service import CreationService
from bot.delivery.discord_calls import trace_calls
from bot.delivery.discord_requests import (
    GlobalRateLimiter,
    RequestMonitor,
    counts_against_global_limit,
)
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.live_card_updater import LiveCardUpdater
from bot.delivery.shared_rate_limiter import SharedRateLimiter
from bot.delivery.welcome import WelcomeMessages
from bot.gateway import GatewayClient, GatewayTiming, ReserveIdentify
from bot.i18n.catalog import mention_commands
from bot.i18n.translator import CatalogTranslator
from bot.metrics import Metrics
from bot.monitoring.collector import count_responses
from bot.monitoring.health import StalenessLimits
from bot.storage.account_credit import AccountCredit
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.key_value import KeyValueStore
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.outbox import Outbox
from bot.storage.retention import DepartedServers
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.user_settings import UserSettingsStore
from bot.ui.error_replies import reply_with_error
from bot.ui.permissions import invite_link
from bot.watches.languages import apply_chosen_language
from bot.watches.service import WatchService
from bot.watches.task_reader import TaskReader
from bot.watches.watchlist import Watchlist

log = logging.getLogger(__name__)

REQUESTS_PER_SECOND = 50
"""Discord's global limit for a bot; responses to interactions do not count towards it."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the cogs use."""

    watch_service: WatchService
    watchlist: Watchlist
    task_reader: TaskReader
    creations: CreationService
    drafts: Drafts
    clip_actions: ClipActionService
    credit: AccountCredit
    accounts: AccountService
    dispatcher: OutboxDispatcher
    live_card_updater: LiveCardUpdater
    outbox: Outbox
    live_cards: LiveCards
    history: History
    erasure: Erasure
    departed_servers: DepartedServers
    server_settings: ServerSettingsStore
    user_settings: UserSettingsStore
    welcome_messages: WelcomeMessages
    limits: WatchLimits
    key_values: KeyValueStore


@dataclass(frozen=True, slots=True)
class Addresses:
    """The URLs of Discord. ``gateway_url`` empty: the one that the API returns."""

    api_url: str
    gateway_url: str = ""


ALL_CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
ALL_INSTALLATIONS = app_commands.AppInstallationType(guild=True, user=True)
"""A user who installs the bot can use it in servers where it is not a member."""


class CommandTree(app_commands.CommandTree["SunoBot"]):
    """The tree of all commands; an error of a command is answered with a message."""

    def __init__(self, client: "SunoBot") -> None:
        super().__init__(client, allowed_contexts=ALL_CONTEXTS, allowed_installs=ALL_INSTALLATIONS)

    async def on_error(
        self, interaction: discord.Interaction["SunoBot"], error: app_commands.AppCommandError
    ) -> None:
        """Tell the user what happened and what to do."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await reply_with_error(interaction, cause)


class SunoBot(GatewayClient):
    """The Discord client. The composition root sets the attributes that are declared here."""

    services: Services
    background: BackgroundLoops
    staleness_limits: StalenessLimits

    def __init__(
        self,
        addresses: Addresses,
        cogs: Sequence[str],
        gateway_timing: GatewayTiming,
        trace: aiohttp.TraceConfig,
        *,
        shard_ids: list[int] | None = None,
        shard_count: int | None = None,
        reserve_identify: ReserveIdentify | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``cogs``: modules to load as extensions. ``trace``: told of every request to Discord.

        ``shard_ids``: the shards to serve of ``shard_count``; ``None``: all.
        ``reserve_identify``: as for ``GatewayClient``. ``clock``: by which times are stored.
        """
        Route.BASE = addresses.api_url
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice is used
        super().__init__(
            gateway_url=addresses.gateway_url,
            timing=gateway_timing,
            reserve_identify=reserve_identify,
            command_prefix=(),
            help_command=None,
            tree_cls=CommandTree,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            http_trace=trace,
            shard_ids=shard_ids,
            shard_count=shard_count,
        )
        self._cogs = tuple(cogs)
        self.clock = clock
        self.started_at = clock()
        self._parse_interaction = self._connection.parsers["INTERACTION_CREATE"]
        self._connection.parsers["INTERACTION_CREATE"] = self._on_interaction_data

    async def setup_hook(self) -> None:
        """Start the loops, load the cogs and, if they changed, register the commands."""
        assert self.application_id is not None  # noqa: S101 # the client has logged in
        log.info("Invitation link: %s", invite_link(self.application_id))
        await self.services.user_settings.load()
        self.background.start()
        await self._sync_commands(await self.load_cogs())

    async def load_cogs(self) -> list[dict[str, Any]]:
        """Load the cogs; return their commands as Discord gets them, with every translation."""
        for name in self._cogs:
            await self.load_extension(name)
        translator = CatalogTranslator()
        await self.tree.set_translator(translator)
        return [
            await command.get_translated_payload(self.tree, translator)
            for command in self.tree.get_commands()
        ]

    async def close(self) -> None:
        """Stop the loops, let what is being sent finish, then disconnect."""
        await self.background.stop()
        await super().close()

    def missing_connection(self) -> str | None:
        """Return why it is not connected to Discord's gateway, ``None`` if it is."""
        if self.is_closed():
            return "the bot stops"
        if not self.is_ready():
            return "not connected to Discord yet"
        if any(shard.is_closed() for shard in self.shards.values()):
            return "the connection to Discord is lost; the bot reconnects"
        return None

    def stuck_since(self) -> float | None:
        """Return since when a background loop is stuck, ``None`` if none is (Unix seconds)."""
        limits, now = self.staleness_limits, self.clock()
        last_ticks = {
            name: self.background.last_tick_at.get(name, self.started_at)
            for name in self.background.running
        }
        stuck = [at for name, at in last_ticks.items() if now - at > limits.for_loop(name)]
        return min(stuck, default=None)

    async def on_ready(self) -> None:
        """Log the connection. Discord repeats this event after reconnects: nothing starts here."""
        log.info("Gateway ready: user=%s servers=%d", self.user, len(self.guilds))

    async def on_resumed(self) -> None:
        """Log that the session was resumed."""
        log.info("Gateway session resumed")

    def _on_interaction_data(self, data: Any) -> None:
        """Handle INTERACTION_CREATE as discord.py does, in the language that its user chose."""
        apply_chosen_language(data, self.services.user_settings.languages)
        self._parse_interaction(data)

    async def _sync_commands(self, commands: list[dict[str, Any]]) -> None:
        """Register the commands if they, in any language, differ from those registered last.

        Their ids are stored: texts mention commands by them.
        """
        digest = hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()
        key, ids_key = (f"{what} of {self.application_id}" for what in ("commands", "command ids"))
        ids = json.loads(await self.services.key_values.read(ids_key) or "{}")
        mention_commands(ids)
        if ids and await self.services.key_values.read(key) == digest:
            return
        try:
            registered = await self.tree.sync()
        except (discord.HTTPException, app_commands.CommandSyncFailure) as error:
            log.error("Discord rejected the commands, the registered ones stay: cause=%s", error)
            return
        ids = {command.name: command.id for command in registered}
        mention_commands(ids)
        await self.services.key_values.write(ids_key, json.dumps(ids))
        await self.services.key_values.write(key, digest)
        log.info("Commands registered: count=%d", len(commands))


def request_trace(
    monitor: RequestMonitor, metrics: Metrics, shared_limiter: SharedRateLimiter | None = None
) -> aiohttp.TraceConfig:
    """Return a trace that counts every request to Discord, bounds its time and limits its rate.

    discord.py limits each bucket but not the bot: a thousand messages to a thousand channels at
    once would end in 429 responses and lost messages. Requests wait so that the whole bot stays
    within Discord's global limit in any second.

    ``shared_limiter``: of all processes that use the token; ``None``: this is the only one, or
    somebody else limits them together.
    """
    limiter = shared_limiter or GlobalRateLimiter(REQUESTS_PER_SECOND)

    async def wait_for_permit(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        if counts_against_global_limit(request.url.path):
            await limiter.acquire()

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(wait_for_permit)
    trace_calls(trace)  # after the wait, in which a call may become late
    monitor.observe(trace)
    count_responses(trace, metrics)
    return trace
