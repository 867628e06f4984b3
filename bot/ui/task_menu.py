"""What was found in a message, offered in a menu."""

from collections.abc import Sequence

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task, TaskKind
from bot.ui.components import StatelessView
from bot.ui.escaping import sanitize_line

FOUND_MENU = "watch-found"
"""The custom id of the menu: its values are the ids, so it needs no other."""

_LABEL = 100
"""Code points; Discord's limit for the label and the description of an option."""
_KINDS = {TaskKind.MUSIC: "found-song", TaskKind.LYRICS: "found-lyrics", None: "found-task"}


def task_menu(tasks: Sequence[Task], catalog: Catalog, *, max_chosen: int) -> discord.ui.View:
    """Return a menu of 1 to 25 tasks, of which up to ``max_chosen`` can be chosen at once."""
    options = [
        discord.SelectOption(
            label=sanitize_line(task.title, limit=_LABEL) or catalog.text(_KINDS[task.kind]),
            description=sanitize_line(task.id, limit=_LABEL),
            value=task.id,
        )
        for task in tasks
    ]
    view = StatelessView()
    view.add_item(
        discord.ui.Select(
            custom_id=FOUND_MENU,
            placeholder=catalog.text("found-choose"),
            options=options,
            min_values=1,
            max_values=min(max_chosen, len(options)),
        )
    )
    return view
