"""Requests to create in the database: each is sent at most once, and each ends truthfully once."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.doctor.task_summary import describe_end, summarize
from bot.encryption import Cipher
from bot.relay.creation import RejectionReason, Submission
from bot.relay.models import Outcome
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.errors import (
    BadTaskId,
    CreatingOff,
    CreationsOfServerReached,
    CreationsPerDayReached,
    NoRelayAccount,
    RequestForgotten,
    TooManyCreationsAtOnce,
    TooManyMessages,
    TooManyWatches,
)
from bot.storage.limits import WatchLimits
from bot.storage.models import (
    AccountOwner,
    Caller,
    CreationQuotas,
    CreationState,
    Destination,
    EndReason,
    PollResult,
    TaskKey,
    UnwatchOutcome,
    WatchRequest,
)
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.retention import Retention
from bot.storage.task_facts import task_facts
from tests.support.builders import HERE, NOON, a_running_task, a_song, connect_account
from tests.support.creations import (
    ACCOUNT,
    ADA,
    BEA,
    DEADLINE,
    HARBOUR,
    CreationHarness,
    began,
)
from tests.support.databases import location, sqlite_of

pytestmark = pytest.mark.both_engines


HOUR, DAY = 3600.0, 86_400.0
DIRECT = Destination(700)


@pytest.fixture
def harness(database: DatabaseThread) -> CreationHarness:
    """Return the stores on an empty database."""
    return CreationHarness(database)


# From the request to the song


async def test_a_request_is_watched_and_shown_before_it_is_sent(harness: CreationHarness) -> None:
    """The person's watch and the card are stored with it; the relay is not asked about it."""
    creation = await harness.add()
    (watch,) = await harness.watches.watches_of(ADA)
    assert watch.is_pending
    assert watch.task.title == "Harbour"
    (card,) = await harness.cards.claim(NOON, 10)
    assert [(each.task.id, each.is_pending) for each in card.tasks] == [("creation-1", True)]
    assert await harness.tasks.due_tasks(NOON + DAY, 10) == []
    assert await harness.tasks.next_poll_at() is None
    assert await harness.claim() == creation.__class__(
        1, ACCOUNT, HARBOUR, ADA, CreationState.SUBMITTING, NOON
    )


async def test_an_accepted_request_is_polled_at_once_under_the_relays_id(
    harness: CreationHarness,
) -> None:
    """Its watch, its card and its deadline belong to the relay's task from then on."""
    creation = await harness.sending()
    (card,) = await harness.cards.claim(NOON, 10)
    await harness.cards.acknowledge(card, 9, content_digest="pending")
    later = NOON + 300
    state = await harness.creations.accept(creation, began("abc"), later, fingerprint="key 1")
    assert state is CreationState.SUBMITTED
    (target,) = await harness.tasks.due_tasks(later, 10)
    assert target.task_id == "abc"
    assert target.known_with_current_key
    assert target.deadline_at == later + DEADLINE
    (updated,) = await harness.cards.due_for_update(later, min_interval=0, limit=10)
    assert [(each.task.id, each.task.title, each.is_pending) for each in updated.tasks] == [
        ("abc", "Harbour", False)
    ]
    assert updated.watchers == (ADA,)
    ended = PollResult("abc", later, a_song("abc"), end_reason=EndReason.FINISHED)
    await harness.tasks.record([ended], later + 60)
    (notice,) = await harness.notices(later + 60)
    assert (notice.task.id, notice.watchers) == ("abc", (ADA,))
    assert await harness.creations.of_task(TaskKey(ACCOUNT, "abc")) is not None


async def test_every_task_of_a_submission_ends_in_a_notice(harness: CreationHarness) -> None:
    """A relay may begin several tasks: whoever waits for the request waits for each."""
    creation = await harness.sending()
    await harness.creations.accept(creation, began("abc", "def", "abc"), NOON)
    assert await harness.running() == ["abc", "def"]
    results = [
        PollResult(each, NOON, a_song(each), end_reason=EndReason.FINISHED)
        for each in ("abc", "def")
    ]
    await harness.tasks.record(results, NOON + 60)
    notices = [*await harness.notices(NOON + 60)]
    await harness.outbox.acknowledge(notices[0], message_id=1, now=NOON + 60)
    notices += await harness.notices(NOON + 60)
    assert sorted(each.task.id for each in notices) == ["abc", "def"]
    for each in ("abc", "def"):
        stored = await harness.creations.of_task(TaskKey(ACCOUNT, each))
        assert stored is not None
        assert stored.request == HARBOUR


async def test_a_result_in_the_answer_is_told_at_once(harness: CreationHarness) -> None:
    """No poll is needed for it."""
    creation = await harness.sending()
    answer = Submission(("abc",), a_song("abc"))
    await harness.creations.accept(creation, answer, NOON)
    (notice,) = await harness.notices()
    assert (notice.task.id, notice.end_reason) == ("abc", EndReason.FINISHED)
    assert notice.task.outcome is Outcome.SUCCESS
    assert await harness.running() == []


async def test_a_result_without_an_id_gets_one_that_nobody_can_guess(
    harness: CreationHarness,
) -> None:
    """The relay has named nothing, but what it has made is there; its user finds it as before."""
    creation = await harness.sending()
    await harness.creations.accept(creation, Submission((), a_song("")), NOON)
    (notice,) = await harness.notices()
    pending, task_id = creation.pending_task_id, notice.task.id
    assert re.fullmatch(f"{pending}-[0-9a-f]{{16}}", task_id)
    assert notice.end_reason is EndReason.FINISHED
    assert notice.task.title == "Paper Boats"
    assert await harness.watches.begun_tasks([pending], ADA) == {pending: [task_id]}
    assert await harness.watches.begun_tasks([pending], BEA) == {}
    stranger = Caller(BEA, 51, 511)
    assert await harness.watches.ended_task(pending, stranger, [ACCOUNT]) is None
    assert await harness.watches.ended_task(task_id, stranger, [ACCOUNT]) is not None


async def test_a_result_of_an_earlier_version_is_read_where_its_notice_stands(
    harness: CreationHarness,
) -> None:
    """It was kept under the number of its request, which anybody can guess."""
    creation = await harness.sending()
    pending = creation.pending_task_id
    ended = PollResult(pending, NOON, a_song(pending), end_reason=EndReason.FINISHED)
    await harness.tasks.record([ended], NOON, outage=60.0)
    await harness.post()

    async def may_read(caller: Caller) -> bool:
        return await harness.watches.ended_task(pending, caller, [ACCOUNT]) is not None

    assert await may_read(Caller(ADA))
    assert await may_read(Caller(BEA, HERE.guild_id, HERE.channel_id))
    assert not await may_read(Caller(BEA, HERE.guild_id, 511))


async def test_a_failure_that_quotes_the_request_is_stored_without_it(
    harness: CreationHarness,
) -> None:
    """Whether the poller or the answer brings it; nobody reads it in the notice or the history."""
    said, shown = f"moderated: {HARBOUR.lyrics}!", "moderated: …!"
    for name in ("abc", "def"):
        creation = await harness.sending()
        failed = replace(a_song(name), outcome=Outcome.FAILURE, reason=said)
        failed = replace(failed, clips=(replace(failed.clips[0], reason=said),))
        answer = began(name) if name == "abc" else Submission((name,), failed)
        await harness.creations.accept(creation, answer, NOON)
        ended = PollResult(name, NOON, failed, end_reason=EndReason.FINISHED)
        await harness.tasks.record([ended], NOON, outage=60.0)
        (notice,) = await harness.notices()
        assert (notice.task.reason, notice.task.clips[0].reason) == (shown, shown)
        await harness.outbox.acknowledge(notice, message_id=notice.id, now=NOON)
    rows = await harness.database.read(
        "SELECT task_json FROM tasks UNION ALL SELECT task_json FROM history", []
    )
    assert len(rows) == 4
    assert HARBOUR.lyrics not in str(rows)


# Ends without a song


async def test_a_rejection_is_told_once_with_its_reason_and_refunded(
    harness: CreationHarness,
) -> None:
    """Nothing was created: it does not count, and the relay's words reach the notice."""
    creation = await harness.sending()
    quotas = CreationQuotas(per_user=5, per_server=9)
    rejection = (creation, RejectionReason.MODERATION, "contains an artist's name", NOON)
    assert await harness.creations.reject(*rejection)
    assert await harness.creations.reject(*rejection)  # nobody knew whether the first was stored
    (notice,) = await harness.notices()
    assert notice.end_reason is EndReason.REJECTED
    assert notice.rejection is RejectionReason.MODERATION
    assert notice.ends[0].rejection is RejectionReason.MODERATION
    assert notice.task.reason == "contains an artist's name"
    use = await harness.creations.quota_use(ADA, HERE.guild_id, quotas, NOON)
    assert (use.left_of_user, use.left_of_server) == (5, 9)
    stored = await harness.creations.of_task(TaskKey(ACCOUNT, creation.pending_task_id))
    assert stored is not None
    assert stored.request == HARBOUR


async def test_an_uncertain_end_is_told_and_still_counts(harness: CreationHarness) -> None:
    """It may be charged, so it is neither repeated nor refunded."""
    creation = await harness.sending()
    assert await harness.creations.mark_unconfirmed(creation, NOON)
    (notice,) = await harness.notices()
    assert notice.end_reason is EndReason.UNCONFIRMED
    use = await harness.creations.quota_use(ADA, HERE.guild_id, CreationQuotas(5, 9), NOON)
    assert (use.left_of_user, use.left_of_server) == (4, 8)
    assert await harness.claim_due(NOON + DAY, 10) == []


@pytest.mark.parametrize("repeated", ["watched", "ended", "created", "creation-77", ""])
async def test_an_id_that_is_known_is_no_proof(harness: CreationHarness, repeated: str) -> None:
    """A relay that answers with an old id may have begun nothing new."""
    await harness.tasks.add_watch(
        a_running_task("watched"), WatchRequest(BEA, HERE), NOON, known=True, deadline=60
    )
    await harness.tasks.add_finished(a_song("ended"), WatchRequest(BEA, HERE), NOON)
    first = await harness.sending()
    await harness.creations.accept(first, began("created"), NOON)
    await harness.watches.remove("created", user_id=ADA, now=NOON)
    second = await harness.sending()
    state = await harness.creations.accept(second, began(repeated), NOON)
    assert state is CreationState.UNCONFIRMED
    assert await harness.running() == ["watched"]


@pytest.mark.parametrize("is_missing", [False, True])
@pytest.mark.parametrize("watcher", [ADA, BEA])
async def test_an_id_that_only_people_have_named_is_new(
    harness: CreationHarness, watcher: int, is_missing: bool
) -> None:
    """Else who guesses the next number of a relay would keep others from their songs."""
    guessed = a_running_task("1234")
    await harness.tasks.add_watch(
        guessed, WatchRequest(watcher, HERE), NOON, known=False, deadline=60
    )
    if is_missing:
        missed = PollResult("1234", NOON, misses=3, end_reason=EndReason.NOT_FOUND)
        await harness.tasks.record([missed], NOON)
        await harness.post()
    creation = await harness.sending()
    state = await harness.creations.accept(creation, began("1234"), NOON)
    assert state is CreationState.SUBMITTED
    ended = PollResult("1234", NOON, a_song("1234"), end_reason=EndReason.FINISHED)
    await harness.tasks.record([ended], NOON + 60)
    (notice,) = await harness.notices(NOON + 60)
    assert notice.task.id == "1234"
    assert ADA in notice.watchers
    again = await harness.sending()
    assert await harness.creations.accept(again, began("1234"), NOON) is CreationState.UNCONFIRMED


async def test_a_process_that_died_while_sending_repeats_nothing(tmp_path: Path) -> None:
    """What was being sent is told as perhaps charged; what waited is sent."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        before = CreationHarness(database)
        sending = await before.sending()
        waiting = await before.add(user_id=BEA, destination=Destination(501, 50))
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        after = CreationHarness(database)
        assert await after.creations.recover(NOON + 60) == 1
        assert await after.creations.recover(NOON + 60) == 0
        (notice,) = await after.notices(NOON + 60)
        assert (notice.task.id, notice.end_reason) == (
            sending.pending_task_id,
            EndReason.UNCONFIRMED,
        )
        assert (await after.claim(NOON + 60)).id == waiting.id
        assert await after.creations.accept(sending, began("late"), NOON + 90) is (
            CreationState.UNCONFIRMED
        )
        assert await after.running() == [waiting.pending_task_id]


async def test_an_unreadable_request_costs_only_itself(harness: CreationHarness) -> None:
    """It is never sent, and its end is told."""
    broken = await harness.add()
    intact = await harness.add(user_id=BEA, destination=Destination(501, 50))
    await harness.database.write("UPDATE creations SET request = '{' WHERE id = ?", [broken.id])
    assert [each.id for each in await harness.claim_due(NOON, 10)] == [intact.id]
    (notice,) = await harness.notices()
    assert notice.rejection is RejectionReason.INVALID
    assert await harness.creations.of_task(TaskKey(ACCOUNT, broken.pending_task_id)) is None


# Given up before, or while, it is sent


async def test_who_stops_watching_before_it_is_sent_pays_nothing(harness: CreationHarness) -> None:
    """The request is cancelled, and its text is not kept."""
    creation = await harness.add()
    removed = await harness.watches.remove(creation.pending_task_id, user_id=ADA, now=NOON)
    assert removed is UnwatchOutcome.CANCELLED
    assert await harness.state(creation) == "cancelled"
    assert await harness.claim_due(NOON, 10) == []
    assert await harness.notices() == []
    use = await harness.creations.quota_use(ADA, HERE.guild_id, CreationQuotas(5), NOON)
    assert use.left_of_user == 5
    rows = await harness.database.read("SELECT user_id, request FROM creations", [])
    assert [tuple(row.values()) for row in rows] == [(None, None)]


async def test_others_who_wait_are_told_that_it_was_given_up(harness: CreationHarness) -> None:
    """Somebody has joined by the card; the person who asked for it changes their mind."""
    creation = await harness.add()
    await join(harness, creation.pending_task_id)
    await harness.watches.remove(creation.pending_task_id, user_id=ADA, now=NOON)
    assert await harness.state(creation) == "cancelled"
    (notice,) = await harness.notices()
    assert (notice.watchers, notice.end_reason, notice.rejection) == (
        (BEA,),
        EndReason.REJECTED,
        None,
    )


async def test_another_watcher_who_leaves_cancels_nothing(harness: CreationHarness) -> None:
    """Only the person who asked for it gives it up."""
    creation = await harness.add()
    await join(harness, creation.pending_task_id)
    await harness.watches.remove(creation.pending_task_id, user_id=BEA, now=NOON)
    assert (await harness.claim()).id == creation.id


async def test_who_stops_watching_while_it_is_sent_gets_no_message(
    harness: CreationHarness,
) -> None:
    """The request still ends truthfully: it was accepted, and counts."""
    creation = await harness.sending()
    await harness.watches.remove(creation.pending_task_id, user_id=ADA, now=NOON)
    state = await harness.creations.accept(creation, began("abc", "def"), NOON)
    assert state is CreationState.SUBMITTED
    assert await harness.running() == []
    assert await harness.notices() == []
    use = await harness.creations.quota_use(ADA, HERE.guild_id, CreationQuotas(5), NOON)
    assert use.left_of_user == 4


@pytest.mark.parametrize("user_id", [ADA, BEA], ids=["who asked for it", "another watcher"])
async def test_who_stops_watching_as_the_relay_begins_it_is_told_so(
    harness: CreationHarness, user_id: int
) -> None:
    """They have seen the request's id, which the relay's have replaced meanwhile."""
    creation = await harness.sending()
    await join(harness, creation.pending_task_id)
    await harness.creations.accept(creation, began("abc", "def"), NOON)
    for expected in (UnwatchOutcome.STOPPED, UnwatchOutcome.NOT_WATCHED):
        removed = await harness.watches.remove(creation.pending_task_id, user_id=user_id, now=NOON)
        assert removed is expected
    assert await harness.watches.watched_ids(user_id) == set()
    (other,) = {ADA, BEA} - {user_id}
    assert await harness.watches.watched_ids(other) == {"abc", "def"}


@pytest.mark.parametrize("task_id", ["abc", "creation-", "creation-1x", f"creation-{10**30}"])
async def test_stopping_one_task_of_a_request_leaves_the_others(
    harness: CreationHarness, task_id: str
) -> None:
    """Only the id of the request means all of them."""
    creation = await harness.sending()
    await harness.creations.accept(creation, began("abc", "def"), NOON)
    await harness.watches.remove(task_id, user_id=ADA, now=NOON)
    assert await harness.watches.watched_ids(ADA) == {"abc", "def"} - {task_id}


async def test_a_postponed_request_is_sent_again_later(harness: CreationHarness) -> None:
    """The relay was too busy and created nothing."""
    creation = await harness.sending()
    assert await harness.creations.postpone(creation, NOON + 30, NOON)
    assert await harness.claim_due(NOON + 29, 10) == []
    assert await harness.creations.next_due_at() == NOON + 30
    assert await harness.creations.next_due_at(NOON + 30) is None
    assert (await harness.claim(NOON + 30)).attempts == 1


async def test_a_postponed_request_that_nobody_waits_for_is_cancelled(
    harness: CreationHarness,
) -> None:
    """It was given up while it was sent in vain."""
    creation = await harness.sending()
    await harness.watches.remove(creation.pending_task_id, user_id=ADA, now=NOON)
    assert not await harness.creations.postpone(creation, NOON + 30, NOON)
    assert await harness.state(creation) == "cancelled"
    assert await harness.claim_due(NOON + DAY, 10) == []


async def test_a_disconnected_account_creates_nothing_any_more(harness: CreationHarness) -> None:
    """What waited is over; what was being sent may be charged, and its message says so."""
    accounts = RelayAccountStore(harness.database, harness.outbox)
    owner = AccountOwner(user_id=ADA)
    cipher = Cipher([bytes(32)])
    account = await connect_account(accounts, owner, cipher)
    sending = await harness.sending(account=account.id)
    waiting = await harness.add(account=account.id, destination=DIRECT)
    assert await accounts.running_tasks() == {account.id: True}
    disconnected = await accounts.disconnect(owner, NOON)
    assert disconnected is not None
    assert disconnected.watches == 2
    assert await harness.state(waiting) == "rejected"
    assert await harness.creations.accept(sending, began("abc"), NOON) is CreationState.UNCONFIRMED
    ends = {each.task.id: (each.end_reason, each.rejection) for each in await harness.notices()}
    assert ends == {
        sending.pending_task_id: (EndReason.UNCONFIRMED, None),
        waiting.pending_task_id: (EndReason.REJECTED, RejectionReason.DISCONNECTED),
    }
    assert await harness.running() == []
    with pytest.raises(NoRelayAccount):
        await harness.add(account=account.id)


# Quotas


async def test_a_day_allows_only_so_many_requests_of_a_person(harness: CreationHarness) -> None:
    """The error says when the next is possible; what is refused leaves nothing behind."""
    quotas = CreationQuotas(per_user=2, at_once=9)
    for minute in range(2):
        await harness.add(NOON + 60 * minute, quotas=quotas)
    with pytest.raises(CreationsPerDayReached) as refused:
        await harness.add(NOON + 120, quotas=quotas)
    assert refused.value.until.timestamp() == NOON + DAY
    assert await harness.running() == ["creation-1", "creation-2"]
    assert len(await harness.watches.watches_of(ADA)) == 2
    await harness.add(NOON + 120, quotas=quotas, caller_guild_id=51)
    await harness.add(NOON + 120, quotas=quotas, user_id=BEA)
    await harness.add(NOON + DAY, quotas=quotas)


async def test_a_day_allows_only_so_many_requests_in_a_server(harness: CreationHarness) -> None:
    """All members count together."""
    quotas = CreationQuotas(per_user=2, per_server=2)
    await harness.add(quotas=quotas)
    await harness.add(quotas=quotas, user_id=BEA)
    with pytest.raises(CreationsOfServerReached) as refused:
        await harness.add(NOON + 1, quotas=quotas, user_id=3)
    assert refused.value.until.timestamp() == NOON + DAY


async def test_a_quota_below_its_use_refuses_until_enough_has_expired(
    harness: CreationHarness,
) -> None:
    """Managers may lower it at any time."""
    for hour in range(3):
        await harness.add(NOON + hour * HOUR)
    lowered = CreationQuotas(per_user=1, at_once=9)
    use = await harness.creations.quota_use(ADA, HERE.guild_id, lowered, NOON + 3 * HOUR)
    assert use.left_of_user == 0
    with pytest.raises(CreationsPerDayReached) as refused:
        await harness.add(NOON + 3 * HOUR, quotas=lowered)
    assert refused.value.until.timestamp() == NOON + 2 * HOUR + DAY


async def test_only_a_few_requests_of_a_person_are_under_way_at_once(
    harness: CreationHarness,
) -> None:
    """Queued, being sent and running ones count, in every server; ended ones do not."""
    running = await harness.sending()
    await harness.creations.accept(running, began("abc"), NOON)
    await harness.sending(caller_guild_id=51)
    await harness.add(caller_guild_id=None, destination=DIRECT)
    with pytest.raises(TooManyCreationsAtOnce):
        await harness.add(NOON)
    await harness.add(user_id=BEA)
    result = PollResult("abc", NOON, a_song("abc"), end_reason=EndReason.FINISHED)
    await harness.tasks.record([result], NOON + 60)
    await harness.add(NOON + 60)


async def test_stopping_to_watch_frees_no_place_among_those_at_once(
    harness: CreationHarness,
) -> None:
    """The relay goes on with a song although nobody waits for it: for fifteen minutes it counts."""
    for number in range(3):
        creation = await harness.sending(NOON + number, has_card=False)
        await harness.creations.accept(creation, began(f"task-{number}"), NOON + number)
        await harness.watches.remove(f"task-{number}", user_id=ADA, now=NOON + number)
    with pytest.raises(TooManyCreationsAtOnce):
        await harness.add(NOON + 10)
    await harness.add(NOON + 10, user_id=BEA)
    assert await harness.claim_due(NOON + 10, 10, {ACCOUNT: 3}) == []
    await harness.add(NOON + 901)
    assert len(await harness.claim_due(NOON + 903, 10, {ACCOUNT: 3})) == 2


async def test_what_is_forgotten_after_its_end_is_not_under_way(harness: CreationHarness) -> None:
    """Ada deletes what she wrote; the song that Bea has made of it is finished."""
    creation = await harness.sending(user_id=BEA, author_id=ADA)
    await harness.creations.accept(creation, Submission(("abc",), a_song("abc")), NOON)
    await Erasure(harness.database).erase_user(ADA, None, NOON)
    await harness.add(NOON + 1, user_id=BEA, quotas=CreationQuotas(at_once=1))


async def test_concurrent_requests_do_not_exceed_a_quota_together(
    harness: CreationHarness,
) -> None:
    """Two people, and one person twice, press a button at the same moment."""
    quotas = CreationQuotas(per_user=2, per_server=3, at_once=9)
    results = await asyncio.gather(
        *(harness.add(quotas=quotas, user_id=user_id) for user_id in (ADA, BEA) * 4),
        return_exceptions=True,
    )
    assert sum(not isinstance(each, BaseException) for each in results) == 3
    use = await harness.creations.quota_use(ADA, HERE.guild_id, quotas, NOON)
    assert use.left_of_server == 0


async def test_what_may_be_charged_without_a_task_counts_like_a_request(
    harness: CreationHarness,
) -> None:
    """Unless it was not charged; after a day nothing is left of it."""
    quotas = CreationQuotas(per_user=2, per_server=3)
    ada, bea = (Caller(user_id, HERE.guild_id, HERE.channel_id) for user_id in (ADA, BEA))
    await harness.add(quotas=quotas)
    debit = await harness.debits.add(ACCOUNT, ada, quotas, NOON)
    with pytest.raises(CreationsPerDayReached):
        await harness.debits.add(ACCOUNT, ada, quotas, NOON + 1)
    await harness.debits.add(ACCOUNT, bea, quotas, NOON)
    with pytest.raises(CreationsOfServerReached):
        await harness.add(quotas=quotas, user_id=BEA)
    await harness.debits.refund(debit)
    await harness.add(quotas=quotas)
    assert (await harness.counts())["creations"] == 4
    assert await harness.creations.recover(NOON) == 0
    await Retention(harness.database).prune(NOON + DAY)
    assert (await harness.counts())["creations"] == 2


async def test_nothing_is_debited_at_an_account_that_is_disconnected(
    harness: CreationHarness,
) -> None:
    """It could not be asked any more."""
    with pytest.raises(NoRelayAccount):
        await harness.debits.add("account-gone", Caller(ADA, 5), CreationQuotas(), NOON)
    assert (await harness.counts())["creations"] == 0


async def test_nothing_is_stored_for_a_server_that_has_just_switched_creating_off(
    harness: CreationHarness,
) -> None:
    """The check before may be older than that."""
    await harness.add()
    await harness.creations.switch_off(50, NOON)
    with pytest.raises(CreatingOff):
        await harness.add()
    with pytest.raises(CreatingOff):
        await harness.debits.add(ACCOUNT, Caller(ADA, 50), CreationQuotas(), NOON)
    await harness.add(caller_guild_id=None, destination=DIRECT)
    assert (await harness.counts())["creations"] == 2


async def test_who_waits_where_creating_is_switched_off_is_told_why(
    harness: CreationHarness,
) -> None:
    """What is being sent goes on: it is told as what became of it."""
    sent = await harness.sending()
    waiting, direct = (
        await harness.add(),
        await harness.add(caller_guild_id=None, destination=DIRECT, user_id=BEA),
    )
    assert await harness.creations.switch_off(50, NOON) == 1
    assert await harness.creations.accept(sent, began("song-1"), NOON) is CreationState.SUBMITTED
    assert await harness.running() == [direct.pending_task_id, "song-1"]
    (notice,) = await harness.notices()
    assert notice.task.id == waiting.pending_task_id
    assert (notice.end_reason, notice.rejection) == (EndReason.REJECTED, RejectionReason.OFF)


async def test_a_quota_survives_a_clock_that_is_set_back(harness: CreationHarness) -> None:
    """Requests of the time that comes twice count, and none of them waits for it."""
    quotas = CreationQuotas(per_user=2, at_once=9)
    for _ in range(2):
        await harness.add(NOON, quotas=quotas)
    earlier = NOON - 5 * HOUR
    with pytest.raises(CreationsPerDayReached):
        await harness.add(earlier, quotas=quotas)
    await harness.creations.handle_clock_rollback(earlier, longest_wait=60)
    with pytest.raises(CreationsPerDayReached) as refused:
        await harness.add(earlier, quotas=quotas)
    assert refused.value.until.timestamp() == earlier + DAY
    assert len(await harness.claim_due(earlier + 60, 10)) == 2


async def test_limits_on_watches_and_messages_hold_for_requests(database: DatabaseThread) -> None:
    """A request is a watch, and ends in a message."""
    harness = CreationHarness(
        database,
        WatchLimits(watches_per_user=2, messages_per_user=3, operator_account=ACCOUNT),
    )
    for _ in range(2):
        await harness.add()
    with pytest.raises(TooManyWatches):
        await harness.add()
    for creation in await harness.claim_due(NOON, 10):
        await harness.creations.reject(creation, RejectionReason.BUSY, "", NOON)
    await harness.add()
    with pytest.raises(TooManyMessages):
        await harness.add()


# The queue


async def test_the_person_with_the_fewest_under_way_comes_first(harness: CreationHarness) -> None:
    """Somebody who asks for many at once does not hold up the others."""
    for _ in range(3):
        await harness.add()
    await harness.add(NOON + 5, user_id=BEA)
    claimed = await harness.claim_due(NOON + 5, 3)
    assert [(each.user_id, each.id) for each in claimed] == [(ADA, 1), (BEA, 4), (ADA, 2)]


async def test_an_account_has_no_more_under_way_than_its_relay_takes(
    harness: CreationHarness,
) -> None:
    """What is being sent and what runs counts; another account is not held up."""
    for _ in range(2):
        await harness.add()
    await harness.add(account="openai-hub", user_id=BEA)
    limits: dict[str, int | None] = {ACCOUNT: 1, "openai-hub": None}
    first, other = await harness.claim_due(NOON, 10, limits)
    assert {first.account, other.account} == {ACCOUNT, "openai-hub"}
    assert await harness.claim_due(NOON, 10, limits) == []
    await harness.creations.accept(first, began("abc"), NOON)
    assert await harness.claim_due(NOON, 10, limits) == []
    result = PollResult("abc", NOON, a_song("abc"), end_reason=EndReason.FINISHED)
    await harness.tasks.record([result], NOON + 60)
    assert len(await harness.claim_due(NOON + 60, 10, limits)) == 1


async def test_a_request_is_claimed_once(harness: CreationHarness) -> None:
    """Two claims at the same moment do not send the same."""
    await harness.add()
    claims = await asyncio.gather(*(harness.claim_due(NOON, 10) for _ in range(5)))
    assert [len(each) for each in sorted(claims, key=len)] == [0, 0, 0, 0, 1]


async def test_what_became_of_an_attempt_changes_no_later_one(harness: CreationHarness) -> None:
    """A process that stores a result late finds that the request went back and is sent again."""
    creations, first = harness.creations, await harness.sending()
    await creations.postpone(first, NOON, NOON)
    queued = await harness.creations.choose_due(NOON, 10)
    for state in (CreationState.QUEUED, CreationState.SUBMITTING):
        assert not await creations.postpone(first, NOON, NOON)
        assert not await creations.reject(first, RejectionReason.BUSY, "", NOON)
        assert not await creations.mark_unconfirmed(first, NOON)
        assert await creations.accept(first, began("abc"), NOON) is state
        assert await creations.claim(replace(first, state=CreationState.QUEUED)) is None
        assert await harness.state(first) == state
        await creations.claim(queued[0])
    assert await harness.notices() == []


async def test_a_request_that_is_held_takes_a_place_and_is_not_chosen_again(
    harness: CreationHarness,
) -> None:
    """It waits for its turn in the process, while the database has it in the queue."""
    for user_id in (ADA, ADA, BEA):
        await harness.add(user_id=user_id)
    (first,) = await harness.creations.choose_due(NOON, 1)
    held = {first.id: first.account}
    for limits, chosen in (({}, [3, 2]), ({ACCOUNT: 2}, [3]), ({ACCOUNT: 1}, [])):
        others = await harness.creations.choose_due(NOON, 10, limits, held=held)
        assert [each.id for each in others] == chosen
    assert await harness.creations.choose_due(NOON, 10, max_submitting=1, held=held) == []


# Ids that no relay gave


async def test_what_others_create_cannot_be_watched_by_guessing(harness: CreationHarness) -> None:
    """Only where its live card is, somebody else may join."""
    creation = await harness.add(destination=DIRECT, caller_guild_id=None)
    with pytest.raises(BadTaskId):
        await join(harness, creation.pending_task_id)
    with pytest.raises(BadTaskId):
        await join(harness, "creation-99")
    with pytest.raises(BadTaskId):
        await harness.tasks.add_finished(
            a_song(creation.pending_task_id), WatchRequest(BEA, HERE), NOON
        )


async def test_an_outage_does_not_move_the_deadline_of_what_is_not_begun(
    harness: CreationHarness,
) -> None:
    """Its deadline begins when the relay does."""
    await harness.add()
    await harness.tasks.record([], NOON + HOUR, outage=HOUR)
    rows = await harness.database.read("SELECT deadline_at FROM tasks", [])
    assert [row["deadline_at"] for row in rows] == [NOON + DEADLINE]


async def join(harness: CreationHarness, task_id: str) -> None:
    """Let Bea watch a task that waits to be created, by the button of its card."""
    await harness.tasks.add_watch(
        a_running_task(task_id), WatchRequest(BEA, HERE), NOON, known=False, deadline=DEADLINE
    )


# What is kept, and what is deleted


async def test_the_request_is_kept_as_long_as_the_history_of_the_song(
    harness: CreationHarness,
) -> None:
    """Months later it can be repeated, although the task and its notice are pruned."""
    creation = await harness.sending(has_card=False)
    await harness.creations.accept(creation, Submission(("abc",), a_song("abc")), NOON)
    await harness.post()
    await Retention(harness.database).prune(NOON + 100 * DAY)
    assert await harness.counts() == {"creations": 1, "creation_tasks": 1, "tasks": 0}
    stored = await harness.creations.of_task(TaskKey(ACCOUNT, "abc"))
    assert stored is not None
    assert stored.request == HARBOUR


async def test_a_rejected_request_is_kept_as_long_as_its_notice(harness: CreationHarness) -> None:
    """It can be repeated by the button under it, and is no history."""
    creation = await harness.sending(has_card=False)
    await harness.creations.reject(creation, RejectionReason.CREDIT, "", NOON)
    await harness.post()
    key = TaskKey(ACCOUNT, creation.pending_task_id)
    await Retention(harness.database).prune(NOON + 29 * DAY)
    assert await harness.creations.of_task(key) is not None
    await Retention(harness.database).prune(NOON + 31 * DAY)
    assert await harness.creations.of_task(key) is None
    assert await harness.counts() == {"creations": 0, "creation_tasks": 0, "tasks": 0}


async def test_an_erasure_deletes_requests_and_cancels_what_is_queued(
    harness: CreationHarness,
) -> None:
    """Neither text nor id of the person is left, but what was created today still counts."""
    erasure = Erasure(harness.database)
    done = await harness.sending(has_card=False)
    await harness.creations.accept(done, Submission(("abc",), a_song("abc")), NOON)
    await harness.post()
    sending = await harness.sending()
    queued = await harness.add()
    assert (await erasure.personal_data(ADA)).creations == 3
    await erasure.erase_user(ADA, DIRECT.channel_id, NOON)
    assert (await erasure.personal_data(ADA)).nothing
    assert await harness.state(queued) == "cancelled"
    assert await harness.creations.of_task(TaskKey(ACCOUNT, "abc")) is None
    use = await harness.creations.quota_use(ADA, HERE.guild_id, CreationQuotas(5), NOON)
    assert use.left_of_user == 3
    assert await harness.creations.accept(sending, began("late"), NOON) is CreationState.SUBMITTED
    assert await harness.notices() == []
    await Retention(harness.database).prune(NOON + 31 * DAY)
    assert (await harness.counts())["creations"] == 0


async def test_others_who_wait_for_a_request_of_an_erased_person_are_told(
    harness: CreationHarness,
) -> None:
    """What was not sent cannot be sent without its text."""
    creation = await harness.add()
    await join(harness, creation.pending_task_id)
    await Erasure(harness.database).erase_user(ADA, None, NOON)
    (notice,) = await harness.notices()
    assert (notice.watchers, notice.end_reason, notice.rejection) == (
        (BEA,),
        EndReason.REJECTED,
        None,
    )


async def test_nobody_repeats_what_an_erased_person_wrote(harness: CreationHarness) -> None:
    """Bea has asked for the same again: it is not sent, and she is told."""
    creation = await harness.add(user_id=BEA, author_id=ADA)
    assert (await Erasure(harness.database).personal_data(ADA)).creations == 1
    await Erasure(harness.database).erase_user(ADA, None, NOON)
    (notice,) = await harness.notices()
    assert (notice.watchers, notice.end_reason, notice.rejection) == (
        (BEA,),
        EndReason.REJECTED,
        None,
    )
    assert await harness.creations.of_task(TaskKey(ACCOUNT, creation.pending_task_id)) is None
    use = await harness.creations.quota_use(BEA, HERE.guild_id, CreationQuotas(5), NOON)
    assert use.left_of_user == 5


async def test_what_its_author_deletes_while_it_is_sent_is_not_sent_again(
    harness: CreationHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """The relay was busy: whoever has repeated it is told at once."""
    creation = await harness.sending(user_id=BEA, author_id=ADA)
    await Erasure(harness.database).erase_user(ADA, None, NOON)
    assert not await harness.creations.postpone(creation, NOON + 300, NOON)
    assert await harness.claim_due(NOON + 300, 10) == []
    (notice,) = await harness.notices()
    assert (notice.watchers, notice.end_reason, notice.rejection) == (
        (BEA,),
        EndReason.REJECTED,
        None,
    )
    assert "ERROR" not in caplog.text


async def test_what_is_erased_while_it_is_repeated_is_not_stored_again(
    harness: CreationHarness,
) -> None:
    """Bea has pressed *Try again*, and Ada is forgotten before Bea's request is stored."""
    creation = await harness.add()
    read = await harness.creations.of_task(TaskKey(ACCOUNT, creation.pending_task_id))
    assert read is not None
    await Erasure(harness.database).erase_user(ADA, None, NOON)
    with pytest.raises(RequestForgotten):
        await harness.add(user_id=BEA, author_id=read.written_by, repeats=read.id)
    assert (
        await harness.database.read("SELECT 1 FROM creations WHERE request IS NOT NULL", []) == []
    )


async def test_a_server_that_removes_the_bot_cancels_what_is_queued(
    harness: CreationHarness,
) -> None:
    """Nothing is charged for what nobody could see; coming back resets no quota."""
    creation = await harness.add()
    assert HERE.guild_id
    await Erasure(harness.database).erase_server(HERE.guild_id, NOON)
    assert await harness.state(creation) == "cancelled"
    sent = await harness.sending()
    await harness.creations.mark_unconfirmed(sent, NOON)
    await Erasure(harness.database).erase_server(HERE.guild_id, NOON)
    use = await harness.creations.quota_use(ADA, HERE.guild_id, CreationQuotas(5, 9), NOON)
    assert (use.left_of_user, use.left_of_server) == (4, 8)


@pytest.mark.sqlite_only
async def test_the_doctor_knows_how_far_a_request_is(tmp_path: Path) -> None:
    """`suno-bot doctor` tells of a task that no relay has begun."""
    path = tmp_path / "suno.db"
    async with DatabaseThread(location(path)) as database:
        harness = CreationHarness(database)
        rejected = await harness.sending()
        await harness.creations.reject(rejected, RejectionReason.CREDIT, "", NOON)
        sending = await harness.sending()
        queued = await harness.add()
    ids = [each.pending_task_id for each in (queued, sending, rejected)]
    facts = [each for task_id in ids for each in task_facts(path, task_id, 5)]
    assert [each.creation for each in facts] == [
        CreationState.QUEUED,
        CreationState.SUBMITTING,
        CreationState.REJECTED,
    ]
    summaries = [summarize(each, now=NOON, in_use=True, relay=ACCOUNT) for each in facts[:2]]
    assert "waits to be sent" in summaries[0]
    assert "is being sent" in summaries[1]
    assert describe_end(facts[2], now=NOON).endswith("nothing was created (credit)")


@pytest.mark.sqlite_only
async def test_no_statement_reads_a_whole_table(harness: CreationHarness) -> None:
    """Otherwise every request would take longer with each one that is kept."""
    statements: list[str] = []
    await harness.database.run(lambda db: sqlite_of(db).conn.set_trace_callback(statements.append))
    for end in ("accept", "reject", "postpone"):
        creation = await harness.sending()
        if end == "accept":
            await harness.creations.accept(creation, began("abc", "def"), NOON)
        elif end == "reject":
            await harness.creations.reject(creation, RejectionReason.BUSY, "no", NOON)
        else:
            await harness.creations.postpone(creation, NOON, NOON)
    await harness.creations.recover(NOON)
    await harness.creations.quota_use(ADA, HERE.guild_id, CreationQuotas(5, 9), NOON)
    await harness.watches.remove("abc", user_id=ADA, now=NOON)
    await harness.watches.remove("creation-1", user_id=ADA, now=NOON)
    await Erasure(harness.database).erase_user(ADA, None, NOON)
    await harness.database.run(lambda db: sqlite_of(db).conn.set_trace_callback(None))
    about = [each for each in statements if "creation" in each and not each.startswith("--")]
    assert len(about) > 20
    for statement in about:
        plan = await harness.database.read(f"EXPLAIN QUERY PLAN {statement}", [])
        whole = [row["detail"] for row in plan if re.fullmatch(_WHOLE_TABLE, row["detail"])]
        assert whole == [], statement


_WHOLE_TABLE = r"SCAN (tasks|creations|creation_tasks|watches|history|deliveries|live_cards|[a-z])"
