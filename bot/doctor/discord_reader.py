"""Reads from Discord's REST API, and never writes there. The gateway is left alone.

A request of its own in place of discord.py's client: that tries again for longer than somebody
who waits for a report would, and logging in with it is one step from registering commands.
"""

from collections.abc import Mapping
from typing import Self, TypeVar

import aiohttp
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot import __version__
from bot.doctor.network import unreachable
from bot.relay.transport import quote_for_log
from bot.settings import Settings

ADDRESS = "DISCORD_API_URL"

T = TypeVar("T")


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class User(_Answer):
    """The bot's own account."""

    id: int
    username: str
    discriminator: str = "0"

    @property
    def tag(self) -> str:
        """Its name as Discord shows it, with the number that bots still have."""
        known = self.discriminator.strip("0")
        return f"{self.username}#{self.discriminator}" if known else self.username


class Application(_Answer):
    """The application that the token belongs to."""

    id: int
    name: str
    bot_require_code_grant: bool = False
    interactions_endpoint_url: str | None = None


class SessionLimit(_Answer):
    """How often the bot may still connect."""

    total: int
    remaining: int
    reset_after: int
    """Milliseconds."""


class Gateway(_Answer):
    """Where to connect, and how."""

    url: str
    shards: int
    session_start_limit: SessionLimit


class Server(_Answer):
    """A server that the bot is in, and what it may do there before any channel says otherwise."""

    id: int
    name: str
    permissions: int


class Overwrite(_Answer):
    """What a channel allows and denies a role or a member."""

    id: int
    allow: int
    deny: int


class Channel(_Answer):
    """A channel or a thread; a thread's overwrites are its parent's."""

    id: int
    name: str = ""
    type: int
    parent_id: int | None = None
    permission_overwrites: tuple[Overwrite, ...] = ()

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread of any kind."""
        return self.type in (10, 11, 12)


class Member(_Answer):
    """The bot as a member of a server."""

    roles: tuple[int, ...]


class DiscordTrouble(Exception):
    """A request that failed: ``status`` is HTTP's, 0 without an answer; ``code`` Discord's own."""

    def __init__(self, text: str, advice: str, *, status: int = 0, code: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.advice = advice
        self.status = status
        self.code = code


class DiscordReader:
    """Asks Discord with the bot's token; each request may take ``time_limit`` seconds."""

    def __init__(self, settings: Settings, time_limit: float) -> None:
        self.address = settings.discord_api_url
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=time_limit),
            headers={
                "Authorization": f"Bot {settings.discord_token.get_secret_value()}",
                "User-Agent": f"DiscordBot (suno-bot doctor, {__version__})",
            },
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self._session.close()

    async def read(self, path: str, shape: type[T], **query: str | int) -> T:
        """Return what a path answers, as ``shape``. Raises ``DiscordTrouble``."""
        status, body, headers = await self._get(path, query)
        if status != 200:
            raise _refusal(status, body, headers)
        try:
            return TypeAdapter(shape).validate_json(body)
        except ValidationError:
            raise _unreadable(status) from None

    async def _get(
        self, path: str, query: Mapping[str, str | int]
    ) -> tuple[int, bytes, Mapping[str, str]]:
        try:
            async with self._session.get(
                self.address + path, params=query, allow_redirects=False
            ) as response:
                return response.status, await response.read(), response.headers
        except (aiohttp.ClientError, OSError) as error:
            text, advice = unreachable(error, ADDRESS)
        raise DiscordTrouble(f"{self.address}: {text}", advice)


class _Error(_Answer):
    code: int = 0
    message: str = ""


def _refusal(status: int, body: bytes, headers: Mapping[str, str]) -> DiscordTrouble:
    try:
        error = _Error.model_validate_json(body)
    except ValidationError:
        error = _Error()
    if status == 401:
        advice = "Make a new one (Bot > Reset Token) and put it into .env."
        return DiscordTrouble("Discord refuses DISCORD_TOKEN", advice, status=401)
    if status == 429:
        pause = quote_for_log(headers.get("Retry-After", "some"))
        text = "Discord limits the rate of this bot, or of this address"
        return DiscordTrouble(text, f"Wait {pause} s, then look again.", status=429)
    if status >= 500:
        text = f"Discord is in trouble (HTTP {status})"
        return DiscordTrouble(text, "Wait; https://discordstatus.com tells more.", status=status)
    if not error.message:
        return _unreadable(status)
    said = quote_for_log(error.message.removeprefix(f"{status}: "))
    text = f"Discord answered HTTP {status}: {said}"
    advice = f"Check {ADDRESS}, and that the token is of the right application."
    return DiscordTrouble(text, advice, status=status, code=error.code)


def _unreadable(status: int) -> DiscordTrouble:
    text = f"What answers is not Discord's API (HTTP {status})"
    return DiscordTrouble(text, f"Check {ADDRESS}, and any proxy on the way.", status=status)
