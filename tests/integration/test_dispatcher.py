"""The outbox dispatcher: retries, permissions, redirection, formats and the duplicate check."""

import asyncio
import itertools
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot.i18n.catalog import catalog_for
from bot.storage.erasure import Erasure
from bot.storage.models import Destination, NoticeStyle, WatchRequest
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from bot.storage.terms import Term, working_for
from sandbox.discord import Message, User, body_contains
from sandbox.discord.permissions import NONE, Overwrite, Permission
from tests.support.builders import a_clip, a_song
from tests.support.delivery import a_dispatcher
from tests.support.dispatcher_harness import (
    POLICY,
    POST,
    DispatcherHarness,
    add_member,
    destination_of,
    message_requests,
    sent_from_another_shard,
)


async def test_a_notice_mentions_exactly_the_watchers(dispatching: DispatcherHarness) -> None:
    """A title with mentions mentions nobody."""
    guild = dispatching.guild
    users = [dispatching.local.add_user(name) for name in ("Ada", "Bea", "Cleo")]
    for user in users:
        guild.add_member(user)
    title = f"@everyone {users[2].mention}"
    await dispatching.enqueue(a_song(clips=(a_clip(title=title),)), users[0].id, users[1].id)
    (message,) = await dispatching.deliver()
    assert message.pinged == {users[0].id, users[1].id}
    assert await dispatching.states() == [("sent", None)]


async def test_a_notice_has_cover_links_and_lyrics(dispatching: DispatcherHarness) -> None:
    """One embed has a cover, the link of each clip, and the lyrics once."""
    second = a_clip(id="clip-2", audio_url="https://cdn1.suno.ai/clip-2.mp3")
    await dispatching.enqueue(a_song(clips=(a_clip(), second)))
    (message,) = await dispatching.deliver()
    (embed,) = message.embeds
    (row,) = message.components
    for number in (1, 2):
        link = f"https://cdn1.suno.ai/clip-{number}.mp3"
        assert link in embed["description"]
        assert link in [button.get("url") for button in row["components"]]
    assert embed["thumbnail"]["url"].endswith("image_clip-1.png")
    assert str(message.payload()).count("Paper boats on a rainy street") == 1


async def test_a_server_can_have_full_notices(dispatching: DispatcherHarness) -> None:
    """Each clip has a large cover."""
    settings = ServerSettingsStore(dispatching.outbox._database)
    await settings.change(dispatching.guild.id, notices=NoticeStyle.FULL)
    await dispatching.enqueue(a_song(clips=(a_clip(), a_clip(id="clip-2"))))
    (message,) = await dispatching.deliver()
    assert sum("image" in embed for embed in message.embeds) == 2


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
async def test_a_transient_error_delays_a_notice(
    dispatching: DispatcherHarness, fault: dict[str, object]
) -> None:
    """It is sent again with the same nonce and posted once."""
    dispatching.local.faults.add(POST, times=1, **fault)  # type: ignore[arg-type]  # one row each
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    (message,) = await dispatching.deliver(after=2)
    assert message.embeds[0]["thumbnail"]
    assert await dispatching.states() == [("sent", None)]


async def test_an_unconfirmed_message_is_not_repeated(
    dispatching: DispatcherHarness,
) -> None:
    """The nonce prevents a second message after a lost response."""
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    assert len(await dispatching.deliver()) == 1
    assert (await dispatching.states())[0][0] == "due"
    assert len(await dispatching.deliver(after=2)) == 1
    assert await dispatching.states() == [("sent", None)]


async def test_a_message_deleted_before_its_retry_counts_as_sent(
    dispatching: DispatcherHarness,
) -> None:
    """Discord answers the nonce with 10008."""
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    dispatching.local.delete_message(message)
    assert await dispatching.deliver(after=2) == []
    assert await dispatching.states() == [("sent", None)]


@pytest.mark.parametrize(
    "page",
    [{"status": 200, "html": True}, {"status": 200, "text": "maintenance"}, {"status": 204}],
    ids=["a page", "other JSON", "nothing"],
)
async def test_a_proxy_that_answers_for_discord_changes_no_message(
    dispatching: DispatcherHarness, page: dict[str, Any]
) -> None:
    """Its page says nothing about the message, which is posted once, in full and in its channel."""
    fault = dispatching.local.faults.add(POST, **page, when="after", times=8)
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    assert await dispatching.states() == [("due", "UnreadableResponse")]
    for _ in range(3):
        await dispatching.deliver(after=300)
    (message,) = dispatching.channel.messages
    assert message.components
    assert (fault.hits, await dispatching.states()) == (1, [("sent", None)])


async def test_no_proxy_delays_a_notice_for_longer_than_an_hour(
    dispatching: DispatcherHarness,
) -> None:
    """Its ``Retry-After`` may be days, when Discord is there again in a minute."""
    headers = {"Retry-After": "864000"}
    dispatching.local.faults.add(POST, status=503, html=True, headers=headers)
    await dispatching.enqueue(a_song())
    assert await dispatching.deliver(after=0) == []
    assert len(await dispatching.deliver(after=3600)) == 1


async def test_the_retry_delay_grows(dispatching: DispatcherHarness) -> None:
    """A delivery that fails for a day is held."""
    dispatching.local.faults.add(POST, status=503, times=None)
    await dispatching.enqueue(a_song())
    attempts = []
    for _ in range(6):
        await dispatching.deliver(
            after=max(0.0, (await dispatching.outbox.next_at() or 0.0) - dispatching.now)
        )
        attempts.append(dispatching.now)
    delays = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    assert delays[-1] > delays[0]
    await dispatching.deliver(after=86400)
    assert (await dispatching.states())[0][0] == "held"
    dispatching.local.faults.clear()
    assert len(await dispatching.deliver(after=600)) == 1


async def test_a_missing_permission_holds_a_notice_until_it_is_back(
    dispatching: DispatcherHarness,
) -> None:
    """It is retried rarely, and delivered once the permission is granted."""
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    await dispatching.deliver(after=10)  # sends the held notices
    assert (await dispatching.states())[0][0] == "held"
    request_count = len(dispatching.local.requests)
    for _ in range(5):
        await dispatching.deliver(after=100)
    assert len(dispatching.local.requests) == request_count
    dispatching.channel.allow("send_messages")
    assert len(await dispatching.deliver(after=100)) == 1


async def test_a_deleted_channel_is_replaced_by_direct_messages(
    dispatching: DispatcherHarness,
) -> None:
    """Each watcher gets the notice with the reason; the channel is not tried again."""
    ada, bea = add_member(dispatching, "Ada"), add_member(dispatching, "Bea")
    await dispatching.enqueue(a_song(), ada.id, bea.id)
    dispatching.channel.delete()
    await dispatching.deliver()
    await dispatching.deliver(after=99999)
    for user in (ada, bea):
        (message,) = dispatching.local.open_dm(user).messages
        assert message.pinged == {user.id}
        assert dispatching.channel.mention in message.content
        assert "https://cdn1.suno.ai/clip-1.mp3" in str(message.payload())
    assert [state for state, _ in await dispatching.states()] == ["dropped", "sent", "sent"]
    message_requests = [
        r
        for r in dispatching.local.requests
        if r.path.endswith(f"/{dispatching.channel.id}/messages")
    ]
    assert len(message_requests) == 1


async def test_an_unreachable_user_does_not_block_the_others(
    dispatching: DispatcherHarness,
) -> None:
    """The unreachable user is not tried again."""
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
async def test_a_transient_error_of_opening_a_direct_message_is_retried(
    dispatching: DispatcherHarness, fault: dict[str, object]
) -> None:
    """The notice is sent later."""
    ada = add_member(dispatching)
    await dispatching.enqueue(a_song(), ada.id)
    dispatching.channel.delete()
    dispatching.local.faults.add("POST /users/@me/channels", times=1, **fault)  # type: ignore[arg-type]  # one row each
    await dispatching.deliver()
    assert dispatching.local.open_dm(ada).messages == []
    await dispatching.deliver(after=60)
    assert len(dispatching.local.open_dm(ada).messages) == 1


async def test_an_inaccessible_channel_counts_as_deleted(
    dispatching: DispatcherHarness,
) -> None:
    """For code 50001 the watchers get direct messages."""
    ada = add_member(dispatching)
    dispatching.channel.deny("view_channel")
    await dispatching.enqueue(a_song(), ada.id)
    await dispatching.deliver()
    (message,) = dispatching.local.open_dm(ada).messages
    assert "https://cdn1.suno.ai/clip-1.mp3" in str(message.payload())


async def test_watchers_are_notified_once_of_a_missing_permission(
    dispatching: DispatcherHarness,
) -> None:
    """One message names channel and permission; the songs follow when it is granted."""
    ada = add_member(dispatching)
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song("one"), ada.id)
    await dispatching.enqueue(a_song("two"), ada.id)
    await dispatching.deliver()
    await dispatching.deliver(after=600)
    (held_notice,) = dispatching.local.open_dm(ada).messages
    assert "Send Messages" in held_notice.content
    assert dispatching.channel.mention in held_notice.content
    dispatching.channel.allow("send_messages")
    assert len(await dispatching.deliver(after=600)) == 2
    assert len(dispatching.local.open_dm(ada).messages) == 1


async def test_a_blocked_channel_is_probed_every_ten_minutes(
    dispatching: DispatcherHarness,
) -> None:
    """There is one probe, not one request per delivery."""
    dispatching.channel.deny("send_messages")
    for number in range(5):
        await dispatching.enqueue(a_song(f"song-{number}"))
    for _ in range(6):
        await dispatching.deliver(after=100)
    attempts = [
        r
        for r in dispatching.local.requests
        if r.path.endswith(f"/{dispatching.channel.id}/messages")
    ]
    assert len(attempts) <= 2


async def test_a_granted_permission_triggers_a_probe(dispatching: DispatcherHarness) -> None:
    """The gateway event does not wait for the next probe."""
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    await dispatching.dispatcher.channel_blocker.retry_unblocked(dispatching.guild.id)
    assert await dispatching.deliver() == []
    received = asyncio.create_task(dispatching.client.wait_for("guild_channel_update", timeout=60))
    await asyncio.sleep(0)
    dispatching.channel.allow("send_messages")
    await received
    await dispatching.dispatcher.channel_blocker.retry_unblocked(dispatching.guild.id)
    assert len(await dispatching.deliver()) == 1


@pytest.mark.parametrize(("locked", "expected"), [(False, "archived"), (True, "locked")])
async def test_a_closed_thread_holds_a_notice_with_its_reason(
    dispatching: DispatcherHarness, locked: bool, expected: str
) -> None:
    """The watcher is notified what to do."""
    guild = dispatching.guild
    ada = add_member(dispatching)
    thread = guild.add_thread(dispatching.channel, "new songs")
    dispatching.local.faults.add(POST, status=403, code=160005 if locked else 50083, times=1)
    await dispatching.enqueue(a_song(), ada.id, channel=thread)
    await dispatching.deliver()
    assert expected in dispatching.local.open_dm(ada).messages[0].content
    await dispatching.deliver(after=600)
    assert len(thread.messages) == 1


async def test_a_rejected_message_is_simplified(
    dispatching: DispatcherHarness,
) -> None:
    """First without images and buttons, then as plain text."""
    dispatching.local.faults.add(POST, status=400, code=50035, times=1)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert message.embeds
    assert "thumbnail" not in message.embeds[0]
    dispatching.local.faults.add(POST, status=400, code=50035, times=2)
    await dispatching.enqueue(a_song("second"))
    message = (await dispatching.deliver())[-1]
    assert message.embeds == []
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content


async def test_dropped_embeds_are_written_out_as_text(dispatching: DispatcherHarness) -> None:
    """Without Embed Links, links and lyrics are edited into the content."""
    dispatching.channel.deny("embed_links")
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert message.embeds == []
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert "Paper boats" in message.content


async def test_an_uncached_direct_message_is_reached(
    dispatching: DispatcherHarness,
) -> None:
    """After a restart only the channel id is known."""
    ada = dispatching.local.add_user("Ada")
    guild = dispatching.guild
    guild.add_member(ada)
    direct = dispatching.local.open_dm(ada)
    await dispatching.enqueue(a_song(), ada.id, channel=direct)
    await dispatching.deliver()
    (message,) = direct.messages
    assert message.pinged == {ada.id}


async def test_a_failing_channel_does_not_delay_others(dispatching: DispatcherHarness) -> None:
    """The next channel is served in the same tick."""
    guild = dispatching.guild
    other = guild.add_channel("other")
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song("one"))
    await dispatching.enqueue(a_song("two"), channel=other)
    await dispatching.deliver()
    assert len(other.messages) == 1


async def test_errors_keep_the_order_in_a_channel(
    dispatching: DispatcherHarness,
) -> None:
    """The second notice waits for the first."""
    dispatching.local.faults.add(POST, status=503, times=1)
    await dispatching.enqueue(a_song("first-song"))
    await dispatching.enqueue(a_song("second-song"))
    assert await dispatching.deliver() == []
    messages = await dispatching.deliver(after=2)
    assert ["first-song" in str(message.payload()) for message in messages] == [True, False]


async def test_a_claimed_delivery_of_a_dead_process_is_requeued(
    dispatching: DispatcherHarness,
) -> None:
    """A restart finds deliveries that are still claimed."""
    await dispatching.enqueue(a_song())
    assert len(await dispatching.outbox.claim(dispatching.now, 10)) == 1
    assert await dispatching.states() == [("sending", None)]
    assert len(await dispatching.deliver()) == 1


async def lose_response(dispatching: DispatcherHarness) -> Message:
    """Post a message whose response is lost, and let its nonce window pass."""
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    dispatching.local.clock.advance(3600)
    return message


async def test_a_result_after_the_term_of_a_leader_is_one_line_in_the_log(
    dispatching: DispatcherHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """It is expected, and the next leader recovers the delivery: no traceback."""
    await dispatching.enqueue(a_song())
    term = Term(session=0, until=math.inf)
    with caplog.at_level(logging.INFO), working_for(term):
        await dispatching.dispatcher.tick()
        term.session += 1  # the connection to the database is made again while Discord answers
        await dispatching.dispatcher.finish()
    (line,) = [each for each in caplog.messages if "not recorded" in each]
    assert line.startswith("Result of a delivery not recorded: delivery=1 cause=")
    assert "Traceback" not in caplog.text
    assert len(await dispatching.deliver()) == 1


async def test_an_expired_nonce_is_replaced_by_a_duplicate_check(
    dispatching: DispatcherHarness,
) -> None:
    """The channel's history has the marker, so nothing is posted again."""
    message = await lose_response(dispatching)
    assert await dispatching.deliver() == [message]
    assert await dispatching.states() == [("sent", None)]


async def test_the_nonce_window_is_shorter_than_discords(dispatching: DispatcherHarness) -> None:
    """An attempt may still start requests near the end of the window."""
    dispatching.local.nonce_window = 60
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert await dispatching.deliver(after=61) == [message]
    assert POLICY.nonce_window + POLICY.attempt_timeout < 60


async def test_the_duplicate_check_compensates_clock_skew(
    dispatching: DispatcherHarness,
) -> None:
    """The history is read from the unconfirmed time by Discord's clock."""
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


async def test_a_message_missing_from_a_channel_of_another_shard_is_sent(
    dispatching: DispatcherHarness,
) -> None:
    """It says that it may be there twice: nobody knows whether an empty history may be read."""
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song())
    async with sent_from_another_shard(dispatching) as leader:
        assert await leader.deliver() == []
        (message,) = await leader.deliver(after=3600)
    assert "twice" in message.content
    assert (await dispatching.states())[0][0] == "sent"


async def test_a_clock_that_jumps_ahead_confuses_no_songs_with_the_same_id(
    dispatching: DispatcherHarness,
) -> None:
    """The notice of a song at another account is not taken for the one whose answer was lost."""
    await dispatching.enqueue(a_song())
    (first,) = await dispatching.deliver()
    ahead_by = 3 * 86400
    ahead = a_dispatcher(
        dispatching.client,
        dispatching.outbox,
        POLICY,
        clock=lambda: dispatching.local.clock.now() + ahead_by,
        request_monitor=dispatching.request_monitor,
    )
    await TaskStore(dispatching.outbox._database, dispatching.outbox, "another").add_finished(
        a_song(),
        WatchRequest(dispatching.local.state.owner.id, destination_of(dispatching.channel)),
        dispatching.now + ahead_by,
    )
    dispatching.local.faults.add(POST, drop=True, times=1)
    for _ in range(2):
        await ahead.tick()
        await ahead.finish()
        dispatching.local.clock.advance(3600)
    assert len(dispatching.channel.messages) == 2
    assert first in dispatching.channel.messages


async def test_a_message_missing_from_the_history_is_sent(
    dispatching: DispatcherHarness,
) -> None:
    """It does not say that it may be a duplicate."""
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
async def test_an_error_does_not_confirm_an_earlier_request_of_the_attempt(
    dispatching: DispatcherHarness, refusal: dict[str, Any], waits: float
) -> None:
    """discord.py retries a 500 by itself, and only the retry is rejected."""
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
async def test_a_definite_rejection_is_not_unconfirmed(
    dispatching: DispatcherHarness, refusal: dict[str, Any], times: int
) -> None:
    """The next attempt never says that it may be a duplicate."""
    dispatching.channel.deny("read_message_history")
    dispatching.local.faults.add(POST, times=times, **refusal)
    await dispatching.enqueue(a_song())
    assert await dispatching.deliver() == []
    (message,) = await dispatching.deliver(after=3600)
    assert "twice" not in message.content


async def test_an_unreadable_history_leads_to_a_possible_duplicate(
    dispatching: DispatcherHarness,
) -> None:
    """The message says that it may be a duplicate."""
    first = await lose_response(dispatching)
    dispatching.channel.deny("read_message_history")
    messages = await dispatching.deliver()
    assert messages[0] is first
    assert "twice" in messages[1].content
    assert await dispatching.states() == [("sent", None)]


async def test_an_empty_history_without_permission_proves_nothing(
    dispatching: DispatcherHarness,
) -> None:
    """The gateway may not have reported the removed permission yet."""
    first = await lose_response(dispatching)
    overwrite = dispatching.channel.overwrites.setdefault(
        dispatching.channel.shared.bot.id, Overwrite()
    )
    overwrite.change(allow=NONE, deny=Permission.READ_MESSAGE_HISTORY)
    messages = await dispatching.deliver()
    assert messages[0] is first
    assert "twice" in messages[1].content
    assert await dispatching.states() == [("sent", None)]


async def test_the_duplicate_check_reads_direct_messages(
    dispatching: DispatcherHarness,
) -> None:
    """The history of a direct message is always readable."""
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


async def test_an_earlier_notice_of_the_task_is_no_duplicate(
    dispatching: DispatcherHarness,
) -> None:
    """Two watches of one song in one channel have two notices."""
    await dispatching.enqueue(a_song())
    (first,) = await dispatching.deliver()
    dispatching.local.clock.advance(900)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    messages = await dispatching.deliver(after=3600)
    assert messages[0] is first
    assert len(messages) == 2


async def test_the_notice_of_somebody_who_was_forgotten_is_no_duplicate(
    dispatching: DispatcherHarness,
) -> None:
    """It was posted unheard, and its record is deleted: whoever watches the task next is told."""
    ada, bea = add_member(dispatching, "Ada"), add_member(dispatching, "Bea")
    dispatching.local.faults.add(POST, drop=True, when="after")
    await dispatching.enqueue(a_song(), ada.id)
    await dispatching.deliver()
    await Erasure(dispatching.outbox._database).erase_user(ada.id, None, dispatching.now)
    dispatching.local.faults.add(POST, drop=True)
    await dispatching.enqueue(a_song(), bea.id)
    await dispatching.deliver()
    messages = await dispatching.deliver(after=60)
    assert [message.pinged for message in messages] == [{ada.id}, {bea.id}]


async def test_a_notice_is_found_although_whom_it_mentions_was_forgotten(
    dispatching: DispatcherHarness,
) -> None:
    """Somebody has joined it since it was posted unheard, and still waits for it."""
    ada, bea = add_member(dispatching, "Ada"), add_member(dispatching, "Bea")
    dispatching.local.faults.add(POST, drop=True, when="after")
    await dispatching.enqueue(a_song(), ada.id)
    await dispatching.deliver()
    dispatching.local.clock.advance(1)
    await dispatching.enqueue(a_song(), bea.id)
    await Erasure(dispatching.outbox._database).erase_user(ada.id, None, dispatching.now)
    (message,) = await dispatching.deliver(after=3600)
    assert message.pinged == {ada.id}
    assert await dispatching.states() == [("sent", None)]


async def test_a_notice_of_the_same_title_is_no_duplicate(
    dispatching: DispatcherHarness,
) -> None:
    """The title is not compared even if the embeds were removed."""
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
async def test_a_rejected_edit_posts_no_second_message(
    dispatching: DispatcherHarness, status: int, code: int
) -> None:
    """The posted message stays as it is if its embeds cannot be written out."""
    dispatching.channel.deny("embed_links")
    dispatching.local.faults.add(
        "PATCH /channels/{id}/messages/{message}", status=status, code=code
    )
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    assert len(await dispatching.deliver(after=99999)) == 1
    assert await dispatching.states() == [("sent", None)]


async def test_a_message_without_its_texts_contains_the_id(
    dispatching: DispatcherHarness,
) -> None:
    """AutoMod rejects the text of the dropped embeds."""
    dispatching.channel.deny("embed_links")
    edit, moderated = "PATCH /channels/{id}/messages/{message}", body_contains("clip-1.mp3")
    dispatching.local.faults.add(edit, status=400, code=200000, where=moderated, times=None)
    await dispatching.enqueue(a_song())
    (message,) = await dispatching.deliver()
    assert "♪ song" in message.content
    assert "/suno status" in message.content
    assert await dispatching.deliver(after=99999) == [message]
    assert await dispatching.states() == [("sent", None)]


async def test_the_duplicate_check_ignores_messages_of_users(
    dispatching: DispatcherHarness,
) -> None:
    """Only the bot's own messages are compared."""
    guild = dispatching.guild
    ada = dispatching.local.add_user("Ada")
    guild.add_member(ada)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    dispatching.local.send_message(ada, dispatching.channel, "-# `♪ song · clip-1`")
    assert len(await dispatching.deliver(after=3600)) == 2


async def test_the_duplicate_check_waits_for_the_server(
    dispatching: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions are unknown until a new session has the server's data."""
    guild = dispatching.guild
    monkeypatch.setattr(dispatching.client, "before_identify_hook", at_once)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song())
    guild.start_outage()
    async with wait_for_event(dispatching, "ready"):
        await dispatching.local.invalidate_sessions()
    await dispatching.deliver()
    assert await dispatching.deliver(after=3600) == []
    async with wait_for_event(dispatching, "guild_available"):
        guild.end_outage()
    (message,) = await dispatching.deliver(after=600)
    assert "twice" not in message.content


async def test_an_attempt_ends_before_its_nonce_expires(dispatching: DispatcherHarness) -> None:
    """A later retry of discord.py would post a second message."""
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


async def test_an_unconfirmed_message_without_embeds_is_completed(
    dispatching: DispatcherHarness,
) -> None:
    """It has no marker then and is found by its content."""
    dispatching.channel.deny("embed_links")
    message = await lose_response(dispatching)
    assert "clip-1.mp3" not in message.content
    assert await dispatching.deliver() == [message]
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert await dispatching.states() == [("sent", None)]


async def test_an_unconfirmed_message_without_embeds_is_found_although_it_is_rejected_now(
    dispatching: DispatcherHarness,
) -> None:
    """It has the content of the format in which it was posted, not of the simpler one."""
    dispatching.channel.deny("embed_links")
    await dispatching.enqueue(a_song())
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    (message,) = await dispatching.deliver()
    rejection = dispatching.local.faults.add(POST, status=400, code=200000, times=1)
    loss = dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.deliver(after=2)
    await dispatching.deliver()
    assert (rejection.hits, loss.hits) == (1, 1)
    assert await dispatching.deliver(after=3600) == [message]
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert await dispatching.states() == [("sent", None)]


async def test_an_unconfirmed_message_is_found_although_somebody_joined_it(
    dispatching: DispatcherHarness,
) -> None:
    """Its content mentions one user less than the message that would be sent now."""
    dispatching.channel.deny("embed_links")
    message = await lose_response(dispatching)
    destination = Destination(dispatching.channel.id, dispatching.guild.id)
    await dispatching.store.add_finished(
        a_song(), WatchRequest(add_member(dispatching).id, destination), dispatching.now
    )
    assert await dispatching.deliver() == [message]
    assert await dispatching.states() == [("sent", None)]


async def test_redirecting_an_unconfirmed_message_says_so(
    dispatching: DispatcherHarness,
) -> None:
    """The deleted channel cannot be searched for it."""
    ada = add_member(dispatching)
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await dispatching.enqueue(a_song(), ada.id)
    await dispatching.deliver()
    dispatching.channel.deny("view_channel")
    await dispatching.deliver(after=2)
    (direct,) = dispatching.local.open_dm(ada).messages
    assert "twice" in direct.content


async def test_watchers_without_mention_get_direct_messages(
    dispatching: DispatcherHarness,
) -> None:
    """They would miss the notice of a deleted channel otherwise."""
    ada = add_member(dispatching)
    guild = dispatching.guild
    destination = Destination(dispatching.channel.id, guild.id)
    await dispatching.store.add_finished(
        a_song(), WatchRequest(ada.id, destination, mention=False), dispatching.now
    )
    dispatching.channel.delete()
    await dispatching.deliver()
    assert len(dispatching.local.open_dm(ada).messages) == 1


async def test_redirecting_a_rejected_message_claims_no_duplicate(
    dispatching: DispatcherHarness,
) -> None:
    """The channel was deleted before the first attempt."""
    ada = add_member(dispatching)
    await dispatching.enqueue(a_song(), ada.id)
    dispatching.channel.delete()
    await dispatching.deliver()
    (direct,) = dispatching.local.open_dm(ada).messages
    assert "twice" not in direct.content


async def at_once(*_: object, **__: object) -> None:
    """Start a new session without discord.py's initial five seconds."""


@asynccontextmanager
async def wait_for_event(dispatching: DispatcherHarness, event: str) -> AsyncIterator[None]:
    """Perform an action that causes a gateway event, and wait for the event."""
    received = asyncio.create_task(dispatching.client.wait_for(event, timeout=60))
    await asyncio.sleep(0)
    yield
    await received


async def reject_first_post(dispatching: DispatcherHarness, status: int, code: int) -> User:
    """Reject the first post of a watched song; return the watcher."""
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
async def test_codes_of_deleted_channels_redirect(
    dispatching: DispatcherHarness, status: int, code: int
) -> None:
    """The channel is not tried again."""
    ada = await reject_first_post(dispatching, status, code)
    await dispatching.deliver(after=99999)
    assert len(dispatching.local.open_dm(ada).messages) == 1
    assert dispatching.channel.messages == []
    assert await dispatching.states() == [("dropped", f"{status}/{code}"), ("sent", None)]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(403, 50013, "trouble"), (400, 160005, "thread-locked"), (400, 50083, "thread-archived")],
)
async def test_codes_of_missing_permissions_hold(
    dispatching: DispatcherHarness, status: int, code: int, expected: str
) -> None:
    """The watcher is notified, and the delivery continues when the cause is fixed."""
    ada = await reject_first_post(dispatching, status, code)
    assert [state for state, _ in await dispatching.states()] == ["held", "sent"]
    explanation = catalog_for("en-US").text(f"held-notice-{expected}")
    assert explanation in dispatching.local.open_dm(ada).messages[0].content
    assert len(await dispatching.deliver(after=600)) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, 50035), (400, 50006), (413, 40005), (400, 200000), (400, 240000)]
)
async def test_codes_of_rejected_content_simplify(
    dispatching: DispatcherHarness, status: int, code: int
) -> None:
    """The simpler message is sent without a delay and has the link."""
    await reject_first_post(dispatching, status, code)
    (message,) = dispatching.channel.messages
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert message.components == []


@pytest.mark.parametrize(("status", "code"), [(400, 40060), (404, 10008)])
async def test_codes_of_duplicates_count_as_sent(
    dispatching: DispatcherHarness, status: int, code: int
) -> None:
    """Nothing is retried."""
    await reject_first_post(dispatching, status, code)
    await dispatching.deliver(after=99999)
    assert await dispatching.states() == [("sent", None)]
    assert dispatching.channel.messages == []


async def test_a_401_triggers_a_token_check(
    dispatching: DispatcherHarness,
) -> None:
    """The delivery is retried as after any transient error."""
    dispatching.local.faults.add(POST, status=401, times=1)
    await dispatching.enqueue(a_song())
    assert await dispatching.deliver() == []
    assert dispatching.dispatcher.token_refused.is_set()
    assert len(await dispatching.deliver(after=2)) == 1


@pytest.mark.parametrize(
    "fault",
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
    ids=lambda fault: " ".join(map(str, fault.values())),
)
async def test_transient_codes_repeat_the_same_message(
    dispatching: DispatcherHarness, fault: dict[str, Any]
) -> None:
    """The nonce stays the same, so that no second message is posted."""
    dispatching.local.faults.add(POST, times=1, **fault)
    await dispatching.enqueue(a_song())
    await dispatching.deliver()
    (before, *_) = await dispatching.states()
    assert before[0] == "due"
    (message,) = await dispatching.deliver(after=2)
    assert "twice" not in message.content
    assert await dispatching.states() == [("sent", None)]
    assert len(message_requests(dispatching)) == 2


async def test_the_duplicate_check_reads_archived_threads(
    dispatching: DispatcherHarness,
) -> None:
    """The gateway does not list them, so the parent's permissions apply."""
    guild = dispatching.guild
    thread = guild.add_thread(dispatching.channel, "new songs")
    thread.archive()
    gone = asyncio.create_task(dispatching.client.wait_for("raw_thread_update", timeout=60))
    await asyncio.wait({gone}, timeout=1)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await dispatching.enqueue(a_song(), channel=thread)
    await dispatching.deliver()
    dispatching.local.clock.advance(3600)
    await dispatching.deliver()
    (message,) = thread.messages
    assert "twice" not in message.content


async def test_the_dispatcher_is_busy_with_many_notices(dispatching: DispatcherHarness) -> None:
    """Live cards wait only while many notices are due."""
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
