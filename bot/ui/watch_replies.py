"""Renders the replies to ``/suno watch``, ``/suno unwatch`` and ``/suno list``."""

from collections.abc import Mapping, Sequence

import discord
from discord.utils import format_dt

from bot.i18n.catalog import Catalog
from bot.storage.models import (
    Destination,
    UnwatchOutcome,
    Watch,
    WatchOutcome,
    WatchRefusal,
    WatchRefusalReason,
    WatchReport,
    WatchResult,
)
from bot.ui.error_replies import error_text
from bot.ui.escaping import code_span, escape_line
from bot.ui.limits import MAX_DESCRIPTION, whole_lines

MAX_LINES = 25
_MORE_LINE = 100
"""Code points reserved for the line with the number of watches that are not listed."""

_OUTCOME_KEYS = {
    WatchOutcome.WATCHING: "watch-watching",
    WatchOutcome.ALREADY: "watch-already",
    WatchOutcome.FINISHED: "watch-finished",
    WatchOutcome.POSTED: "watch-posted",
    WatchOutcome.SENDING: "watch-sending",
    WatchOutcome.HELD: "watch-held",
    WatchOutcome.UNKNOWN: "watch-unknown",
    WatchOutcome.NOT_ASKED: "watch-not-asked",
    WatchOutcome.UNCHECKED: "watch-unchecked",
    WatchOutcome.MISCONFIGURED: "watch-unreachable",
}
_FAILED_OUTCOME_KEYS = {
    WatchOutcome.FINISHED: "watch-failed",
    WatchOutcome.POSTED: "watch-failed-posted",
    WatchOutcome.SENDING: "watch-failed-sending",
    WatchOutcome.HELD: "watch-failed-held",
}
_REFUSAL_KEYS = {
    WatchRefusalReason.ROLE_MISSING: "watch-role-missing",
    WatchRefusalReason.BOT_IS_GUEST: "watch-only-for-you",
    WatchRefusalReason.BOT_CANNOT_POST: "watch-no-permission",
    WatchRefusalReason.MEMBER_CANNOT_POST: "watch-not-yours",
    WatchRefusalReason.PRIVATE_THREAD: "watch-private-thread",
    WatchRefusalReason.FORUM_TAG_MISSING: "watch-forum-tag",
    WatchRefusalReason.NO_COMMON_SERVER: "watch-no-common-server",
    WatchRefusalReason.NO_DIRECT_MESSAGES: "watch-no-direct-message",
}
_UNWATCH_KEYS = {
    UnwatchOutcome.STOPPED: "unwatch-done",
    UnwatchOutcome.ON_ITS_WAY: "unwatch-sending",
    UnwatchOutcome.NOT_WATCHED: "unwatch-none",
}


def watch_reply(answer: WatchReport | WatchRefusal, catalog: Catalog) -> str:
    """Return the text of the reply to a request to watch tasks."""
    if isinstance(answer, WatchRefusal):
        return _refusal(answer, catalog)
    lines = [_result(result, answer, catalog) for result in answer.results]
    if answer.card_limited_until:
        lines.append(catalog.text("watch-no-card", time=format_dt(answer.card_limited_until, "R")))
    # A limit refuses every further task with the same line: it occurs once.
    return "\n".join(dict.fromkeys(lines))


def watch_list_embed(watches: Sequence[Watch], catalog: Catalog) -> discord.Embed:
    """Return a user's watches, one per line, as many as an embed can hold."""
    lines = [_watch_line(watch, catalog) for watch in watches[:MAX_LINES]]
    lines = whole_lines(lines, MAX_DESCRIPTION - _MORE_LINE)
    if len(watches) > len(lines):
        lines.append(catalog.text("list-more", count=len(watches) - len(lines)))
    title = catalog.text("list-title", count=len(watches))
    return discord.Embed(title=title, description="\n".join(lines))


def unwatched_text(removed: Mapping[str, UnwatchOutcome], catalog: Catalog) -> str:
    """Return the result of ``/suno unwatch`` for each task id, one per line."""
    return "\n".join(
        catalog.text(_UNWATCH_KEYS[result], id=code_span(task_id))
        for task_id, result in removed.items()
    )


def _refusal(refusal: WatchRefusal, catalog: Catalog) -> str:
    text = catalog.text(
        _REFUSAL_KEYS[refusal.reason],
        roles=catalog.listed(f"<@&{role_id}>" for role_id in refusal.role_ids),
        permissions=catalog.listed(
            catalog.text(f"permission-{name}") for name in refusal.permissions
        ),
        channel=f"<#{refusal.channel_id}>",
    )
    unsent = (
        catalog.text(
            "watch-failed-unsent" if finished.failed else "watch-finished-unsent",
            id=code_span(finished.task.id),
        )
        for finished in refusal.finished
    )
    return "\n".join([text, *unsent])


def _result(result: WatchResult, report: WatchReport, catalog: Catalog) -> str:
    if result.error:
        return error_text(result.error, catalog)
    keys = _OUTCOME_KEYS | _FAILED_OUTCOME_KEYS if result.failed else _OUTCOME_KEYS
    text = catalog.text(
        keys[result.outcome],
        id=code_span(result.task.id),
        link=_message_link(report.destination, result),
    )
    if report.elsewhere and result.outcome.is_pending:
        place = f"<#{report.destination.channel_id}>"
        key = "watch-as-post" if report.destination.forum else "watch-elsewhere"
        return catalog.text(key, text=text, place=place)
    return text


def _message_link(destination: Destination, result: WatchResult) -> str:
    server, channel = destination.guild_id or "@me", result.thread_id or destination.channel_id
    return f"https://discord.com/channels/{server}/{channel}/{result.message_id}"


def _watch_line(watch: Watch, catalog: Catalog) -> str:
    title = escape_line(watch.task.title, limit=60)
    return catalog.text(
        "list-line" if watch.known else "list-line-unknown",
        id=code_span(watch.task.id, limit=60),
        title=f" · **{title}**" if title else "",
        place=f"<#{watch.channel_id}>",
        since=f"<t:{watch.created_at:.0f}:R>",
    )
