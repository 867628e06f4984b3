"""The oracle of files of songs: nothing is charged again, and answers say what the relay said."""

from collections import Counter
from collections.abc import Iterator

from sandbox.relay.lifecycles import clip_ids
from tests.simulation.file_presses import FilePress
from tests.simulation.relay_clip_actions import CHARGED_ACTION, FileRequest
from tests.simulation.simulation import Simulation

MAX_REQUESTS = 2
"""For one press: a request that was cut is sent once more where nothing is charged."""


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
        if action == CHARGED_ACTION and count > presses:
            yield f"CHARGED {action} of {task_id} {count} times for {presses} presses"
        if count > MAX_REQUESTS * presses:
            yield f"FILE {action} of {task_id} asked for {count} times for {presses} presses"
    for press in simulation.file_presses.all:
        about = [each for each in requests if _may_answer(each, press, tasks)]
        if press.is_made and not any(each.is_made for each in about):
            yield f"FILE that no relay has made: {press}"
        if press.is_waiting and all(each.is_made and not each.is_struck for each in about):
            yield f"FILE that the relay has made, told as not ready: {press}"


def _may_answer(request: FileRequest, press: FilePress, tasks: dict[str, str]) -> bool:
    is_about = (request.action, tasks.get(request.clip_id)) == (press.action, press.task_id)
    return is_about and press.interaction.created_at <= request.at <= press.answered_at
