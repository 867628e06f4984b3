"""Renders the text of a notice above its embeds: mentions, headline and remarks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.i18n.catalog import Catalog
from bot.relay.creation import RejectionReason
from bot.relay.models import Clip, ClipStatus, Outcome, Task
from bot.storage.models import EndReason
from bot.ui import task_text
from bot.ui.custom_ids import StatusButtonId
from bot.ui.escaping import escape_line
from bot.ui.failure_reasons import effective_kind, publishable
from bot.ui.limits import MAX_MENTIONED_USERS
from bot.ui.lyrics import lyrics_texts

_MAX_TITLE = 44
"""Columns of the title in a headline."""
_MAX_REASON = 120
"""Code points of the relay's reason in a remark."""


NEVER_BEGUN = (EndReason.REJECTED, EndReason.UNCONFIRMED)
"""What became of a request to create of which no relay has begun a task, as far as is known."""


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """How the watch of ``task`` ended, and which results of the task can be shown."""

    task: Task
    end_reason: EndReason
    catalog: Catalog
    rejection: RejectionReason | None = None
    """Why nothing was created; ``None``: it was given up before it was sent."""

    @property
    def has_title(self) -> bool:
        """Whether the relay gave a title with visible characters."""
        return bool(escape_line(self.task.title))

    @property
    def ready(self) -> int:
        """How many clips have permanent audio."""
        return sum(clip.playable for clip in self.task.clips)

    @property
    def previews(self) -> int:
        """How many clips have only a temporary stream."""
        return sum(task_text.is_preview(clip) for clip in self.task.clips)

    @property
    def failed(self) -> int:
        """How many clips failed without audio."""
        return sum(_has_failed(clip) for clip in self.task.clips)

    @property
    def has_lyrics(self) -> bool:
        """Whether a lyrics task has produced a text."""
        return self.task.lyrics is not None and bool(lyrics_texts(self.task, limit=1))

    @property
    def has_lyrics_button(self) -> bool:
        """Whether there are lyrics, and the id of the task fits the button that shows them."""
        button = StatusButtonId("lyrics", self.task.id)
        return button.is_encodable and bool(lyrics_texts(self.task, limit=1))

    @property
    def without_result(self) -> bool:
        """Whether there is no result to show, only the reason why."""
        if self.end_reason in NEVER_BEGUN:
            return True
        if self.ready or self.has_lyrics:
            return False
        return not self.previews or self.task.outcome is Outcome.FAILURE


def mentions(watchers: Sequence[int], limit: int, catalog: Catalog) -> tuple[str, tuple[int, ...]]:
    """Return the mentions that fit in ``limit`` code points, at most 100, and their user ids.

    The text ends with the number of users who are not mentioned. 50 mentions take up to 1200.
    """
    mentioned = list(watchers[:MAX_MENTIONED_USERS])
    while True:
        others = len(watchers) - len(mentioned)
        more = [catalog.text("notice-more-watchers", number=others)] if others else []
        text = " ".join([*(f"<@{watcher}>" for watcher in mentioned), *more])
        if len(text) < limit or not mentioned:
            return text, tuple(mentioned)
        mentioned.pop()


def headline(facts: NoticeFacts, *, with_title: bool = True) -> str:
    """Return the sentence that says how the watch ended.

    Without the title it contains no text that a relay or a user wrote.
    """
    titled = with_title and facts.has_title
    return facts.catalog.text(
        _headline_key(facts),
        title=task_text.short_line(facts.task.title, columns=_MAX_TITLE) if titled else "",
        titled="yes" if titled else "no",
        kind=_kind(facts),
        counts=_counts(facts),
    ).strip()


def remarks(facts: NoticeFacts, *, possible_duplicate: bool) -> Iterator[str]:
    """Yield the lines below the headline."""
    text = facts.catalog.text
    reason = escape_line(publishable(facts.task.reason), limit=_MAX_REASON)
    explained = any(clip.reason for clip in facts.task.clips) or facts.without_result
    if reason and not explained and facts.task.outcome in (Outcome.PARTIAL, Outcome.FAILURE):
        yield text(
            "notice-lyrics-reason" if facts.has_lyrics else "notice-song-reason", reason=reason
        )
    if possible_duplicate:
        yield text("notice-possible-duplicate")


def _kind(facts: NoticeFacts) -> str:
    """Return what a headline without a title calls the task."""
    requested = facts.end_reason in NEVER_BEGUN  # its kind is as certain as that of a result
    return (facts.task.claimed_kind if requested else effective_kind(facts.task)) or "task"


def _headline_key(facts: NoticeFacts) -> str:
    if facts.end_reason is not EndReason.FINISHED:
        key = f"notice-{facts.end_reason.replace('_', '-')}"
        if facts.end_reason is EndReason.REJECTED and facts.rejection is None:
            key = "notice-cancelled"
        return key if facts.without_result else f"{key}-partly"
    if facts.has_lyrics and not facts.ready:
        done = facts.task.outcome is Outcome.SUCCESS
        return "notice-lyrics-done" if done else "notice-lyrics-partly"
    if facts.without_result and facts.task.outcome is Outcome.FAILURE:
        return "notice-failed"
    if not facts.ready:
        return "notice-nothing-to-play"
    return "notice-song-done" if facts.ready == len(facts.task.clips) else "notice-song-partly"


def _counts(facts: NoticeFacts) -> str:
    """Return how many versions are ready, and why others are not; empty if all are ready."""
    missing = len(facts.task.clips) - facts.ready - facts.previews - facts.failed
    numbers = {"failed": facts.failed, "preview": facts.previews, "missing": missing}
    text = facts.catalog.text
    others = facts.catalog.listed(
        text(f"notice-others-{name}", number=number) for name, number in numbers.items() if number
    )
    if not others:
        return ""
    return text("notice-counts", ready=facts.ready, total=len(facts.task.clips), others=others)


def _has_failed(clip: Clip) -> bool:
    return clip.status is ClipStatus.ERROR and not clip.playable
