"""What Discord refuses for its content still ends in one message that tells the truth."""

from bot.relay.models import Task
from sandbox.discord import saying
from tests.integration.test_dispatcher import POST, Post, a_member, post, posts
from tests.support.builders import a_clip, a_song

__all__ = ["post"]
"""The fixture."""

DAY = 86400.0


def grievous(task_id: str = "song") -> Task:
    """Return a song with a word in its title, its style and its lyrics that AutoMod stops."""
    clip = a_clip(title="Good Grief", lyrics="Grief", style="Grief", audio_url="https://a.b/Grief")
    return a_song(task_id, clips=(clip,))


def stop_words(post: Post, *words: str, only_here: bool = True) -> None:
    """Let AutoMod stop whatever holds one of the words, in the channel or everywhere."""
    channel = post.channel if only_here else None
    post.local.faults.add(
        POST, status=400, code=200000, where=saying(*words), channel=channel, times=None
    )


async def test_a_notice_with_a_forbidden_word_comes_in_the_bots_own_words(post: Post) -> None:
    """It says how it ended, mentions who waits, and bears the id by which to see the rest."""
    ada = a_member(post)
    stop_words(post, "Grief")
    await post.owe(grievous(), ada.id)
    (message,) = await post.deliver()
    assert "song is done" in message.content
    assert "♪ song" in message.content
    assert message.pinged == {ada.id}
    assert await post.states() == [("sent", None)]
    assert len(await post.deliver(after=30 * DAY)) == 1


async def test_not_even_the_id_has_to_be_said(post: Post) -> None:
    """For that is the relay's, too."""
    stop_words(post, "Grief")
    await post.owe(grievous("Grief-1"))
    (message,) = await post.deliver()
    assert "song is done" in message.content
    assert "/suno history" in message.content


async def test_what_a_channel_takes_in_no_form_is_told_directly(post: Post) -> None:
    """To each watcher, whole, and once; the channel is not tried with it again."""
    ada, bea = a_member(post, "Ada"), a_member(post, "Bea")
    post.local.faults.add(POST, status=400, code=200000, channel=post.channel, times=5)
    await post.owe(grievous(), ada.id, bea.id)
    await post.owe(a_song("another"), ada.id)
    (other,) = await post.deliver()
    assert "another" in str(other.payload())
    await post.deliver(after=30 * DAY)
    for person in (ada, bea):
        (message,) = post.local.open_dm(person).messages
        assert "Good Grief" in str(message.payload())
        assert post.channel.mention in message.content
    assert sorted(state for state, _ in await post.states()) == ["dropped", "sent", "sent", "sent"]
    assert len(posts(post)) == 5 + 1


async def test_what_nobody_takes_in_any_form_is_tried_ever_more_rarely(post: Post) -> None:
    """And arrives once, when that has changed."""
    ada = a_member(post)
    direct = post.local.open_dm(ada)
    stopped = post.local.faults.add(POST, status=400, code=50035, times=None)
    await post.owe(grievous(), ada.id, channel=direct)
    for _ in range(30 * 24):
        await post.deliver(after=3600)
    assert 30 < stopped.hits < 50
    assert (await post.states())[0][0] == "held"
    post.local.faults.clear()
    await post.deliver(after=DAY)
    await post.deliver(after=DAY)
    (message,) = direct.messages
    assert "song is done" in message.content


async def test_a_word_about_a_notice_does_without_its_title(post: Post) -> None:
    """Where Discord refuses that."""
    ada = a_member(post)
    post.channel.deny("send_messages")
    stop_words(post, "Grief", only_here=False)
    await post.owe(grievous(), ada.id)
    await post.deliver()
    (word,) = post.local.open_dm(ada).messages
    assert "Send Messages" in word.content
    assert post.channel.mention in word.content


async def test_a_word_that_is_taken_in_no_form_is_dropped(post: Post) -> None:
    """It is the notice that was promised, and that comes."""
    ada = a_member(post)
    post.channel.deny("send_messages")
    direct = post.local.open_dm(ada)
    refused = post.local.faults.add(POST, status=400, code=50035, channel=direct, times=None)
    await post.owe(a_song(), ada.id)
    await post.deliver()
    assert refused.hits == 2
    post.channel.allow("send_messages")
    assert len(await post.deliver(after=600)) == 1
    assert refused.hits == 2
