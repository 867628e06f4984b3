"""A Suno relay on loopback, for the demo and the tests: it answers as the real ones do."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web

from sandbox.relay.actions import ClipActions
from sandbox.relay.clock import Clock
from sandbox.relay.faults import HTML, Fault, Faults, abort, openai_error, suno_error, unauthorized
from sandbox.relay.lifecycles import RelayTask
from sandbox.relay.response_formats import ResponseFormat, UnknownPathFormat, UnknownTaskFormat
from sandbox.relay.submissions import SUBMIT_PATHS, Submissions

KEY = "sk-local-relay"


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that the relay received."""

    method: str
    path: str
    """As it was sent, still percent-encoded."""
    ids: tuple[str, ...]
    """What it asked for, in its order."""
    action: str | None
    status: int
    """The status of the answer; 0 where none began."""
    at: float
    """The relay's time, in Unix seconds."""
    arrived: float
    """Our own time, from ``time.monotonic``: how closely requests follow each other."""


class LocalRelay:
    """A relay on 127.0.0.1, at a free port unless one is given; an async context manager.

    It knows the tasks that were added, checks the key, records every request, and answers in its
    ``response_format``; faults are added to ``faults``. ``submissions`` begins new tasks and counts
    what they cost, ``actions`` makes files of clips.
    """

    def __init__(
        self,
        *,
        key: str = KEY,
        speed: float = 0.0,
        port: int = 0,
        random: Random | None = None,
    ) -> None:
        self.key = key
        self.other_keys: set[str] = set()
        """What it accepts besides ``key``."""
        self.clock = Clock(speed=speed)
        self.response_format = ResponseFormat()
        self.faults = Faults(random or Random(0))  # noqa: S311 # draws faults, no secrets
        names = random or Random()  # noqa: S311 # of tasks; a restarted relay gives other ones
        self.submissions = Submissions(self.clock, names, self._find, self.add)
        self.actions = ClipActions()
        self.requests: list[RecordedRequest] = []
        self.delay: Callable[[], Awaitable[object]] = _no_delay
        """Awaited before each answer that is no fault."""
        self._tasks: dict[str, tuple[RelayTask, float]] = {}
        self._port = port
        self._down = False
        self._closing = asyncio.Event()
        self._arrived = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """The address to configure, without a slash at the end; known once it is entered."""
        if not self._port:
            raise RuntimeError("The local relay has no address before it is entered.")
        return f"http://127.0.0.1:{self._port}"

    def add(self, *tasks: RelayTask) -> None:
        """Submit tasks now, by the relay's clock; one with an id already known starts anew."""
        for task in tasks:
            self._tasks[task.id] = (task, self.clock.now())

    def _find(self, task_id: str) -> RelayTask | None:
        return self._tasks[task_id][0] if task_id in self._tasks else None

    @property
    def tasks(self) -> list[tuple[RelayTask, float]]:
        """Every task that is known and when it was submitted, oldest first; in Unix seconds."""
        return list(self._tasks.values())

    def age(self, seconds: float) -> None:
        """Make every task older by ``seconds``, as if submitted earlier; the clock stays."""
        for task, submitted in self.tasks:
            self._tasks[task.id] = (task, submitted - seconds)

    def remove(self, task_id: str) -> None:
        """Delete a task, as relays do after days; it is unknown from now on."""
        self._tasks.pop(task_id, None)

    def start_outage(self) -> None:
        """Abort every connection on which a request arrives, until ``end_outage``."""
        self._down = True

    def end_outage(self) -> None:
        """Answer again."""
        self._down = False

    async def wait_for_requests(self, count: int = 1) -> None:
        """Wait until the relay has received a number of requests."""
        while len(self.requests) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def wait_for_charges(self, count: int = 1) -> None:
        """Wait until the relay has charged a number of submissions."""
        while len(self.submissions.charges) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{anything:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        single = _known_path(path, self.response_format.paths) if request.method == "GET" else None
        ids, action = await _asked(request, path if single else None)
        if self._down:
            self._note(request, path, ids, action, 0)
            abort(request)
            return web.Response()
        fault = self.faults.take(path, ids)
        if fault is not None:
            await self._submit_before_fault(request, path, fault)
            self._note(request, path, ids, action, fault.status)
            return await fault.answer(request, self._closing)
        response = await self._well(request, path, single, ids, action)
        self._note(request, path, ids, action, response.status)
        await self.delay()
        return response

    async def _well(
        self,
        request: web.Request,
        path: str,
        single: str | None,
        ids: tuple[str, ...],
        action: str | None,
    ) -> web.StreamResponse:
        """Answer as a healthy relay does."""
        submitted = SUBMIT_PATHS.get(path) if request.method == "POST" else None
        acted = _clip_action(path, self.actions.available)
        is_batch = request.method == "POST" and path in self.response_format.paths
        if not (single or submitted or acted or is_batch):
            return _elsewhere(self.response_format.unknown_path, request)
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if key not in {self.key, *self.other_keys}:
            return await unauthorized().answer(request, self._closing)
        if submitted is not None:
            status, answer = self.submissions.submit(self.key, submitted, await request.read())
            self._arrived.set()
            await asyncio.sleep(self.submissions.answer_delay)
            return web.json_response(answer, status=status)
        if acted is not None:
            answer = self.actions.answer(*acted, self.tasks, self.clock.now())
            return _no_clip() if answer is None else web.json_response(answer)
        tasks = self._matching(ids, action)
        if single is None:
            return web.json_response(self.response_format.batch(tasks))
        if not tasks or ("/lyrics/" in path and tasks[0]["action"] != "LYRICS"):
            return _unknown(self.response_format.task_with_id_only)
        return web.json_response(self.response_format.single(single, tasks[0]))

    async def _submit_before_fault(self, request: web.Request, path: str, fault: Fault) -> None:
        """Charge or only record the submission that a fault hits, if it is one."""
        kind = SUBMIT_PATHS.get(path) if request.method == "POST" else None
        if kind is None:
            return
        take = self.submissions.submit if fault.charges else self.submissions.refuse
        take(self.key, kind, await request.read())

    def _matching(self, ids: Iterable[str], action: str | None) -> list[dict[str, Any]]:
        now = self.clock.now()
        known = [self._tasks[each] for each in dict.fromkeys(ids) if each in self._tasks]
        tasks = [task.at(now, submitted_at=submitted) for task, submitted in known]
        if self.response_format.filters_by_action and action is not None:
            return [task for task in tasks if task["action"] == action]
        return tasks

    def _note(
        self,
        request: web.Request,
        path: str,
        ids: tuple[str, ...],
        action: str | None,
        status: int,
    ) -> None:
        now, arrived = self.clock.now(), time.monotonic()
        self.requests.append(
            RecordedRequest(request.method, path, ids, action, status, now, arrived)
        )
        self._arrived.set()


async def _no_delay() -> None:
    """Let an answer be sent at once."""


def _clip_action(path: str, available: Collection[str]) -> tuple[str, str] | None:
    """Return the action and the clip that a path names, or None where it names neither."""
    head, _, clip_id = path.rpartition("/")
    action = head.removeprefix("/suno/act/")
    return (action, unquote(clip_id)) if action in available and clip_id else None


def _no_clip() -> web.Response:
    return web.json_response(suno_error("task_not_exist", "clip not found"), status=400)


def _known_path(path: str, paths: Iterable[str]) -> str | None:
    """Return the known single look-up path that a path matches, or None."""
    head = path.rpartition("/")[0]
    return next((known for known in paths if known == f"{head}/{{id}}"), None)


async def _asked(request: web.Request, single: str | None) -> tuple[tuple[str, ...], str | None]:
    """Read which ids a request asks for, and as what; nothing where it cannot be read."""
    if single is not None:
        return (unquote(single.rpartition("/")[2]),), None
    try:
        body = json.loads(await request.read())
        return tuple(map(str, body["ids"])), body.get("action")
    except (ValueError, KeyError, TypeError, AttributeError):
        return (), None


def _unknown(form: UnknownTaskFormat) -> web.Response:
    if form is UnknownTaskFormat.PLAIN:
        return web.json_response({"detail": "Not Found"}, status=404)
    if form is UnknownTaskFormat.NOT_FOUND:
        return web.json_response(suno_error("not_found", "task not found"), status=404)
    code = "task_not_exist" if form is UnknownTaskFormat.NOT_EXIST else "invalid_request"
    return web.json_response(suno_error(code, code), status=400)


def _elsewhere(form: UnknownPathFormat, request: web.Request) -> web.Response:
    if form is UnknownPathFormat.INVALID_URL:
        said = f"Invalid URL ({request.method} {request.raw_path})"
        return web.json_response(openai_error(said, "invalid_request_error"), status=404)
    if form is UnknownPathFormat.REPEATED:
        said = f"{request.method} {request.raw_path} not found"
        return web.json_response({"message": said, "path": request.raw_path}, status=404)
    if form is UnknownPathFormat.INVALID_ACTION and request.method == "POST":
        return web.json_response(suno_error("invalid_request", "invalid action"), status=400)
    if form in (UnknownPathFormat.NO_PAGE, UnknownPathFormat.INVALID_ACTION):
        return web.Response(status=404, text="404 page not found")
    status = {
        UnknownPathFormat.HTML: 404,
        UnknownPathFormat.NOT_ALLOWED: 405,
        UnknownPathFormat.FRONT_PAGE: 200,
    }[form]
    return web.Response(status=status, text=HTML.format("No such page"), content_type="text/html")
