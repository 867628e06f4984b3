"""Tests of Discord's rate limits at the local Discord, with a client that reads the headers."""

import asyncio

import aiohttp
import pytest

from tests.support.sandbox_client import logged_in_client


async def test_rate_limits_can_be_off() -> None:
    """Without rate limits no response has their headers, however many requests come."""
    async with logged_in_client(rate_limited=False) as harness:
        await asyncio.gather(*(harness.place().send(str(number)) for number in range(60)))
        assert {one.status for one in harness.local.requests} == {200}


async def test_a_channel_takes_five_messages_in_five_seconds() -> None:
    """discord.py reads the headers and waits, so no request is refused."""
    async with logged_in_client(rate_limit_speed=5) as harness:
        await asyncio.gather(*(harness.place().send(str(number)) for number in range(12)))
        assert len(harness.songs.messages) == 12
        assert {one.status for one in harness.local.requests} == {200}


async def test_a_message_beyond_the_rate_limit_is_refused() -> None:
    """The sixth message in the window gives a 429 with the delay."""
    async with logged_in_client(rate_limit_speed=1) as harness, aiohttp.ClientSession() as session:
        harness.local.clock.stop()
        url = f"{harness.local.api_url}/channels/{harness.songs.id}/messages"
        headers = {"Authorization": f"Bot {harness.local.token}"}
        for _ in range(5):
            async with session.post(url, json={"content": "x"}, headers=headers) as response:
                assert response.status == 200
        async with session.post(url, json={"content": "x"}, headers=headers) as response:
            assert response.status == 429
            body, received = await response.json(), response.headers
        assert (body["retry_after"], body["global"]) == (5.0, False)
        assert (received["X-RateLimit-Scope"], received["X-RateLimit-Remaining"]) == ("user", "0")
        harness.local.clock.advance(5)
        async with session.post(url, json={"content": "x"}, headers=headers) as response:
            assert response.status == 200
            assert response.headers["X-RateLimit-Remaining"] == "4"


async def test_the_whole_bot_makes_fifty_requests_a_second() -> None:
    """The fifty-first gives a global 429; answers to interactions do not count."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        harness.local.clock.stop()
        harness.local.clock.advance(1)
        headers = {"Authorization": f"Bot {harness.local.token}"}
        for _ in range(50):
            async with session.get(f"{harness.local.api_url}/users/@me", headers=headers) as answer:
                assert answer.status == 200
        async with session.get(f"{harness.local.api_url}/users/@me", headers=headers) as answer:
            assert answer.status == 429
            assert (await answer.json())["global"]
            assert answer.headers["X-RateLimit-Global"] == "true"
        async with session.post(f"{harness.local.api_url}/webhooks/1/x", json={}) as answer:
            assert answer.status == 404


@pytest.mark.malformed_requests
@pytest.mark.parametrize(
    ("request_", "most", "seconds"),
    [
        ("POST /channels/{songs}/messages", 5, 5),
        ("GET /channels/{songs}/messages", 5, 5),
        ("PATCH /channels/{songs}/messages/1", 5, 5),
        ("GET /channels/{songs}/messages/1", 5, 5),
        ("DELETE /channels/{songs}/messages/1", 5, 1),
        ("POST /users/@me/channels", 10, 10),
        ("POST /webhooks/1/token", 5, 2),
        ("PATCH /webhooks/1/token/messages/@original", 5, 2),
    ],
)
async def test_each_kind_of_request_has_its_own_bucket(
    request_: str, most: int, seconds: int
) -> None:
    """Its headers count down; other channels and other kinds have other buckets."""
    async with logged_in_client(rate_limit_speed=1) as harness, aiohttp.ClientSession() as session:
        harness.local.clock.stop()
        headers = {"Authorization": f"Bot {harness.local.token}"}
        method, path = request_.format(songs=harness.songs.id).split(" ")

        async def ask(method: str, path: str) -> aiohttp.ClientResponse:
            url = f"{harness.local.api_url}{path}"
            async with session.request(method, url, json={}, headers=headers) as response:
                await response.read()
                return response

        taken = [await ask(method, path) for _ in range(most)]
        for left, response in enumerate(reversed(taken)):
            assert response.status != 429
            assert response.headers["X-RateLimit-Remaining"] == str(left)
            assert response.headers["X-RateLimit-Limit"] == str(most)
            assert float(response.headers["X-RateLimit-Reset-After"]) == seconds
        refused = await ask(method, path)
        assert (refused.status, refused.headers["Retry-After"]) == (429, str(seconds))
        assert refused.headers["X-RateLimit-Scope"] == "user"
        assert refused.headers["X-RateLimit-Bucket"] == taken[0].headers["X-RateLimit-Bucket"]
        other = path.replace(str(harness.songs.id), "7").replace("token", "other")
        if other != path:
            assert (await ask(method, other)).status != 429
        elsewhere = await ask("POST", "/channels/8/messages")
        same = elsewhere.headers["X-RateLimit-Bucket"] == refused.headers["X-RateLimit-Bucket"]
        assert same == (request_ == "POST /channels/{songs}/messages")
        harness.local.clock.advance(seconds)
        assert (await ask(method, path)).status != 429


async def test_requests_without_a_bucket_have_no_headers() -> None:
    """Only the global rate limit applies to them."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {harness.local.token}"}
        async with session.get(f"{harness.local.api_url}/users/@me", headers=headers) as response:
            assert not [name for name in response.headers if name.startswith("X-RateLimit")]
