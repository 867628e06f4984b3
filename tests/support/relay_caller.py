"""Requests to a local relay without the bot's client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from sandbox.relay import (
    LocalRelay,
)


class RelayCaller:
    """Sends requests to a local relay without the bot's client."""

    def __init__(self, relay: LocalRelay, session: aiohttp.ClientSession) -> None:
        self.relay = relay
        self.session = session
        self.key = relay.key

    async def ask(self, method: str, path: str, **rest: Any) -> tuple[int, Any]:
        """Send a request; return the status and the JSON of the response, or its text."""
        headers = {"Authorization": f"Bearer {self.key}"}
        url = self.relay.base_url + path
        async with self.session.request(method, url, headers=headers, **rest) as response:
            json = response.content_type == "application/json"
            return response.status, await (response.json() if json else response.text())

    async def batch(self, *ids: str, action: str = "MUSIC") -> Any:
        """Return the response to a batch look-up."""
        body = {"ids": list(ids), "action": action}
        return (await self.ask("POST", "/suno/fetch", json=body))[1]

    async def task(self, task_id: str) -> dict[str, Any]:
        """Return one task of a batch."""
        [task] = (await self.batch(task_id))["data"]
        assert isinstance(task, dict)
        return task


@asynccontextmanager
async def called_relay(**settings: Any) -> AsyncIterator[tuple[LocalRelay, RelayCaller]]:
    """Start a relay and a caller of it."""
    async with LocalRelay(**settings) as relay, aiohttp.ClientSession() as session:
        yield relay, RelayCaller(relay, session)
