"""Stands between a client and a PostgreSQL server, and cuts a connection while it commits."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from enum import Enum, auto
from pathlib import Path

_SOCKET = ".s.PGSQL.5432"


class Cut(Enum):
    """When the next connection that commits is cut."""

    BEFORE_COMMIT = auto()
    """The server does not hear of it."""
    AFTER_COMMIT = auto()
    """The client does not hear of it."""


class PostgresProxy:
    """Passes everything on, until a connection is to be cut."""

    def __init__(self, server: Path, folder: Path) -> None:
        self.server = server
        """The folder with the socket of the server to which new connections lead."""
        self._folder = folder
        self.cut: Cut | None = None
        """Of the next commit; ``None`` again once it has happened."""
        self.is_down = False
        """Whether new connections are refused."""
        self.cuts = 0
        """How many connections were cut."""

    def url(self, database: str) -> str:
        """Return the address of a database behind the proxy."""
        return f"postgresql://owner@/{database}?host={self._folder}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if self.is_down:
            writer.close()
            return
        path = self.server / _SOCKET
        server_reader, server_writer = await asyncio.open_unix_connection(path)
        answers = asyncio.create_task(_pass_on(server_reader, writer))
        cut: Cut | None = None
        try:
            while data := await reader.read(65_536):
                cut = self.cut if b"COMMIT\0" in data else None
                if cut is Cut.BEFORE_COMMIT:
                    break
                if cut is Cut.AFTER_COMMIT:
                    answers.cancel()
                    await asyncio.wait([answers])
                server_writer.write(data)
                if cut is Cut.AFTER_COMMIT:
                    await server_reader.read(65_536)
                    break
            if cut is not None:
                self.cut = None
                self.cuts += 1
        finally:
            answers.cancel()
            for each in (writer, server_writer):
                each.close()
                with suppress(OSError):
                    await each.wait_closed()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def open_proxy(server: Path) -> AsyncIterator[PostgresProxy]:
    """Run a proxy before the server whose socket is in a folder."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="suno-proxy-")))
        proxy = PostgresProxy(server, folder)
        await stack.enter_async_context(
            await asyncio.start_unix_server(proxy.serve, folder / _SOCKET)
        )
        yield proxy
