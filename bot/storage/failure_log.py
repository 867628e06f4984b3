"""Logs that something failed, in one line where the cause says everything."""

import logging

from bot.storage.database_errors import DatabaseUnreachable
from bot.storage.terms import LeadershipLost


def log_failure(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log what failed, with a traceback unless the database or the leadership was lost.

    A lost leadership is expected, and the next leader recovers what this one has left.
    """
    if isinstance(error, LeadershipLost):
        log.info("%s cause=%s", what, error)
    elif isinstance(error, DatabaseUnreachable):
        log.error("%s cause=%s", what, error)
    else:
        log.error(what, exc_info=error)
