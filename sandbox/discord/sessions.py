"""The bot's gateway sessions and connections."""

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.discord.errors import Payload

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = (
    0, 1, 2, 6, 7, 9, 10, 11,
)  # fmt: skip
"""The opcodes of the gateway that matter here."""

RESUME_WINDOW = 180.0
"""Seconds after which a session without a connection expires."""
_KEPT_EVENTS = 2000

Encoder = Callable[[str], bytes | str]
"""Encodes a gateway message as one WebSocket frame."""


def encoder(compression: str | None) -> Encoder:
    """Return the encoding that a client asked for with ``compress=``: zlib-stream, or plain text.

    Plain text also for zstd-stream, which Python 3.11 cannot make; clients take either frame.
    """
    if compression != "zlib-stream":
        return lambda text: text
    stream = zlib.compressobj()

    def compress(text: str) -> bytes:
        return stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)

    return compress


TIME_TO_CLOSE = 10.0
"""Seconds in which a client may answer a close. One that answers a connection which is gone has
never seen its code, and comes again."""


class Connection:
    """A WebSocket whose messages are sent in order by a task of its own."""

    def __init__(
        self, socket: web.WebSocketResponse, request: web.Request, encode: Encoder
    ) -> None:
        self._socket = socket
        self._transport = request.transport
        self._encode = encode
        self._outgoing: asyncio.Queue[Payload | Callable[[], None] | int] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())
        self.session: Session | None = None
        self.closed_with: int | None = None
        """The code that this side closed with; the socket knows only the client's."""
        self.gone = asyncio.Event()
        self.heartbeat = asyncio.Event()
        """Set when the client has sent one."""

    def send(self, payload: Payload) -> None:
        """Send a gateway message, after all that were sent before."""
        self._outgoing.put_nowait(payload)

    def then(self, action: Callable[[], None]) -> None:
        """Call ``action`` once everything so far has been sent."""
        self._outgoing.put_nowait(action)

    def close(self, code: int) -> None:
        """Close with that code, once everything so far has been sent."""
        self.closed_with = code
        self._outgoing.put_nowait(code)

    def drop(self) -> None:
        """Abort the TCP connection."""
        self._writer.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                entry = await self._outgoing.get()
                if isinstance(entry, int):
                    await self._socket.close(code=entry)
                    return
                if callable(entry):
                    entry()
                else:
                    await self._send_now(entry)

    async def _send_now(self, payload: Payload) -> None:
        frame = self._encode(json.dumps(payload))
        if isinstance(frame, bytes):
            await self._socket.send_bytes(frame)
        else:
            await self._socket.send_str(frame)

    async def finish(self) -> None:
        """Stop writing, when the WebSocket has ended.

        If this side closed it, the writer may still have to send the close frame.
        """
        if self.closed_with is not None:
            await asyncio.wait({self._writer}, timeout=TIME_TO_CLOSE)
        self._writer.cancel()
        with suppress(asyncio.CancelledError):
            await self._writer
        self.gone.set()


@dataclass(eq=False, slots=True)
class Session:
    """A session that an IDENTIFY started; it outlives its connection, so that it can be resumed."""

    id: str
    shard: int
    shards: int
    intents: int
    connection: Connection | None = None
    ready: bool = False
    """Whether READY and the guilds have been sent."""
    resumable: bool = True
    sequence: int = 0
    sent: deque[tuple[int, Payload]] = field(default_factory=lambda: deque(maxlen=_KEPT_EVENTS))
    left_at: float | None = None
    """When the connection was lost, in seconds since 1970."""

    def covers(self, guild_id: int | None) -> bool:
        """Whether events of that guild belong to this shard; those outside guilds to shard 0."""
        return self.shard == (0 if guild_id is None else (guild_id >> 22) % self.shards)

    def can_resume(self, sequence: int, now: float) -> bool:
        """Whether everything after ``sequence`` is still known at ``now``."""
        complete = not self.sent or self.sent[0][0] <= sequence + 1
        return self.resumable and complete and not self.is_stale(now)

    def is_stale(self, now: float) -> bool:
        """Whether it has been without a connection for too long."""
        return self.left_at is not None and now - self.left_at > RESUME_WINDOW

    def dispatch(self, event: str, data: Any) -> None:
        """Send an event, or keep it for a RESUME while nobody is connected."""
        self.sequence += 1
        payload = {"op": DISPATCH, "t": event, "s": self.sequence, "d": data}
        self.sent.append((self.sequence, payload))
        if self.connection is not None:
            self.connection.send(payload)

    def resume(self, connection: Connection, sequence: int) -> None:
        """Go on with a new connection, which first gets everything after ``sequence``."""
        self.connection, self.left_at = connection, None
        for number, payload in self.sent:
            if number > sequence:
                connection.send(payload)
        self.dispatch("RESUMED", {"_trace": []})
