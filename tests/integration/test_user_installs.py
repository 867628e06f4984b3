"""Commands of users who installed the bot themselves, where it is no member."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.discord import Channel, Interaction, User
from sandbox.relay import lyrics_task, song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

SONG = "a-song-with-a-long-id"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        async with running_bot(sandbox):
            yield sandbox


@pytest.fixture
def guest(sandbox: SandboxSession) -> User:
    """Return a user who has installed the bot for themselves."""
    return sandbox.discord.add_user("Cleo", installed=True)


@pytest.fixture(
    params=["a server without the bot", "its commands alone", "a conversation without the bot"]
)
def elsewhere(sandbox: SandboxSession, guest: User, request: pytest.FixtureRequest) -> Channel:
    """Return a channel of a server that the bot has not joined."""
    if request.param == "a conversation without the bot":
        return sandbox.discord.open_private(guest, sandbox.bea)
    commands_only = request.param == "its commands alone"
    guild = sandbox.discord.add_guild("Elsewhere", with_bot=False, commands_only=commands_only)
    guild.add_member(guest)
    return guild.add_channel("chat")


async def use_command(
    sandbox: SandboxSession, user: User, where: Channel, command: str, **options: object
) -> Interaction:
    """Use a command there and wait for its reply."""
    interaction = await sandbox.discord.command(user, where, command, **options)
    await interaction.wait_for_answer()
    return interaction


async def test_a_status_works_everywhere(
    sandbox: SandboxSession, guest: User, elsewhere: Channel
) -> None:
    """Replying to an interaction needs no membership."""
    answer = await use_command(sandbox, guest, elsewhere, "suno status", id=SONG)
    assert SONG in str(answer.messages[0].embeds)


async def test_lyrics_can_be_read_everywhere(
    sandbox: SandboxSession, guest: User, elsewhere: Channel
) -> None:
    """The reader and its page buttons work."""
    sandbox.relay.add(lyrics_task("words", text="[Verse]\nla", takes=1))
    sandbox.relay.clock.advance(10)
    answer = await use_command(sandbox, guest, elsewhere, "suno lyrics", id="words")
    assert "la" in answer.messages[0].embeds[0]["description"]


async def test_a_watch_without_membership_is_refused(
    sandbox: SandboxSession, guest: User, elsewhere: Channel
) -> None:
    """The bot could not post a notice there; the reply names the alternative."""
    answer = await use_command(sandbox, guest, elsewhere, "suno watch", id=SONG)
    assert "not a member" in answer.messages[0].content
    assert "private" in answer.messages[0].content
    listed = await use_command(sandbox, guest, elsewhere, "suno list")
    assert listed.messages[0].embeds == []


async def test_a_private_watch_works_from_everywhere(
    sandbox: SandboxSession, guest: User, elsewhere: Channel
) -> None:
    """The notice is a direct message."""
    await use_command(sandbox, guest, elsewhere, "suno watch", id=SONG, private=True)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG, sandbox.discord.open_dm(guest))
    assert notice.pinged == {guest.id}
    assert elsewhere.messages == []


async def test_the_settings_commands_are_not_user_installed(sandbox: SandboxSession) -> None:
    """They belong to a server."""
    (group,) = [c for c in sandbox.discord.commands.listed(None) if c["name"] == "suno-settings"]
    assert group["integration_types"] == [0]
    assert group["contexts"] == [0]


async def test_tasks_beyond_the_follow_up_limit_are_named(
    sandbox: SandboxSession, guest: User, elsewhere: Channel
) -> None:
    """The reply has at most five follow-ups and lists the ids of the omitted tasks.

    The limit does not apply in a server that authorized the commands.
    """
    ids = [f"words-{number}" for number in range(10)]
    sandbox.relay.add(*(lyrics_task(task_id, text="[Verse]\nla", takes=1) for task_id in ids))
    sandbox.relay.clock.advance(10)
    answer = await use_command(sandbox, guest, elsewhere, "suno lyrics", id=" ".join(ids))
    if elsewhere.guild and elsewhere.guild.commands_authorized:
        await sandbox.discord.wait_for(lambda: len(answer.messages) == 10)
        return
    await sandbox.discord.wait_for(lambda: len(answer.messages) == 6)
    *shown, last = answer.messages
    assert all(message.embeds for message in shown)
    assert "`words-5` `words-6` `words-7` `words-8` `words-9`" in last.content


async def test_naming_a_channel_without_membership_is_explained(
    sandbox: SandboxSession, guest: User
) -> None:
    """Trying again would not help, so the reply names the alternative."""
    guild = sandbox.discord.add_guild("Elsewhere", with_bot=False, commands_only=True)
    guild.add_member(guest)
    chat = guild.add_channel("chat")
    answer = await use_command(sandbox, guest, chat, "suno watch", id=SONG, channel=chat)
    assert "not a member" in answer.messages[0].content


@pytest.mark.parametrize("ended", [True, False], ids=["done", "running"])
async def test_a_private_watch_without_a_common_server_is_refused(
    sandbox: SandboxSession, *, ended: bool
) -> None:
    """Discord does not allow such direct messages; the reply says what helps."""
    dora = sandbox.discord.add_user("Dora")
    guild = sandbox.discord.add_guild("Elsewhere", commands_only=True)
    guild.add_member(dora)
    chat = guild.add_channel("chat")
    sandbox.relay.clock.advance(200 if ended else 0)
    answer = await use_command(sandbox, dora, chat, "suno watch", id=SONG, private=True)
    assert "no server in common" in answer.messages[0].content
    assert "Add App" in answer.messages[0].content
    listed = await use_command(sandbox, dora, chat, "suno list")
    assert listed.messages[0].embeds == []
