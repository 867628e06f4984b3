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

WORDS = catalog_in("en")
# A failure is told with the task that caused it, however long its lyrics.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def a_stream(**changes: object) -> Clip:
    """Return a clip that can be heard only while it is made."""
    url = "https://audiopipe.suno.ai/?item_id=clip-2"
    made: dict[str, object] = {"audio_url": url, "audio_is_final": False}
    return a_clip(**({"id": "clip-2", "status": ClipStatus.STREAMING} | made | changes))


def card(task: Task) -> discord.Embed:
    """Return the one embed of a task's card at noon."""
    (embed,) = status_card(task, WORDS, now=NOON)
    return embed


def text(task: Task) -> str:
    """Return what the card of a task says."""
    return card(task).description or ""


@settings(max_examples=100, deadline=None)
@given(TASKS, st.floats(0, 1e11))
def test_a_card_fits_for_any_task(task: Task, now: float) -> None:
    """Whatever the relay wrote, Discord takes the card, and it is not taken for a notice."""
    embeds = status_card(task, WORDS, now=now)
    assert_embeds_fit(embeds)
    assert not has_marker(task.id, "", [embed.footer.text or "" for embed in embeds])


def test_a_running_task_says_since_when() -> None:
    """Discord keeps counting by itself."""
    task = a_running_task(started_at=NOON - 90)
    assert f"**Being made** · started <t:{int(NOON) - 90}:R>" in text(task)


def test_a_task_that_waits_counts_from_its_submission() -> None:
    """It has not been started yet."""
    task = a_running_task(status=TaskStatus.QUEUED, submitted_at=NOON - 5, progress=None)
    assert text(task).startswith(f"**Waiting its turn** · started <t:{int(NOON) - 5}:R>")


@pytest.mark.parametrize("time", [None, 0.0, NOON + 7200, 1.0, float("nan"), float("inf")])
def test_a_time_that_cannot_be_true_is_left_out(time: float | None) -> None:
    """Some 53 years ago: that helps nobody."""
    assert "<t:" not in text(a_running_task(started_at=time, submitted_at=None))


def test_a_word_of_the_relays_that_nobody_knows_is_not_finished() -> None:
    """More is not known."""
    assert "**Not finished**" in text(a_running_task(status=TaskStatus.UNRECOGNIZED))


def test_progress_is_drawn_while_the_task_runs() -> None:
    """Only then, and only where the relay claims any."""
    assert "▰▰▰▱▱▱▱▱▱▱▱▱ 30%" in text(a_running_task(progress=30))
    assert "▱" not in text(a_running_task(progress=None))
    assert "▰" not in text(a_song(progress=100))


@pytest.mark.parametrize(
    ("claimed", "drawn"),
    [(-5, "▱" * 12 + " 0%"), (50, "▰" * 6 + "▱" * 6 + " 50%"), (4200, "▰" * 12 + " 100%")],
)
def test_a_bar_is_never_longer_than_itself(claimed: int, drawn: str) -> None:
    """Relays claim anything."""
    assert progress_bar(claimed) == drawn


def test_a_finished_task_says_how_long_it_took() -> None:
    """And links what it made."""
    said = text(a_song(started_at=NOON - 200, finished_at=NOON - 80))
    assert said.startswith(f"**Done** · <t:{int(NOON) - 80}:R> · took 2:00")
    assert "folk, acoustic" in said
    assert "**Song** · 2:00 · [Listen](https://cdn1.suno.ai/clip-1.mp3)" in said
    assert "/suno lyrics" in said


def test_a_stream_is_called_a_preview() -> None:
    """A link that dies is never presented as the song."""
    said = text(a_running_task(clips=(a_clip(), a_stream())))
    assert "**Version 1** · 2:00 · [Listen](https://cdn1.suno.ai/clip-1.mp3)\n" in said
    assert "[Preview](https://audiopipe.suno.ai/?item_id=clip-2) · Only a preview" in said


def test_each_version_says_why_it_has_no_link() -> None:
    """Failed, not ready, ready without a link, a link that is too long or unfit."""
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
    """A card stays a card."""
    assert "… and 2 more versions." in text(a_song(clips=(a_clip(),) * 6))


def test_a_failure_says_why_in_plain_words_and_in_the_relays() -> None:
    """The relay's own words are quoted as they are."""
    said = text(a_failure(reason="Song description contained artist name: *x*"))
    assert "**Failed**" in said
    assert "name of a known artist" in said
    assert r"The relay says: Song description contained artist name: \*x\*" in said


def test_a_half_success_quotes_the_relay_only_where_no_version_does() -> None:
    """The same reason is not said twice."""
    task = a_song(outcome=Outcome.PARTIAL, reason="one is lost")
    failed = a_clip(status=ClipStatus.ERROR, audio_is_final=False, reason="broken")
    assert "The relay says: one is lost" in text(task)
    two = a_song(outcome=Outcome.PARTIAL, reason="one is lost", clips=(a_clip(), failed))
    assert "one is lost" not in text(two)
    assert "This version failed: broken" in text(two)


def test_the_id_can_be_copied() -> None:
    """It stands in a code span, at the end."""
    assert text(a_lyrics_task("l`1")).endswith("-# Task `lˋ1`")


def test_the_first_cover_that_can_be_shown_is_the_thumbnail() -> None:
    """An unfit one would cost the message."""
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
def test_the_colour_says_it_at_a_glance(task: Task, colour: int) -> None:
    """Green, amber, red, and blue while it runs."""
    assert card(task).colour == discord.Colour(colour)


def test_a_link_ends_no_link_early() -> None:
    """A bracket in a URL is encoded: it would end the link."""
    said = text(a_song(clips=(a_clip(audio_url="https://a.b/(1).mp3"),)))
    assert re.search(r"\[Listen\]\(https://a\.b/%281%29\.mp3\)", said)


def test_a_card_draws_the_bar_by_the_clock_where_the_relay_says_nothing() -> None:
    """From what such tasks took before; never as done, and not beyond what is usual."""
    typical = DurationStats(median=100, slow=200)
    lines = {
        passed: str(
            status_card(
                a_running_task(progress=0, started_at=NOON),
                WORDS,
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


@pytest.mark.parametrize("clips", [(a_stream(),), (a_clip(), a_stream())])
def test_a_failure_offers_no_stream(clips: tuple[Clip, ...]) -> None:
    """It died with the task; what can be played stays, and the other version is called failed."""
    task = a_failure(clips=clips)
    status = status_message(task, WORDS, now=NOON)
    labels = [item.label for item in status.view.children] if status.view else []  # type: ignore[attr-defined]  # buttons
    assert "review" not in f"{text(task)} {labels}"
    assert "audiopipe" not in str(status.embeds[0].to_dict())
    assert ("**Version 1** · 2:00 · [Listen]" in text(task)) == (len(clips) > 1)
    assert ("**Version 2** · 2:00 · This version failed" in text(task)) == (len(clips) > 1)
