"""Why a task failed, in plain words and in the relay's own."""

import re

from bot.posting.escaping import clean
from bot.suno.tasks import Task, TaskKind, TaskStatus
from bot.words import Words

_KNOWN = (
    ("artist", re.compile(r"artist'?s? name", re.IGNORECASE)),
    ("moderation", re.compile(r"moderat|flagged|sensitive|inappropriate|敏感|违规", re.IGNORECASE)),
    (
        "credit",
        re.compile(r"insufficient.{0,20}(credit|quota|balance)|余额不足|额度不足", re.IGNORECASE),
    ),
)
"""What Suno and the relays write, each with the name of its texts in the catalogue."""


def own_words(task: Task) -> str:
    """Return what the relay itself says about the failure: hostile text, or empty."""
    reasons = (task.reason, *(clip.reason for clip in task.clips))
    return next((reason for reason in reasons if clean(reason)), "")


def explained(task: Task, words: Words) -> str:
    """Return why ``task`` failed, in a plain sentence; never the relay's own text."""
    return words.say(f"notice-reason-{_cause(task)}")


def advice(task: Task, words: Words) -> str:
    """Return what a person can do about the failure of ``task``."""
    return words.say(f"notice-advice-{_cause(task)}")


def kind_of(task: Task) -> TaskKind | None:
    """Return what the task makes, also where only its result shows it."""
    if task.kind is None and task.lyrics is not None:
        return TaskKind.LYRICS
    return TaskKind.MUSIC if task.kind is None and task.clips else task.kind


def _cause(task: Task) -> str:
    """Return the middle of the catalogue's names for why ``task`` failed."""
    told = own_words(task)
    known = (name for name, pattern in _KNOWN if pattern.search(told))
    if task.status is TaskStatus.UNKNOWN and not told:
        return "lost"
    return next(known, "told" if told else "silent")
