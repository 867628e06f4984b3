"""Distinguishes a task that was deleted at the relay from a relay that is in trouble.

A task that goes missing while others are named has been deleted there. But a relay that names none
of several tasks that it knew is in trouble (restored to an older state, partly up, behind another
account), however well it answers; and what was named under another key or address may belong to
somebody else there.
"""

import logging
from collections.abc import Sequence

from bot.relay.lookup_result import LookupResult
from bot.storage.models import PollTarget

log = logging.getLogger(__name__)

MIN_MISSING = 2
"""Tasks that must be missing together to mean trouble. A single one, while nothing else is watched
that could be named, may well be gone: it gets the timeout of any other."""

WARN_AFTER = 60.0
"""Seconds for which the relay must name nothing before that is logged."""


class MissingTaskMonitor:
    """Tracks the known tasks that went missing since the relay last named any."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._missing: set[str] = set()
        self._has_named = False  # until then it is not known what went missing together
        self._trouble_since: float | None = None
        self._is_warned = False
        self._is_warned_of_other_key = False

    def record(self, targets: Sequence[PollTarget], found: LookupResult, now: float) -> None:
        """Record the result of a poll of these targets; log a warning when it means trouble."""
        if found.tasks:
            self._end_trouble()
            return
        for target in targets:
            is_new = target.misses == 0 or not self._has_named
            if is_new and target.known_with_current_key and target.task_id in found.missing:
                self._missing.add(target.task_id)
        if self._is_in_trouble:
            self._continue_trouble(now)

    def is_inconclusive(self, target: PollTarget) -> bool:
        """Whether a missing task may still exist; then it is polled until its deadline."""
        if target.known and not target.known_with_current_key:
            self._warn_of_other_key(target.task_id)
            return True
        return self._is_in_trouble and target.task_id in self._missing

    def _end_trouble(self) -> None:
        if self._is_warned:
            log.info("Relay names tasks again: account=%s", self._account)
        self._missing.clear()
        self._has_named = True
        self._trouble_since = None
        self._is_warned = False

    def _continue_trouble(self, now: float) -> None:
        if self._trouble_since is None:
            self._trouble_since = now
        if not self._is_warned and now - self._trouble_since >= WARN_AFTER:
            self._is_warned = True
            log.warning(
                "Relay names none of the tasks that it knew: account=%s missing=%d. They are polled"
                " until it names any, or until their deadline",
                self._account,
                len(self._missing),
            )

    @property
    def _is_in_trouble(self) -> bool:
        return len(self._missing) >= MIN_MISSING

    def _warn_of_other_key(self, task_id: str) -> None:
        if not self._is_warned_of_other_key:
            self._is_warned_of_other_key = True
            log.warning(
                "Task is not named under this key and address, but was under others: account=%s"
                " task_id=%s. Such tasks are polled until their deadline; restore the former key"
                " and address to have them delivered. suno-bot doctor counts them",
                self._account,
                task_id,
            )
