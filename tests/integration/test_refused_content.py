"""What Discord refuses for its content still ends in one message that tells the truth."""

from bot.relay.models import Task
from sandbox.discord import body_contains
from tests.support.builders import a_clip, a_song
from tests.support.dispatcher_harness import POST, DispatcherHarness, add_member, message_requests

"""The fixture."""

DAY = 86400.0


def grievous(task_id: str = "song") -> Task:
    """Return a song with a word in its title, its style and its lyrics that AutoMod stops."""
    clip = a_clip(title="Good Grief", lyrics="Grief", style="Grief", audio_url="https://a.b/Grief")
    return a_song(task_id, clips=(clip,))


def stop_words(dispatching: DispatcherHarness, *words: str, only_here: bool = True) -> None:
    """Let AutoMod stop whatever holds one of the words, in the channel or everywhere."""
    channel = dispatching.channel if only_here else None
    dispatching.local.faults.add(
        POST, status=400, code=200000, where=body_contains(*words), channel=channel, times=None
    )


async def test_a_notice_with_a_forbidden_word_comes_in_the_bots_own_words(
    dispatching: DispatcherHarness,
) -> None:
    """It says how it ended, mentions who waits, and bears the id by which to see the rest."""
    ada = add_member(dispatching)
    stop_words(dispatching, "Grief")
    await dispatching.enqueue(grievous(), ada.id)
    (message,) = await dispatching.deliver()
    assert "song is done" in message.content
    assert "♪ song" in message.content
    assert message.pinged == {ada.id}
    assert await dispatching.states() == [("sent", None)]
    assert len(await dispatching.deliver(after=30 * DAY)) == 1


async def test_not_even_the_id_has_to_be_said(dispatching: DispatcherHarness) -> None:
    """For that is the relay's, too."""
    stop_words(dispatching, "Grief")
    await dispatching.enqueue(grievous("Grief-1"))
    (message,) = await dispatching.deliver()
    assert "song is done" in message.content
    assert "/suno history" in message.content


async def test_what_a_channel_takes_in_no_form_is_told_directly(
    dispatching: DispatcherHarness,
) -> None:
    """To each watcher, whole, and once; the channel is not tried with it again."""
    ada, bea = add_member(dispatching, "Ada"), add_member(dispatching, "Bea")
    dispatching.local.faults.add(
        POST, status=400, code=200000, channel=dispatching.channel, times=5
    )
    await dispatching.enqueue(grievous(), ada.id, bea.id)
    await dispatching.enqueue(a_song("another"), ada.id)
    (other,) = await dispatching.deliver()
    assert "another" in str(other.payload())
    await dispatching.deliver(after=30 * DAY)
    for person in (ada, bea):
        (message,) = dispatching.local.open_dm(person).messages
        assert "Good Grief" in str(message.payload())
        assert dispatching.channel.mention in message.content
    assert sorted(state for state, _ in await dispatching.states()) == [
        "dropped",
        "sent",
        "sent",
        "sent",
    ]
    assert len(message_requests(dispatching)) == 5 + 1


async def test_what_nobody_takes_in_any_form_is_tried_ever_more_rarely(
    dispatching: DispatcherHarness,
) -> None:
    """And arrives once, when that has changed."""
    ada = add_member(dispatching)
    direct = dispatching.local.open_dm(ada)
    stopped = dispatching.local.faults.add(POST, status=400, code=50035, times=None)
    await dispatching.enqueue(grievous(), ada.id, channel=direct)
    for _ in range(30 * 24):
        await dispatching.deliver(after=3600)
    assert 30 < stopped.hits < 50
    assert (await dispatching.states())[0][0] == "held"
    dispatching.local.faults.clear()
    await dispatching.deliver(after=DAY)
    await dispatching.deliver(after=DAY)
    (message,) = direct.messages
    assert "song is done" in message.content


async def test_a_word_about_a_notice_does_without_its_title(dispatching: DispatcherHarness) -> None:
    """Where Discord refuses that."""
    ada = add_member(dispatching)
    dispatching.channel.deny("send_messages")
    stop_words(dispatching, "Grief", only_here=False)
    await dispatching.enqueue(grievous(), ada.id)
    await dispatching.deliver()
    (word,) = dispatching.local.open_dm(ada).messages
    assert "Send Messages" in word.content
    assert dispatching.channel.mention in word.content


async def test_a_word_that_is_taken_in_no_form_is_dropped(dispatching: DispatcherHarness) -> None:
    """It is the notice that was promised, and that comes."""
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
