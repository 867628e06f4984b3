"""A client of the bot's health probes and metrics."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.support.sandbox_session import (
    SandboxSession,
    running_bot,
)


class MonitoringClient:
    """Requests the health probes and metrics of a bot."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._base = f"http://127.0.0.1:{port}"

    async def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
        """Return the status, the text and the content type of an answer."""
        async with self._session.request(method, self._base + path, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers["Content-Type"]

    async def until(self, path: str, status: int) -> str:
        """Repeat a request until its status is ``status``; return the text."""
        async with asyncio.timeout(120):
            while (answer := await self.get(path))[0] != status:  # noqa: ASYNC110 # asked by HTTP
                await asyncio.sleep(0.05)
        return answer[1]

    async def metrics(self) -> Mapping[str, float]:
        """Return every sample by its name with its labels."""
        _, text, _ = await self.get("/metrics")
        return {
            sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@asynccontextmanager
async def monitored_bot(sandbox: SandboxSession, **changes: Any) -> AsyncIterator[MonitoringClient]:
    """Run the bot in the sandbox, with a client of its probes and metrics."""
    port = free_port()
    async with (
        running_bot(sandbox, metrics_port=port, **changes),
        aiohttp.ClientSession() as session,
    ):
        yield MonitoringClient(session, port)
