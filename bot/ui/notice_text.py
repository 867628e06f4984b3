"""Renders the text of a notice above its embeds: mentions, headline and remarks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, ClipStatus, Outcome, Task
from bot.storage.models import EndReason
from bot.ui import task_text
from bot.ui.escaping import escape_line
from bot.ui.failure_reasons import effective_kind
from bot.ui.limits import MAX_MENTIONED_USERS
from bot.ui.lyrics import lyrics_texts

_TITLE = 120
_REASON = 120


@dataclass(frozen=True, slots=True)
class NoticeText:
    """How the watch of ``task`` ended, and which results of the task can be shown."""

    task: Task
    end_reason: EndReason
    catalog: Catalog

    @property
    def titled(self) -> bool:
        """Whether the relay gave a title that shows anything."""
        return bool(escape_line(self.task.title))

    @property
    def title(self) -> str:
        """The title, escaped, or what stands for one; at most 120 code points."""
        return task_text.task_title(self.task, self.catalog, limit=_TITLE)

    @property
    def ready(self) -> int:
        """How many clips go on playing."""
        return sum(clip.playable for clip in self.task.clips)

    @property
    def previews(self) -> int:
        """How many clips are only a stream that ends."""
        return sum(task_text.is_preview(clip) for clip in self.task.clips)

    @property
    def failed(self) -> int:
        """How many clips will never play."""
        return sum(_has_failed(clip) for clip in self.task.clips)

    @property
    def written(self) -> bool:
        """Whether a lyrics task has brought a text."""
        return self.task.lyrics is not None and bool(lyrics_texts(self.task, limit=1))

    @property
    def fruitless(self) -> bool:
        """Whether there is nothing to show but the reason why."""
        if self.ready or self.written:
            return False
        return not self.previews or self.task.outcome is Outcome.FAILURE


def mentions(watchers: Sequence[int], room: int, catalog: Catalog) -> tuple[str, tuple[int, ...]]:
    """Return the mentions that fit ``room`` code points, at most 100, and of whom they are.

    Those who do not fit are counted. 50 of the longest take 1200.
    """
    named = list(watchers[:MAX_MENTIONED_USERS])
    while True:
        others = len(watchers) - len(named)
        more = [catalog.text("notice-more-watchers", number=others)] if others else []
        text = " ".join([*(f"<@{watcher}>" for watcher in named), *more])
        if len(text) < room or not named:
            return text, tuple(named)
        named.pop()


def headline(notice_text: NoticeText) -> str:
    """Return the sentence that says how it ended."""
    return notice_text.catalog.text(
        _headline_key(notice_text),
        title=notice_text.title,
        titled="yes" if notice_text.titled else "no",
        kind=(effective_kind(notice_text.task) or "task"),
        ready=notice_text.ready,
        total=len(notice_text.task.clips),
        others=_missing_versions(notice_text),
    )


def headline_without_title(notice_text: NoticeText) -> str:
    """Return the sentence that says how it ended, without a word that a relay or a person wrote."""
    key = _headline_key(notice_text)
    return notice_text.catalog.text(
        _WITHOUT_TITLE.get(key, key),
        titled="no",
        kind=(effective_kind(notice_text.task) or "task"),
        ready=notice_text.ready,
        total=len(notice_text.task.clips),
    )


_WITHOUT_TITLE = {
    "notice-song-done": "notice-minimal-song",
    "notice-song-partly": "notice-minimal-song-partly",
    "notice-lyrics-done": "notice-minimal-lyrics",
    "notice-lyrics-partly": "notice-minimal-lyrics-partly",
    "notice-not-found-partly": "notice-minimal-not-found",
    "notice-not-found-written": "notice-minimal-not-found",
    "notice-gave-up-partly": "notice-minimal-gave-up",
    "notice-gave-up-written": "notice-minimal-gave-up",
}


def remarks(notice_text: NoticeText, *, hidden: int, possible_duplicate: bool) -> Iterator[str]:
    """Yield the small print below the headline; ``hidden`` clips have no embed of their own."""
    text = notice_text.catalog.text
    reported = escape_line(notice_text.task.reason, limit=_REASON)
    explained = any(clip.reason for clip in notice_text.task.clips) or notice_text.fruitless
    if (
        reported
        and not explained
        and notice_text.task.outcome in (Outcome.PARTIAL, Outcome.FAILURE)
    ):
        yield text("notice-told" if notice_text.written else "notice-reported", reason=reported)
    if hidden:
        yield text("notice-more-versions", number=hidden)
    if possible_duplicate:
        yield text("notice-repeat")


def _headline_key(notice_text: NoticeText) -> str:
    if notice_text.end_reason is not EndReason.FINISHED:
        key = f"notice-{notice_text.end_reason.replace('_', '-')}"
        if notice_text.fruitless:
            return key
        return f"{key}-partly" if notice_text.task.clips else f"{key}-written"
    if notice_text.written and not notice_text.ready:
        done = notice_text.task.outcome is Outcome.SUCCESS
        return "notice-lyrics-done" if done else "notice-lyrics-partly"
    if notice_text.fruitless and notice_text.task.outcome is Outcome.FAILURE:
        return "notice-failed"
    if not notice_text.ready:
        return "notice-nothing-to-play"
    return (
        "notice-song-done"
        if notice_text.ready == len(notice_text.task.clips)
        else "notice-song-partly"
    )


def _missing_versions(notice_text: NoticeText) -> str:
    """Return what became of the versions that are not ready: ``1 failed, 1 is only a preview``."""
    missing = (
        len(notice_text.task.clips) - notice_text.ready - notice_text.previews - notice_text.failed
    )
    numbers = {"failed": notice_text.failed, "preview": notice_text.previews, "missing": missing}
    said = (
        notice_text.catalog.text(f"notice-others-{name}", number=number)
        for name, number in numbers.items()
        if number
    )
    return notice_text.catalog.listed(said) or notice_text.catalog.text("notice-others-none")


def _has_failed(clip: Clip) -> bool:
    return clip.status is ClipStatus.ERROR and not clip.playable
