"""What every request goes through: the record, faults, the token, rate limits, refusals."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.discord.bodies import answer, body_of, page
from sandbox.discord.errors import Refusal, not_found, unauthorized
from sandbox.discord.faults import AFTER, BEFORE, Fault, Faults, When
from sandbox.discord.rate_limits import RateLimits
from sandbox.discord.scene import Scene

log = logging.getLogger(__name__)

API = "/api/v10"
LARGEST_BODY = 256 * 1024 * 1024
"""Bytes that are read at all; which file is too large is told apart before that."""

_NEVER_HEARD = 499
"""The status of answers that nobody gets, because the connection was dropped."""

_MALFORMED = (50035, 50109)
"""The codes of fields with values that are not taken, and of broken JSON."""

_WITHOUT_TOKEN = ("/gateway", "/interactions/", "/webhooks/")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was made; ``path`` is without ``/api/v10``, ``status`` 0 without an answer."""

    method: str
    path: str
    status: int
    at: float
    """Seconds since 1970, when it was answered."""
    code: int = 0
    """Discord's error code, when the request was refused."""
    by_fault: bool = False
    """Whether a fault answered it."""

    @property
    def malformed(self) -> bool:
        """Whether the client asked for what Discord never takes: no fault, but a bug of its own."""
        return self.code in _MALFORMED and not self.by_fault


class Front:
    """Stands before the routes of the API."""

    def __init__(self, scene: Scene, *, rate_limited: bool) -> None:
        self._scene = scene
        self._closing = asyncio.Event()
        self.faults = Faults()
        self.rate_limits = RateLimits(scene.clock, enabled=rate_limited)
        self.requests: list[Request] = []

    def close(self) -> None:
        """End the waiting of delayed requests."""
        self._closing.set()

    @web.middleware
    async def pass_through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Carry a request out as Discord would, and record it."""
        if not request.path.startswith(f"{API}/"):
            return await handler(request)
        path = request.path.removeprefix(API)
        body = await body_of(request) if self.faults.look_at_bodies else {}
        faults = list(self.faults.striking(request.method, path, body))
        if faults:
            self._scene.happenings.stir()
        response = failed = await self._troubled(faults, BEFORE, request)
        refused: Refusal | None = None
        if response is None:
            response, refused = await self._carry_out(request, path, handler)
            failed = await self._troubled(faults, AFTER, request)
        answered = failed or response
        answered.headers["Date"] = format_datetime(self._scene.clock.time(), usegmt=True)
        self._record(request.method, path, answered, refused, by_fault=failed is not None)
        return answered

    def _record(
        self,
        method: str,
        path: str,
        response: web.StreamResponse,
        refused: Refusal | None,
        *,
        by_fault: bool,
    ) -> None:
        status = 0 if response.status == _NEVER_HEARD else response.status
        code = 0 if refused is None else refused.code
        made = Request(method, path, status, self._scene.clock.now(), code, by_fault)
        self.requests.append(made)
        self._scene.happenings.note(f"{method} {path} -> {status or 'dropped'}")
        if made.malformed and refused is not None:
            log.warning("Malformed request: %s %s: %s", method, path, refused.body())

    async def _troubled(
        self, faults: list[Fault], when: When, request: web.Request
    ) -> web.StreamResponse | None:
        """Let those faults strike that are due; gives what is answered instead, or None."""
        response: web.StreamResponse | None = None
        for fault in faults:
            if fault.when != when:
                continue
            if fault.delay:
                await self._wait(fault.delay)
            if fault.drop and request.transport is not None:
                request.transport.abort()
            if fault.is_outcome:
                response = _failure(fault)
        return response

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return

    async def _carry_out(
        self, request: web.Request, path: str, handler: Handler
    ) -> tuple[web.StreamResponse, Refusal | None]:
        """Give the answer of Discord itself, and the refusal that it stands for, if any."""
        known = request.headers.get("Authorization") == f"Bot {self._scene.token}"
        if not known and (not path.startswith(_WITHOUT_TOKEN) or path == "/gateway/bot"):
            return _refused(unauthorized()), None
        standing = self.rate_limits.enter(request.method, path)
        if standing.retry_after is not None:
            return limited(standing.retry_after, standing.scope, standing.headers), None
        response, refused = await _guarded(handler, request)
        response.headers.update(standing.headers)
        return response, refused


async def _guarded(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], request: web.Request
) -> tuple[web.StreamResponse, Refusal | None]:
    try:
        return await handler(request), None
    except Refusal as error:
        refused = error
    except web.HTTPNotFound:
        refused = not_found()
    except web.HTTPMethodNotAllowed:
        refused = Refusal(405, 0, "405: Method Not Allowed")
    return _refused(refused), refused


def _refused(error: Refusal) -> web.StreamResponse:
    return answer(error.body(), error.status)


def limited(retry_after: float, scope: str, headers: dict[str, str], code: int = 0) -> web.Response:
    """Answer 429, to be tried again after those seconds; ``code`` says what is limited, if any."""
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": scope == "global",
    } | ({"code": code} if code else {})
    told = {"Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": scope}
    if scope == "global":
        told["X-RateLimit-Global"] = "true"
    return answer(body, 429, {**told, **headers})


def _failure(fault: Fault) -> web.StreamResponse:
    if fault.retry_after is not None:
        response = limited(fault.retry_after, fault.scope, fault.headers, fault.code)
        if not fault.via:
            del response.headers["Via"]
        return response
    status = _NEVER_HEARD if fault.status is None else fault.status
    if fault.html:
        return page(status, fault.headers)
    body = {"message": fault.text or f"{status}: local fault", "code": fault.code}
    return answer(body, status, fault.headers)
