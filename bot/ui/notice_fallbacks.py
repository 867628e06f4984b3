"""Renders notices in the simpler formats, for when Discord rejects or drops parts of the full one.

In this order: without links, as plain text, and as a minimal notice of the bot's own sentences.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import discord

from bot.i18n.catalog import Catalog
from bot.relay.creation import RejectionReason
from bot.relay.models import Task
from bot.storage.models import EndReason
from bot.ui import task_text
from bot.ui.escaping import code_span
from bot.ui.limits import MAX_CONTENT, MAX_PLAIN_TEXT
from bot.ui.lyrics import truncate_at_line
from bot.ui.notice import CONTENT_RESERVE, Notice, allowed_mentions_of
from bot.ui.notice_text import NoticeFacts, headline, mentions
from bot.ui.task_text import MASKED_LINK, without_parentheses
from bot.ui.views import LinkButton

_MINIMAL_RESERVE = 750
"""Code points beside the mentions: the sentences, the id, and what the caller adds."""


def without_links(notice: Notice) -> Notice:
    """Return ``notice`` without images, buttons and links in embeds; its links are plain text.

    For a message whose content Discord rejected (50035). Links that do not fit in the content are
    left out.
    """
    embeds = tuple(map(_without_links, notice.embeds))
    if notice.shortened:
        embeds[-1].description = f"{embeds[-1].description}\n{notice.rest}"
    return replace(
        notice,
        content=_with_links(notice, MAX_CONTENT - CONTENT_RESERVE),
        embeds=embeds,
        buttons=(),
        shortened=False,
    )


def as_plain_text(notice: Notice) -> Notice:
    """Return ``notice`` as text alone: the outcome, links, the id, and as much lyrics as fits.

    For channels without the permission Embed Links, and after ``without_links`` was rejected.
    """
    footers = [embed.footer.text for embed in notice.embeds if embed.footer.text]
    id_limit = MAX_PLAIN_TEXT - len(notice.content) - len("\n-# ")
    marker = "".join(f"-# {code_span(footer, limit=id_limit)}" for footer in footers[-1:])
    text = _with_links(notice, MAX_PLAIN_TEXT - len(marker) - len(notice.rest) - 2)
    details = _fit_parts(
        list(_embed_texts(notice)),
        MAX_PLAIN_TEXT - len(text) - len(marker) - 2,
        notice.rest,
        shortened=notice.shortened,
    )
    content = "\n".join(part for part in (text, details, marker) if part)
    return replace(notice, content=content, embeds=(), buttons=(), shortened=False)


def minimal_notice(
    task: Task,
    end_reason: EndReason,
    watchers: Sequence[int],
    catalog: Catalog,
    *,
    possible_duplicate: bool = False,
    with_id: bool = True,
    rejection: RejectionReason | None = None,
) -> Notice:
    """Return a notice for ``watchers`` (user ids) without any text that a relay or a user wrote.

    ``possible_duplicate`` adds that the same message may have been posted before; ``with_id`` adds
    the task id, which Discord may reject too. ``rejection`` is as in ``Delivery``.
    """
    mention_text, mentioned = mentions(
        tuple(dict.fromkeys(watchers)), MAX_CONTENT - _MINIMAL_RESERVE, catalog
    )
    facts = NoticeFacts(task, end_reason, catalog, rejection)
    sentence = headline(facts, with_title=False)
    lines = [f"{mention_text} {sentence}".strip()]
    if possible_duplicate:
        lines.append(catalog.text("notice-possible-duplicate"))
    lines.append(catalog.text("notice-minimal-status" if with_id else "notice-minimal-history"))
    if with_id:
        lines.append(f"-# {code_span(task_text.marker(task))}")
    return Notice("\n".join(lines), (), (), allowed_mentions_of(mentioned))


def _with_links(notice: Notice, limit: int) -> str:
    """Return the content followed by the links of embeds and buttons, as many as fit."""
    text = notice.content
    for line in _link_lines(notice):
        if len(text) + len(line) + 1 <= limit:
            text += f"\n{line}"
    return text


def _link_lines(notice: Notice) -> Iterator[str]:
    """Yield the lines of embeds that contain links, then the other links, with the URLs as text."""
    written: set[str] = set()
    for embed in notice.embeds:
        for line in (embed.description or "").split("\n"):
            if urls := [match[2] for match in MASKED_LINK.finditer(line)]:
                written.update(urls)
                yield MASKED_LINK.sub(r"\1: <\2>", line)
    others = {embed.url: "" for embed in notice.embeds if embed.url}
    links = (button for button in notice.buttons if isinstance(button, LinkButton))
    others |= {button.url: f"{button.label}: " for button in links}
    for url, label in others.items():
        if without_parentheses(url) not in written:
            yield f"{label}<{url}>"


def _text_without_links(embed: discord.Embed) -> str:
    """Return the lines of a description that contain no links."""
    lines = (embed.description or "").split("\n")
    return "\n".join(line for line in lines if not MASKED_LINK.search(line)).strip()


def _without_links(embed: discord.Embed) -> discord.Embed:
    copy = embed.copy()
    copy.url = None
    text = _text_without_links(embed)
    if not text and not embed.title:  # Discord may refuse an embed with a footer alone
        text = MASKED_LINK.sub(r"\1", embed.description or "")
    copy.description = text or None
    return copy.set_image(url=None).set_thumbnail(url=None)


def _fit_parts(parts: Sequence[str], limit: int, rest: str, *, shortened: bool) -> str:
    """Return as much of ``parts`` as fits in ``limit`` code points; ``rest`` ends a truncated text.

    Only descriptions are truncated; titles and fields, which begin in bold, are kept or omitted.
    ``shortened``: whether the text is truncated already.
    """
    text = "\n".join((*parts, rest) if shortened else parts)
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


def _embed_texts(notice: Notice) -> Iterator[str]:
    """Yield the titles, descriptions and fields of the embeds as text, without links.

    A title that the content names already is omitted.
    """
    for embed in notice.embeds:
        if embed.title and embed.title not in notice.content:
            yield f"**{embed.title}**"
        if text := _text_without_links(embed):
            yield text
        for field in embed.fields:
            yield f"**{field.name}**\n{field.value}"
