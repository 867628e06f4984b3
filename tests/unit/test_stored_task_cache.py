"""Tests the cache by which an unchanged running task is not stored again."""

from dataclasses import replace

from bot.polling.recorder import StoredTaskCache
from bot.relay.models import Outcome, Task, TaskStatus

RUNNING = Task("one", TaskStatus.IN_PROGRESS, progress=10)


def test_only_an_unchanged_running_task_is_contained() -> None:
    """A task that was not stored yet, has changed or has another id must be stored."""
    cache = StoredTaskCache()
    assert not cache.contains(RUNNING)
    cache.update([RUNNING])
    assert cache.contains(replace(RUNNING))
    assert not cache.contains(replace(RUNNING, progress=20))
    assert not cache.contains(replace(RUNNING, id="two"))


def test_an_ended_task_is_never_contained() -> None:
    """The end of a task is stored each time, and removes the running task."""
    cache = StoredTaskCache()
    ended = replace(RUNNING, status=TaskStatus.FAILURE, outcome=Outcome.FAILURE)
    cache.update([RUNNING])
    cache.update([ended])
    assert not cache.contains(ended)
    assert not cache.contains(RUNNING)


def test_a_discarded_task_is_stored_again() -> None:
    """Discarding an unknown id changes nothing."""
    cache = StoredTaskCache()
    cache.update([RUNNING])
    cache.discard(["one", "unknown"])
    assert not cache.contains(RUNNING)


def test_the_oldest_tasks_are_dropped_beyond_the_maximum_size() -> None:
    """Two of three tasks remain in a cache of two."""
    cache = StoredTaskCache(max_size=2)
    tasks = {name: replace(RUNNING, id=name) for name in ("one", "two", "three")}
    cache.update(tasks.values())
    assert [name for name, task in tasks.items() if cache.contains(task)] == ["two", "three"]
