"""Private threads: the bot gives nobody access to them or their history."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.discord import Channel, Message, User
from sandbox.discord.channel_kinds import PRIVATE_THREAD
from sandbox.relay import song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

SONG = "a-song-with-a-long-id"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot and an ended song."""
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox, running_bot(sandbox):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=1))
        sandbox.relay.clock.advance(10)
        yield sandbox


def a_private_thread(sandbox: SandboxSession, owner: User, *members: User) -> Channel:
    """Return a private thread with an owner, members and the bot."""
    bot = sandbox.discord.bot_user
    return sandbox.guild.add_thread(
        sandbox.songs, "backstage", kind=PRIVATE_THREAD, owner=owner, members=(*members, bot)
    )


async def watch_in(
    sandbox: SandboxSession, user: User, destination: Channel, **options: object
) -> Message:
    """Watch the song with a command in a channel; return the reply."""
    interaction = await sandbox.discord.command(user, destination, "suno watch", id=SONG, **options)
    return await interaction.wait_for_answer()


@pytest.mark.parametrize("owner", ["Ada", "Bea"])
async def test_a_private_thread_cannot_be_named_from_elsewhere(
    sandbox: SandboxSession, owner: str
) -> None:
    """A mention would add the user; even its owner may have been removed from it."""
    thread = a_private_thread(sandbox, sandbox.ada if owner == "Ada" else sandbox.bea, sandbox.bea)
    answer = await watch_in(sandbox, sandbox.ada, sandbox.songs, channel=thread)
    assert "is a private thread" in answer.content
    assert (await sandbox.command_answer("suno list")).embeds == []
    assert thread.messages == []


async def test_a_member_of_a_private_thread_can_watch_in_it(sandbox: SandboxSession) -> None:
    """The command in the thread may name it or not."""
    thread = a_private_thread(sandbox, sandbox.bea, sandbox.bea)
    answer = await watch_in(sandbox, sandbox.bea, thread, channel=thread)
    assert "done" in answer.content
    assert (await sandbox.wait_for_notice(SONG, thread)).pinged == {sandbox.bea.id}


async def test_a_manager_of_threads_can_name_a_private_thread(sandbox: SandboxSession) -> None:
    """Discord shows them every thread."""
    sandbox.guild.add_member(sandbox.ada, permissions=("manage_threads",))
    thread = a_private_thread(sandbox, sandbox.bea, sandbox.bea)
    await watch_in(sandbox, sandbox.ada, sandbox.songs, channel=thread)
    await sandbox.wait_for_notice(SONG, thread)


async def test_a_public_thread_can_be_named_from_elsewhere(sandbox: SandboxSession) -> None:
    """Everybody who sees its channel can open it."""
    thread = sandbox.guild.add_thread(sandbox.songs, "for all")
    await watch_in(sandbox, sandbox.ada, sandbox.songs, channel=thread)
    await sandbox.wait_for_notice(SONG, thread)


@pytest.mark.parametrize("manages", [False, True])
async def test_the_history_of_a_private_thread_is_hidden_elsewhere(
    sandbox: SandboxSession, *, manages: bool
) -> None:
    """Managers of threads see it everywhere, members only in the thread."""
    if manages:
        sandbox.guild.add_member(sandbox.ada, permissions=("manage_threads",))
    thread = a_private_thread(sandbox, sandbox.ada, sandbox.bea)
    await watch_in(sandbox, sandbox.bea, thread)
    await sandbox.wait_for_notice(SONG, thread)
    listed = str((await sandbox.command_answer("suno history")).embeds)
    assert ("Paper Boats" in listed) is manages
    inside = await sandbox.discord.command(sandbox.bea, thread, "suno history")
    assert "Paper Boats" in str((await inside.wait_for_answer()).embeds)
