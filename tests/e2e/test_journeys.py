"""Journeys: the bot as a process of its own, killed and started again."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.bot_process import BotProcess
from sandbox.relay import song
from tests.support.stage import Stage, a_stage

SONG = "song-of-this-journey"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage without a bot."""
    async with a_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
async def bot(stage: Stage) -> AsyncIterator[BotProcess]:
    """Return the bot, started, with its commands registered."""
    async with BotProcess(stage.folder, stage.environment) as bot:
        await stage.discord.wait_until_ready(timeout=30)
        await stage.discord.wait_until_commands(timeout=30)
        yield bot


async def kill(stage: Stage, bot: BotProcess) -> None:
    """Kill the bot, and wait until Discord has noticed."""
    assert await bot.kill() == -9
    await stage.discord.wait_until_gone()


async def start(stage: Stage, bot: BotProcess) -> None:
    """Start the bot again."""
    await bot.start()
    await stage.discord.wait_until_ready(timeout=30)


async def test_a_kill_while_the_song_is_made_costs_nothing(stage: Stage, bot: BotProcess) -> None:
    """Watched, killed, started again: exactly one notice, which mentions who watched."""
    stage.relay.add(song(SONG, takes=120))
    await stage.ask("suno watch", id=SONG)
    stage.relay.clock.advance(60)
    await kill(stage, bot)
    stage.relay.clock.advance(100)
    await start(stage, bot)
    notice = await stage.notice_of(SONG)
    assert notice.pinged == {stage.ada.id}
    await stage.ask("suno list")
    assert stage.notices_of(SONG) == [notice]


async def test_a_kill_after_discord_took_the_message_does_not_repeat_it(
    stage: Stage, bot: BotProcess
) -> None:
    """The bot dies before it hears that the message was posted; the nonce tells Discord."""
    stage.relay.add(song(SONG, takes=120))
    await stage.ask("suno watch", id=SONG)
    await stage.discord.wait_for(stage.cards, 10, "the card")
    stage.discord.faults.add(
        "POST /channels/{id}/messages", when="after", delay=60, channel=stage.songs, times=1
    )
    stage.relay.clock.advance(200)
    notice = await stage.notice_of(SONG)
    await kill(stage, bot)
    stage.discord.faults.clear()
    before = posts(stage)
    await start(stage, bot)
    await stage.discord.wait_for(lambda: posts(stage) > before, 15, "the repeat")
    assert stage.notices_of(SONG) == [notice]


def posts(stage: Stage) -> int:
    """Return how many posts of the bot to the channel of songs were answered."""
    path = f"/channels/{stage.songs.id}/messages"
    return sum(r.method == "POST" and r.path.endswith(path) for r in stage.discord.requests)


async def test_an_orderly_stop_is_quick_and_loses_nothing(stage: Stage, bot: BotProcess) -> None:
    """SIGTERM ends it with exit code 0; what was watched goes on at the next start."""
    stage.relay.add(song(SONG, takes=120))
    await stage.ask("suno watch", id=SONG)
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log
    stage.relay.clock.advance(200)
    await start(stage, bot)
    await stage.notice_of(SONG)


async def test_a_stop_while_a_session_begins_anew_is_quick_too(
    stage: Stage, bot: BotProcess
) -> None:
    """Discord has just declared the session invalid, and wants to be left alone for a while."""
    await stage.discord.invalidate_sessions()
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log


async def test_no_secret_is_in_the_log_or_in_the_database(stage: Stage, bot: BotProcess) -> None:
    """Neither the token nor the key, whatever happened."""
    stage.relay.add(song(SONG, takes=120))
    await stage.ask("suno watch", id=SONG)
    stage.relay.clock.advance(200)
    await stage.notice_of(SONG)
    await bot.stop()
    files = [path.read_bytes() for path in stage.folder.iterdir() if path.is_file()]
    assert len(files) >= 2
    for secret in (stage.discord.token, stage.relay.key):
        assert not any(secret.encode() in content for content in files)


@pytest.mark.usefixtures("bot")
async def test_a_second_bot_on_the_same_database_ends_at_once(stage: Stage) -> None:
    """It says why; the first one goes on as if nothing had been."""
    folder = stage.folder / "second"
    folder.mkdir()
    second = BotProcess(folder, stage.environment)
    await second.start()
    assert await second.ended() == 2
    assert "Another bot is running" in second.log
    assert "Traceback" not in second.log
    stage.relay.add(song(SONG, takes=120))
    await stage.ask("suno watch", id=SONG)
    stage.relay.clock.advance(200)
    await stage.notice_of(SONG)


async def test_a_watch_that_was_given_up_can_be_taken_up_again(
    stage: Stage, bot: BotProcess
) -> None:
    """By the button under its notice, also after a restart; then its end is told."""
    await bot.stop()
    impatient = BotProcess(stage.folder, stage.environment | {"WATCH_DEADLINE": "60"})
    stage.relay.add(song(SONG, takes=120))
    async with impatient:
        await stage.discord.wait_until_ready(timeout=30)
        await stage.ask("suno watch", id=SONG)
        await age(stage, impatient, by=61)
        notice = await stage.notice_of(SONG)
    await start(stage, bot)
    (button,) = notice.components[0]["components"]
    pressed = await stage.discord.press(stage.bea, notice, button["custom_id"])
    assert SONG in (await pressed.answered()).content
    stage.relay.clock.advance(200)
    await stage.discord.wait_for(lambda: len(stage.notices_of(SONG)) == 2, 15)
    assert stage.notices_of(SONG)[1].pinged == {stage.bea.id}


async def age(stage: Stage, bot: BotProcess, *, by: float) -> None:
    """Let every watch be so many seconds older, while the bot is stopped for a moment."""
    await bot.stop()
    with sqlite3.connect(stage.folder / "suno.db") as database:
        database.execute("UPDATE tasks SET deadline_at = deadline_at - ?", [by])
    database.close()
    await start(stage, bot)


@pytest.mark.usefixtures("bot")
async def test_a_thread_that_is_opened_again_gets_its_notice_at_once(stage: Stage) -> None:
    """discord.py forgets archived threads: that one is back is heard all the same."""
    thread = stage.guild.add_thread(stage.songs, "new songs")
    stage.relay.add(song(SONG, takes=120))
    watched = await stage.discord.command(stage.ada, thread, "suno watch", id=SONG)
    await watched.answered()
    thread.archive(locked=True)
    stage.relay.clock.advance(200)
    direct = stage.discord.open_dm(stage.ada)
    await stage.discord.wait_for(lambda: direct.messages, 15, "the word that it is held")
    thread.reopen()
    assert (await stage.notice_of(SONG, thread)).pinged == {stage.ada.id}
