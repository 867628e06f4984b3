"""The terms of a leader: what is done for one is done only while it lasts.

A process leads while the session of its connection that writes holds a lock in the database. What
it does as the leader runs in a context that knows the term: every transaction in it is refused once
the session is another one, and whatever is sent asks ``require_term`` immediately before.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf


class LeadershipLost(Exception):
    """What a leader was about to do is not done: the process has lost its leadership."""


def elapsed() -> float:
    """Return seconds since the machine started, among them those in which it was suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Term:
    """A time for which this process leads: it lasts until it is not renewed any more."""

    def __init__(self, session: int, until: float) -> None:
        """``session``: of the connection that writes. ``until``: by ``elapsed()``."""
        self.session = session
        self.until = until

    @property
    def is_held(self) -> bool:
        """Whether the process certainly leads at this moment."""
        return elapsed() < self.until

    def end(self) -> None:
        """End the term at once."""
        self.until = -inf


current_term: ContextVar[Term | None] = ContextVar("current_term", default=None)
"""The term for which the running code works; ``None`` where it needs no leadership."""


@contextmanager
def working_for(term: Term | None) -> Iterator[None]:
    """Let what runs in here work for a term."""
    token = current_term.set(term)
    try:
        yield
    finally:
        current_term.reset(token)


def require_term() -> None:
    """Raise ``LeadershipLost`` if the running code works for a term that is over."""
    term = current_term.get()
    if term is not None and not term.is_held:
        raise LeadershipLost("another process may lead now")
