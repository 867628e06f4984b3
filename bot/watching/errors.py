"""What can go wrong when somebody asks to watch something.

A ``WatchError`` may be shown: ``key`` names its text in the catalogue of words, ``values`` what
goes into it. The text of the exception itself is English, for the log.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar


class WatchError(Exception):
    """A request about watches that cannot be met, for a reason the person should read."""

    key: ClassVar[str]

    def __init__(self, message: str, **values: str | int) -> None:
        super().__init__(message)
        self.values = values


class TooManyWatches(WatchError):
    """The person watches as much as one person may."""

    key = "watch-error-too-many"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a person may watch {limit} tasks at once", limit=limit)


class TooManyWatchers(WatchError):
    """As many people watch this task in this place as one message can mention."""

    key = "watch-error-crowded"

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} people may watch one task in one place", limit=limit)


class BadTaskId(WatchError):
    """What was given cannot be a task id."""

    key = "watch-error-bad-id"

    def __init__(self, given: str, limit: int) -> None:
        super().__init__("not a task id", given=given, limit=limit)


class TooManyIds(WatchError):
    """More ids at once than one answer can hold."""

    key = "watch-error-too-many-ids"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} ids at once", limit=limit)


class DatabaseUnusable(Exception):
    """The database cannot be opened or read; the text says which file and why."""

    def __init__(self, path: Path, cause: Exception) -> None:
        super().__init__(f"cannot use the database {path}: {cause}")
        self.path = path


class DatabaseTooNew(DatabaseUnusable):
    """A later version of the program has worked on the database: this one does not understand it.

    ``steps`` are the migrations that it does not know.
    """

    def __init__(self, path: Path, steps: Sequence[str]) -> None:
        super().__init__(path, RuntimeError(f"a newer version has changed it ({', '.join(steps)})"))


class DatabaseInUse(DatabaseUnusable):
    """Another process works on the database."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, RuntimeError("another bot is running on it"))
