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
from bot.ui.notice_text import NoticeText, headline_without_title, mentions

_MAX_MARKERS = 700
"""Code points of all ids together in plain text, where there is room."""
_MINIMAL_RESERVE = 750
"""Code points beside the mentions: the sentences, the id, and what the caller adds."""


def without_links(notice: Notice) -> Notice:
    """Return ``notice`` without images, buttons and links in embeds; its links are plain text.

    For a message that Discord refused for its content (50035). Links that do not fit the content
    are left out.
    """
    return replace(
        notice,
        content=_with_links(notice, MAX_CONTENT - CONTENT_RESERVE),
        embeds=tuple(map(_without_links, notice.embeds)),
        buttons=(),
    )


def as_plain_text(notice: Notice) -> Notice:
    """Return ``notice`` as text alone: what happened, the links, the ids, lyrics as far as they go.

    For where Embed Links is missing, and as a last resort.
    """
    footers = [embed.footer.text for embed in notice.embeds if embed.footer.text]
    longest = min(
        _MAX_MARKERS, MAX_CONTENT - len(notice.content) - len(notice.rest) - len("\n\n-# ")
    )
    ids = "-# " + code_span(task_text.join_markers(footers), limit=longest) if footers else ""
    text = _with_links(notice, MAX_CONTENT - len(ids) - len(notice.rest) - 2)
    told = _fit_parts(
        list(_embed_texts(notice.embeds)), MAX_CONTENT - len(text) - len(ids) - 2, notice.rest
    )
    content = "\n".join(part for part in (text, told, ids) if part)
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
    """Return what tells ``watchers`` (user ids) how their watch ended, without a word of a relay's.

    ``possible_duplicate`` adds that the same may have been posted before.
    """
    named, mentioned = mentions(
        tuple(dict.fromkeys(watchers)), MAX_CONTENT - _MINIMAL_RESERVE, catalog
    )
    lines = [f"{named} {headline_without_title(NoticeText(task, end_reason, catalog))}".strip()]
    if possible_duplicate:
        lines.append(catalog.text("notice-repeat"))
    lines.append(catalog.text("notice-minimal-status" if with_id else "notice-minimal-history"))
    if with_id:
        lines.append(f"-# {code_span(task_text.marker(task))}")
    return Notice("\n".join(lines), (), (), allowed_mentions_of(mentioned))


def _with_links(notice: Notice, limit: int) -> str:
    """Return the content with the links of buttons and embeds, as many as ``limit`` allows."""
    text = notice.content
    labels = {button.url: button.label for button in notice.buttons}
    labels |= {embed.url: "" for embed in notice.embeds if embed.url and embed.url not in labels}
    for url, label in labels.items():
        line = f"\n{label}: <{url}>" if label else f"\n<{url}>"
        if len(text) + len(line) <= limit:
            text += line
    return text


def _without_links(embed: discord.Embed) -> discord.Embed:
    bare = embed.copy()
    bare.url = None
    return bare.set_image(url=None).set_thumbnail(url=None)


def _fit_parts(parts: Sequence[str], room: int, rest: str) -> str:
    """Return what ``room`` code points hold of ``parts``, and ``rest`` if that is not all.

    Only descriptions are cut; titles and fields, which begin in bold, are told whole or not at all.
    """
    text = "\n".join(parts)
    if len(text) <= room:
        return text
    kept: list[str] = []
    left = room - len(rest)
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
