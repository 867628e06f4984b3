"""Leads the bot's requests for the relays of connected accounts to relays on this machine.

People connect relays at public addresses; here ``https://`` and a host stand for a local relay. A
host without one cannot be reached.
"""

from collections.abc import Mapping

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse


def session_for(relay_hosts: Mapping[str, int]) -> aiohttp.ClientSession:
    """Open a session for which each host leads to a port of this machine."""

    async def redirect(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        port = relay_hosts.get(request.url.host or "")
        if port is None or request.url.scheme != "https" or request.url.port != 443:
            raise aiohttp.ClientConnectionError("no such relay on this machine")
        request.url = request.url.with_scheme("http").with_host("127.0.0.1").with_port(port)
        return await handler(request)

    return aiohttp.ClientSession(middlewares=[redirect], cookie_jar=aiohttp.DummyCookieJar())
