"""Decides which statements about the end of a task are true, and which a notice makes."""

from collections.abc import Iterator

from bot.i18n.catalog import catalog_for
from tests.simulation.discord_state import Message
from tests.simulation.messages import is_minimal
from tests.simulation.simulated_task import SimulatedTask
from tests.support.task_endings import TaskEnding

_WORDS = catalog_for("en-US")
_SPLIT = "\N{BULLET}"

_HEADLINES: dict[str, tuple[str, ...]] = {
    "done": ("notice-song-done",),
    "partly": ("notice-song-partly",),
    "lyrics": ("notice-lyrics-done",),
    "failed": ("notice-failed",),
    "nothing": ("notice-nothing-to-play",),
    "not found": ("notice-not-found", "notice-not-found-partly"),
    "gave up": ("notice-gave-up", "notice-gave-up-partly"),
    "rejected": ("notice-rejected", "notice-cancelled"),
    "unconfirmed": ("notice-unconfirmed",),
    "disconnected": ("notice-disconnected", "notice-disconnected-partly"),
}
"""The statements of notices, with the keys of the texts that make them."""

Truths = list[tuple[SimulatedTask, set[str]]]
"""The tasks that a message may be about, and what it may say about the end of each."""

_TRUE = {
    TaskEnding.SONG: "done",
    TaskEnding.HALF: "partly",
    TaskEnding.LYRICS: "lyrics",
    TaskEnding.FAILED: "failed",
    TaskEnding.STUCK: "gave up",
    TaskEnding.NEVER: "not found",
}


FINISHED = {"done", "partly", "lyrics", "failed"}
"""What only a relay can have told."""


def _phrases(key: str) -> set[tuple[str, ...]]:
    """Return the fixed parts of a text, in all its forms."""
    forms = set()
    for titled in ("yes", "no"):
        for kind in ("music", "lyrics", "task"):
            text = _WORDS.text(key, title=_SPLIT, titled=titled, kind=kind, counts=_SPLIT)
            forms.add(tuple(filter(None, (part.strip(" .;*") for part in text.split(_SPLIT)))))
    return forms


_FORMS = {
    meaning: [parts for key in keys for parts in _phrases(key)]
    for meaning, keys in _HEADLINES.items()
}


def statements_in(message: Message) -> set[str]:
    """Return what a notice says about the end of its task."""
    return {
        meaning
        for meaning, forms in _FORMS.items()
        if any(all(part in message.content for part in parts) for parts in forms)
    }


def true_statements(task: SimulatedTask, *, unreachable: bool, denied: bool) -> set[str]:
    """Return what a notice may say about the end of a task.

    ``unreachable``: whether the relay refused to report this task while it reported others.
    ``denied``: whether the relay denied the task before it first reported it.
    """
    meanings = {_TRUE[task.ending]}
    if task.vanishes_at is not None:
        if task.ends_at is None or task.vanishes_at <= task.ends_at:
            meanings.clear()
        meanings.add("not found")
    if unreachable or "not found" in meanings:
        meanings.add("gave up")  # it only says that the relay never reported the end
    if denied:
        meanings.add("not found")
    return meanings


def false_statements(task: SimulatedTask, message: Message, true: set[str]) -> Iterator[str]:
    """Yield each error of a notice, where ``true`` is what it may say."""
    meanings = statements_in(message)
    if not meanings & true:
        yield f"says {sorted(meanings) or 'nothing'} where {sorted(true)} is true"
    elif _TRUE[task.ending] in meanings and not is_minimal(message):
        missing = [text for text in task.proofs if text not in message.text]
        if missing:
            yield f"lacks {missing}"
    if "None.mp3" in message.text or ("audiopipe" in message.text and meanings & FINISHED):
        yield "has a link that dies"
