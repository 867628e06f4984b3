"""Where notices go: every type of channel that takes messages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_for
from sandbox.discord import ActionUnavailable, Channel, Message
from sandbox.discord import channel_kinds as kinds
from sandbox.relay import song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

SONG = "a-song-with-a-long-id"
RUNNING = "a-running-song"
WORDS = catalog_for("en-US")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot, an ended song, and one that still runs."""
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox, running_bot(sandbox):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=1))
        sandbox.relay.clock.advance(10)
        sandbox.relay.add(song(RUNNING, title="City Windows", takes=300))
        yield sandbox


async def watch(
    sandbox: SandboxSession, place: Channel, task_id: str = SONG, **options: object
) -> Message:
    """Watch a task with a command in a channel; return the reply."""
    command = sandbox.discord.command(sandbox.ada, place, "suno watch", id=task_id, **options)
    return await (await command).wait_for_answer()


async def wait_for_post(sandbox: SandboxSession, forum: Channel) -> Channel:
    """Wait until a forum has a post with its message; return the post."""
    posts = await sandbox.discord.wait_for(
        lambda: [thread for thread in forum.threads if thread.messages], 120, "a post"
    )
    return posts[-1]


CHANNELS = [kinds.ANNOUNCEMENT, kinds.VOICE, kinds.STAGE]


@pytest.mark.parametrize("kind", CHANNELS)
@pytest.mark.parametrize("named", [False, True], ids=["here", "named"])
async def test_notices_go_to_every_channel_with_messages(
    sandbox: SandboxSession, kind: int, *, named: bool
) -> None:
    """Announcement channels and the chats of voice and stage channels."""
    place = sandbox.guild.add_channel("place", kind)
    if named:
        await watch(sandbox, sandbox.songs, channel=place)
    else:
        await watch(sandbox, place)
    await sandbox.wait_for_notice(SONG, place)


@pytest.mark.parametrize("kind", CHANNELS)
async def test_a_card_follows_a_task_in_every_channel_with_messages(
    sandbox: SandboxSession, kind: int
) -> None:
    """Its buttons work there, and it links to the notice."""
    place = sandbox.guild.add_channel("place", kind)
    await watch(sandbox, place, RUNNING)
    await sandbox.discord.wait_for(lambda: sandbox.cards(place), 120, "the card")
    sandbox.relay.clock.advance(600)
    notice = await sandbox.wait_for_notice(RUNNING, place)
    (card,) = sandbox.cards(place)
    await sandbox.discord.wait_for(lambda: notice.link in str(card.payload()), 120, "the link")


async def test_a_thread_of_an_announcement_channel_gets_notices(sandbox: SandboxSession) -> None:
    """Send Messages in Threads is needed there."""
    news = sandbox.guild.add_channel("news", kinds.ANNOUNCEMENT)
    thread = sandbox.guild.add_thread(news, "songs")
    assert thread.kind == kinds.ANNOUNCEMENT_THREAD
    await watch(sandbox, thread)
    await sandbox.wait_for_notice(SONG, thread)


@pytest.mark.parametrize("kind", [kinds.VOICE, kinds.STAGE])
async def test_a_voice_channel_needs_connect(sandbox: SandboxSession, kind: int) -> None:
    """Without it the bot does not see the chat."""
    place = sandbox.guild.add_channel("place", kind)
    place.deny("connect")
    answer = await watch(sandbox, sandbox.songs, channel=place)
    assert WORDS.text("permission-connect") in answer.content


async def test_a_category_takes_no_notices(sandbox: SandboxSession) -> None:
    """Discord's client does not offer it."""
    category = sandbox.guild.add_channel("category", kinds.CATEGORY)
    with pytest.raises(ActionUnavailable):
        await watch(sandbox, sandbox.songs, channel=category)


@pytest.mark.parametrize("kind", [kinds.FORUM, kinds.MEDIA])
async def test_a_watch_for_a_forum_ends_in_a_post(sandbox: SandboxSession, kind: int) -> None:
    """The reply says so; there is a card neither in the forum nor where the user asked."""
    forum = sandbox.guild.add_channel("hits", kind)
    answer = await watch(sandbox, sandbox.songs, RUNNING, channel=forum)
    assert answer.content.endswith(WORDS.text("watch-told-post", count=1, place=forum.mention))
    sandbox.relay.clock.advance(600)
    post = await wait_for_post(sandbox, forum)
    assert post.name == "City Windows"
    assert post.messages[0].pinged == {sandbox.ada.id}
    assert [thread.messages for thread in forum.threads] == [post.messages]
    assert sandbox.songs.messages == []


async def test_a_second_watch_for_a_forum_links_to_the_post(sandbox: SandboxSession) -> None:
    """The link leads to the message within the post."""
    forum = sandbox.guild.add_channel("hits", kinds.FORUM)
    await watch(sandbox, sandbox.songs, channel=forum)
    post = await wait_for_post(sandbox, forum)

    async def linked() -> bool:
        answer = await watch(sandbox, sandbox.songs, channel=forum)
        return post.messages[0].link in answer.content

    assert await linked() or await linked()  # the first may come before the acknowledgement
    assert len(forum.threads) == 1


async def test_a_server_can_collect_its_songs_in_a_forum(sandbox: SandboxSession) -> None:
    """A forum is the channel of the server's settings: every watch ends in a post there."""
    forum = sandbox.guild.add_channel("hits", kinds.FORUM)
    sandbox.guild.add_member(sandbox.bea, permissions=("manage_guild",))
    panel = (await sandbox.use_command("suno-settings panel", sandbox.bea)).messages[0]
    opened = await sandbox.discord.select(sandbox.bea, panel, "settings-menu", ["channel"])
    await opened.wait_for_acknowledgement()
    await sandbox.discord.wait_for(lambda: panel.find_component("settings:channel"))
    chosen = await sandbox.discord.select(sandbox.bea, panel, "settings:channel", [forum])
    await chosen.wait_for_acknowledgement()
    await sandbox.discord.wait_for(lambda: forum.mention in str(panel.payload()))
    await watch(sandbox, sandbox.songs)
    assert (await wait_for_post(sandbox, forum)).name == "Paper Boats"


async def test_people_post_on_in_a_post(sandbox: SandboxSession) -> None:
    """A watch in a post ends in a message in it, with a card before, as in any thread."""
    forum = sandbox.guild.add_channel("hits", kinds.FORUM)
    await watch(sandbox, sandbox.songs, channel=forum)
    post = await wait_for_post(sandbox, forum)
    await watch(sandbox, post, RUNNING)
    await sandbox.discord.wait_for(lambda: len(post.messages) == 2, 120, "the card")
    sandbox.relay.clock.advance(600)
    await sandbox.wait_for_notice(RUNNING, post)
    assert len(forum.threads) == 1


@pytest.mark.parametrize(
    ("denied", "missing"),
    [("send_messages", "create-posts"), ("view_channel", "view-channel")],
)
async def test_a_watch_for_a_forum_needs_permission_to_create_posts(
    sandbox: SandboxSession, denied: str, missing: str
) -> None:
    """Nothing is watched, and the reply names the permission as Discord does in a forum."""
    forum = sandbox.guild.add_channel("hits", kinds.FORUM)
    forum.deny(denied)
    answer = await watch(sandbox, sandbox.songs, channel=forum)
    assert WORDS.text(f"permission-{missing}") in answer.content
    forum.allow(denied)
    forum.deny(denied, target=sandbox.ada)
    answer = await watch(sandbox, sandbox.songs, channel=forum)
    assert answer.content == WORDS.text("watch-not-yours", channel=forum.mention)


async def test_a_watch_for_a_forum_needs_a_tag_where_one_is_required(
    sandbox: SandboxSession,
) -> None:
    """The reply says so at once; a moderator can apply every tag."""
    forum = sandbox.guild.add_channel("hits", kinds.FORUM)
    forum.add_tag("Official", moderated=True)
    forum.require_tag()
    answer = await watch(sandbox, sandbox.songs, channel=forum)
    assert answer.content == WORDS.text("watch-forum-tag", channel=forum.mention)
    assert (await sandbox.command_answer("suno list")).embeds == []
    sandbox.guild.grant("manage_threads")
    await watch(sandbox, sandbox.songs, channel=forum)
    post = await wait_for_post(sandbox, forum)
    assert post.applied_tags == [str(forum.forum.tags[0].id)]


async def test_the_history_of_a_forum_is_for_those_who_see_it(sandbox: SandboxSession) -> None:
    """As with any channel of the server."""
    forum = sandbox.guild.add_channel("hits", kinds.FORUM)
    await watch(sandbox, sandbox.songs, channel=forum)
    await wait_for_post(sandbox, forum)
    for hidden in (False, True):
        if hidden:
            forum.deny("view_channel", target=sandbox.bea)
        listed = str((await sandbox.command_answer("suno history", sandbox.bea)).embeds)
        assert ("Paper Boats" in listed) is not hidden
