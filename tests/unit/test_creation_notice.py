"""What notices say of requests to create, and which next steps they offer."""

from dataclasses import replace

import pytest

from bot.i18n.catalog import catalog_in, languages
from bot.relay.creation import RejectionReason
from bot.relay.models import Clip, Task, TaskKind, TaskStatus
from bot.relay.providers import Capability
from bot.storage.models import EndReason, MessageFormat, TaskEnd
from bot.ui.creation_actions import CreationActions, song_menu
from bot.ui.custom_ids import CreationButtonId, ExtensionModalId
from bot.ui.notice import Notice, render_notice
from bot.ui.notice_fallbacks import as_plain_text, minimal_notice
from bot.ui.summary import Summary, render_summary
from bot.ui.views import ActionButton
from tests.support.builders import a_clip, a_failure, a_lyrics_task, a_song
from tests.support.hostile import assert_fits

ENGLISH = catalog_in("en")
ACCOUNT = "account-0123456789abcdef"
OFFERED = CreationActions(song=True, again=True, account=ACCOUNT)
REQUESTED = Task(
    "creation-7",
    TaskStatus.NOT_START,
    claimed_kind=TaskKind.MUSIC,
    clips=(Clip("", title="Harbour"),),
)
"""As a request is stored until a relay has begun it: it has a title and no result."""
ACTIONS = ("more", "again", "edit", "song")


def notice_of(
    task: Task,
    end_reason: EndReason = EndReason.FINISHED,
    rejection: RejectionReason | None = None,
    actions: CreationActions = OFFERED,
    language: str = "en",
) -> Notice:
    """Return the notice for one user."""
    catalog = catalog_in(language)
    return render_notice(task, end_reason, [11], catalog, rejection=rejection, actions=actions)


def offered_by(notice: Notice) -> list[str]:
    """Return the actions of the buttons that are about creating."""
    custom_ids = [
        CreationButtonId.decode(button.custom_id)
        for button in notice.buttons
        if isinstance(button, ActionButton)
    ]
    return [each.action for each in custom_ids if each]


def test_a_song_offers_more_in_the_same_row() -> None:
    """Play both versions, read the lyrics, and open the menu: four buttons, and a video if any."""
    clips = (a_clip(video_url="https://cdn1.suno.ai/clip-1.mp4"), a_clip(id="clip-2"))
    notice = notice_of(a_song(clips=clips))
    assert [button.label for button in notice.buttons] == [
        ENGLISH.text("card-button-listen-of-several", number=1),
        ENGLISH.text("card-button-listen-of-several", number=2),
        ENGLISH.text("notice-button-lyrics"),
        ENGLISH.text("create-button-more"),
        ENGLISH.text("card-button-video-of-several", number=1),
    ]


def test_the_menu_of_a_song_with_many_versions_is_not_crowded_out() -> None:
    """The last versions have no button of their own."""
    clips = tuple(a_clip(id=f"clip-{number}") for number in range(6))
    notice = notice_of(a_song(clips=clips))
    assert len(notice.buttons) == 5
    assert offered_by(notice) == ["more"]


@pytest.mark.parametrize(
    ("task", "end_reason", "rejection", "expected"),
    [
        (a_song(), EndReason.FINISHED, None, ["more"]),
        (a_lyrics_task(), EndReason.FINISHED, None, ["song"]),
        (a_failure(), EndReason.FINISHED, None, ["again", "edit"]),
        (REQUESTED, EndReason.REJECTED, RejectionReason.CREDIT, ["again", "edit"]),
        (REQUESTED, EndReason.UNCONFIRMED, None, ["again", "edit"]),
        (a_song(clips=()), EndReason.GAVE_UP, None, []),
    ],
)
def test_each_end_offers_what_fits(
    task: Task,
    end_reason: EndReason,
    rejection: RejectionReason | None,
    expected: list[str],
) -> None:
    """What is still running somewhere is not made again by a button."""
    notice = notice_of(task, end_reason, rejection)
    assert offered_by(notice) == expected
    assert not offered_by(notice_of(task, end_reason, rejection, CreationActions()))
    assert_fits(notice)


def test_what_was_not_created_here_is_not_repeated() -> None:
    """A failure of a task from elsewhere has no button, a song still has its menu."""
    actions = CreationActions(song=True, account=ACCOUNT)
    assert offered_by(notice_of(a_failure(), actions=actions)) == []
    assert offered_by(notice_of(a_song(), actions=actions)) == ["more"]


def test_a_task_id_that_fits_no_button_has_none() -> None:
    """No relay makes ids that long."""
    notice = notice_of(a_failure("x" * 90))
    assert offered_by(notice) == []
    assert_fits(notice)


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("reason", [*RejectionReason, None])
def test_a_rejection_says_that_nothing_was_charged_and_what_to_do(
    reason: RejectionReason | None, language: str
) -> None:
    """Also in plain text, and where Discord rejects everything that a person wrote."""
    catalog = catalog_in(language)
    notice = notice_of(REQUESTED, EndReason.REJECTED, reason, language=language)
    key = "notice-rejected" if reason else "notice-cancelled"
    sentence = catalog.text(key, title="Harbour", titled="yes", kind="music")
    assert sentence in notice.content
    explained = catalog.text(f"create-rejected-{reason or 'cancelled'}")
    advice = catalog.text(f"create-advice-{reason or 'cancelled'}")
    (embed,) = notice.embeds
    assert embed.description == explained
    assert [field.value for field in embed.fields] == [advice]
    assert advice in as_plain_text(notice).content
    minimal = minimal_notice(REQUESTED, EndReason.REJECTED, [11], catalog, rejection=reason)
    assert catalog.text(key, title="", titled="no", kind="music") in minimal.content
    assert "Harbour" not in minimal.content


def test_lyrics_that_were_not_written_are_no_song() -> None:
    """What was asked for is known without a result."""
    task = Task("creation-7", TaskStatus.NOT_START, claimed_kind=TaskKind.LYRICS)
    notice = notice_of(task, EndReason.REJECTED, RejectionReason.BUSY)
    assert ENGLISH.text("notice-rejected", title="", titled="no", kind="lyrics") in notice.content


def test_the_words_of_the_relay_are_quoted_escaped() -> None:
    """They may hold anything."""
    task = Task("creation-7", TaskStatus.UNRECOGNIZED, reason="**no** credit @everyone")
    notice = notice_of(task, EndReason.REJECTED, RejectionReason.CREDIT)
    quoted = notice.embeds[0].fields[0].value or ""
    assert "\\*\\*no\\*\\* credit" in quoted
    assert "@everyone" not in quoted


@pytest.mark.parametrize("language", sorted(languages()))
def test_without_an_answer_it_may_have_been_charged(language: str) -> None:
    """The notice claims neither that it was made nor that it was not."""
    catalog = catalog_in(language)
    notice = notice_of(REQUESTED, EndReason.UNCONFIRMED, language=language)
    assert catalog.text("notice-unconfirmed", title="Harbour", titled="yes") in notice.content
    (field,) = notice.embeds[0].fields
    assert field.value == catalog.text("notice-advice-unconfirmed")


def test_a_summary_names_what_became_of_requests() -> None:
    """In a few words each."""
    ends = (
        TaskEnd(REQUESTED, EndReason.REJECTED, RejectionReason.MODERATION),
        TaskEnd(REQUESTED, EndReason.REJECTED),
        TaskEnd(REQUESTED, EndReason.UNCONFIRMED),
        TaskEnd(a_song(), EndReason.FINISHED),
    )
    notice = render_summary(Summary(ends, (11,), "0" * 12), MessageFormat.FULL, ENGLISH)
    lines = (notice.embeds[0].description or "").split("\n")
    expected = [
        ENGLISH.text("summary-rejected", reason="moderation"),
        ENGLISH.text("summary-rejected", reason="cancelled"),
        ENGLISH.text("summary-unconfirmed"),
    ]
    assert all(text in line for text, line in zip(expected, lines, strict=False))


def menu_labels(task: Task, *capabilities: Capability, can_repeat: bool = True) -> list[list[str]]:
    """Return the labels of the buttons of a song's menu, row by row."""
    _, view = song_menu(ACCOUNT, task, frozenset(capabilities), ENGLISH, can_repeat=can_repeat)
    rows: dict[int, list[str]] = {}
    for item in view.children:
        rows.setdefault(item.row or 0, []).append(getattr(item, "label", ""))
    return [rows[row] for row in sorted(rows)]


def test_the_menu_offers_only_what_the_relay_can_do() -> None:
    """A row for what concerns the song, and one for each version."""
    song = a_song(clips=(a_clip(), a_clip(id="clip-2")))
    again, edit = ENGLISH.text("create-button-again"), ENGLISH.text("create-button-edit")
    assert menu_labels(song, Capability.MUSIC) == [[again, edit]]
    assert menu_labels(song, Capability.MUSIC, can_repeat=False) == [[edit]]
    assert menu_labels(song, *Capability) == [
        [again, edit],
        *(
            [
                ENGLISH.text(f"create-button-{action}-of-several", number=number)
                for action in ("extend", "wav", "timing", "stems")
            ]
            for number in (1, 2)
        ),
    ]
    assert menu_labels(a_song(), Capability.WAV) == [[ENGLISH.text("create-button-wav")]]


@pytest.mark.parametrize("length", range(60, 82))
def test_a_version_is_extended_only_where_its_form_fits(length: int) -> None:
    """The custom id of the form is longer than that of the button."""
    song = replace(a_song(), id="a" * length)
    _, view = song_menu("custom", song, frozenset(Capability), ENGLISH, can_repeat=False)
    offered = [getattr(each, "label", "") for each in view.children]
    is_offered = ENGLISH.text("create-button-extend") in offered
    assert is_offered == ExtensionModalId(1, "custom", song.id).is_encodable


def test_versions_that_cannot_be_played_have_no_buttons() -> None:
    """Their numbers are those of the notice, and no more than four have a row."""
    clips: tuple[Clip, ...] = (a_clip(audio_is_final=False), *(a_clip(id=f"{n}") for n in range(6)))
    rows = menu_labels(a_song(clips=clips), Capability.WAV)
    assert rows == [
        [ENGLISH.text("create-button-wav-of-several", number=number)] for number in (2, 3, 4, 5)
    ]
