import itertools
from pathlib import Path
from typing import Any

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, UndeliveredNotice
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, User
from tests.support.builders import HERE, NOON, a_song, open_directs
from tests.support.delivery import a_dispatcher
from tests.support.dispatcher_harness import POLICY, POST, DispatcherHarness, add_member

OPEN = "POST /users/@me/channels"
HOUR = 3600.0


def members(dispatching: DispatcherHarness, count: int) -> list[User]:
    """Return so many members of the server."""
    return [add_member(dispatching, f"Ada {number}") for number in range(count)]


def direct(dispatching: DispatcherHarness, person: User) -> Channel:
    """Return the direct message between the bot and a person."""
    return dispatching.local.open_dm(person)


async def undelivered_notices(
    dispatching: DispatcherHarness, person: User
) -> list[UndeliveredNotice]:
    """Return what ``/suno inbox`` shows to a person."""
    return await dispatching.outbox.undelivered_notices(person.id, 0)


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
    dispatching: DispatcherHarness, fault: dict[str, Any]
) -> None:
    """Whatever it is: only what Discord says of the person ends the delivery to that person."""
    people = members(dispatching, 3)
    await dispatching.enqueue(a_song(), *(person.id for person in people))
    dispatching.channel.delete()
    dispatching.local.faults.add(OPEN, times=5, **fault)
    for _ in range(20):
        await dispatching.deliver(after=700)
    for person in people:
        assert len(direct(dispatching, person).messages) == 1
        assert await undelivered_notices(dispatching, person) == []


@pytest.mark.parametrize("code", [50007, 50278, 10013])
@pytest.mark.parametrize("request_", [OPEN, POST], ids=["opening", "posting"])
async def test_who_cannot_be_reached_is_given_up_and_finds_it_in_the_inbox(
    dispatching: DispatcherHarness, request_: str, code: int
) -> None:
    """Discord says so of the person, when the direct message is opened or when it is posted to."""
    people = members(dispatching, 2)
    await dispatching.enqueue(a_song(), *(person.id for person in people))
    dispatching.channel.delete()
    await dispatching.deliver()
    (told,) = [person for person in people if direct(dispatching, person).messages]
    (other,) = [person for person in people if person is not told]
    dispatching.local.faults.add(request_, status=403, code=code, times=1)
    for _ in range(3):
        await dispatching.deliver(after=HOUR)
    assert direct(dispatching, other).messages == []
    (entry,) = await undelivered_notices(dispatching, other)
    assert (entry.held, entry.reason) == (False, f"403/{code}")
    assert entry.channel_id == dispatching.channel.id
    assert await undelivered_notices(dispatching, told) == []


@pytest.mark.parametrize("code", [10003, 50001])
async def test_a_direct_message_whose_channel_is_gone_is_opened_again(
    dispatching: DispatcherHarness, code: int
) -> None:
    """That says nothing of the person, also where the watch was a private one."""
    ada = add_member(dispatching)
    dispatching.local.faults.add(POST, status=404, code=code, times=2)
    await dispatching.enqueue(a_song(), ada.id, channel=direct(dispatching, ada))
    await dispatching.deliver()
    for _ in range(3):
        await dispatching.deliver(after=HOUR)
    assert len(direct(dispatching, ada).messages) == 1


async def test_fifty_people_are_told_without_opening_fifty_direct_messages_at_once(
    dispatching: DispatcherHarness,
) -> None:
    """One every few seconds, slower where Discord asks for that; and each person once."""
    people = members(dispatching, 50)
    await dispatching.enqueue(a_song(), *(person.id for person in people))
    dispatching.channel.delete()
    for _ in range(4000):
        await dispatching.deliver(after=1)
        if not (await dispatching.outbox.next_at()):
            break
    opened_at = [
        one.at for one in dispatching.local.requests if one.path == "/users/@me/channels"
    ]
    pauses = [later - earlier for earlier, later in itertools.pairwise(opened_at)]
    assert min(pauses) >= POLICY.direct_messages.interval
    assert [len(direct(dispatching, person).messages) for person in people] == [1] * 50


async def test_messages_to_other_channels_do_not_wait_for_direct_messages(
    dispatching: DispatcherHarness,
) -> None:
    """However many are to be opened."""
    guild = dispatching.guild
    people, other = members(dispatching, 20), guild.add_channel("other")
    await dispatching.enqueue(a_song(), *(person.id for person in people))
    dispatching.channel.delete()
    await dispatching.deliver()
    await dispatching.enqueue(a_song("second"), people[0].id, channel=other)
    await dispatching.deliver()
    assert len(other.messages) == 1


async def test_a_process_that_dies_while_people_are_told_tells_the_others_later(
    dispatching: DispatcherHarness,
) -> None:
    """Whom it told stays told, and everybody else is still owed the notice."""
    people = members(dispatching, 4)
    await dispatching.enqueue(a_song(), *(person.id for person in people))
    dispatching.channel.delete()
    await dispatching.deliver()
    await dispatching.deliver(after=10)
    assert sum(len(direct(dispatching, person).messages) for person in people) == 2
    dispatching.dispatcher = a_dispatcher(
        dispatching.client, dispatching.outbox, POLICY, clock=dispatching.local.clock.now
    )
    for _ in range(3):
        await dispatching.deliver(after=10)
    assert [len(direct(dispatching, person).messages) for person in people] == [1] * 4


async def test_the_word_that_a_notice_is_held_reaches_everybody_despite_trouble(
    dispatching: DispatcherHarness,
) -> None:
    """Those who wait are told one by one, and trouble with one of them delays no other for long."""
    people = members(dispatching, 3)
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song(), *(person.id for person in people))
    dispatching.local.faults.add(OPEN, status=403, code=40003, times=2)
    await dispatching.deliver()
    for _ in range(20):
        await dispatching.deliver(after=25)
    for person in people:
        (word,) = direct(dispatching, person).messages
        assert "Send Messages" in word.content


async def test_a_word_tells_its_reason_whatever_went_wrong_before_it_arrived(
    dispatching: DispatcherHarness,
) -> None:
    """Trouble with the direct message is not why the notice is held."""
    ada = add_member(dispatching)
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song(), ada.id)
    dispatching.local.faults.add(OPEN, status=503, times=1)
    await dispatching.deliver()
    dispatching.local.faults.add(
        f"POST /channels/{direct(dispatching, ada).id}/messages", status=503, times=1
    )
    for _ in range(5):
        await dispatching.deliver(after=100)
    (word,) = direct(dispatching, ada).messages
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
