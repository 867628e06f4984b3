"""The routes about the bot itself, its guilds and its commands."""

from aiohttp import web

from sandbox.discord.bodies import json_response, no_content, number, path_id, read, read_object
from sandbox.discord.commands import Commands
from sandbox.discord.dm_rate_limit import DmRateLimit
from sandbox.discord.errors import Payload, api_error
from sandbox.discord.gateway import Gateway
from sandbox.discord.guild_payloads import guild_payload
from sandbox.discord.schema import object_of, read_object_as, snowflake
from sandbox.discord.state import DiscordState

_private_channel = object_of({"recipient_id": snowflake}, required=("recipient_id",))


class AccountRoutes:
    """Who the bot is, where it is, and what it offers, over HTTP."""

    def __init__(
        self, state: DiscordState, commands: Commands, gateway: Gateway, dm_rate_limit: DmRateLimit
    ) -> None:
        self._state = state
        self._dm_openings = dm_rate_limit
        self._commands = commands
        self._gateway = gateway

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """List the routes below ``prefix``."""
        application = f"{prefix}/applications/{{application}}"
        guild = f"{prefix}/guilds/{{guild}}"
        return [
            web.get(f"{prefix}/gateway", self.gateway),
            web.get(f"{prefix}/gateway/bot", self.gateway_for_bots),
            web.get(f"{prefix}/users/@me", self.me),
            web.get(f"{prefix}/users/@me/guilds", self.my_guilds),
            web.get(f"{prefix}/users/{{user}}", self.user),
            web.post(f"{prefix}/users/@me/channels", self.open_dm),
            web.get(f"{prefix}/applications/@me", self.application),
            web.get(f"{prefix}/oauth2/applications/@me", self.application),
            web.get(guild, self.guild),
            web.get(f"{guild}/channels", self.channels),
            web.get(f"{guild}/roles", self.roles),
            web.get(f"{guild}/members/{{user}}", self.member),
            web.get(f"{guild}/threads/active", self.active_threads),
            *self._command_routes(f"{application}/commands"),
            *self._command_routes(f"{application}/guilds/{{guild}}/commands"),
        ]

    def _command_routes(self, path: str) -> list[web.RouteDef]:
        return [
            web.get(path, self.list_commands),
            web.put(path, self.overwrite_commands),
            web.get(f"{path}/{{command}}", self.get_command),
            web.delete(f"{path}/{{command}}", self.delete_command),
        ]

    async def gateway(self, _request: web.Request) -> web.Response:
        """``GET /gateway``."""
        return json_response({"url": self._gateway.url})

    async def gateway_for_bots(self, _request: web.Request) -> web.Response:
        """``GET /gateway/bot``."""
        return json_response(self._gateway.info())

    async def me(self, _request: web.Request) -> web.Response:
        """``GET /users/@me``."""
        bot = self._state.shared.bot.payload()
        own = {"verified": True, "email": None, "mfa_enabled": True, "locale": "en-US"}
        return json_response({**bot, **own})

    async def my_guilds(self, request: web.Request) -> web.Response:
        """``GET /users/@me/guilds``: those that the bot is in, a page of them in order of id."""
        bot = self._state.shared.bot
        after = number(request.query.get("after", "0"))
        limit = number(request.query.get("limit", "200"))
        joined = sorted(
            (guild for guild in self._state.guilds.values() if guild.has_bot and guild.id > after),
            key=lambda guild: guild.id,
        )
        return json_response(
            [
                {
                    "id": str(guild.id),
                    "name": guild.name,
                    "icon": None,
                    "banner": None,
                    "owner": False,
                    "permissions": str(int(guild.permissions_of(bot))),
                    "features": guild.features,
                }
                for guild in joined[:limit]
            ]
        )

    async def user(self, request: web.Request) -> web.Response:
        """``GET /users/{user}``."""
        return json_response(self._state.user(path_id(request, "user")).payload())

    async def open_dm(self, request: web.Request) -> web.Response:
        """``POST /users/@me/channels``. That it is open does not say that it may be written to."""
        wanted = read_object_as(_private_channel, await read_object(request))
        user = self._state.user(int(wanted["recipient_id"]))
        if user.bot:
            raise api_error(50007)
        if self._state.dm_with(user) is None and not self._dm_openings.admit():
            raise api_error(40003)
        return json_response(self._state.open_dm(user).payload())

    async def application(self, _request: web.Request) -> web.Response:
        """``GET /applications/@me``, and the older path of the same."""
        shared, owner = self._state.shared, self._state.owner
        return json_response(
            {
                "id": str(shared.application_id),
                "name": shared.bot.name,
                "icon": None,
                "description": "",
                "summary": "",
                "type": None,
                "bot": shared.bot.payload(),
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "0" * 64,
                "flags": 0,
                "owner": owner.payload(),
                "team": None,
                "flags_new": "0",
                "redirect_uris": [],
                "interactions_endpoint_url": None,
                "role_connections_verification_url": None,
                "explicit_content_filter": 0,
                "eligible_oauth2_scopes": ["bot", "applications.commands"],
                "integration_types_config": {"0": {}, "1": {}},
                "approximate_guild_count": len(self._state.guilds),
                "approximate_user_install_count": 0,
                "approximate_user_authorization_count": 0,
                **self._state.application_settings,
            }
        )

    async def guild(self, request: web.Request) -> web.Response:
        """``GET /guilds/{guild}``."""
        return json_response(guild_payload(self._state.guild_with_bot(path_id(request, "guild"))))

    async def channels(self, request: web.Request) -> web.Response:
        """``GET /guilds/{guild}/channels``."""
        guild = self._state.guild_with_bot(path_id(request, "guild"))
        return json_response([channel.payload() for channel in guild.channels])

    async def roles(self, request: web.Request) -> web.Response:
        """``GET /guilds/{guild}/roles``."""
        guild = self._state.guild_with_bot(path_id(request, "guild"))
        return json_response([role.payload() for role in guild.roles.values()])

    async def member(self, request: web.Request) -> web.Response:
        """``GET /guilds/{guild}/members/{user}``."""
        guild = self._state.guild_with_bot(path_id(request, "guild"))
        member = guild.members.get(path_id(request, "user"))
        if member is None:
            raise api_error(10007)
        return json_response(member.payload())

    async def active_threads(self, request: web.Request) -> web.Response:
        """``GET /guilds/{guild}/threads/active``."""
        guild = self._state.guild_with_bot(path_id(request, "guild"))
        threads = guild.active_threads_of(self._state.shared.bot)
        listed = [thread.payload() for thread in threads]
        return json_response({"threads": listed, "members": [], "has_more": False})

    async def list_commands(self, request: web.Request) -> web.Response:
        """``GET /applications/{application}/commands``, or those of a guild."""
        return json_response(self._commands.listed(self._scope(request)))

    async def overwrite_commands(self, request: web.Request) -> web.Response:
        """``PUT /applications/{application}/commands``, or those of a guild."""
        scope = self._scope(request)
        commands: list[Payload] = self._commands.overwrite(scope, await read(request))
        return json_response(commands)

    async def get_command(self, request: web.Request) -> web.Response:
        """``GET /applications/{application}/commands/{command}``, or one of a guild."""
        return json_response(self._commands.get(self._scope(request), path_id(request, "command")))

    async def delete_command(self, request: web.Request) -> web.Response:
        """``DELETE /applications/{application}/commands/{command}``, or one of a guild."""
        self._commands.delete(self._scope(request), path_id(request, "command"))
        return no_content()

    def _scope(self, request: web.Request) -> int | None:
        """Return the id of the guild, or None for global commands.

        ApiError 20012: other applications.
        """
        if path_id(request, "application") != self._state.shared.application_id:
            raise api_error(20012)
        if "guild" not in request.match_info:
            return None
        guild = self._state.guilds.get(path_id(request, "guild"))
        if guild is None or not guild.application_installed:
            raise api_error(50001)
        return guild.id
