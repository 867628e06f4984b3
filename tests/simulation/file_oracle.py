"""The oracle of files of songs: nothing is charged again, and answers say what the relay said."""

from collections import Counter
from collections.abc import Iterator

from bot.creation.shared_results import KEPT, WAITING
from sandbox.relay.lifecycles import clip_ids
from tests.simulation.file_presses import FilePress
from tests.simulation.relay_clip_actions import CHARGED_ACTIONS, FileRequest
from tests.simulation.simulation import Simulation

MAX_REQUESTS = 2
"""For one press: a request that was cut is sent once more where nothing is charged."""
_SLOWEST = 60.0
"""Seconds until an answer comes, from when on it is kept."""


def find_file_violations(simulation: Simulation) -> Iterator[str]:
    """Yield each violation of what is promised about files."""
    requests = simulation.relays.file_requests
    tasks = {
        clip_id: task.id
        for task in (*simulation.tasks, *simulation.relays.begun)
        for clip_id in clip_ids(task.seed, 2)
    }
    pressed = Counter((each.action, each.task_id) for each in simulation.file_presses.all)
    sent = Counter((each.action, tasks.get(each.clip_id, "")) for each in requests)
    for (action, task_id), count in sent.items():
        presses = pressed[action, task_id]
        if count > presses * (1 if action in CHARGED_ACTIONS else MAX_REQUESTS):
            yield f"CHARGED {action} of {task_id} {count} times for {presses} presses"
    yield from _uncounted(simulation, requests)
    for press in simulation.file_presses.all:
        about = [each for each in requests if _is_about(each, press, tasks)]
        asked_at = press.interaction.created_at
        made = [each for each in about if each.is_made and each.at >= asked_at - KEPT - _SLOWEST]
        if press.is_made and not made:
            yield f"FILE that no relay has made: {press}"
        last = [each for each in about if each.at >= asked_at - WAITING - _SLOWEST]
        if press.is_waiting and all(each.is_made and not each.is_struck for each in last):
            yield f"FILE that the relay has made, told as not ready: {press}"


def _uncounted(simulation: Simulation, requests: list[FileRequest]) -> Iterator[str]:
    """Yield if more was asked for, or made, than was counted for quotas."""
    charged = [each for each in requests if each.action in CHARGED_ACTIONS]
    made = sum(each.is_made for each in charged)
    counted, counted_for_good = simulation.creations.log.debits()
    if len(charged) > counted or made > counted_for_good:
        yield (
            f"CHARGED {len(charged)} files asked for, {made} made,"
            f" {counted} counted, {counted_for_good} of them for good"
        )


def _is_about(request: FileRequest, press: FilePress, tasks: dict[str, str]) -> bool:
    """Whether a press may be answered with what a request has brought."""
    is_about = (request.action, tasks.get(request.clip_id)) == (press.action, press.task_id)
    return is_about and request.at <= press.answered_at
