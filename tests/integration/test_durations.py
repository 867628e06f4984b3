from typing import Any

import pytest

from bot.relay.models import TaskKind
from bot.storage.database import DatabaseThread
from bot.storage.history import History, duration_stats
from bot.storage.history_rows import seconds_taken
from bot.storage.limits import WatchLimits
from bot.storage.models import DurationStats, EndReason, PollResult, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from tests.support.builders import NOON, a_clip, a_failure, a_lyrics_task, a_song
from tests.support.histories import THERE, ended, watch

pytestmark = pytest.mark.both_engines


@pytest.fixture
def history(database: DatabaseThread) -> History:
    """Return the history of a relay."""
    return History(database, "deerapi")


@pytest.fixture
def store(database: DatabaseThread) -> TaskStore:
    """Return the task store of a relay."""
    return TaskStore(database, Outbox(database), "deerapi", WatchLimits(watches_per_user=10_000))


def test_a_small_sample_has_no_statistics() -> None:
    """Fewer than five tasks allow no statement."""
    assert duration_stats([60.0] * 4) is None


def test_the_statistics_are_the_median_and_the_ninth_decile() -> None:
    """One slow task does not change what is typical."""
    assert duration_stats([100.0] * 18 + [150.0, 9000.0]) == DurationStats(median=100.0, slow=105.0)


@pytest.mark.parametrize(
    ("times", "taken"),
    [
        ({"submitted_at": 5.0, "started_at": 10.0, "finished_at": 70.0}, 60.0),
        ({"submitted_at": 5.0, "finished_at": 70.0}, 65.0),
        ({"started_at": 10.0}, 120.0),
        ({}, 120.0),
        ({"started_at": 70.0, "finished_at": 10.0}, 120.0),
        ({"started_at": 1.0, "finished_at": 1e9}, 120.0),
    ],
    ids=["started", "submitted", "no end", "nothing", "backwards", "years"],
)
def test_a_duration_is_by_the_relays_times_or_by_observation(
    times: dict[str, Any], taken: float
) -> None:
    """Implausible times of the relay are ignored."""
    assert seconds_taken(a_song(**times), NOON, NOON + 120) == taken


def test_failures_and_tasks_first_seen_at_their_end_have_no_duration() -> None:
    """Neither says how long a task takes."""
    assert seconds_taken(a_failure(), NOON, NOON + 3) is None
    assert seconds_taken(a_song(), NOON, NOON) is None


async def test_the_statistics_cover_the_last_tasks_of_a_kind(
    store: TaskStore, history: History
) -> None:
    """They cover two hundred tasks of one relay, whoever watched them."""
    for number in range(210):
        task = a_song(f"song-{number}", started_at=NOON, finished_at=NOON + 900 - number)
        await ended(store, task, NOON + number, user_id=number)
    for number in range(5):
        await ended(store, a_lyrics_task(f"lyrics-{number}"), NOON + 15)
    typical = await history.duration_stats("deerapi", TaskKind.MUSIC)
    assert typical
    assert (typical.median, typical.slow) == pytest.approx((790.5, 870.1))
    assert await history.duration_stats("deerapi", TaskKind.LYRICS) == DurationStats(15, 15)
    assert await history.duration_stats("another", TaskKind.MUSIC) is None


async def test_the_wait_for_a_late_link_is_no_part_of_the_duration(
    store: TaskStore, history: History
) -> None:
    """A task ends when the relay first says so."""
    for number in range(5):
        await watch(store, f"{number}")
        task = a_song(f"{number}", clips=(a_clip(audio_is_final=False),))
        seen = PollResult(task.id, NOON + 60, task=task, terminal_since=NOON + 60)
        await store.record([seen], NOON + 60)
        late = seen._replace(end_reason=EndReason.FINISHED)
        await store.record([late], NOON + 360)
    assert await history.duration_stats("deerapi", TaskKind.MUSIC) == DurationStats(60, 60)


async def test_a_later_watch_does_not_remove_a_measured_duration(
    store: TaskStore, history: History
) -> None:
    """A watch that sees only the end of a task measures nothing."""
    for number in range(5):
        await ended(store, a_song(f"{number}"), NOON + 60)
        await store.add_finished(a_song(f"{number}"), WatchRequest(2, THERE), NOON + 999)
    assert await history.duration_stats("deerapi", TaskKind.MUSIC) == DurationStats(60, 60)
