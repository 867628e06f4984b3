"""The statuses of several tasks in one message."""

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_in, languages
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.models import Task
from bot.storage.models import DurationStats
from bot.ui.status_list import MAX_CARDS, StatusEntry, status_entries, statuses_message
from tests.support.builders import NOON, a_clip, a_failure, a_lyrics_task, a_running_task, a_song
from tests.support.hostile import TASKS, assert_embeds_fit

CATALOG = catalog_in("en")
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
GREEN, AMBER, BLUE = 0x3BA55D, 0xF0B232, 0x5865F2


def entries(*tasks: Task | None) -> list[StatusEntry]:
    """Return entries of tasks; ``None`` for an id that the relay does not know."""
    return [StatusEntry(task.id if task else f"id-{n}", task) for n, task in enumerate(tasks)]


def labels(view: discord.ui.View | None) -> list[str]:
    """Return the labels of the buttons of a message."""
    items = view.children if view else []
    return [item.label or "" for item in items if isinstance(item, discord.ui.Button)]


def menu_of(view: discord.ui.View | None) -> list[str]:
    """Return the values in the menu of a message."""
    items = view.children if view else []
    menus = [item for item in items if isinstance(item, discord.ui.Select)]
    return [option.value for menu in menus for option in menu.options]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), TASKS), min_size=2, max_size=10, unique_by=id),
    st.sampled_from(sorted(languages())),
)
def test_one_message_fits_for_any_tasks(tasks: list[Task | None], language: str) -> None:
    """Up to ten hostile tasks are within Discord's limits, with the menu and the buttons."""
    known = [
        StatusEntry(f"{number}-{'x' * (number * 19)}", task, DurationStats(41, 80))
        for number, task in enumerate(tasks)
    ]
    message = statuses_message(known, catalog_in(language), now=NOON)
    assert len(message.content) <= 2000
    assert message.content or message.embeds
    if message.embeds:
        assert_embeds_fit(message.embeds)
    if message.view:
        assert len(message.view.to_components()) <= 5
        assert len(set(menu_of(message.view))) == len(menu_of(message.view))


def test_a_few_tasks_are_a_card_each() -> None:
    """They link their audio themselves, and unknown ids are said above them."""
    message = statuses_message(entries(a_song(), None, a_lyrics_task()), CATALOG, now=NOON)
    assert len(message.embeds) == 2
    assert CATALOG.text("card-button-listen") in (message.embeds[0].description or "")
    assert "`id-1`" in message.content


def test_one_found_task_has_its_own_buttons() -> None:
    """An unknown id beside it does not make it a list."""
    message = statuses_message(entries(a_song(), None), CATALOG, now=NOON)
    assert len(message.embeds) == 1
    assert labels(message.view)[0] == CATALOG.text("card-button-listen")


def test_unknown_ids_alone_are_one_sentence() -> None:
    """There is nothing to open or to wait for, and the reason is said once."""
    unknown = entries(None, None)
    message = statuses_message(unknown, CATALOG, now=NOON)
    assert (message.embeds, message.view) == ([], None)
    ids = CATALOG.listed(f"`{each.task_id}`" for each in unknown)
    assert message.content == CATALOG.text("status-unknown", count=2, ids=ids)


def test_many_tasks_are_one_list() -> None:
    """Each line is an icon, the name and the state."""
    tasks = (a_song(), a_failure(), a_running_task(), None)
    assert len(tasks) > MAX_CARDS
    (embed,) = statuses_message(entries(*tasks), CATALOG, now=NOON).embeds
    lines = (embed.description or "").split("\n")
    assert [line.split(" ")[0] for line in lines] == ["✅", "❌", "⏳", "❔"]
    assert lines[0].startswith("✅ **Paper Boats** · ")
    assert lines[2].endswith("· 30%")
    assert lines[3].endswith(CATALOG.text("status-list-unknown"))


@pytest.mark.parametrize(
    ("tasks", "colour"),
    [
        ((a_song(),) * 4, GREEN),
        ((a_song(), a_song(), a_song(), a_failure()), AMBER),
        ((a_song(), a_song(), a_song(), None), AMBER),
        ((a_song(), a_song(), a_song(), a_running_task()), BLUE),
    ],
)
def test_a_list_is_green_only_if_all_succeeded(tasks: tuple[Task | None, ...], colour: int) -> None:
    """One that failed, runs or is unknown changes the colour."""
    (embed,) = statuses_message(entries(*tasks), CATALOG, now=NOON).embeds
    assert embed.colour == discord.Colour(colour)


def test_the_menu_holds_every_id_in_order() -> None:
    """The buttons read the ids from it, also those of unknown tasks."""
    running = (a_running_task("a"), a_running_task("b"), None)
    view = statuses_message(entries(*running), CATALOG, now=NOON).view
    assert menu_of(view) == ["a", "b", "id-2"]
    assert labels(view) == [CATALOG.text(f"status-button-{name}") for name in ("notify", "refresh")]


@pytest.mark.parametrize("tasks", [(a_song("a"), a_song("b")), (a_running_task("a"), None, None)])
def test_ended_tasks_need_no_refresh(tasks: tuple[Task | None, ...]) -> None:
    """The buttons are shown as long as one of several runs."""
    view = statuses_message(entries(*tasks), CATALOG, now=NOON).view
    refresh = CATALOG.text("status-button-refresh")
    assert (refresh in labels(view)) == any(task and not task.terminal for task in tasks)


def test_an_id_that_no_menu_can_hold_disables_the_buttons() -> None:
    """They would leave that task out without saying so."""
    tasks = (a_running_task("a"), a_running_task("x" * 150))
    view = statuses_message(entries(*tasks), CATALOG, now=NOON).view
    assert menu_of(view) == ["a"]
    assert labels(view) == []


def test_entries_say_why_a_task_is_missing() -> None:
    """A look-up may fail for one id, and another may not have been looked up."""
    error = RelayError(ErrorKind.UNREADABLE, "nonsense")
    shown = status_entries(
        ["a", "b", "c"], {"a": a_song("a", clips=(a_clip(),))}, {"b": error}, ("c",), {}
    )
    assert [entry.task and entry.task.id for entry in shown] == ["a", None, None]
    assert (shown[1].error, shown[2].unlisted) == (error, True)


def test_each_entry_knows_how_long_tasks_like_it_take() -> None:
    """An account may be slower than another one."""
    typical = {"a": DurationStats(41, 80), "b": DurationStats(5, 9)}
    tasks = {"a": a_song("a"), "b": a_lyrics_task("b"), "c": a_song("c")}
    shown = status_entries(["a", "b", "c"], tasks, {}, (), typical)
    assert [entry.typical and entry.typical.median for entry in shown] == [41, 5, None]
