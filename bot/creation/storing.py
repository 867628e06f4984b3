"""Stores what is known nowhere else, however long the database fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.storage.database_errors import DATABASE_ERRORS, DatabaseClosed

log = logging.getLogger(__name__)


async def store_repeatedly(store: Callable[[], Awaitable[None]], fields: str, delay: float) -> None:
    """Call ``store`` until the database does not fail, every ``delay`` seconds.

    ``fields``: how the log names what it is about. Raises ``DatabaseClosed`` when the bot has
    stopped.
    """
    while True:
        try:
            return await store()
        except DatabaseClosed:
            raise
        except DATABASE_ERRORS as error:
            log.error("Result not stored yet: %s cause=%s", fields, error)
            await asyncio.sleep(delay)
