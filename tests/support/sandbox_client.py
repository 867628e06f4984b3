"""An unmodified discord.py client at a local Discord, whose behaviour each test sets itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from yarl import URL

from sandbox.discord import Channel, Guild, LocalDiscord, User

Answer = Callable[[discord.Interaction], Awaitable[None]]


async def defer_then_edit(interaction: discord.Interaction) -> None:
    """Answer as a slow bot does: defer, then edit."""
    await interaction.response.defer()
    await interaction.edit_original_response(content="done")


class SampleBot(commands.AutoShardedBot):
    """Answers interactions with ``answer``, which a test sets; records the events it receives."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        self.event_received = asyncio.Event()
        intents = intents or discord.Intents(guilds=True)
        super().__init__("!", intents=intents, help_command=None, **options)
        self.answer: Answer = defer_then_edit
        self.choices: list[app_commands.Choice[str]] = []
        self.event_types: list[str] = []
        self.seen: list[discord.Interaction] = []
        self.messages: list[discord.Message] = []
        self.tree.add_command(_suno(self))
        self.tree.add_command(app_commands.ContextMenu(name="Watch Suno tasks", callback=_watch))

    async def setup_hook(self) -> None:
        """Register the commands."""
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once; discord.py would wait 5 s before each shard but the first."""

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Handle an event, and let ``until`` check its condition again."""
        super().dispatch(event_name, *args, **kwargs)
        self.event_received.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition is true; it is checked after each event of this client."""
        async with asyncio.timeout(120):
            while not condition():
                self.event_received.clear()
                await self.event_received.wait()

    async def until_known(self, guild_id: int) -> discord.Guild:
        """Wait until a guild is in the cache with its channels."""
        await self.until(lambda: (one := self.get_guild(guild_id)) and not one.unavailable)
        guild = self.get_guild(guild_id)
        assert guild is not None
        return guild

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer presses, selects and modals; commands come through the tree."""
        self.seen.append(interaction)
        kinds = (discord.InteractionType.component, discord.InteractionType.modal_submit)
        if interaction.type in kinds:
            await self.answer(interaction)

    async def on_socket_event_type(self, event: str) -> None:
        """Record the type of a gateway event."""
        self.event_types.append(event)

    async def on_message(self, message: discord.Message) -> None:
        """Record a message."""
        self.messages.append(message)


async def _watch(interaction: discord.Interaction, message: discord.Message) -> None:
    assert isinstance(interaction.client, SampleBot)
    interaction.extras["message"] = message
    await interaction.client.answer(interaction)


def _suno(bot: SampleBot) -> app_commands.Group:
    anywhere = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
    suno = app_commands.Group(
        name="suno",
        description="Songs",
        allowed_contexts=anywhere,
        allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
    )

    @suno.command(description="How a task is doing")
    async def status(
        interaction: discord.Interaction,
        id: app_commands.Range[str, 1, 100],  # noqa: A002 # the name of the option
        count: app_commands.Range[int, 1, 5] = 1,
        public: bool = False,
    ) -> None:
        del id, count, public
        await bot.answer(interaction)

    @status.autocomplete("id")
    async def known(_: discord.Interaction, text: str) -> list[app_commands.Choice[str]]:
        return [choice for choice in bot.choices if text in choice.name]

    @suno.command(description="Everything that can be given")
    @app_commands.choices(mood=[app_commands.Choice(name="Calm", value="calm")])
    async def everything(
        interaction: discord.Interaction,
        channel: discord.TextChannel | None = None,
        user: discord.User | None = None,
        role: discord.Role | None = None,
        file: discord.Attachment | None = None,
        mood: str | None = None,
    ) -> None:
        interaction.extras.update(channel=channel, user=user, role=role, file=file, mood=mood)
        await bot.answer(interaction)

    return suno


@contextmanager
def redirect_discord_py(local: LocalDiscord) -> Iterator[None]:
    """Redirect discord.py to a local Discord: its URL for the API and that for the gateway."""
    base, gateway = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = local.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = URL(local.gateway_url)
    try:
        yield
    finally:
        discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


class ClientHarness:
    """A local Discord with a guild, a channel, a member and the bot."""

    def __init__(self, local: LocalDiscord, bot: SampleBot) -> None:
        self.local = local
        self.bot = bot
        self.guild: Guild = local.add_guild("Song Club")
        self.songs: Channel = self.guild.add_channel("songs")
        self.ada: User = local.add_user("Ada")
        self.guild.add_member(self.ada)

    async def post(self, channel: Channel | None = None, **payload: Any) -> dict[str, Any]:
        """Post a raw payload with discord.py's HTTP client."""
        where = (channel or self.songs).id
        posted = await self.request("POST", f"/channels/{where}/messages", json=payload)
        assert isinstance(posted, dict)
        return posted

    async def request(self, method: str, path: str, **kwargs: Any) -> Any:
        """Send any request with discord.py's HTTP client."""
        return await self.bot.http.request(discord.http.Route(method, path), **kwargs)

    def place(self, channel: Channel | None = None) -> discord.PartialMessageable:
        """Return discord.py's object for a channel, without fetching it."""
        return self.bot.get_partial_messageable((channel or self.songs).id)


FAST_RATE_LIMITS = 100.0
"""The factor by which rate limits reset faster than at Discord, in tests of other behaviour."""


@asynccontextmanager
async def logged_in_client(
    *, rate_limit_speed: float = FAST_RATE_LIMITS, **options: Any
) -> AsyncIterator[ClientHarness]:
    """Start a local Discord at which the bot has logged in, without a gateway connection."""
    async with LocalDiscord(**options) as local:
        local.rate_limits.speed = rate_limit_speed
        with redirect_discord_py(local):
            bot = SampleBot()
            harness = ClientHarness(local, bot)
            async with bot:
                await bot.login(local.token)
                yield harness


@asynccontextmanager
async def connected_client(
    *, intents: discord.Intents | None = None, **options: Any
) -> AsyncIterator[ClientHarness]:
    """Start a local Discord with a bot that is connected and has registered its commands."""
    async with LocalDiscord(**options) as local:
        local.rate_limits.speed = FAST_RATE_LIMITS
        local.gateway.identify_limits.seconds = 0
        with redirect_discord_py(local):
            bot = SampleBot(intents)
            harness = ClientHarness(local, bot)
            running = asyncio.create_task(bot.start(local.token))
            try:
                await local.wait_until_ready()
                yield harness
            finally:
                await bot.close()
                await asyncio.wait([running])


def status_and_code(error: discord.HTTPException) -> tuple[int, int]:
    """Return the HTTP status and Discord's code of an error."""
    return error.status, error.code
