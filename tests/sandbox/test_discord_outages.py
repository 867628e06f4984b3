"""Whole-bot refusals of the local Discord, shards that are away, and servers without the bot."""

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
    """Interactions name the server as their owner; everything else about it is refused."""
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


async def test_throwing_the_bot_out_takes_its_commands_along() -> None:
    """Nobody is offered anything there afterwards."""
    async with connected_client() as harness:
        await harness.local.wait_until_commands()
        harness.guild.authorize_commands()
        harness.guild.remove_bot()
        with pytest.raises(ActionUnavailable):
            await harness.local.command(harness.ada, harness.songs, "suno status", id="x")


async def test_a_fault_can_depend_on_what_is_written() -> None:
    """AutoMod refuses its words wherever they stand in the body, also beside files."""
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


async def test_a_fault_can_concern_one_person_only() -> None:
    """Whose direct message cannot be opened is a matter of the body too."""
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
async def test_a_proxy_can_answer_anything(status: int) -> None:
    """A page with any status, and with headers, says nothing in Discord's name."""
    async with logged_in_client() as harness:
        harness.local.faults.add(POST, status=status, html=True, headers={"Retry-After": "7"})
        with pytest.raises(discord.HTTPException) as error:
            await harness.place().send("x")
        assert status_and_code(error.value) == (status, 0)
        assert error.value.response.headers["Retry-After"] == "7"
        assert error.value.response.content_type == "text/html"


async def test_a_global_wait_stops_every_request_until_it_is_over() -> None:
    """Each is a 429 that says how long; what answers interactions goes through."""
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
                told = response.headers
                assert (told["X-RateLimit-Global"], told["X-RateLimit-Scope"]) == ("true", "global")
                assert told["Via"]
            harness.local.clock.advance(0.5)
        async with session.post(f"{harness.local.api_url}/webhooks/1/x", json={}) as response:
            assert response.status == 404
        harness.local.clock.advance(600)
        async with session.get(f"{harness.local.api_url}/users/@me", headers=headers) as response:
            assert response.status == 200


async def test_many_direct_messages_cannot_be_opened_at_once() -> None:
    """After ten new ones comes 40003, until some time has passed; open ones count for nothing."""
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
    """The READY that it gets afterwards no longer names the server."""
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


async def test_a_shard_that_resumes_hears_what_it_missed() -> None:
    """While nobody listens, events are kept for the session."""
    async with connected_client() as harness:
        await harness.bot.until_known(harness.guild.id)
        harness.local.suspend_shard(0)
        await harness.local.drop_gateway(shard=0)
        harness.guild.remove_bot()
        harness.local.release_shard(0)
        await harness.bot.until(lambda: harness.bot.get_guild(harness.guild.id) is None)
        assert "GUILD_DELETE" in harness.bot.event_types
