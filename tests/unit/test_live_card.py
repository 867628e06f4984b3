"""The content of live cards in each state, in every language."""

from typing import Any

import pytest

from bot.i18n.catalog import catalog_in, languages
from bot.relay.models import ClipStatus, Outcome, Task, TaskKind, TaskStatus
from bot.storage.models import Destination, DurationStats, EndReason, LiveCard, LiveCardTask
from bot.ui.live_card import RenderedCard, live_card_view, render_live_card
from tests.support.builders import HERE, NOON, a_clip, a_failure, a_running_task, a_song

BLUE, GREY = 0x5865F2, 0x80848E
UNKNOWN_TASK = Task("unknown-task", TaskStatus.UNRECOGNIZED)


def running(task: Task | None = None, **changes: Any) -> LiveCardTask:
    """Return a watched running task of a card."""
    values: dict[str, Any] = {
        "end_reason": None,
        "message_id": None,
        "known": True,
        "watched": True,
        "notice_pending": False,
    }
    return LiveCardTask("deerapi", task or a_running_task(), **values | changes)


def ended(
    task: Task | None = None, end_reason: EndReason = EndReason.FINISHED, **changes: Any
) -> LiveCardTask:
    """Return an ended task of a card whose notice is posted."""
    values: dict[str, Any] = {"end_reason": end_reason, "watched": False, "message_id": 7}
    return running(task or a_song(), **values | changes)


def unwatched(task: Task | None = None, **changes: Any) -> LiveCardTask:
    """Return a task of a card that nobody watches any more."""
    return running(task or UNKNOWN_TASK, **{"watched": False, "known": False} | changes)


def a_card(*tasks: LiveCardTask, **changes: Any) -> LiveCard:
    """Return a card; user 1 watches the running tasks."""
    values: dict[str, Any] = {
        "id": 3,
        "destination": HERE,
        "message_id": 9,
        "watchers": (1,) if any(task.watched for task in tasks) else (),
        "read_at": NOON,
        "nonce": "nonce",
        "attempts": 0,
        "unconfirmed_since": None,
        "own_text_only": False,
        "version": "1",
        "content_digest": None,
    }
    return LiveCard(tasks=tasks, **values | changes)


def look(card: LiveCard, language: str = "en") -> RenderedCard:
    """Return the content of a card's message where the bot may embed."""
    return render_live_card(card, catalog_in(language), now=NOON, may_embed=True)


def text_of(card: LiveCard, language: str = "en") -> str:
    """Return the whole text of a card."""
    shown = look(card, language)
    parts = [shown.content, *(f"{embed.title}\n{embed.description}" for embed in shown.embeds)]
    return "\n".join(filter(None, parts))


def colour_of(card: LiveCard) -> int | None:
    """Return the colour of a card, ``None`` for one that is plain text."""
    colours = [embed.colour.value for embed in look(card).embeds if embed.colour]
    return colours[0] if colours else None


def says(key: str, **values: str | int) -> str:
    """Return a text of the English catalogue."""
    return catalog_in("en").text(key, **values)


def labels(card: LiveCard, language: str = "en") -> list[str]:
    """Return the labels of a card's buttons."""
    view = live_card_view(card, catalog_in(language))
    return [item.label for item in view.children] if view else []  # type: ignore[attr-defined]  # buttons


ENDINGS = {
    "✅": ended(),
    "🟡": ended(a_song(outcome=Outcome.PARTIAL)),
    "❌": ended(a_failure()),
    "❔": ended(a_running_task(), EndReason.NOT_FOUND),
    "⌛": ended(a_running_task(), EndReason.GAVE_UP, polled_for=86_400.0),
    "⏹️": unwatched(),
}


@pytest.mark.parametrize(("icon", "task"), ENDINGS.items(), ids=ENDINGS)
@pytest.mark.parametrize("language", sorted(languages()))
def test_a_finished_card_is_one_line(icon: str, task: LiveCardTask, language: str) -> None:
    """It begins with the icon of how the task ended; only a success has the green one."""
    shown = look(a_card(task), language)
    assert (shown.embeds, shown.view) == ((), None)
    assert shown.content.startswith(f"{icon} ")
    assert "\n" not in shown.content


def test_the_line_of_a_finished_card_links_the_notice() -> None:
    """The title is the link, so that nothing is said twice."""
    link = "https://discord.com/channels/50/500/7"
    assert look(a_card(ended())).content.startswith(f"✅ [**Paper Boats**]({link}) · ")


def test_a_card_that_gave_up_says_after_how_long() -> None:
    """The deadline is a setting, and outages extend it."""
    text = text_of(a_card(ENDINGS["⌛"]))
    assert says("duration-hours", number=24) in text


def test_several_finished_tasks_are_a_line_each() -> None:
    """Each begins with its icon."""
    lines = look(a_card(*ENDINGS.values())).content.split("\n")
    assert [line.split(" ")[0] for line in lines] == list(ENDINGS)


@pytest.mark.parametrize(
    "tasks",
    [
        (running(),),
        (ended(notice_pending=True, message_id=None),),
        (ended(), running()),
        (running(UNKNOWN_TASK, known=False),),
    ],
)
def test_an_unfinished_card_is_never_green(tasks: tuple[LiveCardTask, ...]) -> None:
    """It is blue, also when all tasks succeeded but a message is still to come."""
    assert colour_of(a_card(*tasks)) == BLUE


def test_a_pending_message_is_announced() -> None:
    """The task is done, and its notice is not posted yet."""
    text = text_of(a_card(ended(notice_pending=True, message_id=None)))
    assert says("live-sending-notice") in text
    assert "https://" not in text


def test_a_message_that_waits_for_other_tasks_is_not_on_its_way() -> None:
    """Tasks that are watched together end in one message, which comes when all have ended."""
    pending = ended(notice_pending=True, notice_collecting=True, message_id=None)
    for card in (a_card(pending), a_card(pending, running())):
        assert says("live-collecting") in text_of(card)
        assert says("live-sending-notice") not in text_of(card)


def test_a_card_without_watchers_says_so_and_has_no_buttons() -> None:
    """It claims neither that the task ended nor that it is watched."""
    card = a_card(unwatched(a_running_task(), known=True))
    assert says("live-unwatched") in text_of(card)
    assert labels(card) == []


def test_unwatched_tasks_of_a_group_are_not_counted() -> None:
    """The card counts only the watched tasks and shows the others as stopped."""
    lines = text_of(a_card(unwatched(), running(), ended())).split("\n")
    assert lines[0] == says("live-group", ended=1, total=2)
    assert lines[1].startswith("⏹️ ")
    assert lines[1].endswith(says("live-unwatched"))


def test_each_line_of_a_group_begins_with_an_icon() -> None:
    """The name follows, and then the state; the id is shown only without a title."""
    titled = a_running_task(clips=(a_clip(status=ClipStatus.QUEUED),))
    lines = text_of(a_card(running(titled), running(), ended())).split("\n")
    assert lines[1] == "⏳ **Paper Boats** · 30%"
    assert lines[2].startswith(f"⏳ **{says('live-name', kind='music')}** `song`")
    assert lines[3].startswith("✅ [**Paper Boats**](")


def test_an_unknown_task_is_not_shown_as_running() -> None:
    """A task that no look-up returned yet is rendered as waiting, alone and in a group."""
    waiting = running(UNKNOWN_TASK, known=False)
    assert says("live-unknown") in text_of(a_card(waiting))
    assert says("live-waiting") in text_of(a_card(waiting, running()))
    assert says("card-state-running") not in text_of(a_card(waiting))


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("tasks", [(running(),), (running(), ended())], ids=["one", "several"])
def test_a_card_says_that_the_relay_is_down(language: str, tasks: tuple[LiveCardTask, ...]) -> None:
    """It says since when, is grey, and claims no progress of a task alone."""
    card = a_card(*tasks, relay_down_since=NOON - 300)
    time = f"<t:{NOON - 300:.0f}:R>"
    assert catalog_in(language).text("live-relay-down", time=time) in text_of(card, language)
    assert colour_of(card) == GREY
    assert labels(card, language)


def test_a_running_card_says_how_long_it_takes_and_is_watched() -> None:
    """Both are in the small print; the deadline is the last one of a group."""
    tasks = (running(deadline_at=NOON + 60), running(deadline_at=NOON + 86_400))
    small = text_of(a_card(*tasks, typical=DurationStats(median=41.3, slow=80.0))).split("\n")[-2]
    assert small.startswith("-# ")
    assert says("card-typical", time=says("duration-seconds", number=41)) in small
    assert says("live-deadline", time=f"<t:{NOON + 86_400:.0f}:R>") in small


def test_the_progress_of_the_relay_is_drawn() -> None:
    """Without one the card says only that the task is being made."""
    assert "▰▰▰▱▱▱▱▱▱▱ 30%" in text_of(a_card(running()))
    assert "▱" not in text_of(a_card(running(a_running_task(progress=None))))


def test_a_running_card_links_one_preview() -> None:
    """The link is beside the buttons to join and to leave, in one row on a phone."""
    stream = a_clip(
        status=ClipStatus.STREAMING, audio_url="https://audiopipe.suno.ai/1", audio_is_final=False
    )
    card = a_card(running(a_running_task(clips=(stream, stream))))
    join, leave = says("live-button-join"), says("live-button-leave")
    assert labels(card) == [join, leave, says("card-button-preview")]


def test_an_own_text_card_contains_no_foreign_text() -> None:
    """It has no title, id or link of the relay."""
    secret = a_running_task("secret-id", clips=(a_clip(title="secret", style="secret"),))
    alone = a_card(running(secret), own_text_only=True)
    several = a_card(running(secret), ended(a_song("secret-id")), own_text_only=True)
    over = a_card(ended(a_song("secret-id", clips=(a_clip(title="secret"),))), own_text_only=True)
    for card in (alone, several, over):
        assert "secret" not in text_of(card)
    for card in (alone, several):
        assert labels(card) == [says("live-button-join"), says("live-button-leave")]
    assert f"✅ [**{says('live-number', number=2)}**](" in text_of(several)


@pytest.mark.parametrize("may_embed", [True, False, None])
@pytest.mark.parametrize("task", [running(), ended()], ids=["running", "ended"])
def test_unknown_embed_permission_never_leaves_an_empty_message(
    task: LiveCardTask, may_embed: bool | None
) -> None:
    """The card then has buttons or is plain text."""
    shown = render_live_card(a_card(task), catalog_in("en"), now=NOON, may_embed=may_embed)
    assert bool(shown.content) != bool(shown.embeds)
    assert may_embed or shown.content or shown.view


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("title", ["*" * 200, "歌" * 200, "[" * 200, "👨‍👩‍👧" * 60])
@pytest.mark.parametrize("end_reason", EndReason)
def test_a_large_card_fits_as_text(title: str, end_reason: EndReason, *, finished: bool) -> None:
    """Ten tasks with long titles fit in a message's content, each with its line."""
    song = a_song("song", clips=(a_clip(title=title),))
    tasks = [ended(song, end_reason, message_id=10**18, polled_for=86_400.0)] * 10
    tasks[-1] = tasks[-1] if finished else running(song)
    place = Destination(channel_id=10**18, guild_id=10**18, locale="en-US")
    card = a_card(*tasks, watchers=tuple(range(10**18, 10**18 + 50)), destination=place)
    shown = render_live_card(card, catalog_in("en"), now=NOON, may_embed=False)
    assert len(shown.content) <= 2000
    assert len(shown.content.split("\n")) == (10 if finished else 12)


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("kind", TaskKind)
def test_a_request_that_is_still_to_be_sent_says_so(kind: TaskKind, language: str) -> None:
    """It has no deadline yet, and an id that nobody needs; alone and among others."""
    catalog = catalog_in(language)
    task = Task("creation-7", TaskStatus.NOT_START, claimed_kind=kind)
    pending = running(task, known=False, is_pending=True, deadline_at=NOON + 300)
    alone = text_of(a_card(pending), language)
    assert catalog.text("live-name", kind=kind) in alone
    assert catalog.text("live-pending") in alone
    assert "<t:" not in alone
    among_others = text_of(a_card(pending, running()), language)
    assert catalog.text("live-pending-short") in among_others
    assert "creation-7" not in f"{alone}{among_others}"


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("end_reason", [EndReason.REJECTED, EndReason.UNCONFIRMED])
def test_the_last_line_of_a_request_says_what_became_of_it(
    end_reason: EndReason, language: str
) -> None:
    """And whether it may have been charged; it has no id that a relay knows."""
    task = Task("creation-7", TaskStatus.NOT_START, claimed_kind=TaskKind.MUSIC)
    shown = text_of(a_card(ended(task, end_reason)), language)
    catalog = catalog_in(language)
    assert catalog.text(f"live-{end_reason}") in shown
    assert catalog.text("live-name", kind="music") in shown
    assert "creation" not in shown
    assert shown.startswith("❌ " if end_reason is EndReason.REJECTED else "❔ ")
