"""What a look-up found, and how it is gathered from several answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.suno.answers import tasks_by_id
from bot.suno.errors import SunoError
from bot.suno.reading.again import Reading
from bot.suno.tasks import Task


@dataclass(frozen=True, slots=True)
class LookUp:
    """What a relay knows of the ids that it was asked for; every id is in exactly one of these."""

    tasks: Mapping[str, Task] = field(default_factory=dict)
    """By the id asked for."""
    missing: frozenset[str] = frozenset()
    """The relay answered, and does not know these, or they belong to another key."""
    failed: Mapping[str, SunoError] = field(default_factory=dict)
    """Ids whose own answer was refused or unreadable while others' could be read."""
    unlisted: tuple[str, ...] = ()
    """In no batch, and not asked for on their own, for few are at once: nothing is known of them.
    In the order in which they were asked for."""
    unchanged: frozenset[str] = frozenset()
    """The relay says of these again, byte for byte, what the caller has seen: they still run."""
    fingerprints: Mapping[str, int] = field(default_factory=dict)
    """Of those of the tasks that still run and could be told apart: what to call ``seen`` when
    they are asked for again. Good for as long as this process runs."""

    def completed_by(self, alone: "LookUp") -> "LookUp":
        """Add what was found when those that are ``unlisted`` here were asked for on their own."""
        return LookUp(
            {**self.tasks, **alone.tasks},
            self.missing | alone.missing,
            {**self.failed, **alone.failed},
            alone.unlisted,
            self.unchanged,
            self.fingerprints,
        )


class Findings:
    """The state of one look-up while its answers come in."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = tuple(dict.fromkeys(ids))
        self._wanted = frozenset(self.ids)
        self.tasks: dict[str, Task] = {}
        self.unchanged: set[str] = set()
        self.fingerprints: dict[str, int] = {}
        self.missing: set[str] = set()
        self.failed: dict[str, SunoError] = {}
        self.stopped: SunoError | None = None
        """Why nothing more of this look-up can be asked."""

    def found(self, reading: Reading) -> None:
        """Take the tasks that were asked for.

        Should answers hold one twice, the first counts, or the first in which it has ended.
        """
        self.unchanged |= (reading.unchanged & self._wanted) - self.tasks.keys()
        before = self.unchanged.union(self.tasks)
        for task_id, task in tasks_by_id(reading.tasks, self._wanted, before).items():
            if task_id not in before or (task.terminal and not self._has_ended(task_id)):
                self.unchanged.discard(task_id)
                self.fingerprints.pop(task_id, None)
                self.tasks[task_id] = task
                if task_id in reading.fingerprints:
                    self.fingerprints[task_id] = reading.fingerprints[task_id]

    def _has_ended(self, task_id: str) -> bool:
        return task_id in self.tasks and self.tasks[task_id].terminal

    def stop(self, error: SunoError) -> None:
        """Note that the relay as a whole cannot be asked further."""
        self.stopped = self.stopped or error

    def unknown(self, ids: Iterable[str]) -> list[str]:
        """Give those of the ids of which nothing is known yet."""
        if len(self.tasks) + len(self.unchanged) == len(self.ids):
            return []
        known = self.unchanged.union(self.tasks, self.missing, self.failed)
        return [each for each in ids if each not in known]

    def conclude(self) -> LookUp:
        """Give the result; raise the SunoError in which all ids have ended alike."""
        unlisted = self.unknown(self.ids)
        if self.stopped is not None:
            self.failed |= dict.fromkeys(unlisted, self.stopped)
            unlisted = []
        if len(self.failed) == len(self.ids) > 0:
            first = next(iter(self.failed.values()))
            if all(error.kind is first.kind for error in self.failed.values()):
                raise self.stopped or first
        return LookUp(
            self.tasks,
            frozenset(self.missing),
            self.failed,
            tuple(unlisted),
            frozenset(self.unchanged),
            self.fingerprints,
        )
