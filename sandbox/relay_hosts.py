"""Leads the bot's requests for the relays of connected accounts to relays on this machine.

People connect relays at public addresses; here ``https://`` and a host stand for a local relay. A
host without one cannot be reached.
"""

from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL


def session_for(relay_hosts: Mapping[str, int]) -> aiohttp.ClientSession:
    """Open a session for which each host leads to a port of this machine."""

    class LocalRequest(aiohttp.ClientRequest):
        def __init__(self, method: str, url: URL, **options: Any) -> None:
            port = relay_hosts.get(url.host or "")
            if port is None or url.scheme != "https" or url.port != 443:
                raise aiohttp.ClientConnectionError("no such relay on this machine")
            local = url.with_scheme("http").with_host("127.0.0.1").with_port(port)
            super().__init__(method, local, **options)

    return aiohttp.ClientSession(request_class=LocalRequest, cookie_jar=aiohttp.DummyCookieJar())
