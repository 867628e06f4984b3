"""Classifies Discord's errors by what they mean for the delivery of a message.

Only a JSON body with a ``code`` other than 0 says something about a message, a channel or a user;
the codes are those of Discord's documentation ("JSON error codes"). A code that is not listed here
is classified by its HTTP status. A response without a code may be a proxy's page, or Discord's
"general error" (0), which is also the code for an unknown path: neither proves anything about the
message, so it is sent again. A 401 is about the token and has the code 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import aiohttp
import discord

from bot.delivery.discord_requests import is_json, parse_retry_after
from bot.storage.models import UNREACHABLE_RECIPIENT_CODES, MissingAccess


class Disposition(StrEnum):
    """What to do about a message that Discord did not accept."""

    REDIRECT = "redirect"
    """The destination is gone or not accessible: do not send there again."""
    HOLD = "hold"
    """Something is missing that people can restore: keep the message until then."""
    SIMPLIFY = "simplify"
    """The content was rejected: simplify it and send it again."""
    ACKNOWLEDGE = "acknowledge"
    """The message was posted before."""
    DISCARD = "discard"
    """The interaction can no longer be answered."""
    STOP = "stop"
    """The bot's token is not accepted: stop the program and tell the operator."""
    RETRY = "retry"
    """The error is transient: send the same message with the same nonce again."""


@dataclass(frozen=True, slots=True)
class ErrorClassification:
    """What an error means: ``missing`` only for ``HOLD``, ``retry_after`` in seconds if given."""

    disposition: Disposition
    missing: MissingAccess | None = None
    retry_after: float | None = None

    @property
    def is_transient(self) -> bool:
        """Whether Discord may accept the same message later."""
        return self.disposition in (Disposition.RETRY, Disposition.STOP)


_BY_CODE = {
    10003: Disposition.REDIRECT,  # unknown channel
    10004: Disposition.REDIRECT,  # unknown server
    10008: Disposition.ACKNOWLEDGE,  # unknown message: that of a repeated nonce was deleted
    10013: Disposition.REDIRECT,  # unknown user
    10015: Disposition.REDIRECT,  # unknown webhook
    10062: Disposition.DISCARD,  # unknown interaction
    20016: Disposition.RETRY,  # slow mode
    20028: Disposition.RETRY,  # the channel takes no more writes for now
    20029: Disposition.RETRY,  # the server takes no more writes for now
    40001: Disposition.RETRY,  # unauthorised: an invalid token has status 401 instead
    40002: Disposition.RETRY,  # the account has to be verified
    40003: Disposition.RETRY,  # direct messages are opened too fast
    40005: Disposition.SIMPLIFY,  # too large
    40060: Disposition.ACKNOWLEDGE,  # the interaction was answered before
    40066: Disposition.HOLD,  # a forum's tags are for moderators alone
    40067: Disposition.HOLD,  # a forum requires a tag
    50001: Disposition.REDIRECT,  # no access
    50006: Disposition.SIMPLIFY,  # empty message
    50007: Disposition.REDIRECT,  # this user accepts no messages
    50013: Disposition.HOLD,  # a permission is missing
    50035: Disposition.SIMPLIFY,  # invalid form
    50083: Disposition.HOLD,  # archived thread
    50278: Disposition.REDIRECT,  # no server in common with this user
    130000: Disposition.RETRY,  # overloaded
    160005: Disposition.HOLD,  # locked thread
    160006: Disposition.RETRY,  # as many active threads as a server may have
    200000: Disposition.SIMPLIFY,  # stopped by AutoMod
    200001: Disposition.SIMPLIFY,  # a title stopped by AutoMod
    240000: Disposition.SIMPLIFY,  # stopped as a harmful link
}
_MISSING = {
    40066: MissingAccess.FORUM_TAG,
    40067: MissingAccess.FORUM_TAG,
    50083: MissingAccess.OPEN_THREAD,
    160005: MissingAccess.UNLOCKED_THREAD,
}
_BY_STATUS = {
    401: Disposition.STOP,
    403: Disposition.HOLD,
    404: Disposition.REDIRECT,
    408: Disposition.RETRY,
    429: Disposition.RETRY,
}
_FATAL_CLOSES = frozenset({4004, 4010, 4011, 4012, 4013, 4014})
"""Gateway close codes after which the same token or intents are rejected again."""


def classify(error: Exception) -> ErrorClassification:
    """Return what ``error``, raised while a message was being sent, means for that message.

    Never raises. An exception that comes neither from Discord nor from the network is an error in
    the rendered message, such as a value that discord.py refuses to send: ``SIMPLIFY``.
    """
    if isinstance(error, discord.HTTPException):
        return _classify_response(error)
    if isinstance(error, discord.RateLimited):
        return ErrorClassification(Disposition.RETRY, retry_after=error.retry_after)
    if isinstance(error, discord.ConnectionClosed):
        return ErrorClassification(
            Disposition.STOP if error.code in _FATAL_CLOSES else Disposition.RETRY
        )
    if isinstance(error, discord.LoginFailure | discord.PrivilegedIntentsRequired):
        return ErrorClassification(Disposition.STOP)
    # asyncio.TimeoutError is TimeoutError, which is an OSError, since Python 3.11.
    if isinstance(error, discord.DiscordException | aiohttp.ClientError | OSError):
        return ErrorClassification(Disposition.RETRY)
    return ErrorClassification(Disposition.SIMPLIFY)


def may_succeed_without_file(error: discord.HTTPException) -> bool:
    """Whether a message that was rejected with a file may be accepted without it.

    A 413 is about the size, also when a proxy sends it.
    """
    classification = classify(error)
    return (
        error.status == 413
        or classification.disposition is Disposition.SIMPLIFY
        or classification.missing is MissingAccess.PERMISSION
    )


def is_recipient_unreachable(error: Exception) -> bool:
    """Whether Discord says that no direct message reaches this user, now or later."""
    return isinstance(error, discord.HTTPException) and error.code in UNREACHABLE_RECIPIENT_CODES


def disposition_of(status: int, code: int) -> Disposition:
    """Return what a response with this HTTP status and this Discord error code means.

    The code 0 counts as none.
    """
    # A 401 is about the token whatever its code, a 429 or 5xx about the moment.
    if status in (401, 429) or status >= 500:
        return _BY_STATUS.get(status, Disposition.RETRY)
    if not code:
        return Disposition.RETRY
    return _BY_CODE.get(code) or _by_status(status)


def _classify_response(error: discord.HTTPException) -> ErrorClassification:
    disposition = disposition_of(error.status, error.code)
    if disposition is Disposition.STOP and not is_json(_headers(error)):
        disposition = Disposition.RETRY  # a proxy's page
    missing = (
        _MISSING.get(error.code, MissingAccess.PERMISSION)
        if disposition is Disposition.HOLD
        else None
    )
    delay = parse_retry_after(_headers(error)) if disposition is Disposition.RETRY else None
    return ErrorClassification(disposition, missing, delay)


def _headers(error: discord.HTTPException) -> Mapping[str, str]:
    return getattr(error.response, "headers", None) or {}


def _by_status(status: int) -> Disposition:
    refused = Disposition.SIMPLIFY if 400 <= status < 500 else Disposition.RETRY
    return _BY_STATUS.get(status, refused)


def short_reason(error: Exception) -> str:
    """Return a short form of an error for the log and the database: ``403/50013``."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status}/{error.code}"
    return type(error).__name__
