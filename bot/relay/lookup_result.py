"""The result of a look-up, and how it is put together from several responses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.relay.errors import RelayError
from bot.relay.models import Task
from bot.relay.parsing.reader import tasks_by_id


@dataclass(frozen=True, slots=True)
class LookupResult:
    """What a relay knows of the requested ids; every id is in exactly one of the fields."""

    tasks: Mapping[str, Task] = field(default_factory=dict)
    """By the requested id."""
    missing: frozenset[str] = frozenset()
    """The relay answered and does not know these ids, or they belong to another key."""
    failed: Mapping[str, RelayError] = field(default_factory=dict)
    """Ids whose own response was refused or unreadable while those of others could be read."""
    unlisted: tuple[str, ...] = ()
    """Ids that no batch held and that were not requested singly: nothing is known of them.
    In the order of the request."""

    def completed_by(self, singles: "LookupResult") -> "LookupResult":
        """Add the result of the single look-ups of the ids that are ``unlisted`` here."""
        return LookupResult(
            {**self.tasks, **singles.tasks},
            self.missing | singles.missing,
            {**self.failed, **singles.failed},
            singles.unlisted,
        )


class LookupAccumulator:
    """Collects the result of one look-up while its responses come in."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = tuple(dict.fromkeys(ids))
        self._requested = frozenset(self.ids)
        self.tasks: dict[str, Task] = {}
        self.missing: set[str] = set()
        self.failed: dict[str, RelayError] = {}
        self.abort_error: RelayError | None = None
        """Why nothing more of this look-up can be requested."""

    def add(self, tasks: Iterable[Task]) -> None:
        """Add those of the tasks that were requested.

        If a task comes more than once, the first entry counts, or the first in which it has ended.
        """
        for task_id, task in tasks_by_id(tasks, self._requested, self.tasks.keys()).items():
            if task_id not in self.tasks or (task.terminal and not self.tasks[task_id].terminal):
                self.tasks[task_id] = task

    def abort(self, error: RelayError) -> None:
        """Record that the relay as a whole cannot be asked further."""
        self.abort_error = self.abort_error or error

    def unresolved(self, ids: Iterable[str]) -> list[str]:
        """Return those of the ids of which nothing is known yet."""
        if len(self.tasks) == len(self.ids):
            return []
        known = {*self.tasks, *self.missing, *self.failed}
        return [each for each in ids if each not in known]

    def result(self) -> LookupResult:
        """Return the result; raises the ``RelayError`` with which all ids have failed alike."""
        unlisted = self.unresolved(self.ids)
        if self.abort_error is not None:
            self.failed |= dict.fromkeys(unlisted, self.abort_error)
            unlisted = []
        if len(self.failed) == len(self.ids) > 0:
            first = next(iter(self.failed.values()))
            if all(error.kind is first.kind for error in self.failed.values()):
                raise self.abort_error or first
        return LookupResult(self.tasks, frozenset(self.missing), self.failed, tuple(unlisted))
