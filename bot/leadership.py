"""Decides which of the processes on one database leads: polls relays, creates, sends and edits.

The leader holds a lock in the database, on the connection with which it writes, and confirms that
every two seconds. The server ends a session that is silent for six seconds, and so frees the lock;
the process counts only five, from before its last successful check was sent. So it stops before
another one can begin, also if it was paused or cannot reach the server any more.

On a database that one process alone has open, that process leads all the time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context

from bot.storage.database_errors import DatabaseClosed, DatabaseUnusable
from bot.storage.leases import LeaderLock
from bot.storage.terms import Term, current_term, elapsed

log = logging.getLogger(__name__)

CHECK_INTERVAL = 2.0
"""Seconds between two checks of the lock."""
TERM = 5.0
"""Seconds for which a check counts. The server ends a silent session a second later."""


class Leadership:
    """Whether this process leads, which changes while ``run`` runs."""

    def __init__(self, lock: LeaderLock | None) -> None:
        """``lock``: ``None`` on a database that only one process has open."""
        self._lock = lock
        self._term: Term | None = None
        self._failure = ""

    @property
    def is_held(self) -> bool:
        """Whether this process certainly leads at this moment."""
        return self._lock is None or (self._term is not None and self._term.is_held)

    async def run(
        self, gained: Callable[[Context], None], lost: Callable[[], Awaitable[None]]
    ) -> None:
        """Try to lead until cancelled; returns at once where no other process can.

        ``gained`` is called when a term begins, with the context in which everything is to be
        done for it; ``lost`` at first, and when a term has ended.
        """
        if self._lock is None:
            return
        await lost()
        while True:
            checked_at = elapsed()
            session = await self._check(self._lock, lost)
            until = checked_at + TERM
            if self._term is not None and session == self._term.session and self._term.is_held:
                self._term.until = until
            else:
                await self._end(lost)
                if session is not None and elapsed() < until:
                    self._begin(Term(session, until), gained)
            await asyncio.sleep(CHECK_INTERVAL)

    async def _check(self, lock: LeaderLock, lost: Callable[[], Awaitable[None]]) -> int | None:
        """Return the session that holds the lock for this process, ``None`` if none does.

        A term that ends while the database does not answer ends here.
        """
        check = asyncio.create_task(lock.hold())
        try:
            if self._term is not None:
                await asyncio.wait({check}, timeout=max(self._term.until - elapsed(), 0))
                if not self._term.is_held:
                    await self._end(lost)
            session = await check
        except DatabaseClosed:
            raise
        except DatabaseUnusable as error:
            if str(error) != self._failure:  # every two seconds while the server is away
                log.warning("Leadership not confirmed: cause=%s", error)
            self._failure = str(error)
        except Exception:
            log.exception("Leadership not confirmed")
        else:
            self._failure = ""
            return session
        finally:
            check.cancel()  # whoever stops this process waits for no answer
        return None

    def _begin(self, term: Term, gained: Callable[[Context], None]) -> None:
        self._term = term
        context = copy_context()
        context.run(current_term.set, term)
        log.info("Leading: this process polls, creates and sends")
        gained(context)

    async def _end(self, lost: Callable[[], Awaitable[None]]) -> None:
        if self._term is None:
            return
        self._term.end()
        self._term = None
        log.warning("Not leading any more: another process may poll, create and send now")
        try:
            await lost()
        except Exception:  # it leads again only if this goes on
            log.exception("What was under way was not abandoned")
