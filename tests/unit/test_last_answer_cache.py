"""An answer about a running task that says nothing new is not stored again."""

from dataclasses import replace

from bot.polling.recorder import LastAnswerCache
from bot.relay.models import Outcome, Task, TaskStatus

RUNNING = Task("one", TaskStatus.IN_PROGRESS, progress=10)


def test_the_same_answer_again_is_a_repetition() -> None:
    """Another one, and the first of all, are none."""
    answers = LastAnswerCache()
    assert not answers.contains(RUNNING)
    answers.update([RUNNING])
    assert answers.contains(replace(RUNNING))
    assert not answers.contains(replace(RUNNING, progress=20))
    assert not answers.contains(replace(RUNNING, id="two"))


def test_an_end_is_never_a_repetition() -> None:
    """It counts however often it is said."""
    answers = LastAnswerCache()
    ended = replace(RUNNING, status=TaskStatus.FAILURE, outcome=Outcome.FAILURE)
    answers.update([RUNNING])
    answers.update([ended])
    assert not answers.contains(ended)
    assert not answers.contains(RUNNING)


def test_a_forgotten_task_is_stored_again() -> None:
    """Somebody watches it anew, say."""
    answers = LastAnswerCache()
    answers.update([RUNNING])
    answers.discard(["one", "unknown"])
    assert not answers.contains(RUNNING)


def test_the_earliest_answers_are_forgotten_beyond_the_bound() -> None:
    """So that memory has one, too."""
    answers = LastAnswerCache(max_size=2)
    tasks = {name: replace(RUNNING, id=name) for name in ("one", "two", "three")}
    answers.update(tasks.values())
    assert [name for name, task in tasks.items() if answers.contains(task)] == ["two", "three"]
