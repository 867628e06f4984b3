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
    ("task", "end_reason", "key"),
    [
        (a_song(), EndReason.FINISHED, "notice-song-done"),
        (
            a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), FAILED_CLIP)),
            EndReason.FINISHED,
            "notice-song-partly",
        ),
        (a_song(clips=()), EndReason.FINISHED, "notice-nothing-to-play"),
        (a_failure(), EndReason.FINISHED, "notice-failed"),
        (a_lyrics_task(), EndReason.FINISHED, "notice-lyrics-done"),
        (a_lyrics_task(outcome=Outcome.PARTIAL), EndReason.FINISHED, "notice-lyrics-partly"),
        (a_running_task(), EndReason.NOT_FOUND, "notice-not-found"),
        (a_song(), EndReason.NOT_FOUND, "notice-not-found-partly"),
        (a_running_task(), EndReason.GAVE_UP, "notice-gave-up"),
        (a_lyrics_task(lyrics=Lyrics("Row")), EndReason.GAVE_UP, "notice-gave-up-partly"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_minimal_notice_contains_no_foreign_text(
    task: Task, end_reason: EndReason, key: str
) -> None:
    """It contains no title, reason or link, and the id can be omitted too."""
    text = minimal_notice(task, end_reason, [ADA], CATALOG)
    bare = minimal_notice(task, end_reason, [ADA], CATALOG, with_id=False)
    counts = CATALOG.text(
        "notice-counts", ready=1, total=2, others=CATALOG.text("notice-others-failed", number=1)
    )
    expected = CATALOG.text(
        key,
        title="",
        titled="no",
        kind=task.kind or "task",
        counts=counts if key == "notice-song-partly" else "",
    )
    assert text.content.split("\n")[0] == f"<@{ADA}> {expected}".strip()
    assert f"♪ {task.id}`" in text.content
    assert CATALOG.text("notice-minimal-status") in text.content
    assert bare.content.startswith(text.content.split("\n")[0])
    assert CATALOG.text("notice-minimal-history") in bare.content
    assert "♪" not in bare.content
    for foreign_text in ("Paper", "artist", "http", "cdn1"):
        assert foreign_text not in text.content
