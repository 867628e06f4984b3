"""The answers of ``/suno list`` and ``/suno unwatch``."""

from collections.abc import Mapping, Sequence

import discord

from bot.i18n.catalog import Catalog
from bot.storage.models import UnwatchOutcome, Watch
from bot.ui.escaping import code_span, escape_line
from bot.ui.limits import MAX_DESCRIPTION, whole_lines

MAX_LINES = 25
_MORE_LINE = 100
"""Code points that are kept free for the line that says how many more there are."""

_UNWATCHED_KEYS = {
    UnwatchOutcome.STOPPED: "unwatch-done",
    UnwatchOutcome.ON_ITS_WAY: "unwatch-on-its-way",
    UnwatchOutcome.NOT_WATCHED: "unwatch-none",
}


def watch_list_embed(watches: Sequence[Watch], catalog: Catalog) -> discord.Embed:
    """Return what a person watches, a line each, as many as an embed can hold."""
    lines = [_watch_line(watch, catalog) for watch in watches[:MAX_LINES]]
    lines = whole_lines(lines, MAX_DESCRIPTION - _MORE_LINE)
    if len(watches) > len(lines):
        lines.append(catalog.text("list-more", count=len(watches) - len(lines)))
    title = catalog.text("list-title", count=len(watches))
    return discord.Embed(title=title, description="\n".join(lines))


def unwatched_text(removed: Mapping[str, UnwatchOutcome], catalog: Catalog) -> str:
    """Return what became of the request to stop watching each task id, a line each."""
    return "\n".join(
        catalog.text(_UNWATCHED_KEYS[result], id=code_span(task_id))
        for task_id, result in removed.items()
    )


def _watch_line(watch: Watch, catalog: Catalog) -> str:
    title = escape_line(watch.task.title, limit=60)
    return catalog.text(
        "list-line" if watch.known else "list-line-unheard",
        id=code_span(watch.task.id, limit=60),
        title=f" · **{title}**" if title else "",
        place=f"<#{watch.channel_id}>",
        since=f"<t:{watch.created_at:.0f}:R>",
    )
