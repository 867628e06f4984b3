"""The content of live cards in each state, in every language."""

from typing import Any

import pytest

from bot.i18n.catalog import catalog_in, languages
from bot.relay.models import ClipStatus, Outcome, Task, TaskStatus
from bot.storage.models import EndReason, LiveCard, LiveCardTask
from bot.ui.live_card import live_card_embed, live_card_view, render_live_card
from tests.support.builders import HERE, NOON, a_clip, a_failure, a_running_task, a_song

BLUE, GREEN, AMBER, RED, GREY = 0x5865F2, 0x3BA55D, 0xF0B232, 0xDA373C, 0x80848E
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
    return LiveCardTask(task or a_running_task(), **values | changes)


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


def rendered(card: LiveCard, language: str = "en") -> tuple[str, int]:
    """Return the text and the colour of a card."""
    embed = live_card_embed(card, catalog_in(language), now=NOON)
    assert embed.colour is not None
    return f"{embed.title}\n{embed.description}", embed.colour.value


def labels(card: LiveCard, language: str = "en") -> list[str]:
    """Return the labels of a card's buttons."""
    view = live_card_view(card, catalog_in(language))
    return [item.label for item in view.children] if view else []  # type: ignore[attr-defined]  # buttons


NOTHING_MADE = {
    "failed": ended(a_failure()),
    "unknown to the relay": ended(a_running_task(), EndReason.NOT_FOUND),
    "given up": ended(a_running_task(), EndReason.GAVE_UP),
    "left by everybody": unwatched(),
    "left, though it runs on elsewhere": unwatched(a_running_task(), known=True),
}


@pytest.mark.parametrize("task", NOTHING_MADE.values(), ids=NOTHING_MADE)
@pytest.mark.parametrize("beside", [(), (ended(),)], ids=["alone", "beside a song"])
def test_a_card_is_not_green_without_success(
    task: LiveCardTask, beside: tuple[LiveCardTask, ...]
) -> None:
    """Failed, unknown and unwatched tasks are not announced as done."""
    text, colour = rendered(a_card(task, *beside))
    assert colour != GREEN
    assert "All done" not in text


def test_a_card_is_green_if_all_tasks_succeeded() -> None:
    """The rule is the same for one task and for several."""
    assert rendered(a_card(ended()))[1] == GREEN
    text, colour = rendered(a_card(ended(), ended()))
    assert colour == GREEN
    assert text.startswith("All done")


@pytest.mark.parametrize(
    ("tasks", "colour"),
    [
        ((ended(a_failure()),), RED),
        ((ended(a_song(outcome=Outcome.PARTIAL)),), AMBER),
        ((ended(a_failure()), ended(a_failure())), RED),
        ((ended(a_failure()), ended()), AMBER),
        ((ended(a_failure()), unwatched()), RED),
        ((unwatched(),), GREY),
        ((ended(notice_pending=True, message_id=None),), BLUE),
        ((ended(), running()), BLUE),
    ],
)
def test_the_colour_shows_the_outcome(tasks: tuple[LiveCardTask, ...], colour: int) -> None:
    """The card is blue until its state is final."""
    assert rendered(a_card(*tasks))[1] == colour


def test_a_card_without_watchers_says_so_and_has_no_buttons() -> None:
    """It claims neither that the task ended nor that it is watched."""
    card = a_card(unwatched())
    text, _ = rendered(card)
    assert text.startswith("Not watched any more")
    assert "Nobody was watching any more" in text
    assert labels(card) == []


def test_unwatched_tasks_of_a_group_are_not_counted() -> None:
    """The card counts only the watched tasks and shows the others as stopped."""
    text, _ = rendered(a_card(unwatched(), running(), ended()))
    assert text.startswith("1 of 2 have ended")
    assert "`unknown-…` · ⏹️ not watched any more" in text


def test_an_unknown_task_is_not_shown_as_running() -> None:
    """A task that no look-up returned yet is rendered as waiting, alone and in a group."""
    alone, _ = rendered(a_card(running(UNKNOWN_TASK, known=False)))
    assert alone.startswith("Waiting for the relay\nThe relay has not said anything")
    among, _ = rendered(a_card(running(UNKNOWN_TASK, known=False), running()))
    assert "`unknown-…` · waiting for the relay's first answer" in among


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize(
    "task", [running(UNKNOWN_TASK, known=False), unwatched(), ended(a_failure())]
)
def test_unknown_and_unwatched_tasks_have_texts_of_their_own(
    language: str, task: LiveCardTask
) -> None:
    """No language describes them as running or done."""
    catalog = catalog_in(language)
    for card in (a_card(task), a_card(task, running())):
        title = rendered(card, language)[0].split("\n")[0]
        assert title != catalog.text("live-all-succeeded")
    assert catalog.text("live-untitled") not in rendered(a_card(task), language)[0]


def test_a_running_card_links_the_previews() -> None:
    """The links are beside the buttons to join and to leave."""
    stream = a_clip(
        status=ClipStatus.STREAMING, audio_url="https://audiopipe.suno.ai/1", audio_is_final=False
    )
    card = a_card(running(a_running_task(clips=(stream,))))
    assert labels(card) == ["Me too", "Stop", "Preview"]


def test_an_own_text_card_contains_no_foreign_text() -> None:
    """It has no title, style, id or link."""
    secret = a_running_task("secret-id", clips=(a_clip(title="secret", style="secret"),))
    alone = a_card(running(secret), own_text_only=True)
    several = a_card(running(secret), ended(a_song("secret-id")), own_text_only=True)
    for card in (alone, several):
        assert "secret" not in rendered(card)[0]
        assert labels(card) == ["Me too", "Stop"]
    assert "Task 2 · ✅ done · [the result]" in rendered(several)[0]


@pytest.mark.parametrize("may_embed", [True, False, None])
@pytest.mark.parametrize("task", [running(), ended()], ids=["running", "ended"])
def test_unknown_embed_permission_never_leaves_an_empty_message(
    task: LiveCardTask, may_embed: bool | None
) -> None:
    """The card then has buttons or is plain text."""
    look = render_live_card(a_card(task), catalog_in("en"), now=NOON, may_embed=may_embed)
    assert bool(look.content) != bool(look.embeds)
    assert may_embed or look.content or look.view
    assert not (may_embed and look.content)


def test_a_large_card_fits_as_text() -> None:
    """Ten tasks with long titles and all mentions fit in a message's content."""
    clips = (a_clip(title="*" * 200),)
    tasks = [
        ended(a_song(f"song-{number}", clips=clips), notice_pending=True) for number in range(10)
    ]
    card = a_card(*tasks, watchers=tuple(range(10**18, 10**18 + 50)))
    look = render_live_card(card, catalog_in("en"), now=NOON, may_embed=False)
    assert len(look.content) <= 2000
