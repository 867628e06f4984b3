"""Buttons in messages of another database, whose numbers are given again.

That happens where an operator starts with an empty database, or restores a backup.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_for
from bot.ui.custom_ids import KeepWatchingId, LiveCardButtonId
from sandbox.discord import Channel, Message
from sandbox.discord.channel_kinds import FORUM, TEXT
from sandbox.relay import faults, song
from tests.support.creation_studio import button, custom_ids, open_studio
from tests.support.replies import with_plain_commands
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

ENGLISH = catalog_for("en-US")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a private channel of Bea's; no bot runs yet."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.lyrics.deny("view_channel", target=sandbox.ada)
        yield sandbox


@asynccontextmanager
async def another_database(sandbox: SandboxSession) -> AsyncIterator[None]:
    """Run the bot with an empty database."""
    await sandbox.discord.wait_until_disconnected()
    for file in sandbox.folder.glob("suno.db*"):
        file.unlink()
    async with running_bot(sandbox):
        yield


async def watch(sandbox: SandboxSession, place: Channel, task_id: str, **options: object) -> None:
    """Let Bea watch a song."""
    sandbox.relay.add(song(task_id, title=task_id, takes=100))
    used = await sandbox.discord.command(sandbox.bea, place, "suno watch", id=task_id, **options)
    await used.wait_for_answer(timeout=120)


async def card_in(sandbox: SandboxSession, channel: Channel) -> Message:
    """Wait for the card in a channel."""
    cards = await sandbox.discord.wait_for(lambda: sandbox.cards(channel), 120, "the card")
    return cards[-1]


async def answer_to(sandbox: SandboxSession, message: Message, custom_id: str) -> str:
    """Let Ada press a button; return the answer."""
    pressed = await sandbox.discord.press(sandbox.ada, message, custom_id)
    return with_plain_commands((await pressed.wait_for_answer(timeout=120)).content)


@pytest.mark.parametrize("action", ["join", "leave"])
async def test_a_card_of_another_database_does_not_stand_for_a_private_one(
    sandbox: SandboxSession, action: str
) -> None:
    """Nobody learns of the tasks of a card in another channel that has the same number."""
    join = LiveCardButtonId(action, 1).encode()
    async with running_bot(sandbox):
        await watch(sandbox, sandbox.songs, "public")
        old = await card_in(sandbox, sandbox.songs)
        assert join in custom_ids(old)
    async with another_database(sandbox):
        await watch(sandbox, sandbox.lyrics, "private")
        assert join in custom_ids(await card_in(sandbox, sandbox.lyrics))
        answer = await answer_to(sandbox, old, join)
        assert answer == with_plain_commands(ENGLISH.text("live-ended"))
        await sandbox.discord.wait_for(lambda: "any more" in old.content, 120, "the old card")


@pytest.mark.parametrize("channel_name", ["songs", "lyrics"])
async def test_keep_watching_is_about_its_own_message(
    sandbox: SandboxSession, channel_name: str
) -> None:
    """*Keep watching* watches no task of another message, be it in this channel or in another."""
    place = {"songs": sandbox.songs, "lyrics": sandbox.lyrics}[channel_name]
    async with running_bot(sandbox):
        await watch(sandbox, place, "other")
        sandbox.relay.clock.advance(200)
        await sandbox.wait_for_notice("other", place)
        notice = await old_message(sandbox, KeepWatchingId(1).encode())
        answer = await answer_to(sandbox, notice, KeepWatchingId(1).encode())
        assert answer == with_plain_commands(ENGLISH.text("keep-watching-gone"))


async def test_keep_watching_is_answered_after_retention(sandbox: SandboxSession) -> None:
    """A message whose delivery was deleted does not say that the relay lost the task."""
    async with running_bot(sandbox):
        notice = await old_message(sandbox, KeepWatchingId(99).encode())
        answer = await answer_to(sandbox, notice, KeepWatchingId(99).encode())
        assert answer == with_plain_commands(ENGLISH.text("keep-watching-gone"))


@pytest.mark.parametrize("kind", [TEXT, FORUM])
async def test_keep_watching_watches_the_task_of_its_message(
    sandbox: SandboxSession, kind: int
) -> None:
    """The button works under the message of the delivery that it names, also in a forum."""
    results = sandbox.guild.add_channel("results", kind)
    async with running_bot(sandbox):
        await watch(sandbox, sandbox.songs, "slow", channel=results)
        with closing(sqlite3.connect(sandbox.folder / "suno.db")) as database, database:
            database.execute("UPDATE tasks SET deadline_at = added_at")
        posts = await sandbox.discord.wait_for(
            lambda: [each for each in [results, *sandbox.guild.threads] if each.messages], 120
        )
        notice = await sandbox.wait_for_notice("slow", posts[-1])
        answer = await answer_to(sandbox, notice, KeepWatchingId(1).encode())
        assert answer.startswith("👀 Watching")


async def old_message(sandbox: SandboxSession, custom_id: str) -> Message:
    """Return a message of the bot in the songs channel that has some button."""
    await watch(sandbox, sandbox.songs, "another")
    message = await card_in(sandbox, sandbox.songs)
    component = {"type": 2, "style": 2, "label": "Press", "id": 2, "custom_id": custom_id}
    message.components[:] = [{"type": 1, "id": 1, "components": [component]}]
    return message


@pytest.mark.parametrize("is_same", [True, False])
async def test_try_again_repeats_no_request_of_another_channel(
    tmp_path: Path, is_same: bool
) -> None:
    """A request has the same number as that of a message in an older database."""
    async with open_studio(tmp_path) as studio:
        sandbox = studio.sandbox
        sandbox.relay.faults.add(faults.bad_request(), path="/suno/submit/music")
        place = sandbox.songs if is_same else sandbox.lyrics
        asked = await sandbox.discord.command(
            studio.bea, place, "suno create", description="a secret harbour"
        )
        await asked.wait_for_answer(timeout=120)
        notices = await sandbox.discord.wait_for(
            lambda: [each for each in place.messages if "create:again:" in str(each.payload())],
            120,
        )
        again = button(notices[0], "create:again:")
        sandbox.relay.faults.clear()
        old = await old_message(sandbox, again)
        pressed = await studio.press(old, again)
        answer = with_plain_commands(pressed.messages[0].content)
        refusal = with_plain_commands(studio.text("create-refused-request-unknown"))
        assert (answer == refusal) is not is_same
