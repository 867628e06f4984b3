"""Tests of heartbeats and identify limits at the local Discord's gateway."""

import asyncio
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import LocalDiscord
from tests.support.sandbox_client import SampleBot, logged_in_client, redirect_discord_py


def identify(local: LocalDiscord, shard: int = 0, shards: int = 1) -> dict[str, Any]:
    """Return an IDENTIFY payload."""
    data = {"token": local.token, "intents": 1, "properties": {}, "shard": [shard, shards]}
    return {"op": 2, "d": data}


async def first_response(local: LocalDiscord, session: aiohttp.ClientSession, **shard: int) -> Any:
    """Connect and identify; return the operation of the response, or the close code."""
    async with session.ws_connect(local.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json(identify(local, **shard))
        answer = await socket.receive()
        return socket.close_code or answer.json()["op"]


async def test_a_client_without_heartbeats_is_disconnected() -> None:
    """After one and a half intervals it is closed with 4009, and its session is over."""
    async with LocalDiscord() as local, aiohttp.ClientSession() as session:
        local.gateway.heartbeat_interval = 0.1
        async with session.ws_connect(local.gateway_url) as socket:
            assert (await socket.receive_json())["d"] == {"heartbeat_interval": 100}
            await socket.send_json(identify(local))
            for _ in range(4):
                await socket.send_json({"op": 1, "d": None})
                await asyncio.sleep(0.05)
            async for _ in socket:
                pass
            assert socket.close_code == 4009
        await local.wait_until_disconnected()


async def test_a_client_without_heartbeat_acknowledgements_reconnects() -> None:
    """discord.py takes the connection for dead, closes it and resumes."""
    async with LocalDiscord() as local, SampleBot(heartbeat_timeout=0.2) as bot:
        local.gateway.heartbeat_interval = 0.1
        local.gateway.acknowledges_heartbeats = False
        local.gateway.identify_limits.seconds = 0
        with redirect_discord_py(local):
            running = asyncio.create_task(bot.start(local.token))
            await bot.until(lambda: "RESUMED" in bot.event_types)
            local.gateway.acknowledges_heartbeats = True
            await bot.close()
            await asyncio.wait([running])


async def test_a_shard_identifies_once_in_five_seconds() -> None:
    """An earlier IDENTIFY gets INVALID_SESSION; shards of a bucket share the limit."""
    async with LocalDiscord(shards=2) as local, aiohttp.ClientSession() as session:
        local.clock.stop()
        dispatch, invalid = 0, 9
        assert await first_response(local, session, shard=0, shards=2) == dispatch
        assert await first_response(local, session, shard=1, shards=2) == invalid
        local.clock.advance(5)
        assert await first_response(local, session, shard=1, shards=2) == dispatch
        local.clock.advance(5)
        local.gateway.identify_limits.max_concurrency = 2
        for shard in (0, 1):
            assert await first_response(local, session, shard=shard, shards=2) == dispatch
            assert await first_response(local, session, shard=shard, shards=2) == invalid
        assert local.gateway.identifies == 4


async def test_too_many_identifies_in_a_day_revoke_the_token() -> None:
    """Every session ends with 4004, and gateway and API refuse the old token."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        limits, old = harness.local.gateway.identify_limits, harness.local.token
        limits.seconds, limits.total = 0, 1
        assert limits.payload()["remaining"] == 1
        await first_response(harness.local, session)
        assert limits.payload()["remaining"] == 0
        await first_response(harness.local, session)
        await harness.local.wait_until_disconnected()
        assert harness.local.token != old
        with pytest.raises(discord.HTTPException) as refused:
            await harness.request("GET", "/users/@me")
        assert refused.value.status == 401
        harness.local.clock.advance(86_400)
        assert limits.payload()["remaining"] == 1


async def test_a_bot_that_reconnects_at_once_waits_and_identifies_again() -> None:
    """discord.py gets INVALID_SESSION, and identifies later."""
    async with LocalDiscord() as local, aiohttp.ClientSession() as session, SampleBot() as bot:
        local.gateway.identify_limits.seconds = 0.3
        with redirect_discord_py(local):
            await first_response(local, session)
            running = asyncio.create_task(bot.start(local.token))
            await local.wait_until_ready()
            assert local.gateway.identifies == 2
            await bot.close()
            await asyncio.wait([running])


@pytest.mark.parametrize("shard", [[0], "0", [0, 1, 2], ["a", "b"], {"a": 1}], ids=str)
async def test_an_invalid_shard_is_refused(shard: Any) -> None:
    """Every invalid shard is closed with 4010."""
    async with (
        LocalDiscord() as local,
        aiohttp.ClientSession() as session,
        session.ws_connect(local.gateway_url) as socket,
    ):
        message = identify(local)
        message["d"]["shard"] = shard
        await socket.send_json(message)
        while not socket.closed:
            await socket.receive()
        assert socket.close_code == 4010
