"""Views with link buttons and persistent buttons."""

import re

import discord

from bot.i18n.catalog import catalog_in
from bot.relay.models import Lyrics
from bot.storage.models import EndReason, HistoryEntry, HistoryPage, ServerSettings
from bot.ui.account_panel import AccountView, account_modal, account_panel
from bot.ui.history_panel import ShownHistory, history_view
from bot.ui.language_menu import language_menu
from bot.ui.lyrics_reader import lyrics_page
from bot.ui.settings_panel import PAGES, overview, reset_page, setting_page
from bot.ui.settings_values import ServerView
from bot.ui.task_menu import task_menu
from bot.ui.views import ActionButton, LinkButton, button_view, erasure_view, status_view
from tests.support.builders import NOON, a_lyrics_task, a_running_task
from tests.support.paths import ROOT
from tests.support.sandbox_client import logged_in_client

CATALOG = catalog_in("en")
SERVER = ServerView(ServerSettings(), 25, attaches_audio=True, guild=None, catalog=CATALOG)
SONG = LinkButton("Listen", "https://cdn1.suno.ai/a.mp3")


async def test_no_buttons_need_no_view() -> None:
    """A message without buttons is sent without a view."""
    assert button_view(()) is None


async def test_a_link_button_has_a_url_and_no_custom_id() -> None:
    """Discord opens the link without an interaction."""
    view = button_view([SONG])
    assert view is not None
    (button,) = view.children
    assert isinstance(button, discord.ui.Button)
    assert (button.label, button.url, button.custom_id) == ("Listen", SONG.url, None)
    assert button.style is discord.ButtonStyle.link


async def test_a_link_view_has_no_timeout() -> None:
    """A view of links is neither kept in memory nor stopped after minutes."""
    view = button_view([SONG])
    assert view is not None
    assert view.timeout is None
    assert not view.is_dispatchable()


async def test_buttons_are_in_rows_of_five() -> None:
    """The order of the buttons is kept."""
    view = button_view([LinkButton(str(number), SONG.url) for number in range(7)])
    assert view is not None
    rows = [[button["label"] for button in row["components"]] for row in view.to_components()]
    assert rows == [["0", "1", "2", "3", "4"], ["5", "6"]]


async def test_buttons_beyond_discords_limit_are_omitted() -> None:
    """The message is still sent."""
    view = button_view([SONG] * 30)
    assert view is not None
    assert len(view.children) == 25


async def test_sent_views_are_not_kept_in_memory() -> None:
    """discord.py stores no view, because dynamic items handle the components."""
    task = a_running_task(lyrics=Lyrics("Row, row"))
    views = (
        button_view([ActionButton("Keep watching", "keep-watching:1")]),
        status_view(task, [SONG], CATALOG),
        task_menu([task], CATALOG, max_chosen=10),
        lyrics_page(a_lyrics_task(), 0, CATALOG).view,
        history_view(
            HistoryPage(0, (HistoryEntry(1, task, EndReason.FINISHED, NOON),), more=True),
            ShownHistory(1, "here", in_server=True),
            CATALOG,
        ),
        overview(SERVER).view,
        account_panel(AccountView("server", None, True, CATALOG)).view,
        reset_page(SERVER).view,
        *(setting_page(name, SERVER).view for name in PAGES),
        erasure_view(1, CATALOG),
        language_menu("zh-CN", CATALOG),
    )
    async with logged_in_client() as harness:
        for view in views:
            assert view is not None
            assert view.is_dispatchable()
            message = await harness.place().send("A message", view=view)
            await message.edit(view=view)
        store = harness.bot._connection._view_store
        assert not store.persistent_views
        assert not store._synced_message_views


async def test_modals_are_not_kept_in_memory() -> None:
    """discord.py keeps only those that may still be answered."""
    assert account_modal("own", "custom", CATALOG, None).is_finished()


def test_all_views_are_stateless() -> None:
    """No other module creates a view, and the modals are stopped before they are sent."""
    paths = [*ROOT.glob("bot/ui/**/*.py"), *ROOT.glob("cogs/*.py")]
    created = re.compile(r"\bui\.(?:View|Modal)\(|\((?:discord\.)?ui\.(?:View|Modal)[,)]")
    creating = {path.name for path in paths if created.search(path.read_text())}
    assert creating == {"views.py", "persistent_modals.py"}
