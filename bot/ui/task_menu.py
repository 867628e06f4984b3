"""Renders the menu of the tasks found in a message."""

from collections.abc import Sequence

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task, TaskKind
from bot.ui.custom_ids import FoundTasksId
from bot.ui.escaping import sanitize_line
from bot.ui.limits import MAX_OPTION_TEXT
from bot.ui.views import StatelessView

_KINDS = {TaskKind.MUSIC: "found-song", TaskKind.LYRICS: "found-lyrics", None: "found-task"}


def task_menu(tasks: Sequence[Task], catalog: Catalog, *, max_chosen: int) -> discord.ui.View:
    """Return a menu of 1 to 25 tasks, of which up to ``max_chosen`` can be chosen at once."""
    options = [
        discord.SelectOption(
            label=sanitize_line(task.title, limit=MAX_OPTION_TEXT)
            or catalog.text(_KINDS[task.kind]),
            description=sanitize_line(task.id, limit=MAX_OPTION_TEXT),
            value=task.id,
        )
        for task in tasks
    ]
    view = StatelessView()
    view.add_item(
        discord.ui.Select(
            custom_id=FoundTasksId().encode(),
            placeholder=catalog.text("found-choose"),
            options=options,
            min_values=1,
            max_values=min(max_chosen, len(options)),
        )
    )
    return view


def readable_text(message: discord.Message) -> str:
    """Return the visible text of a message: its content and its embeds."""
    parts: list[str | None] = [message.content]
    for embed in message.embeds:
        fields = [part for field in embed.fields for part in (field.name, field.value)]
        parts += [embed.title, embed.description, embed.url, embed.footer.text, *fields]
    return "\n".join(filter(None, parts))
