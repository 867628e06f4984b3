"""Rejects requests of web pages to the local Discord: only programs may use it.

A server on loopback can be reached by any site that a browser on this machine visits: by requests
across sites, by a WebSocket, and by a name of that site's own that suddenly means 127.0.0.1.
"""

import re

from aiohttp import web
from aiohttp.typedefs import Handler

_HOST = re.compile(r"127\.0\.0\.1(:[0-9]{1,5})?")

UPLOAD_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The headers of an uploaded file, so that it runs nothing when a browser opens it."""


@web.middleware
async def reject_browser_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reject requests for another host name, or from a page; every browser sends its origin."""
    if not _HOST.fullmatch(request.headers.get("Host", "")):
        return web.Response(status=421, text="This is a Discord at 127.0.0.1 only.\n")
    of_page = request.headers.get("Sec-Fetch-Site", "none") != "none"
    if of_page or "Origin" in request.headers:
        return web.Response(status=403, text="No page may ask for this.\n")
    return await handler(request)
