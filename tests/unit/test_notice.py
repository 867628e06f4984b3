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
from bot.storage.models import EndReason, NoticeStyle
from bot.ui.lyrics import lyrics_messages
from bot.ui.notice import Notice, render_notice
from bot.ui.notice_fallbacks import as_plain_text, without_links
from bot.ui.task_text import MASKED_LINK, PARTIAL_COLOUR, format_duration, has_marker
from bot.ui.text_width import line_count
from bot.ui.views import ActionButton, LinkButton
from tests.support.builders import a_clip, a_failure, a_lyrics_task, a_running_task, a_song
from tests.support.hostile import TASKS, assert_fits

CATALOG = catalog_in("en")
# Hypothesis reports a failure with the task that caused it, however long its lyrics.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
ADA, BOB = 11, 22
MANY_WATCHERS = [2**64 - 1 - number for number in range(50)]
"""As many watchers as one message has, with the longest ids there can be."""


def notice_of(
    task: Task,
    end_reason: EndReason = EndReason.FINISHED,
    *,
    style: NoticeStyle = NoticeStyle.COMPACT,
    possible_duplicate: bool = False,
) -> Notice:
    """Return the notice for Ada."""
    return render_notice(
        task, end_reason, [ADA], CATALOG, style=style, possible_duplicate=possible_duplicate
    )


def full_notice_of(task: Task) -> Notice:
    """Return the notice for Ada in the style with large covers."""
    return notice_of(task, style=NoticeStyle.FULL)


def headline_of(message: Notice) -> str:
    """Return the first line of the content, without the mention of Ada."""
    return message.content.split("\n")[0].removeprefix(f"<@{ADA}> ")


def labels(message: Notice) -> list[str]:
    """Return the labels of the buttons."""
    return [button.label for button in message.buttons]


def lines(message: Notice) -> list[str]:
    """Return the lines of the description of the first embed."""
    return (message.embeds[0].description or "").split("\n")


def linked(label: str, url: str) -> str:
    """Return the beginning of the line of a version with a link."""
    return f"[▶ {label}]({url})"


CLIP_1, CLIP_2 = "https://cdn1.suno.ai/clip-1.mp3", "https://cdn1.suno.ai/clip-2.mp3"
LYRICS = CATALOG.text("notice-button-lyrics")
REST = CATALOG.text("notice-rest")


def song_headline(title: str = "Paper Boats") -> str:
    """Return the headline of a finished song."""
    return CATALOG.text("notice-song-done", title=title, titled="yes")


def partly_headline(ready: int, total: int, *others: str) -> str:
    """Return the headline of a song of which one version each is missing for a reason."""
    missing = CATALOG.listed(CATALOG.text(f"notice-others-{each}", number=1) for each in others)
    counts = CATALOG.text("notice-counts", ready=ready, total=total, others=missing)
    return CATALOG.text("notice-song-partly", title="Paper Boats", titled="yes", counts=counts)


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
    TASKS,
    st.sampled_from(EndReason),
    st.sampled_from(([], [ADA], MANY_WATCHERS)),
    st.sampled_from(NoticeStyle),
    st.booleans(),
)
def test_every_format_is_within_discords_limits(
    task: Task,
    end_reason: EndReason,
    watchers: list[int],
    style: NoticeStyle,
    possible_duplicate: bool,
) -> None:
    """All formats of any task's notice are messages that Discord accepts."""
    full = render_notice(
        task, end_reason, watchers, CATALOG, style=style, possible_duplicate=possible_duplicate
    )
    for rendered in (
        full,
        without_links(full),
        as_plain_text(full),
        as_plain_text(without_links(full)),
    ):
        assert_fits(rendered)


@settings(max_examples=150, deadline=None)
@given(TASKS, st.sampled_from(EndReason), st.sampled_from(NoticeStyle), st.booleans())
def test_every_format_contains_the_marker(
    task: Task, end_reason: EndReason, style: NoticeStyle, possible_duplicate: bool
) -> None:
    """The duplicate check finds the message by it."""
    full = render_notice(
        task,
        end_reason,
        MANY_WATCHERS,
        CATALOG,
        style=style,
        possible_duplicate=possible_duplicate,
    )
    for rendered in (full, without_links(full), as_plain_text(full)):
        assert sum(has_marker(task.id, "", [each]) for each in footers(rendered)) <= 1
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
    assert CATALOG.text("notice-more-watchers", number=200 - mentioned) in message.content
    assert len(message.allowed_mentions.to_dict().get("users", [])) == mentioned <= 100
    assert_fits(message)


def test_the_largest_notice_fits() -> None:
    """Many versions with long texts and a long id are within the limits."""
    long = "xy " * 900
    clips = tuple(
        replace(failed_clip(long), id="i" * 300, title=long, style=long, lyrics=f"{number}{long}")
        for number in range(9)
    )
    song = a_song("i" * 300, clips=(a_clip(), *clips), outcome=Outcome.PARTIAL)
    lyrics = a_lyrics_task("i" * 300, lyrics=Lyrics("歌" * 7000, title=long, style=long))
    for style in NoticeStyle:
        assert_fits(notice_of(song, style=style))
        assert_fits(notice_of(lyrics, style=style))


def test_a_finished_song_is_announced_with_its_title() -> None:
    """The content is one sentence with the title in bold."""
    message = notice_of(a_song())
    assert message.content == f"<@{ADA}> {song_headline()}"
    assert "**Paper Boats**" in message.content


def test_a_song_has_one_embed() -> None:
    """The embed has title, style, the version with its link, a small cover, lyrics and the id."""
    (embed,) = notice_of(a_song()).embeds
    assert embed.title == "Paper Boats"
    assert embed.url is None
    assert (embed.description or "").split("\n") == [
        "-# folk, acoustic",
        f"{linked('Song', CLIP_1)} · 2:00",
        "",
        "\\[Verse\\]",
        "Paper boats on a rainy street",
    ]
    assert embed.thumbnail.url == "https://cdn1.suno.ai/image_clip-1.png"
    assert embed.image.url is None
    assert embed.footer.text == "♪ song"


def test_buttons_of_a_single_clip_have_no_numbers() -> None:
    """They play it, show the lyrics, and open the video."""
    task = a_song(clips=(a_clip(video_url="https://cdn1.suno.ai/clip-1.mp4"),))
    assert notice_of(task).buttons == (
        LinkButton(CATALOG.text("card-button-listen"), CLIP_1),
        ActionButton(LYRICS, "status:lyrics:song"),
        LinkButton(CATALOG.text("card-button-video"), "https://cdn1.suno.ai/clip-1.mp4"),
    )


def test_two_versions_are_numbered_and_share_their_lyrics() -> None:
    """Each has a line and a button; lyrics that both share are shown once."""
    message = notice_of(a_song(clips=(a_clip(), second_clip())))
    play = [CATALOG.text("card-button-listen-of-several", number=number) for number in (1, 2)]
    assert labels(message) == [*play, LYRICS]
    assert lines(message)[1:3] == [
        f"{linked('Version 1', CLIP_1)} · 2:00",
        f"{linked('Version 2', CLIP_2)} · 2:00",
    ]
    assert whole_text(message).count("rainy street") == 1


def test_a_version_with_a_title_of_its_own_shows_it() -> None:
    """The title of the song is not repeated."""
    first, second = lines(notice_of(a_song(clips=(a_clip(), second_clip(title="Kites")))))[1:3]
    assert "Paper Boats" not in first
    assert second.endswith(" · Kites")


def test_the_title_links_the_page_of_the_song() -> None:
    """Its address follows from the audio link at Suno."""
    song_id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    clip = a_clip(id=song_id, audio_url=f"https://cdn1.suno.ai/{song_id}.mp3")
    (embed,) = notice_of(a_song(clips=(clip,))).embeds
    assert embed.url == f"https://suno.com/song/{song_id}"


def test_buttons_are_one_row() -> None:
    """Of many buttons, that of the lyrics is kept."""
    clips = tuple(
        a_clip(audio_url=f"https://a.b/{number}.mp3", video_url=f"https://a.b/{number}.mp4")
        for number in range(5)
    )
    message = notice_of(a_song(clips=clips))
    assert len(message.buttons) == 5
    assert labels(message)[4] == LYRICS
    assert LYRICS not in labels(notice_of(a_song(clips=(a_clip(lyrics=""),))))


def test_different_lyrics_are_labelled_with_their_version() -> None:
    """A compact notice shows the first ones, a full one all of them."""
    task = a_song(clips=(a_clip(), second_clip(lyrics="La la")))
    message = notice_of(task)
    first, second = (CATALOG.text("card-lyrics-of", versions=f"Version {n}") for n in (1, 2))
    assert f"-# {first}" in lines(message)
    assert "La la" not in whole_text(message)
    assert message.shortened
    assert [embed.title for embed in full_notice_of(task).embeds[2:]] == [first, second]


@pytest.mark.parametrize("style", ["short", "w" * 2000, "风格" * 900])
@pytest.mark.parametrize("lyrics", ["la\n" * 300, "la " * 3000, "歌" * 7000, "[A]\n\n" * 900])
@pytest.mark.parametrize("versions", [1, 2, 4, 12])
def test_a_compact_notice_is_short(style: str, lyrics: str, versions: int) -> None:
    """It has a bounded number of lines, whatever the relay wrote."""
    clips = tuple(
        a_clip(title="Boats " * 90, style=style, lyrics=lyrics, audio_url=f"https://a.b/{n}.mp3")
        for n in range(versions)
    )
    message = notice_of(a_song(clips=clips))
    (embed,) = message.embeds
    shown = MASKED_LINK.sub(r"\1", embed.description or "")
    text = f"{message.content}\n{embed.title}\n{shown}"
    assert line_count(text) <= 15
    assert message.shortened


def test_short_lyrics_are_complete() -> None:
    """A song of eight lines ends without an ellipsis."""
    text = "\n".join(f"Line {number}" for number in range(8))
    message = notice_of(a_song(clips=(a_clip(lyrics=text), second_clip(lyrics=text))))
    assert lines(message)[-8:] == text.split("\n")
    assert not message.shortened


def test_long_lyrics_end_before_the_heading_of_the_next_section() -> None:
    """The last line is text."""
    text = "[Verse]\none\ntwo\nthree\nfour\nfive\n\n[Chorus]\nLa la la"
    message = notice_of(a_song(clips=(a_clip(lyrics=text), second_clip(lyrics=text))))
    assert lines(message)[-1] == "five…"


def test_shortened_lyrics_without_a_button_say_how_to_read_the_rest() -> None:
    """The id of the task is too long for a button, or the format has none."""
    clips = (a_clip(lyrics="la la la\n" * 600),)
    message = notice_of(a_song("i" * 150, clips=clips))
    assert LYRICS not in labels(message)
    assert lines(message)[-1] == REST
    assert whole_text(without_links(message)).count(REST) == 1
    with_button = notice_of(a_song(clips=clips))
    assert REST not in whole_text(with_button)
    for rendered in (without_links(with_button), as_plain_text(with_button)):
        assert whole_text(rendered).count(REST) == 1


@pytest.mark.parametrize("text", ["歌" * 5000, "***" * 900, "la la la\n" * 550])
def test_lyrics_that_fit_are_complete(text: str) -> None:
    """5,000 code points fit beside two clips."""
    message = full_notice_of(a_song(clips=(a_clip(lyrics=text), second_clip(lyrics=text))))
    assert REST not in whole_text(message)


@pytest.mark.parametrize("text", ["歌" * 7000, "*" * 5000, "la la la\n" * 900])
def test_truncated_lyrics_end_with_a_hint(text: str) -> None:
    """The hint says how to read the rest."""
    message = full_notice_of(a_song(clips=(a_clip(lyrics=text), second_clip(lyrics=text + "!"))))
    assert whole_text(message).count(REST) == 2


def test_a_full_notice_has_a_large_cover_for_each_version() -> None:
    """Title, style and id are not repeated."""
    message = full_notice_of(a_song(clips=(a_clip(), second_clip())))
    first, second, lyrics = message.embeds
    assert [first.title, second.title, lyrics.title] == ["Paper Boats", None, "Lyrics"]
    assert first.description == f"-# folk, acoustic\n{linked('Version 1', CLIP_1)} · 2:00"
    assert second.description == f"{linked('Version 2', CLIP_2)} · 2:00"
    assert first.image.url == second.image.url == "https://cdn1.suno.ai/image_clip-1.png"
    assert footers(message) == ["", "", "♪ song"]


@pytest.mark.parametrize("style", NoticeStyle)
def test_a_lyrics_task_shows_its_lyrics(style: NoticeStyle) -> None:
    """The embed has title, style, text and id."""
    task = a_lyrics_task(lyrics=Lyrics("[Chorus]\nRow", title="Boats", style="folk"))
    message = notice_of(task, style=style)
    (embed,) = message.embeds
    assert headline_of(message) == CATALOG.text("notice-lyrics-done", title="Boats", titled="yes")
    assert embed.title == "Boats"
    assert [line for line in lines(message) if line] == ["-# folk", "\\[Chorus\\]", "Row"]
    assert embed.footer.text == "♪ lyrics"
    assert labels(message) == [LYRICS]


def test_long_lyrics_show_their_first_section() -> None:
    """The button shows all of them."""
    text = "\n\n".join(f"[Part {number}]\n" + "La la la\n" * 4 for number in range(9))
    message = notice_of(a_lyrics_task(lyrics=Lyrics(text, title="Boats")))
    assert lines(message) == ["\\[Part 0\\]", *["La la la"] * 3, "La la la"]
    assert labels(message) == [CATALOG.text("notice-button-read-all")]


@pytest.mark.parametrize("word", ["FAILURE", "SUCCESS", ""], ids=lambda word: word or "none")
def test_partial_lyrics_are_not_announced_as_done(word: str) -> None:
    """A failed lyrics task with a text shows the text."""
    data = {"text": "half a li", "title": "Boats", "status": "error", "error_message": "No breath"}
    body = json.dumps({"code": "success", "data": {"task_id": "t", "status": word, "data": data}})
    (task,) = read_tasks(200, "application/json", body.encode())
    message = notice_of(task)
    assert headline_of(message) == CATALOG.text("notice-lyrics-partly", title="Boats", titled="yes")
    assert CATALOG.text("notice-lyrics-reason", reason="No breath") in message.content
    (embed,) = message.embeds
    assert (embed.description, embed.colour) == ("half a li", PARTIAL_COLOUR)
    ((page,),) = lyrics_messages(task, CATALOG)
    assert page.colour == PARTIAL_COLOUR


def test_the_marker_of_long_lyrics_is_in_the_last_embed() -> None:
    """The id does not interrupt the text."""
    message = full_notice_of(a_lyrics_task(lyrics=Lyrics("row row\n" * 700, title="Boats")))
    assert footers(message) == ["", "♪ lyrics"]


def test_a_partial_success_describes_each_version() -> None:
    """One version has a link, the other has the reason of its failure."""
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), failed_clip())))
    assert headline_of(message) == partly_headline(1, 2, "failed")
    state = CATALOG.text("card-clip-failed-because", reason="out of breath")
    assert lines(message)[2] == f"**Version 2** · 2:00 · {state}"
    assert message.embeds[0].colour == PARTIAL_COLOUR
    assert labels(message) == [CATALOG.text("card-button-listen-of-several", number=1), LYRICS]


def test_a_failed_version_without_a_reason_says_so() -> None:
    """The text says that the relay gave no reason."""
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), failed_clip(""))))
    assert CATALOG.text("card-clip-failed") in whole_text(message)


def test_a_playable_song_with_a_reported_failure_shows_both() -> None:
    """The reason of the relay follows the headline."""
    task = a_song(outcome=Outcome.PARTIAL, reason="*upstream* timeout")
    remark = CATALOG.text("notice-song-reason", reason=r"\*upstream\* timeout")
    assert notice_of(task).content.endswith(remark)


def test_a_stream_is_labelled_as_a_preview() -> None:
    """Its line says that the link does not last."""
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), streaming_clip())))
    assert headline_of(message) == partly_headline(1, 2, "preview")
    assert labels(message)[1] == CATALOG.text("card-button-preview-of-several", number=2)
    assert lines(message)[2].endswith(CATALOG.text("card-clip-preview"))


def test_a_failed_song_has_no_preview() -> None:
    """A stream of a failed task is not linked."""
    message = notice_of(a_failure(clips=(streaming_clip(),)))
    assert message.buttons == ()
    title = {"title": "Paper Boats", "titled": "yes", "kind": "music"}
    assert headline_of(message) == CATALOG.text("notice-failed", **title)


def test_a_failed_version_has_no_link() -> None:
    """A URL of a failed clip is not linked."""
    dead = replace(streaming_clip(), status=ClipStatus.ERROR)
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), dead)))
    assert labels(message) == [CATALOG.text("card-button-listen-of-several", number=1), LYRICS]
    assert "audiopipe" not in whole_text(message)


def test_an_unfinished_version_is_counted() -> None:
    """It counts neither as failed nor as a preview."""
    late = second_clip(status=ClipStatus.QUEUED, audio_url=None, audio_is_final=False)
    message = notice_of(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), late)))
    assert headline_of(message) == partly_headline(1, 2, "missing")
    assert CATALOG.text("card-clip-not-ready") in whole_text(message)


def test_a_success_with_nothing_to_play_says_so() -> None:
    """It is announced neither as done nor as failed."""
    message = notice_of(a_song(clips=(a_clip(audio_url=None, audio_is_final=False),)))
    nothing = CATALOG.text("notice-nothing-to-play", title="Paper Boats", titled="yes")
    assert headline_of(message) == nothing
    assert CATALOG.text("notice-advice-nothing") in whole_text(message)
    assert message.buttons == ()


def test_a_success_with_only_a_stream_has_a_preview() -> None:
    """The headline does not announce the song as done."""
    message = notice_of(a_song(clips=(streaming_clip(),)))
    nothing = CATALOG.text("notice-nothing-to-play", title="Paper Boats", titled="yes")
    assert headline_of(message) == nothing
    assert labels(message) == [CATALOG.text("card-button-preview"), LYRICS]


def test_a_failure_says_why_and_what_to_do() -> None:
    """The embed has the explanation, the relay's reason, the advice and, once, the id."""
    message = notice_of(a_failure("the-id", reason="boom `x`"))
    (embed,) = message.embeds
    assert headline_of(message) == CATALOG.text(
        "notice-failed", titled="no", kind="music", title=""
    )
    assert embed.title is None
    assert embed.description == CATALOG.text("notice-reason-unknown")
    assert [(field.name, field.value) for field in embed.fields] == [
        (CATALOG.text("notice-relay-reason"), r"boom \`x\`"),
        (CATALOG.text("notice-what-to-do"), CATALOG.text("notice-advice-unknown")),
    ]
    assert embed.footer.text == "♪ the-id"
    assert whole_text(message).count("the-id") == 1


@pytest.mark.parametrize("reason", ["x" * 3000, "blocked\n\n" * 300, "失败" * 900])
def test_a_failure_is_short(reason: str) -> None:
    """The relay's reason takes about four lines at most."""
    (embed,) = notice_of(a_failure(reason=reason)).embeds
    assert line_count(embed.fields[0].value or "") <= 5


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Song Description contained artist name: metallica", "artist"),
        ("Song description flagged for moderation", "moderation"),
        ("insufficient_user_quota", "credit"),
        ("余额不足", "credit"),
        ("提示词含敏感内容", "moderation"),
        ("", "silent"),
    ],
)
def test_a_known_reason_has_an_explanation_of_its_own(reason: str, cause: str) -> None:
    """The advice matches the cause."""
    text = whole_text(notice_of(a_failure(reason=reason)))
    assert CATALOG.text(f"notice-reason-{cause}") in text
    assert CATALOG.text(f"notice-advice-{cause}") in text


def test_a_lost_task_is_explained_as_lost() -> None:
    """Suno-API's UNKNOWN status is an end without a reason."""
    message = notice_of(a_failure(status=TaskStatus.UNKNOWN, reason=""))
    assert CATALOG.text("notice-reason-lost") in whole_text(message)


def test_a_failed_song_takes_its_reason_from_a_clip() -> None:
    """The reason of a clip is used if the task has none."""
    task = a_failure(reason="", clips=(replace(failed_clip(), title="Boats"),))
    message = notice_of(task)
    title = {"title": "Boats", "titled": "yes", "kind": "music"}
    assert headline_of(message) == CATALOG.text("notice-failed", **title)
    assert "out of breath" in whole_text(message)


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (a_failure(), "music"),
        (a_failure(kind=None, clips=(replace(failed_clip(), title=""),)), "music"),
        (replace(a_failure(), kind=a_lyrics_task().kind), "lyrics"),
        (a_failure(kind=None, lyrics=Lyrics("")), "lyrics"),
        (a_failure(kind=None), "task"),
    ],
)
def test_a_failure_without_a_title_names_the_kind(task: Task, kind: str) -> None:
    """The kind of the task replaces the title if it is known."""
    expected = CATALOG.text("notice-failed", title="", titled="no", kind=kind)
    assert headline_of(notice_of(task)) == expected


def test_an_unknown_id_is_explained() -> None:
    """The advice mentions typing errors and other API keys."""
    message = notice_of(Task("nope", TaskStatus.UNRECOGNIZED), EndReason.NOT_FOUND)
    (embed,) = message.embeds
    assert headline_of(message) == CATALOG.text("notice-not-found")
    assert [field.value for field in embed.fields] == [CATALOG.text("notice-advice-not-found")]
    assert embed.footer.text == "♪ nope"


def test_a_timeout_is_explained() -> None:
    """The notice does not claim that the task failed."""
    message = notice_of(a_running_task(), EndReason.GAVE_UP)
    assert headline_of(message) == CATALOG.text("notice-gave-up", title="", titled="no")
    assert "`/suno status`" in whole_text(message)
    assert "fail" not in whole_text(message)


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
def test_a_timeout_shows_the_clips_that_are_ready(end_reason: EndReason) -> None:
    """A playable version is linked although the task never ended."""
    message = notice_of(a_running_task(clips=(a_clip(), streaming_clip())), end_reason)
    missing = CATALOG.text("notice-others-preview", number=1)
    counts = CATALOG.text("notice-counts", ready=1, total=2, others=missing)
    assert headline_of(message).endswith(counts)
    assert [button.label for button in message.buttons if isinstance(button, LinkButton)] == [
        CATALOG.text("card-button-listen-of-several", number=1),
        CATALOG.text("card-button-preview-of-several", number=2),
    ]


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
@pytest.mark.parametrize(
    "task",
    [a_lyrics_task(outcome=None), a_running_task(clips=(a_clip(),))],
    ids=["lyrics", "song"],
)
def test_a_timeout_is_not_announced_as_finished(task: Task, end_reason: EndReason) -> None:
    """Even if all of it is there, the relay never reported the end."""
    message = notice_of(task, end_reason)
    key = f"notice-{end_reason.replace('_', '-')}-partly"
    expected = CATALOG.text(key, title="Paper Boats", titled="yes", counts="").strip()
    assert headline_of(message) == expected
    assert message.embeds[0].colour == PARTIAL_COLOUR
    assert LYRICS in labels(message)


def test_a_possible_duplicate_says_so() -> None:
    """The remark is a line of small print."""
    assert notice_of(a_song(), possible_duplicate=True).content.endswith(
        CATALOG.text("notice-possible-duplicate")
    )
    assert notice_of(a_song()).content == f"<@{ADA}> {song_headline()}"


def test_a_song_without_a_title_has_none() -> None:
    """A title of invisible characters counts as none."""
    message = notice_of(a_song(clips=(a_clip(title="\u200b"),)))
    assert headline_of(message) == CATALOG.text("notice-song-done", title="", titled="no")
    assert message.embeds[0].title is None


def test_many_versions_share_a_line() -> None:
    """Those without a link are counted."""
    clips = tuple(
        a_clip(id=str(number), audio_url=f"https://a.b/{number}.mp3") for number in range(12)
    )
    dead = a_clip(audio_url=None, audio_is_final=False)
    message = notice_of(a_song(clips=(*clips, dead, dead)))
    more = lines(message)[4]
    assert more.startswith("[▶\u00a04](https://a.b/3.mp3) · [▶\u00a05](https://a.b/4.mp3) · ")
    assert more.endswith(CATALOG.text("notice-more-versions", number=2))
    assert len(full_notice_of(a_song(clips=clips)).embeds) == 9


def test_links_too_long_for_a_button_are_in_the_embed() -> None:
    """Discord accepts 512 code points on a button and 2048 in an embed."""
    urls = [f"https://a.b/{number}" + "x" * 1900 for number in range(3)]
    clips = tuple(a_clip(audio_url=url) for url in urls)
    message = notice_of(a_song(clips=clips))
    assert labels(message) == [LYRICS]
    assert linked("Version 1", urls[0]) in lines(message)[1]
    assert message.embeds[0].url == urls[1]
    assert lines(message)[3].endswith(CATALOG.text("notice-link-too-long"))
    assert_fits(message)
    untitled = notice_of(a_song(clips=tuple(replace(clip, title="") for clip in clips)))
    assert untitled.embeds[0].url is None
    assert whole_text(untitled).count(CATALOG.text("notice-link-too-long")) == 2


def test_an_unusable_link_is_reported() -> None:
    """The notice says so instead of containing the link."""
    message = notice_of(a_song(clips=(a_clip(audio_url="https://a b/c", image_url="nonsense"),)))
    assert CATALOG.text("card-clip-link-unusable") in whole_text(message)
    assert message.embeds[0].thumbnail.url is None


def test_without_links_has_links_only_as_text() -> None:
    """No URL remains in embeds and buttons."""
    message = without_links(notice_of(a_song(clips=(a_clip(), second_clip()))))
    assert f"\n▶ Version 2: <{CLIP_2}> · 2:00" in message.content
    assert message.buttons == ()
    for embed in message.embeds:
        assert "https://" not in json.dumps(embed.to_dict())
    assert "Paper boats on a rainy street" in whole_text(message)


def test_without_links_does_not_change_the_full_notice() -> None:
    """The full notice can still be sent."""
    full = notice_of(a_song())
    without_links(full)
    assert CLIP_1 in (full.embeds[0].description or "")


def test_plain_text_contains_all_parts_of_a_notice() -> None:
    """It contains headline, links, lyrics and the id, and says nothing twice."""
    message = as_plain_text(notice_of(a_song()))
    assert message.embeds == ()
    assert message.buttons == ()
    assert message.content == "\n".join(
        [
            f"<@{ADA}> {song_headline()}",
            f"▶ Song: <{CLIP_1}> · 2:00",
            "-# folk, acoustic",
            "",
            r"\[Verse\]",
            "Paper boats on a rainy street",
            "-# `♪ song`",
        ]
    )


def test_plain_text_contains_links_too_long_for_a_button() -> None:
    """They are included as long as they fit."""
    url = "https://a.b/" + "x" * 600
    message = as_plain_text(notice_of(a_song(clips=(a_clip(audio_url=url),))))
    assert f"<{url}>" in message.content


def test_plain_text_truncates_lyrics_at_a_line() -> None:
    """Links and the id are never truncated."""
    message = as_plain_text(full_notice_of(a_song(clips=(a_clip(lyrics="la la la\n" * 600),))))
    assert f"la la la\n{REST}" in message.content
    assert message.content.endswith("\n-# `♪ song`")
    assert f"<{CLIP_1}>" in message.content


def test_plain_text_of_a_failure_omits_what_does_not_fit() -> None:
    """The hint says where the rest can be read."""
    many = range(10**18, 10**18 + 80)
    full = render_notice(a_failure(reason="x" * 1000), EndReason.FINISHED, many, CATALOG)
    content = as_plain_text(full).content
    assert "xxx" not in content
    assert CATALOG.text("notice-rest-status") in content
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
    """In a full notice: failed is red, a preview amber, unfinished grey."""
    late = second_clip(status=ClipStatus.QUEUED, audio_url=None, audio_is_final=False)
    clips = (a_clip(), failed_clip(), streaming_clip(), late)
    message = full_notice_of(a_song(outcome=Outcome.PARTIAL, clips=clips))
    assert [embed.colour for embed in message.embeds[1:4]] == [
        discord.Colour(value) for value in (0xDA373C, 0xF0B232, 0x80848E)
    ]
