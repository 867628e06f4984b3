import asyncio
from random import Random
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import LocalDiscord
from sandbox.discord.clock import Clock
from sandbox.discord.snowflakes import DISCORD_EPOCH, SnowflakeGenerator
from tests.support.sandbox_client import logged_in_client, status_and_code

POST = "POST /channels/{id}/messages"


async def test_an_error_occurs_the_configured_number_of_times() -> None:
    """The request fails with that status and code, and later ones succeed."""
    async with logged_in_client() as harness:
        fault = harness.local.faults.add(POST, status=403, code=50013, times=2)
        for _ in range(2):
            with pytest.raises(discord.Forbidden) as refused:
                await harness.place().send("x")
            assert status_and_code(refused.value) == (403, 50013)
        await harness.place().send("x")
        assert (fault.hits, len(harness.songs.messages)) == (2, 1)


async def test_a_fault_can_be_limited_to_one_channel() -> None:
    """Requests to other channels succeed."""
    async with logged_in_client() as harness:
        other = harness.guild.add_channel("other")
        harness.local.faults.add(POST, status=503, channel=other, times=None)
        await harness.place().send("x")
        with pytest.raises(discord.DiscordServerError):
            await harness.place(other).send("x")
        harness.local.faults.clear()
        await harness.place(other).send("x")


async def test_a_fault_can_be_random() -> None:
    """The same seed gives the same sequence of failures."""

    async def outcomes(seed: int) -> list[bool]:
        async with logged_in_client() as harness:
            harness.local.faults.add(
                POST,
                status=403,
                times=None,
                probability=0.5,
                random=Random(seed),  # noqa: S311 # chance that can be repeated
            )
            found = []
            for _ in range(12):
                try:
                    await harness.place().send("x")
                except discord.Forbidden:
                    found.append(False)
                else:
                    found.append(True)
            return found

    first = await outcomes(1)
    assert first == await outcomes(1)
    assert set(first) == {True, False}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_can_drop_before_or_after_processing(when: Any) -> None:
    """The client gets no response; whether the message was posted depends on the fault."""
    async with logged_in_client() as harness:
        harness.local.faults.add(POST, drop=True, when=when)
        with pytest.raises(aiohttp.ClientError):
            await harness.place().send("x", nonce="abc")
        assert len(harness.songs.messages) == (1 if when == "after" else 0)
        assert harness.local.requests[-1].status == 0
        await harness.place().send("x", nonce="abc")
        assert len(harness.songs.messages) == 1


async def test_the_nonce_finds_a_message_after_a_late_error() -> None:
    """The message is posted, the client gets 503, and a repeat returns the message."""
    async with logged_in_client() as harness:
        harness.local.faults.add(POST, status=503, when="after")
        with pytest.raises(discord.DiscordServerError):
            await harness.place().send("x", nonce="abc")
        again = await harness.place().send("x", nonce="abc")
        assert [one.id for one in harness.songs.messages] == [again.id]


async def test_a_proxy_can_respond_with_a_page() -> None:
    """discord.py treats an HTML body as a text, with the error code 0."""
    async with logged_in_client() as harness:
        harness.local.faults.add(POST, status=503, html=True)
        with pytest.raises(discord.DiscordServerError) as failed:
            await harness.place().send("x")
        assert failed.value.code == 0
        assert "<html>" in failed.value.text


async def test_discord_py_waits_for_a_rate_limit_of_discord() -> None:
    """discord.py waits and repeats after a 429 that has a Via header."""
    async with logged_in_client() as harness:
        harness.local.faults.add(POST, retry_after=0.01, scope="global")
        await harness.place().send("x")
        statuses = [one.status for one in harness.local.requests if one.method == "POST"]
        assert statuses == [429, 200]


async def test_a_rate_limit_of_the_proxy_is_raised_at_once() -> None:
    """Without a Via header, discord.py takes a 429 for a ban of the address."""
    async with logged_in_client() as harness:
        harness.local.faults.add(POST, retry_after=0.01, via=False)
        with pytest.raises(discord.HTTPException) as refused:
            await harness.place().send("x")
        assert refused.value.status == 429


async def test_a_delayed_request_is_carried_out() -> None:
    """The request succeeds after the delay; a delay can be combined with another fault."""
    async with logged_in_client() as harness:
        faults = harness.local.faults
        slow = faults.add(POST, delay=0.01)
        faults.add(POST, status=403)
        never = faults.add(POST, status=500)
        with pytest.raises(discord.Forbidden):
            await harness.place().send("x")
        assert (slow.hits, never.hits) == (1, 0)
        faults.clear()
        faults.add(POST, delay=0.01, when="after")
        await harness.place().send("x")


async def test_a_delayed_request_does_not_delay_the_shutdown() -> None:
    """Delayed requests are dropped when the local Discord stops."""
    async with asyncio.timeout(120), aiohttp.ClientSession() as session:
        async with LocalDiscord() as local:
            fault = local.faults.add("GET /gateway", delay=600)
            request = asyncio.create_task(session.get(f"{local.api_url}/gateway"))
            await local.wait_for(lambda: fault.hits)
        await asyncio.wait([request])
        if request.exception() is None:
            request.result().release()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"status": 500, "drop": True},
        {"status": 500, "probability": 0.5},
    ],
    ids=str,
)
async def test_an_ambiguous_fault_is_refused(options: dict[str, Any]) -> None:
    """No effect, two effects, and a probability without a random source are refused."""
    async with LocalDiscord() as local:
        with pytest.raises(ValueError, match=r"say one of|a probability"):
            local.faults.add(POST, **options)
        with pytest.raises(ValueError, match="not a method"):
            local.faults.add("everything", status=500)


async def test_a_fault_can_apply_to_any_method() -> None:
    """An asterisk matches every method."""
    async with logged_in_client() as harness:
        harness.local.faults.add("* /users/@me", status=403)
        with pytest.raises(discord.Forbidden):
            await harness.request("GET", "/users/@me")


async def test_every_request_is_recorded() -> None:
    """Method, path, status and time of each request are recorded."""
    async with logged_in_client() as harness:
        await harness.place().send("x")
        last = harness.local.requests[-1]
        path = f"/channels/{harness.songs.id}/messages"
        assert (last.method, last.path, last.status) == ("POST", path, 200)
        assert last.at == pytest.approx(harness.local.clock.now(), abs=2)


@pytest.mark.malformed_requests
async def test_client_errors_are_distinguished_from_faults(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A malformed request is recorded and logged; an injected fault with that status is not."""
    async with logged_in_client() as harness:
        harness.local.faults.add(POST, status=400, code=50035)
        for content in ("good", "x" * 2001):
            with pytest.raises(discord.HTTPException) as refused:
                await harness.post(content=content)
            assert status_and_code(refused.value) == (400, 50035)
        (malformed,) = harness.local.malformed_requests
        assert malformed is harness.local.requests[-1]
        assert "BASE_TYPE_MAX_LENGTH" in caplog.text


async def test_json_has_the_content_type_that_discord_py_expects() -> None:
    """It is ``application/json`` with a Via header, and the gateway URL needs no token."""
    async with LocalDiscord() as local, aiohttp.ClientSession() as session:
        async with session.get(f"{local.api_url}/gateway") as response:
            assert response.headers["Content-Type"] == "application/json"
            assert response.headers["Via"]
            assert (await response.json())["url"] == local.gateway_url
        async with session.get(f"{local.api_url}/gateway/bot") as response:
            assert response.status == 401
            assert (await response.json())["code"] == 0


def test_a_clock_can_be_moved_and_stopped() -> None:
    """Time can run, jump forward and stand still, and never runs backwards."""
    clock = Clock()
    before = clock.now()
    clock.advance(100)
    assert clock.now() - before >= 100
    clock.stop(at=1000.0)
    clock.advance(1)
    assert clock.now() == 1001.0
    assert clock.time().timestamp() == 1001.0
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_ids_are_reproducible() -> None:
    """Fixed ids are the same in every run; timed ids contain the time and increase."""
    clock = Clock()
    clock.stop(at=1_800_000_000.0)
    first, second = SnowflakeGenerator(clock), SnowflakeGenerator(clock)
    assert [first.stable_id() for _ in range(3)] == [second.stable_id() for _ in range(3)]
    ids = [first.timestamp_id() for _ in range(3)]
    assert ids == sorted(set(ids))
    assert (ids[0] >> 22) + DISCORD_EPOCH == 1_800_000_000_000
    assert discord.utils.snowflake_time(ids[0]).timestamp() == 1_800_000_000.0


async def test_several_servers_can_run_at_once() -> None:
    """Each server has its own port, bot token and users."""
    async with LocalDiscord() as one, LocalDiscord() as two:
        assert one.api_url != two.api_url
        one.add_user("Ada")
        assert len(one.state.users) == len(two.state.users) + 1


async def test_methods_that_need_a_running_server_raise() -> None:
    """A server that does not run has no faults, and stopping it twice is harmless."""
    local = LocalDiscord()
    with pytest.raises(RuntimeError, match="not running"):
        local.faults.clear()
    await local.__aexit__(None, None, None)
