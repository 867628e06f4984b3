"""The middleware of the API: recording, faults, authentication, rate limits, errors."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.discord.bodies import body_of, html_response, json_response
from sandbox.discord.errors import ApiError, not_found, unauthorized
from sandbox.discord.faults import AFTER, BEFORE, Fault, Faults, When
from sandbox.discord.rate_limits import RateLimits
from sandbox.discord.shared_state import SharedState

log = logging.getLogger(__name__)

API = "/api/v10"
LARGEST_BODY = 256 * 1024 * 1024
"""Bytes. Which file is too large for a message is decided separately."""

_NO_RESPONSE = 499
"""The status of responses that are not sent because the connection was dropped."""

_MALFORMED = (50035, 50109)
"""The codes of fields with values that are not taken, and of broken JSON."""

_UNAUTHENTICATED_PATHS = ("/gateway", "/interactions/", "/webhooks/")


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


class ApiMiddleware:
    """Wraps the routes of the API."""

    def __init__(self, shared: SharedState, *, rate_limited: bool) -> None:
        self._shared = shared
        self._closing = asyncio.Event()
        self.faults = Faults()
        self.rate_limits = RateLimits(shared.clock, enabled=rate_limited)
        self.requests: list[Request] = []

    def close(self) -> None:
        """Release delayed requests."""
        self._closing.set()

    @web.middleware
    async def pass_through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle a request as Discord would, and record it."""
        if not request.path.startswith(f"{API}/"):
            return await handler(request)
        path = request.path.removeprefix(API)
        body = await body_of(request) if self.faults.need_bodies else {}
        faults = list(self.faults.matching(request.method, path, body))
        if faults:
            self._shared.changes.notify()
        response = failed = await self._apply_faults(faults, BEFORE, request)
        error_raised: ApiError | None = None
        if response is None:
            response, error_raised = await self._handle(request, path, handler)
            failed = await self._apply_faults(faults, AFTER, request)
        answered = failed or response
        answered.headers["Date"] = format_datetime(self._shared.clock.time(), usegmt=True)
        self._record(request.method, path, answered, error_raised, by_fault=failed is not None)
        return answered

    def _record(
        self,
        method: str,
        path: str,
        response: web.StreamResponse,
        error_raised: ApiError | None,
        *,
        by_fault: bool,
    ) -> None:
        status = 0 if response.status == _NO_RESPONSE else response.status
        code = 0 if error_raised is None else error_raised.code
        made = Request(method, path, status, self._shared.clock.now(), code, by_fault)
        self.requests.append(made)
        self._shared.changes.note(f"{method} {path} -> {status or 'dropped'}")
        if made.malformed and error_raised is not None:
            log.warning("Malformed request: %s %s: %s", method, path, error_raised.body())

    async def _apply_faults(
        self, faults: list[Fault], when: When, request: web.Request
    ) -> web.StreamResponse | None:
        """Apply the faults of this phase.

        Return the response that replaces the real one, or None.
        """
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

    async def _handle(
        self, request: web.Request, path: str, handler: Handler
    ) -> tuple[web.StreamResponse, ApiError | None]:
        """Return the response of Discord itself, and the error behind it, if any."""
        known = request.headers.get("Authorization") == f"Bot {self._shared.token}"
        if not known and (not path.startswith(_UNAUTHENTICATED_PATHS) or path == "/gateway/bot"):
            return _error_response(unauthorized()), None
        decision = self.rate_limits.enter(request.method, path)
        if decision.retry_after is not None:
            return rate_limit_response(decision.retry_after, decision.scope, decision.headers), None
        response, error_raised = await _convert_errors(handler, request)
        response.headers.update(decision.headers)
        return response, error_raised


async def _convert_errors(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], request: web.Request
) -> tuple[web.StreamResponse, ApiError | None]:
    try:
        return await handler(request), None
    except ApiError as error:
        error_raised = error
    except web.HTTPNotFound:
        error_raised = not_found()
    except web.HTTPMethodNotAllowed:
        error_raised = ApiError(405, 0, "405: Method Not Allowed")
    return _error_response(error_raised), error_raised


def _error_response(error: ApiError) -> web.StreamResponse:
    return json_response(error.body(), error.status)


def rate_limit_response(
    retry_after: float, scope: str, headers: dict[str, str], code: int = 0
) -> web.Response:
    """Return a 429 with its ``retry_after`` in seconds; ``code`` may say what is limited."""
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": scope == "global",
    } | ({"code": code} if code else {})
    limit_headers = {"Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": scope}
    if scope == "global":
        limit_headers["X-RateLimit-Global"] = "true"
    return json_response(body, 429, {**limit_headers, **headers})


def _failure(fault: Fault) -> web.StreamResponse:
    if fault.retry_after is not None:
        response = rate_limit_response(fault.retry_after, fault.scope, fault.headers, fault.code)
        if not fault.via:
            del response.headers["Via"]
        return response
    status = _NO_RESPONSE if fault.status is None else fault.status
    if fault.html:
        return html_response(status, fault.headers)
    body = {"message": fault.text or f"{status}: local fault", "code": fault.code}
    return json_response(body, status, fault.headers)
