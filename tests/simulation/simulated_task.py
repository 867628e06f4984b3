"""The tasks of simulated relays: how each ends, and what is true of it then."""

from dataclasses import dataclass, replace

from bot.relay.models import TaskKind
from sandbox.relay.lifecycles import (
    RelayTask,
    clip_ids,
    failing,
    half_success,
    lyrics_task,
    song,
    stuck,
)
from tests.support.task_endings import TaskEnding


@dataclass(eq=False, slots=True)
class SimulatedTask:
    """A task of one relay, and what is true of it. Times are true Unix seconds.

    Other relays may have tasks with the same id.
    """

    id: str
    relay: str
    """The name of the relay."""
    ending: TaskEnding
    title: str
    submitted_at: float
    takes: float
    vanishes_at: float | None = None
    """From when on the relay has forgotten it."""
    is_lyrics: bool = False
    """Whether lyrics were asked for, also if none come."""
    name: str = ""
    """What the ids of its clips derive from, if not from its id."""

    @property
    def ends_at(self) -> float | None:
        """When it ends, if it does."""
        return (
            None
            if self.ending in (TaskEnding.STUCK, TaskEnding.NEVER)
            else self.submitted_at + self.takes
        )

    @property
    def proofs(self) -> tuple[str, ...]:
        """What stands in every true notice of its end."""
        if self.ending is TaskEnding.LYRICS:
            return (self.text,)
        if self.ending in (TaskEnding.SONG, TaskEnding.HALF):
            clips = clip_ids(self.seed, 2)
            return tuple(clips if self.ending is TaskEnding.SONG else clips[:1])
        return (self.text,) if self.ending is TaskEnding.FAILED else ()

    @property
    def text(self) -> str:
        """A line of its lyrics, or why it failed."""
        if self.ending is TaskEnding.FAILED:
            return f"The prompt was turned down upstream, {mark_of(self.relay)}"
        return f"A line of {self.id}, {mark_of(self.relay)}"

    @property
    def seed(self) -> str:
        """What the ids of its clips derive from."""
        return f"{self.relay}/{self.name or self.id}"


def mark_of(relay: str) -> str:
    """Return what stands in the texts of a relay's tasks, and of no other's."""
    return f"made at {relay}"


def life_of(task: SimulatedTask) -> RelayTask:
    """Return what the relay tells of a task that it knows."""
    kind = TaskKind.LYRICS if task.is_lyrics else TaskKind.MUSIC
    if task.ending is TaskEnding.LYRICS:
        text = f"[Verse]\n{task.text}"
        return lyrics_task(task.id, title=task.title, text=text, takes=task.takes)
    if task.ending is TaskEnding.FAILED:
        return failing(task.id, reason=task.text, kind=kind, takes=task.takes)
    if task.ending is TaskEnding.STUCK:
        return stuck(task.id, kind=kind)
    make = song if task.ending is TaskEnding.SONG else half_success
    return replace(make(task.seed, title=task.title, takes=task.takes), id=task.id)
