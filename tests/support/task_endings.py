"""How relays end tasks in the long tests, which know in advance what each notice has to say."""

from enum import StrEnum


class TaskEnding(StrEnum):
    """How the relay ends a task."""

    SONG = "song"
    HALF = "half"
    LYRICS = "lyrics"
    FAILED = "failed"
    STUCK = "stuck"
    """It never ends: the watch reaches its deadline."""
    NEVER = "never"
    """The relay never knew it."""
