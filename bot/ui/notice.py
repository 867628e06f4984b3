"""Renders notices: the messages that say how a watch ended, within Discord's limits.

``bot.ui.notice_fallbacks`` has the simpler formats, for when Discord rejects the full one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, Outcome, Task
from bot.storage.models import EndReason
from bot.ui import task_text
from bot.ui.escaping import code_span, escape, escape_line
from bot.ui.failure_reasons import failure_advice, failure_explanation, relay_reason
from bot.ui.limits import (
    MAX_CONTENT,
    MAX_EMBEDS,
    MAX_EMBEDS_TOTAL,
    MAX_FIELD_VALUE,
    embeds_length,
    fair_shares,
    usable_url,
)
from bot.ui.lyrics import LyricsText, fit_into_embeds, lyrics_texts
from bot.ui.notice_text import NoticeFacts, headline, mentions, remarks
from bot.ui.views import LinkButton

CONTENT_RESERVE = 300
"""Code points of the content left free, so that the plain-text format has space for the id."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message without its channel: at most 2000 code points, 10 embeds and 25 buttons."""

    content: str
    embeds: tuple[discord.Embed, ...]
    buttons: tuple[LinkButton, ...]
    allowed_mentions: discord.AllowedMentions
    """Exactly the watchers that ``content`` names."""
    rest: str = ""
    """The sentence that follows a truncated text: how to read the rest."""


def render_notice(
    task: Task,
    end_reason: EndReason,
    watchers: Sequence[int],
    catalog: Catalog,
    *,
    possible_duplicate: bool = False,
) -> Notice:
    """Return the message that says to ``watchers`` (user ids) how their watch of ``task`` ended.

    It is within every limit of Discord, whatever the relay wrote. ``possible_duplicate`` adds that
    the same message may have been posted before.
    """
    facts = NoticeFacts(task_text.without_expired_streams(task), end_reason, catalog)
    hidden = 0 if facts.without_result else len(task.clips) - len(_shown_clips(facts))
    text = "\n".join(
        [
            headline(facts),
            *remarks(facts, hidden=hidden, possible_duplicate=possible_duplicate),
        ]
    )
    limit = MAX_CONTENT - CONTENT_RESERVE - len(text)
    mention_text, mentioned = mentions(tuple(dict.fromkeys(watchers)), limit, catalog)
    return Notice(
        content=f"{mention_text} {text}".strip(),
        embeds=tuple(_embeds(facts)),
        buttons=() if facts.without_result else task_text.link_buttons(task, catalog),
        allowed_mentions=allowed_mentions_of(mentioned),
        rest=catalog.text("notice-rest-status" if facts.without_result else "notice-rest"),
    )


def allowed_mentions_of(user_ids: Sequence[int]) -> discord.AllowedMentions:
    """Return the permission to mention exactly these users."""
    return discord.AllowedMentions(
        everyone=False,
        roles=False,
        replied_user=False,
        users=[discord.Object(user_id) for user_id in user_ids],
    )


def with_role_mention(notice: Notice, role_id: int) -> Notice:
    """Return ``notice`` with the mention of a role at the start."""
    allowed = discord.AllowedMentions(
        everyone=False,
        roles=[discord.Object(role_id)],
        users=notice.allowed_mentions.users,
        replied_user=False,
    )
    content = f"<@&{role_id}> {notice.content}"
    return replace(notice, content=content[:MAX_CONTENT], allowed_mentions=allowed)


def _embeds(facts: NoticeFacts) -> list[discord.Embed]:
    if facts.without_result:
        embeds = [_explanation(facts)]
    else:
        embeds = _clip_embeds(facts)
        if embeds:
            embeds[0].set_footer(text=_first_footer(facts))
        embeds += _lyrics_embeds(facts, embeds)
    if not embeds[0].footer.text:
        embeds[-1].set_footer(text=task_text.marker(facts.task))
    return embeds


def _shown_clips(facts: NoticeFacts) -> tuple[Clip, ...]:
    """Return the clips that get an embed of their own; one embed is reserved for lyrics."""
    return facts.task.clips[: MAX_EMBEDS - 1]


def _share_per_clip(facts: NoticeFacts, longest: int, total: int) -> int:
    """Return the code points for a text of each clip: ``longest``, or its share of ``total``."""
    return min(longest, total // max(1, len(_shown_clips(facts))))


def _first_footer(facts: NoticeFacts) -> str:
    clip = facts.task.clips[0]
    return task_text.marker(facts.task, clip, limit=_id_limit(facts))


def _id_limit(facts: NoticeFacts) -> int:
    """Return the code points for a clip's id: less than the whole id if there are many clips."""
    return _share_per_clip(facts, task_text.MAX_SHOWN_ID, 600)


def _clip_embeds(facts: NoticeFacts) -> list[discord.Embed]:
    used_urls: set[str] = set()
    return [
        _clip_embed(facts, number, used_urls) for number in range(1, len(_shown_clips(facts)) + 1)
    ]


def _clip_embed(facts: NoticeFacts, number: int, used_urls: set[str]) -> discord.Embed:
    """Return the embed of a clip; no URL is used twice, because Discord merges such embeds."""
    task, catalog = facts.task, facts.catalog
    clip = task.clips[number - 1]
    summary = task_text.join_parts(
        task_text.version_label(number, len(task.clips), catalog),
        escape_line(clip.style, limit=_share_per_clip(facts, 200, 800)),
        task_text.format_duration(clip.duration),
    )
    state = task_text.clip_state(clip, catalog, reason_limit=_share_per_clip(facts, 600, 1000))
    embed = discord.Embed(
        title=task_text.clip_title(clip, task, catalog, limit=_share_per_clip(facts, 200, 800)),
        description="\n".join(part for part in (summary, state) if part) or None,
        colour=task_text.clip_colour(clip),
    )
    url = usable_url(clip.audio_url) if clip.playable else None
    if url and url not in used_urls:
        used_urls.add(url)
        embed.url = url
    if clip.playable or task_text.is_preview(clip):
        embed.set_image(url=usable_url(clip.image_url))
    if number > 1 and (ids := task_text.clip_marker(clip, limit=_id_limit(facts))):
        embed.set_footer(text=ids)
    return embed


def _lyrics_embeds(facts: NoticeFacts, others: Sequence[discord.Embed]) -> list[discord.Embed]:
    """Return the embeds of the lyrics, within what ``others`` leave of a message's limits."""
    texts = [
        _with_style(facts, lyrics)
        for lyrics in lyrics_texts(facts.task, limit=MAX_EMBEDS_TOTAL)[: MAX_EMBEDS - len(others)]
    ]
    overhead = (
        sum(len(_lyrics_title(facts, lyrics)) for lyrics in texts) + task_text.MAX_SHOWN_ID + 2
    )
    limit = MAX_EMBEDS_TOTAL - embeds_length(others) - overhead
    rest = facts.catalog.text("notice-rest")
    embeds: list[discord.Embed] = []
    max_embeds = MAX_EMBEDS - len(others)
    for index, share in enumerate(fair_shares([len(lyrics.text) for lyrics in texts], limit)):
        texts_left = len(texts) - index - 1
        available = max_embeds - len(embeds) - texts_left
        embeds += _lyrics_text_embeds(facts, texts[index], share, available, rest)
    return embeds


def _lyrics_text_embeds(
    facts: NoticeFacts, lyrics: LyricsText, limit: int, max_embeds: int, rest: str
) -> list[discord.Embed]:
    pieces = fit_into_embeds(lyrics.text, limit, max_embeds, rest)
    colour = task_text.lyrics_colour(facts.task)
    embeds = [discord.Embed(description=piece, colour=colour) for piece in pieces]
    if embeds:
        embeds[0].title = _lyrics_title(facts, lyrics)
    return embeds


def _lyrics_title(facts: NoticeFacts, lyrics: LyricsText) -> str:
    return lyrics.label(facts.catalog) if facts.task.lyrics is None else facts.title


def _with_style(facts: NoticeFacts, lyrics: LyricsText) -> LyricsText:
    """Return a lyrics task's text with its style above it; the embeds of clips show their own."""
    style = escape_line(facts.task.lyrics.style, limit=200) if facts.task.lyrics else ""
    return replace(lyrics, text=f"-# {style}\n{lyrics.text}") if style else lyrics


def _explanation(facts: NoticeFacts) -> discord.Embed:
    """Return the embed that explains why there is no result, and what to do."""
    task, catalog = facts.task, facts.catalog
    embed = discord.Embed(
        title=facts.title if facts.has_title else None, colour=task_text.UNKNOWN_COLOUR
    )
    if facts.end_reason is EndReason.FINISHED and task.outcome is not Outcome.SUCCESS:
        embed.colour = task_text.FAILURE_COLOUR
        embed.description = failure_explanation(task, catalog)
        advice = failure_advice(task, catalog)
    else:
        name = (
            "nothing"
            if facts.end_reason is EndReason.FINISHED
            else facts.end_reason.replace("_", "-")
        )
        embed.description = catalog.text(f"notice-why-{name}")
        advice = catalog.text(f"notice-advice-{name}")
    reason = escape(relay_reason(task), limit=MAX_FIELD_VALUE)
    if reason:
        embed.add_field(name=catalog.text("notice-relay-reason"), value=reason, inline=False)
    embed.add_field(name=catalog.text("notice-what-to-do"), value=advice, inline=False)
    embed.add_field(
        name=catalog.text("notice-task-id"), value=code_span(task.id, limit=task_text.MAX_SHOWN_ID)
    )
    return embed
