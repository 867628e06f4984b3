"""What a simulated relay does when files of a clip are asked for: it may charge each request."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from bot.relay.providers import CHARGED_FILES
from sandbox.relay.actions import ACTIONS, ClipActions
from sandbox.relay.lifecycles import RelayTask
from tests.simulation.clock import VirtualClock
from tests.simulation.faults import Effect, Reply, Request

READY = 0.7
"""How often a file is made already."""
CHARGED_ACTIONS = frozenset(each.value for each in CHARGED_FILES)

_PATH = re.compile(rf"/suno/act/({'|'.join(sorted(ACTIONS))})/(.+)")


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A request for a file of a clip that arrived at a relay, or was answered in its place."""

    action: str
    clip_id: str
    at: float
    """True Unix seconds."""
    is_made: bool = False
    """Whether the relay has answered with the file."""
    is_struck: bool = False
    """Whether a fault struck the request or its answer."""


class FileRequests:
    """The requests for files to one relay."""

    def __init__(
        self,
        clock: VirtualClock,
        rng: Random,
        find: Callable[[str], Iterable[tuple[RelayTask, float]]],
    ) -> None:
        """``find`` returns the tasks with a clip, and when each was submitted."""
        self._clock = clock
        self._rng = rng
        self._find = find
        self._files = ClipActions()
        self._files.in_envelope = rng.random() < 0.5
        self._is_struck = False
        self.received: list[FileRequest] = []

    def receive(self, request: Request) -> Reply:
        """Answer with a file, or that it is not ready; deny what the relay does not know."""
        action, clip_id = _parts(request)
        now = self._clock.true_time()
        self._files.is_ready = self._rng.random() < READY
        answer = self._files.answer(action, clip_id, self._find(clip_id), now)
        is_made = answer is not None and self._files.is_ready
        self._record(request, is_made=is_made)
        if answer is None:
            return Reply(404, b'{"code": "clip_not_exist", "message": "clip not found"}')
        return Reply(200, json.dumps(answer).encode())

    def deny(self, request: Request) -> None:
        """Note that the relay refuses the key of a request."""
        self._record(request)

    def lose(self, request: Request, effect: Effect) -> None:
        """Note that a fault strikes a request, perhaps in place of the relay's answer."""
        self._is_struck = not effect.refused
        if self._is_struck and not effect.applied:
            self._record(request)

    def _record(self, request: Request, *, is_made: bool = False) -> None:
        now, is_struck = self._clock.true_time(), self._is_struck
        self._is_struck = False
        self.received.append(FileRequest(*_parts(request), now, is_made, is_struck))


def asks_for_file(request: Request) -> bool:
    """Whether a request asks a relay for a file of a clip."""
    return _PATH.fullmatch(request.path) is not None


def _parts(request: Request) -> tuple[str, str]:
    found = _PATH.fullmatch(request.path)
    assert found is not None
    return found[1], found[2]
