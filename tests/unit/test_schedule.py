import pytest

from bot.polling.adaptive.planner import Planner
from bot.polling.schedule import (
    MIN_MISSES,
    MISSING_AUDIO_TIMEOUT,
    MISSING_TASK_TIMEOUT,
    UNREADABLE_RETRY_DELAY,
    Schedule,
    extend_deadlines,
)
from bot.relay.models import ClipStatus, Outcome, Task, TaskStatus
from bot.storage.models import EndReason
from tests.support.builders import (
    NOON,
    a_clip,
    a_failure,
    a_lyrics_task,
    a_poll_target,
    a_running_task,
    a_song,
)

SCHEDULE = Schedule(Planner(5), deadline=3600)


def test_a_running_task_is_polled_again_after_the_interval() -> None:
    """Nothing ends while the relay says that it runs."""
    seen = SCHEDULE.after_found(a_poll_target(), a_running_task(), NOON)
    assert (seen.end_reason, seen.next_poll_at) == (None, NOON + 5)


@pytest.mark.parametrize("task", [a_song(), a_lyrics_task(), a_failure()], ids=lambda t: t.status)
def test_a_task_that_ended_ends_its_watch(task: Task) -> None:
    """Success, lyrics and failure alike."""
    seen = SCHEDULE.after_found(a_poll_target(), task, NOON)
    assert (seen.end_reason, seen.task) == (EndReason.FINISHED, task)


STREAMING = a_song(
    outcome=Outcome.PARTIAL,
    clips=(a_clip(), a_clip(id="2", status=ClipStatus.STREAMING, audio_is_final=False)),
)


def test_a_song_that_still_streams_is_waited_for() -> None:
    """SUCCESS while a clip streams is not the end yet: its link would die."""
    seen = SCHEDULE.after_found(a_poll_target(), STREAMING, NOON)
    assert (seen.end_reason, seen.terminal_since, seen.task) == (None, NOON, STREAMING)


def test_the_wait_for_audio_is_bounded() -> None:
    """A clip that streams for ever does not keep the others from being told."""
    target = a_poll_target(terminal_since=NOON)
    soon = SCHEDULE.after_found(target, STREAMING, NOON + MISSING_AUDIO_TIMEOUT - 1)
    late = SCHEDULE.after_found(target, STREAMING, NOON + MISSING_AUDIO_TIMEOUT)
    assert (soon.end_reason, late.end_reason) == (None, EndReason.FINISHED)


def test_a_task_that_ended_never_runs_again() -> None:
    """A relay that takes its SUCCESS back is not believed."""
    target = a_poll_target(status=TaskStatus.SUCCESS, terminal_since=NOON)
    seen = SCHEDULE.after_found(target, a_running_task(), NOON + 5)
    assert (seen.task, seen.terminal_since) == (None, NOON)


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        (TaskStatus.IN_PROGRESS, TaskStatus.QUEUED, False),
        (TaskStatus.IN_PROGRESS, TaskStatus.UNRECOGNIZED, False),
        (TaskStatus.QUEUED, TaskStatus.QUEUED, True),
        (TaskStatus.SUBMITTED, TaskStatus.IN_PROGRESS, True),
        (TaskStatus.UNRECOGNIZED, TaskStatus.NOT_START, True),
    ],
)
def test_a_status_never_goes_backwards(before: TaskStatus, now: TaskStatus, kept: bool) -> None:
    """An answer from behind leaves the last one as it is."""
    seen = SCHEDULE.after_found(a_poll_target(status=before), a_running_task(status=now), NOON)
    assert (seen.task is not None) is kept


def test_an_id_that_the_relay_never_knew_is_reported_after_three_polls() -> None:
    """Not at the first, which may come before the relay has written the task down."""
    unproven = [a_poll_target(known=False, misses=misses) for misses in range(MIN_MISSES)]
    endings = [SCHEDULE.after_miss(target, NOON).end_reason for target in unproven]
    assert endings == [None, None, EndReason.NOT_FOUND]


def test_a_task_that_goes_missing_is_not_dropped_at_once() -> None:
    """A relay that forgets for half an hour still may remember."""
    target = a_poll_target(misses=50, missing_since=NOON)
    soon = SCHEDULE.after_miss(target, NOON + MISSING_TASK_TIMEOUT - 1)
    late = SCHEDULE.after_miss(target, NOON + MISSING_TASK_TIMEOUT)
    assert (soon.end_reason, soon.misses, late.end_reason) == (None, 51, EndReason.NOT_FOUND)


def test_a_task_that_is_found_again_is_missed_no_longer() -> None:
    """The count of misses is of polls in a row."""
    seen = SCHEDULE.after_found(a_poll_target(misses=2, missing_since=NOON), a_running_task(), NOON)
    assert (seen.misses, seen.missing_since) == (0, None)


def test_a_task_that_goes_missing_after_it_ended_is_reported_as_it_was() -> None:
    """What was there is not taken back by what is not."""
    seen = SCHEDULE.after_miss(a_poll_target(terminal_since=NOON - 5), NOON)
    assert seen.end_reason is EndReason.FINISHED


def test_an_answer_that_cannot_be_read_counts_neither_as_found_nor_as_missing() -> None:
    """It is tried again, more slowly."""
    seen = SCHEDULE.after_unreadable(a_poll_target(misses=2, missing_since=NOON - 9), NOON)
    assert (seen.misses, seen.missing_since, seen.task) == (2, NOON - 9, None)
    assert seen.next_poll_at == NOON + UNREADABLE_RETRY_DELAY


def test_a_task_that_never_ends_is_given_up_at_the_deadline() -> None:
    """Whether the relay goes on saying that it runs, forgets it, or cannot be read."""
    late = a_poll_target(deadline_at=NOON)
    endings = {
        SCHEDULE.after_found(late, a_running_task(), NOON).end_reason,
        SCHEDULE.after_miss(late, NOON).end_reason,
        SCHEDULE.after_unreadable(late, NOON).end_reason,
    }
    assert endings == {EndReason.GAVE_UP}


def test_a_song_that_waits_for_its_audio_is_not_given_up_but_told() -> None:
    """The deadline cannot turn a success into something else."""
    late = a_poll_target(deadline_at=NOON, terminal_since=NOON - 5)
    assert SCHEDULE.after_found(late, STREAMING, NOON).end_reason is EndReason.FINISHED


def test_an_outage_stops_the_deadline() -> None:
    """A watch gets the time back in which nobody could ask."""
    target = extend_deadlines(a_poll_target(deadline_at=NOON + 10), 600, NOON + 700)
    assert target.deadline_at == NOON + 610


def test_a_watch_added_during_an_outage_gains_only_the_rest_of_it() -> None:
    """Its deadline had not begun before."""
    target = extend_deadlines(a_poll_target(deadline_at=NOON + 10), 600, NOON + 100)
    assert target.deadline_at == NOON + 110
