"""Tests of the limits on relay responses, and that the key is sent to the relay only."""

import asyncio
import json
import logging

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.relay.client import BACKOFF_LIMITS, RelayClient
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.providers import relay_profile
from bot.relay.transport import ResponseLimits, Transport
from bot.relay.ttl_cache import TTLCache
from sandbox.relay import faults, song
from sandbox.relay.faults import Fault
from tests.support.client_at_relay import client_at_relay

QUICK_LIMITS = ResponseLimits(total=0.5)
KEY = "sk-very/secret+0123456789"


async def test_an_endless_response_is_aborted() -> None:
    """At most 8 MiB of a response are read, however fast it arrives."""
    async with client_at_relay() as (local, client):
        await client.look_up(["song"])
        local.faults.add(faults.endless_body())

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.UNREADABLE
        assert failure.value.detail == f"the answer is longer than {8 << 20} bytes"


async def test_a_response_about_one_task_has_a_lower_size_limit() -> None:
    """Four megabytes are accepted for a hundred tasks and refused for one."""
    sizes = {"POST": 4 << 20, "GET": 4 << 20}

    async def answer(request: web.Request) -> web.Response:
        body = b'{"code":"success","data":[]}' + b" " * sizes[request.method]
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        take_requests = relay_profile("custom", str(server.make_url("")))
        wire = Transport(session, take_requests.base_url, SecretStr(KEY), ResponseLimits())

        assert (await wire.exchange("POST", "/suno/fetch", {"ids": ["song"]})).status == 200
        with pytest.raises(RelayError, match=f"longer than {2 << 20} bytes"):
            await wire.exchange("GET", "/suno/fetch/song")


async def test_the_size_limit_applies_after_decompression() -> None:
    """A small compressed body that expands beyond the limit is refused."""

    async def answer(_request: web.Request) -> web.Response:
        response = web.Response(body=b" " * (9 << 20), content_type="application/json")
        response.enable_compression(web.ContentCoding.gzip)
        return response

    app = web.Application()
    app.router.add_post("/suno/fetch", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        take_requests = relay_profile("custom", str(server.make_url("")))
        client = RelayClient(session, take_requests, SecretStr(KEY), requests_per_second=1000)

        with pytest.raises(RelayError, match="longer than"):
            await client.look_up(["song"])
        await client.aclose()


async def test_a_redirect_to_another_host_is_not_followed() -> None:
    """The other host gets no request, and so no key."""
    received: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        received.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", answer)
    async with TestServer(app) as other, client_at_relay() as (local, client):
        local.faults.add(faults.redirects(str(other.make_url("/suno/fetch"))))

        with pytest.raises(RelayError, match="redirect to another host") as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.UNAVAILABLE
        assert received == []


@pytest.mark.parametrize("to", ["https://][[p@", "http://[::1", "//", "https://a:99999/"])
async def test_a_redirect_to_an_invalid_url_counts_as_an_outage(to: str) -> None:
    """It raises the same error as an outage, and counts for the circuit breaker."""
    async with client_at_relay() as (local, client):
        local.faults.add(faults.redirects(to), times=None)

        for _ in range(BACKOFF_LIMITS.failure_threshold):
            with pytest.raises(RelayError) as failure:
                await client.look_up(["song"])
            assert failure.value.kind is ErrorKind.UNAVAILABLE

        assert client.circuit_status.open_until is not None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_within_the_relay_is_followed(status: int) -> None:
    """A redirect to the same path with a trailing slash is followed."""
    async with client_at_relay() as (local, client):
        local.add(song("song"))
        local.faults.add(faults.redirects("/suno/submit/fetch", status), path="/suno/fetch")

        found = await client.look_up(["song"])

        assert found.tasks.keys() == {"song"}
        assert [request.method for request in local.requests] == ["POST", "POST"]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("/suno/fetch", "too many redirects"),
        ("http://[", "invalid address"),
        ("mailto:me", "invalid address"),
    ],
)
async def test_a_redirect_loop_is_an_error(to: str, words: str) -> None:
    """The client stops following redirects and raises an error."""
    async with client_at_relay() as (local, client):
        local.faults.add(faults.redirects(to))

        with pytest.raises(RelayError, match=words):
            await client.look_up(["song"])

        assert len(local.requests) <= 4


async def test_a_response_that_is_not_http_is_unreadable() -> None:
    """An endless header is not kept in memory."""
    async with client_at_relay() as (local, client):
        await client.look_up(["song"])
        local.faults.add(faults.answers(200, b"{}", headers={"X-Long": "x" * 100_000}))

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.UNREADABLE
        assert "not HTTP" in failure.value.detail


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Type: ;;=\xff\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //u:p@{host}/suno\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Slow\r\nRetry-After: \xb2\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Slow\r\nRetry-After: Mon, 99 Foo 99999\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_every_malformed_response_raises_a_relay_error(answer: bytes) -> None:
    """No response of a server raises an exception of another kind."""
    await error_of(answer)


@pytest.mark.parametrize("status", ["200 OK", f"200 {KEY[:-1]}"])
async def test_an_answer_that_breaks_off_in_its_headers_is_not_quoted(status: str) -> None:
    """They may hold cookies, what somebody wrote, or a part of the key that is not recognized."""
    error = await error_of(f"HTTP/1.1 {status}\r\nSet-Cookie: id=7\r\nX-Key: {KEY[:-1]}".encode())
    assert error.detail == "the answer broke off in its headers"


async def error_of(answer: bytes) -> RelayError:
    """Return the error of a look-up that a server answers with some bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        host = "{}:{}".format(*writer.get_extra_info("sockname"))
        writer.write(answer.replace(b"{host}", host.encode()))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = "http://{}:{}".format(*server.sockets[0].getsockname())
    async with server, aiohttp.ClientSession() as session:
        client = RelayClient(
            session,
            relay_profile("custom", address),
            SecretStr(KEY),
            requests_per_second=1000,
            limits=QUICK_LIMITS,
        )

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])
        await client.aclose()
    return failure.value


@pytest.mark.parametrize(
    "fault",
    [
        faults.answers(401, faults.openai_error(f"Invalid token {KEY}")),
        faults.answers(200, {"code": "oops", "message": f"{KEY} is odd"}),
        faults.answers(200, f"no JSON, but {KEY}".encode()),
        faults.answers(200, b"{}", headers={"X-Long": KEY * 1000}),
        faults.redirects(f"http://other.example/{KEY}"),
        faults.redirects(f"http://[{KEY}"),
        faults.cut_before_headers(),
        faults.cut_in_body(),
        faults.slow_headers(),
    ],
    ids=lambda fault: fault.name,
)
async def test_no_error_and_no_log_line_holds_the_key(
    fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """The key is in no error and no log line, even if the relay repeats it."""
    with caplog.at_level(logging.DEBUG):
        async with client_at_relay(key=KEY, limits=ResponseLimits(total=0.2)) as (local, client):
            local.faults.add(fault)
            for _ in range(3):
                with pytest.raises(RelayError) as failure:
                    await client.look_up(["song"])

                chain: BaseException | None = failure.value
                while chain is not None:
                    assert KEY not in f"{chain!r} {chain} {vars(chain)}"
                    chain = chain.__cause__ or chain.__context__
    assert KEY not in caplog.text


def escaped(text: str) -> str:
    """Return JSON in which every character of a text is an escape."""
    return "".join(f"\\u{ord(each):04X}" for each in text)


REASONS = {
    "as it is": f'"{KEY}"',
    "slashes": json.dumps(KEY).replace("/", "\\/"),
    "every character": f'"{escaped(KEY)}"',
    "a few characters": f'"sk-{escaped("very")}{KEY[7:]}"',
    "after a backslash": f'"\\\\{escaped(KEY)}"',
}


@pytest.mark.parametrize("is_nested", [False, True])
@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
async def test_no_task_holds_the_key(reason: str, is_nested: bool) -> None:
    """However JSON writes the key, also in JSON within a text of JSON."""
    task = f'{{"task_id": "song", "status": "FAILURE", "fail_reason": {reason}}}'
    data = json.dumps(f"[{task}]") if is_nested else f"[{task}]"
    async with client_at_relay(key=KEY) as (local, client):
        local.faults.add(faults.answers(200, f'{{"code": "success", "data": {data}}}'.encode()))
        found = await client.look_up(["song"])
        assert "***" in found.tasks["song"].reason
        assert KEY not in repr(found)


@pytest.mark.parametrize("key", ["", "  ", "sk-\nX-Evil: 1", "sk-“quoted”"])
async def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    """A key with control characters is refused, and the error does not repeat it."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="key is empty or holds") as refusal:
            RelayClient(session, relay_profile("deerapi"), SecretStr(key))

    assert "sk-" not in str(refusal.value)


async def test_spaces_around_a_key_are_ignored() -> None:
    """Spaces that were copied along with a key are removed."""
    async with client_at_relay(key=" sk-local-relay\n") as (local, client):
        local.add(song("song"))

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


def test_a_cache_keeps_only_the_newest_entries() -> None:
    """The caches of the client stay bounded however many ids users invent."""
    cache: TTLCache[int] = TTLCache(60, max_size=2)
    for number in range(4):
        cache.set(str(number), number)

    assert [cache.get(str(number)) for number in range(4)] == [None, None, 2, 3]


def test_a_cached_value_expires() -> None:
    """An expired value is treated as absent."""
    cache: TTLCache[int] = TTLCache(0)
    cache.set("key", 1)

    assert cache.get("key") is None
