"""Maps the statuses and actions that relays write to the enums of ``models``.

The words are compared whole and case-insensitively. Suno-API and new-api use the upper-case ones of
``TaskStatus``; the others are used by forks.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from bot.relay.models import ClipStatus, TaskKind, TaskStatus

S = TypeVar("S")

_TASK_WORDS = {
    TaskStatus.NOT_START: ("not_start",),
    TaskStatus.SUBMITTED: ("submitted",),
    TaskStatus.QUEUED: ("queued", "pending"),
    TaskStatus.IN_PROGRESS: (
        "in_progress",
        "processing",
        "running",
        "streaming",
        "text_success",
        "first_success",
    ),
    TaskStatus.SUCCESS: ("success", "complete", "completed", "succeeded"),
    TaskStatus.FAILURE: ("failure", "fail", "failed", "error"),
    TaskStatus.UNKNOWN: ("unknown",),
}
_CLIP_WORDS = {
    ClipStatus.QUEUED: ("submitted", "queued", "pending", "not_start"),
    ClipStatus.STREAMING: ("streaming", "running", "processing", "in_progress"),
    ClipStatus.COMPLETE: ("complete", "completed", "succeeded", "success"),
    ClipStatus.ERROR: ("error", "fail", "failed", "failure"),
}


def _spellings(words: Mapping[S, tuple[str, ...]]) -> dict[str, S]:
    """Return the status of each word, in lower and in upper case."""
    pairs = [(word, status) for status, spelled in words.items() for word in spelled]
    return dict(pairs) | {word.upper(): status for word, status in pairs}


_TASK_STATUSES = _spellings(_TASK_WORDS)
_CLIP_STATUSES = _spellings(_CLIP_WORDS)
_KINDS = {kind.action: kind for kind in TaskKind}


def task_status(word: str) -> TaskStatus:
    """Return the status that a relay's word means, UNRECOGNIZED for an unknown one."""
    return _TASK_STATUSES.get(word) or _TASK_STATUSES.get(
        word.strip().lower(), TaskStatus.UNRECOGNIZED
    )


def clip_status(word: str) -> ClipStatus:
    """Return the status that a clip's word means, UNRECOGNIZED for an unknown one."""
    return _CLIP_STATUSES.get(word) or _CLIP_STATUSES.get(
        word.strip().lower(), ClipStatus.UNRECOGNIZED
    )


def task_kind(action: Any) -> TaskKind | None:
    """Return the kind that a relay's ``action`` names, if it names one."""
    if type(action) is not str:
        return None
    return _KINDS.get(action) or _KINDS.get(action.strip().upper())
