"""Builds the views of messages: link buttons and persistent buttons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.ui.custom_ids import KeepWatchingId, StatusButtonId
from bot.ui.limits import MAX_BUTTONS


@dataclass(frozen=True, slots=True)
class LinkButton:
    """A button that opens a page: a label of 1 to 80 code points, a URL of at most 512."""

    label: str
    url: str


class StatelessView(discord.ui.View):
    """A view that discord.py does not keep in memory: dynamic items answer its components.

    discord.py keeps every view that it sends until the view is stopped, so this one is stopped
    before it is sent.
    """

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.stop()


def link_view(buttons: Iterable[LinkButton]) -> discord.ui.View | None:
    """Return the view that shows ``buttons``, five in a row, ``None`` where there are none.

    Only the first 25 are shown: Discord takes no more. A link is opened by the reader's own client,
    so the view waits for nothing and outlives a restart.
    """
    shown = tuple(buttons)[:MAX_BUTTONS]
    if not shown:
        return None
    view = StatelessView()
    for button in shown:
        view.add_item(discord.ui.Button(label=button.label, url=button.url))
    return view


def keep_watching_view(delivery_id: int, label: str) -> discord.ui.View:
    """Return the view of a notice that a task was given up: a button to watch it again."""
    view = StatelessView()
    view.add_item(discord.ui.Button(label=label, custom_id=KeepWatchingId(delivery_id).encode()))
    return view


_MAX_LINKS = 5


def status_view(
    task: Task, links: Sequence[LinkButton], catalog: Catalog
) -> discord.ui.View | None:
    """Return what can be done about a task whose card is shown: open, be told, read, look again."""
    view = StatelessView()
    for link in links[:_MAX_LINKS]:
        view.add_item(discord.ui.Button(label=link.label, url=link.url, row=0))
    actions = [] if task.terminal else ["notify"]
    actions += ["lyrics"] if task.text else []
    actions += [] if task.terminal else ["refresh"]
    for custom_id in (StatusButtonId(action, task.id) for action in actions):
        if custom_id.is_encodable:
            view.add_item(
                discord.ui.Button(
                    label=catalog.text(f"status-button-{custom_id.action}"),
                    style=_STYLES.get(custom_id.action, discord.ButtonStyle.secondary),
                    custom_id=custom_id.encode(),
                    row=1,
                )
            )
    return view if view.children else None


_STYLES = {"notify": discord.ButtonStyle.primary}
