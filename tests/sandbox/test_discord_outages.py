"""Tests of refusals that affect the whole bot, absent shards, and servers without the bot."""

import asyncio

import aiohttp
import discord
import pytest

from sandbox.discord import ActionUnavailable, LocalDiscord, body_contains
from tests.support.sandbox_client import (
    SampleBot,
    connected_client,
    logged_in_client,
    redirect_discord_py,
    status_and_code,
)

POST = "POST /channels/{id}/messages"


async def test_a_server_without_the_bot_can_have_its_commands() -> None:
    """Interactions name that server as their owner; other requests about it are refused."""
    async with connected_client() as harness:
        guild = harness.local.add_guild("Commands only", commands_only=True)
        chat = guild.add_channel("chat")
        guild.add_member(harness.ada)
        await harness.local.wait_until_commands()
        interaction = await harness.local.command(harness.ada, chat, "suno status", id="x")
        await interaction.wait_for_answer()
        assert interaction.owners == {"0": str(guild.id)}
        assert harness.bot.get_guild(guild.id) is None
        for refused in (harness.place(chat).send("x"), harness.bot.fetch_channel(chat.id)):
            with pytest.raises(discord.Forbidden) as error:
                await refused
            assert status_and_code(error.value) == (403, 50001)
        with pytest.raises(discord.Forbidden) as error:
            await harness.place(harness.local.open_dm(harness.local.add_user("Nobody"))).send("x")
        assert error.value.code == 50278
        with pytest.raises(discord.NotFound):
            await harness.bot.fetch_guild(guild.id)
        assert (
            await harness.request(
                "GET", f"/applications/{harness.bot.application_id}/guilds/{guild.id}/commands"
            )
            == []
        )


async def test_removing_the_bot_removes_its_commands() -> None:
    """After the removal no user of the server is offered a command."""
    async with connected_client() as harness:
        await harness.local.wait_until_commands()
        harness.guild.authorize_commands()
        harness.guild.remove_bot()
        with pytest.raises(ActionUnavailable):
            await harness.local.command(harness.ada, harness.songs, "suno status", id="x")


async def test_a_fault_can_depend_on_the_content() -> None:
    """A content fault matches words anywhere in the body, also beside files."""
    async with logged_in_client() as harness:
        fault = harness.local.faults.add(
            POST, status=400, code=200000, where=body_contains("Grief"), times=None
        )
        await harness.place().send("joy", file=discord.File(__file__))
        embed = discord.Embed(title="good GRIEF")
        for refused in (
            harness.place().send("such grief"),
            harness.place().send(embed=embed),
            harness.place().send(embed=embed, file=discord.File(__file__)),
        ):
            with pytest.raises(discord.HTTPException) as error:
                await refused
            assert status_and_code(error.value) == (400, 200000)
        assert (fault.hits, len(harness.songs.messages)) == (3, 1)
        assert harness.songs.messages[0].attachments[0].filename.endswith(".py")


async def test_a_fault_can_be_limited_to_one_user() -> None:
    """Opening the direct messages of one user fails, as decided by the request's body."""
    async with logged_in_client() as harness:
        bea = harness.local.add_user("Bea")
        harness.local.faults.add(
            "POST /users/@me/channels",
            status=403,
            code=40003,
            where=lambda body: body.get("recipient_id") == bea.id,
        )
        assert (await harness.bot.http.start_private_message(harness.ada.id))["id"]
        with pytest.raises(discord.Forbidden):
            await harness.bot.http.start_private_message(bea.id)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 429, 520])
async def test_a_proxy_can_return_any_status(status: int) -> None:
    """A page with any status and headers does not look like a response of Discord."""
    async with logged_in_client() as harness:
        harness.local.faults.add(POST, status=status, html=True, headers={"Retry-After": "7"})
        with pytest.raises(discord.HTTPException) as error:
            await harness.place().send("x")
        assert status_and_code(error.value) == (status, 0)
        assert error.value.response.headers["Retry-After"] == "7"
        assert error.value.response.content_type == "text/html"


async def test_a_global_rate_limit_applies_to_every_request() -> None:
    """Each request gets a 429 with the delay; answers to interactions succeed."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        harness.local.clock.stop()
        harness.local.rate_limits.block_globally(600)
        headers = {"Authorization": f"Bot {harness.local.token}"}
        for path, waits in (("/users/@me", 600.0), (f"/channels/{harness.songs.id}", 599.5)):
            async with session.get(f"{harness.local.api_url}{path}", headers=headers) as response:
                assert response.status == 429
                assert await response.json() == {
                    "message": "You are being rate limited.",
                    "retry_after": waits,
                    "global": True,
                }
                received = response.headers
                assert (received["X-RateLimit-Global"], received["X-RateLimit-Scope"]) == (
                    "true",
                    "global",
                )
                assert received["Via"]
            harness.local.clock.advance(0.5)
        async with session.post(f"{harness.local.api_url}/webhooks/1/x", json={}) as response:
            assert response.status == 404
        harness.local.clock.advance(600)
        async with session.get(f"{harness.local.api_url}/users/@me", headers=headers) as response:
            assert response.status == 200


async def test_many_direct_messages_cannot_be_opened_at_once() -> None:
    """After ten new ones 40003 is returned for some time; open ones do not count."""
    async with logged_in_client() as harness:
        people = [harness.local.add_user(f"Person {number}") for number in range(11)]
        for user in [*people[:10], people[0]]:
            await harness.bot.http.start_private_message(user.id)
        with pytest.raises(discord.Forbidden) as error:
            await harness.bot.http.start_private_message(people[10].id)
        assert status_and_code(error.value) == (403, 40003)
        harness.local.clock.advance(600)
        assert await harness.bot.http.start_private_message(people[10].id)


async def test_a_shard_can_be_away_while_its_server_removes_the_bot() -> None:
    """The next READY of the shard does not contain the server."""
    async with LocalDiscord(shards=2) as local, SampleBot() as bot:
        guilds = [local.add_guild(f"Guild {number}") for number in range(6)]
        gone = next(guild for guild in guilds if (guild.id >> 22) % 2 == 1)
        local.gateway.identify_limits.seconds = 0
        with redirect_discord_py(local):
            running = asyncio.create_task(bot.start(local.token))
            await local.wait_until_ready()
            local.suspend_shard(1)
            local.expire_sessions(shard=1)
            await local.drop_gateway(shard=1)
            gone.remove_bot()
            bot.event_types.clear()
            assert not local.gateway.all_shards_ready
            local.release_shard(1)
            await local.wait_until_ready()
            await bot.until(lambda: "READY" in bot.event_types)
            assert bot.event_types.count("READY") == 1
            assert "GUILD_DELETE" not in bot.event_types
            assert local.gateway.identifies == 3
            await bot.close()
            await running


async def test_a_resumed_shard_gets_the_missed_events() -> None:
    """Events are kept for the session while no client is connected."""
    async with connected_client() as harness:
        await harness.bot.until_known(harness.guild.id)
        harness.local.suspend_shard(0)
        await harness.local.drop_gateway(shard=0)
        harness.guild.remove_bot()
        harness.local.release_shard(0)
        await harness.bot.until(lambda: harness.bot.get_guild(harness.guild.id) is None)
        assert "GUILD_DELETE" in harness.bot.event_types
