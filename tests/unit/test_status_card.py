"""The status card: state, progress, times, links and failures of a task."""

import re

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_in
from bot.relay.models import Clip, ClipStatus, Outcome, Task, TaskStatus
from bot.storage.models import DurationStats
from bot.ui.status_card import progress_bar, status_card, status_message
from bot.ui.task_text import has_marker
from tests.support.builders import NOON, a_clip, a_failure, a_lyrics_task, a_running_task, a_song
from tests.support.hostile import TASKS, assert_embeds_fit

CATALOG = catalog_in("en")
# Hypothesis reports a failure with the task that caused it, however long its lyrics.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def streaming_clip(**changes: object) -> Clip:
    """Return a clip that has only a temporary stream."""
    url = "https://audiopipe.suno.ai/?item_id=clip-2"
    made: dict[str, object] = {"audio_url": url, "audio_is_final": False}
    return a_clip(**({"id": "clip-2", "status": ClipStatus.STREAMING} | made | changes))


def card(task: Task) -> discord.Embed:
    """Return the embed of a task's card at noon."""
    (embed,) = status_card(task, CATALOG, now=NOON)
    return embed


def text(task: Task) -> str:
    """Return the description of a task's card."""
    return card(task).description or ""


@settings(max_examples=100, deadline=None)
@given(TASKS, st.floats(0, 1e11))
def test_a_card_fits_for_any_task(task: Task, now: float) -> None:
    """The card of any task is within Discord's limits and has no marker of a notice."""
    embeds = status_card(task, CATALOG, now=now)
    assert_embeds_fit(embeds)
    assert not has_marker(task.id, "", [embed.footer.text or "" for embed in embeds])


def test_a_running_task_shows_its_start() -> None:
    """The timestamp is relative, so Discord keeps it up to date."""
    task = a_running_task(started_at=NOON - 90)
    assert f"**Being made** · started <t:{int(NOON) - 90}:R>" in text(task)


def test_a_queued_task_shows_its_submission() -> None:
    """It has no start time yet."""
    task = a_running_task(status=TaskStatus.QUEUED, submitted_at=NOON - 5, progress=None)
    assert text(task).startswith(f"**Waiting its turn** · started <t:{int(NOON) - 5}:R>")


@pytest.mark.parametrize("time", [None, 0.0, NOON + 7200, 1.0, float("nan"), float("inf")])
def test_an_implausible_time_is_omitted(time: float | None) -> None:
    """Times outside the last ten years are not shown."""
    assert "<t:" not in text(a_running_task(started_at=time, submitted_at=None))


def test_an_unrecognized_status_is_shown_as_unfinished() -> None:
    """The card claims neither that the task runs nor that it ended."""
    assert "**Not finished**" in text(a_running_task(status=TaskStatus.UNRECOGNIZED))


def test_progress_is_drawn_while_the_task_runs() -> None:
    """The bar needs a running task and a progress of the relay."""
    assert "▰▰▰▱▱▱▱▱▱▱▱▱ 30%" in text(a_running_task(progress=30))
    assert "▱" not in text(a_running_task(progress=None))
    assert "▰" not in text(a_song(progress=100))


@pytest.mark.parametrize(
    ("claimed", "drawn"),
    [(-5, "▱" * 12 + " 0%"), (50, "▰" * 6 + "▱" * 6 + " 50%"), (4200, "▰" * 12 + " 100%")],
)
def test_progress_is_clamped(claimed: int, drawn: str) -> None:
    """Values outside 0 to 100 are drawn as 0 or 100."""
    assert progress_bar(claimed) == drawn


def test_a_finished_task_shows_its_duration_and_links() -> None:
    """The card has the duration, the style and a link to each version."""
    description = text(a_song(started_at=NOON - 200, finished_at=NOON - 80))
    assert description.startswith(f"**Done** · <t:{int(NOON) - 80}:R> · took 2:00")
    assert "folk, acoustic" in description
    assert "**Song** · 2:00 · [Listen](https://cdn1.suno.ai/clip-1.mp3)" in description
    assert "/suno lyrics" in description


def test_a_stream_is_labelled_as_a_preview() -> None:
    """A temporary stream is not presented as the song."""
    description = text(a_running_task(clips=(a_clip(), streaming_clip())))
    assert "**Version 1** · 2:00 · [Listen](https://cdn1.suno.ai/clip-1.mp3)\n" in description
    assert "[Preview](https://audiopipe.suno.ai/?item_id=clip-2) · Only a preview" in description


def test_each_version_says_why_it_has_no_link() -> None:
    """It failed, is not ready, has no link, or has one that is too long or unusable."""
    clips = (
        a_clip(status=ClipStatus.ERROR, audio_url=None, audio_is_final=False, reason="no *luck*"),
        a_clip(status=ClipStatus.QUEUED, audio_url=None, audio_is_final=False),
        a_clip(audio_url=None, audio_is_final=False),
        a_clip(audio_url="https://a.b/" + "x" * 600),
    )
    lines = text(a_running_task(clips=clips)).split("\n")
    assert "**Version 1** · 2:00 · This version failed: no \\*luck\\*" in lines
    assert "**Version 2** · 2:00 · Not ready yet." in lines
    assert (
        "**Version 3** · 2:00 · The relay says it is ready, but gave no link that plays." in lines
    )
    assert any(line.startswith("**Version 4** · 2:00 · Ready, but its link") for line in lines)


def test_more_versions_than_fit_are_counted() -> None:
    """Only the first versions have lines of their own."""
    assert "… and 2 more versions." in text(a_song(clips=(a_clip(),) * 6))


def test_a_failure_shows_the_explanation_and_the_relays_text() -> None:
    """The relay's text is quoted, escaped."""
    description = text(a_failure(reason="Song description contained artist name: *x*"))
    assert "**Failed**" in description
    assert "name of a known artist" in description
    assert r"The relay says: Song description contained artist name: \*x\*" in description


def test_a_partial_success_shows_each_reason_once() -> None:
    """The task's reason is omitted if a version has one."""
    task = a_song(outcome=Outcome.PARTIAL, reason="one is lost")
    failed = a_clip(status=ClipStatus.ERROR, audio_is_final=False, reason="broken")
    assert "The relay says: one is lost" in text(task)
    two = a_song(outcome=Outcome.PARTIAL, reason="one is lost", clips=(a_clip(), failed))
    assert "one is lost" not in text(two)
    assert "This version failed: broken" in text(two)


def test_the_id_can_be_copied() -> None:
    """The task id is in a code span at the end."""
    assert text(a_lyrics_task("l`1")).endswith("-# Task `lˋ1`")


def test_the_first_usable_cover_is_the_thumbnail() -> None:
    """Discord would reject the message for an invalid cover URL."""
    clips = (a_clip(image_url="ftp://x"), a_clip(image_url="https://cdn2.suno.ai/2.png"))
    assert card(a_song(clips=clips)).thumbnail.url == "https://cdn2.suno.ai/2.png"
    assert card(a_lyrics_task()).thumbnail.url is None


@pytest.mark.parametrize(
    ("task", "colour"),
    [
        (a_song(), 0x3BA55D),
        (a_song(outcome=Outcome.PARTIAL), 0xF0B232),
        (a_failure(), 0xDA373C),
        (a_running_task(), 0x5865F2),
    ],
)
def test_the_colour_shows_the_outcome(task: Task, colour: int) -> None:
    """Green, amber and red for outcomes, blue for a running task."""
    assert card(task).colour == discord.Colour(colour)


def test_brackets_in_a_link_are_encoded() -> None:
    """A bracket would end a masked link early."""
    description = text(a_song(clips=(a_clip(audio_url="https://a.b/(1).mp3"),)))
    assert re.search(r"\[Listen\]\(https://a\.b/%281%29\.mp3\)", description)


def test_progress_is_estimated_if_the_relay_reports_none() -> None:
    """The estimate is never complete and ends at the slow duration."""
    typical = DurationStats(median=100, slow=200)
    lines = {
        passed: str(
            status_card(
                a_running_task(progress=0, started_at=NOON),
                CATALOG,
                now=NOON + passed,
                typical=typical,
            )[0].description
        )
        for passed in (100, 199, 300)
    }
    assert "50%" in lines[100]
    assert "95%" in lines[199]
    assert "%" not in lines[300]
    assert all("usually takes 1:40" in text for text in lines.values())


@pytest.mark.parametrize("clips", [(streaming_clip(),), (a_clip(), streaming_clip())])
def test_a_failure_has_no_preview(clips: tuple[Clip, ...]) -> None:
    """Playable versions stay linked, and streaming ones are shown as failed."""
    task = a_failure(clips=clips)
    status = status_message(task, CATALOG, now=NOON)
    labels = [item.label for item in status.view.children] if status.view else []  # type: ignore[attr-defined]  # buttons
    assert "review" not in f"{text(task)} {labels}"
    assert "audiopipe" not in str(status.embeds[0].to_dict())
    assert ("**Version 1** · 2:00 · [Listen]" in text(task)) == (len(clips) > 1)
    assert ("**Version 2** · 2:00 · This version failed" in text(task)) == (len(clips) > 1)
