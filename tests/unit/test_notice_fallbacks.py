"""The minimal notice: the bot's own sentences and the task id."""

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

CATALOG = catalog_in("en")
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
ADA = 11
MANY_WATCHERS = [2**64 - 1 - number for number in range(50)]
FAILED_CLIP = a_clip(id="clip-2", status=ClipStatus.ERROR, audio_url=None, audio_is_final=False)


@settings(max_examples=60, deadline=None)
@given(
    TASKS, st.sampled_from(EndReason), st.sampled_from(([], [ADA], MANY_WATCHERS)), st.booleans()
)
def test_a_minimal_notice_fits_and_has_the_marker(
    task: Task, end_reason: EndReason, watchers: list[int], possible_duplicate: bool
) -> None:
    """It leaves space for the remark that it was redirected."""
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
    ("task", "end_reason", "expected"),
    [
        (a_song(), EndReason.FINISHED, "song is done."),
        (a_song(clips=(a_clip(), a_clip(id="clip-2"))), EndReason.FINISHED, "in 2 versions."),
        (
            a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), FAILED_CLIP)),
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
def test_a_minimal_notice_contains_no_foreign_text(
    task: Task, end_reason: EndReason, expected: str
) -> None:
    """It contains no title, reason or link, and the id can be omitted too."""
    text = minimal_notice(task, end_reason, [ADA], CATALOG)
    bare = minimal_notice(task, end_reason, [ADA], CATALOG, with_id=False)
    assert expected in text.content
    assert f"♪ {task.id}`" in text.content
    assert "/suno status" in text.content
    assert bare.content.startswith(text.content.split("\n")[0])
    assert "/suno history" in bare.content
    assert "♪" not in bare.content
    for foreign_text in ("Paper", "artist", "http", "cdn1"):
        assert foreign_text not in text.content
