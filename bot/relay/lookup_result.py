"""What a look-up found, and how it is gathered from several answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.relay.errors import RelayError
from bot.relay.models import Task
from bot.relay.parsing.reader import tasks_by_id


@dataclass(frozen=True, slots=True)
class LookupResult:
    """What a relay knows of the ids that it was asked for; every id is in exactly one of these."""

    tasks: Mapping[str, Task] = field(default_factory=dict)
    """By the id asked for."""
    missing: frozenset[str] = frozenset()
    """The relay answered, and does not know these, or they belong to another key."""
    failed: Mapping[str, RelayError] = field(default_factory=dict)
    """Ids whose own answer was refused or unreadable while others' could be read."""
    unlisted: tuple[str, ...] = ()
    """In no batch, and not asked for on their own, for few are at once: nothing is known of them.
    In the order in which they were asked for."""

    def completed_by(self, alone: "LookupResult") -> "LookupResult":
        """Add what was found when those that are ``unlisted`` here were asked for on their own."""
        return LookupResult(
            {**self.tasks, **alone.tasks},
            self.missing | alone.missing,
            {**self.failed, **alone.failed},
            alone.unlisted,
        )


class Findings:
    """The state of one look-up while its answers come in."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = tuple(dict.fromkeys(ids))
        self._wanted = frozenset(self.ids)
        self.tasks: dict[str, Task] = {}
        self.missing: set[str] = set()
        self.failed: dict[str, RelayError] = {}
        self.stopped: RelayError | None = None
        """Why nothing more of this look-up can be asked."""

    def found(self, tasks: Iterable[Task]) -> None:
        """Take the tasks that were asked for.

        Should answers hold one twice, the first counts, or the first in which it has ended.
        """
        for task_id, task in tasks_by_id(tasks, self._wanted, self.tasks.keys()).items():
            if task_id not in self.tasks or (task.terminal and not self._has_ended(task_id)):
                self.tasks[task_id] = task

    def _has_ended(self, task_id: str) -> bool:
        return self.tasks[task_id].terminal

    def stop(self, error: RelayError) -> None:
        """Note that the relay as a whole cannot be asked further."""
        self.stopped = self.stopped or error

    def unknown(self, ids: Iterable[str]) -> list[str]:
        """Give those of the ids of which nothing is known yet."""
        if len(self.tasks) == len(self.ids):
            return []
        known = {*self.tasks, *self.missing, *self.failed}
        return [each for each in ids if each not in known]

    def conclude(self) -> LookupResult:
        """Give the result; raise the SunoError in which all ids have ended alike."""
        unlisted = self.unknown(self.ids)
        if self.stopped is not None:
            self.failed |= dict.fromkeys(unlisted, self.stopped)
            unlisted = []
        if len(self.failed) == len(self.ids) > 0:
            first = next(iter(self.failed.values()))
            if all(error.kind is first.kind for error in self.failed.values()):
                raise self.stopped or first
        return LookupResult(
            self.tasks,
            frozenset(self.missing),
            self.failed,
            tuple(unlisted),
        )
