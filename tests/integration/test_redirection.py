import itertools
from pathlib import Path
from typing import Any

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, UndeliveredNotice
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, User
from tests.integration.test_dispatcher import POLICY, POST, Post, a_member, post
from tests.support.builders import HERE, NOON, a_song, open_directs
from tests.support.delivery import a_dispatcher

__all__ = ["post"]

OPEN = "POST /users/@me/channels"
HOUR = 3600.0


def members(post: Post, count: int) -> list[User]:
    """Return so many members of the server."""
    return [a_member(post, f"Ada {number}") for number in range(count)]


def direct(post: Post, person: User) -> Channel:
    """Return the direct message between the bot and a person."""
    return post.local.open_dm(person)


async def undelivered_notices(post: Post, person: User) -> list[UndeliveredNotice]:
    """Return what ``/suno inbox`` shows to a person."""
    return await post.outbox.undelivered_notices(person.id, 0)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 403, "code": 40003},
        {"status": 403, "code": 50013},
        {"status": 404, "code": 10003},
        {"status": 400, "code": 50035},
        {"status": 403, "html": True},
        {"status": 404, "html": True},
        {"status": 503},
        {"retry_after": 0.01, "via": False},
        {"drop": True},
    ],
    ids=str,
)
async def test_trouble_while_a_direct_message_is_opened_costs_nobody_the_notice(
    post: Post, fault: dict[str, Any]
) -> None:
    """Whatever it is: only what Discord says of the person ends the delivery to that person."""
    people = members(post, 3)
    await post.owe(a_song(), *(person.id for person in people))
    post.channel.delete()
    post.local.faults.add(OPEN, times=5, **fault)
    for _ in range(20):
        await post.deliver(after=700)
    for person in people:
        assert len(direct(post, person).messages) == 1
        assert await undelivered_notices(post, person) == []


@pytest.mark.parametrize("code", [50007, 50278, 10013])
@pytest.mark.parametrize("request_", [OPEN, POST], ids=["opening", "posting"])
async def test_who_cannot_be_reached_is_given_up_and_finds_it_in_the_inbox(
    post: Post, request_: str, code: int
) -> None:
    """Discord says so of the person, when the direct message is opened or when it is posted to."""
    people = members(post, 2)
    await post.owe(a_song(), *(person.id for person in people))
    post.channel.delete()
    await post.deliver()
    (told,) = [person for person in people if direct(post, person).messages]
    (other,) = [person for person in people if person is not told]
    post.local.faults.add(request_, status=403, code=code, times=1)
    for _ in range(3):
        await post.deliver(after=HOUR)
    assert direct(post, other).messages == []
    (entry,) = await undelivered_notices(post, other)
    assert (entry.held, entry.reason) == (False, f"403/{code}")
    assert entry.channel_id == post.channel.id
    assert await undelivered_notices(post, told) == []


@pytest.mark.parametrize("code", [10003, 50001])
async def test_a_direct_message_whose_channel_is_gone_is_opened_again(
    post: Post, code: int
) -> None:
    """That says nothing of the person, also where the watch was a private one."""
    ada = a_member(post)
    post.local.faults.add(POST, status=404, code=code, times=2)
    await post.owe(a_song(), ada.id, channel=direct(post, ada))
    await post.deliver()
    for _ in range(3):
        await post.deliver(after=HOUR)
    assert len(direct(post, ada).messages) == 1


async def test_fifty_people_are_told_without_opening_fifty_direct_messages_at_once(
    post: Post,
) -> None:
    """One every few seconds, slower where Discord asks for that; and each person once."""
    people = members(post, 50)
    await post.owe(a_song(), *(person.id for person in people))
    post.channel.delete()
    for _ in range(4000):
        await post.deliver(after=1)
        if not (await post.outbox.next_at()):
            break
    record_opened = [one.at for one in post.local.requests if one.path == "/users/@me/channels"]
    pauses = [later - earlier for earlier, later in itertools.pairwise(record_opened)]
    assert min(pauses) >= POLICY.direct_messages.interval
    assert [len(direct(post, person).messages) for person in people] == [1] * 50


async def test_messages_to_other_channels_do_not_wait_for_direct_messages(post: Post) -> None:
    """However many are to be opened."""
    guild = post.channel.guild
    assert guild is not None
    people, other = members(post, 20), guild.add_channel("other")
    await post.owe(a_song(), *(person.id for person in people))
    post.channel.delete()
    await post.deliver()
    await post.owe(a_song("second"), people[0].id, channel=other)
    await post.deliver()
    assert len(other.messages) == 1


async def test_a_process_that_dies_while_people_are_told_tells_the_others_later(
    post: Post,
) -> None:
    """Whom it told stays told, and everybody else is still owed the notice."""
    people = members(post, 4)
    await post.owe(a_song(), *(person.id for person in people))
    post.channel.delete()
    await post.deliver()
    await post.deliver(after=10)
    assert sum(len(direct(post, person).messages) for person in people) == 2
    post.dispatcher = a_dispatcher(post.client, post.outbox, POLICY, clock=post.local.clock.now)
    for _ in range(3):
        await post.deliver(after=10)
    assert [len(direct(post, person).messages) for person in people] == [1] * 4


async def test_the_word_that_a_notice_is_held_reaches_everybody_despite_trouble(
    post: Post,
) -> None:
    """Those who wait are told one by one, and trouble with one of them delays no other for long."""
    people = members(post, 3)
    post.channel.deny("send_messages")
    await post.owe(a_song(), *(person.id for person in people))
    post.local.faults.add(OPEN, status=403, code=40003, times=2)
    await post.deliver()
    for _ in range(20):
        await post.deliver(after=25)
    for person in people:
        (word,) = direct(post, person).messages
        assert "Send Messages" in word.content


async def test_a_word_tells_its_reason_whatever_went_wrong_before_it_arrived(post: Post) -> None:
    """Trouble with the direct message is not why the notice is held."""
    ada = a_member(post)
    post.channel.deny("send_messages")
    await post.owe(a_song(), ada.id)
    post.local.faults.add(OPEN, status=503, times=1)
    await post.deliver()
    post.local.faults.add(f"POST /channels/{direct(post, ada).id}/messages", status=503, times=1)
    for _ in range(5):
        await post.deliver(after=100)
    (word,) = direct(post, ada).messages
    assert "Send Messages" in word.content


async def test_each_person_is_owed_a_message_in_the_transaction_that_finds_the_channel_gone(
    tmp_path: Path,
) -> None:
    """Nothing but the database has to know of them, from the first moment on."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "deerapi")
        for user_id in (1, 2):
            await store.add_watch(
                a_song(), known=True, user_id=user_id, destination=HERE, now=NOON, deadline=60
            )
        await store.add_finished(a_song(), user_id=1, destination=HERE, now=NOON)
        (gone,) = await outbox.claim(NOON, 10)
        assert await outbox.redirection.redirect(gone, reason="404/10003", now=NOON) == 2
    async with DatabaseThread(tmp_path / "suno.db") as database:
        outbox = Outbox(database)
        assert await outbox.next_at() == NOON
        await open_directs(outbox, {1: Destination(1001), 2: Destination(1002)})
        told = await outbox.claim(NOON, 10)
    assert {(each.destination.channel_id, each.watchers) for each in told} == {
        (1001, (1,)),
        (1002, (2,)),
    }
    assert {each.redirected_from for each in told} == {HERE.channel_id}
    assert len({gone.nonce, *(each.nonce for each in told)}) == 3


async def test_an_opening_that_was_never_heard_of_is_begun_again(tmp_path: Path) -> None:
    """The process died meanwhile: after a while the message is due as before."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "deerapi")
        await store.add_finished(a_song(), user_id=1, destination=HERE, now=NOON)
        (gone,) = await outbox.claim(NOON, 10)
        await outbox.redirection.redirect(gone, reason="404/10003", now=NOON)
        first = await outbox.redirection.claim_unopened(NOON, lease=60)
        assert first is not None
        assert await outbox.redirection.claim_unopened(NOON + 59, lease=60) is None
        again = await outbox.redirection.claim_unopened(NOON + 60, lease=60)
    assert again is not None
    assert (again.id, again.user_id, again.attempts) == (first.id, first.user_id, 2)
