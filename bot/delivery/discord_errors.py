"""What a Discord error means for the delivery of a message.

Only a JSON body with a ``code`` other than 0 is Discord's word about a message, a place or a
person; the codes are those of its documentation ("JSON error codes"). A code that is not named here
is judged by its HTTP status. Without one an answer may be a proxy's page, or Discord's "general
error" (0), which also stands for a path that it does not know: neither proves anything about the
message, so it is sent again. A 401 is about the token, and Discord says it with the code 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import aiohttp
import discord

from bot.delivery.discord_traffic import is_json, pause_of


class Meaning(StrEnum):
    """What is to be done about a message that was not accepted."""

    GONE = "gone"
    """The destination is gone, or closed to the bot: do not try there again."""
    HOLD = "hold"
    """Something is missing that people can mend: keep the message until it is there."""
    MEND = "mend"
    """The content was refused: simplify it and send it again."""
    DONE = "done"
    """The message was delivered before."""
    LATE = "late"
    """The interaction can no longer be answered."""
    STOP = "stop"
    """The bot itself is not accepted: stop the program and tell the operator."""
    RETRY = "retry"
    """Trouble that passes: send the same with the same nonce again."""


class Missing(StrEnum):
    """What has to change before a held message can be delivered."""

    PERMISSION = "permission"
    """A permission; Discord does not say which. The channel's overwrites do."""
    UNLOCKED_THREAD = "unlocked_thread"
    """The thread is locked: someone must unlock it, or give the bot Manage Threads."""
    OPEN_THREAD = "open_thread"
    """The thread is archived: someone must open it again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an error means: ``missing`` only for ``HOLD``, ``retry_after`` in seconds if named."""

    meaning: Meaning
    missing: Missing | None = None
    retry_after: float | None = None

    @property
    def passing(self) -> bool:
        """Whether the same message may be taken later."""
        return self.meaning in (Meaning.RETRY, Meaning.STOP)


_BY_CODE = {
    10003: Meaning.GONE,  # unknown channel
    10004: Meaning.GONE,  # unknown server
    10008: Meaning.DONE,  # unknown message: the one of a repeated nonce was deleted since
    10013: Meaning.GONE,  # unknown user
    10015: Meaning.GONE,  # unknown webhook
    10062: Meaning.LATE,  # unknown interaction
    20016: Meaning.RETRY,  # slow mode
    20028: Meaning.RETRY,  # the channel takes no more writes for now
    20029: Meaning.RETRY,  # the server takes no more writes for now
    40001: Meaning.RETRY,  # unauthorised: a token that is refused for good is told by a 401
    40002: Meaning.RETRY,  # the account has to be verified
    40003: Meaning.RETRY,  # direct messages are opened too fast
    40005: Meaning.MEND,  # too large
    40060: Meaning.DONE,  # the interaction was answered before
    50001: Meaning.GONE,  # no access
    50006: Meaning.MEND,  # empty message
    50007: Meaning.GONE,  # this person takes no messages
    50013: Meaning.HOLD,  # a permission is missing
    50035: Meaning.MEND,  # invalid form
    50083: Meaning.HOLD,  # archived thread
    50278: Meaning.GONE,  # no server in common with this person
    130000: Meaning.RETRY,  # overloaded
    160005: Meaning.HOLD,  # locked thread
    200000: Meaning.MEND,  # stopped by AutoMod
    200001: Meaning.MEND,  # a title stopped by AutoMod
    240000: Meaning.MEND,  # stopped as a harmful link
}
_MISSING = {160005: Missing.UNLOCKED_THREAD, 50083: Missing.OPEN_THREAD}
_BY_STATUS = {
    401: Meaning.STOP,
    403: Meaning.HOLD,
    404: Meaning.GONE,
    408: Meaning.RETRY,
    429: Meaning.RETRY,
}
_ABOUT_THE_PERSON = frozenset({10013, 50007, 50278})
"""Codes that say of a person, and of nothing else, that no direct message arrives there."""
_FATAL_CLOSES = frozenset({4004, 4010, 4011, 4012, 4013, 4014})
"""Gateway close codes after which the same token or intents are refused again."""


def verdict(error: Exception) -> Verdict:
    """Return what ``error``, raised while a message was being sent, means for that message.

    Never raises. An exception that comes neither from Discord nor from the network is a mistake in
    what was composed, such as a value that discord.py refuses to send: ``MEND``.
    """
    if isinstance(error, discord.HTTPException):
        return _of_answer(error)
    if isinstance(error, discord.RateLimited):
        return Verdict(Meaning.RETRY, retry_after=error.retry_after)
    if isinstance(error, discord.ConnectionClosed):
        return Verdict(Meaning.STOP if error.code in _FATAL_CLOSES else Meaning.RETRY)
    if isinstance(error, discord.LoginFailure | discord.PrivilegedIntentsRequired):
        return Verdict(Meaning.STOP)
    # asyncio.TimeoutError is TimeoutError, which is an OSError, since Python 3.11.
    if isinstance(error, discord.DiscordException | aiohttp.ClientError | OSError):
        return Verdict(Meaning.RETRY)
    return Verdict(Meaning.MEND)


def may_be_the_file(error: discord.HTTPException) -> bool:
    """Whether a message that was refused with a file may be accepted without it.

    A 413 is about its size whoever answers: also a proxy.
    """
    meaning = verdict(error)
    return (
        error.status == 413
        or meaning.meaning is Meaning.MEND
        or meaning.missing is Missing.PERMISSION
    )


def is_about_the_person(error: Exception) -> bool:
    """Whether Discord says for good that a direct message cannot reach this person."""
    return isinstance(error, discord.HTTPException) and error.code in _ABOUT_THE_PERSON


def tells_of_the_person(reason: str) -> bool:
    """Whether a reason of the outbox says so."""
    return reason.partition("/")[2] in map(str, _ABOUT_THE_PERSON)


def meaning_of(status: int, code: int) -> Meaning:
    """Return what an answer with this HTTP status and this code of Discord's means.

    A code of 0 is none.
    """
    # A 401 is about the token whatever its code, a 429 or 5xx about the moment.
    if status in (401, 429) or status >= 500:
        return _BY_STATUS.get(status, Meaning.RETRY)
    if not code:
        return Meaning.RETRY
    return _BY_CODE.get(code) or _by_status(status)


def _of_answer(error: discord.HTTPException) -> Verdict:
    meaning = meaning_of(error.status, error.code)
    if meaning is Meaning.STOP and not is_json(_headers(error)):
        meaning = Meaning.RETRY  # a proxy's page
    missing = _MISSING.get(error.code, Missing.PERMISSION) if meaning is Meaning.HOLD else None
    pause = pause_of(_headers(error)) if meaning is Meaning.RETRY else None
    return Verdict(meaning, missing, pause)


def _headers(error: discord.HTTPException) -> Mapping[str, str]:
    return getattr(error.response, "headers", None) or {}


def _by_status(status: int) -> Meaning:
    refused = Meaning.MEND if 400 <= status < 500 else Meaning.RETRY
    return _BY_STATUS.get(status, refused)


def reason_of(error: Exception) -> str:
    """Return in short why Discord took no message, for the log and the outbox."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status}/{error.code}"
    return type(error).__name__
