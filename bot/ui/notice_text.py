"""What a notice tells in words: who is meant, how the watch ended, what else is to be known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.i18n import Words
from bot.relay.models import Clip, ClipStatus, Outcome, Task
from bot.storage.models import Ending
from bot.ui import songs
from bot.ui.escaping import plain_line
from bot.ui.failure_reasons import kind_of
from bot.ui.limits import MENTIONED_USERS
from bot.ui.lyrics import sheets

_TITLE = 120
_REASON = 120


@dataclass(frozen=True, slots=True)
class Story:
    """How the watch of ``task`` ended, and what can be used of what the relay sent."""

    task: Task
    ending: Ending
    words: Words

    @property
    def titled(self) -> bool:
        """Whether the relay gave a title that shows anything."""
        return bool(plain_line(self.task.title))

    @property
    def title(self) -> str:
        """The title, escaped, or what stands for one; at most 120 code points."""
        return songs.title_of(self.task, self.words, limit=_TITLE)

    @property
    def ready(self) -> int:
        """How many clips go on playing."""
        return sum(clip.playable for clip in self.task.clips)

    @property
    def previews(self) -> int:
        """How many clips are only a stream that ends."""
        return sum(songs.is_preview(clip) for clip in self.task.clips)

    @property
    def failed(self) -> int:
        """How many clips will never play."""
        return sum(_has_failed(clip) for clip in self.task.clips)

    @property
    def written(self) -> bool:
        """Whether a lyrics task has brought a text."""
        return self.task.lyrics is not None and bool(sheets(self.task, limit=1))

    @property
    def fruitless(self) -> bool:
        """Whether there is nothing to show but the reason why."""
        if self.ready or self.written:
            return False
        return not self.previews or self.task.outcome is Outcome.FAILURE


def mentions(watchers: Sequence[int], room: int, words: Words) -> tuple[str, tuple[int, ...]]:
    """Return the mentions that fit ``room`` code points, at most 100, and of whom they are.

    Those who do not fit are counted. 50 of the longest take 1200.
    """
    named = list(watchers[:MENTIONED_USERS])
    while True:
        others = len(watchers) - len(named)
        more = [words.say("notice-more-watchers", number=others)] if others else []
        text = " ".join([*(f"<@{watcher}>" for watcher in named), *more])
        if len(text) < room or not named:
            return text, tuple(named)
        named.pop()


def headline(story: Story) -> str:
    """Return the sentence that says how it ended."""
    return story.words.say(
        _headline_key(story),
        title=story.title,
        titled="yes" if story.titled else "no",
        kind=(kind_of(story.task) or "task"),
        ready=story.ready,
        total=len(story.task.clips),
        others=_others(story),
    )


def headline_without_title(story: Story) -> str:
    """Return the sentence that says how it ended, without a word that a relay or a person wrote."""
    key = _headline_key(story)
    return story.words.say(
        _WITHOUT_TITLE.get(key, key),
        titled="no",
        kind=(kind_of(story.task) or "task"),
        ready=story.ready,
        total=len(story.task.clips),
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


def remarks(story: Story, *, hidden: int, repeat: bool) -> Iterator[str]:
    """Yield the small print below the headline; ``hidden`` clips have no embed of their own."""
    say = story.words.say
    reported = plain_line(story.task.reason, limit=_REASON)
    explained = any(clip.reason for clip in story.task.clips) or story.fruitless
    if reported and not explained and story.task.outcome in (Outcome.PARTIAL, Outcome.FAILURE):
        yield say("notice-told" if story.written else "notice-reported", reason=reported)
    if hidden:
        yield say("notice-more-versions", number=hidden)
    if repeat:
        yield say("notice-repeat")


def _headline_key(story: Story) -> str:
    if story.ending is not Ending.FINISHED:
        key = f"notice-{story.ending.replace('_', '-')}"
        if story.fruitless:
            return key
        return f"{key}-partly" if story.task.clips else f"{key}-written"
    if story.written and not story.ready:
        done = story.task.outcome is Outcome.SUCCESS
        return "notice-lyrics-done" if done else "notice-lyrics-partly"
    if story.fruitless and story.task.outcome is Outcome.FAILURE:
        return "notice-failed"
    if not story.ready:
        return "notice-nothing-to-play"
    return "notice-song-done" if story.ready == len(story.task.clips) else "notice-song-partly"


def _others(story: Story) -> str:
    """Return what became of the versions that are not ready: ``1 failed, 1 is only a preview``."""
    missing = len(story.task.clips) - story.ready - story.previews - story.failed
    numbers = {"failed": story.failed, "preview": story.previews, "missing": missing}
    said = (
        story.words.say(f"notice-others-{name}", number=number)
        for name, number in numbers.items()
        if number
    )
    return story.words.listed(said) or story.words.say("notice-others-none")


def _has_failed(clip: Clip) -> bool:
    return clip.status is ClipStatus.ERROR and not clip.playable
