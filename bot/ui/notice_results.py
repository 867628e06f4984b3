"""Renders the results in a notice: the versions of a song, and lyrics.

A compact notice is one embed with the first lines of the lyrics. A full one has an embed with a
large cover for each version, and as much of the lyrics as fits.
"""

from collections.abc import Sequence
from dataclasses import replace

import discord

from bot.relay.models import Clip, Outcome
from bot.storage.models import EndReason, NoticeStyle
from bot.ui import task_text
from bot.ui.limits import (
    MAX_EMBEDS,
    MAX_EMBEDS_TOTAL,
    embeds_length,
    fair_shares,
    usable_url,
)
from bot.ui.lyrics import LyricsText, first_lines, first_section, fit_into_embeds, lyrics_texts
from bot.ui.notice_text import NoticeFacts
from bot.ui.text_width import LINE_WIDTH, line_count
from bot.ui.version_lines import VersionLines, version_lines

_TITLE_LINE_WIDTH = 36
"""Width of a line of the title, whose letters are larger."""
_COMPACT_VERSIONS = 4
"""Lines of versions in a compact notice."""
_COMPACT_LINES = 13
"""Lines of a compact notice: headline, title, style, versions and lyrics, if the lyrics allow."""
_MAX_EXCERPT = 8
"""Lines of the lyrics of a song."""
_MIN_EXCERPT = 2
_READ = 2000
"""Code points of lyrics that are read for an excerpt."""


def result_embeds(
    facts: NoticeFacts, style: NoticeStyle, *, lines_around: int
) -> tuple[list[discord.Embed], bool]:
    """Return the embeds of the results, and whether a button is needed to read all lyrics.

    ``lines_around``: how many lines the content and the buttons take.
    """
    if style is NoticeStyle.FULL:
        return _full_embeds(facts), False
    versions = version_lines(facts.task, facts.catalog, most=_COMPACT_VERSIONS)
    lyrics, shortened = _excerpt(facts, versions, lines_around)
    if shortened and not facts.has_lyrics_button:
        lyrics, shortened = f"{lyrics}\n{facts.catalog.text('notice-rest')}", False
    embed = _first_embed(facts, versions)
    song = "\n".join(filter(None, (_style(facts), *versions.lines, versions.more)))
    embed.description = "\n\n".join(filter(None, (song, lyrics)))
    covers = (_cover(clip) for clip in facts.task.clips)
    embed.set_thumbnail(url=next(filter(None, covers), None))
    return [embed], shortened


def _first_embed(facts: NoticeFacts, versions: VersionLines) -> discord.Embed:
    """Return an embed with the title, in the colour of the outcome."""
    complete = facts.end_reason is EndReason.FINISHED and facts.task.outcome is Outcome.SUCCESS
    complete = complete and facts.ready == len(facts.task.clips)
    return discord.Embed(
        title=_title(facts) or None,
        url=(versions.title_url or task_text.song_page(facts.task)) if facts.has_title else None,
        colour=task_text.SUCCESS_COLOUR if complete else task_text.PARTIAL_COLOUR,
    )


def _title(facts: NoticeFacts) -> str:
    """Return the title in two lines at most; empty if the relay gave none."""
    return task_text.short_line(facts.task.title, columns=2 * _TITLE_LINE_WIDTH)


def _style(facts: NoticeFacts) -> str:
    """Return the style of the song as a line of small print; empty if the relay gave none."""
    task = facts.task
    styles = [task.lyrics.style] if task.lyrics else []
    styles += [clip.style for clip in task.clips]
    lines = (task_text.short_line(style, columns=LINE_WIDTH) for style in styles)
    style = next(filter(None, lines), "")
    return f"-# {style}" if style else ""


def _cover(clip: Clip) -> str | None:
    shown = clip.playable or task_text.is_preview(clip)
    return usable_url(clip.image_url) if shown else None


def _excerpt(facts: NoticeFacts, versions: VersionLines, lines_around: int) -> tuple[str, bool]:
    """Return the first lines of the lyrics, and whether these are not all."""
    texts = lyrics_texts(facts.task, limit=_READ)
    if not texts:
        return "", False
    text = texts[0].text
    used = lines_around + line_count(_title(facts), _TITLE_LINE_WIDTH) + versions.height
    used += bool(_style(facts))
    most = max(_MIN_EXCERPT, _COMPACT_LINES - used)
    if facts.task.clips:
        most = min(_MAX_EXCERPT, most)
    excerpt = first_lines(text, most)
    if facts.task.lyrics and excerpt != text:
        excerpt = first_lines(first_section(text), most)
    label = f"-# {texts[0].label(facts.catalog)}\n" if len(texts) > 1 else ""
    return label + excerpt, excerpt != text or len(texts) > 1


def _full_embeds(facts: NoticeFacts) -> list[discord.Embed]:
    if not facts.task.clips:
        return _lyrics_embeds(facts, [])
    versions = version_lines(facts.task, facts.catalog, most=MAX_EMBEDS - 1)
    embeds = [_first_embed(facts, versions)]
    for number, (clip, line) in enumerate(zip(facts.task.clips, versions.lines, strict=False)):
        if number:
            embeds.append(discord.Embed(colour=task_text.clip_colour(clip)))
        embeds[-1].description = line
        embeds[-1].set_image(url=_cover(clip))
    first = (_style(facts), versions.lines[0], versions.more)
    embeds[0].description = "\n".join(filter(None, first))
    return embeds + _lyrics_embeds(facts, embeds)


def _lyrics_embeds(facts: NoticeFacts, others: Sequence[discord.Embed]) -> list[discord.Embed]:
    """Return the embeds of the lyrics, within what ``others`` leave of a message's limits."""
    texts = lyrics_texts(facts.task, limit=MAX_EMBEDS_TOTAL)[: MAX_EMBEDS - len(others)]
    if not others and texts and (style := _style(facts)):
        texts[0] = replace(texts[0], text=f"{style}\n{texts[0].text}")
    titles = sum(len(_lyrics_title(facts, lyrics)) for lyrics in texts)
    limit = MAX_EMBEDS_TOTAL - embeds_length(others) - titles - task_text.MAX_SHOWN_ID - 2
    embeds: list[discord.Embed] = []
    for index, share in enumerate(fair_shares([len(lyrics.text) for lyrics in texts], limit)):
        texts_left = len(texts) - index - 1
        available = MAX_EMBEDS - len(others) - len(embeds) - texts_left
        embeds += _lyrics_text_embeds(facts, texts[index], share, available)
    return embeds


def _lyrics_title(facts: NoticeFacts, lyrics: LyricsText) -> str:
    if facts.task.clips or not facts.has_title:
        return lyrics.label(facts.catalog)
    return _title(facts)


def _lyrics_text_embeds(
    facts: NoticeFacts, lyrics: LyricsText, limit: int, max_embeds: int
) -> list[discord.Embed]:
    pieces = fit_into_embeds(lyrics.text, limit, max_embeds, facts.catalog.text("notice-rest"))
    colour = task_text.lyrics_colour(facts.task)
    embeds = [discord.Embed(description=piece, colour=colour) for piece in pieces]
    if embeds:
        embeds[0].title = _lyrics_title(facts, lyrics)
    return embeds
