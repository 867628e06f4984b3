"""Renders notices: the messages that say how a watch ended, within Discord's limits.

``bot.ui.notice_fallbacks`` has the simpler formats, for when Discord rejects the full one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import discord

from bot.i18n.catalog import Catalog
from bot.relay.creation import RejectionReason
from bot.relay.models import Outcome, Task
from bot.storage.models import EndReason, NoticeStyle
from bot.ui import task_text
from bot.ui.creation_actions import (
    NO_ACTIONS,
    CreationActions,
    menu_button,
    repeat_buttons,
    song_button,
)
from bot.ui.custom_ids import StatusButtonId
from bot.ui.failure_reasons import failure_advice, failure_explanation, publishable, relay_reason
from bot.ui.limits import MAX_BUTTONS_IN_ROW, MAX_CONTENT
from bot.ui.notice_results import result_embeds
from bot.ui.notice_text import NEVER_BEGUN, NoticeFacts, headline, mentions, remarks
from bot.ui.text_width import line_count
from bot.ui.views import ActionButton, LinkButton

CONTENT_RESERVE = 300
"""Code points of the content left free, so that the plain-text format has space for the id."""
_CONTENT_WIDTH = 60
"""Width of a line of the content."""
_MAX_REASON = 220
"""Width of the relay's reason for a failure: four lines."""
_SECOND_ROW_LINES = 2
"""How many lines of text a second row of buttons takes; five buttons are often wrapped to it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message without its channel: at most 2000 code points, 10 embeds and one row of buttons."""

    content: str
    embeds: tuple[discord.Embed, ...]
    buttons: tuple[LinkButton | ActionButton, ...]
    allowed_mentions: discord.AllowedMentions
    """Exactly the watchers that ``content`` names."""
    rest: str = ""
    """The sentence that follows a truncated text: how to read the rest."""
    shortened: bool = False
    """Whether the lyrics are truncated, and a button shows the rest."""


def render_notice(
    task: Task,
    end_reason: EndReason,
    watchers: Sequence[int],
    catalog: Catalog,
    *,
    style: NoticeStyle = NoticeStyle.COMPACT,
    possible_duplicate: bool = False,
    rejection: RejectionReason | None = None,
    actions: CreationActions = NO_ACTIONS,
) -> Notice:
    """Return the message that says to ``watchers`` (user ids) how their watch of ``task`` ended.

    It is within every limit of Discord, whatever the relay wrote. ``possible_duplicate`` adds that
    the same message may have been posted before. ``rejection`` is as in ``Delivery``; ``actions``
    are offered as buttons.
    """
    facts = NoticeFacts(task_text.without_expired_streams(task), end_reason, catalog, rejection)
    text = "\n".join([headline(facts), *remarks(facts, possible_duplicate=possible_duplicate)])
    limit = MAX_CONTENT - CONTENT_RESERVE - len(text)
    mention_text, mentioned = mentions(tuple(dict.fromkeys(watchers)), limit, catalog)
    if facts.without_result:
        embeds, shortened = [_explanation(facts)], False
    else:
        lines_around = _lines_around(facts, text, actions)
        embeds, shortened = result_embeds(facts, style, lines_around=lines_around)
    embeds[-1].set_footer(text=task_text.marker(task))
    return Notice(
        content=f"{mention_text} {text}".strip(),
        embeds=tuple(embeds),
        buttons=_buttons(facts, actions, shortened=shortened),
        allowed_mentions=allowed_mentions_of(mentioned),
        rest=catalog.text("notice-rest-status" if facts.without_result else "notice-rest"),
        shortened=shortened,
    )


def render_result(
    task: Task, catalog: Catalog, style: NoticeStyle
) -> tuple[list[discord.Embed], tuple[LinkButton | ActionButton, ...]]:
    """Return the embeds and buttons of a notice of a task with a result, without its text.

    They have no marker, so that the message is not taken for the notice of a watch.
    """
    finished = task_text.without_expired_streams(task)
    facts = NoticeFacts(finished, EndReason.FINISHED, catalog)
    lines_around = _lines_around(facts, "", NO_ACTIONS)
    embeds, shortened = result_embeds(facts, style, lines_around=lines_around)
    return embeds, _result_buttons(facts, NO_ACTIONS, shortened=shortened)


def allowed_mentions_of(user_ids: Sequence[int]) -> discord.AllowedMentions:
    """Return the permission to mention exactly these users."""
    return discord.AllowedMentions(
        everyone=False,
        roles=False,
        replied_user=False,
        users=[discord.Object(user_id) for user_id in user_ids],
    )


def with_role_mention(notice: Notice, role_id: int) -> Notice:
    """Return ``notice`` with the mention of a role at the start, for which each format has space.

    A text that was cut at its end would lack the marker by which a repeat is recognized.
    """
    allowed = discord.AllowedMentions(
        everyone=False,
        roles=[discord.Object(role_id)],
        users=notice.allowed_mentions.users,
        replied_user=False,
    )
    content = f"<@&{role_id}> {notice.content}"
    return replace(notice, content=content, allowed_mentions=allowed)


def _lines_around(facts: NoticeFacts, text: str, actions: CreationActions) -> int:
    """Return how many lines ``text`` after a mention and the buttons take, above one row."""
    buttons = len(_result_buttons(facts, actions)) + (facts.end_reason is EndReason.GAVE_UP)
    wrapped = buttons >= MAX_BUTTONS_IN_ROW
    return line_count(f"@somebody {text}", _CONTENT_WIDTH) + wrapped * _SECOND_ROW_LINES


def _buttons(
    facts: NoticeFacts, actions: CreationActions, *, shortened: bool
) -> tuple[LinkButton | ActionButton, ...]:
    """Return one row of buttons: for a result, or to repeat what was created without one."""
    if not facts.without_result:
        return _result_buttons(facts, actions, shortened=shortened)
    if facts.end_reason is EndReason.FINISHED or facts.end_reason in NEVER_BEGUN:
        return tuple(repeat_buttons(facts.task, actions, facts.catalog))
    return ()


def _result_buttons(
    facts: NoticeFacts, actions: CreationActions, *, shortened: bool = False
) -> tuple[LinkButton | ActionButton, ...]:
    """Return one row of buttons: play each version, read the lyrics, what is next, the videos."""
    task, catalog = facts.task, facts.catalog
    following = song_button if facts.has_lyrics and not facts.ready else menu_button
    offered = following(task, actions, catalog)
    lyrics: list[ActionButton] = []
    if facts.has_lyrics_button:
        label = "read-all" if shortened and task.lyrics else "lyrics"
        custom_id = StatusButtonId("lyrics", task.id).encode()
        lyrics = [ActionButton(catalog.text(f"notice-button-{label}"), custom_id)]
    audio: tuple[LinkButton | ActionButton, ...] = task_text.audio_buttons(task, catalog)[
        : MAX_BUTTONS_IN_ROW - len(lyrics) - len(offered)
    ]
    videos = task_text.video_buttons(task, catalog)
    return (*audio, *lyrics, *offered, *videos)[:MAX_BUTTONS_IN_ROW]


def _rejection(facts: NoticeFacts) -> discord.Embed:
    """Return the embed with why nothing was created, what the relay says, and what to do."""
    catalog, reason = facts.catalog, facts.rejection or "cancelled"
    embed = discord.Embed(
        description=catalog.text(f"create-rejected-{reason}"),
        colour=task_text.FAILURE_COLOUR if facts.rejection else task_text.UNKNOWN_COLOUR,
    )
    return _with_advice(embed, facts, catalog.text(f"create-advice-{reason}"))


def _explanation(facts: NoticeFacts) -> discord.Embed:
    """Return the embed with the cause of a failure, what the relay says, and what to do."""
    task, catalog = facts.task, facts.catalog
    if facts.end_reason is EndReason.REJECTED:
        return _rejection(facts)
    if facts.end_reason is EndReason.FINISHED and task.outcome is not Outcome.SUCCESS:
        embed = discord.Embed(
            description=failure_explanation(task, catalog), colour=task_text.FAILURE_COLOUR
        )
        advice = failure_advice(task, catalog)
    else:
        finished = facts.end_reason is EndReason.FINISHED
        name = "nothing" if finished else facts.end_reason.replace("_", "-")
        embed = discord.Embed(colour=task_text.UNKNOWN_COLOUR)
        advice = catalog.text(f"notice-advice-{name}")
    return _with_advice(embed, facts, advice)


def _with_advice(embed: discord.Embed, facts: NoticeFacts, advice: str) -> discord.Embed:
    """Add what the relay says, and what to do."""
    catalog = facts.catalog
    if reason := task_text.short_line(publishable(relay_reason(facts.task)), columns=_MAX_REASON):
        embed.add_field(name=catalog.text("notice-relay-reason"), value=reason, inline=False)
    return embed.add_field(name=catalog.text("notice-what-to-do"), value=advice, inline=False)
