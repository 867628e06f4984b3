"""How a task ended: from the relay's word for it and from what there is to play or to read."""

from bot.relay.models import ClipStatus, Outcome, TaskStatus
from bot.relay.parsing.results import Results
from bot.relay.parsing.statuses import task_status

_ENDED = (ClipStatus.COMPLETE, ClipStatus.ERROR)


def conclude(word: str, results: Results) -> tuple[TaskStatus, Outcome | None]:
    """Return the status of a task and its outcome, None while it is not finished.

    `word` is the relay's, "" where it gave none. Then the clips or the lyrics decide. A word of a
    task that is not finished counts whatever its clips say, and so does one never seen before.
    """
    if not word.strip():
        return _conclude_from(results)
    status = task_status(word)
    if status is TaskStatus.SUCCESS:
        return status, _after_success(results)
    if status is TaskStatus.FAILURE:
        return status, Outcome.PARTIAL if _has_result(results) else Outcome.FAILURE
    if status is TaskStatus.UNKNOWN:
        heard = any(clip.audio_url for clip in results.clips)
        shown = heard or _has_result(results)
        return status, _after_success(results) if shown else Outcome.FAILURE
    return status, None


def has_failed(status: TaskStatus, results: Results) -> bool:
    """Whether the task or a part of it failed, so that a reason given for that is one."""
    return (
        status in (TaskStatus.FAILURE, TaskStatus.UNKNOWN)
        or results.lyrics_status is ClipStatus.ERROR
        or any(clip.status is ClipStatus.ERROR for clip in results.clips)
    )


def _conclude_from(results: Results) -> tuple[TaskStatus, Outcome | None]:
    """Conclude from the data alone: ended when each part of them has."""
    parts = [clip.status for clip in results.clips]
    if results.lyrics_status is not None:
        parts.append(results.lyrics_status)
    elif results.lyrics is not None:
        parts.append(ClipStatus.COMPLETE)
    if not parts:
        return TaskStatus.UNRECOGNIZED, None
    if not all(part in _ENDED for part in parts):
        return TaskStatus.IN_PROGRESS, None
    outcome = _after_success(results)
    failed = outcome is Outcome.FAILURE
    return TaskStatus.FAILURE if failed else TaskStatus.SUCCESS, outcome


def _after_success(results: Results) -> Outcome:
    """Conclude where the relay says success: some say so too early, or though a clip failed."""
    clips = results.clips
    if results.lyrics is not None:
        said_failed = results.lyrics_status is ClipStatus.ERROR
        return Outcome.PARTIAL if said_failed else Outcome.SUCCESS
    if clips and all(clip.playable for clip in clips):
        return Outcome.SUCCESS
    if clips:
        all_failed = all(clip.status is ClipStatus.ERROR for clip in clips)
        return Outcome.FAILURE if all_failed else Outcome.PARTIAL
    return Outcome.FAILURE if results.lyrics_status is ClipStatus.ERROR else Outcome.PARTIAL


def _has_result(results: Results) -> bool:
    return results.lyrics is not None or any(clip.playable for clip in results.clips)
