"""The HTTP API of relays: tasks that are made, fail, get stuck and vanish, and keys that expire."""

import json
from collections.abc import Iterable
from math import inf
from random import Random
from typing import Any

from yarl import URL

from sandbox.relay.lifecycles import RelayTask, clip_ids
from sandbox.relay.response_formats import (
    BATCH_PATHS,
    SINGLE_PATHS,
    ResponseFormat,
    SingleLookupFormat,
    UnknownPathFormat,
    UnknownTaskFormat,
)
from sandbox.relay.submissions import SUBMIT_PATHS
from tests.simulation.clock import VirtualClock
from tests.simulation.faults import Effect, Reply, Request, Side
from tests.simulation.random_sources import RandomSources
from tests.simulation.relay_clip_actions import FileRequests, asks_for_file
from tests.simulation.relay_submissions import Submissions
from tests.simulation.simulated_task import SimulatedTask, life_of
from tests.support.task_endings import TaskEnding

FETCH_PATH, SUBMIT_FETCH_PATH, SINGLE = "/suno/fetch", "/suno/submit/fetch", "/suno/fetch/{id}"
KEY_PREFIX = "sk-simulated"
"""The beginning of every key, by which a key is recognized where none may be."""


class RelayServer:
    """A relay: answers look-ups with one of its keys by what the tasks really are.

    Submissions begin further tasks.
    """

    def __init__(
        self, clock: VirtualClock, name: str, shape: ResponseFormat, random: RandomSources
    ) -> None:
        self._clock = clock
        self.name = name
        self.host = f"{name}.example"
        self.base_url = f"https://{self.host}"
        self.shape = shape
        self.keys: list[str] = []
        self.refused_keys: set[str] = set()
        """Keys that it does not accept just now."""
        self.troubled_at: list[float] = []
        """When a request to it failed, or was refused (true Unix seconds)."""
        self.requests: list[tuple[float, str]] = []
        """When it was asked (true Unix seconds), and with which key."""
        self.tasks: dict[str, SimulatedTask] = {}
        self._lives: dict[str, RelayTask] = {}
        self._shown_at: dict[str, float] = {}
        """When the bot was first told of a task."""
        self._denied_at: dict[str, float] = {}
        self.submissions = Submissions(clock, name, random.creations, self._begin)
        self.files = FileRequests(clock, random.files, self._with_clip)
        self.was_oblivious = False
        """Whether it has denied everything for a while."""

    def add(self, task: SimulatedTask) -> None:
        """Let somebody make a song."""
        self.tasks[task.id] = task
        if task.ending is not TaskEnding.NEVER:
            self._lives[task.id] = life_of(task)

    def _begin(self, task: SimulatedTask) -> RelayTask:
        """Begin a task that was submitted."""
        self.add(task)
        return self._lives[task.id]

    def _with_clip(self, clip_id: str) -> list[tuple[RelayTask, float]]:
        """Return the tasks that have a clip, and when each was submitted."""
        return [
            (life, self.tasks[task_id].submitted_at)
            for task_id, life in self._lives.items()
            if clip_id in clip_ids(self.tasks[task_id].seed, 2)
        ]

    def new_key(self) -> str:
        """Make another key, with which all of its tasks can be looked up."""
        self.keys.append(f"{KEY_PREFIX}-{self.name}-{len(self.keys)}")
        return self.keys[-1]

    def receive(self, request: Request) -> Reply:
        """Answer a look-up."""
        key = request.key.removeprefix("Bearer ")
        self.requests.append((self._clock.true_time(), key))
        if key not in self.keys or key in self.refused_keys:
            self.troubled_at.append(self._clock.true_time())
            if asks_for_file(request):
                self.files.deny(request)
            return failure(401, "invalid_api_key", "Invalid API key")
        if is_submission(request):
            reply = self.submissions.receive(request)
            if reply.status >= 400:  # it may limit the rate of everything
                self.troubled_at.append(self._clock.true_time())
            return reply
        if asks_for_file(request):
            return self.files.receive(request)
        if not self.has_path(request):
            return _elsewhere(self.shape.unknown_path, request)
        if request.method == "POST":
            action = self._action(request)
            found = [self._shown(each, action) for each in request.task_ids]
            return answer(self.shape.batch([each for each in found if each is not None]))
        shown = self._shown(request.task_ids[0])
        if shown is None:
            return _unknown(self.shape.task_with_id_only)
        return answer(self.shape.single(request.path, shown))

    def fail(self, request: Request, effect: Effect) -> None:
        """Note that a fault strikes a request."""
        self.troubled_at.append(self._clock.true_time())
        if is_submission(request):
            self.submissions.lose(request, effect)
        if asks_for_file(request):
            self.files.lose(request, effect)

    def has_path(self, request: Request) -> bool:
        """Whether the relay has the path that is asked for."""
        path = request.path if request.method == "POST" else f"/{request.route}"
        return path in self.shape.paths

    def _shown(self, task_id: str, action: str | None = None) -> dict[str, Any] | None:
        task, life = self.tasks.get(task_id), self._lives.get(task_id)
        now = self._clock.true_time()
        if task is None or life is None or now < task.submitted_at:
            return None
        if task.vanishes_at is not None and now >= task.vanishes_at:
            return None
        if action not in (None, life.kind.action):
            return None
        return life.at(now, submitted_at=task.submitted_at)

    def answered(self, request: Request) -> None:
        """Note that nothing keeps the answer to a look-up from the bot."""
        if not self.has_path(request):
            return
        for task_id in request.task_ids:
            if self._shown(task_id, self._action(request)) is not None:
                self._shown_at.setdefault(task_id, self._clock.true_time())

    def _action(self, request: Request) -> str | None:
        """Return the kind of task to which an answer is limited, if it is."""
        batch = request.method == "POST" and self.shape.filters_by_action
        return request.body.get("action") if batch else None

    def deny(self, task_ids: Iterable[str]) -> None:
        """Note that a fault made the relay deny these tasks."""
        for task_id in task_ids:
            self._denied_at.setdefault(task_id, self._clock.true_time())

    def was_denied(self, task_id: str) -> bool:
        """Whether the relay denied a task by a fault."""
        return task_id in self._denied_at

    def was_denied_first(self, task_id: str) -> bool:
        """Whether the relay denied a task by a fault before it ever told of it."""
        denied_at = self._denied_at.get(task_id, inf)
        return denied_at < self._shown_at.get(task_id, inf)


def is_submission(request: Request) -> bool:
    """Whether a request asks a relay to create something."""
    return request.method == "POST" and request.path in SUBMIT_PATHS


def describe(method: str, url: URL, body: Any, headers: dict[str, str]) -> Request:
    """Read a request of the bot's, with the tasks that it is about."""
    path = url.path
    ids: tuple[str, ...] = ()
    route = path.lstrip("/")
    if method == "GET":
        head, _, task_id = path.rpartition("/")
        ids, route = (task_id,), f"{head.lstrip('/')}/{{id}}"
    elif isinstance(body, dict):
        ids = tuple(body.get("ids", ()))
    key = headers.get("Authorization", "")
    host = url.host or ""
    query = dict(url.query)
    return Request(Side.RELAY, method, path, route, body, query, key, host=host, task_ids=ids)


def answer(body: Any) -> Reply:
    """Answer with JSON."""
    return Reply(200, json.dumps(body).encode())


def failure(status: int, code: str, message: str) -> Reply:
    """Answer with an error in OpenAI's style."""
    body = {"error": {"message": message, "type": "relay_error", "code": code}}
    return Reply(status, json.dumps(body).encode())


def a_shape(rng: Random) -> ResponseFormat:
    """Return one of the forms in which relays wrap their answers, and the paths that they have."""
    singles = rng.choice([{SINGLE}, set(SINGLE_PATHS)])
    batches = rng.choice([{FETCH_PATH}, {FETCH_PATH}, set(BATCH_PATHS), {SUBMIT_FETCH_PATH}, set()])
    return ResponseFormat(
        code=rng.choice(["success", 1, 200, None]),
        nothing=rng.choice([(), None]),
        account=rng.random() < 0.3,
        reversed_order=rng.random() < 0.3,
        data_as_text=rng.random() < 0.1,
        filters_by_action=rng.random() < 0.2,
        fetch=rng.choice(
            [
                SingleLookupFormat.TASK,
                SingleLookupFormat.TASK,
                SingleLookupFormat.BARE_TASK,
                SingleLookupFormat.NESTED,
            ]
        ),
        task_with_id_only=rng.choice(list(UnknownTaskFormat)),
        unknown_path=rng.choice(
            [UnknownPathFormat.INVALID_URL, UnknownPathFormat.HTML, UnknownPathFormat.FRONT_PAGE]
        ),
        paths=frozenset(singles | batches),
    )


def _unknown(form: UnknownTaskFormat) -> Reply:
    """Answer a single look-up of a task that the relay does not know."""
    if form is UnknownTaskFormat.PLAIN:
        return Reply(404, b'{"detail": "Not Found"}')
    if form is UnknownTaskFormat.NOT_FOUND:
        return failure(404, "not_found", "task not found")
    code = "task_not_exist" if form is UnknownTaskFormat.NOT_EXIST else "invalid_request"
    return failure(400, code, code)


def _elsewhere(form: UnknownPathFormat, request: Request) -> Reply:
    """Answer on a path that the relay does not have."""
    if form is UnknownPathFormat.INVALID_URL:
        return failure(404, "", f"Invalid URL ({request.method} {request.path})")
    status = 404 if form is UnknownPathFormat.HTML else 200
    return Reply(status, b"<!DOCTYPE html><html><body>The relay</body></html>", "text/html")
