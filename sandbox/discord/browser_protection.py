"""Keeps web pages away from the local Discord: only programs talk to it.

A server on loopback can be reached by any site that a browser on this machine visits: by requests
across sites, by a WebSocket, and by a name of that site's own that suddenly means 127.0.0.1.
"""

import re

from aiohttp import web
from aiohttp.typedefs import Handler

_HOST = re.compile(r"127\.0\.0\.1(:[0-9]{1,5})?")

HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What an uploaded file says of itself, for it may be opened in a browser: it runs nothing."""


@web.middleware
async def keep_pages_out(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what comes under another name, or from a page; every browser says where from."""
    if not _HOST.fullmatch(request.headers.get("Host", "")):
        return web.Response(status=421, text="This is a Discord at 127.0.0.1 only.\n")
    of_page = request.headers.get("Sec-Fetch-Site", "none") != "none"
    if of_page or "Origin" in request.headers:
        return web.Response(status=403, text="No page may ask for this.\n")
    return await handler(request)
