"""Decides whether a summary of several tasks is true, line by line."""

from collections.abc import Iterator, Sequence

from bot.i18n.catalog import catalog_for
from tests.simulation.discord_state import Message
from tests.simulation.messages import SUMMARY_KEYS, is_minimal
from tests.simulation.simulated_task import SimulatedTask
from tests.simulation.statements import Truths
from tests.support.task_endings import TaskEnding

_WORDS = catalog_for("en-US")
_READY = {"done", "partly", "lyrics"}
_ENDS_WITHOUT_RESULT = {
    "gave up": "summary-gave-up",
    "not found": "summary-not-found",
    "disconnected": "summary-disconnected",
}
_ICONS = {"✅": "done", "🟡": "partly", "❌": "failed", "⌛": "gave up", "❔": "not found"}


def faults_of_summary(message: Message, candidates: Sequence[Truths]) -> Iterator[str]:
    """Yield each error of a summary; ``candidates``: for each id, the tasks that it may be about.

    Where several have an id, the summary is about one of which it says the truth.
    """
    if not all(candidates):
        yield "is about a task of nobody's account"
        return
    lines = _lines(message)
    if is_minimal(message) or (message.embeds_dropped and not lines):
        said = [{ending for _, true in each for ending in true} for each in candidates]
        surely = sum(true <= _READY for true in said)
        perhaps = sum(bool(true & (_READY | _ENDS_WITHOUT_RESULT.keys())) for true in said)
        if not any(_says(message, ready, len(said)) for ready in range(surely, perhaps + 1)):
            yield "counts wrongly"
        return
    chosen = [_likeliest(each, lines, message) for each in candidates]
    tasks, true = [task for task, _ in chosen], {task.id: said for task, said in chosen}
    by_task = {task.id: _line_of(task, lines, message) for task in tasks}
    for task in tasks:
        yield from _faults_of_line(task, by_task[task.id], true[task.id])
    ready = sum(_has_result(line or "") for line in by_task.values())
    if not _says(message, ready, len(tasks)):
        yield f"does not say that {ready} of {len(tasks)} are ready"
    if len(lines) != len(tasks):
        yield f"has {len(lines)} lines for {len(tasks)} tasks"
    if "None.mp3" in message.text or "audiopipe" in message.text:
        yield "has a link that dies"


def _likeliest(
    truths: Truths, lines: Sequence[str], message: Message
) -> tuple[SimulatedTask, set[str]]:
    """Return the task with the fewest errors in its line, and what may be said of it."""

    def count(truth: tuple[SimulatedTask, set[str]]) -> int:
        task, true = truth
        return len(list(_faults_of_line(task, _line_of(task, lines, message), true)))

    return min(truths, key=count)


def _lines(message: Message) -> list[str]:
    """Return the lines about tasks: they begin with an icon."""
    text = "\n".join([message.content, *(embed.get("description", "") for embed in message.embeds)])
    return [line for line in text.split("\n") if line.startswith(tuple(_ICONS))]


def _line_of(task: SimulatedTask, lines: Sequence[str], message: Message) -> str | None:
    """Return the line of a task: it names the id, or its place is that in the menu."""
    named = next((line for line in lines if f"`{task.id}`" in line), None)
    menus = [item for row in message.components for item in row["components"]]
    values = [option["value"] for menu in menus for option in menu.get("options", ())]
    if named is None and task.id in values and len(values) == len(lines):
        return lines[values.index(task.id)]
    return named


def _faults_of_line(task: SimulatedTask, line: str | None, true: set[str]) -> Iterator[str]:
    if line is None:
        yield f"has no line about {task.id}"
        return
    said = _statement(line)
    if said not in true:
        yield f"says {said!r} of {task.id} where {sorted(true)} is true"
    if (
        said in ("done", "partly")
        and task.ending in (TaskEnding.SONG, TaskEnding.HALF)
        and "](" in line
    ):
        missing = [clip for clip in task.proofs if clip not in line]
        if missing:
            yield f"lacks links to {missing}"


def _statement(line: str) -> str:
    """Return what a line says about the end of its task."""
    for meaning, key in _ENDS_WITHOUT_RESULT.items():
        if any(_WORDS.text(each) in line for each in (key, f"{key}-partly")):
            return meaning
    said = next(said for icon, said in _ICONS.items() if line.startswith(icon))
    return "lyrics" if said == "done" and _WORDS.text("summary-lyrics") in line else said


def _has_result(line: str) -> bool:
    """Whether a line is about something that can be opened."""
    return line.startswith(("✅", "🟡")) and not any(
        _WORDS.text(key) in line for key in ("summary-preview", "summary-nothing")
    )


def _says(message: Message, ready: int, total: int) -> bool:
    all_ready, some_ready, none_ready = SUMMARY_KEYS
    key = some_ready
    if ready in (0, total):
        key = all_ready if ready else none_ready
    return any(
        _WORDS.text(key, kind=kind, ready=ready, total=total) in message.content
        for kind in ("music", "lyrics", "task")
    )
