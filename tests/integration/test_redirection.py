"""Redirection of notices to direct messages when their channel is gone."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, UndeliveredNotice, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, User
from tests.support.builders import HERE, NOON, a_song, open_direct_messages
from tests.support.databases import location
from tests.support.delivery import a_dispatcher
from tests.support.dispatcher_harness import POLICY, POST, DispatcherHarness, add_member

pytestmark = pytest.mark.both_engines


OPEN = "POST /users/@me/channels"
HOUR = 3600.0


def add_members(dispatching: DispatcherHarness, count: int) -> list[User]:
    """Return new members of the server."""
    return [add_member(dispatching, f"Ada {number}") for number in range(count)]


def direct(dispatching: DispatcherHarness, user: User) -> Channel:
    """Return the direct message channel of the bot and a user."""
    return dispatching.local.open_dm(user)


async def undelivered_notices(
    dispatching: DispatcherHarness, user: User
) -> list[UndeliveredNotice]:
    """Return what ``/suno inbox`` shows to a user."""
    return await dispatching.outbox.undelivered_notices(user.id, 0)


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
async def test_errors_of_opening_a_direct_message_are_retried(
    dispatching: DispatcherHarness, fault: dict[str, Any]
) -> None:
    """Only Discord's codes about the user end the delivery to them."""
    users = add_members(dispatching, 3)
    await dispatching.enqueue(a_song(), *(user.id for user in users))
    dispatching.channel.delete()
    dispatching.local.faults.add(OPEN, times=5, **fault)
    for _ in range(20):
        await dispatching.deliver(after=700)
    for user in users:
        assert len(direct(dispatching, user).messages) == 1
        assert await undelivered_notices(dispatching, user) == []


@pytest.mark.parametrize("code", [50007, 50278, 10013])
@pytest.mark.parametrize("endpoint", [OPEN, POST], ids=["opening", "posting"])
async def test_notices_of_unreachable_users_are_in_the_inbox(
    dispatching: DispatcherHarness, endpoint: str, code: int
) -> None:
    """The code may come when the direct message is opened or when it is posted to."""
    users = add_members(dispatching, 2)
    await dispatching.enqueue(a_song(), *(user.id for user in users))
    dispatching.channel.delete()
    await dispatching.deliver()
    (notified,) = [user for user in users if direct(dispatching, user).messages]
    (other,) = [user for user in users if user is not notified]
    dispatching.local.faults.add(endpoint, status=403, code=code, times=1)
    for _ in range(3):
        await dispatching.deliver(after=HOUR)
    assert direct(dispatching, other).messages == []
    (entry,) = await undelivered_notices(dispatching, other)
    assert (entry.held, entry.reason) == (False, f"403/{code}")
    assert entry.channel_id == dispatching.channel.id
    assert await undelivered_notices(dispatching, notified) == []


@pytest.mark.parametrize("code", [10003, 50001])
async def test_a_direct_message_whose_channel_is_gone_is_opened_again(
    dispatching: DispatcherHarness, code: int
) -> None:
    """The user is still reachable, also for a private watch."""
    ada = add_member(dispatching)
    dispatching.local.faults.add(POST, status=404, code=code, times=2)
    await dispatching.enqueue(a_song(), ada.id, channel=direct(dispatching, ada))
    await dispatching.deliver()
    for _ in range(3):
        await dispatching.deliver(after=HOUR)
    assert len(direct(dispatching, ada).messages) == 1


async def test_direct_messages_are_opened_at_intervals(
    dispatching: DispatcherHarness,
) -> None:
    """Fifty users each get one message, and openings are seconds apart."""
    users = add_members(dispatching, 50)
    await dispatching.enqueue(a_song(), *(user.id for user in users))
    dispatching.channel.delete()
    for _ in range(4000):
        await dispatching.deliver(after=1)
        if not (await dispatching.outbox.next_at()):
            break
    opened_at = [one.at for one in dispatching.local.requests if one.path == "/users/@me/channels"]
    intervals = [later - earlier for earlier, later in itertools.pairwise(opened_at)]
    assert min(intervals) >= POLICY.direct_messages.interval
    assert [len(direct(dispatching, user).messages) for user in users] == [1] * 50


async def test_messages_to_other_channels_do_not_wait_for_direct_messages(
    dispatching: DispatcherHarness,
) -> None:
    """Many pending openings delay no other channel."""
    guild = dispatching.guild
    users, other = add_members(dispatching, 20), guild.add_channel("other")
    await dispatching.enqueue(a_song(), *(user.id for user in users))
    dispatching.channel.delete()
    await dispatching.deliver()
    await dispatching.enqueue(a_song("second"), users[0].id, channel=other)
    await dispatching.deliver()
    assert len(other.messages) == 1


async def test_redirection_continues_after_a_crash(
    dispatching: DispatcherHarness,
) -> None:
    """Users who have the notice get no second one, and the others get theirs."""
    users = add_members(dispatching, 4)
    await dispatching.enqueue(a_song(), *(user.id for user in users))
    dispatching.channel.delete()
    await dispatching.deliver()
    await dispatching.deliver(after=10)
    assert sum(len(direct(dispatching, user).messages) for user in users) == 2
    dispatching.dispatcher = a_dispatcher(
        dispatching.client, dispatching.outbox, POLICY, clock=dispatching.local.clock.now
    )
    for _ in range(3):
        await dispatching.deliver(after=10)
    assert [len(direct(dispatching, user).messages) for user in users] == [1] * 4


async def test_held_notices_reach_all_users_despite_errors(
    dispatching: DispatcherHarness,
) -> None:
    """An error of one user's message delays no other for long."""
    users = add_members(dispatching, 3)
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song(), *(user.id for user in users))
    dispatching.local.faults.add(OPEN, status=403, code=40003, times=2)
    await dispatching.deliver()
    for _ in range(20):
        await dispatching.deliver(after=25)
    for user in users:
        (held_notice,) = direct(dispatching, user).messages
        assert "Send Messages" in held_notice.content


async def test_a_held_notice_keeps_the_reason_of_the_channel(
    dispatching: DispatcherHarness,
) -> None:
    """Errors of the direct message do not replace the reason."""
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
    (held_notice,) = direct(dispatching, ada).messages
    assert "Send Messages" in held_notice.content


async def test_redirection_enqueues_all_messages_in_one_transaction(
    tmp_path: Path,
) -> None:
    """A crash at any time loses no watcher."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "deerapi")
        for user_id in (1, 2):
            await store.add_watch(
                a_song(), WatchRequest(user_id, HERE), NOON, known=True, deadline=60
            )
        await store.add_finished(a_song(), WatchRequest(1, HERE), NOON)
        (gone,) = await outbox.claim(NOON, 10)
        assert await outbox.redirection.redirect(gone, reason="404/10003", now=NOON) == 2
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        outbox = Outbox(database)
        assert await outbox.next_at() == NOON
        await open_direct_messages(outbox, {1: Destination(1001), 2: Destination(1002)})
        notified = await outbox.claim(NOON, 10)
    assert {(each.destination.channel_id, each.watchers) for each in notified} == {
        (1001, (1,)),
        (1002, (2,)),
    }
    assert {each.redirected_from for each in notified} == {HERE.channel_id}
    assert len({gone.nonce, *(each.nonce for each in notified)}) == 3


async def test_an_abandoned_opening_is_retried(tmp_path: Path) -> None:
    """A process that died while opening leaves the message due."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "deerapi")
        await store.add_finished(a_song(), WatchRequest(1, HERE), NOON)
        (gone,) = await outbox.claim(NOON, 10)
        await outbox.redirection.redirect(gone, reason="404/10003", now=NOON)
        first = await outbox.redirection.claim_unopened(NOON, lease=60)
        assert first is not None
        assert await outbox.redirection.claim_unopened(NOON + 59, lease=60) is None
        again = await outbox.redirection.claim_unopened(NOON + 60, lease=60)
    assert again is not None
    assert (again.id, again.user_id, again.attempts) == (first.id, first.user_id, 2)
