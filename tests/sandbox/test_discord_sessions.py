"""Heartbeats, and how often a bot may identify, at the local Discord's gateway."""

import asyncio
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import LocalDiscord
from tests.support.sandbox_client import SampleBot, logged_in_client, redirect_discord_py


def identify(local: LocalDiscord, shard: int = 0, shards: int = 1) -> dict[str, Any]:
    """Give an IDENTIFY."""
    data = {"token": local.token, "intents": 1, "properties": {}, "shard": [shard, shards]}
    return {"op": 2, "d": data}


async def first_answer(local: LocalDiscord, session: aiohttp.ClientSession, **shard: int) -> Any:
    """Connect and identify; give the operation that answers, or the code of the close."""
    async with session.ws_connect(local.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json(identify(local, **shard))
        answer = await socket.receive()
        return socket.close_code or answer.json()["op"]


async def test_a_client_that_sends_no_heartbeats_is_cut_off() -> None:
    """After one and a half intervals, with 4009: its session is over."""
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


async def test_a_client_without_acknowledgements_begins_anew() -> None:
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
    """What comes sooner gets INVALID_SESSION; the time is the same for all shards of a bucket."""
    async with LocalDiscord(shards=2) as local, aiohttp.ClientSession() as session:
        local.clock.stop()
        dispatch, invalid = 0, 9
        assert await first_answer(local, session, shard=0, shards=2) == dispatch
        assert await first_answer(local, session, shard=1, shards=2) == invalid
        local.clock.advance(5)
        assert await first_answer(local, session, shard=1, shards=2) == dispatch
        local.clock.advance(5)
        local.gateway.identify_limits.max_concurrency = 2
        for shard in (0, 1):
            assert await first_answer(local, session, shard=shard, shards=2) == dispatch
            assert await first_answer(local, session, shard=shard, shards=2) == invalid
        assert local.gateway.identifies == 4


async def test_who_identifies_too_often_in_a_day_needs_a_new_token() -> None:
    """Every session ends with 4004, and neither gateway nor API takes the old token."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        limits, old = harness.local.gateway.identify_limits, harness.local.token
        limits.seconds, limits.total = 0, 1
        assert limits.payload()["remaining"] == 1
        await first_answer(harness.local, session)
        assert limits.payload()["remaining"] == 0
        await first_answer(harness.local, session)
        await harness.local.wait_until_disconnected()
        assert harness.local.token != old
        with pytest.raises(discord.HTTPException) as refused:
            await harness.request("GET", "/users/@me")
        assert refused.value.status == 401
        harness.local.clock.advance(86_400)
        assert limits.payload()["remaining"] == 1


async def test_a_bot_that_comes_back_at_once_waits_and_identifies_again() -> None:
    """discord.py is told that its session is invalid, and comes again."""
    async with LocalDiscord() as local, aiohttp.ClientSession() as session, SampleBot() as bot:
        local.gateway.identify_limits.seconds = 0.3
        with redirect_discord_py(local):
            await first_answer(local, session)
            running = asyncio.create_task(bot.start(local.token))
            await local.wait_until_ready()
            assert local.gateway.identifies == 2
            await bot.close()
            await asyncio.wait([running])


@pytest.mark.parametrize("shard", [[0], "0", [0, 1, 2], ["a", "b"], {"a": 1}], ids=str)
async def test_a_shard_that_makes_no_sense_is_refused(shard: Any) -> None:
    """With 4010, whatever it is."""
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
