"""Renders a page of the history: ended tasks, page buttons, and a menu that opens a task."""

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task, TaskKind
from bot.storage.models import EndReason, HistoryEntry, HistoryPage
from bot.ui.custom_ids import HistoryEntryId, HistoryPageId
from bot.ui.escaping import escape_line, sanitize_line
from bot.ui.limits import MAX_OPTION_TEXT, usable_url
from bot.ui.task_text import RUNNING_COLOUR, join_parts
from bot.ui.views import StatelessView

MAX_SEARCH_BYTES = 60
"""Bytes of UTF-8, so that the custom id has at most 100 bytes, whichever unit Discord counts."""

_MAX_TITLE = 80
_MAX_STYLE = 80
"""Code points."""
_ICONS = {TaskKind.MUSIC: "🎵", TaskKind.LYRICS: "📝", None: "🎼"}


def truncate_search(search: str) -> str:
    """Return as much of a search as a custom id can contain, as one line.

    A truncated search matches more entries, never fewer.
    """
    line = " ".join(search.split())
    return line.encode(errors="ignore")[:MAX_SEARCH_BYTES].decode(errors="ignore").strip()


def history_embed(
    page: HistoryPage, search: str, catalog: Catalog, *, of_server: bool
) -> discord.Embed:
    """Return a page as a list with two lines per entry, or a sentence that it is empty."""
    lines = [catalog.text("history-found", search=escape_line(search))] if search else []
    lines += [
        _entry(entry, number, catalog)
        for number, entry in enumerate(page.entries, page.first_position)
    ]
    if not page.entries:
        lines = [_empty_text(search, catalog, of_server=of_server)]
    embed = discord.Embed(
        title=catalog.text("history-title-server" if of_server else "history-title-person"),
        description="\n".join(lines),
        colour=RUNNING_COLOUR,
    )
    if page.number or page.more:
        embed.set_footer(text=catalog.text("history-page", number=page.number + 1))
    covers = (usable_url(clip.image_url) for entry in page.entries for clip in entry.task.clips)
    return embed.set_thumbnail(url=next(filter(None, covers), None))


def history_view(
    page: HistoryPage, search: str, owner: int, catalog: Catalog
) -> discord.ui.View | None:
    """Return the menu and the buttons of a page; ``None`` if the page is empty."""
    if not page.entries:
        return None
    view = StatelessView()
    view.add_item(
        discord.ui.Select(
            custom_id=HistoryEntryId(owner).encode(),
            placeholder=catalog.text("history-open"),
            options=[_option(entry, catalog) for entry in page.entries],
        )
    )
    if page.number or page.more:
        view.add_item(_page_button("history-previous", page.number - 1, search, owner, catalog))
        view.add_item(
            _page_button("history-next", page.number + 1, search, owner, catalog, exists=page.more)
        )
    return view


def _page_button(
    key: str, number: int, search: str, owner: int, catalog: Catalog, *, exists: bool = True
) -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(
        label=catalog.text(key),
        custom_id=HistoryPageId(owner, max(number, 0), search).encode(),
        disabled=number < 0 or not exists,
        row=1,
    )


def _empty_text(search: str, catalog: Catalog, *, of_server: bool) -> str:
    if search:
        return catalog.text("history-nothing-found", search=escape_line(search))
    return catalog.text("history-empty-server" if of_server else "history-empty-person")


def _entry(entry: HistoryEntry, number: int, catalog: Catalog) -> str:
    title = escape_line(entry.task.title, limit=_MAX_TITLE) or catalog.text("card-untitled")
    details = join_parts(
        escape_line(_style(entry.task), limit=_MAX_STYLE),
        _kind(entry.task, catalog),
        _outcome(entry, catalog),
        f"<t:{entry.ended_at:.0f}:R>",
    )
    return f"**{number}.** {_ICONS[entry.task.kind]} **{title}**\n-# {details}"


def _option(entry: HistoryEntry, catalog: Catalog) -> discord.SelectOption:
    details = join_parts(
        sanitize_line(_style(entry.task), limit=_MAX_STYLE // 2), _kind(entry.task, catalog)
    )
    return discord.SelectOption(
        label=sanitize_line(entry.task.title, limit=MAX_OPTION_TEXT)
        or catalog.text("card-untitled"),
        description=join_parts(details, _outcome(entry, catalog))[:MAX_OPTION_TEXT],
        value=str(entry.id),
        emoji=_ICONS[entry.task.kind],
    )


def _kind(task: Task, catalog: Catalog) -> str:
    return catalog.text(f"history-kind-{task.kind}") if task.kind else ""


def _outcome(entry: HistoryEntry, catalog: Catalog) -> str:
    outcome = entry.task.outcome if entry.end_reason is EndReason.FINISHED else None
    return catalog.text(f"history-ended-{(outcome or entry.end_reason).replace('_', '-')}")


def _style(task: Task) -> str:
    styles = [task.lyrics.style] if task.lyrics else []
    return next(filter(None, [*styles, *(clip.style for clip in task.clips)]), "")
