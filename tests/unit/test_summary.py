"""The summary of several tasks: its sentences, its lines, and Discord's limits."""

from dataclasses import replace

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_in
from bot.relay.models import ClipStatus, Task
from bot.storage.models import EndReason, MessageFormat, TaskEnd
from bot.ui.notice import Notice
from bot.ui.summary import Summary, render_summary, summary_marker, summary_menu
from bot.ui.task_text import has_marker
from tests.support.builders import a_clip, a_failure, a_lyrics_task, a_running_task, a_song
from tests.support.hostile import TASKS, assert_fits

CATALOG = catalog_in("en")
NONCE = "0123456789abcdef012345678"
ADA = 11
MANY_WATCHERS = tuple(2**64 - 1 - number for number in range(50))
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def summary_of(*ends: Task | TaskEnd, **changes: object) -> Summary:
    """Return the summary of some tasks for Ada; a task alone has finished."""
    all_ends = tuple(
        end if isinstance(end, TaskEnd) else TaskEnd(end, EndReason.FINISHED) for end in ends
    )
    return replace(Summary(all_ends, (ADA,), NONCE), **changes)  # type: ignore[arg-type]  # any field


def rendered(summary: Summary, message_format: MessageFormat = MessageFormat.FULL) -> Notice:
    """Return the message of a summary."""
    return render_summary(summary, message_format, CATALOG)


def lines_of(summary: Summary) -> list[str]:
    """Return the lines of the embed."""
    (embed,) = rendered(summary).embeds
    return (embed.description or "").split("\n")


def headline(key: str, **values: str | int) -> str:
    """Return a sentence of the catalogue."""
    return CATALOG.text(key, **values)


def test_all_songs_are_ready() -> None:
    """One mention, one sentence, one line for each song with its link and duration."""
    message = rendered(summary_of(a_song("one"), a_song("two"), a_song("three")))
    said = headline("summary-all-ready", kind="music", ready=3, total=3)
    assert message.content == f"<@{ADA}> {said}"
    play = f"[{CATALOG.text('card-button-listen')}](https://cdn1.suno.ai/clip-1.mp3)"
    lines = lines_of(summary_of(a_song("one"), a_song("two")))
    assert lines == [f"✅ **Paper Boats** · 2:00 · {play}"] * 2
    assert [user.id for user in message.allowed_mentions.users] == [ADA]  # type: ignore[union-attr]  # a list here


def test_some_tasks_are_ready() -> None:
    """A failure is named in few words, and counts as not ready."""
    failure = a_failure("two", reason="The lyrics contain a banned word: moderation")
    message = rendered(summary_of(a_song("one"), failure))
    assert headline("summary-some-ready", kind="music", ready=1, total=2) in message.content
    assert lines_of(summary_of(failure))[0].endswith(headline("summary-failed", cause="moderation"))


def test_no_task_is_ready() -> None:
    """The colour is that of a failure."""
    message = rendered(summary_of(a_failure("one"), a_failure("two")))
    assert headline("summary-none-ready", kind="music", ready=0, total=2) in message.content
    assert message.embeds[0].colour != rendered(summary_of(a_song(), a_song())).embeds[0].colour


def test_songs_and_lyrics_are_told_as_tasks() -> None:
    """Lyrics have no link: the menu opens them."""
    summary = summary_of(a_song("one"), a_lyrics_task("two"))
    said = headline("summary-all-ready", kind="task", ready=2, total=2)
    assert said in rendered(summary).content
    song, lyrics = lines_of(summary)
    assert ("](" in song, "](" in lyrics) == (True, False)
    assert headline("summary-lyrics") in lyrics


def test_the_title_links_to_the_page_of_the_song() -> None:
    """Where the links show that it is at Suno."""
    clip_id = "346c5d10-a4a1-4f49-a851-66a7dae6cfaf"
    song = a_song(clips=(a_clip(id=clip_id, audio_url=f"https://cdn1.suno.ai/{clip_id}.mp3"),))
    assert f"[**Paper Boats**](https://suno.com/song/{clip_id})" in lines_of(summary_of(song))[0]


def test_both_versions_of_a_song_can_be_played() -> None:
    """Each has a link of its own."""
    clips = (a_clip(), a_clip(id="clip-2", audio_url="https://cdn1.suno.ai/clip-2.mp3"))
    (line,) = lines_of(summary_of(a_song(clips=clips)))
    label = CATALOG.text("card-button-listen-of-several", number=2)
    assert f"[{label}](https://cdn1.suno.ai/clip-2.mp3)" in line


def test_a_song_with_a_failed_version_says_how_many_are_ready() -> None:
    """It has a result all the same."""
    clips = (a_clip(), a_clip(id="clip-2", status=ClipStatus.ERROR, audio_url=None))
    (line,) = lines_of(summary_of(a_song(clips=clips)))
    assert headline("summary-partly", ready=1, total=2) in line
    assert line.startswith("🟡")


@pytest.mark.parametrize(
    ("end_reason", "key"),
    [(EndReason.NOT_FOUND, "summary-not-found"), (EndReason.GAVE_UP, "summary-gave-up")],
)
def test_a_task_without_an_end_says_why(end_reason: EndReason, key: str) -> None:
    """Its id tells it apart, because it has no title."""
    (line,) = lines_of(summary_of(TaskEnd(a_running_task("abc"), end_reason)))
    assert "`abc`" in line
    assert headline(key) in line


def test_a_parenthesis_in_a_link_does_not_end_it() -> None:
    """It is encoded."""
    song = a_song(clips=(a_clip(audio_url="https://cdn1.suno.ai/a(1).mp3"),))
    assert "(https://cdn1.suno.ai/a%281%29.mp3)" in lines_of(summary_of(song))[0]


def test_tasks_that_still_run_are_mentioned() -> None:
    """Nobody takes the summary for the whole."""
    message = rendered(summary_of(a_song("one"), a_song("two"), still_running=2))
    assert headline("summary-still-running", number=2) in message.content


def test_every_task_can_be_opened_from_the_menu() -> None:
    """An option has the title and the id."""
    ends = summary_of(a_song("one"), a_lyrics_task("two")).ends
    view = summary_menu(ends, CATALOG)
    assert view is not None
    (menu,) = view.children
    assert isinstance(menu, discord.ui.Select)
    assert [option.value for option in menu.options] == ["one", "two"]


def test_a_menu_has_no_more_tasks_than_discord_takes() -> None:
    """A group grows when people join it with tasks of other groups."""
    summary = summary_of(*(a_song(f"song-{number}") for number in range(26)))
    view = summary_menu(summary.ends, CATALOG)
    assert view
    (menu,) = view.children
    assert isinstance(menu, discord.ui.Select)
    assert len(menu.options) == 25
    assert len(lines_of(summary)) == 26


def test_the_marker_is_that_of_no_notice() -> None:
    """A search for the notice of one of the tasks does not find the summary."""
    message = rendered(summary_of(a_song("one"), a_song("two")))
    (footer,) = [embed.footer.text for embed in message.embeds]
    assert footer == summary_marker(NONCE)
    assert not has_marker("one", message.content, [footer or ""])


def test_the_minimal_summary_contains_no_foreign_text() -> None:
    """It names the ids; the barest one not even those."""
    summary = summary_of(a_song("one"), a_song("two"))
    minimal = rendered(summary, MessageFormat.MINIMAL)
    assert "Paper Boats" not in minimal.content
    assert all(f"`{task_id}`" in minimal.content for task_id in ("one", "two"))
    assert summary_marker(NONCE) in minimal.content
    bare = rendered(summary, MessageFormat.BARE)
    assert "one`" not in bare.content
    assert headline("summary-all-ready", kind="music", ready=2, total=2) in bare.content


def test_simpler_formats_have_neither_links_nor_a_menu_and_name_the_ids() -> None:
    """The ids lead to the rest."""
    summary = summary_of(a_song("one"), a_song("two"))
    simple, plain = (
        rendered(summary, each) for each in (MessageFormat.SIMPLE, MessageFormat.PLAIN)
    )
    assert "https://" not in str(simple.embeds[0].to_dict())
    assert "`one`" in str(simple.embeds[0].description)
    assert plain.embeds == ()
    assert "`two`" in plain.content
    assert f"-# `{summary_marker(NONCE)}`" in plain.content


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(TASKS, st.sampled_from(EndReason)), min_size=2, max_size=10),
    st.sampled_from(((), (ADA,), MANY_WATCHERS)),
    st.sampled_from(MessageFormat),
    st.sampled_from(("en", "zh-CN")),
)
def test_every_format_is_within_discords_limits(
    ends: list[tuple[Task, EndReason]],
    watchers: tuple[int, ...],
    message_format: MessageFormat,
    language: str,
) -> None:
    """Whatever a relay wrote, and however many tasks and watchers there are."""
    summary = Summary(
        tuple(TaskEnd(*end) for end in ends),
        watchers,
        NONCE,
        still_running=3,
        possible_duplicate=True,
    )
    catalog = catalog_in(language)
    message = render_summary(summary, message_format, catalog)
    assert_fits(message)
    for embed in message.embeds:
        assert len((embed.description or "").split("\n")) == len(ends)
    if view := summary_menu(summary.ends, catalog):
        (menu,) = view.children
        assert isinstance(menu, discord.ui.Select)
        assert all(1 <= len(option.label) <= 100 for option in menu.options)
        assert all(len(option.description or "id") <= 100 for option in menu.options)
