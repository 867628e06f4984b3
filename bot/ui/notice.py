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
from bot.ui.notice_text import NoticeText, headline, mentions, remarks
from bot.ui.views import LinkButton

CONTENT_RESERVE = 300
"""Code points of the content that stay free, so that plain text has room for the task's id."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message but for where it goes: at most 2000 code points, 10 embeds and 25 buttons."""

    content: str
    embeds: tuple[discord.Embed, ...]
    buttons: tuple[LinkButton, ...]
    allowed_mentions: discord.AllowedMentions
    """Exactly the watchers that ``content`` names."""
    rest: str = ""
    """What is said where a text had to be cut: how to read the rest."""


def render_notice(
    task: Task,
    end_reason: EndReason,
    watchers: Sequence[int],
    catalog: Catalog,
    *,
    possible_duplicate: bool = False,
) -> Notice:
    """Return the message that tells ``watchers`` (user ids) how their watch of ``task`` ended.

    It is within every limit of Discord's, whatever the relay wrote. ``possible_duplicate`` adds
    that the same message may have been posted before.
    """
    notice_text = NoticeText(task_text.without_expired_streams(task), end_reason, catalog)
    hidden = 0 if notice_text.fruitless else len(task.clips) - len(_shown_clips(notice_text))
    said = "\n".join(
        [
            headline(notice_text),
            *remarks(notice_text, hidden=hidden, possible_duplicate=possible_duplicate),
        ]
    )
    room = MAX_CONTENT - CONTENT_RESERVE - len(said)
    named, mentioned = mentions(tuple(dict.fromkeys(watchers)), room, catalog)
    return Notice(
        content=f"{named} {said}".strip(),
        embeds=tuple(_embeds(notice_text)),
        buttons=() if notice_text.fruitless else task_text.link_buttons(task, catalog),
        allowed_mentions=allowed_mentions_of(mentioned),
        rest=catalog.text("notice-rest-status" if notice_text.fruitless else "notice-rest"),
    )


def allowed_mentions_of(people: Sequence[int]) -> discord.AllowedMentions:
    """Return the permission to mention exactly these users."""
    return discord.AllowedMentions(
        everyone=False,
        roles=False,
        replied_user=False,
        users=[discord.Object(person) for person in people],
    )


def with_role_mention(notice: Notice, role_id: int) -> Notice:
    """Return ``notice`` with a mention of one role before all else."""
    allowed = discord.AllowedMentions(
        everyone=False,
        roles=[discord.Object(role_id)],
        users=notice.allowed_mentions.users,
        replied_user=False,
    )
    content = f"<@&{role_id}> {notice.content}"
    return replace(notice, content=content[:MAX_CONTENT], allowed_mentions=allowed)


def _embeds(notice_text: NoticeText) -> list[discord.Embed]:
    if notice_text.fruitless:
        embeds = [_explanation(notice_text)]
    else:
        embeds = _clip_embeds(notice_text)
        if embeds:
            embeds[0].set_footer(text=_first_footer(notice_text))
        embeds += _lyrics_embeds(notice_text, embeds)
    if not embeds[0].footer.text:
        embeds[-1].set_footer(text=task_text.marker(notice_text.task))
    return embeds


def _shown_clips(notice_text: NoticeText) -> tuple[Clip, ...]:
    """Return the clips that get an embed of their own; one embed is kept for lyrics."""
    return notice_text.task.clips[: MAX_EMBEDS - 1]


def _share_per_clip(notice_text: NoticeText, most: int, together: int) -> int:
    """Return how long a text of each clip may be: ``most``, or its share of ``together``."""
    return min(most, together // max(1, len(_shown_clips(notice_text))))


def _first_footer(notice_text: NoticeText) -> str:
    clip = notice_text.task.clips[0]
    return task_text.marker(notice_text.task, clip, limit=_id_limit(notice_text))


def _id_limit(notice_text: NoticeText) -> int:
    """Return how much of a clip's id is shown: all of it, unless there are many clips."""
    return _share_per_clip(notice_text, task_text.MAX_SHOWN_ID, 600)


def _clip_embeds(notice_text: NoticeText) -> list[discord.Embed]:
    used: set[str] = set()
    return [
        _clip_embed(notice_text, number, used)
        for number in range(1, len(_shown_clips(notice_text)) + 1)
    ]


def _clip_embed(notice_text: NoticeText, number: int, used: set[str]) -> discord.Embed:
    """Return the embed of a clip; two embeds with one URL would be shown as one."""
    task, catalog = notice_text.task, notice_text.catalog
    clip = task.clips[number - 1]
    about = task_text.join_parts(
        task_text.version_label(number, len(task.clips), catalog),
        escape_line(clip.style, limit=_share_per_clip(notice_text, 200, 800)),
        task_text.format_duration(clip.duration),
    )
    state = task_text.clip_state(
        clip, catalog, reason_limit=_share_per_clip(notice_text, 600, 1000)
    )
    embed = discord.Embed(
        title=task_text.clip_title(
            clip, task, catalog, limit=_share_per_clip(notice_text, 200, 800)
        ),
        description="\n".join(part for part in (about, state) if part) or None,
        colour=task_text.clip_colour(clip),
    )
    url = usable_url(clip.audio_url) if clip.playable else None
    if url and url not in used:
        used.add(url)
        embed.url = url
    if clip.playable or task_text.is_preview(clip):
        embed.set_image(url=usable_url(clip.image_url))
    if number > 1 and (ids := task_text.clip_marker(clip, limit=_id_limit(notice_text))):
        embed.set_footer(text=ids)
    return embed


def _lyrics_embeds(notice_text: NoticeText, others: Sequence[discord.Embed]) -> list[discord.Embed]:
    """Return the lyrics in what the ``others`` leave of a message, one text after the other."""
    found = [
        _with_style(notice_text, sheet)
        for sheet in lyrics_texts(notice_text.task, limit=MAX_EMBEDS_TOTAL)[
            : MAX_EMBEDS - len(others)
        ]
    ]
    overhead = (
        sum(len(_lyrics_title(notice_text, sheet)) for sheet in found) + task_text.MAX_SHOWN_ID + 2
    )
    room = MAX_EMBEDS_TOTAL - embeds_length(others) - overhead
    rest = notice_text.catalog.text("notice-rest")
    embeds: list[discord.Embed] = []
    places = MAX_EMBEDS - len(others)
    for place, share in enumerate(fair_shares([len(sheet.text) for sheet in found], room)):
        free = places - len(embeds) - (len(found) - place - 1)
        embeds += _lyrics_text_embeds(notice_text, found[place], share, free, rest)
    return embeds


def _lyrics_text_embeds(
    notice_text: NoticeText, sheet: LyricsText, room: int, free: int, rest: str
) -> list[discord.Embed]:
    pieces = fit_into_embeds(sheet.text, room, free, rest)
    colour = task_text.lyrics_colour(notice_text.task)
    embeds = [discord.Embed(description=piece, colour=colour) for piece in pieces]
    if embeds:
        embeds[0].title = _lyrics_title(notice_text, sheet)
    return embeds


def _lyrics_title(notice_text: NoticeText, sheet: LyricsText) -> str:
    return (
        sheet.label(notice_text.catalog) if notice_text.task.lyrics is None else notice_text.title
    )


def _with_style(notice_text: NoticeText, sheet: LyricsText) -> LyricsText:
    """Return a lyrics task's text below its style as small print; a song's clips show theirs."""
    style = escape_line(notice_text.task.lyrics.style, limit=200) if notice_text.task.lyrics else ""
    return replace(sheet, text=f"-# {style}\n{sheet.text}") if style else sheet


def _explanation(notice_text: NoticeText) -> discord.Embed:
    """Return the embed that says why there is nothing to show, and what to do."""
    task, catalog = notice_text.task, notice_text.catalog
    embed = discord.Embed(
        title=notice_text.title if notice_text.titled else None, colour=task_text.UNKNOWN_COLOUR
    )
    if notice_text.end_reason is EndReason.FINISHED and task.outcome is not Outcome.SUCCESS:
        embed.colour = task_text.FAILURE_COLOUR
        embed.description = failure_explanation(task, catalog)
        advised = failure_advice(task, catalog)
    else:
        name = (
            "nothing"
            if notice_text.end_reason is EndReason.FINISHED
            else notice_text.end_reason.replace("_", "-")
        )
        embed.description = catalog.text(f"notice-why-{name}")
        advised = catalog.text(f"notice-advice-{name}")
    told = escape(relay_reason(task), limit=MAX_FIELD_VALUE)
    if told:
        embed.add_field(name=catalog.text("notice-own-words"), value=told, inline=False)
    embed.add_field(name=catalog.text("notice-what-to-do"), value=advised, inline=False)
    embed.add_field(
        name=catalog.text("notice-task-id"), value=code_span(task.id, limit=task_text.MAX_SHOWN_ID)
    )
    return embed
