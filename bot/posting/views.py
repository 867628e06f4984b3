"""The buttons under a message."""

from collections.abc import Iterable
from dataclasses import dataclass

import discord

from bot.posting.budget import BUTTONS

KEEP_WATCHING = "keep-watching:{}"
"""The custom id of the button that watches the task of a delivery again; its id goes in."""


@dataclass(frozen=True, slots=True)
class LinkButton:
    """A button that opens a page: a label of 1 to 80 code points, a URL of at most 512."""

    label: str
    url: str


def link_view(buttons: Iterable[LinkButton]) -> discord.ui.View | None:
    """Return the view that shows ``buttons``, five in a row, ``None`` where there are none.

    Only the first 25 are shown: Discord takes no more. A link is opened by the reader's own client,
    so the view waits for nothing and outlives a restart.
    """
    shown = tuple(buttons)[:BUTTONS]
    if not shown:
        return None
    view = discord.ui.View(timeout=None)
    for button in shown:
        view.add_item(discord.ui.Button(label=button.label, url=button.url))
    return view


def keep_watching_view(delivery_id: int, label: str) -> discord.ui.View:
    """Return the view of a notice that a task was given up: a button to watch it again."""
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label=label, custom_id=KEEP_WATCHING.format(delivery_id)))
    return view
