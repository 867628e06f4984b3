"""Reads from Discord's REST API with discord.py's client, and never writes there.

The client is logged in but not connected: no gateway session begins. discord.py would retry a 5xx
for 25 seconds and wait as long as a 429 asks for, but a report should show such an error at once.
So a trace checks each response first and raises ``DiscordApiError``, which ends the call.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from types import SimpleNamespace
from typing import Any, Self, TypeVar

import aiohttp
import discord
from discord.http import Route
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.doctor.network import RequestRecorder, describe_connection_error
from bot.relay.transport import quote_for_log
from bot.settings import Settings

URL_SETTING = "DISCORD_API_URL"

T = TypeVar("T")


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SessionStartLimit(_Payload):
    """How many gateway sessions the bot may still start until the limit is reset."""

    total: int
    remaining: int
    reset_after: int
    """Milliseconds."""


class Gateway(_Payload):
    """Where the gateway is, and with how many shards to connect."""

    url: str
    shards: int
    session_start_limit: SessionStartLimit


class JoinedServer(_Payload):
    """A server that the bot is in, and what it may do there where no channel says otherwise."""

    id: int
    name: str
    permissions: int


class DiscordApiError(Exception):
    """A call that failed: why, what to do, and Discord's own error code, 0 without one."""

    def __init__(self, text: str, advice: str, code: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.advice = advice
        self.code = code


class TokenRefusedError(DiscordApiError):
    """Discord does not accept the token."""

    def __init__(self) -> None:
        advice = "Make a new one (Bot > Reset Token) and put it into .env."
        super().__init__("Discord refuses DISCORD_TOKEN", advice)


class DiscordApi:
    """discord.py's client for reads alone; each call may take ``time_limit`` seconds."""

    def __init__(self, settings: Settings, time_limit: float) -> None:
        self.url = settings.discord_api_url
        self.requests = RequestRecorder()
        self._token = settings.discord_token
        self._time_limit = time_limit
        Route.BASE = self.url
        self.client = discord.Client(intents=discord.Intents.none(), http_trace=self._trace())

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await self.client.__aexit__(*exc_info)

    async def login(self) -> tuple[discord.ClientUser, discord.AppInfo]:
        """Read who the bot is and which application it belongs to. Raises ``DiscordApiError``."""
        await self.call(self.client.login(self._token.get_secret_value()))
        user, application = self.client.user, self.client.application
        assert user is not None and application is not None  # noqa: S101, PT018 # set by the login
        return user, application

    async def get(self, path: str, shape: type[T], **query: str | int) -> T:
        """Return the JSON of a path, read as ``shape``. Raises ``DiscordApiError``."""
        content = await self.call(self.client.http.request(Route("GET", path), params=query))
        try:
            return TypeAdapter(shape).validate_python(content)
        except ValidationError:
            raise _not_discord(200) from None

    async def call(self, request: Awaitable[T]) -> T:
        """Return what a call of discord.py returns. Raises ``DiscordApiError``."""
        try:
            async with asyncio.timeout(self._time_limit):
                return await request
        except discord.LoginFailure:
            raise TokenRefusedError from None
        except discord.HTTPException as error:
            raise _api_error(error) from None
        except (aiohttp.ClientError, OSError) as error:
            text, advice = describe_connection_error(error, URL_SETTING)
            raise DiscordApiError(f"{self.url}: {text}", advice) from None
        except (discord.InvalidData, LookupError, TypeError, ValueError, AttributeError):
            raise _not_discord(200) from None  # JSON in which discord.py misses what it needs

    def _trace(self) -> aiohttp.TraceConfig:
        trace = self.requests.trace()
        trace.on_request_end.append(_check_response)
        trace.on_request_redirect.append(_refuse_redirect)
        return trace


async def _check_response(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    request: aiohttp.TraceRequestEndParams,
) -> None:
    """Raise ``DiscordApiError`` for a response that discord.py would retry, or is not Discord's."""
    status, headers = request.response.status, request.response.headers
    if status < 500 and status != 429 and headers.get("Content-Type") == "application/json":
        return
    raise _response_error(status, headers)


async def _refuse_redirect(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    request: aiohttp.TraceRequestRedirectParams,
) -> None:
    """Raise ``DiscordApiError``: Discord's API never redirects."""
    raise _not_discord(request.response.status)


def _response_error(status: int, headers: Mapping[str, str]) -> DiscordApiError:
    if status == 429:
        pause = quote_for_log(headers.get("Retry-After", "some"))
        text = "Discord limits the rate of this bot, or of this address"
        advice = f"Wait {pause} s, then run the doctor again."
        return DiscordApiError(text, advice)
    if status >= 500:
        text = f"Discord is in trouble (HTTP {status})"
        advice = "Wait until it has passed; https://discordstatus.com tells more."
        return DiscordApiError(text, advice)
    return _not_discord(status)


def _api_error(error: discord.HTTPException) -> DiscordApiError:
    if error.status == 401:
        return TokenRefusedError()
    if not error.text:
        return _not_discord(error.status)
    message = quote_for_log(error.text.removeprefix(f"{error.status}: "))
    text = f"Discord answered HTTP {error.status}: {message}"
    advice = f"Check {URL_SETTING}, and that the token is of the right application."
    return DiscordApiError(text, advice, error.code)


def _not_discord(status: int) -> DiscordApiError:
    text = f"What answers is not Discord's API (HTTP {status})"
    return DiscordApiError(text, f"Check {URL_SETTING}, and any proxy on the way.")
