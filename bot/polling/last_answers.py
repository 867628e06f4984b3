"""What the relay last said of running tasks, to tell whether an answer says anything new."""

from collections.abc import Iterable
from itertools import islice

from bot.relay.models import Task

MOST = 50_000
"""Tasks; the earliest are forgotten beyond that, and their next answer is stored again."""


class LastAnswerCache:
    """The hash of the last stored answer of each running task, in memory.

    Most look-ups show a running task as the one before did: its stored answer need not be written
    again then. Two answers with one hash would cost no more than a progress that shows later.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._hashes: dict[str, int] = {}

    def repeats(self, task: Task) -> bool:
        """Whether a running task is told as it was told last."""
        return not task.terminal and self._hashes.get(task.id) == hash(task)

    def note(self, tasks: Iterable[Task]) -> None:
        """Take in answers that were stored; tasks that have ended are forgotten."""
        for task in tasks:
            if task.terminal:
                self._hashes.pop(task.id, None)
            else:
                self._hashes[task.id] = hash(task)
        surplus = max(len(self._hashes) - self._most, 0)
        self.forget(list(islice(self._hashes, surplus)))

    def forget(self, ids: Iterable[str]) -> None:
        """Have the next answer about these tasks stored whatever it says."""
        for each in ids:
            self._hashes.pop(each, None)
