"""Renders summaries: the one message that says how several tasks ended, a line for each.

Every task stays reachable: its line links to the song, and a menu shows its status privately.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, Outcome
from bot.storage.models import EndReason, MessageFormat, TaskEnd
from bot.ui import task_text
from bot.ui.escaping import code_span, sanitize_line
from bot.ui.failure_reasons import effective_kind, failure_cause
from bot.ui.limits import (
    MAX_CONTENT,
    MAX_DESCRIPTION,
    MAX_OPTION_TEXT,
    MAX_OPTIONS,
    MAX_PLAIN_TEXT,
    usable_url,
    whole_lines,
)
from bot.ui.notice import CONTENT_RESERVE, Notice, allowed_mentions_of
from bot.ui.notice_text import NoticeFacts, mentions
from bot.ui.views import StatelessView, status_menu

_MARKER_PREFIX = "♫ "
_MARKER_LENGTH = 12
"""Digits of the nonce in the marker."""
_TITLE_COLUMNS = 30
"""The width of a title in a line, as ``short_line`` measures it: the links fit beside it."""
_MAX_ID, _SHORT_ID = 40, 9
"""Code points of a task's id, and of one that only tells tasks without titles apart."""
_MAX_LINKED_VERSIONS = 2
"""Versions of a song that are linked; the menu shows all of them."""
_GAVE_UP_ICON = "⌛"


def summary_marker(nonce: str) -> str:
    """Return the marker by which the bot recognises its own summary: no notice of a task has it.

    It is the footer of the embed, and a code span in plain text.
    """
    return _MARKER_PREFIX + nonce[:_MARKER_LENGTH]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summary says, and to whom."""

    ends: tuple[TaskEnd, ...]
    watchers: tuple[int, ...]
    """The users to mention."""
    nonce: str
    still_running: int = 0
    """How many tasks of the group were still running when it became due."""
    possible_duplicate: bool = False
    """Whether the same message may have been posted before."""
    redirected_from: int | None = None
    """The channel for which it was, if that does not take it."""


def render_summary(summary: Summary, message_format: MessageFormat, catalog: Catalog) -> Notice:
    """Return the message of a summary in a format; it is within every limit of Discord."""
    facts = [_facts(end, catalog) for end in summary.ends]
    text = "\n".join([summary_headline(summary.ends, catalog), *_remarks(summary, catalog)])
    limit = MAX_CONTENT - CONTENT_RESERVE - len(text)
    mention_text, mentioned = mentions(summary.watchers, limit, catalog)
    notice = Notice(
        content=f"{mention_text} {text}".strip(),
        embeds=(),
        buttons=(),
        allowed_mentions=allowed_mentions_of(mentioned),
        rest=catalog.text("notice-rest-status"),
    )
    if message_format is MessageFormat.BARE:
        return _with_lines(notice, [catalog.text("notice-minimal-history")])
    if message_format is MessageFormat.MINIMAL:
        return _with_lines(notice, _minimal_lines(summary, catalog))
    linked = message_format is MessageFormat.FULL
    embed = _embed(facts, summary.nonce, linked=linked)
    full = replace(notice, embeds=(embed,))
    return summary_as_text(full) if message_format is MessageFormat.PLAIN else full


def summary_as_text(notice: Notice) -> Notice:
    """Return a summary with the lines and the marker of its embed in the content."""
    (embed,) = notice.embeds
    marker = f"\n-# {code_span(embed.footer.text or '')}"
    lines = [notice.content, *(embed.description or "").split("\n")]
    limit = MAX_PLAIN_TEXT - len(marker)
    kept = whole_lines(lines, limit)
    if len(kept) < len(lines):
        kept = [*whole_lines(lines, limit - len(notice.rest) - 1), notice.rest]
    return replace(notice, content="\n".join(kept) + marker, embeds=())


def summary_menu(ends: Sequence[TaskEnd], catalog: Catalog) -> discord.ui.View | None:
    """Return the menu that shows the status of a task of a summary privately.

    A task id that is too long for an option, which no relay makes, is left out, and so is what is
    beyond the most options: people who join groups can make them larger than one request.
    """
    options = [
        discord.SelectOption(
            label=sanitize_line(facts.task.title, limit=MAX_OPTION_TEXT) or _name(facts),
            description=sanitize_line(facts.task.id, limit=MAX_OPTION_TEXT) or None,
            value=facts.task.id,
            emoji=_icon(facts),
        )
        for facts in (_facts(end, catalog) for end in ends)
        if 0 < len(facts.task.id) <= MAX_OPTION_TEXT
    ]
    if not options:
        return None
    view = StatelessView()
    view.add_item(status_menu(options[:MAX_OPTIONS], catalog))
    return view


def _facts(end: TaskEnd, catalog: Catalog) -> NoticeFacts:
    task = task_text.without_expired_streams(end.task)
    return NoticeFacts(task, end.end_reason, catalog, end.rejection)


def summary_headline(ends: Sequence[TaskEnd], catalog: Catalog) -> str:
    """Return the sentence that says how many of the tasks are ready."""
    facts = [_facts(end, catalog) for end in ends]
    ready = sum(_has_result(each) for each in facts)
    kinds = {effective_kind(each.task) or each.task.claimed_kind for each in facts} - {None}
    kind = kinds.pop() if len(kinds) == 1 else None
    key = "summary-some-ready"
    if ready in (0, len(facts)):
        key = "summary-all-ready" if ready else "summary-none-ready"
    return catalog.text(key, ready=ready, total=len(facts), kind=kind or "task")


def _remarks(summary: Summary, catalog: Catalog) -> Iterator[str]:
    if summary.still_running:
        yield catalog.text("summary-still-running", number=summary.still_running)
    if summary.possible_duplicate:
        yield catalog.text("notice-possible-duplicate")
    if summary.redirected_from is not None:
        yield catalog.text("notice-instead", place=f"<#{summary.redirected_from}>")


def _minimal_lines(summary: Summary, catalog: Catalog) -> list[str]:
    ids = [f"-# {code_span(end.task.id, limit=_MAX_ID)}" for end in summary.ends]
    marker = f"-# {code_span(summary_marker(summary.nonce))}"
    return [catalog.text("notice-minimal-status"), marker, *ids]


def _with_lines(notice: Notice, lines: Sequence[str]) -> Notice:
    """Return ``notice`` with as many of ``lines`` below its content as fit."""
    fitting = whole_lines([notice.content, *lines], MAX_CONTENT - CONTENT_RESERVE // 2)
    return replace(notice, content="\n".join(fitting))


def _embed(facts: Sequence[NoticeFacts], nonce: str, *, linked: bool) -> discord.Embed:
    share = MAX_DESCRIPTION // len(facts) - 1
    description = "\n".join(_line(each, share, linked=linked) for each in facts)
    embed = discord.Embed(description=description, colour=_colour(facts))
    return embed.set_footer(text=summary_marker(nonce))


def _colour(facts: Sequence[NoticeFacts]) -> discord.Colour:
    ready = sum(_has_result(each) for each in facts)
    if ready == len(facts):
        return task_text.SUCCESS_COLOUR
    return task_text.PARTIAL_COLOUR if ready else task_text.FAILURE_COLOUR


def _line(facts: NoticeFacts, limit: int, *, linked: bool) -> str:
    """Return the line of a task, at most ``limit`` code points: icon, title, result, links.

    Without links it names the id, by which commands open the task. What does not fit is left out,
    the links first.
    """
    title = task_text.short_line(facts.task.title, columns=_TITLE_COLUMNS)
    name = f"**{title or _name(facts)}**"
    result = _result(facts)
    if not linked:
        task_id = code_span(facts.task.id, limit=_MAX_ID)
        return f"{_icon(facts)} {task_text.join_parts(name, task_id, result)}"
    task_id = "" if title else f" {code_span(facts.task.id, limit=_SHORT_ID + 2)}"
    links = list(_links(facts))
    named = (task_text.masked_link(name, task_text.song_page(facts.task)) or name) + task_id
    lines = [
        f"{_icon(facts)} {task_text.join_parts(named, result, *shown)}"
        for shown in (links, links[:1], ())
    ]
    return next((line for line in lines if len(line) <= limit), lines[-1])


def _name(facts: NoticeFacts) -> str:
    """Return what stands for a title that is missing."""
    return facts.catalog.text("live-name", kind=effective_kind(facts.task) or "task")


def _links(facts: NoticeFacts) -> Iterator[str]:
    """Yield a link to the audio of each version that can be played."""
    playable = [clip for clip in facts.task.clips if clip.playable]
    key = "card-button-listen" if len(playable) == 1 else "card-button-listen-of-several"
    for number, clip in enumerate(playable[:_MAX_LINKED_VERSIONS], 1):
        label = facts.catalog.text(key, number=number)
        if link := task_text.masked_link(label, usable_url(clip.audio_url)):
            yield link


def _result(facts: NoticeFacts) -> str:
    """Return in few words what came of a task."""
    text, task = facts.catalog.text, facts.task
    if facts.end_reason is EndReason.REJECTED:
        return text("summary-rejected", reason=facts.rejection or "cancelled")
    if facts.end_reason is EndReason.UNCONFIRMED:
        return text("summary-unconfirmed")
    without_end = _WITHOUT_END.get(facts.end_reason)
    if _has_result(facts):
        rest = text(f"{without_end}-partly") if without_end else ""
        return task_text.join_parts(_given(facts), rest)
    if without_end:
        return text(without_end)
    if task.outcome is Outcome.FAILURE:
        return text("summary-failed", cause=failure_cause(task))
    return text("summary-preview" if facts.previews else "summary-nothing")


_UNKNOWN_END = (EndReason.NOT_FOUND, EndReason.DISCONNECTED, EndReason.UNCONFIRMED)
_WITHOUT_END = {
    EndReason.NOT_FOUND: "summary-not-found",
    EndReason.GAVE_UP: "summary-gave-up",
    EndReason.DISCONNECTED: "summary-disconnected",
}


def _given(facts: NoticeFacts) -> str:
    """Return how much of a result there is."""
    text, total = facts.catalog.text, len(facts.task.clips)
    if facts.ready and facts.ready < total:
        return text("summary-partly", ready=facts.ready, total=total)
    if facts.ready:
        return task_text.format_duration(_first_playable(facts).duration)
    return text("summary-lyrics" if _is_complete(facts) else "summary-lyrics-partly")


def _icon(facts: NoticeFacts) -> str:
    if _has_result(facts):
        complete = _is_complete(facts) and facts.ready == len(facts.task.clips)
        return task_text.OUTCOME_ICONS[Outcome.SUCCESS if complete else Outcome.PARTIAL]
    if facts.end_reason is EndReason.GAVE_UP:
        return _GAVE_UP_ICON
    if facts.end_reason in _UNKNOWN_END:
        return task_text.UNKNOWN_ICON
    failed = facts.task.outcome is Outcome.FAILURE or facts.end_reason is EndReason.REJECTED
    return task_text.OUTCOME_ICONS[Outcome.FAILURE if failed else Outcome.PARTIAL]


def _has_result(facts: NoticeFacts) -> bool:
    """Whether there is a song that can be played, or a text."""
    return bool(facts.ready or facts.has_lyrics)


def _is_complete(facts: NoticeFacts) -> bool:
    finished = facts.end_reason is EndReason.FINISHED
    return finished and facts.task.outcome is Outcome.SUCCESS


def _first_playable(facts: NoticeFacts) -> Clip:
    return next(clip for clip in facts.task.clips if clip.playable)
