"""Notices of every outcome, in every format, within Discord's limits."""

import json
from dataclasses import replace

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_in
from bot.relay.models import Clip, ClipStatus, Lyrics, Outcome, Task, TaskStatus
from bot.relay.parsing.reader import read_tasks
from bot.storage.models import EndReason
from bot.ui.lyrics import lyrics_messages
from bot.ui.notice import Notice, render_notice
from bot.ui.notice_fallbacks import as_plain_text, without_links
from bot.ui.task_text import PARTIAL_COLOUR, format_duration, has_marker
from tests.support.builders import a_clip, a_failure, a_lyrics_task, a_running_task, a_song
from tests.support.hostile import TASKS, assert_fits

CATALOG = catalog_in("en")
# Hypothesis reports a failure with the task that caused it, however long its lyrics.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
ADA, BOB = 11, 22
MANY_WATCHERS = [2**64 - 1 - number for number in range(50)]
"""As many watchers as one message has, with the longest ids there can be."""


def notice_of(
    task: Task, end_reason: EndReason = EndReason.FINISHED, *, possible_duplicate: bool = False
) -> Notice:
    """Return the full notice for Ada."""
    return render_notice(task, end_reason, [ADA], CATALOG, possible_duplicate=possible_duplicate)


def second_clip(**changes: object) -> Clip:
    """Return a second playable clip."""
    url = "https://cdn1.suno.ai/clip-2.mp3"
    return a_clip(**({"id": "clip-2", "audio_url": url} | changes))


def failed_clip(reason: str = "out of breath") -> Clip:
    """Return a failed clip."""
    return second_clip(status=ClipStatus.ERROR, audio_url=None, audio_is_final=False, reason=reason)


def streaming_clip() -> Clip:
    """Return a clip that has only a temporary stream."""
    url = "https://audiopipe.suno.ai/?item_id=clip-2"
    return second_clip(status=ClipStatus.STREAMING, audio_url=url, audio_is_final=False)


def footers(message: Notice) -> list[str]:
    """Return the footers of all embeds."""
    return [embed.footer.text or "" for embed in message.embeds]


def whole_text(message: Notice) -> str:
    """Return all text of a message."""
    parts = [message.content, *(button.label for button in message.buttons)]
    for embed in message.embeds:
        parts += [embed.title or "", embed.description or "", embed.footer.text or ""]
        parts += [f"{field.name}\n{field.value}" for field in embed.fields]
    return "\n".join(parts)


@settings(max_examples=150, deadline=None)
@given(
    TASKS, st.sampled_from(EndReason), st.sampled_from(([], [ADA], MANY_WATCHERS)), st.booleans()
)
def test_every_format_is_within_discords_limits(
    task: Task, end_reason: EndReason, watchers: list[int], possible_duplicate: bool
) -> None:
    """All formats of any task's notice are messages that Discord accepts."""
    full = render_notice(task, end_reason, watchers, CATALOG, possible_duplicate=possible_duplicate)
    for rendered in (
        full,
        without_links(full),
        as_plain_text(full),
        as_plain_text(without_links(full)),
    ):
        assert_fits(rendered)


@settings(max_examples=150, deadline=None)
@given(TASKS, st.sampled_from(EndReason), st.booleans())
def test_every_format_contains_the_marker(
    task: Task, end_reason: EndReason, possible_duplicate: bool
) -> None:
    """The duplicate check finds the message by it."""
    full = render_notice(
        task, end_reason, MANY_WATCHERS, CATALOG, possible_duplicate=possible_duplicate
    )
    for rendered in (full, without_links(full), as_plain_text(full)):
        assert has_marker(task.id, rendered.content, footers(rendered))


@settings(max_examples=60, deadline=None)
@given(TASKS, st.sampled_from(EndReason))
def test_exactly_the_watchers_are_mentioned(task: Task, end_reason: EndReason) -> None:
    """Titles and lyrics with mentions mention nobody."""
    message = render_notice(task, end_reason, [ADA, BOB, ADA], CATALOG)
    assert message.content.startswith(f"<@{ADA}> <@{BOB}> ")
    allowed = dict(message.allowed_mentions.to_dict())
    assert allowed == {"parse": [], "users": [ADA, BOB]}


def test_fifty_watchers_are_all_mentioned() -> None:
    """One notice has at most fifty watchers."""
    message = render_notice(
        a_song(), EndReason.FINISHED, MANY_WATCHERS, CATALOG, possible_duplicate=True
    )
    assert message.content.count("<@") == 50
    assert "more" not in message.content


def test_watchers_who_do_not_fit_are_counted() -> None:
    """Only the mentioned users are in the allowed mentions."""
    message = render_notice(a_song(), EndReason.FINISHED, range(10**17, 10**17 + 200), CATALOG)
    mentioned = message.content.count("<@")
    assert f"and {200 - mentioned} more Your" in message.content
    assert len(message.allowed_mentions.to_dict().get("users", [])) == mentioned <= 100
    assert_fits(message)


def test_the_largest_notice_fits() -> None:
    """Many versions with long texts and a long id are within the limits."""
    long = "xy " * 900
    clips = tuple(
        replace(failed_clip(long), id="i" * 300, title=long, style=long, lyrics=f"{number}{long}")
        for number in range(9)
    )
    assert_fits(notice_of(a_song("i" * 300, clips=(a_clip(), *clips), outcome=Outcome.PARTIAL)))
    assert_fits(
        notice_of(a_lyrics_task("i" * 300, lyrics=Lyrics("歌" * 7000, title=long, style=long)))
    )


def test_a_finished_song_is_announced_with_its_title() -> None:
    """The content is one sentence with the title in bold."""
    assert notice_of(a_song()).content == f"<@{ADA}> Your song is done: **Paper Boats**"


def test_a_clip_has_an_embed_with_its_details() -> None:
    """The embed has title, style, duration, cover, link and ids."""
    clip, lyrics = notice_of(a_song()).embeds
    assert clip.title == "Paper Boats"
    assert clip.description == "folk, acoustic · 2:00"
    assert clip.image.url == "https://cdn1.suno.ai/image_clip-1.png"
    assert clip.url == "https://cdn1.suno.ai/clip-1.mp3"
    assert clip.footer.text == "♪ song · clip-1"
    assert lyrics.title == "Lyrics"
    assert lyrics.description == "\\[Verse\\]\nPaper boats on a rainy street"


def test_buttons_of_a_single_clip_have_no_numbers() -> None:
    """The labels of one version contain no version number."""
    task = a_song(clips=(a_clip(video_url="https://cdn1.suno.ai/clip-1.mp4"),))
    assert [(button.label, button.url) for button in notice_of(task).buttons] == [
        ("Listen", "https://cdn1.suno.ai/clip-1.mp3"),
        ("Video", "https://cdn1.suno.ai/clip-1.mp4"),
    ]


def test_two_versions_are_numbered_and_share_their_lyrics() -> None:
    """Lyrics that both versions share are shown once."""
    message = notice_of(a_song(clips=(a_clip(), second_clip())))
    assert "in 2 versions" in message.content
    assert [button.label for button in message.buttons] == ["Listen 1", "Listen 2"]
    assert [embed.description for embed in message.embeds[:2]] == [
        "Version 1 · folk, acoustic · 2:00",
        "Version 2 · folk, acoustic · 2:00",
    ]
    assert [embed.title for embed in message.embeds] == ["Paper Boats", "Paper Boats", "Lyrics"]


def test_two_clips_with_one_link_have_two_embeds() -> None:
    """Only one of them has the URL, because Discord merges embeds with equal URLs."""
    message = notice_of(a_song(clips=(a_clip(), a_clip(id="clip-2"))))
    assert [embed.url is None for embed in message.embeds[:2]] == [False, True]


def test_different_lyrics_are_shown_with_their_version() -> None:
    """Both texts follow the embeds of the clips."""
    message = notice_of(a_song(clips=(a_clip(), second_clip(lyrics="La la"))))
    assert [embed.title for embed in message.embeds[2:]] == [
        "Lyrics · Version 1",
        "Lyrics · Version 2",
    ]


@pytest.mark.parametrize("text", ["歌" * 5000, "***" * 900, "la la la\n" * 550])
def test_lyrics_that_fit_are_complete(text: str) -> None:
    """5,000 code points fit beside two clips."""
    message = notice_of(a_song(clips=(a_clip(lyrics=text), second_clip(lyrics=text))))
    assert "did not fit" not in whole_text(message)


@pytest.mark.parametrize("text", ["歌" * 7000, "*" * 5000, "la la la\n" * 900])
def test_truncated_lyrics_end_with_a_hint(text: str) -> None:
    """The hint says how to read the rest."""
    message = notice_of(a_song(clips=(a_clip(lyrics=text), second_clip(lyrics=text + "!"))))
    assert whole_text(message).count("read it with `/suno lyrics`") == 2


def test_a_lyrics_task_shows_its_lyrics() -> None:
    """The embed has title, style, text and id."""
    task = a_lyrics_task(lyrics=Lyrics("[Chorus]\nRow", title="Boats", style="folk"))
    message = notice_of(task)
    (embed,) = message.embeds
    assert message.content == f"<@{ADA}> Your lyrics are done: **Boats**"
    assert (embed.title, embed.description) == ("Boats", "-# folk\n\\[Chorus\\]\nRow")
    assert embed.footer.text == "♪ lyrics"


@pytest.mark.parametrize("word", ["FAILURE", "SUCCESS", ""], ids=lambda word: word or "none")
def test_partial_lyrics_are_not_announced_as_done(word: str) -> None:
    """A failed lyrics task with a text shows the text."""
    data = {"text": "half a li", "title": "Boats", "status": "error", "error_message": "No breath"}
    body = json.dumps({"code": "success", "data": {"task_id": "t", "status": word, "data": data}})
    (task,) = read_tasks(200, "application/json", body.encode())
    message = notice_of(task)
    assert message.content == (
        f"<@{ADA}> Your lyrics could not be finished: **Boats**. This is as far as they got.\n"
        "-# The relay says: No breath"
    )
    (embed,) = message.embeds
    assert (embed.description, embed.colour) == ("half a li", PARTIAL_COLOUR)
    ((page,),) = lyrics_messages(task, CATALOG)
    assert page.colour == PARTIAL_COLOUR


def test_the_marker_of_long_lyrics_is_in_the_last_embed() -> None:
    """The ids do not interrupt the text."""
    message = notice_of(a_lyrics_task(lyrics=Lyrics("row row\n" * 700, title="Boats")))
    assert footers(message) == ["", "♪ lyrics"]


def test_a_partial_success_describes_each_version() -> None:
    """One version has a link, the other has the reason of its failure."""
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), failed_clip())))
    assert message.content.endswith("1 of 2 versions of **Paper Boats** is ready; 1 failed.")
    assert message.embeds[1].description == (
        "Version 2 · folk, acoustic · 2:00\nThis version failed: out of breath"
    )
    assert message.embeds[1].image.url is None
    assert [button.label for button in message.buttons] == ["Listen 1"]


def test_a_failed_version_without_a_reason_says_so() -> None:
    """The text says that the relay gave no reason."""
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), failed_clip(""))))
    assert "The relay gave no reason." in whole_text(message)


def test_a_playable_song_with_a_reported_failure_shows_both() -> None:
    """The reason of the relay follows the headline."""
    task = a_song(outcome=Outcome.PARTIAL, reason="*upstream* timeout")
    assert r"reports a problem all the same: \*upstream\* timeout" in notice_of(task).content


def test_a_stream_is_labelled_as_a_preview() -> None:
    """The title of its embed has no link."""
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), streaming_clip())))
    assert message.content.endswith("is ready; 1 is only a preview.")
    assert [button.label for button in message.buttons] == ["Listen 1", "Preview 2"]
    assert message.embeds[1].url is None
    assert "Only a preview" in (message.embeds[1].description or "")


def test_a_failed_song_has_no_preview() -> None:
    """A stream of a failed task is not linked."""
    message = notice_of(a_failure(clips=(streaming_clip(),)))
    assert message.buttons == ()
    assert "could not be made" in message.content


def test_a_failed_version_has_no_link() -> None:
    """A URL of a failed clip is not linked."""
    dead = replace(streaming_clip(), status=ClipStatus.ERROR)
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), dead)))
    assert [button.label for button in message.buttons] == ["Listen 1"]


def test_an_unfinished_version_is_counted() -> None:
    """It counts neither as failed nor as a preview."""
    late = second_clip(status=ClipStatus.QUEUED, audio_url=None, audio_is_final=False)
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), late)))
    assert "1 did not arrive" in message.content
    assert "Not ready yet." in whole_text(message)


def test_a_success_with_nothing_to_play_says_so() -> None:
    """It is announced neither as done nor as failed."""
    message = notice_of(a_song(clips=(a_clip(audio_url=None, audio_is_final=False),)))
    assert "sent nothing that plays" in message.content
    assert "Links sometimes come late" in whole_text(message)
    assert message.buttons == ()


def test_a_success_with_only_a_stream_has_a_preview() -> None:
    """The headline does not announce the song as done."""
    message = notice_of(a_song(clips=(streaming_clip(),)))
    assert "sent nothing that plays" in message.content
    assert [button.label for button in message.buttons] == ["Preview"]


def test_a_failure_says_why_and_what_to_do() -> None:
    """The embed has the explanation, the relay's reason, the advice and the id."""
    message = notice_of(a_failure(reason="boom `x`"))
    (embed,) = message.embeds
    assert message.content == f"<@{ADA}> Your song could not be made."
    assert embed.description == "The relay tried, and it did not work."
    assert [(field.name, field.value) for field in embed.fields] == [
        ("The relay says", r"boom \`x\`"),
        ("What you can do", CATALOG.text("notice-advice-unknown")),
        ("Task", "`song`"),
    ]
    assert embed.footer.text == "♪ song"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Song Description contained artist name: metallica", "a known artist"),
        ("Song description flagged for moderation", "moderation refused"),
        ("insufficient_user_quota", "run out of credit"),
        ("余额不足", "run out of credit"),
        ("提示词含敏感内容", "moderation refused"),
        ("", "did not say why"),
    ],
)
def test_a_known_reason_has_an_explanation_of_its_own(reason: str, expected: str) -> None:
    """The advice matches the cause."""
    assert expected in whole_text(notice_of(a_failure(reason=reason)))


def test_a_lost_task_is_explained_as_lost() -> None:
    """Suno-API's UNKNOWN status is an end without a reason."""
    message = notice_of(a_failure(status=TaskStatus.UNKNOWN, reason=""))
    assert "lost track of this task" in whole_text(message)


def test_a_failed_song_takes_its_reason_from_a_clip() -> None:
    """The reason of a clip is used if the task has none."""
    task = a_failure(reason="", clips=(replace(failed_clip(), title="Boats"),))
    message = notice_of(task)
    assert message.content.endswith("**Boats** could not be made.")
    assert "out of breath" in whole_text(message)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (a_failure(), "Your song could not be made."),
        (a_failure(kind=None, clips=(replace(failed_clip(), title=""),)), "Your song could"),
        (replace(a_failure(), kind=a_lyrics_task().kind), "Your lyrics could not be written."),
        (a_failure(kind=None, lyrics=Lyrics("")), "Your lyrics could not be written."),
        (a_failure(kind=None), "Your task failed."),
    ],
)
def test_a_failure_without_a_title_names_the_kind(kind: Task, expected: str) -> None:
    """The kind of the task replaces the title if it is known."""
    assert expected in notice_of(kind).content


def test_an_unknown_id_is_explained() -> None:
    """The advice mentions typing errors and other API keys."""
    message = notice_of(Task("nope", TaskStatus.UNRECOGNIZED), EndReason.NOT_FOUND)
    assert message.content == (
        f"<@{ADA}> The relay does not know this task, so I have stopped watching it."
    )
    assert "Check the id" in whole_text(message)
    assert "`nope`" in whole_text(message)


def test_a_timeout_is_explained() -> None:
    """The notice does not claim that the task failed."""
    message = notice_of(a_running_task(), EndReason.GAVE_UP)
    assert "The relay never said that your task is done" in message.content
    assert "`/suno status`" in whole_text(message)
    assert "fail" not in whole_text(message)


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
def test_a_timeout_shows_the_clips_that_are_ready(end_reason: EndReason) -> None:
    """A playable version is linked although the task never ended."""
    message = notice_of(a_running_task(clips=(a_clip(), streaming_clip())), end_reason)
    assert "Of 2 versions, 1 is ready; 1 is only a preview." in message.content
    assert [button.label for button in message.buttons] == ["Listen 1", "Preview 2"]


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
def test_a_timeout_shows_the_lyrics_that_are_ready(end_reason: EndReason) -> None:
    """A lyrics task that never ended shows the text it has."""
    message = notice_of(a_lyrics_task(outcome=None), end_reason)
    assert "the last text it sent" in message.content
    assert "Row, row" in whole_text(message)


def test_a_timeout_is_not_announced_as_finished() -> None:
    """Even if all clips play, the relay never reported the end."""
    message = notice_of(a_running_task(clips=(a_clip(),)), EndReason.GAVE_UP)
    assert "1 is ready; the relay has not said that this is all." in message.content


def test_a_possible_duplicate_says_so() -> None:
    """The remark is a line of small print."""
    assert notice_of(a_song(), possible_duplicate=True).content.endswith(
        CATALOG.text("notice-possible-duplicate")
    )
    assert "twice" not in notice_of(a_song()).content


def test_a_song_without_a_title_has_a_placeholder() -> None:
    """A title of invisible characters counts as none."""
    message = notice_of(a_song(clips=(a_clip(title="\u200b"),)))
    assert "**Untitled**" in message.content
    assert message.embeds[0].title == "Untitled"


def test_clips_without_an_embed_are_counted() -> None:
    """They still have buttons."""
    clips = tuple(
        a_clip(id=str(number), audio_url=f"https://a.b/{number}.mp3") for number in range(12)
    )
    message = notice_of(a_song(clips=clips))
    assert len(message.embeds) == 10
    assert "3 more versions are not shown here." in message.content
    assert len(message.buttons) == 12


def test_a_link_too_long_for_a_button_is_in_the_title() -> None:
    """Discord accepts 512 code points on a button and 2048 in an embed."""
    url = "https://a.b/" + "x" * 600
    message = notice_of(a_song(clips=(a_clip(audio_url=url),)))
    assert message.buttons == ()
    assert message.embeds[0].url == url


def test_an_unusable_link_is_reported() -> None:
    """The notice says so instead of containing the link."""
    message = notice_of(a_song(clips=(a_clip(audio_url="https://a b/c", image_url="nonsense"),)))
    assert "Discord does not accept" in whole_text(message)
    assert message.embeds[0].image.url is None


def test_without_links_has_links_only_as_text() -> None:
    """No URL remains in embeds and buttons."""
    message = without_links(notice_of(a_song(clips=(a_clip(), second_clip()))))
    assert "\nListen 2: <https://cdn1.suno.ai/clip-2.mp3>" in message.content
    assert message.buttons == ()
    for embed in message.embeds:
        assert embed.url is None
        assert embed.image.url is None
    assert "Paper boats on a rainy street" in whole_text(message)


def test_without_links_does_not_change_the_full_notice() -> None:
    """The full notice can still be sent."""
    full = notice_of(a_song())
    without_links(full)
    assert full.embeds[0].url == "https://cdn1.suno.ai/clip-1.mp3"


def test_plain_text_contains_all_parts_of_a_notice() -> None:
    """It contains headline, links, lyrics and ids."""
    message = as_plain_text(notice_of(a_song()))
    assert message.embeds == ()
    assert message.buttons == ()
    assert message.content == "\n".join(
        [
            f"<@{ADA}> Your song is done: **Paper Boats**",
            "Listen: <https://cdn1.suno.ai/clip-1.mp3>",
            "**Paper Boats**",
            "folk, acoustic · 2:00",
            "**Lyrics**",
            r"\[Verse\]",
            "Paper boats on a rainy street",
            "-# `♪ song · clip-1`",
        ]
    )


def test_plain_text_contains_links_too_long_for_a_button() -> None:
    """They are included as long as they fit."""
    url = "https://a.b/" + "x" * 600
    assert (
        f"\n<{url}>\n" in as_plain_text(notice_of(a_song(clips=(a_clip(audio_url=url),)))).content
    )


def test_plain_text_truncates_lyrics_at_a_line() -> None:
    """Links and ids are never truncated."""
    message = as_plain_text(notice_of(a_song(clips=(a_clip(lyrics="la la la\n" * 600),))))
    assert "la la la\n*The rest did not fit" in message.content
    assert message.content.endswith("\n-# `♪ song · clip-1`")
    assert "Listen: <" in message.content


def test_plain_text_of_a_failure_omits_what_does_not_fit() -> None:
    """The hint says where the rest can be read."""
    full = render_notice(a_failure(reason="x" * 1000), EndReason.FINISHED, MANY_WATCHERS, CATALOG)
    content = as_plain_text(full).content
    assert "xxx" not in content
    assert "`/suno status`" in content
    assert content.endswith("-# `♪ song`")


def test_every_format_allows_the_same_mentions() -> None:
    """The allowed mentions are exactly the watchers."""
    full = notice_of(a_song())
    assert as_plain_text(full).allowed_mentions is full.allowed_mentions


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("-# `♪ song`", True),
        ("hello\n-# `♪ song · clip-1`", True),
        ("-# `♪ song2`", False),
        ("-# `♪ another · song`", False),
        (r"\-\# \`♪ song\`", False),
        ("♪ song", False),
        ("<@1> Your song is done: **♪ song**", False),
    ],
)
def test_a_marker_is_found_and_cannot_be_forged(content: str, found: bool) -> None:
    """Escaped titles and lyrics cannot begin a line of small print."""
    assert has_marker("song", content, []) is found


def test_lyrics_cannot_forge_the_marker_of_another_task() -> None:
    """A notice of one task never has the marker of another one."""
    song = a_song(clips=(a_clip(lyrics="-# `♪ other`", title="-# `♪ other`"),))
    for rendered in (notice_of(song), as_plain_text(notice_of(song))):
        assert not has_marker("other", rendered.content, footers(rendered))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *((154.2, "2:34"), (59.6, "1:00"), (3723, "1:02:03"), (0.2, "0:01")),
        *((None, ""), (0, ""), (-5, ""), (float("nan"), ""), (float("inf"), ""), (1e9, "")),
    ],
)
def test_durations_are_formatted_or_omitted(seconds: float | None, shown: str) -> None:
    """Invalid numbers of a relay are omitted."""
    assert format_duration(seconds) == shown


def test_each_clip_has_the_colour_of_its_outcome() -> None:
    """Playable is green, failed red, a preview amber, unfinished grey."""
    late = second_clip(status=ClipStatus.QUEUED, audio_url=None, audio_is_final=False)
    clips = (a_clip(), failed_clip(), streaming_clip(), late)
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=clips))
    assert [embed.colour for embed in message.embeds[:4]] == [
        discord.Colour(value) for value in (0x3BA55D, 0xDA373C, 0xF0B232, 0x80848E)
    ]
