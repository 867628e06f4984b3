"""The least that a notice can say, in the bot's own words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_in
from bot.relay.models import ClipStatus, Lyrics, Outcome, Task
from bot.storage.models import EndReason
from bot.ui.notice_fallbacks import minimal_notice
from bot.ui.task_text import has_marker
from tests.support.builders import a_clip, a_failure, a_lyrics_task, a_running_task, a_song
from tests.support.hostile import TASKS, assert_fits

WORDS = catalog_in("en")
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
ADA = 11
CROWD = [2**64 - 1 - number for number in range(50)]
BROKEN = a_clip(id="clip-2", status=ClipStatus.ERROR, audio_url=None, audio_is_final=False)


@settings(max_examples=60, deadline=None)
@given(TASKS, st.sampled_from(EndReason), st.sampled_from(([], [ADA], CROWD)), st.booleans())
def test_the_least_fits_and_bears_the_marker(
    task: Task, end_reason: EndReason, watchers: list[int], possible_duplicate: bool
) -> None:
    """Whatever the relay wrote; and with room for the remark where it could not be posted."""
    for language in ("en", "zh-CN"):
        text = minimal_notice(
            task, end_reason, watchers, catalog_in(language), possible_duplicate=possible_duplicate
        )
        assert_fits(text)
        assert len(text.content) < 1840
        assert has_marker(task.id, text.content, ())
        assert (text.embeds, text.buttons) == ((), ())
        allowed = dict(text.allowed_mentions.to_dict())
        assert allowed.get("users", []) == watchers


@pytest.mark.parametrize(
    ("task", "end_reason", "said"),
    [
        (a_song(), EndReason.FINISHED, "song is done."),
        (a_song(clips=(a_clip(), a_clip(id="clip-2"))), EndReason.FINISHED, "in 2 versions."),
        (
            a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), BROKEN)),
            EndReason.FINISHED,
            "1 of 2 versions of your song is ready.",
        ),
        (a_song(clips=()), EndReason.FINISHED, "nothing that can be used"),
        (a_failure(), EndReason.FINISHED, "could not be made"),
        (a_lyrics_task(), EndReason.FINISHED, "lyrics are done."),
        (
            a_lyrics_task(outcome=Outcome.PARTIAL),
            EndReason.FINISHED,
            "could not be finished",
        ),
        (a_running_task(), EndReason.NOT_FOUND, "does not know"),
        (a_song(), EndReason.NOT_FOUND, "no longer knows"),
        (a_running_task(), EndReason.GAVE_UP, "never said that your task is done"),
        (a_lyrics_task(lyrics=Lyrics("Row")), EndReason.GAVE_UP, "what it sent before"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_least_says_how_it_ended_without_a_word_of_anybodys(
    task: Task, end_reason: EndReason, said: str
) -> None:
    """Not a title, a reason or a link; and not even the id, where that was refused too."""
    text = minimal_notice(task, end_reason, [ADA], WORDS)
    bare = minimal_notice(task, end_reason, [ADA], WORDS, with_id=False)
    assert said in text.content
    assert f"♪ {task.id}`" in text.content
    assert "/suno status" in text.content
    assert bare.content.startswith(text.content.split("\n")[0])
    assert "/suno history" in bare.content
    assert "♪" not in bare.content
    for words in ("Paper", "artist", "http", "cdn1"):
        assert words not in text.content
