"""Renders the replies to ``/suno watch``, ``/suno unwatch`` and ``/suno list``."""

from collections.abc import Mapping, Sequence

import discord
from discord.utils import format_dt

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
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
from bot.ui.limits import MAX_DESCRIPTION, whole_lines
from bot.ui.task_names import task_name, task_names

MAX_LINES = 25
_MORE_LINE = 100
"""Code points reserved for the line with the number of watches that are not listed."""

_OUTCOME_KEYS = {
    WatchOutcome.WATCHING: "watch-watching",
    WatchOutcome.ALREADY: "watch-already",
    WatchOutcome.FINISHED: "watch-finished",
    WatchOutcome.IN_SUMMARY: "watch-in-summary",
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
    WatchOutcome.IN_SUMMARY: "watch-failed-in-summary",
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
    UnwatchOutcome.CANCELLED: "unwatch-cancelled",
    UnwatchOutcome.ON_ITS_WAY: "unwatch-sending",
    UnwatchOutcome.NOT_WATCHED: "unwatch-none",
}


_DETAILED_KEYS = {"watch-finished", "watch-failed"}
_LINKED_KEYS = {"watch-posted", "watch-failed-posted"}
_SHORT_KEYS = {"watch-watching", "watch-already"}
"""The relay knows these tasks, so that their ids are right."""


def watch_reply(answer: WatchReport | WatchRefusal, catalog: Catalog) -> str:
    """Return the text of the reply to a request to watch tasks: one line for each outcome.

    At most 2000 code points for ten tasks.
    """
    if isinstance(answer, WatchRefusal):
        return _refusal(answer, catalog)
    refused = [result for result in answer.results if result.error]
    by_key: dict[str, list[WatchResult]] = {}
    for result in answer.results:
        if not result.error:
            keys = _OUTCOME_KEYS | _FAILED_OUTCOME_KEYS if result.failed else _OUTCOME_KEYS
            by_key.setdefault(keys[result.outcome], []).append(result)
    lines = _outcome_lines(by_key, answer, catalog)
    if refused and by_key:
        tasks = task_names((result.task for result in refused), catalog)
        lines.append(catalog.text("watch-refused", tasks=tasks))
    # A limit refuses every further task with the same line: it occurs once.
    lines += dict.fromkeys(error_text(each.error, catalog) for each in refused if each.error)
    if answer.card_limited_until:
        lines.append(catalog.text("watch-no-card", time=format_dt(answer.card_limited_until, "R")))
    return "\n".join(lines)


def watch_list_embed(watches: Sequence[Watch], catalog: Catalog) -> discord.Embed:
    """Return a user's watches, one per line, as many as an embed can hold."""
    lines = [_watch_line(watch, catalog) for watch in watches[:MAX_LINES]]
    lines = whole_lines(lines, MAX_DESCRIPTION - _MORE_LINE)
    if len(watches) > len(lines):
        lines.append(catalog.text("list-more", count=len(watches) - len(lines)))
    title = catalog.text("list-title", count=len(watches))
    return discord.Embed(title=title, description="\n".join(lines))


def unwatched_text(
    removed: Mapping[str, UnwatchOutcome], tasks: Mapping[str, Task], catalog: Catalog
) -> str:
    """Return the result of ``/suno unwatch``: one line for each outcome.

    ``tasks``: the named ones, by their ids.
    """
    tasks_by_key: dict[str, list[Task]] = {}
    for task_id, outcome in removed.items():
        tasks_by_key.setdefault(_UNWATCH_KEYS[outcome], []).append(tasks[task_id])
    return "\n".join(
        catalog.text(key, tasks=task_names(tasks, catalog)) for key, tasks in tasks_by_key.items()
    )


def refusal_text(key: str, refusal: WatchRefusal, catalog: Catalog) -> str:
    """Return the text with a key of the catalogue, with the values that a refusal has for it."""
    where = "there" if refusal.channel_id else "here"
    return catalog.text(
        key,
        roles=catalog.listed(f"<@&{role_id}>" for role_id in refusal.role_ids),
        permissions=catalog.listed(
            catalog.text(f"permission-{name}") for name in refusal.permissions
        ),
        channel=f"<#{refusal.channel_id}>",
        where="server" if refusal.channel_of_server else where,
    )


def _refusal(refusal: WatchRefusal, catalog: Catalog) -> str:
    text = refusal_text(_REFUSAL_KEYS[refusal.reason], refusal, catalog)
    by_key: dict[str, list[Task]] = {}
    for result in refusal.finished:
        key = "watch-failed-unsent" if result.failed else "watch-finished-unsent"
        by_key.setdefault(key, []).append(result.task)
    unsent = (catalog.text(key, tasks=task_names(tasks, catalog)) for key, tasks in by_key.items())
    return "\n".join([text, *unsent])


def _outcome_lines(
    by_key: Mapping[str, Sequence[WatchResult]], report: WatchReport, catalog: Catalog
) -> list[str]:
    """Return the lines about the tasks with each outcome.

    Where the results come is said once: in the last line about running tasks, and in the last about
    those that have ended.
    """
    where = "post" if report.destination.forum else "there" if report.elsewhere else "here"
    where = "private" if report.private else where
    running = {key: results for key, results in by_key.items() if results[0].outcome.is_running}
    ended = [key for key in by_key if key in _DETAILED_KEYS]
    count = sum(map(len, running.values()))
    told = _told(where, count, report, catalog) if running else ""
    details = catalog.text(f"watch-details-{where}", place=f"<#{report.destination.channel_id}>")
    return [
        catalog.text(
            key,
            count=len(results),
            tasks=_names(key, results, report, catalog),
            told=told if key in [*running][-1:] else "",
            details=details if key in ended[-1:] else "",
        ).rstrip()
        for key, results in by_key.items()
    ]


def _names(key: str, results: Sequence[WatchResult], report: WatchReport, catalog: Catalog) -> str:
    if key in _LINKED_KEYS:
        links = (_message_link(report.destination, result) for result in results)
        named = zip(results, links, strict=True)
        return catalog.listed(task_name(each.task, catalog, link=link) for each, link in named)
    short = key in _SHORT_KEYS and len(results) > 1
    return task_names((result.task for result in results), catalog, short=short)


def _told(where: str, count: int, report: WatchReport, catalog: Catalog) -> str:
    """Return the sentence that says where the person will be told, and in how many messages."""
    subject = "summary" if report.told_together else "watch"
    place = f"<#{report.destination.channel_id}>"
    return catalog.text(f"{subject}-told-{where}", count=report.told_together or count, place=place)


def _message_link(destination: Destination, result: WatchResult) -> str:
    server, channel = destination.guild_id or "@me", result.thread_id or destination.channel_id
    return f"https://discord.com/channels/{server}/{channel}/{result.message_id}"


def _watch_line(watch: Watch, catalog: Catalog) -> str:
    """Return the line of a watch; an id that the relay has not confirmed is shown whole."""
    return catalog.text(
        "list-line" if watch.known else "list-line-unknown",
        task=task_name(watch.task, catalog, short=watch.known),
        place=f"<#{watch.channel_id}>",
        since=f"<t:{watch.created_at:.0f}:R>",
    )
