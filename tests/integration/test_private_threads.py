"""Private threads: nobody gets in, or sees anything of them, by way of the bot."""

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
    """Yield a sandbox in which the bot runs, with a song that has ended."""
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox, running_bot(sandbox):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=1))
        sandbox.relay.clock.advance(10)
        yield sandbox


def a_private_thread(sandbox: SandboxSession, owner: User, *members: User) -> Channel:
    """Return a private thread of somebody, with members and the bot."""
    bot = sandbox.discord.bot_user
    return sandbox.guild.add_thread(
        sandbox.songs, "backstage", kind=PRIVATE_THREAD, owner=owner, members=(*members, bot)
    )


async def ask_in(
    sandbox: SandboxSession, user: User, destination: Channel, **options: object
) -> Message:
    """Watch the song with a command in a place; return the answer."""
    asked = await sandbox.discord.command(user, destination, "suno watch", id=SONG, **options)
    return await asked.wait_for_answer()


@pytest.mark.parametrize("owner", ["Ada", "Bea"])
async def test_nobody_has_a_notice_posted_in_a_private_thread_from_elsewhere(
    sandbox: SandboxSession, owner: str
) -> None:
    """It would mention them, which lets them in; who started the thread may have been put out."""
    thread = a_private_thread(sandbox, sandbox.ada if owner == "Ada" else sandbox.bea, sandbox.bea)
    answer = await ask_in(sandbox, sandbox.ada, sandbox.songs, channel=thread)
    assert "is a private thread" in answer.content
    assert "nothing" in (await sandbox.command_answer("suno list")).content.lower()
    assert thread.messages == []


async def test_who_is_in_a_private_thread_watches_there(sandbox: SandboxSession) -> None:
    """The command is typed in it, with or without its name."""
    thread = a_private_thread(sandbox, sandbox.bea, sandbox.bea)
    answer = await ask_in(sandbox, sandbox.bea, thread, channel=thread)
    assert "done" in answer.content
    assert (await sandbox.wait_for_notice(SONG, thread)).pinged == {sandbox.bea.id}


async def test_who_manages_threads_may_name_a_private_one(sandbox: SandboxSession) -> None:
    """Discord shows them every thread."""
    sandbox.guild.add_member(sandbox.ada, permissions=("manage_threads",))
    thread = a_private_thread(sandbox, sandbox.bea, sandbox.bea)
    await ask_in(sandbox, sandbox.ada, sandbox.songs, channel=thread)
    await sandbox.wait_for_notice(SONG, thread)


async def test_a_public_thread_may_be_named_from_elsewhere(sandbox: SandboxSession) -> None:
    """Everybody who sees its channel can go there."""
    thread = sandbox.guild.add_thread(sandbox.songs, "for all")
    await ask_in(sandbox, sandbox.ada, sandbox.songs, channel=thread)
    await sandbox.wait_for_notice(SONG, thread)


@pytest.mark.parametrize("manages", [False, True])
async def test_who_started_a_private_thread_sees_no_history_of_it_elsewhere(
    sandbox: SandboxSession, *, manages: bool
) -> None:
    """They may have left it since; those who manage threads see all, and who is there sees it."""
    if manages:
        sandbox.guild.add_member(sandbox.ada, permissions=("manage_threads",))
    thread = a_private_thread(sandbox, sandbox.ada, sandbox.bea)
    await ask_in(sandbox, sandbox.bea, thread)
    await sandbox.wait_for_notice(SONG, thread)
    listed = str((await sandbox.command_answer("suno history")).embeds)
    assert ("Paper Boats" in listed) is manages
    inside = await sandbox.discord.command(sandbox.bea, thread, "suno history")
    assert "Paper Boats" in str((await inside.wait_for_answer()).embeds)
