"""Protects the page from other sites: which requests are rejected, and the security headers.

A page on loopback can be reached by any site that the same browser visits: by requests across
sites, and by a name of that site's own that suddenly means 127.0.0.1 (DNS rebinding).
"""

from aiohttp import web

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers to every response."""
    response.headers.update(HEADERS)


def rejection(request: web.Request, address: str) -> web.Response | None:
    """Return the response that rejects a request, or None if it is allowed.

    ``address`` is the host and port of the page.
    """
    if request.headers.get("Host") != address:
        return web.Response(status=421, text=f"This page is at http://{address}/ only.\n")
    own = request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    if not own and not _is_top_level_navigation(request):
        return web.Response(status=403, text="Another site may not ask for this.\n")
    opens_socket = request.headers.get("Upgrade", "").lower() == "websocket"
    origin = request.headers.get("Origin", "" if opens_socket else f"http://{address}")
    if origin != f"http://{address}":
        return web.Response(status=403, text="Only the page itself may connect.\n")
    return None


def _is_top_level_navigation(request: web.Request) -> bool:
    """Whether a link on another site opens the page as a document: only its visitor sees it."""
    return request.path == "/" and request.headers.get("Sec-Fetch-Dest") == "document"
