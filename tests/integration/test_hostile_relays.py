"""The addresses that people enter for their relays are hostile: nothing private is reached."""

import asyncio
import itertools
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.public_connector import Resolver, public_connector, resolve_host
from bot.relay.client import RelayClient
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.providers import RelayProfile, public_profile
from bot.relay.transport import ResponseLimits
from sandbox.relay import LocalRelay, stuck
from sandbox.relay.faults import redirects
from tests.support.media_server import always

KEY = "sk-of-a-server-0123456789"
PRIVATE = (
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("0.0.0.0", "224.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "fe80::1", "fd00::1"),  # noqa: S104 # refused
)


@pytest.mark.parametrize(
    "address",
    [
        "http://relay.example",
        "http://127.0.0.1",
        "http://localhost:443",
        "https://relay.example:8443",
        "https://relay.example:80",
        "https://relay.example:22",
        "https://me@relay.example",
        "https://relay.example/?next=1",
        "ftp://relay.example",
        "file:///etc/passwd",
        "https://relay..example",
        "https://.relay.example",
        "https://.",
        f"https://{'a' * 64}.example",
        f"https://{'ö' * 60}.example",
        "https://[::1]]",
        "https://@relay.example",
        "https://relay.example\\@127.0.0.1",
        "https://relay.example:443:443",
    ],
)
def test_only_https_at_its_own_port_can_be_connected(address: str) -> None:
    """Neither what the operator may use, for this machine, nor what no library can read."""
    with pytest.raises(ValueError, match="relay's address"):
        public_profile("custom", address, "")


@pytest.mark.parametrize("address", ["https://relay.example", "https://relay.example:443/eu/"])
def test_an_ordinary_address_can_be_connected(address: str) -> None:
    """With a prefix or without; a final slash does not matter."""
    assert public_profile("custom", address, "").base_url == address.rstrip("/")


async def failure_at(
    profile: RelayProfile, resolve: Resolver = resolve_host, port: int | None = None
) -> RelayError:
    """Look up a task through the connector of connected accounts; return why that fails."""
    connector = public_connector(limit=0, resolve=resolve, loopback_port=port)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = RelayClient(session, profile, SecretStr(KEY), limits=LIMITS)
        with pytest.raises(RelayError) as failed:
            await client.look_up(["song"], interactive=True)
        await client.aclose()
    return failed.value


LIMITS = ResponseLimits(total=5, body=20_000, redirects=0)


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_private_address_is_connected_to(address: str) -> None:
    """Whether the URL holds it or a name leads to it."""
    host = f"[{address}]" if ":" in address else address
    for profile, resolve in (
        (public_profile("custom", f"https://{host}", ""), resolve_host),
        (public_profile("custom", "https://relay.example", ""), always(address)),
    ):
        error = await failure_at(profile, resolve)
        assert error.kind is ErrorKind.UNAVAILABLE
        assert "not a public address" in error.detail


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost.", "0x7f000001", "2130706433", "127.1", "127.0.0.1.", "0177.1"),
        *("①②⑦.⓪.⓪.①", "[::ffff:7f00:1]", "[::1%25lo]", "*", "%31%32%37.0.0.1"),
    ],
)
async def test_no_spelling_of_this_machine_is_connected_to(host: str) -> None:
    """What the system resolves is judged, not what was entered."""
    error = await failure_at(public_profile("custom", f"https://{host}", ""))
    assert error.kind is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize("host", ["relay..example", "a" * 64])
async def test_a_name_that_cannot_be_resolved_is_no_unexpected_error(host: str) -> None:
    """Though Python raises no ``OSError`` for it."""
    error = await failure_at(RelayProfile("custom", f"https://{host}", "/suno/fetch"))
    assert error.kind is ErrorKind.UNAVAILABLE


class Rebinding:
    """A name that leads to the relay first and to a private address from then on."""

    def __init__(self) -> None:
        self._addresses = itertools.chain(["127.0.0.1"], itertools.repeat("10.0.0.1"))

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """Resolve the name."""
        return [next(self._addresses)]


async def test_a_name_that_leads_elsewhere_later_is_judged_again() -> None:
    """Each connection by the address that it connects to, however the key was tested."""
    async with LocalRelay(key=KEY) as relay:
        relay.add(stuck("song"))
        port = int(relay.base_url.rpartition(":")[2])
        connector = public_connector(
            limit=0, loopback_port=port, resolve=Rebinding(), force_close=True
        )
        profile = RelayProfile("custom", f"http://relay.example:{port}", "/suno/fetch")
        async with aiohttp.ClientSession(connector=connector) as session:
            client = RelayClient(session, profile, SecretStr(KEY), limits=LIMITS)
            assert (await client.look_up(["song"])).tasks
            with pytest.raises(RelayError, match="not a public address"):
                await client.look_up(["song"])
        assert len(relay.requests) == 1


@pytest.mark.parametrize(
    "target",
    [
        *("https://10.0.0.1/suno/fetch", "http://127.0.0.1:9/", "//169.254.169.254/latest"),
        *("/suno/submit/fetch", "https://relay.example/suno/fetch"),
    ],
)
async def test_no_redirect_is_followed(target: str) -> None:
    """Neither to a private address nor anywhere else."""
    async with LocalRelay(key=KEY) as relay:
        relay.add(stuck("song"))
        relay.faults.add(redirects(target, 307))
        port = int(relay.base_url.rpartition(":")[2])
        error = await failure_at(RelayProfile("custom", relay.base_url, "/suno/fetch"), port=port)
    assert error.kind is ErrorKind.UNAVAILABLE
    assert "redirect" in error.detail
    assert {each.path for each in relay.requests} == {"/suno/fetch"}


@asynccontextmanager
async def decompression_bomb(size: int) -> AsyncIterator[int]:
    """Answer every request with a small body that unpacks to ``size`` bytes; yield the port."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = packer.compress(b" " * size) + packer.flush()
    assert len(body) < size / 500

    async def answer(_: web.BaseRequest) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=body, headers=headers)

    server = web.Server(answer)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await server.shutdown(1)


async def test_an_answer_is_bounded_after_it_is_unpacked() -> None:
    """A megabyte on the wire cannot fill the memory."""
    async with decompression_bomb(50 << 20) as port:
        profile = RelayProfile("custom", f"http://127.0.0.1:{port}", "/suno/fetch")
        error = await failure_at(profile, port=port)
    assert "longer than 20000 bytes" in error.detail
