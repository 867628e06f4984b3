"""Renders a page of the history: ended tasks, page buttons, and a menu that opens a task."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task, TaskKind
from bot.storage.models import EndReason, HistoryEntry, HistoryPage, PostedNotice
from bot.ui.custom_ids import HistoryMenuId, HistoryPostId, HistoryViewId
from bot.ui.escaping import escape_line, sanitize, sanitize_line
from bot.ui.limits import MAX_OPTION_TEXT
from bot.ui.lyrics import lyrics_texts
from bot.ui.task_text import RUNNING_COLOUR, join_parts, masked_link, short_id
from bot.ui.views import StatelessView

MAX_SEARCH_BYTES = 60
"""Bytes of UTF-8, so that the custom id has at most 100 bytes, whichever unit Discord counts."""

_MAX_TITLE = 80
_MAX_STYLE = 80
"""Code points."""
_ICONS = {TaskKind.MUSIC: "🎵", TaskKind.LYRICS: "📝", None: "🎼"}


def truncate_search(search: str) -> str:
    """Return as much of a search as a custom id can contain, as one line.

    A truncated search matches more entries, never fewer. One of which nothing can be seen is none.
    """
    line = " ".join(search.split())
    kept = line.encode(errors="ignore")[:MAX_SEARCH_BYTES].decode(errors="ignore").strip()
    return kept if sanitize(kept) else ""


@dataclass(frozen=True, slots=True)
class ShownHistory:
    """What a page of a history is a part of."""

    owner: int
    """The user to whom it is shown."""
    choice: str
    """Whose history it is: ``here`` or ``mine``."""
    search: str = ""
    in_server: bool = False
    """Whether the user can choose between both."""

    @property
    def mine(self) -> bool:
        """Whether it is the user's own history."""
        return self.choice == "mine"


def history_embed(
    page: HistoryPage,
    shown: ShownHistory,
    catalog: Catalog,
    notices: Mapping[str, PostedNotice] = MappingProxyType({}),
) -> discord.Embed:
    """Return a page as a list with two lines per entry, or a sentence that it is empty.

    ``notices``: where the messages about some of the tasks are, by task id.
    """
    search = escape_line(shown.search)
    lines = [catalog.text("history-found", search=search)] if shown.search else []
    lines += [
        _entry(entry, number, notices.get(entry.task.id), catalog)
        for number, entry in enumerate(page.entries, page.first_position)
    ]
    if not page.entries:
        lines = [_empty_text(shown, catalog)]
    embed = discord.Embed(
        title=catalog.text("history-title-person" if shown.mine else "history-title-server"),
        description="\n".join(lines),
        colour=RUNNING_COLOUR,
    )
    if page.number or page.more:
        embed.set_footer(text=catalog.text("history-page", number=page.number + 1))
    return embed


def history_view(
    page: HistoryPage, shown: ShownHistory, catalog: Catalog
) -> discord.ui.View | None:
    """Return the menu and the buttons of a page; ``None`` if there is nothing to choose."""
    view = StatelessView()
    if page.entries:
        view.add_item(
            discord.ui.Select(
                custom_id=HistoryMenuId(shown.owner, shown.choice).encode(),
                placeholder=catalog.text("history-open"),
                options=[_option(entry, catalog) for entry in page.entries],
            )
        )
    if page.number or page.more:
        view.add_item(_page_button("history-previous", page.number - 1, shown, catalog))
        view.add_item(
            _page_button("history-next", page.number + 1, shown, catalog, exists=page.more)
        )
    if shown.in_server:
        other = replace(shown, choice="here" if shown.mine else "mine")
        key = "history-all-here" if shown.mine else "history-only-mine"
        view.add_item(_page_button(key, 0, other, catalog))
    return view if view.children else None


def entry_view(
    status: discord.ui.View | None,
    entry: HistoryEntry,
    shown: ShownHistory,
    notice: PostedNotice | None,
    catalog: Catalog,
) -> discord.ui.View | None:
    """Return the buttons of an opened entry: those of its status card, and about its message.

    ``notice``: where that is. A task with a result can be posted again.
    """
    view = StatelessView()
    for item in status.children if status else ():
        item.row = None
        view.add_item(item)
    if notice:
        view.add_item(discord.ui.Button(label=catalog.text("history-jump"), url=_link(notice)))
    if _has_result(entry.task):
        custom_id = HistoryPostId(shown.choice, entry.id).encode()
        view.add_item(discord.ui.Button(label=catalog.text("history-post"), custom_id=custom_id))
    return view if view.children else None


def _has_result(task: Task) -> bool:
    """Whether there is anything to post: audio that lasts, or a text."""
    return any(clip.playable for clip in task.clips) or (
        task.lyrics is not None and bool(lyrics_texts(task, limit=1))
    )


def _link(notice: PostedNotice) -> str:
    guild = notice.guild_id or "@me"
    return f"https://discord.com/channels/{guild}/{notice.channel_id}/{notice.message_id}"


def _page_button(
    key: str, number: int, shown: ShownHistory, catalog: Catalog, *, exists: bool = True
) -> discord.ui.Button[discord.ui.View]:
    custom_id = HistoryViewId(shown.owner, shown.choice, max(number, 0), shown.search)
    return discord.ui.Button(
        label=catalog.text(key),
        custom_id=custom_id.encode(),
        disabled=number < 0 or not exists,
        row=1,
    )


def _empty_text(shown: ShownHistory, catalog: Catalog) -> str:
    if shown.search:
        return catalog.text("history-nothing-found", search=escape_line(shown.search))
    return catalog.text("history-empty-person" if shown.mine else "history-empty-server")


def _entry(entry: HistoryEntry, number: int, notice: PostedNotice | None, catalog: Catalog) -> str:
    title = escape_line(entry.task.title, limit=_MAX_TITLE)
    name = f"**{title}**" if title else short_id(entry.task)
    details = join_parts(
        escape_line(_style(entry.task), limit=_MAX_STYLE),
        _outcome(entry, catalog),
        f"<t:{entry.ended_at:.0f}:R>",
    )
    linked = masked_link(name, _link(notice)) if notice else name
    return f"**{number}.** {_ICONS[entry.task.kind]} {linked}\n-# {details}"


def _option(entry: HistoryEntry, catalog: Catalog) -> discord.SelectOption:
    style = sanitize_line(_style(entry.task), limit=_MAX_STYLE // 2)
    return discord.SelectOption(
        label=sanitize_line(entry.task.title, limit=MAX_OPTION_TEXT)
        or sanitize_line(entry.task.id, limit=MAX_OPTION_TEXT)
        or catalog.text("card-untitled"),
        description=join_parts(style, _outcome(entry, catalog))[:MAX_OPTION_TEXT],
        value=str(entry.id),
        emoji=_ICONS[entry.task.kind],
    )


def _outcome(entry: HistoryEntry, catalog: Catalog) -> str:
    outcome = entry.task.outcome if entry.end_reason is EndReason.FINISHED else None
    return catalog.text(f"history-ended-{(outcome or entry.end_reason).replace('_', '-')}")


def _style(task: Task) -> str:
    styles = [task.lyrics.style] if task.lyrics else []
    return next(filter(None, [*styles, *(clip.style for clip in task.clips)]), "")
