"""Connects to public addresses only, for URLs that come from relays and people.

Each connection is checked when its socket is created, by the address that it connects to: so
neither a name that resolves differently the next time nor a redirect leads anywhere else.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.public_addresses import is_public

HTTPS_PORT = 443

_RESOLVING = ThreadPoolExecutor(8, thread_name_prefix="public-resolver")
"""A look-up cannot be cancelled. Name servers that do not answer block these threads, not those of
the event loop, by which Discord and the operator's relay are resolved."""

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the numeric addresses of a host and port; raises ``OSError`` if there are none."""


class NotPublicError(OSError):
    """The address of a connection is not public."""


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host by the system's resolver. Raises ``OSError``."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        infos = await asyncio.get_running_loop().run_in_executor(_RESOLVING, look_up)
    except UnicodeError as error:  # a label is empty or too long
        raise OSError(errno.EINVAL, "not a host name") from error
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


def public_connector(
    *,
    limit: int,
    force_close: bool = False,
    resolve: Resolver = resolve_host,
    loopback_port: int | None = None,
) -> aiohttp.TCPConnector:
    """Return a connector of at most ``limit`` connections (0: any number) to port 443.

    ``force_close``: no connection is used twice. ``loopback_port`` admits that port of this machine
    too: only for tests and demonstrations. A connection that is refused raises ``NotPublicError``,
    which aiohttp wraps in ``ClientConnectorError``.
    """

    def checked_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, (host, port, *_) = info
        public = port == HTTPS_PORT and is_public(str(host))
        if not public and not (port == loopback_port and _is_loopback(str(host))):
            raise NotPublicError(errno.EACCES, "not a public address")
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        limit=limit,
        force_close=force_close,
        use_dns_cache=False,
        resolver=_AiohttpResolver(resolve),
        socket_factory=checked_socket,
    )


class _AiohttpResolver(AbstractResolver):
    """Makes aiohttp resolve names with a function."""

    def __init__(self, resolve: Resolver) -> None:
        self._resolve = resolve

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 # both are tried
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises ``OSError``."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._resolve(host, port)
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
