"""Renders the statuses of several tasks as one message: cards for a few, a list for more."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.errors import RelayError
from bot.relay.models import Clip, Task, TaskKind
from bot.storage.models import DurationStats
from bot.ui import task_text
from bot.ui.custom_ids import StatusListButtonId, StatusMenuId
from bot.ui.error_replies import error_text
from bot.ui.escaping import code_span, sanitize_line
from bot.ui.limits import (
    MAX_CONTENT,
    MAX_DESCRIPTION,
    MAX_OPTION_TEXT,
    MAX_OPTIONS,
    usable_url,
    whole_lines,
)
from bot.ui.replies import unfound_ids_text
from bot.ui.status_card import StatusMessage, status_card, status_message
from bot.ui.views import StatelessView, status_button, status_menu

MAX_CARDS = 3
"""Tasks with an embed of their own; more are one list."""

_TITLE_COLUMNS = 40
"""The width of a title in a list, as ``short_line`` measures it."""
_MAX_LINK = 200
"""Code points of a link in a list."""
_MAX_LINKS = 2
"""Links to the audio of each task in a list."""
_MAX_MISSING_ID = 60
"""Code points of an id without a task in a list."""


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A requested task, or the reason why it cannot be shown."""

    task_id: str
    task: Task | None = None
    typical: DurationStats | None = None
    error: RelayError | None = None
    """Why its look-up failed."""
    unlisted: bool = False
    """Whether the relay did not say if the task exists."""
    watching: bool = False
    """Whether the user who asks watches the task."""


def status_entries(
    ids: Iterable[str],
    tasks: Mapping[str, Task],
    failed: Mapping[str, RelayError],
    unlisted: Collection[str],
    typical: Mapping[str, DurationStats | None],
    watched: Container[str] = (),
) -> list[StatusEntry]:
    """Return what a look-up found for each of the ids.

    ``typical``: by id, how long such tasks take. ``watched``: the ids that the user who asks
    watches.
    """
    return [
        StatusEntry(
            task_id,
            tasks.get(task_id),
            typical.get(task_id),
            failed.get(task_id),
            task_id in unlisted,
            task_id in watched,
        )
        for task_id in ids
    ]


def statuses_message(
    entries: Sequence[StatusEntry], catalog: Catalog, *, now: float
) -> StatusMessage:
    """Return one message with the status of each requested task, within Discord's limits."""
    if len(entries) > MAX_CARDS:
        return _list_message(entries, catalog)
    missing = "\n".join(whole_lines(_missing_sentences(entries, catalog), MAX_CONTENT))
    found = [(each.task, each.typical, each.watching) for each in entries if each.task]
    if not found:
        return StatusMessage([], None, missing)
    if len(found) == 1:
        ((task, typical, watching),) = found
        single = status_message(task, catalog, now=now, typical=typical, watching=watching)
        return StatusMessage(single.embeds, single.view, missing)
    embeds = [
        status_card(task, catalog, now=now, typical=typical, with_links=True)
        for task, typical, _ in found
    ]
    return StatusMessage(_with_different_urls(embeds), _view(entries, catalog), missing)


def _missing_sentences(entries: Sequence[StatusEntry], catalog: Catalog) -> list[str]:
    """Return why some tasks cannot be shown: a sentence for each reason."""
    missing = [each for each in entries if not each.task]
    errors = dict.fromkeys(error_text(each.error, catalog) for each in missing if each.error)
    sentences = list(errors)
    for unlisted in (False, True):
        ids = [each.task_id for each in missing if not each.error and each.unlisted == unlisted]
        sentences += [unfound_ids_text(ids, catalog, unlisted=unlisted)] if ids else []
    return sentences


def menu_ids(message: discord.Message | None) -> list[str]:
    """Return the task ids in the menu of a message with several statuses."""
    rows = message.components if message else []
    items = (item for row in rows if isinstance(row, discord.ActionRow) for item in row.children)
    return [
        option.value
        for item in items
        if isinstance(item, discord.SelectMenu) and item.custom_id == StatusMenuId().encode()
        for option in item.options
    ]


def _with_different_urls(embeds: list[discord.Embed]) -> list[discord.Embed]:
    """Return the embeds without repeated URLs: Discord would show such embeds as one."""
    seen: set[str] = set()
    for embed in embeds:
        if embed.url in seen:
            embed.url = None
        seen |= {embed.url} if embed.url else set()
    return embeds


def _list_message(entries: Sequence[StatusEntry], catalog: Catalog) -> StatusMessage:
    lines = [_line(entry, catalog, max_links=_MAX_LINKS) for entry in entries]
    if sum(map(len, lines)) + len(lines) > MAX_DESCRIPTION:
        lines = [_line(entry, catalog, max_links=0) for entry in entries]
    tasks = [entry.task for entry in entries if entry.task]
    ended = sum(task.terminal for task in tasks)
    embed = discord.Embed(
        title=catalog.text("live-group", ended=ended, total=len(tasks)) if tasks else None,
        description="\n".join(whole_lines(lines, MAX_DESCRIPTION)),
        colour=_colour(tasks, complete=len(tasks) == len(entries)),
    )
    return StatusMessage([embed], _view(entries, catalog) if tasks else None)


def _colour(tasks: Sequence[Task], *, complete: bool) -> discord.Colour:
    """Return the colour of a list: green only if every task succeeded."""
    if any(not task.terminal for task in tasks):
        return task_text.RUNNING_COLOUR
    colours = {task_text.OUTCOME_COLOURS[task.outcome] for task in tasks if task.outcome}
    if len(colours) == 1 and complete:
        return colours.pop()
    return task_text.PARTIAL_COLOUR if colours else task_text.UNKNOWN_COLOUR


def _line(entry: StatusEntry, catalog: Catalog, *, max_links: int) -> str:
    """Return an icon, the name, the state and the links of a task, as one line."""
    if entry.task is None:
        return f"{task_text.UNKNOWN_ICON} {_missing(entry, catalog)}"
    task = task_text.without_expired_streams(entry.task)
    title = task_text.short_line(task.title, columns=_TITLE_COLUMNS)
    name = title or catalog.text("live-name", kind=task.kind or "task")
    linked = task_text.masked_link(f"**{name}**", task_text.song_page(task)) or f"**{name}**"
    named = linked if title else f"{linked} {task_text.short_id(task)}"
    links = list(_links(task.clips, catalog))[:max_links]
    state = _state(task, catalog)
    return f"{_icon(task)} {task_text.join_parts(named, state, *links)}"


def _missing(entry: StatusEntry, catalog: Catalog) -> str:
    """Return the id, and in a few words why the task cannot be shown."""
    key = "status-list-unlisted" if entry.unlisted else "status-list-unknown"
    reason = error_text(entry.error, catalog) if entry.error else catalog.text(key)
    return task_text.join_parts(code_span(entry.task_id, limit=_MAX_MISSING_ID), reason)


def _icon(task: Task) -> str:
    return task_text.OUTCOME_ICONS[task.outcome] if task.outcome else task_text.RUNNING_ICON


def _state(task: Task, catalog: Catalog) -> str:
    """Return the state in a few words: that it is done, failed, or how far it has come."""
    if task.outcome:
        return catalog.text(f"live-ended-{task.outcome}")
    return f"{min(max(task.progress, 0), 100)}%" if task.progress else ""


def _links(clips: Sequence[Clip], catalog: Catalog) -> Iterator[str]:
    """Yield a link to the audio of each version that can be heard."""
    heard = [clip for clip in clips if clip.playable or task_text.is_preview(clip)]
    for number, clip in enumerate(heard, 1):
        key = "card-button-listen" if clip.playable else "card-button-preview"
        several = len(heard) > 1
        label = catalog.text(f"{key}-of-several", number=number) if several else catalog.text(key)
        if link := task_text.masked_link(label, usable_url(clip.audio_url, _MAX_LINK)):
            yield link


def _view(entries: Sequence[StatusEntry], catalog: Catalog) -> discord.ui.View | None:
    """Return a menu that opens one of the tasks, and buttons about those that still run."""
    shown = [entry for entry in entries if len(entry.task_id) <= MAX_OPTION_TEXT][:MAX_OPTIONS]
    if not shown:
        return None
    view = StatelessView()
    view.add_item(status_menu([_option(entry, catalog) for entry in shown], catalog))
    running = [entry for entry in entries if entry.task and not entry.task.terminal]
    if running and len(shown) == len(entries):
        watch = "stop" if all(entry.watching for entry in running) else "notify"
        for action in (watch, "refresh"):
            view.add_item(status_button(action, StatusListButtonId(action), catalog))
    return view


def _option(entry: StatusEntry, catalog: Catalog) -> discord.SelectOption:
    task = entry.task
    kind: TaskKind | str = task.kind if task and task.kind else "task"
    title = sanitize_line(task.title, limit=MAX_OPTION_TEXT) if task else ""
    return discord.SelectOption(
        label=title or catalog.text("live-name", kind=kind),
        description=sanitize_line(entry.task_id, limit=MAX_OPTION_TEXT),
        value=entry.task_id,
        emoji=_icon(task) if task else task_text.UNKNOWN_ICON,
    )
