import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot.storage.models import Destination
from sandbox.discord import Message, User, body_contains
from sandbox.discord.permissions import NONE, Overwrite, Permission
from tests.support.builders import a_clip, a_song
from tests.support.delivery import a_dispatcher
from tests.support.dispatcher_harness import (
    POLICY,
    POST,
    DispatcherHarness,
    add_member,
    message_requests,
)


async def test_a_notice_mentions_exactly_those_who_watched(dispatching: DispatcherHarness) -> None:
    """In one message, whatever the title says."""
    guild = dispatching.guild
    people = [dispatching.local.add_user(name) for name in ("Ada", "Bea", "Cleo")]
    for person in people:
        guild.add_member(person)
    title = f"@everyone {people[2].mention}"
    await dispatching.enqueue(a_song(clips=(a_clip(title=title),)), people[0].id, people[1].id)
    (message,) = await dispatching.deliver()
    assert message.pinged == {people[0].id, people[1].id}
    assert await dispatching.states() == [("sent", None)]


async def test_a_song_comes_with_cover_links_and_lyrics(dispatching: DispatcherHarness) -> None:
    """One embed a clip, each with its own cover and link, and the lyrics once."""
    second = a_clip(id="clip-2", audio_url="https://cdn1.suno.ai/clip-2.mp3")
    await dispatching.enqueue(a_song(clips=(a_clip(), second)))
    (message,) = await dispatching.deliver()
    assert {embed.get("url") for embed in message.embeds} >= {
        "https://cdn1.suno.ai/clip-1.mp3",
        "https://cdn1.suno.ai/clip-2.mp3",
    }
    assert message.embeds[0]["image"]["url"].endswith("image_clip-1.png")
    assert str(message.payload()).count("Paper boats on a rainy street") == 1
    urls = [button["url"] for row in message.components for button in row["components"]]
    assert "https://cdn1.suno.ai/clip-1.mp3" in urls


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"drop": True},
        {"status": 520, "html": True},
        {"retry_after": 0.01, "via": False},
        {"status": 403, "code": 20028},
        {"status": 403, "code": 20016},
        {"status": 400, "html": True},
        {"status": 403, "html": True},
        {"status": 404, "html": True},
        {"status": 405, "html": True},
        {"status": 413, "html": True},
        {"status": 401, "html": True},
        {"status": 404, "code": 0},
        {"status": 400, "code": 0},
        {"status": 400, "code": 130000},
    ],
    ids=str,
)
async def test_trouble_that_passes_delays_a_notice(
    dispatching: DispatcherHarness, fault: dict[str, object]
) -> None:
    """It is sent again with the same nonce, and arrives once."""
    dispatching.local.faults.add(POST, times=1, **fault)  # type: ignore[arg-type]  # one row each
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    (message,) = await dispatching.deliver(after=2)
    assert message.embeds[0]["image"]
    assert await dispatching.states() == [("sent", None)]


async def test_a_message_that_was_taken_and_not_heard_of_is_not_repeated(
    dispatching: DispatcherHarness,
) -> None:
    """The connection breaks after Discord posted it; the nonce settles it."""
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    assert len(await dispatching.deliver()) == 1
    assert (await dispatching.states())[0][0] == "due"
    assert len(await dispatching.deliver(after=2)) == 1
    assert await dispatching.states() == [("sent", None)]


async def test_a_message_that_was_deleted_before_its_repeat_counts_as_delivered(
    dispatching: DispatcherHarness,
) -> None:
    """Discord answers 10008 to the nonce: people had it, and wanted it gone."""
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    dispatching.local.delete_message(message)
    assert await dispatching.deliver(after=2) == []
    assert await dispatching.states() == [("sent", None)]


async def test_the_pause_between_tries_grows(dispatching: DispatcherHarness) -> None:
    """And what cannot be delivered for a day is held, not tried every moment."""
    dispatching.local.faults.add(POST, status=503, times=None)
    await dispatching.enqueue(a_song())
    tries = []
    for _ in range(6):
        await dispatching.deliver(
            after=max(0.0, (await dispatching.outbox.next_at() or 0.0) - dispatching.now)
        )
        tries.append(dispatching.now)
    pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert pauses[-1] > pauses[0]
    await dispatching.deliver(after=86400)
    assert (await dispatching.states())[0][0] == "held"
    dispatching.local.faults.clear()
    assert len(await dispatching.deliver(after=600)) == 1


async def test_a_missing_permission_holds_a_notice_until_it_is_back(
    dispatching: DispatcherHarness,
) -> None:
    """It is kept, asked about rarely, and then delivered by itself."""
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    await dispatching.deliver(after=10)  # the words about it go out
    assert (await dispatching.states())[0][0] == "held"
    tries = len(dispatching.local.requests)
    for _ in range(5):
        await dispatching.deliver(after=100)
    assert len(dispatching.local.requests) == tries
    dispatching.channel.allow("send_messages")
    assert len(await dispatching.deliver(after=100)) == 1


async def test_a_channel_that_is_gone_is_replaced_by_direct_messages(
    dispatching: DispatcherHarness,
) -> None:
    """Each watcher gets the song alone, with a word why; the channel is not tried again."""
    ada, bea = add_member(dispatching, "Ada"), add_member(dispatching, "Bea")
    await dispatching.enqueue(a_song(), ada.id, bea.id)
    dispatching.channel.delete()
    await dispatching.deliver()
    await dispatching.deliver(after=99999)
    for person in (ada, bea):
        (message,) = dispatching.local.open_dm(person).messages
        assert message.pinged == {person.id}
        assert dispatching.channel.mention in message.content
        assert "https://cdn1.suno.ai/clip-1.mp3" in str(message.payload())
    assert [state for state, _ in await dispatching.states()] == ["dropped", "sent", "sent"]
    message_requests = [
        r
        for r in dispatching.local.requests
        if r.path.endswith(f"/{dispatching.channel.id}/messages")
    ]
    assert len(message_requests) == 1


async def test_a_person_who_takes_no_direct_messages_does_not_stop_the_others(
    dispatching: DispatcherHarness,
) -> None:
    """Nor is that person tried again and again."""
    ada, bea = add_member(dispatching, "Ada"), add_member(dispatching, "Bea")
    ada.accepts_direct_messages = False
    await dispatching.enqueue(a_song(), ada.id, bea.id)
    dispatching.channel.delete()
    await dispatching.deliver()
    await dispatching.deliver(after=10)
    assert len(dispatching.local.open_dm(bea).messages) == 1
    before = len(dispatching.local.requests)
    await dispatching.deliver(after=99999)
    assert len(dispatching.local.requests) == before


@pytest.mark.parametrize(
    "fault",
    [{"status": 503}, {"status": 403, "html": True}, {"status": 403, "code": 40003}],
    ids=str,
)
async def test_trouble_while_a_direct_message_is_opened_loses_nothing(
    dispatching: DispatcherHarness, fault: dict[str, object]
) -> None:
    """It is tried again later."""
    ada = add_member(dispatching)
    await dispatching.enqueue(a_song(), ada.id)
    dispatching.channel.delete()
    dispatching.local.faults.add("POST /users/@me/channels", times=1, **fault)  # type: ignore[arg-type]  # one row each
    await dispatching.deliver()
    assert dispatching.local.open_dm(ada).messages == []
    await dispatching.deliver(after=60)
    assert len(dispatching.local.open_dm(ada).messages) == 1


async def test_a_channel_that_the_bot_may_not_see_counts_as_gone(
    dispatching: DispatcherHarness,
) -> None:
    """Discord calls that 50001: those who watched get their song directly."""
    ada = add_member(dispatching)
    dispatching.channel.deny("view_channel")
    await dispatching.enqueue(a_song(), ada.id)
    await dispatching.deliver()
    (message,) = dispatching.local.open_dm(ada).messages
    assert "https://cdn1.suno.ai/clip-1.mp3" in str(message.payload())


async def test_who_waits_is_told_once_which_permission_is_missing(
    dispatching: DispatcherHarness,
) -> None:
    """And in which channel, however many songs wait there; the songs come when it is back."""
    ada = add_member(dispatching)
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song("one"), ada.id)
    await dispatching.enqueue(a_song("two"), ada.id)
    await dispatching.deliver()
    await dispatching.deliver(after=600)
    (word,) = dispatching.local.open_dm(ada).messages
    assert "Send Messages" in word.content
    assert dispatching.channel.mention in word.content
    dispatching.channel.allow("send_messages")
    assert len(await dispatching.deliver(after=600)) == 2
    assert len(dispatching.local.open_dm(ada).messages) == 1


async def test_a_place_that_refuses_is_tried_once_in_ten_minutes(
    dispatching: DispatcherHarness,
) -> None:
    """Not once for each message that is owed there."""
    dispatching.channel.deny("send_messages")
    for number in range(5):
        await dispatching.enqueue(a_song(f"song-{number}"))
    for _ in range(6):
        await dispatching.deliver(after=100)
    tries = [
        r
        for r in dispatching.local.requests
        if r.path.endswith(f"/{dispatching.channel.id}/messages")
    ]
    assert len(tries) <= 2


async def test_a_permission_that_is_back_is_noticed_at_once(dispatching: DispatcherHarness) -> None:
    """By the event, without waiting for the next slow look."""
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    await dispatching.dispatcher.channel_blocker.retry_unblocked(dispatching.guild.id)
    assert await dispatching.deliver() == []
    heard = asyncio.create_task(dispatching.client.wait_for("guild_channel_update", timeout=5))
    await asyncio.sleep(0)
    dispatching.channel.allow("send_messages")
    await heard
    await dispatching.dispatcher.channel_blocker.retry_unblocked(dispatching.guild.id)
    assert len(await dispatching.deliver()) == 1


@pytest.mark.parametrize(("locked", "word"), [(False, "archived"), (True, "locked")])
async def test_a_closed_thread_holds_a_notice_with_its_reason(
    dispatching: DispatcherHarness, locked: bool, word: str
) -> None:
    """The one who waits is told what has to be done."""
    guild = dispatching.guild
    ada = add_member(dispatching)
    thread = guild.add_thread(dispatching.channel, "new songs")
    dispatching.local.faults.add(POST, status=403, code=160005 if locked else 50083, times=1)
    await dispatching.enqueue(a_song(), ada.id, channel=thread)
    await dispatching.deliver()
    assert word in dispatching.local.open_dm(ada).messages[0].content
    await dispatching.deliver(after=600)
    assert len(thread.messages) == 1


async def test_a_message_refused_for_its_content_is_sent_simpler(
    dispatching: DispatcherHarness,
) -> None:
    """The song arrives all the same: first without pictures and buttons, then as plain text."""
    dispatching.local.faults.add(POST, status=400, code=50035, times=1)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert message.embeds
    assert "image" not in message.embeds[0]
    dispatching.local.faults.add(POST, status=400, code=50035, times=2)
    await dispatching.enqueue(a_song("second"))
    message = (await dispatching.deliver())[-1]
    assert message.embeds == []
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content


async def test_without_embed_links_the_song_comes_as_text(dispatching: DispatcherHarness) -> None:
    """Discord drops the embeds in silence; the links and the lyrics must not go with them."""
    dispatching.channel.deny("embed_links")
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert message.embeds == []
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert "Paper boats" in message.content


async def test_a_notice_reaches_a_direct_message_that_no_cache_knows(
    dispatching: DispatcherHarness,
) -> None:
    """After a restart nothing but the id of the channel is known."""
    ada = dispatching.local.add_user("Ada")
    guild = dispatching.guild
    guild.add_member(ada)
    direct = dispatching.local.open_dm(ada)
    await dispatching.enqueue(a_song(), ada.id, channel=direct)
    await dispatching.deliver()
    (message,) = direct.messages
    assert message.pinged == {ada.id}


async def test_one_channel_that_refuses_holds_up_no_other(dispatching: DispatcherHarness) -> None:
    """The one behind it is served in the same round."""
    guild = dispatching.guild
    other = guild.add_channel("other")
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song("one"))
    await dispatching.enqueue(a_song("two"), channel=other)
    await dispatching.deliver()
    assert len(other.messages) == 1


async def test_the_order_in_a_channel_is_kept_through_trouble(
    dispatching: DispatcherHarness,
) -> None:
    """The second song waits for the first."""
    dispatching.local.faults.add(POST, status=503, times=1)
    await dispatching.enqueue(a_song("first-song"))
    await dispatching.enqueue(a_song("second-song"))
    assert await dispatching.deliver() == []
    messages = await dispatching.deliver(after=2)
    assert ["first-song" in str(message.payload()) for message in messages] == [True, False]


async def test_what_was_under_way_at_a_kill_is_taken_up_again(
    dispatching: DispatcherHarness,
) -> None:
    """A claimed delivery of a process that died is not forgotten."""
    await dispatching.enqueue(a_song())
    assert len(await dispatching.outbox.claim(dispatching.now, 10)) == 1
    assert await dispatching.states() == [("sending", None)]
    assert len(await dispatching.deliver()) == 1


async def taken_but_unheard(dispatching: DispatcherHarness) -> Message:
    """Let Discord take a message whose acknowledgement is lost, and its nonce window pass."""
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    dispatching.local.clock.advance(3600)
    return message


async def test_a_doubt_older_than_the_nonce_is_settled_by_reading_the_channel(
    dispatching: DispatcherHarness,
) -> None:
    """The message is there: it is found by its marker, and not repeated."""
    message = await taken_but_unheard(dispatching)
    assert await dispatching.deliver() == [message]
    assert await dispatching.states() == [("sent", None)]


async def test_a_nonce_is_relied_on_for_less_than_a_minute(dispatching: DispatcherHarness) -> None:
    """Discord may forget it after that; until then, a try may still begin requests."""
    dispatching.local.nonce_window = 60
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert await dispatching.deliver(after=61) == [message]
    assert POLICY.nonce_window + POLICY.attempt_timeout < 60


async def test_a_doubt_is_settled_although_our_clock_is_ahead_of_discords(
    dispatching: DispatcherHarness,
) -> None:
    """The channel is read from the doubtful moment on, as Discord's clock has it."""
    ahead = a_dispatcher(
        dispatching.client,
        dispatching.outbox,
        POLICY,
        clock=lambda: dispatching.local.clock.now() + 7200,
        request_monitor=dispatching.request_monitor,
    )
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    await ahead.tick()
    await ahead.finish()
    (message,) = dispatching.channel.messages
    dispatching.local.clock.advance(3600)
    await ahead.tick()
    await ahead.finish()
    assert dispatching.channel.messages == [message]
    assert await dispatching.states() == [("sent", None)]


async def test_a_message_that_the_channel_does_not_hold_is_sent(
    dispatching: DispatcherHarness,
) -> None:
    """The doubt was unfounded; what is sent does not speak of a repeat."""
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song())
    assert await dispatching.deliver() == []
    (message,) = await dispatching.deliver(after=3600)
    assert "twice" not in message.content


@pytest.mark.parametrize(
    ("refusal", "waits"),
    [
        ({"status": 403, "code": 50013}, 600),
        ({"status": 400, "code": 50035}, 0),
        ({"status": 401}, 300),
    ],
    ids=str,
)
async def test_an_error_settles_nothing_about_an_earlier_request_of_the_same_try(
    dispatching: DispatcherHarness, refusal: dict[str, Any], waits: float
) -> None:
    """discord.py repeats a 500 by itself: Discord took that one, and refused only the repeat."""
    dispatching.local.faults.add(POST, status=500, when="after", times=1)
    dispatching.local.faults.add(POST, times=1, **refusal)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert await dispatching.deliver(after=waits) == [message]
    dispatching.local.clock.advance(3600)
    assert await dispatching.deliver() == [message]
    assert (await dispatching.states())[0] == ("sent", None)


@pytest.mark.parametrize(
    ("refusal", "times"),
    [
        ({"retry_after": 0.01}, 5),  # discord.py tries so often by itself
        ({"retry_after": 0.01, "via": False}, 1),
        ({"status": 401}, 1),
    ],
    ids=str,
)
async def test_what_was_refused_for_sure_leaves_no_doubt(
    dispatching: DispatcherHarness, refusal: dict[str, Any], times: int
) -> None:
    """However long the wait was after it: the next try does not speak of a repeat."""
    dispatching.channel.deny("read_message_history")
    dispatching.local.faults.add(POST, times=times, **refusal)
    await dispatching.enqueue(a_song())
    assert await dispatching.deliver() == []
    (message,) = await dispatching.deliver(after=3600)
    assert "twice" not in message.content


async def test_where_the_channel_may_not_be_read_a_repeat_is_better_than_a_loss(
    dispatching: DispatcherHarness,
) -> None:
    """And it says that it may be one."""
    first = await taken_but_unheard(dispatching)
    dispatching.channel.deny("read_message_history")
    messages = await dispatching.deliver()
    assert messages[0] is first
    assert "twice" in messages[1].content
    assert await dispatching.states() == [("sent", None)]


async def test_an_empty_history_settles_nothing_where_the_bot_may_not_read_it_any_more(
    dispatching: DispatcherHarness,
) -> None:
    """Also while the gateway has not told yet that the permission was taken away."""
    first = await taken_but_unheard(dispatching)
    overwrite = dispatching.channel.overwrites.setdefault(
        dispatching.channel.shared.bot.id, Overwrite()
    )
    overwrite.change(allow=NONE, deny=Permission.READ_MESSAGE_HISTORY)
    messages = await dispatching.deliver()
    assert messages[0] is first
    assert "twice" in messages[1].content
    assert await dispatching.states() == [("sent", None)]


async def test_a_doubt_in_a_direct_message_is_settled_by_reading_it(
    dispatching: DispatcherHarness,
) -> None:
    """A direct message can always be read."""
    ada = dispatching.local.add_user("Ada")
    guild = dispatching.guild
    guild.add_member(ada)
    direct = dispatching.local.open_dm(ada)
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song(), ada.id, channel=direct)
    await dispatching.deliver()
    await dispatching.deliver(after=3600)
    assert len(direct.messages) == 1
    assert await dispatching.states() == [("sent", None)]


async def test_the_notice_of_an_earlier_watch_is_no_evidence_for_a_later_one(
    dispatching: DispatcherHarness,
) -> None:
    """The same song, watched twice in one channel, is owed two messages."""
    await dispatching.enqueue(a_song())
    (first,) = await dispatching.deliver()
    dispatching.local.clock.advance(900)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    messages = await dispatching.deliver(after=3600)
    assert messages[0] is first
    assert len(messages) == 2


async def test_the_notice_of_a_song_of_the_same_title_is_no_evidence(
    dispatching: DispatcherHarness,
) -> None:
    """Not even when a moderator has taken its embeds away, so that only its sentence is left."""
    await dispatching.enqueue(a_song("first-song"))
    (first,) = await dispatching.deliver()
    first.embeds = []
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song("second-song"))
    await dispatching.deliver()
    messages = await dispatching.deliver(after=3600)
    assert messages[0] is first
    assert "second-song" in str(messages[1].payload())


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (400, 50083), (404, 10003)])
async def test_an_edit_that_is_refused_does_not_make_a_second_message(
    dispatching: DispatcherHarness, status: int, code: int
) -> None:
    """The message is posted; that its embeds cannot be written out changes nothing about that."""
    dispatching.channel.deny("embed_links")
    dispatching.local.faults.add(
        "PATCH /channels/{id}/messages/{message}", status=status, code=code
    )
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    assert len(await dispatching.deliver(after=99999)) == 1
    assert await dispatching.states() == [("sent", None)]


async def test_a_song_whose_texts_may_not_be_written_out_can_be_asked_for(
    dispatching: DispatcherHarness,
) -> None:
    """The embeds were dropped, and AutoMod refuses their words: the message names the id."""
    dispatching.channel.deny("embed_links")
    edit, moderated = "PATCH /channels/{id}/messages/{message}", body_contains("clip-1.mp3")
    dispatching.local.faults.add(edit, status=400, code=200000, where=moderated, times=None)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert "♪ song" in message.content
    assert "/suno status" in message.content
    assert await dispatching.deliver(after=99999) == [message]
    assert await dispatching.states() == [("sent", None)]


async def test_a_person_who_quotes_the_marker_does_not_stop_a_notice(
    dispatching: DispatcherHarness,
) -> None:
    """Only the bot's own messages count."""
    guild = dispatching.guild
    ada = dispatching.local.add_user("Ada")
    guild.add_member(ada)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    dispatching.local.send_message(ada, dispatching.channel, "-# `♪ song · clip-1`")
    assert len(await dispatching.deliver(after=3600)) == 2


async def test_a_doubt_waits_until_it_is_known_what_may_be_read(
    dispatching: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new session knows nothing of a server at first: that is no reason to call it closed."""
    guild = dispatching.guild
    monkeypatch.setattr(dispatching.client, "before_identify_hook", at_once)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song())
    guild.start_outage()
    async with hearing(dispatching, "ready"):
        await dispatching.local.invalidate_sessions()
    await dispatching.deliver()
    assert await dispatching.deliver(after=3600) == []
    async with hearing(dispatching, "guild_available"):
        guild.end_outage()
    (message,) = await dispatching.deliver(after=600)
    assert "twice" not in message.content


async def test_a_try_ends_before_discord_forgets_its_nonce(dispatching: DispatcherHarness) -> None:
    """What discord.py does again by itself, later than that, would be a second message."""
    dispatching.dispatcher = a_dispatcher(
        dispatching.client,
        dispatching.outbox,
        replace(POLICY, attempt_timeout=0.3),
        clock=dispatching.local.clock.now,
    )
    fault = dispatching.local.faults.add(POST, status=500, when="after", times=1)
    await dispatching.enqueue(a_song())
    await dispatching.dispatcher.tick()
    await dispatching.local.wait_for(lambda: fault.hits)
    dispatching.local.clock.advance(3600)
    await dispatching.dispatcher.finish()
    assert len(await dispatching.deliver(after=2)) == 1
    assert await dispatching.states() == [("sent", None)]


async def test_a_message_that_lost_its_embeds_unheard_is_found_and_written_out(
    dispatching: DispatcherHarness,
) -> None:
    """It bears no marker then; it is known by what it says, and gets its links all the same."""
    dispatching.channel.deny("embed_links")
    message = await taken_but_unheard(dispatching)
    assert "clip-1.mp3" not in message.content
    assert await dispatching.deliver() == [message]
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert await dispatching.states() == [("sent", None)]


async def test_a_direct_message_for_what_may_have_been_posted_says_so(
    dispatching: DispatcherHarness,
) -> None:
    """The channel took the message, unheard, and is gone now: nobody can look there any more."""
    ada = add_member(dispatching)
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song(), ada.id)
    await dispatching.deliver()
    dispatching.channel.deny("view_channel")
    await dispatching.deliver(after=2)
    (direct,) = dispatching.local.open_dm(ada).messages
    assert "twice" in direct.content


async def test_who_wanted_no_mention_is_told_directly_all_the_same(
    dispatching: DispatcherHarness,
) -> None:
    """The place is gone: without a direct message, the person would never hear of it."""
    ada = add_member(dispatching)
    guild = dispatching.guild
    destination = Destination(dispatching.channel.id, guild.id)
    await dispatching.store.add_finished(
        a_song(), user_id=ada.id, destination=destination, now=dispatching.now, mention=False
    )
    dispatching.channel.delete()
    await dispatching.deliver()
    assert len(dispatching.local.open_dm(ada).messages) == 1


async def test_a_direct_message_for_what_was_surely_not_posted_claims_no_repeat(
    dispatching: DispatcherHarness,
) -> None:
    """The channel was gone at the first try."""
    ada = add_member(dispatching)
    await dispatching.enqueue(a_song(), ada.id)
    dispatching.channel.delete()
    await dispatching.deliver()
    (direct,) = dispatching.local.open_dm(ada).messages
    assert "twice" not in direct.content


async def at_once(*_: object, **__: object) -> None:
    """Begin a new session without the five seconds that discord.py waits before it."""


@asynccontextmanager
async def hearing(dispatching: DispatcherHarness, event: str) -> AsyncIterator[None]:
    """Do something of which the gateway tells, and wait until the bot has heard it."""
    heard = asyncio.create_task(dispatching.client.wait_for(event, timeout=5))
    await asyncio.sleep(0)
    yield
    await heard


async def refused(dispatching: DispatcherHarness, status: int, code: int) -> User:
    """Let Discord refuse the first post of a song that somebody waits for; return who waits."""
    ada = add_member(dispatching)
    dispatching.local.faults.add(POST, status=status, code=code, times=1)
    await dispatching.enqueue(a_song(), ada.id)
    await dispatching.deliver()
    return ada


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((404, code) for code in (10003, 10004, 10013, 10015)),
        *((403, code) for code in (50001, 50007, 50278)),
    ],
)
async def test_a_code_for_a_place_that_is_gone_turns_to_the_person(
    dispatching: DispatcherHarness, status: int, code: int
) -> None:
    """And the place is not tried again."""
    ada = await refused(dispatching, status, code)
    await dispatching.deliver(after=99999)
    assert len(dispatching.local.open_dm(ada).messages) == 1
    assert dispatching.channel.messages == []
    assert await dispatching.states() == [("dropped", f"{status}/{code}"), ("sent", None)]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [(403, 50013, "cannot post"), (400, 160005, "locked"), (400, 50083, "archived")],
)
async def test_a_code_for_what_people_can_mend_parks_the_message(
    dispatching: DispatcherHarness, status: int, code: int, told: str
) -> None:
    """Whoever waits is told what is missing; it goes on by itself when that has changed."""
    ada = await refused(dispatching, status, code)
    assert [state for state, _ in await dispatching.states()] == ["held", "sent"]
    assert told in dispatching.local.open_dm(ada).messages[0].content
    assert len(await dispatching.deliver(after=600)) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, 50035), (400, 50006), (413, 40005), (400, 200000), (400, 240000)]
)
async def test_a_code_for_the_content_sends_it_simpler_at_once(
    dispatching: DispatcherHarness, status: int, code: int
) -> None:
    """Nobody has to wait for it, and the link is there."""
    await refused(dispatching, status, code)
    (message,) = dispatching.channel.messages
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert message.components == []


@pytest.mark.parametrize(("status", "code"), [(400, 40060), (404, 10008)])
async def test_a_code_for_what_was_done_before_ends_it(
    dispatching: DispatcherHarness, status: int, code: int
) -> None:
    """It counts as posted; nothing is tried again."""
    await refused(dispatching, status, code)
    await dispatching.deliver(after=99999)
    assert await dispatching.states() == [("sent", None)]
    assert dispatching.channel.messages == []


async def test_a_401_keeps_the_message_and_asks_for_a_check_of_the_token(
    dispatching: DispatcherHarness,
) -> None:
    """It is tried again like after any trouble: the check tells whether that is in vain."""
    dispatching.local.faults.add(POST, status=401, times=1)
    await dispatching.enqueue(a_song())
    assert await dispatching.deliver() == []
    assert dispatching.dispatcher.token_refused.is_set()
    assert len(await dispatching.deliver(after=2)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        {"retry_after": 1.5, "via": False},
        {"status": 503},
        {"status": 503, "code": 130000},
        {"retry_after": 1.5, "code": 20028, "via": False},
        {"retry_after": 1.5, "code": 20029, "via": False},
        {"drop": True},
        {"drop": True, "when": "after"},
        {"status": 503, "when": "after"},
    ],
    ids=lambda trouble: " ".join(map(str, trouble.values())),
)
async def test_trouble_that_passes_is_met_with_the_same_message_again(
    dispatching: DispatcherHarness, trouble: dict[str, Any]
) -> None:
    """The nonce is the same, so that one that was taken unheard is not posted twice."""
    dispatching.local.faults.add(POST, times=1, **trouble)
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    (before, *_) = await dispatching.states()
    assert before[0] == "due"
    (message,) = await dispatching.deliver(after=2)
    assert "twice" not in message.content
    assert await dispatching.states() == [("sent", None)]
    assert len(message_requests(dispatching)) == 2


async def test_a_doubt_in_an_archived_thread_is_settled_by_reading_it(
    dispatching: DispatcherHarness,
) -> None:
    """The gateway does not speak of such threads: the parent tells whether it can be read."""
    guild = dispatching.guild
    thread = guild.add_thread(dispatching.channel, "new songs")
    thread.archive()
    gone = asyncio.create_task(dispatching.client.wait_for("raw_thread_update", timeout=5))
    await asyncio.wait({gone}, timeout=1)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song(), channel=thread)
    await dispatching.deliver()
    dispatching.local.clock.advance(3600)
    await dispatching.deliver()
    (message,) = thread.messages
    assert "twice" not in message.content


async def test_a_crowd_of_notices_is_told_from_a_few(dispatching: DispatcherHarness) -> None:
    """What can wait does then: whoever posts something else asks before."""
    guild = dispatching.guild
    dispatching.local.faults.add(POST, delay=60.0, times=None)
    impatient = replace(POLICY, shutdown_timeout=0.0)
    dispatcher = a_dispatcher(
        dispatching.client, dispatching.outbox, impatient, clock=dispatching.local.clock.now
    )
    for number in range(POLICY.max_concurrent // 4):
        await dispatching.enqueue(
            a_song(f"song-{number}"), channel=guild.add_channel(f"songs-{number}")
        )
    await dispatcher.tick()
    few = dispatcher.busy
    await dispatching.enqueue(a_song("one-more"))
    await dispatcher.tick()
    crowd = dispatcher.busy
    await dispatcher.finish()
    assert (few, crowd, dispatcher.busy) == (False, True, False)
