"""Renders notices in the simpler formats, for when Discord rejects or drops parts of the full one.

In this order: without links, as plain text, and as a minimal notice of the bot's own sentences.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.storage.models import EndReason
from bot.ui import task_text
from bot.ui.escaping import code_span
from bot.ui.limits import MAX_CONTENT
from bot.ui.lyrics import truncate_at_line
from bot.ui.notice import CONTENT_RESERVE, Notice, allowed_mentions_of
from bot.ui.notice_text import NoticeFacts, headline_without_title, mentions

_MAX_MARKERS = 700
"""Code points of all ids together in plain text, where there is room."""
_MINIMAL_RESERVE = 750
"""Code points beside the mentions: the sentences, the id, and what the caller adds."""


def without_links(notice: Notice) -> Notice:
    """Return ``notice`` without images, buttons and links in embeds; its links are plain text.

    For a message whose content Discord rejected (50035). Links that do not fit in the content are
    left out.
    """
    return replace(
        notice,
        content=_with_links(notice, MAX_CONTENT - CONTENT_RESERVE),
        embeds=tuple(map(_without_links, notice.embeds)),
        buttons=(),
    )


def as_plain_text(notice: Notice) -> Notice:
    """Return ``notice`` as text alone: the outcome, links, ids, and as much of the lyrics as fits.

    For channels without the permission Embed Links, and after ``without_links`` was rejected.
    """
    footers = [embed.footer.text for embed in notice.embeds if embed.footer.text]
    id_limit = min(
        _MAX_MARKERS, MAX_CONTENT - len(notice.content) - len(notice.rest) - len("\n\n-# ")
    )
    ids = "-# " + code_span(task_text.join_markers(footers), limit=id_limit) if footers else ""
    text = _with_links(notice, MAX_CONTENT - len(ids) - len(notice.rest) - 2)
    details = _fit_parts(
        list(_embed_texts(notice.embeds)), MAX_CONTENT - len(text) - len(ids) - 2, notice.rest
    )
    content = "\n".join(part for part in (text, details, ids) if part)
    return replace(notice, content=content, embeds=(), buttons=())


def minimal_notice(
    task: Task,
    end_reason: EndReason,
    watchers: Sequence[int],
    catalog: Catalog,
    *,
    possible_duplicate: bool = False,
    with_id: bool = True,
) -> Notice:
    """Return a notice for ``watchers`` (user ids) without any text that a relay or a user wrote.

    ``possible_duplicate`` adds that the same message may have been posted before; ``with_id`` adds
    the task id, which Discord may reject too.
    """
    mention_text, mentioned = mentions(
        tuple(dict.fromkeys(watchers)), MAX_CONTENT - _MINIMAL_RESERVE, catalog
    )
    lines = [
        f"{mention_text} {headline_without_title(NoticeFacts(task, end_reason, catalog))}".strip()
    ]
    if possible_duplicate:
        lines.append(catalog.text("notice-possible-duplicate"))
    lines.append(catalog.text("notice-minimal-status" if with_id else "notice-minimal-history"))
    if with_id:
        lines.append(f"-# {code_span(task_text.marker(task))}")
    return Notice("\n".join(lines), (), (), allowed_mentions_of(mentioned))


def _with_links(notice: Notice, limit: int) -> str:
    """Return the content followed by the links of buttons and embeds, as many as fit."""
    text = notice.content
    labels = {button.url: button.label for button in notice.buttons}
    labels |= {embed.url: "" for embed in notice.embeds if embed.url and embed.url not in labels}
    for url, label in labels.items():
        line = f"\n{label}: <{url}>" if label else f"\n<{url}>"
        if len(text) + len(line) <= limit:
            text += line
    return text


def _without_links(embed: discord.Embed) -> discord.Embed:
    copy = embed.copy()
    copy.url = None
    return copy.set_image(url=None).set_thumbnail(url=None)


def _fit_parts(parts: Sequence[str], limit: int, rest: str) -> str:
    """Return as much of ``parts`` as fits in ``limit`` code points; ``rest`` ends a truncated text.

    Only descriptions are truncated; titles and fields, which begin in bold, are kept or omitted.
    """
    text = "\n".join(parts)
    if len(text) <= limit:
        return text
    kept: list[str] = []
    left = limit - len(rest)
    for part in parts:
        if len(part) + 1 > left:
            kept.append("" if part.startswith("**") else truncate_at_line(part, left - 1))
            break
        kept.append(part)
        left -= len(part) + 1
    return "\n".join(part for part in (*kept, rest) if part)


def _embed_texts(embeds: Iterable[discord.Embed]) -> Iterator[str]:
    """Yield the titles, descriptions and fields of ``embeds`` as text."""
    for embed in embeds:
        if embed.title:
            yield f"**{embed.title}**"
        if embed.description:
            yield embed.description
        for field in embed.fields:
            yield f"**{field.name}**\n{field.value}"
