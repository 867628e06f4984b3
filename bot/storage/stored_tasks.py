"""Tasks as the database keeps them: JSON that an older or a damaged row may not hold."""

import logging
from contextlib import suppress
from enum import Enum
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.relay.bounds import bounded
from bot.relay.models import Task, TaskStatus

Word = TypeVar("Word", bound=Enum)

log = logging.getLogger(__name__)

_TASKS: TypeAdapter[Task] = TypeAdapter(Task)


class UnreadableRow(ValueError):
    """A row holds something that this program does not understand. It must cost only itself."""


def dump_task(task: Task) -> str:
    """Return a task as it is stored."""
    return _TASKS.dump_json(task).decode()


def load_task(stored: str) -> Task:
    """Return a task as it was stored, within today's bounds. Raises ``UnreadableRow``."""
    try:
        return bounded(_TASKS.validate_json(stored))
    except ValidationError as error:  # its text would quote what people and relays wrote
        raise UnreadableRow(f"a stored task is unreadable ({error.error_count()} errors)") from None


def load_task_or_id(task_id: str, stored: str) -> Task:
    """Return a stored task; where it is unreadable, one of which only the id is known."""
    try:
        return load_task(stored)
    except UnreadableRow as error:
        log.warning("Stored task is unreadable: task=%s cause=%s", task_id, error)
        return unknown_task(task_id)


def load_word(kind: type[Word], stored: object) -> Word | None:
    """Return what a stored word stands for, ``None`` where there is none that is known."""
    with suppress(ValueError):
        return kind(stored)
    return None


def unknown_task(task_id: str) -> Task:
    """Return a task of which nothing but the id is known."""
    return Task(id=task_id, status=TaskStatus.UNRECOGNIZED)
