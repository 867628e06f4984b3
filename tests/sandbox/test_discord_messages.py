import io
from typing import Any

import discord
import pytest

from tests.support.sandbox_client import Club, a_club, code_of


async def test_a_message_is_in_the_channel() -> None:
    """What the bot posts is there for everyone to read, and the bot gets it back."""
    async with a_club() as club:
        posted = await club.place().send("  hello ", embed=discord.Embed(title="Song"))
        (message,) = club.songs.messages
        assert (message.id, message.content) == (posted.id, "hello")
        assert message.author is club.local.bot_user
        assert message.embeds == [{"type": "rich", "title": "Song"}]
        assert message.link.endswith(f"{club.guild.id}/{club.songs.id}/{posted.id}")
        assert posted.created_at.timestamp() == pytest.approx(club.local.clock.now(), abs=2)


async def test_a_repeated_nonce_gives_the_first_message() -> None:
    """Within the window the second post is the first one; the nonce is not kept with it."""
    async with a_club() as club:
        first = await club.place().send("once", nonce="abc")
        second = await club.place().send("twice", nonce="abc")
        assert (second.id, second.content) == (first.id, "once")
        assert [message.content for message in club.songs.messages] == ["once"]
        read = await club.place().fetch_message(first.id)
        assert read.nonce is None


async def test_a_nonce_counts_in_its_channel_and_window_only() -> None:
    """Elsewhere, or once the window is past, the same nonce posts again."""
    async with a_club() as club:
        other = club.guild.add_channel("other")
        await club.place().send("first", nonce="abc")
        await club.place(other).send("elsewhere", nonce="abc")
        club.local.clock.advance(club.local.nonce_window + 1)
        await club.place().send("later", nonce="abc")
        assert [message.content for message in club.songs.messages] == ["first", "later"]
        assert [message.content for message in other.messages] == ["elsewhere"]


async def test_a_nonce_that_is_not_enforced_does_not_count() -> None:
    """Without ``enforce_nonce`` a repeat is a new message."""
    async with a_club() as club:
        await club.post(content="one", nonce=7)
        await club.post(content="two", nonce=7)
        assert len(club.songs.messages) == 2


async def test_a_repeated_nonce_of_a_deleted_message_is_unknown() -> None:
    """Discord answers 10008 for what was posted and deleted."""
    async with a_club() as club:
        club.local.nonce_window = 60
        first = await club.place().send("once", nonce="abc")
        await first.delete()
        with pytest.raises(discord.NotFound) as refused:
            await club.place().send("twice", nonce="abc")
        assert refused.value.code == 10008


@pytest.mark.malformed_requests
async def test_an_edit_changes_what_it_names_only() -> None:
    """Fields that an edit leaves out stay as they are; null or an empty list removes them."""
    async with a_club() as club:
        posted = await club.place().send("text", embed=discord.Embed(title="Song"))
        await posted.edit(content="other")
        (message,) = club.songs.messages
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
    """The history can be limited, and asked for before, after or around a message."""
    async with a_club() as club:
        ids = [(await club.place().send(str(number))).id for number in range(5)]
        params = {key: value if key == "limit" else ids[value] for key, value in query.items()}
        path = f"/channels/{club.songs.id}/messages"
        read = await club.request("GET", path, params=params)
        assert [int(message["content"]) for message in read] == expected


@pytest.mark.malformed_requests
@pytest.mark.parametrize(
    "query", [{"limit": 101}, {"limit": 0}, {"before": "x"}, {"before": 1, "after": 2}], ids=str
)
async def test_a_history_cannot_be_asked_for_anyhow(query: dict[str, Any]) -> None:
    """A bad limit, a bad id and contradictions are refused."""
    async with a_club() as club:
        with pytest.raises(discord.HTTPException) as refused:
            await club.request("GET", f"/channels/{club.songs.id}/messages", params=query)
        assert code_of(refused.value) == (400, 50035)


async def test_a_file_is_kept_and_served() -> None:
    """An upload has a size, a kind, a description and a link that gives its bytes."""
    async with a_club() as club:
        file = discord.File(io.BytesIO(b"\xff\xfbmusic"), "song one.mp3", description="A song")
        embed = discord.Embed().set_image(url="attachment://song one.mp3")
        embed.set_thumbnail(url="attachment://missing.png")
        posted = await club.place().send(file=file, embed=embed)
        (attachment,) = posted.attachments
        assert (attachment.filename, attachment.size) == ("song_one.mp3", 7)
        assert (attachment.content_type, attachment.description) == ("audio/mpeg", "A song")
        assert await attachment.read() == b"\xff\xfbmusic"
        shown = club.songs.messages[0].embeds[0]
        assert shown["image"]["url"] == attachment.url
        assert "thumbnail" not in shown


async def test_attachments_can_be_removed_and_added() -> None:
    """An edit keeps the attachments that it lists, and adds new files."""
    async with a_club() as club:
        posted = await club.place().send("x", files=[a_file("a.txt"), a_file("b.txt")])
        edited = await posted.edit(attachments=[posted.attachments[1], a_file("c.txt")])
        assert [one.filename for one in edited.attachments] == ["b.txt", "c.txt"]
        await posted.edit(attachments=[])
        assert club.songs.messages[0].attachments == []


async def test_a_file_that_is_gone_is_not_found() -> None:
    """A link to no file gives 404."""
    async with a_club() as club:
        url = f"{club.local.api_url.removesuffix('/api/v10')}/attachments/1/2/x.txt"
        with pytest.raises(discord.NotFound):
            await club.bot.http.get_from_cdn(url)


async def test_a_file_above_20_mebibytes_is_too_large() -> None:
    """Exactly 20 MiB go, one byte more is 413 with 40005."""
    async with a_club() as club:
        size = 20 * 1024 * 1024
        await club.place().send(file=discord.File(io.BytesIO(bytes(size)), "fits.mp3"))
        with pytest.raises(discord.HTTPException) as refused:
            await club.place().send(file=discord.File(io.BytesIO(bytes(size + 1)), "not.mp3"))
        assert code_of(refused.value) == (413, 40005)


@pytest.mark.parametrize(
    ("denied", "status", "code"),
    [("view_channel", 403, 50001), ("send_messages", 403, 50013), ("attach_files", 403, 50013)],
)
async def test_posting_needs_its_permission(denied: str, status: int, code: int) -> None:
    """Each missing permission refuses with its code, and works again when allowed."""
    async with a_club() as club:
        club.songs.deny(denied)
        with pytest.raises(discord.Forbidden) as refused:
            await club.place().send("x", file=a_file("a.txt"))
        assert code_of(refused.value) == (status, code)
        club.songs.allow(denied)
        await club.place().send("x", file=a_file("a.txt"))


@pytest.mark.malformed_requests
async def test_without_embed_links_the_embeds_are_dropped_in_silence() -> None:
    """The message appears without its embeds; one of embeds alone would be empty."""
    async with a_club() as club:
        club.songs.deny("embed_links")
        await club.place().send("text", embed=discord.Embed(title="gone"))
        assert [(one.content, one.embeds) for one in club.songs.messages] == [("text", [])]
        with pytest.raises(discord.HTTPException) as refused:
            await club.place().send(embed=discord.Embed(title="gone"))
        assert refused.value.code == 50006


async def test_without_read_message_history_the_past_is_hidden() -> None:
    """A list is empty, a single message is refused, a reply is refused."""
    async with a_club() as club:
        posted = await club.place().send("x")
        club.songs.deny("read_message_history")
        assert [one async for one in club.place().history()] == []
        with pytest.raises(discord.Forbidden) as refused:
            await club.place().fetch_message(posted.id)
        assert refused.value.code == 50001
        with pytest.raises(discord.HTTPException) as unreplied:
            await club.post(content="x", message_reference={"message_id": str(posted.id)})
        assert unreplied.value.code == 160002


async def test_guild_permissions_are_added_up_from_roles_and_overwrites() -> None:
    """Everyone, the bot's role, overwrites of everyone, of roles and of the bot, in that order."""
    async with a_club() as club:
        guild, songs, bot = club.guild, club.songs, club.local.bot_user

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
        (lambda club: club.songs.delete(), 10003),
        (lambda club: club.guild.remove_bot(), 50001),
    ],
    ids=["deleted", "thrown out"],
)
async def test_a_place_that_is_gone_refuses(close: Any, code: int) -> None:
    """A deleted channel is unknown; one of a guild that the bot left is not accessible."""
    async with a_club() as club:
        close(club)
        with pytest.raises(discord.HTTPException) as refused:
            await club.place().send("x")
        assert refused.value.code == code


async def test_direct_messages_can_be_closed() -> None:
    """A person who closed them refuses with 50007, and one without a common guild with 50278."""
    async with a_club() as club:
        user = await club.bot.fetch_user(club.ada.id)
        await user.send("hello")
        assert [one.content for one in club.local.open_dm(club.ada).messages] == ["hello"]
        club.ada.accepts_direct_messages = False
        with pytest.raises(discord.Forbidden) as refused:
            await user.send("hello?")
        assert refused.value.code == 50007
        stranger = await club.bot.fetch_user(club.local.add_user("Bob").id)
        with pytest.raises(discord.Forbidden) as unknown:
            await stranger.send("hello")
        assert unknown.value.code == 50278
        friend = club.local.add_user("Cleo", installed=True)
        await (await club.bot.fetch_user(friend.id)).send("hello")


async def test_nobody_unknown_can_be_written_to() -> None:
    """An unknown user is 10013, the bot itself 50007."""
    async with a_club() as club:
        for recipient, code in ((1, 10013), (club.local.bot_user.id, 50007)):
            with pytest.raises(discord.HTTPException) as refused:
                await club.bot.http.start_private_message(recipient)
            assert refused.value.code == code


async def test_threads_open_and_close() -> None:
    """A post reopens an archived thread; locked ones refuse, and so do edits in archived ones."""
    async with a_club() as club:
        thread = club.guild.add_thread(club.songs, "new songs")
        posted = await club.place(thread).send("x")
        thread.archive()
        with pytest.raises(discord.HTTPException) as refused:
            await posted.edit(content="y")
        assert refused.value.code == 50083
        await club.place(thread).send("reopens")
        assert not thread.archived
        thread.lock()
        with pytest.raises(discord.HTTPException) as locked:
            await club.place(thread).send("x")
        assert locked.value.code == 160005
        thread.archive(locked=True)
        with pytest.raises(discord.HTTPException) as archived:
            await club.place(thread).send("x")
        assert archived.value.code == 50083
        club.guild.grant("manage_threads")
        await club.place(thread).send("allowed")
        thread.reopen()
        thread.deny("send_messages_in_threads")
        with pytest.raises(discord.Forbidden):
            await club.place(thread).send("x")


async def test_the_bot_can_make_and_change_threads() -> None:
    """Threads start from a message or without one; changing them needs Manage Threads."""
    async with a_club() as club:
        posted = await club.place().send("x")
        path = f"/channels/{club.songs.id}"
        made = await club.request(
            "POST", f"{path}/messages/{posted.id}/threads", json={"name": "songs"}
        )
        assert int(made["id"]) == posted.id
        alone = await club.request("POST", f"{path}/threads", json={"name": "more"})
        await club.request("PUT", f"/channels/{alone['id']}/thread-members/@me")
        with pytest.raises(discord.Forbidden):
            await club.request("PATCH", f"/channels/{alone['id']}", json={"archived": True})
        club.guild.grant("manage_threads")
        await club.request(
            "PATCH", f"/channels/{alone['id']}", json={"archived": True, "name": "old"}
        )
        assert [(one.name, one.archived) for one in club.guild.threads] == [
            ("songs", False),
            ("old", True),
        ]
        active = await club.request("GET", f"/guilds/{club.guild.id}/threads/active")
        assert [thread["name"] for thread in active["threads"]] == ["songs"]
        with pytest.raises(discord.HTTPException) as refused:
            await club.request("PUT", f"/channels/{alone['id']}/thread-members/@me")
        assert refused.value.code == 50083


@pytest.mark.malformed_requests
async def test_threads_are_not_made_anyhow() -> None:
    """Without a name, without permission or inside a thread there is none."""
    async with a_club() as club:
        path = f"/channels/{club.songs.id}/threads"
        with pytest.raises(discord.HTTPException):
            await club.request("POST", path, json={})
        thread = club.guild.add_thread(club.songs, "t")
        with pytest.raises(discord.HTTPException):
            await club.request("POST", f"/channels/{thread.id}/threads", json={"name": "x"})
        club.guild.revoke("create_public_threads", "create_private_threads")
        with pytest.raises(discord.Forbidden):
            await club.request("POST", path, json={"name": "x"})


async def test_typing_needs_the_permission_to_send() -> None:
    """The sign that someone types is refused where nothing may be posted."""
    async with a_club() as club:
        await club.bot.http.send_typing(club.songs.id)
        club.songs.deny("send_messages")
        with pytest.raises(discord.Forbidden):
            await club.bot.http.send_typing(club.songs.id)


async def test_only_own_messages_can_be_changed() -> None:
    """Another's message cannot be edited, and deleted only with Manage Messages."""
    async with a_club() as club:
        said = club.local.say(club.ada, club.songs, "mine")
        place = club.place().get_partial_message(said.id)
        with pytest.raises(discord.Forbidden) as refused:
            await place.edit(content="yours")
        assert refused.value.code == 50005
        with pytest.raises(discord.Forbidden):
            await place.delete()
        club.guild.grant("manage_messages")
        await place.delete()
        with pytest.raises(discord.NotFound) as gone:
            await place.delete()
        assert gone.value.code == 10008
        assert club.songs.messages == []


async def test_what_people_write_is_blank_without_the_intent() -> None:
    """Over HTTP too, except in direct messages and where the bot is mentioned."""
    async with a_club() as club:
        club.local.say(club.ada, club.songs, "secret")
        club.local.say(club.ada, club.songs, f"hey {club.local.bot_user.mention}")
        read = [one.content async for one in club.place().history()]
        assert read == [f"hey {club.local.bot_user.mention}", ""]


async def test_a_reply_refers_to_its_message() -> None:
    """A reply carries what it answers, and pings its author unless told otherwise."""
    async with a_club() as club:
        said = club.local.say(club.ada, club.songs, "hello")
        place = club.place().get_partial_message(said.id)
        await place.reply("hi")
        await place.reply("hi", mention_author=False)
        pinging, silent = club.songs.messages[1:]
        assert pinging.replies_to is said
        assert pinging.payload()["referenced_message"]["content"] == "hello"
        assert (pinging.pinged, silent.pinged) == ({club.ada.id}, set())


@pytest.mark.malformed_requests
async def test_a_reply_to_nothing_is_refused_unless_told_otherwise() -> None:
    """An unknown target refuses; with ``fail_if_not_exists`` false it is a plain message."""
    async with a_club() as club:
        with pytest.raises(discord.HTTPException) as refused:
            await club.post(content="x", message_reference={"message_id": "1"})
        assert club.songs.messages == []
        assert code_of(refused.value) == (400, 50035)
        await club.post(
            content="x", message_reference={"message_id": "1", "fail_if_not_exists": False}
        )
        assert club.songs.messages[0].replies_to is None


async def pinged(club: Club, content: str, **fields: Any) -> set[int]:
    """Post something and give who is pinged."""
    posted = await club.post(content=content, **fields)
    return club.songs.history[int(posted["id"])].pinged


async def test_a_plain_message_pings_whom_it_names() -> None:
    """Users in the channel are pinged; in code, escaped, unknown or elsewhere they are not."""
    async with a_club() as club:
        ada, stranger = club.ada, club.local.add_user("Bob")
        assert await pinged(club, f"{ada.mention} <@!{ada.id}>") == {ada.id}
        for text in (f"`{ada.mention}`", f"```\n{ada.mention}```", f"\\{ada.mention}", "<@1>"):
            assert await pinged(club, text) == set()
        assert await pinged(club, stranger.mention) == set()
        assert await pinged(club, ada.mention, flags=1 << 12) == set()


async def test_allowed_mentions_decide_who_is_pinged() -> None:
    """Nobody, listed users, or kinds of mention."""
    async with a_club() as club:
        ada, bob = club.ada, club.local.add_user("Bob")
        club.guild.add_member(bob)
        text = f"{ada.mention} {bob.mention}"
        assert await pinged(club, text, allowed_mentions={"parse": []}) == set()
        assert await pinged(club, text, allowed_mentions={"users": [str(bob.id)]}) == {bob.id}
        both = await pinged(club, text, allowed_mentions={"parse": ["users"]})
        assert both == {ada.id, bob.id}
        assert club.songs.messages[0].payload()["mentions"] == []


async def test_roles_and_everyone_need_permission() -> None:
    """A role must be mentionable; @everyone needs Mention Everyone."""
    async with a_club() as club:
        quiet = club.guild.add_role("quiet")
        loud = club.guild.add_role("loud", mentionable=True)
        bob = club.local.add_user("Bob")
        club.guild.add_member(bob, roles=(quiet, loud))
        assert await pinged(club, quiet.mention) == set()
        assert await pinged(club, loud.mention) == {bob.id}
        assert await pinged(club, "@everyone") == set()
        club.guild.grant("mention_everyone")
        assert await pinged(club, quiet.mention) == {bob.id}
        assert {club.ada.id, bob.id} <= await pinged(club, "@here")
        club.guild.remove_member(bob)
        assert await pinged(club, loud.mention) == set()


async def test_neither_an_embed_nor_an_edit_pings() -> None:
    """A mention in an embed is only shown, one that comes by an edit too."""
    async with a_club() as club:
        assert await pinged(club, "x", embeds=[{"description": club.ada.mention}]) == set()
        (message,) = club.songs.messages
        await club.place().get_partial_message(message.id).edit(content=club.ada.mention)
        assert message.mentions == [club.ada]
        assert message.pinged == set()


async def test_the_bot_knows_itself_and_its_guild() -> None:
    """Application, guild, channels, roles and members can be fetched."""
    async with a_club() as club:
        info = await club.bot.application_info()
        assert (info.id, info.name) == (club.local.application_id, "Suno Bot")
        guild = await club.bot.fetch_guild(club.guild.id, with_counts=False)
        assert (guild.name, len(await guild.fetch_roles())) == ("Song Club", 2)
        assert [one.name for one in await guild.fetch_channels()] == ["songs"]
        assert (await guild.fetch_member(club.local.bot_user.id)).bot
        assert (await club.bot.fetch_channel(club.songs.id)).id == club.songs.id
        for code, path in (
            (10004, "/guilds/1"),
            (10007, f"/guilds/{club.guild.id}/members/1"),
            (10013, "/users/1"),
            (10003, "/channels/1"),
            (0, "/nothing/here"),
        ):
            with pytest.raises(discord.NotFound) as refused:
                await club.request("GET", path)
            assert refused.value.code == code


@pytest.mark.malformed_requests
async def test_wrong_ways_of_asking_are_refused() -> None:
    """A wrong method, a body that is no JSON, no object, or an id that is no number."""
    async with a_club() as club:
        path = f"/channels/{club.songs.id}/messages"
        for status, code, method, where, options in (
            (405, 0, "DELETE", "/users/@me", {}),
            (400, 50109, "POST", path, {"data": "{"}),
            (400, 50035, "POST", path, {"json": [1]}),
            (400, 50035, "GET", "/channels/songs", {}),
            (400, 50035, "POST", path, {"json": {"content": "x", "embeds": ["x"]}}),
        ):
            with pytest.raises(discord.HTTPException) as refused:
                await club.request(method, where, **options)
            assert code_of(refused.value) == (status, code)


def a_file(name: str) -> discord.File:
    """Give a small file."""
    return discord.File(io.BytesIO(b"x"), name)
