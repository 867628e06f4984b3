"""Private threads: nobody gets in, or sees anything of them, by way of the bot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.discord import Channel, Message, User
from sandbox.discord.channel_kinds import PRIVATE_THREAD
from sandbox.relay import song
from tests.support.stage import Stage, a_bot, a_stage

SONG = "a-song-with-a-long-id"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage on which the bot works, with a song that has ended."""
    async with a_stage(tmp_path, pace=10) as stage, a_bot(stage):
        stage.relay.add(song(SONG, title="Paper Boats", takes=1))
        stage.relay.clock.advance(10)
        yield stage


def a_private_thread(stage: Stage, owner: User, *members: User) -> Channel:
    """Return a private thread of somebody, with members and the bot."""
    bot = stage.discord.bot_user
    return stage.guild.add_thread(
        stage.songs, "backstage", kind=PRIVATE_THREAD, owner=owner, members=(*members, bot)
    )


async def ask_in(stage: Stage, user: User, place: Channel, **options: object) -> Message:
    """Watch the song with a command in a place; return the answer."""
    asked = await stage.discord.command(user, place, "suno watch", id=SONG, **options)
    return await asked.answered()


@pytest.mark.parametrize("owner", ["Ada", "Bea"])
async def test_nobody_has_a_notice_posted_in_a_private_thread_from_elsewhere(
    stage: Stage, owner: str
) -> None:
    """It would mention them, which lets them in; who started the thread may have been put out."""
    thread = a_private_thread(stage, stage.ada if owner == "Ada" else stage.bea, stage.bea)
    answer = await ask_in(stage, stage.ada, stage.songs, channel=thread)
    assert "is a private thread" in answer.content
    assert "nothing" in (await stage.ask("suno list")).content.lower()
    assert thread.messages == []


async def test_who_is_in_a_private_thread_watches_there(stage: Stage) -> None:
    """The command is typed in it, with or without its name."""
    thread = a_private_thread(stage, stage.bea, stage.bea)
    answer = await ask_in(stage, stage.bea, thread, channel=thread)
    assert "done" in answer.content
    assert (await stage.notice_of(SONG, thread)).pinged == {stage.bea.id}


async def test_who_manages_threads_may_name_a_private_one(stage: Stage) -> None:
    """Discord shows them every thread."""
    stage.guild.add_member(stage.ada, permissions=("manage_threads",))
    thread = a_private_thread(stage, stage.bea, stage.bea)
    await ask_in(stage, stage.ada, stage.songs, channel=thread)
    await stage.notice_of(SONG, thread)


async def test_a_public_thread_may_be_named_from_elsewhere(stage: Stage) -> None:
    """Everybody who sees its channel can go there."""
    thread = stage.guild.add_thread(stage.songs, "for all")
    await ask_in(stage, stage.ada, stage.songs, channel=thread)
    await stage.notice_of(SONG, thread)


@pytest.mark.parametrize("manages", [False, True])
async def test_who_started_a_private_thread_sees_no_history_of_it_elsewhere(
    stage: Stage, *, manages: bool
) -> None:
    """They may have left it since; those who manage threads see all, and who is there sees it."""
    if manages:
        stage.guild.add_member(stage.ada, permissions=("manage_threads",))
    thread = a_private_thread(stage, stage.ada, stage.bea)
    await ask_in(stage, stage.bea, thread)
    await stage.notice_of(SONG, thread)
    listed = str((await stage.ask("suno history")).embeds)
    assert ("Paper Boats" in listed) is manages
    inside = await stage.discord.command(stage.bea, thread, "suno history")
    assert "Paper Boats" in str((await inside.answered()).embeds)
