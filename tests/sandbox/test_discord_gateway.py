import asyncio
import json
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import LocalDiscord
from sandbox.discord.sessions import RESUME_WINDOW
from tests.support.sandbox_client import SampleBot, connected_client, redirect_discord_py


async def test_a_wrong_token_is_refused_at_login() -> None:
    """The API returns 401, which discord.py raises as an improper token."""
    async with LocalDiscord() as local, SampleBot() as bot:
        with redirect_discord_py(local), pytest.raises(discord.LoginFailure):
            await bot.login("local.somebody-else")


async def test_the_bot_gets_its_guilds_and_their_channels() -> None:
    """Guilds and channels that exist before the login are in the bot's cache."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        assert (guild.name, guild.preferred_locale) == (
            "Song Club",
            discord.Locale.american_english,
        )
        assert [channel.name for channel in guild.text_channels] == ["songs"]
        assert guild.me.guild_permissions.send_messages
        assert not guild.me.guild_permissions.manage_messages


async def test_guilds_are_spread_over_shards() -> None:
    """Each shard gets the guilds whose ids map to it, and together they get every guild."""
    async with connected_client(shards=2) as harness:
        second = harness.local.add_guild("Second")
        while (second.id >> 22) % 2 == (harness.guild.id >> 22) % 2:
            harness.local.add_user("Filler")
            second = harness.local.add_guild("Another")
        guild = await harness.bot.until_known(harness.guild.id)
        other = await harness.bot.until_known(second.id)
        assert guild.shard_id == (harness.guild.id >> 22) % 2
        assert other.shard_id == (second.id >> 22) % 2
        assert {guild.shard_id, other.shard_id} == {0, 1}
        assert harness.local.gateway.identifies == 2


async def test_a_cut_connection_is_resumed_with_the_missed_events() -> None:
    """After a dropped connection the session continues, and no event is lost."""
    async with connected_client() as harness:
        await harness.bot.until_known(harness.guild.id)
        await harness.local.drop_gateway()
        missed = harness.guild.add_channel("made meanwhile")
        await harness.local.wait_until_ready()
        await harness.bot.until(lambda: harness.bot.get_channel(missed.id) is not None)
        await harness.bot.until(lambda: "RESUMED" in harness.bot.event_types)
        assert harness.local.gateway.identifies == 1


@pytest.mark.parametrize("how", ["op 7", "close 4000", "op 9, resumable"])
async def test_a_client_that_is_disconnected_resumes(how: str) -> None:
    """A reconnect request and an ordinary close code keep the session."""
    async with connected_client() as harness:
        local = harness.local
        if how == "op 7":
            await local.request_reconnect()
        elif how == "close 4000":
            await local.close_gateway(4000)
        else:
            await local.invalidate_sessions(resumable=True)
        await local.wait_until_ready()
        await harness.bot.until(lambda: "RESUMED" in harness.bot.event_types)
        assert local.gateway.identifies == 1


@pytest.mark.parametrize("how", ["forgotten", "close 4009", "stale"])
async def test_a_lost_session_is_replaced(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no session can be resumed, the client identifies again."""
    async with connected_client() as harness:
        local = harness.local
        if how == "forgotten":
            local.expire_sessions()
            await local.drop_gateway()
        elif how == "stale":
            monkeypatch.setattr("sandbox.discord.sessions.RESUME_WINDOW", -1.0)
            await local.drop_gateway()
        else:
            await local.close_gateway(4009)
        await local.wait_for(lambda: local.gateway.identifies == 2)
        await local.wait_until_ready()
    assert RESUME_WINDOW > 0


async def test_an_invalid_session_is_replaced() -> None:
    """After op 9 with false the client identifies again."""
    async with connected_client() as harness:
        await harness.local.invalidate_sessions()
        await harness.local.wait_for(lambda: harness.local.gateway.identifies == 2)


async def test_the_client_stops_for_good_at_an_authentication_failure() -> None:
    """The client does not reconnect after close code 4004."""
    async with LocalDiscord() as local, SampleBot() as bot:
        with redirect_discord_py(local):
            running = asyncio.create_task(bot.start(local.token))
            await local.wait_until_ready()
            await local.close_gateway(4004)
            with pytest.raises(discord.ConnectionClosed) as closed:
                await running
        assert closed.value.code == 4004


async def test_changes_in_a_guild_reach_the_bot() -> None:
    """The bot gets an event for every created, changed and deleted channel, role and thread."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        channel = guild.get_channel(harness.songs.id)
        assert channel is not None
        harness.songs.deny("send_messages")
        await harness.bot.until(lambda: not channel.permissions_for(guild.me).send_messages)
        harness.songs.allow("send_messages")
        await harness.bot.until(lambda: channel.permissions_for(guild.me).send_messages)
        harness.guild.revoke("embed_links")
        await harness.bot.until(lambda: not channel.permissions_for(guild.me).embed_links)
        harness.guild.grant("embed_links")
        await harness.bot.until(lambda: channel.permissions_for(guild.me).embed_links)
        harness.songs.rename("hits")
        await harness.bot.until(lambda: channel.name == "hits")
        thread = harness.guild.add_thread(harness.songs, "new songs")
        await harness.bot.until(lambda: guild.get_thread(thread.id) is not None)
        thread.rename("old songs")
        thread.archive()
        await harness.bot.until(lambda: guild.get_thread(thread.id) is None)
        thread.delete()
        harness.songs.delete()
        await harness.bot.until(lambda: guild.get_channel(harness.songs.id) is None)


async def test_leaving_a_guild_is_not_an_outage() -> None:
    """The events for an unavailable guild and for a removal of the bot differ."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        harness.guild.start_outage()
        await harness.bot.until(lambda: guild.unavailable)
        harness.guild.end_outage()
        guild = await harness.bot.until_known(harness.guild.id)
        harness.guild.remove_bot()
        await harness.bot.until(lambda: harness.bot.get_guild(harness.guild.id) is None)
        harness.guild.add_bot()
        await harness.bot.until_known(harness.guild.id)


async def test_an_unavailable_guild_arrives_later() -> None:
    """A guild that is unavailable at the start is sent when it is available."""
    async with LocalDiscord() as local, SampleBot() as bot:
        guild = local.add_guild("Down")
        guild.start_outage()
        with redirect_discord_py(local):
            running = asyncio.create_task(bot.start(local.token))
            await local.wait_until_ready()
            await bot.until(lambda: "READY" in bot.event_types)
            assert "GUILD_CREATE" not in bot.event_types
            guild.end_outage()
            await bot.until(lambda: "GUILD_CREATE" in bot.event_types)
            await bot.close()
            await running


async def test_message_events_need_the_messages_intent() -> None:
    """Without the intent for messages the gateway sends no message events."""
    async with connected_client() as harness:
        harness.local.send_message(harness.ada, harness.songs, "hello")
        harness.songs.rename("hits")
        await harness.bot.until(lambda: "CHANNEL_UPDATE" in harness.bot.event_types)
        assert "MESSAGE_CREATE" not in harness.bot.event_types


async def test_message_content_needs_the_privileged_intent() -> None:
    """With the intent for messages alone, content is blank except in direct messages."""
    intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
    async with connected_client(intents=intents) as harness:
        public = harness.local.send_message(harness.ada, harness.songs, "hello")
        harness.local.send_message(harness.ada, harness.local.open_dm(harness.ada), "psst")
        await harness.bot.until(lambda: len(harness.bot.messages) == 2)
        assert [message.content for message in harness.bot.messages] == ["", "psst"]
        assert harness.bot.messages[0].author.name == "ada"
        harness.local.delete_message(public)
        await harness.bot.until(lambda: "MESSAGE_DELETE" in harness.bot.event_types)


async def test_the_granted_intent_shows_message_content() -> None:
    """An application with the privileged intent gets the content of messages."""
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    async with connected_client(intents=intents, message_content=True) as harness:
        harness.local.send_message(harness.ada, harness.songs, "hello")
        await harness.bot.until(lambda: [one.content for one in harness.bot.messages] == ["hello"])


async def test_a_closed_connection_ends_the_session() -> None:
    """After the bot closes, no client is connected and the session is removed."""
    async with connected_client() as harness:
        await harness.bot.close()
        await harness.local.wait_until_disconnected()


async def test_a_timed_out_wait_describes_the_last_events() -> None:
    """The error of a time-out contains the awaited condition and the latest events."""
    async with LocalDiscord() as local:
        with pytest.raises(TimeoutError, match="the bot to identify") as late:
            await local.wait_until_ready(timeout=0.01)
        assert "nothing at all" in str(late.value)


HELLO = {"token": "local.x", "intents": 1, "properties": {}}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", 4002),
        ({"op": 99}, 4001),
        ({"op": 3, "d": {}}, 4003),
        ({"op": 2, "d": "everything"}, 4002),
        ({"op": 2, "d": {**HELLO, "token": "wrong"}}, 4004),
        ({"op": 2, "d": {**HELLO, "shard": [3, 2]}}, 4010),
        ({"op": 2, "d": {**HELLO, "intents": 1 << 40}}, 4013),
        ({"op": 2, "d": {**HELLO, "intents": None}}, 4013),
        ({"op": 2, "d": {**HELLO, "intents": 1 << 15}}, 4014),
        ({"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}, 4004),
    ],
    ids=str,
)
async def test_invalid_payloads_close_the_connection(message: Any, code: int) -> None:
    """Each mistake has its close code."""
    async with LocalDiscord() as local, aiohttp.ClientSession() as session:
        text = json.dumps(message) if isinstance(message, dict) else message
        async with session.ws_connect(local.gateway_url) as socket:
            await socket.send_str(text.replace("local.x", local.token))
            while not socket.closed:
                await socket.receive()
            assert socket.close_code == code


async def test_a_client_may_identify_only_once() -> None:
    """A second IDENTIFY closes with 4005; text frames come without compression."""
    async with (
        LocalDiscord() as local,
        aiohttp.ClientSession() as session,
        session.ws_connect(local.gateway_url) as socket,
    ):
        identify = {"op": 2, "d": {**HELLO, "token": local.token}}
        await socket.send_json(identify)
        await socket.send_json(identify)
        hello, ready = await socket.receive_json(), await socket.receive_json()
        assert (hello["op"], ready["t"]) == (10, "READY")
        while not socket.closed:
            await socket.receive()
        assert socket.close_code == 4005


async def test_two_processes_of_one_bot_both_get_all_events() -> None:
    """Discord does not disconnect a second process with the same token."""
    async with connected_client() as harness, SampleBot() as second:
        running = asyncio.create_task(second.start(harness.local.token))
        await harness.local.wait_for(lambda: len(harness.local.gateway.connected) == 2)
        await harness.local.wait_until_ready()
        await second.until(lambda: "READY" in second.event_types)
        channel = harness.guild.add_channel("for both")
        await harness.bot.until(lambda: harness.bot.get_channel(channel.id) is not None)
        await second.until(lambda: second.get_channel(channel.id) is not None)
        await second.close()
        await running


async def test_a_server_with_a_connected_client_stops_at_once() -> None:
    """The local Discord stops at once although a client is connected."""
    local = LocalDiscord()
    async with aiohttp.ClientSession() as session, asyncio.timeout(3):
        async with local:
            socket = await session.ws_connect(local.gateway_url)
            await socket.receive_json()
        assert (await socket.receive()).type is not aiohttp.WSMsgType.TEXT
