"""The gateway: the WebSocket that sends events to the bot."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.discord.errors import Payload
from sandbox.discord.identify import (
    AUTHENTICATION_FAILED,
    DECODE_ERROR,
    IdentifyLimits,
    identify_error,
    shard_of,
)
from sandbox.discord.sessions import (
    HEARTBEAT,
    HEARTBEAT_ACK,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    RECONNECT,
    RESUME,
    TIME_TO_CLOSE,
    Connection,
    Session,
    encoder,
)
from sandbox.discord.state import DiscordState

UNKNOWN_OPCODE, NOT_AUTHENTICATED, ALREADY_AUTHENTICATED, SESSION_TIMED_OUT = 4001, 4003, 4005, 4009

_IGNORED_OPCODES = (3, 4, 8, 31)
"""Presence, voice, members, sounds: accepted, without consequences here."""
_SESSION_ENDING = (1000, 1001, 4007, 4009)
"""Close codes after which a session cannot be resumed (from either side)."""
_FINAL = frozenset({AUTHENTICATION_FAILED, *range(4010, 4015)})
"""After these Discord takes the same client no more: the token or the intents are refused."""


class Gateway:
    """Keeps the sessions, sends each its events, and simulates outages."""

    def __init__(self, state: DiscordState, shards: int) -> None:
        self._state = state
        self.identify_limits = IdentifyLimits(state.shared.clock)
        self.heartbeat_interval = 41.25
        """Seconds between two heartbeats of a client; who misses one is cut off (4009)."""
        self.acknowledges_heartbeats = True
        """False for a connection that has died without having been cut."""
        self._shards = shards
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._final_close_code: int | None = None
        self.refused_connections = 0
        """How many of the next connections are refused with 503."""
        self._suspended: dict[int, list[tuple[Connection, Callable[[], None]]]] = {}
        self.url = ""
        self.identifies = 0
        """How many sessions were ever started."""

    @property
    def connected(self) -> list[Session]:
        """The sessions that have a connection."""
        return [one for one in self._sessions.values() if one.connection is not None]

    @property
    def all_shards_ready(self) -> bool:
        """Whether every shard has a session that knows its guilds."""
        ready = {(one.shard, one.shards) for one in self.connected if one.ready}
        return any(all((shard, count) in ready for shard in range(count)) for _, count in ready)

    def dispatch(self, event: str, data: Payload, guild_id: int | None, intents: int) -> None:
        """Send an event to the sessions of its shard that have one of the ``intents`` (0: any)."""
        now = self._state.shared.clock.now()
        for session in list(self._sessions.values()):
            if session.is_stale(now):
                del self._sessions[session.id]
            elif session.covers(guild_id) and (not intents or session.intents & intents):
                session.dispatch(event, data)

    def routes(self) -> list[web.RouteDef]:
        """List the addresses of the WebSocket."""
        return [web.get("/gateway", self.handle), web.get("/gateway/", self.handle)]

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one WebSocket from HELLO to its end."""
        if self.refused_connections:
            self.refused_connections -= 1
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(timeout=TIME_TO_CLOSE, max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket, request, encoder(request.query.get("compress")))
        self._connections.add(connection)
        self._announce("connected", connection)
        interval = int(self.heartbeat_interval * 1000)
        connection.send({"op": HELLO, "d": {"heartbeat_interval": interval}})
        watch = asyncio.create_task(self._expect_heartbeats(connection))
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._receive(connection, frame.data)
        finally:
            watch.cancel()
            self._detach(connection, connection.closed_with or socket.close_code)
            await connection.finish()
        return socket

    async def _expect_heartbeats(self, connection: Connection) -> None:
        """Cut a client off that is late with a heartbeat by half the time between two."""
        while True:
            connection.heartbeat.clear()
            try:
                async with asyncio.timeout(self.heartbeat_interval * 1.5):
                    await connection.heartbeat.wait()
            except TimeoutError:
                connection.close(SESSION_TIMED_OUT)
                return

    def _detach(self, connection: Connection, code: int | None) -> None:
        self._connections.discard(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            session.ready = False
            session.left_at = self._state.shared.clock.now()
            if code in _SESSION_ENDING:
                self._sessions.pop(session.id, None)
        self._announce("disconnected", connection)

    def _receive(self, connection: Connection, text: str) -> None:
        try:
            message = json.loads(text)
            opcode, data = message["op"], message.get("d")
        except (ValueError, TypeError, KeyError):
            connection.close(DECODE_ERROR)
            return
        if opcode == HEARTBEAT:
            connection.heartbeat.set()
            if self.acknowledges_heartbeats:
                connection.send({"op": HEARTBEAT_ACK, "d": None})
        elif opcode == IDENTIFY:
            self._unless_suspended(
                shard_of(data), connection, lambda: self._identify(connection, data)
            )
        elif opcode == RESUME and not isinstance(data, dict):
            connection.close(DECODE_ERROR)
        elif opcode == RESUME:
            self._unless_suspended(
                self._shard_to_resume(data), connection, lambda: self._resume(connection, data)
            )
        elif opcode not in _IGNORED_OPCODES:
            connection.close(UNKNOWN_OPCODE)
        elif connection.session is None:
            connection.close(NOT_AUTHENTICATED)

    def _unless_suspended(
        self, shard: int, connection: Connection, answer: Callable[[], None]
    ) -> None:
        if shard in self._suspended:
            self._suspended[shard].append((connection, answer))
        else:
            answer()

    def _shard_to_resume(self, data: Any) -> int:
        session = self._sessions.get(data.get("session_id") or "")
        return 0 if session is None else session.shard

    def _identify(self, connection: Connection, data: Any) -> None:
        shared = self._state.shared
        error_raised = identify_error(data, shared.token, sees_content=shared.sees_content)
        if connection.session is not None:
            error_raised = ALREADY_AUTHENTICATED
        if error_raised is not None or self._final_close_code is not None:
            connection.close(self._final_close_code or error_raised or AUTHENTICATION_FAILED)
            return
        shard, shards = data.get("shard") or (0, 1)
        if not self.identify_limits.admit(shard):
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        self.identifies += 1
        if self.identify_limits.exceeded:
            self._reset_token()
            return
        session = Session(f"local-session-{self.identifies}", shard, shards, data["intents"])
        session.connection = connection
        connection.session = session
        self._sessions[session.id] = session
        guilds = [one for one in self._state.guilds.values() if one.has_bot]
        mine = [one for one in guilds if session.covers(one.id)]
        session.dispatch("READY", self._ready_payload(session, [one.id for one in mine]))
        for guild in mine:
            if guild.available:
                session.dispatch("GUILD_CREATE", guild.create_payload())
        connection.then(lambda: self._become_ready(session))

    def _reset_token(self) -> None:
        """Do what Discord does when a bot identifies too often in a day: it needs a new token."""
        self._state.shared.token += ".reset"
        self._sessions.clear()
        for connection in self._connections:
            connection.close(AUTHENTICATION_FAILED)

    def _become_ready(self, session: Session) -> None:
        session.ready = True
        self._state.publish("ready", text=f"shard {session.shard}")

    def _ready_payload(self, session: Session, guilds: list[int]) -> Payload:
        shared = self._state.shared
        return {
            "v": 10,
            "user": {**shared.bot.payload(), "verified": True, "email": None, "mfa_enabled": True},
            "guilds": [{"id": str(guild), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [session.shard, session.shards],
            "application": {"id": str(shared.application_id), "flags": 0},
        }

    def _resume(self, connection: Connection, data: Any) -> None:
        session = self._sessions.get(data.get("session_id") or "")
        sequence = data.get("seq") or 0
        if self._final_close_code is not None:
            connection.close(self._final_close_code)
        elif data.get("token") != self._state.shared.token:
            connection.close(AUTHENTICATION_FAILED)
        elif session is None or not session.can_resume(sequence, self._state.shared.clock.now()):
            connection.send({"op": INVALID_SESSION, "d": False})
        else:
            connection.session = session
            session.resume(connection, sequence)
            connection.then(lambda: self._become_ready(session))

    def info(self) -> Payload:
        """Return what ``GET /gateway/bot`` answers."""
        limit = self.identify_limits.payload()
        return {"url": self.url, "shards": self._shards, "session_start_limit": limit}

    async def close_all(self, code: int, shard: int | None = None) -> None:
        """Close every connection with that code; with a final one, also those that come again."""
        if code in _FINAL:
            self._final_close_code = code
        await self._end(lambda connection: connection.close(code), shard)

    async def drop_all(self, shard: int | None = None) -> None:
        """Cut every connection, or those of a shard, without a close frame."""
        await self._end(lambda connection: connection.drop(), shard)

    def suspend_shard(self, shard: int) -> None:
        """Leave what a shard sends unanswered until ``release_shard``."""
        self._suspended.setdefault(shard, [])

    def release_shard(self, shard: int) -> None:
        """Answer what ``suspend_shard`` left unanswered."""
        for connection, receive in self._suspended.pop(shard, []):
            if connection in self._connections:
                receive()

    async def request_reconnect(self) -> None:
        """Ask every client to reconnect and resume, and wait until they have disconnected."""
        await self._end(lambda connection: connection.send({"op": RECONNECT, "d": None}))

    async def invalidate(self, *, resumable: bool) -> None:
        """Send every client INVALID_SESSION, and wait until they have disconnected."""
        if not resumable:
            self._sessions.clear()
        payload = {"op": INVALID_SESSION, "d": resumable}
        await self._end(lambda connection: connection.send(payload))

    def expire_sessions(self, shard: int | None = None) -> None:
        """Lose the sessions of a shard, or all: the next RESUME gets INVALID_SESSION."""
        for session in self._sessions.values():
            if shard in (None, session.shard):
                session.resumable = False

    async def _end(self, how: Callable[[Connection], None], shard: int | None = None) -> None:
        affected = [
            one
            for one in self._connections
            if shard is None or (one.session is not None and one.session.shard == shard)
        ]
        for connection in affected:
            how(connection)
        await asyncio.gather(*(connection.gone.wait() for connection in affected))

    def _announce(self, kind: str, connection: Connection) -> None:
        session = connection.session
        text = "" if session is None else f"shard {session.shard}"
        self._state.publish(kind, text=text)
