"""Runs the local Discord: a server with all routes, and the methods that tests and the page use."""

import secrets
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from sandbox.discord.account_routes import AccountRoutes
from sandbox.discord.browser_protection import reject_browser_requests
from sandbox.discord.changes import ChangeNotifier
from sandbox.discord.channels import Channel, Message
from sandbox.discord.clock import Clock
from sandbox.discord.commands import Commands
from sandbox.discord.dm_rate_limit import DmRateLimit
from sandbox.discord.errors import Payload
from sandbox.discord.events import Event
from sandbox.discord.faults import Faults
from sandbox.discord.gateway import Gateway
from sandbox.discord.guilds import Guild
from sandbox.discord.interaction_responses import InteractionResponses
from sandbox.discord.interaction_routes import InteractionRoutes
from sandbox.discord.interactions import Interaction
from sandbox.discord.message_builder import Draft, MessageBuilder
from sandbox.discord.message_routes import MessageRoutes
from sandbox.discord.message_service import MessageService
from sandbox.discord.middleware import API, LARGEST_BODY, ApiMiddleware, Request
from sandbox.discord.rate_limits import RateLimits
from sandbox.discord.shared_state import SharedState
from sandbox.discord.snowflakes import SnowflakeGenerator
from sandbox.discord.state import DiscordState
from sandbox.discord.thread_routes import ThreadRoutes
from sandbox.discord.thread_service import ThreadService
from sandbox.discord.user_actions import UserActions
from sandbox.discord.users import User

Result = TypeVar("Result")


class LocalDiscord:
    """A Discord on loopback for one bot: ``async with`` runs it on a free port."""

    def __init__(
        self,
        *,
        bot_name: str = "Suno Bot",
        shards: int = 1,
        message_content: bool = False,
        rate_limited: bool = True,
    ) -> None:
        self._rate_limited = rate_limited
        self.clock = Clock()
        """The clock of this Discord; ``clock.advance(200)`` lets nonces and tokens expire."""
        self.changes = ChangeNotifier()
        ids = SnowflakeGenerator(self.clock)
        self.bot_user = User(ids.stable_id(), bot_name, bot=True)
        self.application_id = self.bot_user.id
        shared = SharedState(
            clock=self.clock,
            ids=ids,
            bot=self.bot_user,
            application_id=self.application_id,
            token=f"local.{secrets.token_urlsafe(48)}",
            changes=self.changes,
            dispatch=lambda *event: self.gateway.dispatch(*event),
            sees_content=message_content,
        )
        self._shared = shared
        self.state = DiscordState(shared)
        self.gateway = Gateway(self.state, shards)
        self.commands = Commands(self.state)
        self.dm_rate_limit = DmRateLimit(self.clock)
        """The limit for opening direct messages; beyond it, Discord answers with the code 40003."""
        message_builder = MessageBuilder(self.state)
        self.messages = MessageService(self.state, message_builder)
        self._responses = InteractionResponses(self.state, message_builder)
        self._user_actions = UserActions(
            self.state, self.commands, self._responses, message_builder.attachment_factory
        )
        self._runner: web.AppRunner | None = None
        self._middleware: ApiMiddleware | None = None
        self.host = "127.0.0.1"
        self.port = 0
        self.clock.watch(self.changes.notify)

    async def __aenter__(self) -> Self:
        self._middleware = ApiMiddleware(self._shared, rate_limited=self._rate_limited)
        middlewares = [reject_browser_requests, self._middleware.pass_through]
        app = web.Application(middlewares=middlewares, client_max_size=LARGEST_BODY)
        for part in (
            AccountRoutes(self.state, self.commands, self.gateway, self.dm_rate_limit),
            MessageRoutes(self.state, self.messages),
            ThreadRoutes(self.state, ThreadService(self.state, self.messages)),
            InteractionRoutes(self._responses),
        ):
            app.add_routes(part.routes(API))
        app.add_routes(self.gateway.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.gateway.url = self.gateway_url
        self._shared.cdn_url = f"http://{self.host}:{self.port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._middleware is None or self._runner is None:
            return
        self._middleware.close()
        await self.gateway.drop_all()
        await self._runner.cleanup()

    @property
    def token(self) -> str:
        """The bot's token; Discord replaces it if the bot identifies too often."""
        return self._shared.token

    @property
    def api_url(self) -> str:
        """The URL of the API, for ``DISCORD_API_URL`` or ``discord.http.Route.BASE``."""
        return f"http://{self.host}:{self.port}{API}"

    @property
    def gateway_url(self) -> str:
        """The URL of the gateway, without a query string."""
        return f"ws://{self.host}:{self.port}/gateway"

    @property
    def faults(self) -> Faults:
        """The faults that are injected into responses."""
        return self._running.faults

    @property
    def rate_limits(self) -> RateLimits:
        """The rate limits of requests; ``rate_limits.enabled = False`` turns them off."""
        return self._running.rate_limits

    @property
    def requests(self) -> list[Request]:
        """All requests to the API, oldest first."""
        return self._running.requests

    @property
    def malformed_requests(self) -> list[Request]:
        """The requests that were rejected because of their content, not by a fault: client bugs."""
        return [request for request in self.requests if request.malformed]

    @property
    def _running(self) -> ApiMiddleware:
        if self._middleware is None:
            raise RuntimeError("the local Discord is not running: use `async with`")
        return self._middleware

    @property
    def nonce_window(self) -> float:
        """Seconds in which a repeated nonce gives the first message."""
        return self.messages.nonce_window

    @nonce_window.setter
    def nonce_window(self, seconds: float) -> None:
        self.messages.nonce_window = seconds

    def add_user(self, name: str, locale: str = "en-US", *, installed: bool = False) -> User:
        """Create a user; ``installed``: the user has installed the bot."""
        return self.state.add_user(name, locale, installed=installed)

    def add_guild(
        self,
        name: str,
        locale: str = "en-US",
        *,
        with_bot: bool = True,
        commands_only: bool = False,
    ) -> Guild:
        """Create a guild.

        ``with_bot``: the bot is a member. ``commands_only``: it is authorized with the scope
        ``applications.commands``, but without the bot.
        """
        return self.state.add_guild(name, locale, with_bot=with_bot, commands_only=commands_only)

    def open_dm(self, user: User) -> Channel:
        """Return the direct message of a user and the bot."""
        return self.state.open_dm(user)

    def open_private(self, *users: User) -> Channel:
        """Create a conversation of users without the bot, which one of them may have installed."""
        return self.state.open_private(*users)

    def send_message(self, user: User, channel: Channel, text: str, **fields: Any) -> Message:
        """Post a message of a user; ``fields`` are further fields of Discord's API."""
        return self.messages.post_as_user(user, channel, Draft({"content": text, **fields}))

    def delete_message(self, message: Message) -> None:
        """Delete a message as a moderator does."""
        self.messages.remove(message)

    def available_commands(self, user: User, channel: Channel) -> list[Payload]:
        """Return the registered commands that Discord's client offers a user there."""
        return self._user_actions.offered(user, channel)

    async def command(
        self, user: User, channel: Channel, name: str, /, **options: Any
    ) -> Interaction:
        """Use a slash command, such as ``command(ada, songs, "suno status", id="abc")``.

        Users, channels, roles and ``Upload`` are passed as such. Raises
        ``ActionUnavailable`` if Discord's client would not send it: an unknown command or option,
        an invalid value.
        """
        return self._user_actions.command(user, channel, name, options)

    def autocomplete(
        self,
        user: User,
        channel: Channel,
        name: str,
        option: str,
        text: str,
        /,
        *,
        timeout: float = 60.0,
        **others: Any,
    ) -> Coroutine[Any, Any, list[tuple[str, Any]]]:
        """Type ``text`` into an option; return the suggested choices, as names and values."""
        interaction = self._user_actions.type_option(user, channel, name, option, text, others)
        return self._choices(interaction, timeout)

    async def _choices(self, interaction: Interaction, seconds: float) -> list[tuple[str, Any]]:
        await interaction.wait_for_acknowledgement(seconds)
        return [(choice["name"], choice["value"]) for choice in interaction.choices or []]

    async def press(self, user: User, message: Message, custom_id: str) -> Interaction:
        """Press a button.

        Raises ``ActionUnavailable`` if it does not exist, is disabled or is not visible to them.
        """
        return self._user_actions.press(user, message, custom_id)

    async def select(
        self, user: User, message: Message, custom_id: str, values: list[Any]
    ) -> Interaction:
        """Choose values in a select. Raises ``ActionUnavailable`` if it does not accept them."""
        return self._user_actions.select(user, message, custom_id, values)

    async def submit_modal(
        self, user: User, shown: Interaction, values: dict[str, Any]
    ) -> Interaction:
        """Submit the modal that is the response to ``shown``, with ``values`` by custom id."""
        return self._user_actions.submit_modal(user, shown, values)

    async def use_message_command(self, user: User, name: str, message: Message) -> Interaction:
        """Use a message command."""
        return self._user_actions.use_message_command(user, name, message)

    @property
    def interactions(self) -> list[Interaction]:
        """Every interaction, oldest first."""
        return list(self._responses.interactions.values())

    def wait_until_ready(self, timeout: float = 60.0) -> Coroutine[Any, Any, bool]:
        """Wait until every shard of the bot has identified and received its guilds."""
        what = "the bot to identify on every shard"
        return self.wait_for(lambda: self.gateway.all_shards_ready, timeout, what)

    def wait_until_commands(self, timeout: float = 60.0) -> Coroutine[Any, Any, bool]:
        """Wait until commands are registered; they stay so when a bot restarts."""
        return self.wait_for(lambda: self.commands.registered, timeout, "commands to be registered")

    def wait_until_disconnected(self, timeout: float = 60.0) -> Coroutine[Any, Any, bool]:
        """Wait until no client is connected to the gateway."""
        return self.wait_for(lambda: not self.gateway.connected, timeout, "the bot to disconnect")

    def wait_for(
        self,
        condition: Callable[[], Result],
        timeout: float = 60.0,
        what: str = "what was waited for",
    ) -> Coroutine[Any, Any, Result]:
        """Return the first true result of ``condition``, called again after every change.

        Raises ``TimeoutError`` after ``timeout`` seconds; its text lists the last events.
        """
        return self.changes.wait_until(condition, timeout, what)

    def on_event(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` at every event; return a function that unsubscribes it."""
        return self.state.events.subscribe(callback)

    async def close_gateway(self, code: int = 4000, *, shard: int | None = None) -> None:
        """Close the connections of a shard, or all, with a code; wait until they are closed."""
        await self.gateway.close_all(code, shard)

    async def drop_gateway(self, *, shard: int | None = None) -> None:
        """Cut the gateway connections of a shard, or all, without a close frame."""
        await self.gateway.drop_all(shard)

    def suspend_shard(self, shard: int) -> None:
        """Do not answer IDENTIFY and RESUME of a shard until ``release_shard``.

        Followed by ``drop_gateway(shard=...)``, this keeps the shard disconnected.
        """
        self.gateway.suspend_shard(shard)

    def release_shard(self, shard: int) -> None:
        """Answer the requests that ``suspend_shard`` delayed."""
        self.gateway.release_shard(shard)

    async def request_reconnect(self) -> None:
        """Ask the bot to reconnect and resume (op 7), and wait until it has disconnected."""
        await self.gateway.request_reconnect()

    async def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Send the bot INVALID_SESSION (op 9), and wait until it has disconnected."""
        await self.gateway.invalidate(resumable=resumable)

    def expire_sessions(self, *, shard: int | None = None) -> None:
        """Delete the sessions of a shard, or all: the next RESUME is answered with op 9."""
        self.gateway.expire_sessions(shard)
