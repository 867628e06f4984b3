"""The status card: state, progress, times, links and failures of a task."""

import re
import unicodedata

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_in, languages
from bot.relay.models import Clip, ClipStatus, Outcome, Task, TaskStatus
from bot.storage.models import DurationStats
from bot.ui.status_card import progress_bar, status_card, status_message
from bot.ui.task_text import has_marker, short_line, spoken_duration
from tests.support.builders import NOON, a_clip, a_failure, a_lyrics_task, a_running_task, a_song
from tests.support.hostile import LONG_TEXTS, TASKS, assert_embeds_fit

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
    return status_card(task, CATALOG, now=NOON)


def text(task: Task) -> str:
    """Return the description of a task's card."""
    return card(task).description or ""


def says(key: str, **values: str | int) -> str:
    """Return a text of the English catalogue."""
    return CATALOG.text(key, **values)


def labels(task: Task) -> list[str]:
    """Return the labels of the buttons below a task's card."""
    view = status_message(task, CATALOG, now=NOON).view
    return [item.label for item in view.children] if view else []  # type: ignore[attr-defined]  # buttons


@settings(max_examples=100, deadline=None)
@given(TASKS, st.floats(0, 1e11), st.booleans())
def test_a_card_fits_for_any_task(task: Task, now: float, with_links: bool) -> None:
    """The card of any task is within a third of Discord's limits and no notice to the bot."""
    typical = DurationStats(median=100, slow=200)
    embed = status_card(task, CATALOG, now=now, typical=typical, with_links=with_links)
    assert_embeds_fit([embed])
    assert len(embed) <= 2000
    assert not has_marker(task.id, "", [embed.footer.text or ""])


def test_a_running_task_shows_its_start() -> None:
    """The timestamp is relative, so Discord keeps it up to date."""
    task = a_running_task(started_at=NOON - 90, progress=None)
    since = says("card-since", time=f"<t:{int(NOON) - 90}:R>")
    assert text(task).startswith(f"{says('card-state-running')} · {since}")


def test_a_queued_task_shows_its_submission() -> None:
    """It has no start time yet."""
    task = a_running_task(status=TaskStatus.QUEUED, submitted_at=NOON - 5, progress=None)
    since = says("card-submitted", time=f"<t:{int(NOON) - 5}:R>")
    assert text(task).startswith(f"{says('card-state-waiting')} · {since}")


@pytest.mark.parametrize("time", [None, 0.0, NOON + 7200, 1.0, float("nan"), float("inf")])
def test_an_implausible_time_is_omitted(time: float | None) -> None:
    """Times outside the last ten years are not shown."""
    assert "<t:" not in text(a_running_task(started_at=time, submitted_at=None))


def test_an_unrecognized_status_is_shown_as_unfinished() -> None:
    """The card claims neither that the task runs nor that it ended."""
    task = a_running_task(status=TaskStatus.UNRECOGNIZED, progress=None)
    assert text(task).startswith(says("card-state-unclear"))


def test_progress_is_drawn_while_the_task_runs() -> None:
    """The bar needs a running task and a progress of the relay."""
    assert "▰▰▰▱▱▱▱▱▱▱ 30%" in text(a_running_task(progress=30))
    assert "▱" not in text(a_running_task(progress=None))
    assert "▰" not in text(a_song(progress=100))


@pytest.mark.parametrize(("claimed", "filled"), [(-5, 0), (50, 5), (4200, 10)])
def test_progress_is_clamped(claimed: int, filled: int) -> None:
    """Values outside 0 to 100 are drawn as 0 or 100."""
    assert progress_bar(claimed) == "▰" * filled + "▱" * (10 - filled)


def test_a_finished_task_shows_its_duration_style_and_versions() -> None:
    """What the buttons link is not linked again."""
    clips = (a_clip(), a_clip(id="clip-2", audio_url="https://cdn1.suno.ai/clip-2.mp3"))
    task = a_song(started_at=NOON - 200, finished_at=NOON - 80, clips=clips)
    lines = text(task).split("\n")
    took = says("card-took", time=says("duration-minutes", number=2))
    assert lines[0] == f"{says('card-state-success')} · <t:{int(NOON) - 80}:R> · {took}"
    assert lines[1] == "folk, acoustic"
    assert lines[2] == f"{says('card-versions', number=2)} · 2:00 · 2:00"
    assert "](" not in text(task)
    listen = [says("card-button-listen-of-several", number=number) for number in (1, 2)]
    assert labels(task) == [*listen, says("status-button-lyrics")]


def test_the_title_links_the_page_of_the_song() -> None:
    """Only where the link of the audio shows that the clip is one of Suno's."""
    clip_id = "6f1c9b6a-2d4e-4a8e-9c1b-0d3f5e7a9b1c"
    theirs = a_clip(id=clip_id, audio_url=f"https://cdn1.suno.ai/{clip_id}.mp3")
    assert card(a_song(clips=(theirs,))).url == f"https://suno.com/song/{clip_id}"
    elsewhere = a_clip(id=clip_id, audio_url=f"https://files.example/{clip_id}.mp3")
    assert card(a_song(clips=(elsewhere,))).url is None
    assert card(a_song()).url is None


def test_buttons_are_one_row() -> None:
    """The links give way to what can be done."""
    task = a_running_task(clips=(streaming_clip(lyrics="la"),) * 4)
    shown = labels(task)
    assert len(shown) == 5
    assert shown[2:] == [says(f"status-button-{name}") for name in ("notify", "lyrics", "refresh")]


def test_a_stream_is_labelled_as_a_preview() -> None:
    """A temporary stream is not presented as the song."""
    task = a_running_task(clips=(streaming_clip(),))
    assert f"-# {says('card-previews')}" in text(task).split("\n")
    assert says("card-button-preview") in labels(task)


def test_each_version_says_why_it_has_no_link() -> None:
    """It failed, or its link is too long or unusable; equal reasons are one line."""
    failed = a_clip(status=ClipStatus.ERROR, audio_url=None, audio_is_final=False, reason="no *l*")
    long = a_clip(audio_url="https://a.b/" + "x" * 600)
    lines = text(a_song(clips=(a_clip(), failed, failed, long))).split("\n")
    names = [f"**{says('card-version', number=number)}**" for number in (2, 3, 4)]
    reason = says("card-clip-failed-because", reason=r"no \*l\*")
    assert f"{CATALOG.listed(names[:2])} · {reason}" in lines
    assert f"{names[2]} · {says('card-clip-link-long')}" in lines


def test_a_failure_shows_the_explanation_and_the_relays_text() -> None:
    """The relay's text is quoted, escaped."""
    description = text(a_failure(reason="Song description contained artist name: *x*"))
    reason = r"Song description contained artist name: \*x\*"
    assert description.startswith(says("card-state-failure"))
    assert says("notice-reason-artist") in description
    assert says("card-relay-reason", reason=reason) in description


def test_a_partial_success_shows_each_reason_once() -> None:
    """The task's reason is omitted if a version has one."""
    task = a_song(outcome=Outcome.PARTIAL, reason="one is lost")
    failed = a_clip(status=ClipStatus.ERROR, audio_is_final=False, reason="broken")
    assert says("card-relay-reason", reason="one is lost") in text(task)
    two = a_song(outcome=Outcome.PARTIAL, reason="one is lost", clips=(a_clip(), failed))
    assert "one is lost" not in text(two)
    assert says("card-clip-failed-because", reason="broken") in text(two)


def test_the_id_can_be_copied() -> None:
    """The task id is in a code span at the end."""
    assert text(a_lyrics_task("l`1")).endswith(says("card-task-id", id="`lˋ1`"))


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
    task = a_song(clips=(a_clip(audio_url="https://a.b/(1).mp3"),))
    description = status_card(task, CATALOG, now=NOON, with_links=True).description or ""
    label = says("card-button-listen")
    assert f"[{label}](https://a.b/%281%29.mp3) 2:00" in description


def test_progress_is_estimated_if_the_relay_reports_none() -> None:
    """The estimate is called one, is never complete, and ends at the slow duration."""
    typical = DurationStats(median=100, slow=200)
    task = a_running_task(progress=0, started_at=NOON)
    lines = {
        passed: status_card(task, CATALOG, now=NOON + passed, typical=typical).description or ""
        for passed in (100, 199, 300)
    }
    assert says("card-estimate", number=50) in lines[100]
    assert says("card-estimate", number=95) in lines[199]
    assert "▱" not in lines[300]
    usual = says("card-typical", time=says("duration-minutes", number=2))
    assert all(f"-# {usual}" in text for text in lines.values())


@pytest.mark.parametrize("clips", [(streaming_clip(),), (a_clip(), streaming_clip())])
def test_a_failure_has_no_preview(clips: tuple[Clip, ...]) -> None:
    """Playable versions stay linked, and streaming ones are shown as failed."""
    task = a_failure(clips=clips)
    status = status_message(task, CATALOG, now=NOON)
    assert says("card-button-preview") not in labels(task)
    assert says("card-previews") not in text(task)
    assert "audiopipe" not in str(status.embeds[0].to_dict())
    playable = any(clip.playable for clip in clips)
    listen = says("card-button-listen-of-several", number=1)
    assert (listen in labels(task)) == playable
    assert (says("card-clip-failed") in text(task)) == playable


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize(
    ("seconds", "key", "number"),
    [
        (0.2, "duration-seconds", 1),
        (41.4, "duration-seconds", 41),
        (100, "duration-minutes", 2),
        (5999, "duration-minutes", 100),
        (86_400, "duration-hours", 24),
    ],
)
def test_durations_are_spoken(language: str, seconds: float, key: str, number: int) -> None:
    """They are rounded to the unit in which people would say them."""
    catalog = catalog_in(language)
    assert spoken_duration(seconds, catalog) == catalog.text(key, number=number)


@given(LONG_TEXTS, st.integers(2, 80))
def test_a_short_line_is_one_line_within_its_columns(text: str, columns: int) -> None:
    """Wide characters count twice, and escapes do not."""
    line = short_line(text, columns=columns)
    shown = re.sub(r"\\(.)|\u200b", r"\1", line)
    assert "\n" not in line
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in shown)
    assert len(shown) + wide <= columns + 1  # the ellipsis
