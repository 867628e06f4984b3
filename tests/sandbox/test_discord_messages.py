import io
from typing import Any

import discord
import pytest

from tests.support.sandbox_client import ClientHarness, logged_in_client, status_and_code


async def test_a_posted_message_is_in_the_channel() -> None:
    """A posted message is in the channel and is returned to the bot."""
    async with logged_in_client() as harness:
        posted = await harness.place().send("  hello ", embed=discord.Embed(title="Song"))
        (message,) = harness.songs.messages
        assert (message.id, message.content) == (posted.id, "hello")
        assert message.author is harness.local.bot_user
        assert message.embeds == [{"type": "rich", "title": "Song"}]
        assert message.link.endswith(f"{harness.guild.id}/{harness.songs.id}/{posted.id}")
        assert posted.created_at.timestamp() == pytest.approx(harness.local.clock.now(), abs=2)


async def test_a_repeated_nonce_gives_the_first_message() -> None:
    """Within the window a repeat returns the first message; the nonce is not stored with it."""
    async with logged_in_client() as harness:
        first = await harness.place().send("once", nonce="abc")
        second = await harness.place().send("twice", nonce="abc")
        assert (second.id, second.content) == (first.id, "once")
        assert [message.content for message in harness.songs.messages] == ["once"]
        read = await harness.place().fetch_message(first.id)
        assert read.nonce is None


async def test_a_nonce_counts_in_its_channel_and_window_only() -> None:
    """In another channel, or after the window, the same nonce posts again."""
    async with logged_in_client() as harness:
        other = harness.guild.add_channel("other")
        await harness.place().send("first", nonce="abc")
        await harness.place(other).send("elsewhere", nonce="abc")
        harness.local.clock.advance(harness.local.nonce_window + 1)
        await harness.place().send("later", nonce="abc")
        assert [message.content for message in harness.songs.messages] == ["first", "later"]
        assert [message.content for message in other.messages] == ["elsewhere"]


async def test_a_nonce_that_is_not_enforced_does_not_count() -> None:
    """Without ``enforce_nonce`` a repeat is a new message."""
    async with logged_in_client() as harness:
        await harness.post(content="one", nonce=7)
        await harness.post(content="two", nonce=7)
        assert len(harness.songs.messages) == 2


async def test_a_repeated_nonce_of_a_deleted_message_is_unknown() -> None:
    """Discord returns 10008 for a message that was posted and deleted."""
    async with logged_in_client() as harness:
        harness.local.nonce_window = 60
        first = await harness.place().send("once", nonce="abc")
        await first.delete()
        with pytest.raises(discord.NotFound) as refused:
            await harness.place().send("twice", nonce="abc")
        assert refused.value.code == 10008


@pytest.mark.malformed_requests
async def test_an_edit_changes_only_the_given_fields() -> None:
    """Omitted fields stay as they are; null or an empty list removes them."""
    async with logged_in_client() as harness:
        posted = await harness.place().send("text", embed=discord.Embed(title="Song"))
        await posted.edit(content="other")
        (message,) = harness.songs.messages
        assert (message.content, len(message.embeds)) == ("other", 1)
        assert message.edited_at is not None
        await posted.edit(embed=None)
        assert message.embeds == []
        with pytest.raises(discord.HTTPException) as refused:
            await posted.edit(content=None)
        assert refused.value.code == 50006
        assert message.content == "other"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [4, 3, 2, 1, 0]),
        ({"limit": 2}, [4, 3]),
        ({"before": 2}, [1, 0]),
        ({"after": 1, "limit": 2}, [3, 2]),
        ({"around": 2, "limit": 3}, [3, 2, 1]),
    ],
    ids=str,
)
async def test_a_channel_is_read_newest_first(query: dict[str, int], expected: list[int]) -> None:
    """A history can be limited, and requested before, after or around a message."""
    async with logged_in_client() as harness:
        ids = [(await harness.place().send(str(number))).id for number in range(5)]
        params = {key: value if key == "limit" else ids[value] for key, value in query.items()}
        path = f"/channels/{harness.songs.id}/messages"
        read = await harness.request("GET", path, params=params)
        assert [int(message["content"]) for message in read] == expected


@pytest.mark.malformed_requests
@pytest.mark.parametrize(
    "query", [{"limit": 101}, {"limit": 0}, {"before": "x"}, {"before": 1, "after": 2}], ids=str
)
async def test_an_invalid_history_request_is_refused(query: dict[str, Any]) -> None:
    """A bad limit, a bad id and contradictory parameters are refused."""
    async with logged_in_client() as harness:
        with pytest.raises(discord.HTTPException) as refused:
            await harness.request("GET", f"/channels/{harness.songs.id}/messages", params=query)
        assert status_and_code(refused.value) == (400, 50035)


async def test_a_file_is_kept_and_served() -> None:
    """An upload has a size, a type, a description and a link that returns its bytes."""
    async with logged_in_client() as harness:
        file = discord.File(io.BytesIO(b"\xff\xfbmusic"), "song one.mp3", description="A song")
        embed = discord.Embed().set_image(url="attachment://song one.mp3")
        embed.set_thumbnail(url="attachment://missing.png")
        posted = await harness.place().send(file=file, embed=embed)
        (attachment,) = posted.attachments
        assert (attachment.filename, attachment.size) == ("song_one.mp3", 7)
        assert (attachment.content_type, attachment.description) == ("audio/mpeg", "A song")
        assert await attachment.read() == b"\xff\xfbmusic"
        shown = harness.songs.messages[0].embeds[0]
        assert shown["image"]["url"] == attachment.url
        assert "thumbnail" not in shown


async def test_attachments_can_be_removed_and_added() -> None:
    """An edit keeps the attachments that it lists, and adds new files."""
    async with logged_in_client() as harness:
        posted = await harness.place().send("x", files=[a_file("a.txt"), a_file("b.txt")])
        edited = await posted.edit(attachments=[posted.attachments[1], a_file("c.txt")])
        assert [one.filename for one in edited.attachments] == ["b.txt", "c.txt"]
        await posted.edit(attachments=[])
        assert harness.songs.messages[0].attachments == []


async def test_a_file_that_is_gone_is_not_found() -> None:
    """A link to a deleted file gives 404."""
    async with logged_in_client() as harness:
        url = f"{harness.local.api_url.removesuffix('/api/v10')}/attachments/1/2/x.txt"
        with pytest.raises(discord.NotFound):
            await harness.bot.http.get_from_cdn(url)


async def test_a_file_above_20_mebibytes_is_too_large() -> None:
    """Exactly 20 MiB are accepted; one byte more gives 413 with 40005."""
    async with logged_in_client() as harness:
        size = 20 * 1024 * 1024
        await harness.place().send(file=discord.File(io.BytesIO(bytes(size)), "fits.mp3"))
        with pytest.raises(discord.HTTPException) as refused:
            await harness.place().send(file=discord.File(io.BytesIO(bytes(size + 1)), "not.mp3"))
        assert status_and_code(refused.value) == (413, 40005)


@pytest.mark.parametrize(
    ("denied", "status", "code"),
    [("view_channel", 403, 50001), ("send_messages", 403, 50013), ("attach_files", 403, 50013)],
)
async def test_posting_needs_its_permission(denied: str, status: int, code: int) -> None:
    """Each missing permission gives its code, and granting it makes the post succeed."""
    async with logged_in_client() as harness:
        harness.songs.deny(denied)
        with pytest.raises(discord.Forbidden) as refused:
            await harness.place().send("x", file=a_file("a.txt"))
        assert status_and_code(refused.value) == (status, code)
        harness.songs.allow(denied)
        await harness.place().send("x", file=a_file("a.txt"))


@pytest.mark.malformed_requests
async def test_without_embed_links_the_embeds_are_dropped_silently() -> None:
    """The message appears without its embeds; one of embeds alone counts as empty."""
    async with logged_in_client() as harness:
        harness.songs.deny("embed_links")
        await harness.place().send("text", embed=discord.Embed(title="gone"))
        assert [(one.content, one.embeds) for one in harness.songs.messages] == [("text", [])]
        with pytest.raises(discord.HTTPException) as refused:
            await harness.place().send(embed=discord.Embed(title="gone"))
        assert refused.value.code == 50006


async def test_without_read_message_history_older_messages_are_hidden() -> None:
    """A list is empty; a single message and a reply are refused."""
    async with logged_in_client() as harness:
        posted = await harness.place().send("x")
        harness.songs.deny("read_message_history")
        assert [one async for one in harness.place().history()] == []
        with pytest.raises(discord.Forbidden) as refused:
            await harness.place().fetch_message(posted.id)
        assert refused.value.code == 50001
        with pytest.raises(discord.HTTPException) as unreplied:
            await harness.post(content="x", message_reference={"message_id": str(posted.id)})
        assert unreplied.value.code == 160002


async def test_permissions_are_computed_from_roles_and_overwrites() -> None:
    """They apply in order: @everyone, roles, overwrites of @everyone, of roles, of the bot."""
    async with logged_in_client() as harness:
        guild, songs, bot = harness.guild, harness.songs, harness.local.bot_user

        def may_send() -> bool:
            return "SEND_MESSAGES" in {flag.name for flag in songs.permissions_of(bot) if flag.name}

        assert may_send()
        songs.deny("send_messages", target=guild.everyone)
        assert not may_send()
        songs.allow("send_messages", target=guild.bot_role)
        assert may_send()
        songs.deny("send_messages")
        assert not may_send()
        guild.grant("administrator")
        assert may_send()


@pytest.mark.parametrize(
    ("close", "code"),
    [
        (lambda harness: harness.songs.delete(), 10003),
        (lambda harness: harness.guild.remove_bot(), 50001),
    ],
    ids=["deleted", "thrown out"],
)
async def test_a_deleted_channel_is_refused(close: Any, code: int) -> None:
    """A deleted channel is unknown; a channel of a left guild is not accessible."""
    async with logged_in_client() as harness:
        close(harness)
        with pytest.raises(discord.HTTPException) as refused:
            await harness.place().send("x")
        assert refused.value.code == code


async def test_direct_messages_can_be_closed() -> None:
    """A user who closed them gives 50007, a user without a common guild 50278."""
    async with logged_in_client() as harness:
        user = await harness.bot.fetch_user(harness.ada.id)
        await user.send("hello")
        assert [one.content for one in harness.local.open_dm(harness.ada).messages] == ["hello"]
        harness.ada.accepts_direct_messages = False
        with pytest.raises(discord.Forbidden) as refused:
            await user.send("hello?")
        assert refused.value.code == 50007
        outsider = await harness.bot.fetch_user(harness.local.add_user("Bob").id)
        with pytest.raises(discord.Forbidden) as unknown:
            await outsider.send("hello")
        assert unknown.value.code == 50278
        friend = harness.local.add_user("Cleo", installed=True)
        await (await harness.bot.fetch_user(friend.id)).send("hello")


async def test_a_direct_message_needs_a_known_user() -> None:
    """An unknown user gives 10013, the bot itself 50007."""
    async with logged_in_client() as harness:
        for recipient, code in ((1, 10013), (harness.local.bot_user.id, 50007)):
            with pytest.raises(discord.HTTPException) as refused:
                await harness.bot.http.start_private_message(recipient)
            assert refused.value.code == code


async def test_a_post_reopens_an_archived_thread() -> None:
    """Posts to locked threads are refused, and so are edits in archived ones."""
    async with logged_in_client() as harness:
        thread = harness.guild.add_thread(harness.songs, "new songs")
        posted = await harness.place(thread).send("x")
        thread.archive()
        with pytest.raises(discord.HTTPException) as refused:
            await posted.edit(content="y")
        assert refused.value.code == 50083
        await harness.place(thread).send("reopens")
        assert not thread.archived
        thread.lock()
        with pytest.raises(discord.HTTPException) as locked:
            await harness.place(thread).send("x")
        assert locked.value.code == 160005
        thread.archive(locked=True)
        with pytest.raises(discord.HTTPException) as archived:
            await harness.place(thread).send("x")
        assert archived.value.code == 50083
        harness.guild.grant("manage_threads")
        await harness.place(thread).send("allowed")
        thread.reopen()
        thread.deny("send_messages_in_threads")
        with pytest.raises(discord.Forbidden):
            await harness.place(thread).send("x")


async def test_the_bot_can_create_and_change_threads() -> None:
    """Threads start with or without a message; changing them needs Manage Threads."""
    async with logged_in_client() as harness:
        posted = await harness.place().send("x")
        path = f"/channels/{harness.songs.id}"
        made = await harness.request(
            "POST", f"{path}/messages/{posted.id}/threads", json={"name": "songs"}
        )
        assert int(made["id"]) == posted.id
        alone = await harness.request("POST", f"{path}/threads", json={"name": "more"})
        await harness.request("PUT", f"/channels/{alone['id']}/thread-members/@me")
        with pytest.raises(discord.Forbidden):
            await harness.request("PATCH", f"/channels/{alone['id']}", json={"archived": True})
        harness.guild.grant("manage_threads")
        await harness.request(
            "PATCH", f"/channels/{alone['id']}", json={"archived": True, "name": "old"}
        )
        assert [(one.name, one.archived) for one in harness.guild.threads] == [
            ("songs", False),
            ("old", True),
        ]
        active = await harness.request("GET", f"/guilds/{harness.guild.id}/threads/active")
        assert [thread["name"] for thread in active["threads"]] == ["songs"]
        with pytest.raises(discord.HTTPException) as refused:
            await harness.request("PUT", f"/channels/{alone['id']}/thread-members/@me")
        assert refused.value.code == 50083


@pytest.mark.malformed_requests
async def test_invalid_threads_are_not_created() -> None:
    """A thread needs a name, the permission, and a channel that is no thread."""
    async with logged_in_client() as harness:
        path = f"/channels/{harness.songs.id}/threads"
        with pytest.raises(discord.HTTPException):
            await harness.request("POST", path, json={})
        thread = harness.guild.add_thread(harness.songs, "t")
        with pytest.raises(discord.HTTPException):
            await harness.request("POST", f"/channels/{thread.id}/threads", json={"name": "x"})
        harness.guild.revoke("create_public_threads", "create_private_threads")
        with pytest.raises(discord.Forbidden):
            await harness.request("POST", path, json={"name": "x"})


async def test_typing_needs_the_permission_to_send() -> None:
    """The typing indicator is refused where the bot may not post."""
    async with logged_in_client() as harness:
        await harness.bot.http.send_typing(harness.songs.id)
        harness.songs.deny("send_messages")
        with pytest.raises(discord.Forbidden):
            await harness.bot.http.send_typing(harness.songs.id)


async def test_only_own_messages_can_be_changed() -> None:
    """Editing another's message is refused; deleting it needs Manage Messages."""
    async with logged_in_client() as harness:
        sent = harness.local.send_message(harness.ada, harness.songs, "mine")
        place = harness.place().get_partial_message(sent.id)
        with pytest.raises(discord.Forbidden) as refused:
            await place.edit(content="yours")
        assert refused.value.code == 50005
        with pytest.raises(discord.Forbidden):
            await place.delete()
        harness.guild.grant("manage_messages")
        await place.delete()
        with pytest.raises(discord.NotFound) as gone:
            await place.delete()
        assert gone.value.code == 10008
        assert harness.songs.messages == []


async def test_message_content_is_blank_without_the_intent() -> None:
    """Over HTTP too, except in direct messages and where the bot is mentioned."""
    async with logged_in_client() as harness:
        harness.local.send_message(harness.ada, harness.songs, "secret")
        harness.local.send_message(
            harness.ada, harness.songs, f"hey {harness.local.bot_user.mention}"
        )
        read = [one.content async for one in harness.place().history()]
        assert read == [f"hey {harness.local.bot_user.mention}", ""]


async def test_a_reply_refers_to_its_message() -> None:
    """A reply contains the original message, and pings its author by default."""
    async with logged_in_client() as harness:
        sent = harness.local.send_message(harness.ada, harness.songs, "hello")
        place = harness.place().get_partial_message(sent.id)
        await place.reply("hi")
        await place.reply("hi", mention_author=False)
        pinging, silent = harness.songs.messages[1:]
        assert pinging.replies_to is sent
        assert pinging.payload()["referenced_message"]["content"] == "hello"
        assert (pinging.pinged, silent.pinged) == ({harness.ada.id}, set())


@pytest.mark.malformed_requests
async def test_a_reply_to_an_unknown_message_is_refused() -> None:
    """With ``fail_if_not_exists`` false it becomes a plain message."""
    async with logged_in_client() as harness:
        with pytest.raises(discord.HTTPException) as refused:
            await harness.post(content="x", message_reference={"message_id": "1"})
        assert harness.songs.messages == []
        assert status_and_code(refused.value) == (400, 50035)
        await harness.post(
            content="x", message_reference={"message_id": "1", "fail_if_not_exists": False}
        )
        assert harness.songs.messages[0].replies_to is None


async def pinged(harness: ClientHarness, content: str, **fields: Any) -> set[int]:
    """Post something and give who is pinged."""
    posted = await harness.post(content=content, **fields)
    return harness.songs.history[int(posted["id"])].pinged


async def test_a_plain_message_pings_the_mentioned_users() -> None:
    """Mentions in code, escaped mentions and mentions of absent users do not ping."""
    async with logged_in_client() as harness:
        ada, outsider = harness.ada, harness.local.add_user("Bob")
        assert await pinged(harness, f"{ada.mention} <@!{ada.id}>") == {ada.id}
        for text in (f"`{ada.mention}`", f"```\n{ada.mention}```", f"\\{ada.mention}", "<@1>"):
            assert await pinged(harness, text) == set()
        assert await pinged(harness, outsider.mention) == set()
        assert await pinged(harness, ada.mention, flags=1 << 12) == set()


async def test_allowed_mentions_decide_who_is_pinged() -> None:
    """They permit nobody, listed users, or kinds of mention."""
    async with logged_in_client() as harness:
        ada, bob = harness.ada, harness.local.add_user("Bob")
        harness.guild.add_member(bob)
        text = f"{ada.mention} {bob.mention}"
        assert await pinged(harness, text, allowed_mentions={"parse": []}) == set()
        assert await pinged(harness, text, allowed_mentions={"users": [str(bob.id)]}) == {bob.id}
        both = await pinged(harness, text, allowed_mentions={"parse": ["users"]})
        assert both == {ada.id, bob.id}
        assert harness.songs.messages[0].payload()["mentions"] == []


async def test_roles_and_everyone_need_permission() -> None:
    """A role must be mentionable; @everyone needs Mention Everyone."""
    async with logged_in_client() as harness:
        quiet = harness.guild.add_role("quiet")
        loud = harness.guild.add_role("loud", mentionable=True)
        bob = harness.local.add_user("Bob")
        harness.guild.add_member(bob, roles=(quiet, loud))
        assert await pinged(harness, quiet.mention) == set()
        assert await pinged(harness, loud.mention) == {bob.id}
        assert await pinged(harness, "@everyone") == set()
        harness.guild.grant("mention_everyone")
        assert await pinged(harness, quiet.mention) == {bob.id}
        assert {harness.ada.id, bob.id} <= await pinged(harness, "@here")
        harness.guild.remove_member(bob)
        assert await pinged(harness, loud.mention) == set()


async def test_neither_an_embed_nor_an_edit_pings() -> None:
    """Mentions in an embed or added by an edit are shown without a ping."""
    async with logged_in_client() as harness:
        assert await pinged(harness, "x", embeds=[{"description": harness.ada.mention}]) == set()
        (message,) = harness.songs.messages
        await harness.place().get_partial_message(message.id).edit(content=harness.ada.mention)
        assert message.mentions == [harness.ada]
        assert message.pinged == set()


async def test_the_bot_can_fetch_itself_and_its_guild() -> None:
    """Application, guild, channels, roles and members can be fetched."""
    async with logged_in_client() as harness:
        info = await harness.bot.application_info()
        assert (info.id, info.name) == (harness.local.application_id, "Suno Bot")
        guild = await harness.bot.fetch_guild(harness.guild.id, with_counts=False)
        assert (guild.name, len(await guild.fetch_roles())) == ("Song Club", 2)
        assert [one.name for one in await guild.fetch_channels()] == ["songs"]
        assert (await guild.fetch_member(harness.local.bot_user.id)).bot
        assert (await harness.bot.fetch_channel(harness.songs.id)).id == harness.songs.id
        for code, path in (
            (10004, "/guilds/1"),
            (10007, f"/guilds/{harness.guild.id}/members/1"),
            (10013, "/users/1"),
            (10003, "/channels/1"),
            (0, "/nothing/here"),
        ):
            with pytest.raises(discord.NotFound) as refused:
                await harness.request("GET", path)
            assert refused.value.code == code


@pytest.mark.malformed_requests
async def test_malformed_requests_are_refused() -> None:
    """A wrong method, a body that is no JSON object, and an invalid id are refused."""
    async with logged_in_client() as harness:
        path = f"/channels/{harness.songs.id}/messages"
        for status, code, method, where, options in (
            (405, 0, "DELETE", "/users/@me", {}),
            (400, 50109, "POST", path, {"data": "{"}),
            (400, 50035, "POST", path, {"json": [1]}),
            (400, 50035, "GET", "/channels/songs", {}),
            (400, 50035, "POST", path, {"json": {"content": "x", "embeds": ["x"]}}),
        ):
            with pytest.raises(discord.HTTPException) as refused:
                await harness.request(method, where, **options)
            assert status_and_code(refused.value) == (status, code)


def a_file(name: str) -> discord.File:
    """Give a small file."""
    return discord.File(io.BytesIO(b"x"), name)
