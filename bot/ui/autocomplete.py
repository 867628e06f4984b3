"""Suggests task ids while a user types a command."""

import asyncio
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable

from discord import app_commands

from bot.storage.errors import DatabaseUnusable
from bot.ui.escaping import sanitize_line
from bot.ui.limits import MAX_CHOICE

log = logging.getLogger(__name__)

SUGGESTION_TIMEOUT = 2.0
"""Seconds; Discord waits three, and shows no late suggestions."""

FindRecent = Callable[[str], Awaitable[list[tuple[str, str]]]]
"""Finds the ids and titles of a user's recent tasks that match a word."""

_SHORT_ID = 12
_SEPARATORS = re.compile(r"[\s,;，、；]+")


async def suggest_task_ids(
    find_recent: FindRecent, typed: str, *, timeout_seconds: float = SUGGESTION_TIMEOUT
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
    except (TimeoutError, sqlite3.Error, DatabaseUnusable) as error:
        log.warning("No task ids suggested: cause=%s", str(error) or "database timeout")
        return []
    return matching_choices(recent, typed)


def matching_choices(recent: list[tuple[str, str]], typed: str) -> list[app_commands.Choice[str]]:
    """Return ids and titles as choices that complete ``typed``, except those that are too long."""
    before = typed[: len(typed) - len(_last_word(typed))]
    entered = set(_SEPARATORS.split(before))
    return [
        app_commands.Choice(name=_name(task_id, title), value=before + task_id)
        for task_id, title in recent
        if task_id not in entered and len(before + task_id) <= MAX_CHOICE
    ]


def _last_word(typed: str) -> str:
    return _SEPARATORS.split(typed)[-1]


def _name(task_id: str, title: str) -> str:
    if not sanitize_line(title):
        return sanitize_line(task_id, limit=MAX_CHOICE) or "–"
    short = sanitize_line(task_id, limit=_SHORT_ID)
    return f"{sanitize_line(title, limit=MAX_CHOICE - _SHORT_ID - 3)} · {short}"
