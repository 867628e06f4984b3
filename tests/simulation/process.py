"""One life of the bot's process: put together as always, but for its outside; stopped or killed."""

import asyncio
import importlib
from typing import Any

from discord.http import Route
from discord.user import ClientUser

from bot import app
from bot.app.relays import make_relay_client
from bot.client import SunoBot
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.delivery.live_card_updater import LiveCardTiming
from bot.settings import Settings
from tests.simulation import discord_server, relay_server
from tests.simulation.database import Disk, SimulatedDatabase
from tests.simulation.discord_state import APPLICATION_ID, DiscordState
from tests.simulation.environment import Environment
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import Network, Session

PACE = LiveCardTiming(tick_interval=6.0)
"""Cards are looked at less often than usual, for that is most of what an idle bot does."""


class BotProcess:
    """The bot while it runs, with what its gateway tells it."""

    def __init__(
        self, environment: Environment, settings: Settings, disk: Disk, discord_network: Network,
        relay_network: Network, state: DiscordState,
    ) -> None:  # fmt: skip
        self._environment = environment
        self._settings = settings
        self._disk = disk
        self._discord_network = discord_network
        self._relay_network = relay_network
        self._state = state
        self.loop = VirtualLoop(environment)
        self.connected = False
        """Whether the gateway tells it what happens."""
        self.logged_in = False
        self._bot: SunoBot
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Start, then work until told to stop."""
        database = SimulatedDatabase(self._disk, self._environment)
        async with database:
            session: Any = Session(self._relay_network, relay_server.describe)
            client = None
            if self._settings.operator_account:
                client = make_relay_client(self._settings, session)
            bot = app.build_bot(
                self._settings,
                database,
                client,
                AudioFetcher(),
                app.COGS,
                app.Timing(PACE),
                fingerprint="",
                account_session=session,
            )
            self._bot = bot.client
            await self._bot._async_setup_hook()
            await self._log_in(self._bot)
            if operator := bot.registry.operator:
                await operator.poller.learn_from_history(self._bot.services.history)
            self._bot.background.start()
            for name in app.COGS:  # as extensions, but read once and not in every life
                await importlib.import_module(name).setup(self._bot)
            checks = asyncio.create_task(self._check_token())
            await self._stop.wait()
            checks.cancel()
            await self._bot.close()
            await bot.registry.aclose()
            if client is not None:
                await client.aclose()

    async def _check_token(self) -> None:
        """Find, as often as it is asked, that the token is good (compare ``bot.token_check``)."""
        while True:
            await self._bot.services.dispatcher.token_refused.wait()
            await asyncio.sleep(6)
            self._bot.services.dispatcher.token_refused.clear()

    async def _log_in(self, bot: SunoBot) -> None:
        """Do what ``Client.login`` does, with a session of ours; raises what discord.py raises."""
        http, connection = bot.http, bot._connection
        session = Session(self._discord_network, discord_server.describe, http.http_trace)
        http._HTTPClient__session = session  # type: ignore[attr-defined]  # what logging in sets
        http._global_over = asyncio.Event()
        http._global_over.set()
        http.token = "token"
        user = await http.request(Route("GET", "/users/@me"))
        connection.user = ClientUser(state=connection, data=user)
        connection.application_id = APPLICATION_ID
        self.logged_in = True

    def connect(self) -> None:
        """Let the gateway come up: from now on the bot knows its servers and hears people."""
        self.connected = True
        self._bot.dispatch("shard_guilds", 0, 1, frozenset(self._state.guilds))
        for guild_id in self._state.guilds:
            self.tell("GUILD_CREATE", self._state.guild_payload(guild_id))
        self.loop.call_soon(self._bot._ready.set)

    def tell(self, event: str, payload: dict[str, Any]) -> None:
        """Send an event over the gateway."""
        if self.connected:
            self.loop.call_soon(self._hear, event, payload)

    def _hear(self, event: str, payload: dict[str, Any]) -> None:
        connection = self._bot._connection
        if event == "GUILD_CREATE":
            guild = connection._add_guild_from_data(payload)  # type: ignore[arg-type]  # as Discord sends it
            connection.dispatch("guild_available", guild)
        else:
            connection.parsers[event](payload)

    def stop(self) -> None:
        """Tell it to stop in good order."""
        self.loop.call_soon(self._stop.set)
