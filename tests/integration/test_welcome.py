"""The greeting of servers that add the bot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.delivery.welcome import MAX_AGE
from bot.i18n.catalog import catalog_for
from sandbox.discord import Channel, Guild, Message
from sandbox.relay import song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

ENGLISH = catalog_for("en")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        yield sandbox


def a_server(sandbox: SandboxSession, locale: str = "en-US") -> tuple[Guild, Channel, Channel]:
    """Return a server without the bot, with two channels."""
    guild = sandbox.discord.add_guild("Choir", locale, with_bot=False)
    guild.add_member(sandbox.ada)
    return guild, guild.add_channel("lobby"), guild.add_channel("general")


async def until_handled(sandbox: SandboxSession, channel: Channel) -> None:
    """Wait until the bot has handled the events so far, and posted what comes of them.

    The live card is posted after everything that was to be posted in the channel before.
    """
    before = len(sandbox.cards(channel)) - len(greetings(channel))
    sandbox.relay.add(song(task_id := f"song-{channel.id}-{before}", takes=1000))
    asked = await sandbox.discord.command(sandbox.ada, channel, "suno watch", id=task_id)
    await asked.wait_for_answer()
    await sandbox.discord.wait_for(
        lambda: len(sandbox.cards(channel)) - len(greetings(channel)) > before
    )


def greetings(channel: Channel) -> list[Message]:
    """Return the greetings in a channel."""
    return [
        one
        for one in channel.messages
        if one.content == ENGLISH.text("server-welcome", accounts="yes")
    ]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_a_server_is_greeted_in_its_system_channel(
    sandbox: SandboxSession, locale: str
) -> None:
    """The text is in the language of a Community server, and pings nobody."""
    guild, _, general = a_server(sandbox, locale)
    guild.system_channel_id = general.id
    guild.add_bot()
    (greeting,) = await sandbox.discord.wait_for(lambda: general.messages)
    assert greeting.content == catalog_for(locale).text("server-welcome", accounts="yes")
    assert len(greeting.content.splitlines()) == 3
    assert "</suno watch:" in greeting.content
    assert not greeting.pinged


async def test_a_server_is_greeted_in_the_first_channel_where_the_bot_may_post(
    sandbox: SandboxSession,
) -> None:
    """The system channel is closed to it."""
    guild, lobby, general = a_server(sandbox)
    guild.system_channel_id = lobby.id
    lobby.deny("send_messages")
    guild.add_bot()
    await sandbox.discord.wait_for(lambda: general.messages)
    assert greetings(lobby) == []


async def test_a_server_where_the_bot_may_post_nowhere_is_not_greeted(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is tried."""
    caplog.set_level("INFO", logger="bot")
    guild, *channels = a_server(sandbox)
    for channel in channels:
        channel.deny("send_messages")
    guild.add_bot()
    await until_handled(sandbox, sandbox.songs)
    assert f"Server not greeted, no channel to post in: server={guild.id}" in caplog.text
    assert [channel.messages for channel in channels] == [[], []]


async def test_a_server_is_greeted_once(tmp_path: Path) -> None:
    """Neither an outage, a new session nor a restart repeats it."""
    async with open_sandbox(tmp_path) as sandbox:
        guild, lobby, _ = a_server(sandbox)
        async with running_bot(sandbox):
            guild.add_bot()
            await sandbox.discord.wait_for(lambda: greetings(lobby))
            guild.start_outage()
            guild.end_outage()
            sandbox.discord.expire_sessions()
            await sandbox.discord.drop_gateway()
            await sandbox.discord.wait_until_ready()
            await until_handled(sandbox, lobby)
        async with running_bot(sandbox):
            guild.end_outage()
            await until_handled(sandbox, lobby)
            assert len(greetings(lobby)) == 1


async def test_a_server_that_the_bot_was_in_before_is_not_greeted(tmp_path: Path) -> None:
    """Discord lists it when the session begins, be it with an outage."""
    async with open_sandbox(tmp_path) as sandbox:
        guild, lobby, _ = a_server(sandbox)
        guild.add_bot()
        guild.start_outage()
        async with running_bot(sandbox):
            guild.end_outage()
            await until_handled(sandbox, lobby)
            assert greetings(lobby) == []


async def test_a_server_that_the_bot_joined_long_ago_is_not_greeted(
    sandbox: SandboxSession,
) -> None:
    """Discord has forgotten to list it, and announces it like a new one."""
    sandbox.discord.clock.stop(sandbox.discord.clock.now() - MAX_AGE - 60)
    guild, lobby, _ = a_server(sandbox)
    guild.add_bot()
    await until_handled(sandbox, lobby)
    assert greetings(lobby) == []


async def test_a_greeting_that_fails_is_not_repeated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once."""
    caplog.set_level("INFO", logger="bot")
    async with open_sandbox(tmp_path) as sandbox:
        guild, lobby, _ = a_server(sandbox)
        async with running_bot(sandbox):
            sandbox.discord.faults.add("POST /channels/{id}/messages", status=403, code=50013)
            guild.add_bot()
            await sandbox.discord.wait_for(
                lambda: [each for each in sandbox.discord.requests if each.method == "POST"]
            )
            await until_handled(sandbox, lobby)
            sandbox.discord.faults.clear()
            guild._send_event("GUILD_CREATE", guild.create_payload(joined=True))
            await until_handled(sandbox, lobby)
        assert greetings(lobby) == []
        assert caplog.text.count(f"Server not greeted: server={guild.id} cause=") == 1


async def test_a_server_that_removes_the_bot_and_invites_it_again_is_greeted_again(
    sandbox: SandboxSession,
) -> None:
    """All its data were deleted when it removed the bot."""
    guild, lobby, _ = a_server(sandbox)
    guild.add_bot()
    await sandbox.discord.wait_for(lambda: greetings(lobby))
    guild.remove_bot()
    await until_handled(sandbox, sandbox.songs)
    guild.add_bot()
    await sandbox.discord.wait_for(lambda: len(greetings(lobby)) == 2)
