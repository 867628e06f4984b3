"""A clock that is set back: noticed, and stored times brought to where they can have been meant.

NTP, or a virtual machine that resumes, can move the clock by hours, also while the bot does not
run. A stored time may then lie further ahead than anything ever waits.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

from bot.storage.engine import Connection

CLOCK_TOLERANCE = 60.0
"""Seconds by which a clock may go back undetected; due work is delayed by no more."""

UNKNOWN_TIME = 0.0
"""Stored in place of a past time whose distance is not known any more."""


class Rollback(Enum):
    """Whether stored times may be of a clock that was set back since."""

    NONE = auto()
    PERHAPS = auto()
    """While the bot did not run, if at all."""
    SEEN = auto()


class RollbackDetector:
    """Detects that the clock was set back since the last check, until that is handled."""

    def __init__(self) -> None:
        self._seen_at: float | None = None

    def check(self, now: float, known: float | None = None) -> Rollback:
        """Compare the clock (Unix seconds) with the last check and with ``known``, a past time."""
        latest = max((at for at in (self._seen_at, known) if at is not None), default=now)
        if now < latest - CLOCK_TOLERANCE:
            return Rollback.SEEN
        if self._seen_at is None:
            return Rollback.PERHAPS
        self._seen_at = now
        return Rollback.NONE

    def mark_handled(self, now: float) -> None:
        """Take ``now`` for right: the stored times have been corrected."""
        self._seen_at = now


def clamp_times(
    db: Connection, table: str, rows: str, values: Sequence[Any], latest: Mapping[str, float]
) -> int:
    """Within a transaction: let no time in some rows be later than it can have been meant.

    ``rows`` is a condition with a mark for each of ``values``; ``latest`` gives the last plausible
    time for each column. Returns how many rows were changed.
    """
    changes = ", ".join(f"{column} = min({column}, {at!r})" for column, at in latest.items())
    beyond = " OR ".join(f"{column} > {at!r}" for column, at in latest.items())
    changed: int = db.execute(
        f"UPDATE {table} SET {changes} WHERE ({rows}) AND ({beyond})",  # noqa: S608 # names of ours
        [*values],
    ).rowcount
    return changed
