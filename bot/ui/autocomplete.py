"""Suggests task ids while a user types a command."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable

from discord import app_commands

from bot.i18n.catalog import Catalog
from bot.storage.database_errors import DATABASE_ERRORS
from bot.storage.models import EndReason, RecentTask
from bot.ui.escaping import sanitize_line
from bot.ui.limits import MAX_CHOICE
from bot.ui.task_text import join_parts

log = logging.getLogger(__name__)

SUGGESTION_TIMEOUT = 2.0
"""Seconds; Discord waits three, and shows no late suggestions."""

FindRecent = Callable[[str], Awaitable[list[RecentTask]]]
"""Finds a user's recent tasks that match a word."""

_SEPARATORS = re.compile(r"[\s,;，、；]+")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


async def suggest_task_ids(
    find_recent: FindRecent,
    typed: str,
    catalog: Catalog,
    *,
    now: float,
    timeout_seconds: float = SUGGESTION_TIMEOUT,
) -> list[app_commands.Choice[str]]:
    """Return a user's recent tasks that match the last word of the input.

    A choice contains the ids typed before, so there are no choices if these are too long. There
    are none either if the database fails.
    """
    if len(typed) > MAX_CHOICE:
        return []
    try:
        async with asyncio.timeout(timeout_seconds):
            recent = await find_recent(_last_word(typed))
    except (TimeoutError, *DATABASE_ERRORS) as error:
        log.warning("No task ids suggested: cause=%s", str(error) or "database timeout")
        return []
    return matching_choices(recent, typed, catalog, now=now)


def matching_choices(
    recent: list[RecentTask], typed: str, catalog: Catalog, *, now: float
) -> list[app_commands.Choice[str]]:
    """Return tasks as choices that complete ``typed``, except those that are too long."""
    before = typed[: len(typed) - len(_last_word(typed))]
    entered = set(_SEPARATORS.split(before))
    return [
        app_commands.Choice(name=_name(task, catalog, now), value=before + task.id)
        for task in recent
        if task.id not in entered and len(before + task.id) <= MAX_CHOICE
    ]


def _last_word(typed: str) -> str:
    return _SEPARATORS.split(typed)[-1]


def _name(task: RecentTask, catalog: Catalog, now: float) -> str:
    """Return ``Paper Boats · being made · 3 min``, with the id where there is no title."""
    state = _state(task, catalog, now)
    limit = MAX_CHOICE - len(state) - len(" · ")
    name = sanitize_line(task.title, limit=limit) or sanitize_line(task.id, limit=limit)
    return join_parts(name or "–", state)


def _state(task: RecentTask, catalog: Catalog, now: float) -> str:
    age = _age(now - task.since, catalog)
    if task.end_reason is None:
        return join_parts(catalog.text("suggestion-running"), age)
    outcome = task.outcome if task.end_reason is EndReason.FINISHED else None
    ended = catalog.text(f"history-ended-{(outcome or task.end_reason).replace('_', '-')}")
    return join_parts(ended, catalog.text("suggestion-ago", time=age))


def _age(seconds: float, catalog: Catalog) -> str:
    """Return a time in its largest unit, at least one minute."""
    if seconds < _HOUR:
        return catalog.text("suggestion-minutes", number=max(1, int(seconds // _MINUTE)))
    if seconds < _DAY:
        return catalog.text("suggestion-hours", number=int(seconds // _HOUR))
    return catalog.text("suggestion-days", number=int(seconds // _DAY))
