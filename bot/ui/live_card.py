"""Renders live cards: the progress of watched tasks in a channel, and the buttons under it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Outcome, Task
from bot.storage.models import EndReason, LiveCard, LiveCardTask
from bot.ui.custom_ids import LiveCardButtonId
from bot.ui.escaping import code_span, escape_line
from bot.ui.limits import MAX_CONTENT, whole_lines
from bot.ui.status_card import progress_bar, state_line, task_style
from bot.ui.task_text import (
    FAILURE_COLOUR,
    OUTCOME_COLOURS,
    PARTIAL_COLOUR,
    RUNNING_COLOUR,
    SUCCESS_COLOUR,
    UNKNOWN_COLOUR,
    link_buttons,
)
from bot.ui.views import StatelessView

_MAX_TITLE = 120
"""Code points of the title of a card with one task."""
_MAX_LINE_TITLE = 60
"""Code points of a task's title in a card with several tasks."""
_SHORT_ID = 8
"""Code points of a task id that a card shows."""
_MAX_MENTIONS = 20
_MAX_LINKS = 3
_EMOJI = {Outcome.SUCCESS: "✅", Outcome.PARTIAL: "🟡", Outcome.FAILURE: "❌"}


@dataclass(frozen=True, slots=True)
class RenderedCard:
    """The content of a live card's message."""

    content: str
    embeds: tuple[discord.Embed, ...]
    view: discord.ui.View | None

    @property
    def digest(self) -> str:
        """A hash of the content: equal for equal content."""
        embeds = [embed.to_dict() for embed in self.embeds]
        parts = [self.content, embeds, self.view.to_components() if self.view else None]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def render_live_card(
    card: LiveCard, catalog: Catalog, *, now: float, may_embed: bool | None
) -> RenderedCard:
    """Return the content of a card's message: an embed, or text where embeds are not allowed.

    ``may_embed``: whether the bot may embed there; ``None`` if that is unknown. Then a card without
    buttons is text, because Discord drops an embed without permission and rejects the message that
    is left empty.
    """
    embed, view = live_card_embed(card, catalog, now=now), live_card_view(card, catalog)
    embeds = may_embed or (may_embed is None and view is not None)
    if card.own_text_only or not embeds:
        return RenderedCard(_as_text(embed), (), view)
    return RenderedCard("", (embed,), view)


def _as_text(embed: discord.Embed) -> str:
    lines = f"**{embed.title}**\n{embed.description}".split("\n")
    return "\n".join(whole_lines(lines, MAX_CONTENT))


def live_card_embed(card: LiveCard, catalog: Catalog, *, now: float) -> discord.Embed:
    """Return the embed of a card: one task in detail, or several tasks, one per line.

    A card with ``own_text_only`` contains no text that a relay or a user wrote.
    """
    if len(card.tasks) == 1:
        title, lines = _single_task(card.tasks[0], card, catalog, now)
    else:
        title, lines = _group_title(card, catalog), list(_group_lines(card, catalog))
    if card.watchers:
        lines += ["", catalog.text("live-watching", watchers=_mentions(card, catalog))]
    elif card.finished and any(entry.unwatched for entry in card.tasks):
        lines += ["", catalog.text("live-no-watchers")]
    return discord.Embed(
        title=title, description="\n".join(lines).strip(), colour=_card_colour(card)
    )


def orphaned_card_text(catalog: Catalog) -> str:
    """Return the text of a card that is no longer updated."""
    return f"**{catalog.text('live-untitled-orphaned')}**\n{catalog.text('live-orphaned')}"


def live_card_view(card: LiveCard, catalog: Catalog) -> discord.ui.View | None:
    """Return the buttons of an unfinished card: join, leave, and links to the first results."""
    if card.finished or not card.watchers:
        return None
    view = StatelessView()
    for action, style in (
        ("join", discord.ButtonStyle.primary),
        ("leave", discord.ButtonStyle.secondary),
    ):
        view.add_item(
            discord.ui.Button(
                label=catalog.text(f"live-button-{action}"),
                style=style,
                custom_id=LiveCardButtonId(action, card.id).encode(),
            )
        )
    if len(card.tasks) == 1 and not card.own_text_only:
        for link in link_buttons(card.tasks[0].task, catalog)[:_MAX_LINKS]:
            view.add_item(discord.ui.Button(label=link.label, url=link.url))
    return view


def has_button(message: discord.Message, custom_id: str) -> bool:
    """Whether a message has a component with this custom id."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return any(
        getattr(item, "custom_id", None) == custom_id for row in rows for item in row.children
    )


def _card_colour(card: LiveCard) -> discord.Colour:
    """Return the colour of a card: green only if all tasks succeeded."""
    if not card.finished:
        return RUNNING_COLOUR
    colours = {_task_colour(entry) for entry in card.tasks} or {UNKNOWN_COLOUR}
    if len(colours) == 1:
        return colours.pop()
    if SUCCESS_COLOUR in colours:
        return PARTIAL_COLOUR
    return FAILURE_COLOUR if FAILURE_COLOUR in colours else UNKNOWN_COLOUR


def _task_colour(entry: LiveCardTask) -> discord.Colour:
    if entry.end_reason is not EndReason.FINISHED:
        return UNKNOWN_COLOUR
    return OUTCOME_COLOURS.get(entry.task.outcome or Outcome.PARTIAL, UNKNOWN_COLOUR)


def _single_task(
    entry: LiveCardTask, card: LiveCard, catalog: Catalog, now: float
) -> tuple[str, list[str]]:
    task = entry.task
    title = "" if card.own_text_only else escape_line(task.title, limit=_MAX_TITLE)
    title = title or catalog.text(_title_key(entry))
    if entry.end_reason:
        lines = [_end_line(entry, card, catalog)]
    elif entry.unwatched:
        lines = []
    elif not entry.known:
        lines = [catalog.text("live-unknown")]
    else:
        lines = [state_line(task, catalog, now)]
        lines += [progress_bar(task.progress)] if task.progress else []
    if not card.own_text_only:
        lines += filter(None, [task_style(task), catalog.text("live-short-id", id=_short_id(task))])
    return title, lines


def _title_key(entry: LiveCardTask) -> str:
    """Return the catalogue key of the title for a task without a title."""
    if entry.end_reason:
        return "live-untitled-ended"
    if entry.unwatched:
        return "live-untitled-stopped"
    return "live-untitled" if entry.known else "live-untitled-unknown"


def _group_title(card: LiveCard, catalog: Catalog) -> str:
    ended = [entry for entry in card.tasks if entry.end_reason]
    watched = [entry for entry in card.tasks if not entry.unwatched]
    if not watched:
        return catalog.text("live-untitled-stopped")
    if card.finished and len(ended) == len(card.tasks):
        return catalog.text(
            "live-all-succeeded" if _card_colour(card) == SUCCESS_COLOUR else "live-all-ended"
        )
    return catalog.text("live-group", ended=len(ended), total=len(watched))


def _group_lines(card: LiveCard, catalog: Catalog) -> Iterator[str]:
    for number, entry in enumerate(card.tasks, 1):
        name = _task_name(entry.task, number, card, catalog)
        if entry.end_reason:
            yield f"{name} · {_end_line(entry, card, catalog)}"
        elif entry.unwatched:
            yield f"{name} · ⏹️ {catalog.text('live-unwatched')}"
        elif not entry.known:
            yield f"⏳ {name} · {catalog.text('live-waiting')}"
        else:
            progress = f" · {entry.task.progress}%" if entry.task.progress else ""
            yield f"⏳ {name}{progress}"


def _task_name(task: Task, number: int, card: LiveCard, catalog: Catalog) -> str:
    if card.own_text_only:
        return catalog.text("live-number", number=number)
    title = escape_line(task.title, limit=_MAX_LINE_TITLE)
    return f"**{title}**" if title else _short_id(task)


def _end_line(entry: LiveCardTask, card: LiveCard, catalog: Catalog) -> str:
    """Return how a task ended, with a link to its notice if that is posted."""
    if entry.end_reason is EndReason.FINISHED:
        outcome = entry.task.outcome or Outcome.PARTIAL
        emoji, text = _EMOJI[outcome], catalog.text(f"history-ended-{outcome}")
    else:
        emoji, text = "❔", catalog.text(f"live-{(entry.end_reason or '').replace('_', '-')}")
    if entry.message_id is None:
        return f"{emoji} {text}"
    guild = card.destination.guild_id or "@me"
    url = f"https://discord.com/channels/{guild}/{card.destination.channel_id}/{entry.message_id}"
    return f"{emoji} {text} · {catalog.text('live-notice', url=url)}"


def _mentions(card: LiveCard, catalog: Catalog) -> str:
    mentions = " ".join(f"<@{watcher}>" for watcher in card.watchers[:_MAX_MENTIONS])
    more = len(card.watchers) - _MAX_MENTIONS
    return (
        catalog.text("live-more-watchers", watchers=mentions, number=more) if more > 0 else mentions
    )


def _short_id(task: Task) -> str:
    """Return the start of the task id; the notice contains the whole id."""
    return code_span(task.id if len(task.id) <= _SHORT_ID else f"{task.id[:_SHORT_ID]}…")
