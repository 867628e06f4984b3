"""Why the bot cannot start or go on, in words that help the operator."""

import sqlite3

import aiohttp
import discord
from discord.errors import ConnectionClosed, GatewayNotFound

from bot.monitoring.server import ListenError
from bot.settings import Settings
from bot.storage.errors import DatabaseInUse, DatabaseUnusable

LOGIN_REFUSED = (
    "Discord refuses DISCORD_TOKEN: make a new one (Bot > Reset Token) and put it into .env"
)
LOGIN_REFUSED_ONCE = (
    "Discord refused DISCORD_TOKEN, but accepts it when asked again: start again, it may pass"
)
_REFUSALS = {
    4004: LOGIN_REFUSED,
    4014: "Discord refuses the intents: that is a fault of this version of the bot",
}


class StartError(Exception):
    """The bot cannot start, or cannot go on; the text says why and what to do.

    ``lasting``: starting again would not help.
    """

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting


EXPLAINED = (
    *(DatabaseUnusable, ListenError),
    *(discord.DiscordException, aiohttp.ClientError, OSError),
)
"""What ``explained`` knows the words for."""


def is_about_token(error: Exception) -> bool:
    """Whether Discord refused the token, at the login or at the gateway."""
    closed = isinstance(error, ConnectionClosed) and error.code == 4004
    return closed or isinstance(error, discord.LoginFailure)


def explained(error: Exception, settings: Settings) -> StartError:
    """Say why Discord or the database would not have us, in words that help."""
    if isinstance(error, DatabaseInUse):
        return StartError(
            f"Another bot is running on the database {error.path}. {error.advice}", lasting=True
        )
    if isinstance(error, DatabaseUnusable):
        return StartError(f"{error}. {error.advice}", lasting=not _may_pass(error))
    if isinstance(error, ListenError):
        return StartError(
            f"{error}. Choose another METRICS_PORT or METRICS_HOST, or METRICS_PORT=0 for none.",
            lasting=not error.taken,
        )
    if isinstance(error, discord.LoginFailure):
        return StartError(LOGIN_REFUSED, lasting=True)
    code = error.code if isinstance(error, ConnectionClosed) else None
    if code in _REFUSALS or isinstance(error, discord.PrivilegedIntentsRequired):
        return StartError(_REFUSALS[code or 4014], lasting=True)
    if isinstance(error, OSError | aiohttp.ClientError | GatewayNotFound):
        return StartError(
            f"Cannot reach Discord at {settings.discord_api_url}:"
            f" {str(error) or type(error).__name__}. Check the network and DISCORD_API_URL.",
            lasting=False,
        )
    if isinstance(error, discord.HTTPException):
        return StartError(
            f"Discord at {settings.discord_api_url} takes no log-in now (HTTP {error.status}).",
            lasting=False,
        )
    return StartError(f"Discord ended the connection: {error}", lasting=False)


def _may_pass(error: DatabaseUnusable) -> bool:
    """Whether the disk, rather than the file, is to blame: it may be well at the next start."""
    code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
