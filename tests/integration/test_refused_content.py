"""Notices whose content Discord rejects, for example by AutoMod."""

from bot.i18n.catalog import catalog_in
from bot.relay.models import Task
from sandbox.discord import body_contains
from tests.support.builders import a_clip, a_song
from tests.support.dispatcher_harness import POST, DispatcherHarness, add_member, message_requests

"""The fixture."""

DAY = 86400.0
DONE = catalog_in("en").text("notice-song-done", title="", titled="no")
"""The headline of a finished song without its title."""


def song_with_blocked_word(task_id: str = "song") -> Task:
    """Return a song whose title, style and lyrics contain a word that AutoMod blocks."""
    clip = a_clip(title="Good Grief", lyrics="Grief", style="Grief", audio_url="https://a.b/Grief")
    return a_song(task_id, clips=(clip,))


def block_words(dispatching: DispatcherHarness, *words: str, only_here: bool = True) -> None:
    """Let AutoMod block messages with these words, in the channel or everywhere."""
    channel = dispatching.channel if only_here else None
    dispatching.local.faults.add(
        POST, status=400, code=200000, where=body_contains(*words), channel=channel, times=None
    )


async def test_a_notice_with_a_blocked_word_is_minimal(
    dispatching: DispatcherHarness,
) -> None:
    """It contains the outcome, the mentions and the id."""
    ada = add_member(dispatching)
    block_words(dispatching, "Grief")
    await dispatching.enqueue(song_with_blocked_word(), ada.id)
    (message,) = await dispatching.deliver()
    assert DONE in message.content
    assert "♪ song" in message.content
    assert message.pinged == {ada.id}
    assert await dispatching.states() == [("sent", None)]
    assert len(await dispatching.deliver(after=30 * DAY)) == 1


async def test_a_blocked_id_is_omitted(dispatching: DispatcherHarness) -> None:
    """The id is text of the relay too."""
    block_words(dispatching, "Grief")
    await dispatching.enqueue(song_with_blocked_word("Grief-1"))
    (message,) = await dispatching.deliver()
    assert DONE in message.content
    assert "/suno history" in message.content


async def test_a_notice_rejected_in_every_format_is_redirected(
    dispatching: DispatcherHarness,
) -> None:
    """Each watcher gets the full notice once; the channel is not tried again."""
    ada, bea = add_member(dispatching, "Ada"), add_member(dispatching, "Bea")
    dispatching.local.faults.add(
        POST, status=400, code=200000, channel=dispatching.channel, times=5
    )
    await dispatching.enqueue(song_with_blocked_word(), ada.id, bea.id)
    await dispatching.enqueue(a_song("another"), ada.id)
    (other,) = await dispatching.deliver()
    assert "another" in str(other.payload())
    await dispatching.deliver(after=30 * DAY)
    for user in (ada, bea):
        (message,) = dispatching.local.open_dm(user).messages
        assert "Good Grief" in str(message.payload())
        assert dispatching.channel.mention in message.content
    assert sorted(state for state, _ in await dispatching.states()) == [
        "dropped",
        "sent",
        "sent",
        "sent",
    ]
    assert len(message_requests(dispatching)) == 5 + 1


async def test_a_notice_rejected_everywhere_is_retried_rarely(
    dispatching: DispatcherHarness,
) -> None:
    """The delay grows, and the notice is posted once when it is accepted."""
    ada = add_member(dispatching)
    direct = dispatching.local.open_dm(ada)
    stopped = dispatching.local.faults.add(POST, status=400, code=50035, times=None)
    await dispatching.enqueue(song_with_blocked_word(), ada.id, channel=direct)
    for _ in range(30 * 24):
        await dispatching.deliver(after=3600)
    assert 30 < stopped.hits < 50
    assert (await dispatching.states())[0][0] == "held"
    dispatching.local.faults.clear()
    await dispatching.deliver(after=DAY)
    await dispatching.deliver(after=DAY)
    (message,) = direct.messages
    assert DONE in message.content


async def test_trouble_before_a_rejection_does_not_delay_the_retry(
    dispatching: DispatcherHarness,
) -> None:
    """Attempts that failed for other reasons say nothing about the content."""
    ada = add_member(dispatching)
    direct = dispatching.local.open_dm(ada)
    dispatching.local.faults.add(POST, status=503, times=8)
    dispatching.local.faults.add(POST, status=400, code=50035, times=5)
    await dispatching.enqueue(song_with_blocked_word(), ada.id, channel=direct)
    for _ in range(9):
        await dispatching.deliver(after=200)
    assert (await dispatching.states())[0][0] == "held"
    await dispatching.deliver(after=3600)
    assert len(direct.messages) == 1


async def test_a_held_notice_with_a_blocked_title_omits_it(dispatching: DispatcherHarness) -> None:
    """The message that a notice is held is sent without the title."""
    ada = add_member(dispatching)
    dispatching.channel.deny("send_messages")
    block_words(dispatching, "Grief", only_here=False)
    await dispatching.enqueue(song_with_blocked_word(), ada.id)
    await dispatching.deliver()
    (held_notice,) = dispatching.local.open_dm(ada).messages
    assert "Send Messages" in held_notice.content
    assert dispatching.channel.mention in held_notice.content


async def test_a_held_notice_rejected_in_every_format_is_dropped(
    dispatching: DispatcherHarness,
) -> None:
    """The notice itself is still delivered later."""
    ada = add_member(dispatching)
    dispatching.channel.deny("send_messages")
    direct = dispatching.local.open_dm(ada)
    refused = dispatching.local.faults.add(POST, status=400, code=50035, channel=direct, times=None)
    await dispatching.enqueue(a_song(), ada.id)
    await dispatching.deliver()
    assert refused.hits == 2
    dispatching.channel.allow("send_messages")
    assert len(await dispatching.deliver(after=600)) == 1
    assert refused.hits == 2
