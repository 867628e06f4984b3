"""Renders live cards: the progress of watched tasks in a channel, and the buttons under it.

A card is an embed while anything may change, and one line of text for each task afterwards.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Outcome
from bot.storage.models import CREATION_PREFIX, EndReason, LiveCard, LiveCardTask
from bot.ui.custom_ids import LiveCardButtonId
from bot.ui.limits import MAX_CONTENT, whole_lines
from bot.ui.status_card import state_line
from bot.ui.task_text import (
    OUTCOME_ICONS,
    RUNNING_COLOUR,
    RUNNING_ICON,
    UNKNOWN_COLOUR,
    UNKNOWN_ICON,
    is_preview,
    join_parts,
    link_buttons,
    masked_link,
    short_id,
    short_line,
    spoken_duration,
)
from bot.ui.views import StatelessView

_TITLE_COLUMNS = 46
"""The width of a title, as ``short_line`` measures it: one line of an embed in a wide window."""
_NARROW_COLUMNS = 12
"""The width where so many titles of escaped characters would not fit in a message otherwise."""
_MAX_MENTIONS = 5
_RESERVE = 200
"""Code points of the content left free for the title and the last lines of an unfinished card."""
_GAVE_UP_ICON, _STOPPED_ICON = "⌛", "⏹️"


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
    is left empty. A finished card is text, which is shorter.
    """
    if card.finished:
        return RenderedCard("\n".join(_task_lines(card, catalog)), (), None)
    embed, view = live_card_embed(card, catalog, now=now), live_card_view(card, catalog)
    embeds = may_embed or (may_embed is None and view is not None)
    if card.own_text_only or not embeds:
        return RenderedCard(_as_text(embed), (), view)
    return RenderedCard("", (embed,), view)


def _as_text(embed: discord.Embed) -> str:
    lines = [f"**{embed.title}**", *(embed.description or "").split("\n")]
    return "\n".join(whole_lines(lines, MAX_CONTENT))


def live_card_embed(card: LiveCard, catalog: Catalog, *, now: float) -> discord.Embed:
    """Return the embed of an unfinished card: one task in detail, or one line for each of several.

    It is never green: that stands for a success. A card with ``own_text_only`` contains no text
    that a relay or a user wrote.
    """
    if len(card.tasks) == 1:
        (entry,) = card.tasks
        title, lines = _name(entry, card, catalog), [_single_task(entry, card, catalog, now)]
    else:
        title, lines = _group_title(card, catalog), _task_lines(card, catalog)
        lines += filter(None, [_outage(card, catalog)])
    lines += filter(None, [_footnote(card, catalog), _watchers(card, catalog)])
    return discord.Embed(
        title=title,
        description="\n".join(filter(None, lines)),
        colour=UNKNOWN_COLOUR if card.relay_down_since else RUNNING_COLOUR,
    )


def orphaned_card_text(catalog: Catalog) -> str:
    """Return the text of a card that is no longer updated."""
    return catalog.text("live-orphaned")


def live_card_view(card: LiveCard, catalog: Catalog) -> discord.ui.View | None:
    """Return the buttons of an unfinished card: join, leave, and a link to the first result."""
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
        task = card.tasks[0].task
        for link in link_buttons(task, catalog)[:1]:
            preview = not any(clip.playable for clip in task.clips) and any(
                map(is_preview, task.clips)
            )
            label = catalog.text("card-button-preview") if preview else link.label
            view.add_item(discord.ui.Button(label=label, url=link.url))
    return view


def has_button(message: discord.Message, custom_id: str) -> bool:
    """Whether a message has a component with this custom id."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return any(
        getattr(item, "custom_id", None) == custom_id for row in rows for item in row.children
    )


def _single_task(entry: LiveCardTask, card: LiveCard, catalog: Catalog, now: float) -> str:
    """Return how the only task of an unfinished card is doing, as one line."""
    if entry.end_reason or entry.unwatched:
        return _state(entry, catalog)
    if outage := _outage(card, catalog):
        return outage
    if entry.is_pending:
        return catalog.text("live-pending")
    if not entry.known:
        return catalog.text("live-unknown")
    return state_line(entry.task, catalog, now)


def _outage(card: LiveCard, catalog: Catalog) -> str:
    """Return since when the relay fails; empty if it does not."""
    if card.relay_down_since is None:
        return ""
    return catalog.text("live-relay-down", time=f"<t:{card.relay_down_since:.0f}:R>")


def _footnote(card: LiveCard, catalog: Catalog) -> str:
    """Return how long such tasks take, and until when the last of the tasks is polled."""
    polled = [
        entry
        for entry in card.tasks
        if not entry.end_reason and entry.watched and not entry.is_pending
    ]
    deadlines = [entry.deadline_at for entry in polled if entry.deadline_at]
    if not deadlines:
        return ""
    text = catalog.text("live-deadline", time=f"<t:{max(deadlines):.0f}:R>")
    if card.typical and any(entry.known for entry in polled):
        duration = spoken_duration(card.typical.median, catalog)
        typical = catalog.text("card-typical", time=duration)
        text = catalog.text("live-two-sentences", first=typical, second=text)
    return f"-# {text}"


def _group_title(card: LiveCard, catalog: Catalog) -> str:
    ended = sum(bool(entry.end_reason) for entry in card.tasks)
    watched = sum(not entry.unwatched for entry in card.tasks)
    return catalog.text("live-group", ended=ended, total=watched)


def _task_lines(card: LiveCard, catalog: Catalog) -> list[str]:
    """Return a line for each task, all of them within the content of a message."""
    lines = list(_lines_of_width(card, catalog, _TITLE_COLUMNS))
    if len(whole_lines(lines, MAX_CONTENT - _RESERVE)) < len(lines):
        lines = list(_lines_of_width(card, catalog, _NARROW_COLUMNS))
    return lines


def _lines_of_width(card: LiveCard, catalog: Catalog, columns: int) -> Iterator[str]:
    """Yield an icon, the name with a link to its notice, and the state of each task."""
    for number, entry in enumerate(card.tasks, 1):
        name = _title(entry, card, columns) or _kind_name(entry, catalog)
        if card.own_text_only and len(card.tasks) > 1:
            name = catalog.text("live-number", number=number)
        linked = masked_link(f"**{name}**", _notice_url(entry, card)) or f"**{name}**"
        named = f"{linked}{_id_of_untitled(entry, card)}"
        yield f"{_icon(entry)} {join_parts(named, _state(entry, catalog))}"


def _icon(entry: LiveCardTask) -> str:
    if entry.end_reason is EndReason.FINISHED:
        return OUTCOME_ICONS[entry.task.outcome or Outcome.PARTIAL]
    if entry.end_reason is EndReason.GAVE_UP:
        return _GAVE_UP_ICON
    if entry.end_reason is EndReason.REJECTED:
        return OUTCOME_ICONS[Outcome.FAILURE]
    if entry.end_reason:
        return UNKNOWN_ICON
    return _STOPPED_ICON if entry.unwatched else RUNNING_ICON


def _state(entry: LiveCardTask, catalog: Catalog) -> str:
    """Return the state of a task in a few words."""
    if entry.end_reason is EndReason.FINISHED:
        state = catalog.text(f"live-ended-{entry.task.outcome or Outcome.PARTIAL}")
    elif entry.end_reason is EndReason.GAVE_UP:
        duration = spoken_duration(entry.polled_for, catalog)
        state = catalog.text("live-gave-up", time=duration)
    elif entry.end_reason:
        state = catalog.text(f"live-{entry.end_reason.replace('_', '-')}")
    elif entry.unwatched:
        state = catalog.text("live-unwatched")
    elif entry.is_pending:
        state = catalog.text("live-pending-short")
    elif not entry.known:
        state = catalog.text("live-waiting")
    else:
        return f"{entry.task.progress}%" if entry.task.progress else ""
    return join_parts(state, _notice_state(entry, catalog))


def _notice_state(entry: LiveCardTask, catalog: Catalog) -> str:
    """Return what a pending notice waits for; empty if none is pending."""
    if entry.notice_collecting:
        return catalog.text("live-collecting")
    return catalog.text("live-sending-notice") if entry.notice_pending else ""


def _title(entry: LiveCardTask, card: LiveCard, columns: int = _TITLE_COLUMNS) -> str:
    """Return the title of a task, escaped; empty if there is none that may be shown."""
    return "" if card.own_text_only else short_line(entry.task.title, columns=columns)


def _name(entry: LiveCardTask, card: LiveCard, catalog: Catalog) -> str:
    """Return the title of a task, or what it is and the start of its id."""
    kind = _kind_name(entry, catalog)
    return _title(entry, card) or f"{kind}{_id_of_untitled(entry, card)}"


def _kind_name(entry: LiveCardTask, catalog: Catalog) -> str:
    """Return what stands for a title that is missing."""
    kind = entry.task.kind or (entry.task.claimed_kind if _has_no_relay_id(entry) else None)
    return catalog.text("live-name", kind=kind or "task")


def _id_of_untitled(entry: LiveCardTask, card: LiveCard) -> str:
    """Return a space and the start of the id of a task without a title; else nothing."""
    if card.own_text_only or _has_no_relay_id(entry) or _title(entry, card):
        return ""
    return f" {short_id(entry.task)}"


def _has_no_relay_id(entry: LiveCardTask) -> bool:
    """Whether a task is a request to create of which no relay has named a task."""
    return entry.task.id.startswith(CREATION_PREFIX)


def _notice_url(entry: LiveCardTask, card: LiveCard) -> str | None:
    if entry.message_id is None:
        return None
    guild = card.destination.guild_id or "@me"
    return f"https://discord.com/channels/{guild}/{card.destination.channel_id}/{entry.message_id}"


def _watchers(card: LiveCard, catalog: Catalog) -> str:
    if not card.watchers:
        return ""
    mentions = " ".join(f"<@{watcher}>" for watcher in card.watchers[:_MAX_MENTIONS])
    more = len(card.watchers) - _MAX_MENTIONS
    if more > 0:
        mentions = catalog.text("live-more-watchers", watchers=mentions, number=more)
    return catalog.text("live-watching", watchers=mentions)
