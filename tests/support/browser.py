"""Runs the system's Chromium, headless, for the tests of the page."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium: install the package `chromium`"
)

expect.set_options(timeout=60_000)  # milliseconds: machines are shared, and nothing here is timed

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = (1360, 860), (390, 780)
"""The size of a window, in pixels."""


@asynccontextmanager
async def launch_browser() -> AsyncIterator[Browser]:
    """Start Chromium with a new profile; close it at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_page(
    browser: Browser,
    url: str,
    *,
    size: tuple[int, int] = WIDE,
    dark: bool = True,
    scale: float = 1.0,
) -> AsyncIterator[Page]:
    """Open a URL in a window of its own; at the end, assert that the page had no errors.

    An error is an exception of the page, an error on its console, or a request to another host.
    """
    errors: list[str] = []
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        device_scale_factor=scale,
        locale="en-US",
        reduced_motion="reduce",
    )
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on(
        "request",
        lambda request: errors.append(request.url) if _is_external(request.url, url) else None,
    )
    try:
        await page.goto(url)
        await page.locator(".channel-item").first.wait_for(state="attached")
        yield page
        assert errors == []
    finally:
        await context.close()


def _is_external(address: str, url: str) -> bool:
    return not address.startswith((url, url.replace("http", "ws", 1)))
