"""How a watch can end."""

from enum import StrEnum


class Ending(StrEnum):
    """Why a task is no longer looked at."""

    FINISHED = "finished"
    """The relay said how it ended; its last answer holds the outcome."""
    NOT_FOUND = "not_found"
    """The relay answered, again and again, and does not know the id."""
    GAVE_UP = "gave_up"
    """The relay never said that the task ended, and the deadline is over."""
