"""The modals, replies and files of requests to create."""

import re
from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.creation.drafts import LIFETIME, MAX_DRAFTS, MAX_DRAFTS_OF_USER, Draft, Drafts
from bot.i18n.catalog import Catalog, catalog_in, languages
from bot.relay.creation import (
    CreationKind,
    CreationRequest,
    FieldProblem,
    ProblemKind,
    find_problems,
)
from bot.relay.models import Lyrics
from bot.relay.providers import KNOWN_RELAYS
from bot.relay.timed_lyrics import TimedLine, TimedLyrics
from bot.storage.models import (
    Creation,
    CreationRefusal,
    CreationRefusalReason,
    CreationReport,
    CreationState,
    DurationStats,
    QuotaUse,
    ServerSettings,
    WatchRefusal,
    WatchRefusalReason,
)
from bot.ui.clip_files import stems_reply, timing_reply, wav_reply
from bot.ui.creation_actions import version_name
from bot.ui.creation_forms import (
    FormId,
    creation_form,
    decode_form,
    extension_of,
    form_of,
    form_values,
    read_form,
    read_seconds,
    song_as_shown,
    song_of_lyrics,
)
from bot.ui.creation_replies import (
    TIME_PROBLEM,
    creation_reply,
    draft_reply,
    quota_lines,
    refused_text,
)
from bot.ui.custom_ids import CreationModalId, ExtensionModalId
from bot.ui.limits import MAX_CONTENT, MAX_DESCRIPTION
from sandbox.discord.modal_limits import read_modal
from tests.support.builders import HERE, NOON, a_clip, a_lyrics_task, a_song

ENGLISH = catalog_in("en")
MODELS = KNOWN_RELAYS["deerapi"].models
EXTENSION = ExtensionModalId(2, "account-0123456789abcdef", "song-1")
FORMS: tuple[FormId, ...] = (
    CreationModalId("description"),
    CreationModalId("custom"),
    CreationModalId("lyrics"),
    EXTENSION,
)
LONGEST = CreationRequest(
    CreationKind.CUSTOM,
    description="d" * 9000,
    title="t" * 9000,
    style="s" * 9000,
    lyrics="l" * 9000,
    instrumental=True,
    model="chirp-v4",
    extend_at=3599,
)


def fields_of(form_id: FormId, request: CreationRequest, catalog: Catalog) -> dict[str, Any]:
    """Return the fields of a modal by their names, as Discord accepts them."""
    modal = creation_form(form_id, form_values(request), MODELS, catalog)
    sent = read_modal(modal.to_dict())
    return {row["component"]["custom_id"]: row["component"] for row in sent["components"]}


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("form_id", FORMS, ids=form_of)
def test_discord_accepts_every_modal(form_id: FormId, language: str) -> None:
    """Empty ones, and those filled in with more than fits."""
    catalog = catalog_in(language)
    empty = CreationRequest(CreationKind.CUSTOM)
    assert 1 <= len(fields_of(form_id, empty, catalog)) <= 5
    assert fields_of(form_id, LONGEST, catalog).keys() == fields_of(form_id, empty, catalog).keys()
    assert decode_form(form_id.encode()) == form_id


@pytest.mark.parametrize("form_id", FORMS, ids=form_of)
def test_what_is_filled_in_is_read_back(form_id: FormId) -> None:
    """Nobody loses a text by opening its modal and sending it again."""
    request = CreationRequest(
        CreationKind(form_of(form_id)),
        description="Rain on a tin roof" if form_of(form_id) in ("description", "lyrics") else "",
    )
    if form_of(form_id) in ("custom", "extension"):
        request = replace(request, title="Harbour", style="folk", lyrics="[Verse]\n**Boats**")
    if form_of(form_id) != "lyrics":
        request = replace(request, model="chirp-v4")
    if form_of(form_id) in ("description", "custom"):
        request = replace(request, instrumental=True)
    assert read_form(form_id, form_values(request)) == request


def test_a_model_that_is_not_offered_any_more_becomes_the_default() -> None:
    """The modal could not show it."""
    request = CreationRequest(CreationKind.CUSTOM, model="chirp-v1")
    options = fields_of(CreationModalId("custom"), request, ENGLISH)["model"]["options"]
    assert [each["value"] for each in options if each.get("default")] == [MODELS[0].name]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        (" ", None),
        ("90", 90),
        ("90.5", 90.5),
        ("1:30", 90),
        ("1：30,5", 90.5),
        ("1:02:30", 3750),
    ],
)
def test_times_are_read(text: str, seconds: float | None) -> None:
    """As people write them."""
    assert read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["soon", "1:", "-5", "1:2:3:4", "٣", "9" * 9, "1e3"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """Nothing is guessed where money is spent."""
    with pytest.raises(ValueError, match="no time"):
        read_seconds(text)


def test_a_song_of_lyrics_has_their_title_style_and_text() -> None:
    """The person may change everything before it is sent."""
    task = a_lyrics_task(lyrics=Lyrics("[Chorus]\nRow", title="Boats", style="folk"))
    request = song_of_lyrics(task)
    assert (request.title, request.style, request.lyrics) == ("Boats", "folk", "[Chorus]\nRow")


def test_a_song_as_shown_is_composed_anew() -> None:
    """An instrumental one stays one."""
    assert song_as_shown(a_song()) == CreationRequest(
        CreationKind.CUSTOM,
        title="Paper Boats",
        style="folk, acoustic",
        lyrics="[Verse]\nPaper boats on a rainy street",
    )
    assert song_as_shown(a_song(clips=(a_clip(lyrics=""),))).instrumental


def test_an_extension_begins_at_the_end_in_the_same_style() -> None:
    """Its time is shown as people read it."""
    values = form_values(extension_of(a_clip(duration=154.3), None))
    assert (values["extend_at"], values["style"], values["lyrics"]) == (
        "2:34",
        "folk, acoustic",
        "",
    )


@pytest.mark.parametrize("duration", [0.4, 1.7, 119.6, 3599.7, 3600.0, 3725.0, 86_399.9])
def test_what_is_filled_in_where_an_extension_begins_can_be_sent(duration: float) -> None:
    """It is read as a time again, and none after the end of the song."""
    request = extension_of(a_clip(duration=duration), None)
    values = {
        name: str(field.get("value") or "")
        for name, field in fields_of(EXTENSION, request, ENGLISH).items()
    }
    seconds = read_seconds(values["extend_at"])
    assert duration - 1 < (seconds or 0) <= duration


def a_report(request: CreationRequest, **changes: Any) -> CreationReport:
    """Return the report of a stored request."""
    creation = Creation(7, "deerapi", request, 11, CreationState.QUEUED, NOON)
    values: dict[str, Any] = {"creation": creation, "destination": HERE, "quota": QuotaUse(4, 49)}
    return CreationReport(**values | changes)


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("line", ["la " * 8, "la" * 3000], ids=["lines", "one line"])
def test_lyrics_that_do_not_fit_are_cut_and_the_field_says_so(line: str, language: str) -> None:
    """Discord takes 4000 characters, relays write 5000; nobody pays for half a song unaware."""
    catalog = catalog_in(language)
    lyrics = "\n".join([line.strip()] * 300)[:5000]
    request = song_of_lyrics(a_lyrics_task(lyrics=Lyrics(lyrics)))
    form = creation_form(CreationModalId("custom"), form_values(request), MODELS, catalog)
    (field,) = [
        each
        for each in form.walk_children()
        if isinstance(each, discord.ui.Label)
        and isinstance(each.component, discord.ui.TextInput)
        and each.component.custom_id == "lyrics"
    ]
    assert isinstance(field.component, discord.ui.TextInput)
    filled = field.component.default or ""
    assert 3900 < len(filled) <= 4000
    assert lyrics.startswith(filled)
    assert "\n" not in lyrics or lyrics[len(filled)] == "\n"
    assert "5,000" in (field.description or "") or "5000" in (field.description or "")
    assert len(field.description or "") <= 100


HARBOUR = CreationRequest(CreationKind.CUSTOM, title="**Harbour**")


def test_the_reply_says_what_comes_when_and_what_is_left() -> None:
    """The title is escaped, the price is as it was written."""
    report = a_report(HARBOUR, price="*2* credits", typical=DurationStats(median=118, slow=200))
    assert creation_reply(report, ServerSettings(), ENGLISH).split("\n") == [
        "🎵 Making **\\*\\*Harbour\\*\\***",
        "It usually takes 2 minutes; then I'll post it here.",
        "-# 4 left of 5 in 24 hours. Price: \\*2\\* credits",
    ]


def test_chinese_replies_separate_chinese_from_numbers() -> None:
    """Also where a text is put into another one: a duration, the name of a version."""
    chinese, crowded = catalog_in("zh-CN"), re.compile("[\u4e00-\u9fff][0-9]|[0-9][\u4e00-\u9fff]")
    report = a_report(HARBOUR, typical=DurationStats(median=42, slow=200))
    version = version_name(a_song(clips=(a_clip(), a_clip())), 2, chinese)
    stems = stems_reply([a_clip()], version, chinese).embed.description or ""
    wav = wav_reply("https://relay.example/a.wav", version, chinese).embed.description or ""
    timing = chinese.text("create-timing", version=version)
    texts = [creation_reply(report, ServerSettings(), chinese), wav, stems, timing]
    assert [text for text in texts if crowded.search(text)] == []


def test_the_quota_of_the_server_is_named_where_it_ends_first() -> None:
    """Otherwise it would only be noise."""
    settings = ServerSettings()
    assert quota_lines(QuotaUse(4, 3), settings, "", ENGLISH) == [
        f"-# {ENGLISH.text('create-left', left=4, limit=5)}"
        f" {ENGLISH.text('create-left-here', left=3, limit=50)}"
    ]
    assert quota_lines(QuotaUse(None, None), settings, "", ENGLISH) == []


def test_a_description_stands_for_a_title() -> None:
    """Lyrics are written, not made; without any text there is a sentence without a name."""
    lyrics = CreationRequest(CreationKind.LYRICS, description="the sea at night")
    reply = creation_reply(a_report(lyrics, elsewhere=True), ServerSettings(), ENGLISH)
    assert reply.startswith("✍️ Writing lyrics: **the sea at night**\n")
    assert f"<#{HERE.channel_id}>" in reply
    nameless = a_report(CreationRequest(CreationKind.CUSTOM), private=True)
    assert "Making your song" in creation_reply(nameless, ServerSettings(), ENGLISH)


def test_who_repeats_a_request_does_not_see_its_description() -> None:
    """Only who has written it may see it; its title is on the card and on the song."""
    secret = CreationRequest(CreationKind.DESCRIPTION, description="for Bea's birthday")
    for request, named in ((secret, "Making your song"), (HARBOUR, "Harbour")):
        creation = Creation(7, "deerapi", request, 11, CreationState.QUEUED, NOON, author_id=12)
        reply = creation_reply(a_report(request, creation=creation), ServerSettings(), ENGLISH)
        assert named in reply
        assert "Bea" not in reply


_POSTING_REFUSALS = set(WatchRefusalReason) - {
    WatchRefusalReason.BOT_IS_GUEST,  # what is created there comes as a direct message
    WatchRefusalReason.PRIVATE_THREAD,  # requests to create name no channel
}


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("reason", CreationRefusalReason)
def test_every_refusal_has_words(reason: CreationRefusalReason, language: str) -> None:
    """Those of watching are answered as there."""
    refusal = CreationRefusal(reason, role_ids=(7,))
    text = refused_text(refusal, catalog_in(language))
    assert text
    assert ("<@&7>" in text) == (reason is CreationRefusalReason.ROLE_MISSING)
    posting = WatchRefusal(WatchRefusalReason.BOT_IS_GUEST)
    assert refused_text(posting, ENGLISH) == ENGLISH.text("watch-only-for-you")


@pytest.mark.parametrize("reason", sorted(_POSTING_REFUSALS))
def test_a_request_that_cannot_be_posted_was_not_sent(reason: WatchRefusalReason) -> None:
    """What matters is that nothing was charged, not that nothing is watched."""
    refusal = WatchRefusal(reason, role_ids=(7,), permissions=("embed-links",), channel_id=5)
    english, chinese = (refused_text(refusal, catalog_in(each)) for each in ("en", "zh-CN"))
    assert "sent to the relay" in english
    assert "没有发给中转站" in chinese
    assert "watched" not in english


def test_problems_name_the_field_and_the_limit() -> None:
    """For the model that was chosen."""
    request = CreationRequest(
        CreationKind.CUSTOM, style="s" * 201, lyrics="l" * 3001, model="chirp-v4"
    )
    problems = find_problems(request, KNOWN_RELAYS["deerapi"])
    refusal = CreationRefusal(CreationRefusalReason.INVALID, problems=tuple(problems))
    title, style, lyrics = (
        ENGLISH.text(f"create-field-{name}") for name in ("title", "style", "lyrics")
    )
    assert refused_text(refusal, ENGLISH).split("\n") == [
        ENGLISH.text("create-refused-invalid"),
        f"• {ENGLISH.text('create-problem-empty', field=title)}",
        f"• {ENGLISH.text('create-problem-too-long', field=style, length=201, limit=200)}",
        f"• {ENGLISH.text('create-problem-too-long', field=lyrics, length=3001, limit=3000)}",
    ]


@pytest.mark.parametrize(
    ("problem", "key"),
    [
        (TIME_PROBLEM, "create-problem-time"),
        (FieldProblem("model", ProblemKind.UNSUPPORTED), "create-problem-model"),
        (FieldProblem("kind", ProblemKind.UNSUPPORTED), "create-problem-unsupported"),
        (FieldProblem("extend_clip_id", ProblemKind.EMPTY), "create-problem-empty"),
        (FieldProblem("style", ProblemKind.UNSUPPORTED), "create-problem-other"),
    ],
)
def test_every_problem_has_words(problem: FieldProblem, key: str) -> None:
    """Also those that no modal can cause."""
    refusal = CreationRefusal(CreationRefusalReason.INVALID, problems=(problem,))
    expected = ENGLISH.text(key, field="<field>").partition("<field>")[2] or ENGLISH.text(key)
    assert expected in refused_text(refusal, ENGLISH)


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_refused_request_is_kept_as_a_file(language: str) -> None:
    """Every text as it was typed, below the name of its field."""
    catalog = catalog_in(language)
    values = form_values(replace(LONGEST, description="", title="Harbour", lyrics="**a**\n\n b"))
    content, file, view = draft_reply("x" * 5000, "0" * 16, values, "custom", catalog)
    assert len(content) <= MAX_CONTENT
    assert view is not None
    text = file.fp.read().decode()
    assert f"{catalog.text('create-field-lyrics')}\n**a**\n\n b" in text
    assert "s" * 9000 in text
    assert file.filename.endswith(".txt")


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_refused_topic_is_called_one(language: str) -> None:
    """In the answer and in the file, as in the command and in its modal."""
    catalog = catalog_in(language)
    problem = FieldProblem("description", ProblemKind.EMPTY)
    refusal = CreationRefusal(CreationRefusalReason.INVALID, problems=(problem,))
    topic = catalog.text("create-field-topic")
    assert catalog.text("create-problem-empty", field=topic) in refused_text(
        refusal, catalog, "lyrics"
    )
    _, file, _ = draft_reply("", "0" * 16, {"description": "rain"}, "lyrics", catalog)
    assert file.fp.read().decode() == f"{topic}\nrain"


def test_what_is_filled_in_splits_no_visible_character() -> None:
    """Lyrics that do not fit are cut before the first character that does not fit whole."""
    form = CreationModalId(CreationKind.CUSTOM)
    modal = creation_form(form, {"lyrics": "a" * 3999 + "e\u0301"}, MODELS, ENGLISH)
    fields = [each for each in modal.walk_children() if isinstance(each, discord.ui.TextInput)]
    assert [each.default for each in fields if each.custom_id == "lyrics"] == ["a" * 3999]


def test_a_draft_is_kept_for_its_author_and_for_a_time() -> None:
    """Others cannot open it, and the memory is bounded."""
    now = [0.0]
    drafts = Drafts(lambda: now[0])
    first = drafts.add(Draft(7, "create-form:custom", {"title": "Harbour"}))
    assert drafts.get(first, 8) is None
    draft = drafts.get(first, 7)
    assert draft is not None
    assert draft.values == {"title": "Harbour"}
    now[0] = LIFETIME
    assert drafts.get(first, 7) is None
    ids = [
        drafts.add(Draft(user_id, "create-form:custom", {})) for user_id in range(MAX_DRAFTS + 1)
    ]
    kept = [drafts.get(each, user_id) for user_id, each in enumerate(ids)]
    assert [draft is None for draft in kept] == [True] + MAX_DRAFTS * [False]


def test_the_drafts_of_one_person_take_no_others_place() -> None:
    """However much somebody sends that is refused."""
    drafts = Drafts(lambda: 0.0)
    other = drafts.add(Draft(8, "create-form:custom", {}))
    ids = [drafts.add(Draft(7, "create-form:custom", {})) for _ in range(MAX_DRAFTS)]
    assert drafts.get(other, 8) is not None
    gone = MAX_DRAFTS - MAX_DRAFTS_OF_USER
    assert [drafts.get(each, 7) is None for each in ids] == (
        gone * [True] + MAX_DRAFTS_OF_USER * [False]
    )


SUNG = TimedLyrics(
    lines=(TimedLine(2.0, "Paper *boats*"), TimedLine(62.5, "Row")),
    sections=(TimedLine(2.0, "[Verse]"), TimedLine(62.5, "[Chorus]")),
)


def test_timed_lyrics_are_a_file_and_the_times_of_sections() -> None:
    """Without sections, the times of all lines are shown, escaped."""
    task = a_song(clips=(a_clip(title="Paper Boats", lyrics="[Bridge]\nLa"),))
    reply = timing_reply(SUNG, task, 1, ENGLISH)
    assert reply.file is not None
    assert reply.file.filename == "Paper-Boats.lrc"
    assert reply.file.fp.read().decode() == (
        "[ti:Paper Boats]\n[00:02.00]Paper *boats*\n[01:02.50]Row\n"
    )
    assert (reply.embed.description or "").split("\n")[2:] == ["`0:02` Verse", "`1:02` Chorus"]
    plain = timing_reply(replace(SUNG, sections=()), task, 1, ENGLISH)
    assert (plain.embed.description or "").split("\n")[2:] == [
        "`0:02` Paper \\*boats\\*",
        "`1:02` Row",
    ]


def test_timed_lyrics_open_a_reader_with_the_times_of_the_sections() -> None:
    """Those of the version that was asked for."""
    clips = (
        a_clip(title="Paper Boats", lyrics="[Verse]\nOther words"),
        a_clip(title="Paper Boats", lyrics="[Verse]\nPaper *boats*\n\n[Chorus]\nRow"),
    )
    for task, placeholder in (
        (a_song(clips=clips), ENGLISH.text("reader-go-to-version", number=2)),
        (a_song(clips=(clips[1], clips[1])), ENGLISH.text("reader-go-to-version", number=2)),
    ):
        reply = timing_reply(SUNG, task, 2, ENGLISH)
        assert reply.content == "🎤 The timed lyrics of **Paper Boats**, version 2"
        assert "Paper \\*boats\\*" in (reply.embed.description or "")
        assert reply.view is not None
        (menu,) = (each for each in reply.view.children if isinstance(each, discord.ui.Select))
        assert menu.placeholder == placeholder
        assert [each.label for each in menu.options] == ["Verse · 0:02", "Chorus · 1:02"]
        assert reply.file is not None


def test_files_that_are_not_ready_or_not_usable_are_not_linked() -> None:
    """A relay may name an address of a private network."""
    waiting, none = ENGLISH.text("create-file-waiting"), ENGLISH.text("create-file-none")
    link = "https://cdn1.suno.ai/clip-1.wav"
    assert wav_reply(None, "", ENGLISH).embed.description == waiting
    assert wav_reply("http://10.0.0.1/a.wav", "", ENGLISH).embed.description == none
    assert f"({link})" in (wav_reply(link, "", ENGLISH).embed.description or "")
    assert wav_reply("", "", ENGLISH).embed.description == none
    assert stems_reply(None, "", ENGLISH).embed.description == waiting
    assert stems_reply([], "", ENGLISH).embed.description == none
    assert stems_reply([a_clip(audio_url=None)], "", ENGLISH).embed.description == none
    stems = stems_reply([a_clip(title="Vocals"), a_clip(title="")], "", ENGLISH)
    text = stems.embed.description or ""
    assert "• [Vocals](" in text
    assert f"• [{ENGLISH.text('create-stem', number=2)}](" in text
    assert timing_reply(None, a_song(), 1, ENGLISH).file is None
    nothing = timing_reply(TimedLyrics((), ()), a_song(), 1, ENGLISH)
    assert nothing.embed.description == ENGLISH.text("create-timing-none")


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("length", [20, 700, 1900])
def test_no_stem_is_dropped_without_a_word(length: int, language: str) -> None:
    """Signed links are long: what does not fit is in a file, and the answer says how many."""
    catalog = catalog_in(language)
    link = "https://media.example.com/stem.mp3?token="
    stems = [
        a_clip(title=f"Stem [{number}]", audio_url=f"{link}{number:0{length}}")
        for number in range(24)
    ]
    reply = stems_reply(stems, "**Harbour**", catalog)
    text = reply.embed.description or ""
    shown = text.count("](https://")
    assert shown >= 1
    assert len(text) <= MAX_DESCRIPTION
    if reply.file is None:
        assert shown == len(stems)
        return
    assert text.endswith(catalog.text("create-stems-more", count=len(stems) - shown))
    file = reply.file.fp.read().decode()
    assert [stem.audio_url for stem in stems] == file.split("\n")[1::3]
    assert file.startswith("Stem [0]\nhttps://")
