"""How errors of Discord and discord.py are classified."""

from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import discord
import pytest

from bot.delivery.discord_errors import Disposition, ErrorClassification, classify
from bot.storage.models import MissingAccess

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}


@dataclass
class FakeResponse:
    """The attributes of aiohttp's response that discord.py's errors read."""

    status: int
    reason: str = "as it was"
    headers: dict[str, str] = field(default_factory=dict)


def http_error(status: int, code: int = 0, **headers: str) -> discord.HTTPException:
    """Return the error that discord.py raises for a response."""
    kinds = {403: discord.Forbidden, 404: discord.NotFound}
    kind = discord.DiscordServerError if status >= 500 else kinds.get(status, discord.HTTPException)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = cast("Any", FakeResponse(status, headers=JSON | named))
    return kind(answer, {"code": code, "message": "no"})


@pytest.mark.parametrize(
    ("name", "status", "code", "expected"),
    [
        ("unknown channel", 404, 10003, Disposition.REDIRECT),
        ("unknown server", 404, 10004, Disposition.REDIRECT),
        ("unknown user", 404, 10013, Disposition.REDIRECT),
        ("unknown webhook", 404, 10015, Disposition.REDIRECT),
        ("no access", 403, 50001, Disposition.REDIRECT),
        ("the person takes no messages", 403, 50007, Disposition.REDIRECT),
        ("no server in common", 403, 50278, Disposition.REDIRECT),
        ("no permission", 403, 50013, Disposition.HOLD),
        ("locked thread", 400, 160005, Disposition.HOLD),
        ("archived thread", 400, 50083, Disposition.HOLD),
        ("invalid form", 400, 50035, Disposition.SIMPLIFY),
        ("empty message", 400, 50006, Disposition.SIMPLIFY),
        ("too large", 413, 40005, Disposition.SIMPLIFY),
        ("stopped by AutoMod", 400, 200000, Disposition.SIMPLIFY),
        ("harmful link", 400, 240000, Disposition.SIMPLIFY),
        ("answered before", 400, 40060, Disposition.ACKNOWLEDGE),
        ("the first message of this nonce was deleted", 404, 10008, Disposition.ACKNOWLEDGE),
        ("unknown interaction", 404, 10062, Disposition.DISCARD),
        ("token refused", 401, 0, Disposition.STOP),
        ("rate limit", 429, 0, Disposition.RETRY),
        ("the channel takes no more writes", 429, 20028, Disposition.RETRY),
        ("the server takes no more writes", 429, 20029, Disposition.RETRY),
        ("overloaded", 503, 130000, Disposition.RETRY),
        ("overloaded, with a strange status", 400, 130000, Disposition.RETRY),
        ("broken", 500, 0, Disposition.RETRY),
        ("bad gateway with a code of something else", 502, 50035, Disposition.RETRY),
        ("timed out", 408, 99999, Disposition.RETRY),
        ("slow mode", 400, 20016, Disposition.RETRY),
        ("direct messages opened too fast", 403, 40003, Disposition.RETRY),
        ("unauthorised, but not by a 401", 403, 40001, Disposition.RETRY),
        ("the account has to be verified", 403, 40002, Disposition.RETRY),
        ("title stopped by AutoMod", 400, 200001, Disposition.SIMPLIFY),
        ("some other bad request", 400, 99999, Disposition.SIMPLIFY),
        ("some other conflict", 409, 99999, Disposition.SIMPLIFY),
        ("some other lack of permission", 403, 99999, Disposition.HOLD),
        ("something else that is gone", 404, 99999, Disposition.REDIRECT),
        ("no answer of Discord's at all", 302, 99999, Disposition.RETRY),
    ],
)
def test_an_http_error_is_classified_by_its_code(
    name: str, status: int, code: int, expected: Disposition
) -> None:
    """An unknown code is classified by its HTTP status."""
    assert classify(http_error(status, code)).disposition is expected, name


@pytest.mark.parametrize("status", [400, 403, 404, 405, 408, 409, 413, 500, 503])
def test_an_error_without_a_discord_code_is_retried(status: int) -> None:
    """A proxy's page, a proxy's JSON and code 0 are all transient."""
    for body in ("<html>No</html>", {"message": "no"}, {"message": "404: Not Found", "code": 0}):
        error = discord.HTTPException(cast("Any", FakeResponse(status)), body)
        assert classify(error) == ErrorClassification(Disposition.RETRY), body


def test_only_a_json_401_means_an_invalid_token() -> None:
    """A 401 page of a proxy does not mean that the token is invalid."""
    page = discord.HTTPException(cast("Any", FakeResponse(401, headers=HTML)), "<html>No</html>")
    assert classify(page).disposition is Disposition.RETRY
    body = {"message": "401: Unauthorized", "code": 0}
    json_error = discord.HTTPException(cast("Any", FakeResponse(401, headers=JSON)), body)
    assert classify(json_error).disposition is Disposition.STOP


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (discord.RateLimited(40.0), Disposition.RETRY),
        (aiohttp.ClientConnectionError(), Disposition.RETRY),
        (aiohttp.ServerDisconnectedError(), Disposition.RETRY),
        (TimeoutError(), Disposition.RETRY),
        (ConnectionResetError(), Disposition.RETRY),
        (OSError("no route"), Disposition.RETRY),
        (discord.InvalidData("not what was expected"), Disposition.RETRY),
        (discord.LoginFailure("bad token"), Disposition.STOP),
        (discord.PrivilegedIntentsRequired(None), Disposition.STOP),
        (ValueError("embeds has a maximum of 10 elements."), Disposition.SIMPLIFY),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_errors_are_classified_by_type(error: Exception, expected: Disposition) -> None:
    """Network errors are transient; an error of discord.py before the request is not."""
    assert classify(error).disposition is expected


@pytest.mark.parametrize(
    ("close", "expected"),
    [(code, Disposition.STOP) for code in (4004, 4010, 4011, 4012, 4013, 4014)]
    + [(code, Disposition.RETRY) for code in (1006, 4000, 4009)],
)
def test_a_gateway_closure_is_classified_by_its_code(close: int, expected: Disposition) -> None:
    """A rejected token or intent is permanent."""
    socket = cast("Any", FakeResponse(0))
    error = discord.ConnectionClosed(socket, shard_id=None, code=close)
    assert classify(error).disposition is expected


@pytest.mark.parametrize(
    ("status", "code", "missing"),
    [
        (403, 50013, MissingAccess.PERMISSION),
        (403, 99999, MissingAccess.PERMISSION),
        (400, 160005, MissingAccess.UNLOCKED_THREAD),
        (400, 50083, MissingAccess.OPEN_THREAD),
        (404, 10003, None),
    ],
)
def test_a_held_delivery_has_the_missing_permission(
    status: int, code: int, missing: MissingAccess | None
) -> None:
    """The stored reason maps to the permission that people have to grant."""
    assert classify(http_error(status, code)).missing is missing


def test_retry_after_is_returned_in_seconds() -> None:
    """The delay comes from discord.py's attribute or from the response header."""
    assert classify(discord.RateLimited(40.5)) == ErrorClassification(
        Disposition.RETRY, retry_after=40.5
    )
    assert classify(http_error(429, Retry_After="1.5")).retry_after == 1.5


@pytest.mark.parametrize("header", ["soon", "-1", "nan", "inf"])
def test_an_invalid_retry_after_is_ignored(header: str) -> None:
    """The caller's own delay applies instead."""
    assert classify(http_error(429, Retry_After=header)).retry_after is None


def test_a_response_without_headers_has_no_retry_after() -> None:
    """A response object of another library may have no headers."""
    error = http_error(429)
    del cast("Any", error.response).headers
    assert classify(error) == ErrorClassification(Disposition.RETRY)
