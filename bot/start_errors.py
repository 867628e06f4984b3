"""Explains to the operator why the bot cannot start, or has to stop."""

import sqlite3

import aiohttp
import discord
from discord.errors import ConnectionClosed, GatewayNotFound

from bot.monitoring.server import ListenError
from bot.settings import Settings
from bot.storage.database_errors import DatabaseInUse, DatabaseUnreachable, DatabaseUnusable

LOGIN_REFUSED = (
    "Discord refuses DISCORD_TOKEN: create a new one (Bot > Reset Token) and put it into .env"
)
LOGIN_REFUSED_ONCE = (
    "Discord refused DISCORD_TOKEN, but accepted it when asked again: start the bot again"
)
_CLOSE_CODES = {
    4004: LOGIN_REFUSED,
    4014: "Discord refuses the intents: this is a bug in this version of the bot",
}


class StartError(Exception):
    """The bot cannot start or has to stop; the text says why and what to do.

    ``permanent``: starting again does not help before somebody changes something.
    """

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


EXPLAINED_ERRORS = (
    DatabaseUnusable,
    ListenError,
    discord.DiscordException,
    aiohttp.ClientError,
    OSError,
)
"""The errors that ``explain_start_error`` takes."""


def is_token_refusal(error: Exception) -> bool:
    """Whether Discord refused the token, at the login or at the gateway."""
    closed = isinstance(error, ConnectionClosed) and error.code == 4004
    return closed or isinstance(error, discord.LoginFailure)


def explain_start_error(error: Exception, settings: Settings) -> StartError:
    """Return what an error of Discord, the database or the metrics server means for the start."""
    if isinstance(error, DatabaseInUse):
        return StartError(
            f"Another bot is running on the database {error.location}. {error.advice}",
            permanent=True,
        )
    if isinstance(error, DatabaseUnusable):
        return StartError(f"{error}. {error.advice}", permanent=not _may_be_temporary(error))
    if isinstance(error, ListenError):
        return StartError(
            f"{error}. Choose another METRICS_PORT or METRICS_HOST, or METRICS_PORT=0 for none.",
            permanent=not error.taken,
        )
    return _explain_discord_error(error, settings.discord_api_url)


def _may_be_temporary(error: DatabaseUnusable) -> bool:
    """Whether the disk or the server is the cause, so that the next start may succeed."""
    if isinstance(error, DatabaseUnreachable):
        return True
    code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _explain_discord_error(error: Exception, api_url: str) -> StartError:
    if isinstance(error, discord.LoginFailure):
        return StartError(LOGIN_REFUSED, permanent=True)
    code = error.code if isinstance(error, ConnectionClosed) else None
    if code in _CLOSE_CODES or isinstance(error, discord.PrivilegedIntentsRequired):
        return StartError(_CLOSE_CODES[code or 4014], permanent=True)
    if isinstance(error, OSError | aiohttp.ClientError | GatewayNotFound):
        return StartError(
            f"Cannot reach Discord at {api_url}:"
            f" {str(error) or type(error).__name__}. Check the network and DISCORD_API_URL.",
            permanent=False,
        )
    if isinstance(error, discord.HTTPException):
        return StartError(
            f"Discord at {api_url} does not accept the login now (HTTP {error.status}).",
            permanent=False,
        )
    return StartError(f"Discord closed the connection: {error}", permanent=False)
