"""Notices in forums: each begins a post of its own, which is started exactly once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.delivery.duplicate_check import MAX_POSTS_READ
from bot.i18n.catalog import catalog_for
from bot.relay.models import Task
from bot.storage.erasure import Erasure
from bot.storage.models import WatchRequest
from bot.storage.outbox import POST_SETTLE_TIME
from bot.storage.retention import RETENTION_PERIOD, Retention
from sandbox.discord import Channel, Message, body_contains
from sandbox.discord.channel_kinds import FORUM, MEDIA
from sandbox.discord.permissions import NONE, Overwrite, Permission
from tests.support.builders import NOON, a_clip, a_song
from tests.support.delivery import a_dispatcher
from tests.support.dispatcher_harness import (
    POLICY,
    START_POST,
    DispatcherHarness,
    add_member,
    connected,
    destination_of,
    sent_from_another_shard,
    traced_client,
)

WORDS = catalog_for("en-US")
READ_FIRST = "GET /channels/{id}/messages/{message}"


async def add_forum(dispatching: DispatcherHarness, kind: int = FORUM) -> Channel:
    """Add a forum, and wait until the client knows it."""
    forum = dispatching.guild.add_channel("hits", kind)
    await until_known(dispatching, forum)
    return forum


async def until_known(dispatching: DispatcherHarness, forum: Channel) -> None:
    """Wait until the client's cache shows a forum as it is."""

    def known() -> bool:
        found = dispatching.client.get_channel(forum.id)
        return (
            isinstance(found, discord.ForumChannel)
            and len(found.available_tags) == len(forum.forum.tags)
            and found.flags.require_tag is forum.forum.requires_tag
        )

    async with asyncio.timeout(120):
        while not known():  # noqa: ASYNC110 # the client has no event for it
            await asyncio.sleep(0.01)


async def deliver(
    dispatching: DispatcherHarness, forum: Channel, after: float = 0.0
) -> list[Message]:
    """Advance the clock and send what is due; return the first messages of the posts."""
    await dispatching.deliver(after)
    return [thread.messages[0] for thread in forum.threads if not thread.deleted]


async def lose_result(dispatching: DispatcherHarness, forum: Channel, **fault: Any) -> Message:
    """Start a post of whose start the bot does not learn; return its first message."""
    fault = fault or {"drop": True}
    dispatching.local.faults.add(START_POST, when="after", **fault)
    await dispatching.enqueue(a_song(), channel=forum)
    (message,) = await deliver(dispatching, forum)
    assert [state for state, _ in await dispatching.states()] == ["due"]
    return message


def titled(title: str, task_id: str = "song") -> Task:
    """Return a finished song with a title."""
    return a_song(task_id, clips=(a_clip(title=title),))


@asynccontextmanager
async def new_process(
    dispatching: DispatcherHarness, *, connects: bool = True
) -> AsyncIterator[None]:
    """Deliver with another client and another dispatcher, as a process does that starts."""
    client = traced_client(dispatching.request_monitor)
    async with AsyncExitStack() as stack:
        if connects:
            await stack.enter_async_context(connected(client, dispatching.local))
        else:
            await stack.enter_async_context(client)
            await client.login(dispatching.local.token)
        dispatching.dispatcher = a_dispatcher(
            client, dispatching.outbox, POLICY, clock=dispatching.local.clock.now
        )
        yield


def is_possible_duplicate(message: Message) -> bool:
    """Whether a notice says that it may have been posted before."""
    return WORDS.text("notice-possible-duplicate") in message.content


@pytest.mark.parametrize("kind", [FORUM, MEDIA])
async def test_a_notice_in_a_forum_begins_a_post(dispatching: DispatcherHarness, kind: int) -> None:
    """The post has the name of the song, and its first message mentions the watcher."""
    forum, ada = await add_forum(dispatching, kind), add_member(dispatching)
    await dispatching.enqueue(titled("Paper *Boats*"), ada.id, channel=forum)
    (message,) = await deliver(dispatching, forum)
    assert message.channel.name == "Paper *Boats*"
    assert message.pinged == {ada.id}
    assert "clip-1.mp3" in str(message.payload())
    assert await dispatching.states() == [("sent", None)]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", WORDS.text("post-untitled")),
        (" \n\u200b ", WORDS.text("post-untitled")),
        ("x" * 300, None),
        ("two\nlines", "two lines"),
    ],
    ids=["empty", "blank", "long", "lines"],
)
async def test_a_post_has_a_title_that_discord_takes(
    dispatching: DispatcherHarness, title: str, name: str | None
) -> None:
    """It is one line of at most 100 code points, and never empty."""
    forum = await add_forum(dispatching)
    await dispatching.enqueue(titled(title), channel=forum)
    (message,) = await deliver(dispatching, forum)
    assert len(message.channel.name) <= 100
    assert name in (None, message.channel.name)


async def test_a_refused_title_is_replaced(dispatching: DispatcherHarness) -> None:
    """Where AutoMod refuses what the relay wrote, the title is the bot's own too."""
    forum = await add_forum(dispatching)
    refused = body_contains("paper")
    dispatching.local.faults.add(START_POST, status=400, code=200001, where=refused, times=None)
    await dispatching.enqueue(titled("Paper"), channel=forum)
    (message,) = await deliver(dispatching, forum)
    assert message.channel.name == WORDS.text("post-untitled")


async def test_notices_without_permission_to_embed_are_completed(
    dispatching: DispatcherHarness,
) -> None:
    """The first message of the post is edited as in a channel."""
    forum = await add_forum(dispatching)
    forum.deny("embed_links")
    await dispatching.enqueue(a_song(), channel=forum)
    (message,) = await deliver(dispatching, forum)
    assert "clip-1.mp3" in message.content


async def test_each_song_is_a_post_of_its_own(dispatching: DispatcherHarness) -> None:
    """They are started in the order in which the songs ended."""
    forum = await add_forum(dispatching)
    for name in ("one", "two", "three"):
        await dispatching.enqueue(titled(name, name), channel=forum)
    posts = await deliver(dispatching, forum)
    assert [post.channel.name for post in posts] == ["one", "two", "three"]


async def test_a_forum_is_delivered_to_without_the_gateway(
    dispatching: DispatcherHarness,
) -> None:
    """What a forum needs is read from Discord then."""
    forum = dispatching.guild.add_channel("hits", FORUM)
    tag = forum.add_tag("Songs")
    forum.require_tag()
    await dispatching.enqueue(a_song(), channel=forum)
    async with new_process(dispatching, connects=False):
        (message,) = await deliver(dispatching, forum)
    assert message.channel.applied_tags == [str(tag.id)]


# Exactly once


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": True},
        {"status": 500},
        {"status": 502, "html": True},
        {"status": 503},
        {"status": 504, "html": True},
        {"status": 524, "html": True},
        {"status": 413, "html": True},
    ],
    ids=str,
)
async def test_a_post_of_unknown_result_is_found(
    dispatching: DispatcherHarness, fault: dict[str, Any]
) -> None:
    """It has no nonce; discord.py must not repeat it by itself after a server error."""
    forum = await add_forum(dispatching)
    message = await lose_result(dispatching, forum, **fault)
    assert await deliver(dispatching, forum, after=POST_SETTLE_TIME - 1) == [message]
    assert (await dispatching.states())[0][0] == "due"
    assert await deliver(dispatching, forum, after=POST_SETTLE_TIME) == [message]
    assert await dispatching.states() == [("sent", None)]
    assert len(forum.threads) == 1


async def test_a_post_is_not_searched_while_discord_may_still_begin_it(
    dispatching: DispatcherHarness,
) -> None:
    """Cloudflare waits 100 seconds for Discord; who searches earlier finds nothing."""
    forum = await add_forum(dispatching)
    fault = dispatching.local.faults.add(START_POST, drop=True, times=2)
    await dispatching.enqueue(a_song(), channel=forum)
    await deliver(dispatching, forum, after=0)
    await deliver(dispatching, forum, after=100)
    assert fault.hits == 1


@pytest.mark.parametrize("applied", [False, True], ids=["not started", "started"])
async def test_a_forum_of_another_processs_shard_is_searched(
    dispatching: DispatcherHarness, *, applied: bool
) -> None:
    """The leader sends for every server, of which the gateway tells it its own alone."""
    forum = await add_forum(dispatching)
    when: Any = "after" if applied else "before"
    dispatching.local.faults.add(START_POST, drop=True, when=when)
    await dispatching.enqueue(a_song(), channel=forum)
    async with sent_from_another_shard(dispatching) as leader:
        assert len(await deliver(leader, forum)) == applied
        (message,) = await deliver(leader, forum, after=POST_SETTLE_TIME)
    assert not is_possible_duplicate(message)
    assert await dispatching.states() == [("sent", None)]


async def test_a_forum_that_the_bot_has_left_is_not_waited_for(
    dispatching: DispatcherHarness,
) -> None:
    """Whoever waits is told directly; the gateway will not send the server again."""
    forum = await add_forum(dispatching)
    dispatching.local.faults.add(START_POST, drop=True)
    await dispatching.enqueue(a_song(), channel=forum)
    async with sent_from_another_shard(dispatching) as leader:
        await deliver(leader, forum)
        dispatching.local.faults.add("GET /channels/{id}", status=403, code=50001, times=None)
        await deliver(leader, forum, after=POST_SETTLE_TIME)
    states = [state for state, _ in await dispatching.states()]
    assert states[:2] == ["dropped", "sent"]  # it, and the direct message in its place


@pytest.mark.parametrize("applied", [False, True], ids=["not started", "started"])
async def test_a_killed_process_starts_a_post_once(
    dispatching: DispatcherHarness, *, applied: bool
) -> None:
    """The next process searches the forum for what the killed one may have started."""
    forum = await add_forum(dispatching)
    when: Any = "after" if applied else "before"
    fault = dispatching.local.faults.add(START_POST, delay=3600, drop=True, when=when)
    await dispatching.enqueue(a_song(), channel=forum)
    killed = a_dispatcher(
        dispatching.client, dispatching.outbox, replace(POLICY, shutdown_timeout=0.0)
    )
    await killed.tick()
    await dispatching.local.wait_for(lambda: fault.hits and len(forum.threads) == applied)
    await killed.finish()
    async with new_process(dispatching):
        assert len(await deliver(dispatching, forum)) == applied
        (message,) = await deliver(dispatching, forum, after=POST_SETTLE_TIME)
    assert not is_possible_duplicate(message)
    assert (await dispatching.states())[0] == ("sent", None)


async def test_a_late_post_is_waited_for(dispatching: DispatcherHarness) -> None:
    """Its result counts, however late; nothing is started meanwhile."""
    forum = await add_forum(dispatching)
    dispatching.dispatcher = a_dispatcher(
        dispatching.client,
        dispatching.outbox,
        replace(POLICY, attempt_timeout=1),
        clock=dispatching.local.clock.now,
    )
    dispatching.local.faults.add(START_POST, when="after", delay=2)
    await dispatching.enqueue(a_song(), channel=forum)
    (message,) = await deliver(dispatching, forum)
    assert await deliver(dispatching, forum, after=3600) == [message]
    assert await dispatching.states() == [("sent", None)]


async def test_a_refused_post_needs_no_search(dispatching: DispatcherHarness) -> None:
    """Discord's own refusal proves that nothing was started."""
    forum = await add_forum(dispatching)
    forum.deny("read_message_history")
    dispatching.local.faults.add(START_POST, status=403, code=20028)
    await dispatching.enqueue(a_song(), channel=forum)
    assert await deliver(dispatching, forum) == []
    (message,) = await deliver(dispatching, forum, after=2)
    assert not is_possible_duplicate(message)


async def test_an_archived_post_is_found(dispatching: DispatcherHarness) -> None:
    """Discord lists archived posts apart from the active ones."""
    forum = await add_forum(dispatching)
    message = await lose_result(dispatching, forum)
    forum.threads[0].archive()
    assert await deliver(dispatching, forum, after=3600) == [message]
    assert await dispatching.states() == [("sent", None)]


async def test_an_archived_post_cannot_be_found_without_permission(
    dispatching: DispatcherHarness,
) -> None:
    """Then the notice is posted again, and says that it may be a duplicate."""
    forum = await add_forum(dispatching)
    first = await lose_result(dispatching, forum)
    forum.threads[0].archive()
    overwrite = forum.overwrites.setdefault(forum.shared.bot.id, Overwrite())
    overwrite.change(allow=NONE, deny=Permission.READ_MESSAGE_HISTORY)
    messages = await deliver(dispatching, forum, after=POST_SETTLE_TIME)
    assert messages[0] is first
    assert is_possible_duplicate(messages[1])
    assert await dispatching.states() == [("sent", None)]


async def test_a_post_that_cannot_be_read_may_be_duplicated(
    dispatching: DispatcherHarness,
) -> None:
    """The bot sees that it has started one, but not which."""
    forum = await add_forum(dispatching)
    first = await lose_result(dispatching, forum)
    forum.deny("read_message_history")
    messages = await deliver(dispatching, forum, after=POST_SETTLE_TIME)
    assert messages[0] is first
    assert is_possible_duplicate(messages[1])


async def test_a_post_whose_first_message_is_deleted_may_be_duplicated(
    dispatching: DispatcherHarness,
) -> None:
    """The rest of the post does not say what it was."""
    forum = await add_forum(dispatching)
    dispatching.local.delete_message(await lose_result(dispatching, forum))
    dispatching.local.clock.advance(POST_SETTLE_TIME)
    await dispatching.deliver()
    assert is_possible_duplicate(forum.threads[1].messages[0])


async def test_a_deleted_post_is_started_again(dispatching: DispatcherHarness) -> None:
    """Nothing shows that there was one: as with a deleted message."""
    forum = await add_forum(dispatching)
    await lose_result(dispatching, forum)
    forum.threads[0].delete()
    (message,) = await deliver(dispatching, forum, after=POST_SETTLE_TIME)
    assert not is_possible_duplicate(message)


async def test_other_posts_are_no_duplicates(dispatching: DispatcherHarness) -> None:
    """Neither an earlier notice of the song, nor another song, nor what people post."""
    forum, ada = await add_forum(dispatching), add_member(dispatching)
    await dispatching.enqueue(a_song(), channel=forum)
    await dispatching.enqueue(a_song("other"), channel=forum)
    assert len(await deliver(dispatching, forum)) == 2
    post = dispatching.guild.add_thread(forum, "song", owner=ada)
    dispatching.local.send_message(ada, post, "-# `♪ song`")
    dispatching.local.clock.advance(700)
    dispatching.local.faults.add(START_POST, drop=True)
    await dispatching.enqueue(a_song(), channel=forum)
    assert len(await deliver(dispatching, forum)) == 3
    messages = await deliver(dispatching, forum, after=POST_SETTLE_TIME)
    assert len(messages) == 4
    assert not is_possible_duplicate(messages[3])


async def test_only_posts_of_unknown_origin_are_read(dispatching: DispatcherHarness) -> None:
    """What other deliveries have posted is known; too many others are not read at all."""
    forum = await add_forum(dispatching)
    bot, ids = dispatching.local.bot_user, forum.shared.ids
    for _ in range(MAX_POSTS_READ + 1):
        dispatching.guild.add_thread(forum, "x", identity=ids.timestamp_id(), owner=bot)
    dispatching.local.faults.add(START_POST, drop=True)
    await dispatching.enqueue(a_song(), channel=forum)
    await dispatching.deliver()
    await dispatching.deliver(after=POST_SETTLE_TIME)
    assert is_possible_duplicate(forum.threads[-1].messages[0])
    reads = [one for one in dispatching.local.requests if "/messages/" in one.path]
    assert len(reads) == MAX_POSTS_READ


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (READ_FIRST, {"status": 503}),
        (READ_FIRST, {"status": 403, "html": True}),
        ("GET /guilds/{id}/threads/active", {"status": 503}),
        ("GET /channels/{id}/threads/archived/public", {"status": 403, "html": True}),
    ],
    ids=str,
)
async def test_a_failed_search_is_repeated(
    dispatching: DispatcherHarness, request_: str, fault: dict[str, Any]
) -> None:
    """Trouble on the way says nothing about the posts."""
    forum = await add_forum(dispatching)
    message = await lose_result(dispatching, forum)
    dispatching.local.faults.add(request_, **fault)
    assert await deliver(dispatching, forum, after=POST_SETTLE_TIME) == [message]
    assert (await dispatching.states())[0][0] == "due"
    assert await deliver(dispatching, forum, after=60) == [message]
    assert await dispatching.states() == [("sent", None)]


# What a forum lacks


async def test_a_forum_gets_a_tag_if_it_requires_one(dispatching: DispatcherHarness) -> None:
    """The first that the bot may apply; none where none is needed."""
    forum = await add_forum(dispatching)
    forum.add_tag("Official", moderated=True)
    tag = forum.add_tag("Songs")
    await until_known(dispatching, forum)
    await dispatching.enqueue(a_song("free"), channel=forum)
    await dispatching.deliver()
    forum.require_tag()
    await until_known(dispatching, forum)
    await dispatching.enqueue(a_song("tagged"), channel=forum)
    await dispatching.deliver()
    assert [post.applied_tags for post in forum.threads] == [[], [str(tag.id)]]


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "not allowed"])
async def test_a_leader_tries_a_moderated_tag_in_a_server_of_another_shard(
    dispatching: DispatcherHarness, *, allowed: bool
) -> None:
    """It does not know what the bot may do there; a post without a tag would be refused."""
    forum = await add_forum(dispatching)
    for name in ("Official", "Charts"):
        forum.add_tag(name, moderated=True)
    forum.require_tag()
    if allowed:
        dispatching.guild.grant("manage_threads")
    await dispatching.enqueue(a_song(), channel=forum)
    async with sent_from_another_shard(dispatching) as leader:
        messages = await deliver(leader, forum)
    assert [each.channel.applied_tags for each in messages] == (
        [[str(forum.forum.tags[0].id)]] if allowed else []
    )
    state, *_ = await dispatching.states()
    assert state == (("sent", None) if allowed else ("held", "missing:"))


@pytest.mark.parametrize("moderated", [False, True], ids=["no tag", "moderated tag"])
async def test_a_notice_waits_for_a_tag(dispatching: DispatcherHarness, *, moderated: bool) -> None:
    """The watcher is told what is missing; it is posted once there is a tag."""
    forum, ada = await add_forum(dispatching), add_member(dispatching)
    if moderated:
        forum.add_tag("Official", moderated=True)
    forum.require_tag()
    await until_known(dispatching, forum)
    await dispatching.enqueue(a_song(), ada.id, channel=forum)
    assert await deliver(dispatching, forum) == []
    await dispatching.deliver(after=10)  # sends the held notice
    assert (await dispatching.states())[0] == ("held", "forum_tag")
    (told,) = dispatching.local.open_dm(ada).messages
    assert WORDS.text("held-notice-forum-tag") in told.content
    blocker = dispatching.dispatcher.channel_blocker
    await blocker.retry_unblocked(dispatching.guild.id)
    assert await deliver(dispatching, forum) == []
    forum.add_tag("Songs")
    await until_known(dispatching, forum)
    await blocker.retry_unblocked(dispatching.guild.id)
    assert len(await deliver(dispatching, forum)) == 1


async def test_a_notice_waits_for_permission_to_create_posts(
    dispatching: DispatcherHarness,
) -> None:
    """Sending in threads is not needed for the first message."""
    forum, ada = await add_forum(dispatching), add_member(dispatching)
    forum.deny("send_messages")
    await dispatching.enqueue(a_song(), ada.id, channel=forum)
    assert await deliver(dispatching, forum) == []
    await dispatching.deliver(after=10)
    (told,) = dispatching.local.open_dm(ada).messages
    assert WORDS.text("permission-create-posts") in told.content
    forum.allow("send_messages")
    forum.deny("send_messages_in_threads")
    assert len(await deliver(dispatching, forum, after=600)) == 1


async def test_a_server_full_of_threads_delays_a_post(dispatching: DispatcherHarness) -> None:
    """It is started once there is room."""
    forum = await add_forum(dispatching)
    dispatching.guild.add_thread(forum, "old")
    dispatching.guild.max_active_threads = 1
    await dispatching.enqueue(a_song(), channel=forum)
    await dispatching.deliver()
    assert await dispatching.states() == [("due", "400/160006")]
    forum.threads[0].archive()
    await dispatching.deliver(after=2)
    assert await dispatching.states() == [("sent", None)]


@pytest.mark.parametrize("unconfirmed", [False, True])
async def test_a_deleted_forum_redirects_to_direct_messages(
    dispatching: DispatcherHarness, *, unconfirmed: bool
) -> None:
    """They say so if the post may have been started before."""
    forum, ada = await add_forum(dispatching), add_member(dispatching)
    if unconfirmed:
        dispatching.local.faults.add(START_POST, drop=True, when="after")
    await dispatching.enqueue(a_song(), ada.id, channel=forum)
    if unconfirmed:
        await dispatching.deliver()
    forum.delete()
    await dispatching.deliver(after=POST_SETTLE_TIME)
    (direct,) = dispatching.local.open_dm(ada).messages
    assert WORDS.text("notice-instead", place=forum.mention) in direct.content
    assert is_possible_duplicate(direct) is unconfirmed


# What is stored


async def test_the_post_of_a_notice_is_stored(dispatching: DispatcherHarness) -> None:
    """Somebody who asks soon afterwards gets a link into the post."""
    forum = await add_forum(dispatching)
    await dispatching.enqueue(a_song(), channel=forum)
    (message,) = await deliver(dispatching, forum)
    joined = await dispatching.store.add_finished(
        a_song(), WatchRequest(7, destination_of(forum)), dispatching.now
    )
    assert joined is not None
    assert (joined.thread_id, joined.message_id) == (message.channel.id, message.id)


@pytest.mark.parametrize("erased", [False, True], ids=["expired", "erased"])
async def test_a_forum_is_stored_as_long_as_something_is_about_it(
    dispatching: DispatcherHarness, *, erased: bool
) -> None:
    """Its row expires with the last delivery, and is erased with its server."""
    forum = await add_forum(dispatching)
    await dispatching.enqueue(a_song(), channel=forum)
    await deliver(dispatching, forum)
    database = dispatching.outbox._database
    await Retention(database).prune(dispatching.now)
    assert len(await database.read("SELECT * FROM forums", [])) == 1
    if erased:
        await Erasure(database).erase_server(dispatching.guild.id, NOON)
    else:
        await Retention(database).prune(dispatching.now + RETENTION_PERIOD + 1)
    assert await database.read("SELECT * FROM forums", []) == []
