"""A relay for thousands of polls a second: it serialises each task once, not at each request."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Self

from aiohttp import web

from bot.relay.providers import FETCH_PATH
from sandbox.relay import RelayTask

KEY = "sk-quick-relay"
_FAR_AWAY = 1e9


class QuickRelay:
    """Answers the batch look-up on loopback: every task is at its beginning until ``end``."""

    def __init__(self, tasks: Iterable[RelayTask]) -> None:
        began = time.time()
        self._running = {task.id: _written(task, began, 0) for task in tasks}
        self._ended = {task.id: _written(task, began, _FAR_AWAY) for task in tasks}
        self.looks = 0
        """Tasks that were asked for and shown, each as often as it was."""
        self.asked = asyncio.Event()
        """Set with the first look."""
        self.on_look: Callable[[Sequence[str]], None] = _ignore
        """Called with the ids of each request."""
        self.base_url = ""

    def end(self, task_id: str) -> None:
        """Show a task as it is at its end from now on."""
        self._running[task_id] = self._ended[task_id]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post(FETCH_PATH, self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        ids = json.loads(await request.read())["ids"]
        self.on_look(ids)
        found = [self._running[each] for each in ids if each in self._running]
        self.looks += len(found)
        self.asked.set()
        body = b'{"code":"success","message":"","data":[%b]}' % b",".join(found)
        return web.Response(body=body, content_type="application/json")


def _ignore(_ids: Sequence[str]) -> None:
    """Do nothing about a request."""


def _written(task: RelayTask, began: float, after: float) -> bytes:
    shown = task.at(began + after, submitted_at=began)
    return json.dumps(shown, separators=(",", ":")).encode()
