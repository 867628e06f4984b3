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

WORDS = catalog_in("en")
# A failure is told with the task that caused it, however long its lyrics.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
ADA, BOB = 11, 22
CROWD = [2**64 - 1 - number for number in range(50)]
"""As many watchers as one message has, with the longest ids there can be."""


def told(
    task: Task, end_reason: EndReason = EndReason.FINISHED, *, possible_duplicate: bool = False
) -> Notice:
    """Return the notice for Ada."""
    return render_notice(task, end_reason, [ADA], WORDS, possible_duplicate=possible_duplicate)


def another(**changes: object) -> Clip:
    """Return a second clip that can be played."""
    url = "https://cdn1.suno.ai/clip-2.mp3"
    return a_clip(**({"id": "clip-2", "audio_url": url} | changes))


def a_broken_clip(reason: str = "out of breath") -> Clip:
    """Return a clip that failed."""
    return another(status=ClipStatus.ERROR, audio_url=None, audio_is_final=False, reason=reason)


def a_stream() -> Clip:
    """Return a clip that can be heard only while it is made."""
    url = "https://audiopipe.suno.ai/?item_id=clip-2"
    return another(status=ClipStatus.STREAMING, audio_url=url, audio_is_final=False)


def footers(message: Notice) -> list[str]:
    """Return the footers of all embeds."""
    return [embed.footer.text or "" for embed in message.embeds]


def everything(message: Notice) -> str:
    """Return all that a message says."""
    parts = [message.content, *(button.label for button in message.buttons)]
    for embed in message.embeds:
        parts += [embed.title or "", embed.description or "", embed.footer.text or ""]
        parts += [f"{field.name}\n{field.value}" for field in embed.fields]
    return "\n".join(parts)


@settings(max_examples=150, deadline=None)
@given(TASKS, st.sampled_from(EndReason), st.sampled_from(([], [ADA], CROWD)), st.booleans())
def test_every_form_of_a_notice_fits(
    task: Task, end_reason: EndReason, watchers: list[int], possible_duplicate: bool
) -> None:
    """Whatever the relay wrote, Discord takes the message in each of its three strengths."""
    full = render_notice(task, end_reason, watchers, WORDS, possible_duplicate=possible_duplicate)
    for form in (
        full,
        without_links(full),
        as_plain_text(full),
        as_plain_text(without_links(full)),
    ):
        assert_fits(form)


@settings(max_examples=150, deadline=None)
@given(TASKS, st.sampled_from(EndReason), st.booleans())
def test_every_form_bears_the_marker(
    task: Task, end_reason: EndReason, possible_duplicate: bool
) -> None:
    """By which the bot finds out later whether the message arrived."""
    full = render_notice(task, end_reason, CROWD, WORDS, possible_duplicate=possible_duplicate)
    for form in (full, without_links(full), as_plain_text(full)):
        assert has_marker(task.id, form.content, footers(form))


@settings(max_examples=60, deadline=None)
@given(TASKS, st.sampled_from(EndReason))
def test_everybody_who_watched_is_mentioned_and_nobody_else(
    task: Task, end_reason: EndReason
) -> None:
    """Fifty with the longest ids there can be, whatever stands in titles and lyrics."""
    message = render_notice(task, end_reason, [ADA, BOB, ADA], WORDS)
    assert message.content.startswith(f"<@{ADA}> <@{BOB}> ")
    allowed = dict(message.allowed_mentions.to_dict())
    assert allowed == {"parse": [], "users": [ADA, BOB]}


def test_fifty_watchers_fit() -> None:
    """As many as may watch one task in one place."""
    message = render_notice(a_song(), EndReason.FINISHED, CROWD, WORDS, possible_duplicate=True)
    assert message.content.count("<@") == 50
    assert "more" not in message.content


def test_watchers_who_do_not_fit_are_counted() -> None:
    """And exactly those are allowed to be mentioned who are."""
    message = render_notice(a_song(), EndReason.FINISHED, range(10**17, 10**17 + 200), WORDS)
    mentioned = message.content.count("<@")
    assert f"and {200 - mentioned} more Your" in message.content
    assert len(message.allowed_mentions.to_dict().get("users", [])) == mentioned <= 100
    assert_fits(message)


def test_the_fullest_message_fits() -> None:
    """Many versions with long texts of every kind, and an id as long as ids are shown."""
    long = "xy " * 900
    clips = tuple(
        replace(a_broken_clip(long), id="i" * 300, title=long, style=long, lyrics=f"{number}{long}")
        for number in range(9)
    )
    assert_fits(told(a_song("i" * 300, clips=(a_clip(), *clips), outcome=Outcome.PARTIAL)))
    assert_fits(told(a_lyrics_task("i" * 300, lyrics=Lyrics("歌" * 7000, title=long, style=long))))


def test_a_song_says_that_it_is_done() -> None:
    """One sentence, its title in bold."""
    assert told(a_song()).content == f"<@{ADA}> Your song is done: **Paper Boats**"


def test_a_clip_has_an_embed_with_all_there_is_of_it() -> None:
    """Title, style, length, cover, link, ids."""
    clip, lyrics = told(a_song()).embeds
    assert clip.title == "Paper Boats"
    assert clip.description == "folk, acoustic · 2:00"
    assert clip.image.url == "https://cdn1.suno.ai/image_clip-1.png"
    assert clip.url == "https://cdn1.suno.ai/clip-1.mp3"
    assert clip.footer.text == "♪ song · clip-1"
    assert lyrics.title == "Lyrics"
    assert lyrics.description == "\\[Verse\\]\nPaper boats on a rainy street"


def test_a_single_song_has_buttons_without_numbers() -> None:
    """The link is one press away."""
    task = a_song(clips=(a_clip(video_url="https://cdn1.suno.ai/clip-1.mp4"),))
    assert [(button.label, button.url) for button in told(task).buttons] == [
        ("Listen", "https://cdn1.suno.ai/clip-1.mp3"),
        ("Video", "https://cdn1.suno.ai/clip-1.mp4"),
    ]


def test_two_versions_are_numbered_and_share_their_lyrics() -> None:
    """Lyrics are shown once."""
    message = told(a_song(clips=(a_clip(), another())))
    assert "in 2 versions" in message.content
    assert [button.label for button in message.buttons] == ["Listen 1", "Listen 2"]
    assert [embed.description for embed in message.embeds[:2]] == [
        "Version 1 · folk, acoustic · 2:00",
        "Version 2 · folk, acoustic · 2:00",
    ]
    assert [embed.title for embed in message.embeds] == ["Paper Boats", "Paper Boats", "Lyrics"]


def test_two_clips_with_one_link_are_still_two_embeds() -> None:
    """Discord shows two embeds with the same URL as one."""
    message = told(a_song(clips=(a_clip(), a_clip(id="clip-2"))))
    assert [embed.url is None for embed in message.embeds[:2]] == [False, True]


def test_different_lyrics_are_shown_with_their_version() -> None:
    """Both of them, after the clips."""
    message = told(a_song(clips=(a_clip(), another(lyrics="La la"))))
    assert [embed.title for embed in message.embeds[2:]] == [
        "Lyrics · Version 1",
        "Lyrics · Version 2",
    ]


@pytest.mark.parametrize("text", ["歌" * 5000, "***" * 900, "la la la\n" * 550])
def test_lyrics_are_whole_wherever_they_fit(text: str) -> None:
    """5,000 code points fit one message beside two clips."""
    message = told(a_song(clips=(a_clip(lyrics=text), another(lyrics=text))))
    assert "did not fit" not in everything(message)


@pytest.mark.parametrize("text", ["歌" * 7000, "*" * 5000, "la la la\n" * 900])
def test_lyrics_that_do_not_fit_say_where_the_rest_is(text: str) -> None:
    """Nothing is dropped in silence."""
    message = told(a_song(clips=(a_clip(lyrics=text), another(lyrics=text + "!"))))
    assert everything(message).count("read it with `/suno lyrics`") == 2


def test_lyrics_of_a_lyrics_task_are_the_message() -> None:
    """Title, style as small print, text, id."""
    task = a_lyrics_task(lyrics=Lyrics("[Chorus]\nRow", title="Boats", style="folk"))
    message = told(task)
    (embed,) = message.embeds
    assert message.content == f"<@{ADA}> Your lyrics are done: **Boats**"
    assert (embed.title, embed.description) == ("Boats", "-# folk\n\\[Chorus\\]\nRow")
    assert embed.footer.text == "♪ lyrics"


@pytest.mark.parametrize("word", ["FAILURE", "SUCCESS", ""], ids=lambda word: word or "none")
def test_lyrics_that_failed_half_way_are_shown_and_not_called_done(word: str) -> None:
    """Whatever the relay says of the task: its text is half a line, and its own status an error."""
    data = {"text": "half a li", "title": "Boats", "status": "error", "error_message": "No breath"}
    body = json.dumps({"code": "success", "data": {"task_id": "t", "status": word, "data": data}})
    (task,) = read_tasks(200, "application/json", body.encode())
    message = told(task)
    assert message.content == (
        f"<@{ADA}> Your lyrics could not be finished: **Boats**. This is as far as they got.\n"
        "-# The relay says: No breath"
    )
    (embed,) = message.embeds
    assert (embed.description, embed.colour) == ("half a li", PARTIAL_COLOUR)
    ((page,),) = lyrics_messages(task, WORDS)
    assert page.colour == PARTIAL_COLOUR


def test_a_long_lyrics_task_is_marked_at_its_end() -> None:
    """There the ids are out of the way of reading."""
    message = told(a_lyrics_task(lyrics=Lyrics("row row\n" * 700, title="Boats")))
    assert footers(message) == ["", "♪ lyrics"]


def test_a_half_success_says_what_is_there_and_what_is_not() -> None:
    """One version plays, the other says why it does not."""
    message = told(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), a_broken_clip())))
    assert message.content.endswith("1 of 2 versions of **Paper Boats** is ready; 1 failed.")
    assert message.embeds[1].description == (
        "Version 2 · folk, acoustic · 2:00\nThis version failed: out of breath"
    )
    assert message.embeds[1].image.url is None
    assert [button.label for button in message.buttons] == ["Listen 1"]


def test_a_version_that_fails_without_a_reason_says_so() -> None:
    """Silence is told as silence."""
    message = told(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), a_broken_clip(""))))
    assert "The relay gave no reason." in everything(message)


def test_a_success_with_a_report_of_failure_tells_both() -> None:
    """The song plays; the relay's words are not held back."""
    task = a_song(outcome=Outcome.PARTIAL, reason="*upstream* timeout")
    assert r"reports a problem all the same: \*upstream\* timeout" in told(task).content


def test_a_stream_is_a_preview_and_no_more() -> None:
    """No title leads to it, its button says what it is."""
    message = told(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), a_stream())))
    assert message.content.endswith("is ready; 1 is only a preview.")
    assert [button.label for button in message.buttons] == ["Listen 1", "Preview 2"]
    assert message.embeds[1].url is None
    assert "Only a preview" in (message.embeds[1].description or "")


def test_a_failed_song_offers_no_stream() -> None:
    """It will never become the song."""
    message = told(a_failure(clips=(a_stream(),)))
    assert message.buttons == ()
    assert "could not be made" in message.content


def test_a_failed_version_offers_no_link() -> None:
    """What it left behind leads nowhere."""
    dead = replace(a_stream(), status=ClipStatus.ERROR)
    message = told(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), dead)))
    assert [button.label for button in message.buttons] == ["Listen 1"]


def test_a_version_that_never_came_is_named() -> None:
    """Not ready is neither failed nor a preview."""
    late = another(status=ClipStatus.QUEUED, audio_url=None, audio_is_final=False)
    message = told(a_song(outcome=Outcome.PARTIAL, clips=(a_clip(), late)))
    assert "1 did not arrive" in message.content
    assert "Not ready yet." in everything(message)


def test_a_success_with_nothing_to_play_says_so() -> None:
    """It is neither called done nor failed."""
    message = told(a_song(clips=(a_clip(audio_url=None, audio_is_final=False),)))
    assert "sent nothing that plays" in message.content
    assert "Links sometimes come late" in everything(message)
    assert message.buttons == ()


def test_a_success_with_only_a_stream_offers_it_as_a_preview() -> None:
    """There is something to hear, but it is not the song."""
    message = told(a_song(clips=(a_stream(),)))
    assert "sent nothing that plays" in message.content
    assert [button.label for button in message.buttons] == ["Preview"]


def test_a_failure_says_why_and_what_to_do() -> None:
    """In plain words, in the relay's, with the id."""
    message = told(a_failure(reason="boom `x`"))
    (embed,) = message.embeds
    assert message.content == f"<@{ADA}> Your song could not be made."
    assert embed.description == "The relay tried, and it did not work."
    assert [(field.name, field.value) for field in embed.fields] == [
        ("The relay says", r"boom \`x\`"),
        ("What you can do", WORDS.text("notice-advice-told")),
        ("Task", "`song`"),
    ]
    assert embed.footer.text == "♪ song"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Song Description contained artist name: metallica", "a known artist"),
        ("Song description flagged for moderation", "moderation refused"),
        ("insufficient_user_quota", "run out of credit"),
        ("余额不足", "run out of credit"),
        ("提示词含敏感内容", "moderation refused"),
        ("", "did not say why"),
    ],
)
def test_a_known_reason_is_told_in_plain_words(reason: str, said: str) -> None:
    """With an advice of its own."""
    assert said in everything(told(a_failure(reason=reason)))


def test_a_task_that_the_relay_lost_is_told_as_lost() -> None:
    """Suno-API's UNKNOWN is an end, not a reason."""
    message = told(a_failure(status=TaskStatus.UNKNOWN, reason=""))
    assert "lost track of this task" in everything(message)


def test_a_failed_song_takes_its_reason_from_a_clip() -> None:
    """Where the task itself gives none."""
    task = a_failure(reason="", clips=(replace(a_broken_clip(), title="Boats"),))
    message = told(task)
    assert message.content.endswith("**Boats** could not be made.")
    assert "out of breath" in everything(message)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (a_failure(), "Your song could not be made."),
        (a_failure(kind=None, clips=(replace(a_broken_clip(), title=""),)), "Your song could"),
        (replace(a_failure(), kind=a_lyrics_task().kind), "Your lyrics could not be written."),
        (a_failure(kind=None, lyrics=Lyrics("")), "Your lyrics could not be written."),
        (a_failure(kind=None), "Your task failed."),
    ],
)
def test_a_failure_without_a_title_says_what_it_was(kind: Task, said: str) -> None:
    """As far as that is known."""
    assert said in told(kind).content


def test_an_unknown_id_tells_the_truth_and_what_to_do() -> None:
    """It may be a typing error, or another key's."""
    message = told(Task("nope", TaskStatus.UNRECOGNIZED), EndReason.NOT_FOUND)
    assert message.content == (
        f"<@{ADA}> The relay does not know this task, so I have stopped watching it."
    )
    assert "Check the id" in everything(message)
    assert "`nope`" in everything(message)


def test_giving_up_tells_the_truth_and_what_to_do() -> None:
    """The relay never said; that is no failure of the song."""
    message = told(a_running_task(), EndReason.GAVE_UP)
    assert "The relay never said that your task is done" in message.content
    assert "`/suno status`" in everything(message)
    assert "fail" not in everything(message)


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
def test_what_came_before_the_end_is_not_held_back(end_reason: EndReason) -> None:
    """A version that plays is handed over even when the rest never came."""
    message = told(a_running_task(clips=(a_clip(), a_stream())), end_reason)
    assert "Of 2 versions, 1 is ready; 1 is only a preview." in message.content
    assert [button.label for button in message.buttons] == ["Listen 1", "Preview 2"]


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
def test_a_text_that_came_before_the_end_is_not_held_back(end_reason: EndReason) -> None:
    """The same for lyrics."""
    message = told(a_lyrics_task(outcome=None), end_reason)
    assert "the last text it sent" in message.content
    assert "Row, row" in everything(message)


def test_giving_up_on_a_song_that_is_all_there_does_not_call_it_finished() -> None:
    """Only the relay could."""
    message = told(a_running_task(clips=(a_clip(),)), EndReason.GAVE_UP)
    assert "1 is ready; the relay has not said that this is all." in message.content


def test_a_repeat_says_that_it_may_be_one() -> None:
    """In small print."""
    assert told(a_song(), possible_duplicate=True).content.endswith(WORDS.text("notice-repeat"))
    assert "twice" not in told(a_song()).content


def test_a_song_without_a_title_has_one_that_stands_for_it() -> None:
    """A title that shows nothing is none."""
    message = told(a_song(clips=(a_clip(title="\u200b"),)))
    assert "**Untitled**" in message.content
    assert message.embeds[0].title == "Untitled"


def test_more_clips_than_embeds_are_counted() -> None:
    """Those that are not shown still have their buttons."""
    clips = tuple(
        a_clip(id=str(number), audio_url=f"https://a.b/{number}.mp3") for number in range(12)
    )
    message = told(a_song(clips=clips))
    assert len(message.embeds) == 10
    assert "3 more versions are not shown here." in message.content
    assert len(message.buttons) == 12


def test_a_link_too_long_for_a_button_is_behind_the_title() -> None:
    """Discord takes 512 code points there and 2048 here."""
    url = "https://a.b/" + "x" * 600
    message = told(a_song(clips=(a_clip(audio_url=url),)))
    assert message.buttons == ()
    assert message.embeds[0].url == url


def test_a_link_that_discord_does_not_take_is_told_as_such() -> None:
    """It costs the link, not the message."""
    message = told(a_song(clips=(a_clip(audio_url="https://a b/c", image_url="nonsense"),)))
    assert "Discord does not accept" in everything(message)
    assert message.embeds[0].image.url is None


def test_the_simplified_form_has_links_only_as_text() -> None:
    """Nothing is left in it that Discord checks."""
    message = without_links(told(a_song(clips=(a_clip(), another()))))
    assert "\nListen 2: <https://cdn1.suno.ai/clip-2.mp3>" in message.content
    assert message.buttons == ()
    for embed in message.embeds:
        assert embed.url is None
        assert embed.image.url is None
    assert "Paper boats on a rainy street" in everything(message)


def test_simplifying_leaves_the_full_notice_as_it_was() -> None:
    """Both may be sent."""
    full = told(a_song())
    without_links(full)
    assert full.embeds[0].url == "https://cdn1.suno.ai/clip-1.mp3"


def test_plain_text_tells_everything_without_embeds() -> None:
    """The song still arrives."""
    message = as_plain_text(told(a_song()))
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


def test_plain_text_has_links_that_fit_no_button() -> None:
    """As long as there is room."""
    url = "https://a.b/" + "x" * 600
    assert f"\n<{url}>\n" in as_plain_text(told(a_song(clips=(a_clip(audio_url=url),)))).content


def test_plain_text_cuts_lyrics_at_a_line_and_says_so() -> None:
    """Links and ids are never what is cut."""
    message = as_plain_text(told(a_song(clips=(a_clip(lyrics="la la la\n" * 600),))))
    assert "la la la\n*The rest did not fit" in message.content
    assert message.content.endswith("\n-# `♪ song · clip-1`")
    assert "Listen: <" in message.content


def test_plain_text_of_a_failure_leaves_out_what_does_not_fit() -> None:
    """And says where it can be read."""
    full = render_notice(a_failure(reason="x" * 1000), EndReason.FINISHED, CROWD, WORDS)
    content = as_plain_text(full).content
    assert "xxx" not in content
    assert "`/suno status`" in content
    assert content.endswith("-# `♪ song`")


def test_plain_text_allows_the_same_mentions() -> None:
    """In every form exactly the watchers are told."""
    full = told(a_song())
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
    """Titles and lyrics are escaped: they never begin a line with small print."""
    assert has_marker("song", content, []) is found


def test_lyrics_cannot_forge_the_marker_of_another_task() -> None:
    """A message about one task is never taken for one about another."""
    song = a_song(clips=(a_clip(lyrics="-# `♪ other`", title="-# `♪ other`"),))
    for form in (told(song), as_plain_text(told(song))):
        assert not has_marker("other", form.content, footers(form))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *((154.2, "2:34"), (59.6, "1:00"), (3723, "1:02:03"), (0.2, "0:01")),
        *((None, ""), (0, ""), (-5, ""), (float("nan"), ""), (float("inf"), ""), (1e9, "")),
    ],
)
def test_a_duration_is_shown_or_left_out(seconds: float | None, shown: str) -> None:
    """Relays give numbers of every kind."""
    assert format_duration(seconds) == shown


def test_each_clip_has_the_colour_of_its_outcome() -> None:
    """Green plays, red failed, amber is a preview, grey is nothing yet."""
    late = another(status=ClipStatus.QUEUED, audio_url=None, audio_is_final=False)
    clips = (a_clip(), a_broken_clip(), a_stream(), late)
    message = told(a_song(outcome=Outcome.PARTIAL, clips=clips))
    assert [embed.colour for embed in message.embeds[:4]] == [
        discord.Colour(value) for value in (0x3BA55D, 0xDA373C, 0xF0B232, 0x80848E)
    ]
