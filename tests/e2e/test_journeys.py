"""Tests of the bot as a process of its own that is killed and started again."""

import sqlite3
from collections.abc import AsyncIterator

import pytest

from sandbox.bot_process import BotProcess
from sandbox.relay import song
from tests.support.sandbox_session import SandboxSession

SONG = "song-of-this-journey"


@pytest.fixture
async def bot(sandbox: SandboxSession) -> AsyncIterator[BotProcess]:
    """Return the started bot with its commands registered."""
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        yield bot


async def kill(sandbox: SandboxSession, bot: BotProcess) -> None:
    """Kill the bot, and wait until Discord has noticed."""
    assert await bot.kill() == -9
    await sandbox.discord.wait_until_disconnected()


async def start(sandbox: SandboxSession, bot: BotProcess) -> None:
    """Start the bot again."""
    await bot.start()
    await sandbox.discord.wait_until_ready(timeout=120)


async def test_a_kill_while_a_song_runs_loses_no_notice(
    sandbox: SandboxSession, bot: BotProcess
) -> None:
    """After a restart, exactly one notice comes, and it mentions the watcher."""
    sandbox.relay.add(song(SONG, takes=120))
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.relay.clock.advance(60)
    await kill(sandbox, bot)
    sandbox.relay.clock.advance(100)
    await start(sandbox, bot)
    notice = await sandbox.wait_for_notice(SONG)
    assert notice.pinged == {sandbox.ada.id}
    await sandbox.command_answer("suno list")
    assert sandbox.notices(SONG) == [notice]


async def test_a_kill_after_discord_took_the_message_does_not_repeat_it(
    sandbox: SandboxSession, bot: BotProcess
) -> None:
    """A bot killed before it got Discord's response does not post again, thanks to the nonce."""
    sandbox.relay.add(song(SONG, takes=120))
    await sandbox.command_answer("suno watch", id=SONG)
    await sandbox.discord.wait_for(sandbox.cards, 120, "the card")
    sandbox.discord.faults.add(
        "POST /channels/{id}/messages", when="after", delay=60, channel=sandbox.songs, times=1
    )
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    await kill(sandbox, bot)
    sandbox.discord.faults.clear()
    before = posts(sandbox)
    await start(sandbox, bot)
    await sandbox.discord.wait_for(lambda: posts(sandbox) > before, 120, "the repeat")
    assert sandbox.notices(SONG) == [notice]


def posts(sandbox: SandboxSession) -> int:
    """Return how many of the bot's posts to the songs channel got a response."""
    path = f"/channels/{sandbox.songs.id}/messages"
    return sum(r.method == "POST" and r.path.endswith(path) for r in sandbox.discord.requests)


async def test_an_orderly_shutdown_is_quick_and_loses_no_watch(
    sandbox: SandboxSession, bot: BotProcess
) -> None:
    """SIGTERM ends the bot with exit code 0, and the next start continues its watches."""
    sandbox.relay.add(song(SONG, takes=120))
    await sandbox.command_answer("suno watch", id=SONG)
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log
    sandbox.relay.clock.advance(200)
    await start(sandbox, bot)
    await sandbox.wait_for_notice(SONG)


async def test_a_shutdown_during_session_invalidation_is_quick(
    sandbox: SandboxSession, bot: BotProcess
) -> None:
    """The wait before a new IDENTIFY does not delay the exit."""
    await sandbox.discord.invalidate_sessions()
    assert await bot.stop() == 0
    assert "Traceback" not in bot.log


async def test_no_secret_is_in_the_log_or_in_the_database(
    sandbox: SandboxSession, bot: BotProcess
) -> None:
    """Neither the token nor the key is written to the log or the database."""
    sandbox.relay.add(song(SONG, takes=120))
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG)
    await bot.stop()
    files = [path.read_bytes() for path in sandbox.folder.iterdir() if path.is_file()]
    assert len(files) >= 2
    for secret in (sandbox.discord.token, sandbox.relay.key):
        assert not any(secret.encode() in content for content in files)


@pytest.mark.usefixtures("bot")
async def test_a_second_bot_on_the_same_database_exits_at_once(sandbox: SandboxSession) -> None:
    """The second bot logs the reason, and the first one continues."""
    folder = sandbox.folder / "second"
    folder.mkdir()
    second = BotProcess(folder, sandbox.environment)
    await second.start()
    assert await second.ended() == 2
    assert "Another bot is running" in second.log
    assert "Traceback" not in second.log
    sandbox.relay.add(song(SONG, takes=120))
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG)


async def test_a_given_up_watch_can_be_resumed(sandbox: SandboxSession, bot: BotProcess) -> None:
    """The button under its notice resumes it, also after a restart, and its end is notified."""
    await bot.stop()
    impatient = BotProcess(sandbox.folder, sandbox.environment | {"WATCH_DEADLINE": "60"})
    sandbox.relay.add(song(SONG, takes=120))
    async with impatient:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.command_answer("suno watch", id=SONG)
        await age(sandbox, impatient, by=61)
        notice = await sandbox.wait_for_notice(SONG)
    await start(sandbox, bot)
    (button,) = notice.components[0]["components"]
    pressed = await sandbox.discord.press(sandbox.bea, notice, button["custom_id"])
    assert SONG in (await pressed.wait_for_answer()).content
    sandbox.relay.clock.advance(200)
    await sandbox.discord.wait_for(lambda: len(sandbox.notices(SONG)) == 2, 120)
    assert sandbox.notices(SONG)[1].pinged == {sandbox.bea.id}


async def age(sandbox: SandboxSession, bot: BotProcess, *, by: float) -> None:
    """Make every watch so many seconds older, while the bot is stopped."""
    await bot.stop()
    with sqlite3.connect(sandbox.folder / "suno.db") as database:
        database.execute("UPDATE tasks SET deadline_at = deadline_at - ?", [by])
    database.close()
    await start(sandbox, bot)


@pytest.mark.usefixtures("bot")
async def test_an_unarchived_thread_gets_its_notice_at_once(
    sandbox: SandboxSession,
) -> None:
    """discord.py drops archived threads from its cache; the bot still handles the event."""
    thread = sandbox.guild.add_thread(sandbox.songs, "new songs")
    sandbox.relay.add(song(SONG, takes=120))
    watched = await sandbox.discord.command(sandbox.ada, thread, "suno watch", id=SONG)
    await watched.wait_for_answer()
    thread.archive(locked=True)
    sandbox.relay.clock.advance(200)
    direct = sandbox.discord.open_dm(sandbox.ada)
    await sandbox.discord.wait_for(lambda: direct.messages, 120, "the word that it is held")
    thread.reopen()
    assert (await sandbox.wait_for_notice(SONG, thread)).pinged == {sandbox.ada.id}
