"""How often people may have the relay asked."""

import pytest

from bot.storage.errors import TooManyLookups
from bot.storage.models import Caller, WatchOutcome, WatchRequest
from bot.watches.lookup_limiter import (
    SERVER_BURST,
    TOKENS_PER_MISS,
    USER_BURST,
    LookupLimiter,
    TokenBucket,
)
from sandbox.relay import song
from tests.support.builders import HERE, a_task_reader, a_watchlist
from tests.support.poller_harness import PollerHarness

ADA, BEA = Caller(1, 50), Caller(2, 50)


class Time:
    """A clock in seconds that the test advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def admitted(limiter: LookupLimiter, asker: Caller, most: int = 1000) -> int:
    """Return how many look-ups in a row are admitted."""
    for count in range(most):
        try:
            limiter.admit(asker)
        except TooManyLookups:
            return count
    return most


def test_a_bucket_is_full_at_first_and_refills_evenly() -> None:
    """It never exceeds its capacity, and it tells how long the next token takes."""
    bucket = TokenBucket(2, 0.5, now=100)
    bucket.take(2, 100)
    assert bucket.wait(100) == 2
    assert bucket.wait(101) == 1
    assert bucket.wait(102) == 0
    bucket.take(1, 1000)
    assert bucket.wait(1000) == 0
    bucket.take(1, 1000)
    assert bucket.wait(1000) == 2


def test_an_overdrawn_bucket_refills_its_debt_first() -> None:
    """A clock that goes back removes no tokens."""
    bucket = TokenBucket(2, 1, now=0)
    bucket.take(7, 0)
    assert bucket.wait(0) == 6
    assert bucket.wait(-50) == 6


def test_look_ups_per_user_are_limited() -> None:
    """The error tells when the next look-up is admitted; others are not affected."""
    time = Time()
    limiter = LookupLimiter(2, time)
    assert admitted(limiter, ADA) == USER_BURST
    with pytest.raises(TooManyLookups) as refusal:
        limiter.admit(ADA)
    limiter.admit(BEA)
    time.now += refusal.value.seconds
    limiter.admit(ADA)


def test_unknown_ids_cost_more_than_tasks() -> None:
    """A user who invents ids is limited after the first command, and for long."""
    limiter = LookupLimiter(2, Time())
    limiter.admit(ADA)
    limiter.charge_misses(ADA, 3)
    assert admitted(limiter, ADA) == USER_BURST - 1 - 3 * TOKENS_PER_MISS


def test_look_ups_per_server_are_limited() -> None:
    """The limit covers all members; other servers and direct messages are not affected."""
    limiter = LookupLimiter(2, Time())
    asked = sum(admitted(limiter, Caller(member, 50)) for member in range(100))
    assert asked == SERVER_BURST
    limiter.admit(Caller(7, 51))
    limiter.admit(Caller(7))


def test_a_user_is_limited_across_servers() -> None:
    """A user has one bucket wherever they run commands."""
    limiter = LookupLimiter(2, Time())
    assert sum(admitted(limiter, Caller(1, server)) for server in range(100)) == USER_BURST


def test_the_number_of_buckets_is_bounded() -> None:
    """The buckets that were unused for longest are deleted, so that they start full again."""
    limiter = LookupLimiter(2, Time(), max_buckets=3)
    assert admitted(limiter, Caller(1)) == admitted(limiter, Caller(2)) == USER_BURST
    for other in (3, 4):
        limiter.admit(Caller(other))
    assert admitted(limiter, Caller(2)) == 0
    assert admitted(limiter, Caller(1)) == USER_BURST


async def test_watching_works_when_look_ups_are_used_up(polling: PollerHarness) -> None:
    """The command does not ask the relay; the poller does, and the notice is posted."""
    limiter = LookupLimiter(2, Time())
    watchlist = a_watchlist(polling.connection, limiter, polling.clock)
    task_reader = a_task_reader(polling.connection, limiter, polling.clock)
    assert admitted(limiter, Caller(1, 50)) == USER_BURST
    polling.relay.add(song("song", takes=60))

    with pytest.raises(TooManyLookups):
        await task_reader.look_up(["song"], Caller(1, 50))
    (result,) = await watchlist.add(["song"], WatchRequest(1, HERE), caller_guild_id=50)

    assert (result.outcome, polling.relay.requests) == (WatchOutcome.NOT_ASKED, [])
    await polling.poll_after(5)
    await polling.poll_after(60)
    (delivery,) = await polling.claim_due()
    assert delivery.watchers == (1,)


async def test_ended_tasks_are_read_when_look_ups_are_used_up(polling: PollerHarness) -> None:
    """They are stored in the database, so that the relay is not asked."""
    limiter = LookupLimiter(2, Time())
    task_reader = a_task_reader(polling.connection, limiter, polling.clock)
    polling.relay.add(song("song", takes=1))
    await polling.watch("song")
    await polling.poll_after(5)
    assert admitted(limiter, ADA) == USER_BURST

    task = await task_reader.read("song", ADA)

    assert task is not None
    assert task.terminal


async def test_reading_many_tasks_is_one_look_up(polling: PollerHarness) -> None:
    """At most three unknown ids are looked up singly, however many are read."""
    limiter = LookupLimiter(2, Time())
    task_reader = a_task_reader(polling.connection, limiter, polling.clock)
    polling.relay.add(song("song"))
    invented = [f"gone-{number}" for number in range(9)]

    found = (await task_reader.read_all(["song", *invented], ADA)).result

    assert found.tasks.keys() == {"song"}
    assert found.missing == set(invented[:3])
    assert admitted(limiter, ADA) == 0
