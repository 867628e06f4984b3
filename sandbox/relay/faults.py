"""Faults that occur at relays, to be switched on at the local one."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from aiohttp import web

Answerer = Callable[[web.Request, asyncio.Event], Awaitable[web.StreamResponse]]
"""Answers a request wrongly; the event is set when the relay closes."""

HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that answers a request wrongly.

    ``status`` is what the relay's log of looks shows, 0 where no answer begins. With ``about``,
    only requests that ask for this id are hit. A submission that it hits is charged first if it
    ``charges``, and only its answer is lost.
    """

    name: str
    status: int
    answer: Answerer
    about: str | None = None
    charges: bool = False


@dataclass(slots=True)
class _Planned:
    fault: Fault
    after: int
    times: int | None
    probability: float
    path: str | None


class Faults:
    """The faults that are switched on; the first one that fits a request hits it."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._planned: list[_Planned] = []

    def add(
        self,
        fault: Fault,
        *,
        after: int = 0,
        times: int | None = None,
        probability: float = 1.0,
        path: str | None = None,
    ) -> Callable[[], None]:
        """Add a fault: for a number of requests or forever, always or with a probability.

        It skips the first ``after`` requests and, with ``path``, all requests of other paths.
        Returns what switches it off.
        """
        planned = _Planned(fault, after, times, probability, path)
        self._planned.append(planned)
        return partial(setattr, planned, "times", 0)

    def clear(self) -> None:
        """Switch all faults off."""
        self._planned.clear()

    def take(self, path: str, ids: Collection[str]) -> Fault | None:
        """Return the fault that applies to this request, and count it."""
        for planned in self._planned:
            if planned.times == 0 or planned.path not in (None, path):
                continue
            if planned.fault.about is not None and planned.fault.about not in ids:
                continue
            if planned.after > 0:
                planned.after -= 1
            elif self._random.random() < planned.probability:
                planned.times = None if planned.times is None else planned.times - 1
                return planned.fault
        return None


def answers(
    status: int,
    body: Any,
    *,
    name: str = "",
    about: str | None = None,
    headers: dict[str, str] | None = None,
) -> Fault:
    """Answer with this status and body.

    Text is sent as HTML, bytes as they are and called JSON; anything else is turned into JSON.
    """
    if isinstance(body, str):
        raw, content_type = body.encode(), "text/html"
    else:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        content_type = "application/json"

    async def answer(_request: web.Request, _closing: asyncio.Event) -> web.Response:
        return web.Response(status=status, body=raw, content_type=content_type, headers=headers)

    return Fault(name or f"answers {status}", status, answer, about)


def openai_error(message: str, kind: str = "new_api_error", code: str = "") -> dict[str, Any]:
    """Build an error in OpenAI style, as new-api answers it."""
    return {"error": {"message": message, "type": kind, "param": "", "code": code}}


def suno_error(code: str, message: str) -> dict[str, Any]:
    """Build an error in the style of Suno-API."""
    return {"code": code, "message": message, "data": None}


REFUSALS: Mapping[str, tuple[int, Any]] = {
    "400 invalid_request": (400, suno_error("invalid_request", "the request cannot be read")),
    "400 moderation": (
        400,
        suno_error("fail_to_fetch_task", '{"detail":"Song description contained artist name"}'),
    ),
    "400 model": (400, suno_error("invalid_request", "model chirp-v3-0 is no longer available")),
    "401 key": (401, openai_error("无效的令牌")),
    "402 credit": (402, {"detail": "Insufficient credits."}),
    "403 quota_not_enough": (403, suno_error("quota_not_enough", "用户额度不足")),
    "429 upstream": (429, suno_error("fail_to_fetch_task", "Too many running jobs.")),
    "500 relay": (500, suno_error("do_request_failed", "the upstream cannot be reached")),
    "503 no channel": (
        503,
        openai_error("当前分组 default 下对于模型 suno_music 无可用渠道"),
    ),
    "200 code": (200, suno_error("insufficient_user_quota", "user quota is not enough")),
    "200 error": (200, {"error": {"message": "内容包含敏感词", "type": "invalid_request"}}),
}
"""The status and the body of the ways in which relays say that they have begun nothing."""


def unauthorized(style: str = "openai") -> Fault:
    """Refuse the key with 401, in the style ``openai``, ``suno`` or ``text``."""
    said = "Invalid token"
    bodies = {
        "openai": openai_error(said, "invalid_request_error", "invalid_api_key"),
        "suno": suno_error("unauthorized", said),
        "text": {"error": said},
    }
    return answers(401, bodies[style], name=f"401 {style}")


def forbidden() -> Fault:
    """Answer 403: the key has no access."""
    return answers(403, openai_error("This token has no access to suno", code="access_denied"))


def out_of_quota(status: int = 403) -> Fault:
    """Answer that the account has no credit; seen with 403 and with 429."""
    body = openai_error("The user quota is not enough", code="insufficient_user_quota")
    return answers(status, body, name=f"quota {status}")


def rate_limited(retry_after: str | None = None) -> Fault:
    """Answer 429 with an empty body, and with ``Retry-After`` if one is given."""
    headers = None if retry_after is None else {"Retry-After": retry_after}
    return answers(429, b"", name="429", headers=headers)


def bad_request() -> Fault:
    """Refuse every request with 400, whatever it asks for."""
    return answers(400, suno_error("invalid_request", "The request cannot be read"))


def server_error(status: int = 502, *, retry_after: str | None = None) -> Fault:
    """Answer with the HTML page of a proxy, as 500 to 504 and 520 to 524 come."""
    headers = None if retry_after is None else {"Retry-After": retry_after}
    return answers(status, HTML.format(f"Error {status}"), headers=headers)


def json_cut_short() -> Fault:
    """Answer 200 with the beginning of an answer that nobody finished."""
    return answers(200, b'{"code": "success", "message": "", "data": [{"task_id": "3', name="cut")


def redirects(to: str, status: int = 302) -> Fault:
    """Send the client elsewhere: to a path of ours, or to a whole address."""
    return answers(status, b"", name="redirects", headers={"Location": to})


def refuses(task_id: str, *, status: int = 400, garbage: bool = False) -> Fault:
    """Refuse every request that asks for this id, or answer it with something unreadable."""
    if garbage:
        return answers(200, b"\x00\xff not JSON", name="garbage", about=task_id)
    body = suno_error("invalid_request", "An id is malformed")
    return answers(status, body, name=f"refuses {status}", about=task_id)


def cut_before_headers() -> Fault:
    """Cut the connection instead of answering."""

    async def answer(request: web.Request, _closing: asyncio.Event) -> web.StreamResponse:
        abort(request)
        return web.Response()

    return Fault("cut before headers", 0, answer)


def cut_in_body() -> Fault:
    """Promise a long answer, send its beginning and cut the connection."""

    async def answer(request: web.Request, _closing: asyncio.Event) -> web.StreamResponse:
        response = _json_stream()
        response.content_length = 10_000
        await response.prepare(request)
        await response.write(b'{"code": "success", "data": [')
        abort(request)
        return response

    return Fault("cut in body", 200, answer)


def slow_headers() -> Fault:
    """Accept the request and send nothing until the relay closes."""

    async def answer(request: web.Request, closing: asyncio.Event) -> web.StreamResponse:
        await closing.wait()
        abort(request)
        return web.Response()

    return Fault("slow headers", 0, answer)


def slow_drip(pause: float = 0.02) -> Fault:
    """Send one byte of an answer every ``pause`` seconds, for ever."""

    async def answer(request: web.Request, closing: asyncio.Event) -> web.StreamResponse:
        return await _pour(request, closing, b" ", pause)

    return Fault("slow drip", 200, answer)


def endless_body(chunk: int = 1 << 18) -> Fault:
    """Send an answer that never ends, as fast as it is read."""

    async def answer(request: web.Request, closing: asyncio.Event) -> web.StreamResponse:
        return await _pour(request, closing, b"[" * chunk, 0)

    return Fault("endless body", 200, answer)


def after_charging(fault: Fault) -> Fault:
    """Let a submission be charged before the fault hits it: only the answer is lost."""
    return replace(fault, name=f"{fault.name} after charging", charges=True)


def refuses_submission(name: str) -> Fault:
    """Refuse a submission in one of the forms in ``REFUSALS``."""
    status, body = REFUSALS[name]
    return answers(status, body, name=name)


def abort(request: web.Request) -> None:
    """Cut the connection of a request."""
    if request.transport is not None:
        request.transport.abort()


def _json_stream() -> web.StreamResponse:
    return web.StreamResponse(headers={"Content-Type": "application/json"})


async def _pour(
    request: web.Request, closing: asyncio.Event, drop: bytes, pause: float
) -> web.StreamResponse:
    """Send the drop again and again until the client goes or the relay closes."""
    response = _json_stream()
    with suppress(ConnectionResetError):
        await response.prepare(request)
        while not closing.is_set():
            await response.write(drop)
            await asyncio.sleep(pause)
    abort(request)
    return response
