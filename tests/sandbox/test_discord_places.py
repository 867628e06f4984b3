"""Tests of the channel and thread types at the local Discord, and of access to them."""

from typing import Any

import discord
import pytest

from sandbox.discord import ActionUnavailable
from sandbox.discord import channel_kinds as kinds
from tests.support.sandbox_client import connected_client, logged_in_client, status_and_code


async def refused(call: Any) -> tuple[int, int]:
    """Give the status and the code with which a call is refused."""
    with pytest.raises(discord.HTTPException) as error:
        await call
    return status_and_code(error.value)


@pytest.mark.parametrize("kind", [kinds.TEXT, kinds.VOICE, kinds.ANNOUNCEMENT, kinds.STAGE])
async def test_channels_of_many_types_accept_messages(kind: int) -> None:
    """discord.py knows each type, and messages can be posted, read and edited there."""
    async with connected_client() as harness:
        await harness.bot.until_known(harness.guild.id)
        channel = harness.guild.add_channel("place", kind)
        await harness.bot.until(lambda: harness.bot.get_channel(channel.id))
        found = harness.bot.get_channel(channel.id)
        assert isinstance(found, discord.abc.Messageable)
        message = await found.send("x")
        await message.edit(content="y")
        assert [one.content async for one in found.history()] == ["y"]


@pytest.mark.parametrize("kind", [kinds.FORUM, kinds.MEDIA, kinds.CATEGORY])
async def test_some_channel_types_have_no_messages(kind: int) -> None:
    """Posting and reading give 50008."""
    async with logged_in_client() as harness:
        channel = harness.guild.add_channel("place", kind)
        assert await refused(harness.place(channel).send("x")) == (400, 50008)
        path = f"/channels/{channel.id}/messages"
        assert await refused(harness.request("GET", path)) == (400, 50008)


async def test_the_chat_of_a_voice_channel_needs_connect() -> None:
    """Without Connect the bot has no access to the chat."""
    async with logged_in_client() as harness:
        voice = harness.guild.add_channel("voice", kinds.VOICE)
        voice.deny("connect")
        assert await refused(harness.place(voice).send("x")) == (403, 50001)


async def test_a_forum_accepts_posts() -> None:
    """A post is a thread with the id of its first message; it has no nonce."""
    async with connected_client() as harness:
        await harness.bot.until_known(harness.guild.id)
        forum = harness.guild.add_channel("forum", kinds.FORUM)
        await harness.bot.until(lambda: harness.bot.get_channel(forum.id))
        found = harness.bot.get_channel(forum.id)
        assert isinstance(found, discord.ForumChannel)
        thread, first = await found.create_thread(name="A song", content="la")
        assert thread.id == first.id
        for _ in range(2):
            message = {"content": "x", "nonce": "1", "enforce_nonce": True}
            body = {"name": "twice", "message": message}
            await harness.request("POST", f"/channels/{forum.id}/threads", json=body)
        assert [one.name for one in harness.guild.threads] == ["A song", "twice", "twice"]
        await thread.send("more")
        posted = harness.guild.threads[0]
        assert [one.content for one in posted.messages] == ["la", "more"]
        forum.deny("send_messages")
        assert await refused(found.create_thread(name="x", content="x")) == (403, 50013)


@pytest.mark.malformed_requests
async def test_a_forum_may_require_a_tag() -> None:
    """Moderated tags are for moderators; without a usable tag nobody else can post."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        forum = harness.guild.add_channel("forum", kinds.FORUM)

        async def post(*tags: int) -> Any:
            body = {"name": "x", "message": {"content": "x"}, "applied_tags": list(map(str, tags))}
            return await harness.request("POST", f"/channels/{forum.id}/threads", json=body)

        official = forum.add_tag("Official", moderated=True)
        forum.require_tag()
        assert await refused(post()) == (400, 40066)
        songs = forum.add_tag("Songs")
        await harness.bot.until(
            lambda: (
                (one := guild.get_channel(forum.id))
                and isinstance(one, discord.ForumChannel)
                and one.flags.require_tag
                and [tag.moderated for tag in one.available_tags] == [True, False]
            )
        )
        assert await refused(post()) == (400, 40067)
        assert await refused(post(official.id, songs.id)) == (403, 50013)
        assert await refused(post(1)) == (400, 50035)
        assert (await post(songs.id))["applied_tags"] == [str(songs.id)]
        harness.guild.grant("manage_threads")
        await post(official.id, songs.id)


async def test_a_forum_sets_when_its_posts_are_archived() -> None:
    """A post may have its own duration; other channels have a default too."""
    async with logged_in_client() as harness:
        forum = harness.guild.add_channel("forum", kinds.FORUM)
        forum.forum.default_auto_archive_duration = 60
        path = f"/channels/{forum.id}/threads"
        body: dict[str, Any] = {"name": "x", "message": {"content": "x"}}
        await harness.request("POST", path, json=body)
        await harness.request("POST", path, json=body | {"auto_archive_duration": 1440})
        assert [one.auto_archive_duration for one in harness.guild.threads] == [60, 1440]


async def test_archived_threads_are_listed_newest_first() -> None:
    """The list has pages, and needs Read Message History; the list of active ones does not."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        for name in ("first", "second", "third", "active"):
            thread = harness.guild.add_thread(harness.songs, name)
            if name != "active":
                harness.local.clock.advance(60)
                thread.archive()
        found = guild.get_channel(harness.songs.id)
        assert isinstance(found, discord.TextChannel)
        assert [one.name async for one in found.archived_threads(limit=2)] == ["third", "second"]
        assert len([one async for one in found.archived_threads(limit=None)]) == 3
        harness.songs.deny("read_message_history")
        path = f"/channels/{harness.songs.id}/threads/archived/public"
        assert await refused(harness.request("GET", path)) == (403, 50013)
        assert [one.name for one in await guild.active_threads()] == ["active"]


@pytest.mark.malformed_requests
async def test_a_guild_has_a_limited_number_of_active_threads() -> None:
    """Above it no thread starts until one is archived."""
    async with logged_in_client() as harness:
        harness.guild.max_active_threads = 1
        path = f"/channels/{harness.songs.id}/threads"
        await harness.request("POST", path, json={"name": "x"})
        assert await refused(harness.request("POST", path, json={"name": "x"})) == (400, 160006)
        harness.guild.threads[0].archive()
        await harness.request("POST", path, json={"name": "x"})


@pytest.mark.malformed_requests
@pytest.mark.parametrize(
    "body",
    [
        {"name": "no message"},
        {"name": "", "message": {"content": "x"}},
        {"name": "x", "message": {"content": ""}},
        {"name": "x", "message": {"content": "x"}, "applied_tags": ["1"] * 6},
        {"name": "x", "message": {"content": "x"}, "auto_archive_duration": 61},
    ],
    ids=str,
)
async def test_a_malformed_post_leaves_no_thread(body: dict[str, Any]) -> None:
    """After a refused post the forum is unchanged."""
    async with logged_in_client() as harness:
        forum = harness.guild.add_channel("forum", kinds.FORUM)
        request = harness.request("POST", f"/channels/{forum.id}/threads", json=body)
        status, code = await refused(request)
        assert (status, code in (50035, 50006)) == (400, True)
        assert harness.guild.threads == []


@pytest.mark.malformed_requests
async def test_a_thread_is_private_by_default() -> None:
    """Without a type, only added members see the thread."""
    async with logged_in_client() as harness:
        path = f"/channels/{harness.songs.id}/threads"
        private = await harness.request("POST", path, json={"name": "x"})
        public = await harness.request("POST", path, json={"name": "x", "type": 11})
        assert (private["type"], public["type"]) == (kinds.PRIVATE_THREAD, kinds.PUBLIC_THREAD)
        body = {"name": "x", "type": kinds.ANNOUNCEMENT_THREAD}
        assert await refused(harness.request("POST", path, json=body)) == (400, 50035)
        harness.guild.revoke("create_private_threads")
        assert await refused(harness.request("POST", path, json={"name": "x"})) == (403, 50013)
        with pytest.raises(ActionUnavailable):
            await harness.local.command(
                harness.ada, harness.guild.threads[0], "suno status", id="x"
            )


async def test_a_message_has_one_thread_at_most() -> None:
    """A second thread is refused, and one in an announcement channel has that type."""
    async with logged_in_client() as harness:
        news = harness.guild.add_channel("news", kinds.ANNOUNCEMENT)
        message = await harness.post(news, content="x")
        path = f"/channels/{news.id}/messages/{message['id']}/threads"
        thread = await harness.request("POST", path, json={"name": "x"})
        assert (thread["id"], thread["type"]) == (message["id"], kinds.ANNOUNCEMENT_THREAD)
        assert await refused(harness.request("POST", path, json={"name": "x"})) == (400, 160004)
        inside = f"/channels/{thread['id']}/threads"
        assert await refused(harness.request("POST", inside, json={"name": "x"})) == (400, 50024)


async def test_a_private_thread_is_visible_to_its_members_only() -> None:
    """The bot gets an event when it is added, and has no access once it is removed."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        thread = harness.guild.add_thread(
            harness.songs, "secret", kind=kinds.PRIVATE_THREAD, members=(harness.ada,)
        )
        assert await refused(harness.place(thread).send("x")) == (403, 50001)
        assert await refused(harness.bot.fetch_channel(thread.id)) == (403, 50001)
        await harness.local.wait_until_commands()
        interaction = await harness.local.command(harness.ada, thread, "suno status", id="x")
        assert (await interaction.wait_for_answer()).content == "done"
        assert guild.get_thread(thread.id) is None
        thread.add_to_thread(harness.local.bot_user)
        await harness.bot.until(lambda: guild.get_thread(thread.id))
        await harness.place(thread).send("x")
        thread.remove_from_thread(harness.local.bot_user)
        await harness.bot.until(lambda: "THREAD_MEMBERS_UPDATE" in harness.bot.event_types)
        assert await refused(harness.place(thread).send("x")) == (403, 50001)
        harness.guild.grant("manage_threads")
        await harness.place(thread).send("x")


async def test_an_edit_needs_an_open_thread() -> None:
    """An archived thread gives 50083, a locked one 160005 except to moderators."""
    async with logged_in_client() as harness:
        thread = harness.guild.add_thread(harness.songs, "songs")
        message = await harness.place(thread).send("x")
        thread.archive()
        assert await refused(message.edit(content="y")) == (400, 50083)
        thread.lock()
        assert await refused(message.edit(content="y")) == (400, 160005)
        harness.guild.grant("manage_threads")
        await message.edit(content="y")
        thread.archive()
        assert await refused(message.edit(content="z")) == (400, 50083)


async def test_a_timed_out_bot_can_only_read() -> None:
    """It gets the end of the time-out; posting gives 50013 until the time-out ends."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        bot = harness.local.bot_user
        harness.guild.time_out(bot, 600)
        await harness.bot.until(guild.me.is_timed_out)
        assert await refused(harness.place().send("x")) == (403, 50013)
        assert await harness.request("GET", f"/channels/{harness.songs.id}/messages") == []
        voice = harness.guild.add_channel("voice", kinds.VOICE)
        assert await refused(harness.place(voice).send("x")) == (403, 50013)
        harness.local.clock.advance(600)
        await harness.place().send("x")
        harness.guild.time_out(bot, 600)
        harness.guild.end_time_out(bot)
        await harness.bot.until(lambda: not guild.me.is_timed_out())
        await harness.place().send("x")
        harness.guild.time_out(bot, 600)
        harness.guild.grant("administrator")
        await harness.place().send("x")


async def test_a_bot_gets_changes_of_its_own_roles() -> None:
    """Adding, removing or deleting a role changes its permissions; others' roles send nothing."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        bot, role = harness.local.bot_user, harness.guild.add_role("Cleaner", "manage_messages")
        for deleting in (False, True):
            harness.guild.give_role(bot, role)
            await harness.bot.until(lambda: guild.me.guild_permissions.manage_messages)
            if deleting:
                harness.guild.delete_role(role)
            else:
                harness.guild.take_role(bot, role)
            await harness.bot.until(lambda: not guild.me.guild_permissions.manage_messages)
        assert "GUILD_ROLE_DELETE" in harness.bot.event_types
        harness.bot.event_types.clear()
        harness.guild.give_role(harness.ada, harness.guild.add_role("Fan"))
        await harness.bot.until(lambda: "GUILD_ROLE_CREATE" in harness.bot.event_types)
        assert "GUILD_MEMBER_UPDATE" not in harness.bot.event_types


async def test_a_deleted_role_is_removed_from_overwrites() -> None:
    """Its overwrites in channels no longer apply."""
    async with logged_in_client() as harness:
        role = harness.guild.add_role("Muted")
        harness.guild.give_role(harness.local.bot_user, role)
        harness.songs.deny("send_messages", target=role)
        assert await refused(harness.place().send("x")) == (403, 50013)
        harness.guild.delete_role(role)
        await harness.place().send("x")


async def test_a_bot_gets_changes_of_a_guilds_name_and_language() -> None:
    """Only a Community server has its own language."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        assert "COMMUNITY" not in guild.features
        harness.guild.rename("Songs & Friends")
        await harness.bot.until(lambda: guild.name == "Songs & Friends")
        harness.guild.set_locale("de")
        await harness.bot.until(lambda: guild.preferred_locale is discord.Locale.german)
        assert "COMMUNITY" in guild.features


async def test_a_bot_that_gains_access_to_a_channel_gets_its_threads() -> None:
    """Threads of a hidden channel are unknown until THREAD_LIST_SYNC brings the active ones."""
    async with connected_client() as harness:
        guild = await harness.bot.until_known(harness.guild.id)
        hidden = harness.guild.add_channel("hidden")
        hidden.deny("view_channel")
        thread = harness.guild.add_thread(hidden, "songs")
        old = harness.guild.add_thread(hidden, "old")
        old.archive()
        assert (await harness.request("GET", f"/guilds/{guild.id}/threads/active"))["threads"] == []
        hidden.allow("view_channel")
        await harness.bot.until(lambda: "THREAD_LIST_SYNC" in harness.bot.event_types)
        assert guild.get_thread(thread.id)
        assert guild.get_thread(old.id) is None
        harness.songs.deny("send_messages")
        harness.songs.allow("send_messages")
        harness.songs.rename("hits")
        await harness.bot.until(lambda: harness.bot.get_channel(harness.songs.id).name == "hits")  # type: ignore[union-attr] # it stays
        assert harness.bot.event_types.count("THREAD_LIST_SYNC") == 1


async def test_messages_of_hidden_channels_are_not_sent() -> None:
    """The messages intent does not suffice without access to the channel."""
    intents = discord.Intents(guilds=True, guild_messages=True)
    async with connected_client(intents=intents) as harness:
        harness.songs.deny("view_channel")
        harness.local.send_message(harness.ada, harness.songs, "psst")
        seen = harness.local.send_message(harness.ada, harness.guild.add_channel("open"), "hello")
        await harness.bot.until(lambda: harness.bot.messages)
        assert [one.id for one in harness.bot.messages] == [seen.id]
