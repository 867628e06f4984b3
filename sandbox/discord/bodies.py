"""Parses the bodies of requests, and builds responses."""

import asyncio
import json
import re
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.http_exceptions import BadHttpMessage

from sandbox.discord.errors import ApiError, Payload, api_error, invalid
from sandbox.discord.message_builder import Draft, Upload
from sandbox.discord.snowflakes import parse_snowflake

_FILE_FIELD = re.compile(r"files?\[([0-9]{1,3})\]")

_ALWAYS = {"Via": "1.1 google"}
"""discord.py takes a 429 for Discord's own only when there is a Via header (http.py)."""


def json_response(
    payload: Any, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Return a JSON response. Its type has no charset: discord.py compares the whole header."""
    return web.Response(
        body=json.dumps(payload).encode(),
        status=status,
        headers={**_ALWAYS, "Content-Type": "application/json", **(headers or {})},
    )


def no_content() -> web.Response:
    """Return a 204 response."""
    return web.Response(status=204, headers=_ALWAYS)


def html_response(status: int, headers: dict[str, str] | None = None) -> web.Response:
    """Return the HTML response of a proxy in front of Discord when Discord is down."""
    return web.Response(
        text=f"<html><body><h1>{status}</h1><p>proxy</p></body></html>",
        status=status,
        content_type="text/html",
        headers=headers,
    )


async def read(request: web.Request) -> Any:
    """Read a JSON body; an empty one is None. Rejects with 50109 what is no JSON."""
    return _parsed(await request.read())


async def read_object(request: web.Request) -> Payload:
    """Read a JSON body that must be an object; an empty one is an empty object."""
    body = await read(request)
    return {} if body is None else _required_object(body)


def _parsed(text: bytes | str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant) if text else None
    except (ValueError, RecursionError) as error:
        raise api_error(50109) from error


def _refuse_constant(name: str) -> None:
    """Refuse NaN and the infinities, which Python takes for JSON."""
    raise ValueError(name)


def _required_object(body: Any) -> Payload:
    if not isinstance(body, dict):
        text = "Only dictionaries may be used in a DictType"
        raise invalid((), "DICT_TYPE_CONVERT", text)
    return body


async def read_with_files(request: web.Request) -> tuple[Payload, list[Upload]]:
    """Read a body that may be multipart: ``payload_json``, and files as ``files[n]``."""
    if request.content_type != "multipart/form-data":
        return await read_object(request), []
    payload: Payload = {}
    uploads: list[Upload] = []
    for name, filename, data in await _parts(request):
        if name == "payload_json":
            payload = _required_object(_parsed(data))
        elif index := _FILE_FIELD.fullmatch(name):
            uploads.append(Upload(filename or "unknown", data, int(index[1])))
    return payload, uploads


async def _parts(request: web.Request) -> list[tuple[str, str | None, bytes]]:
    """Read the names, file names and contents of a form; it may have been looked at before."""
    body = await request.read()
    stream = StreamReader(request.protocol, len(body) + 1, loop=asyncio.get_running_loop())
    stream.feed_data(body)
    stream.feed_eof()
    try:
        return [
            (part.name or "", part.filename, bytes(await part.read()))
            async for part in MultipartReader(request.headers, stream)
            if isinstance(part, BodyPartReader)
        ]
    except (ValueError, RuntimeError, BadHttpMessage) as error:
        raise api_error(50109) from error


async def body_of(request: web.Request) -> Payload:
    """Return the JSON object of a request or of its form; an empty one if there is none."""
    try:
        return (await read_with_files(request))[0]
    except ApiError:
        return {}


async def read_draft(request: web.Request) -> Draft:
    """Read a message that the bot wants to write."""
    payload, uploads = await read_with_files(request)
    return Draft(payload, uploads)


def number(text: str) -> int:
    """Read an id of a path or a query. Rejects with 50035 what is no number."""
    identity = parse_snowflake(text)
    if identity is None:
        raise invalid(("id",), "NUMBER_TYPE_COERCE", f"Value {text[:40]!r} is not snowflake.")
    return identity


def path_id(request: web.Request, name: str) -> int:
    """Read an id of the request's path."""
    return number(request.match_info[name])
