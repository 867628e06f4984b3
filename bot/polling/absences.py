"""What follows when a relay does not name a task that it named before: sometimes nothing.

A task that goes missing while others are named has been deleted there. But a relay that names none
of several tasks that it knew is in trouble (put back to an older state, half up, behind another
account), however well it answers; and what was named under another key or address may belong to
somebody else there.
"""

import logging
from collections.abc import Sequence

from bot.relay.lookup_result import LookupResult
from bot.storage.models import PollTarget

log = logging.getLogger(__name__)

FEWEST_TOGETHER = 2
"""How many tasks have to be missing for that to be the relay's trouble. A single one, while nothing
else is watched that could be named, may well be gone: it has the patience of any other."""

WORTH_A_WARNING = 60.0
"""Seconds for which a relay has to name nothing."""


class MissingTaskMonitor:
    """The known tasks that went missing since the relay last named any."""

    def __init__(self) -> None:
        self._missing: set[str] = set()
        self._has_named = False  # until then nobody knows what went missing together
        self._together_since: float | None = None
        self._told = False
        self._told_of_another_key = False

    def note(self, due: Sequence[PollTarget], found: LookupResult, now: float) -> None:
        """Take in what a look at these tasks has found, and log when it means trouble."""
        if found.tasks:
            self._end()
            return
        for watched in due:
            is_new = watched.misses == 0 or not self._has_named
            if is_new and watched.known_with_current_key and watched.task_id in found.missing:
                self._missing.add(watched.task_id)
        if self._are_together:
            self._go_on(now)

    def waits(self, watched: PollTarget) -> bool:
        """Whether a missing task waits until it is named again or its deadline is over."""
        if watched.known and not watched.known_with_current_key:
            self._tell_of_another_key(watched.task_id)
            return True
        return self._are_together and watched.task_id in self._missing

    def _end(self) -> None:
        if self._told:
            log.info("The relay names tasks again")
        self._missing.clear()
        self._has_named = True
        self._together_since = None
        self._told = False

    def _go_on(self, now: float) -> None:
        if self._together_since is None:
            self._together_since = now
        if not self._told and now - self._together_since >= WORTH_A_WARNING:
            self._told = True
            log.warning(
                "The relay answers, but names none of %d tasks that it knew; they wait until it"
                " names any, or for their deadline",
                len(self._missing),
            )

    @property
    def _are_together(self) -> bool:
        return len(self._missing) >= FEWEST_TOGETHER

    def _tell_of_another_key(self, task_id: str) -> None:
        if not self._told_of_another_key:
            self._told_of_another_key = True
            log.warning(
                "Not named under this SUNO_API_KEY and SUNO_BASE_URL, but under others before:"
                " task_id=%s. Such tasks wait for their deadline; set back what was changed to have"
                " them told. suno-bot doctor counts them",
                task_id,
            )
