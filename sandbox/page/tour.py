"""Tells the demo's scenes on the page: a line of what happens, and the channel to look at."""

import asyncio

from sandbox.discord import Channel
from sandbox.page.server import PageServer

READING = 3.0
"""Seconds to read what a scene has brought."""


class Tour:
    """A teller of stories whose words stand above the messages of every open page."""

    def __init__(self, page: PageServer, *, reading: float = READING) -> None:
        self._page = page
        self._reading = reading
        self._title = ""

    def chapter(self, title: str) -> None:
        """Begin a new part of the story."""
        self._title = title
        self._page.tell_tour(title)

    def aside(self, text: str) -> None:
        """Say something that happens outside Discord."""
        self._page.tell_tour(f"{self._title} {text}")

    def turn_to(self, channel: Channel) -> None:
        """Open a channel on every page."""
        self._page.tell_tour(self._page.caption, channel)

    async def let_read(self) -> None:
        """Give those who look time to read."""
        await asyncio.sleep(self._reading)

    def end(self, *, complete: bool) -> None:
        """Say how it was, and hand over."""
        told = "Every expected message came." if complete else "Not every expected message came."
        self._page.tell_tour(f"{told} Now it is your turn.")
