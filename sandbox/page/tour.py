"""Shows the scenario of the demo on the page: captions, and the channel to look at."""

import asyncio

from sandbox.discord import Channel
from sandbox.page.page_state import PageState

READING_TIME = 3.0
"""Seconds to read the result of a scene."""


class Tour:
    """A scenario observer whose captions stand above the messages of every open page."""

    def __init__(self, page: PageState, *, reading_time: float = READING_TIME) -> None:
        self._page = page
        self._reading_time = reading_time
        self._title = ""

    def start_scene(self, title: str) -> None:
        """Show the title of a scene."""
        self._title = title
        self._page.broadcast_caption(title)

    def comment(self, text: str) -> None:
        """Show something that happens outside Discord."""
        self._page.broadcast_caption(f"{self._title} {text}")

    def show_channel(self, channel: Channel) -> None:
        """Open a channel on every page."""
        self._page.broadcast_caption(self._page.caption, channel)

    async def pause(self) -> None:
        """Give the audience time to read."""
        await asyncio.sleep(self._reading_time)

    def end(self, *, complete: bool) -> None:
        """Show the result, and invite the user to try the bot."""
        result = "Every expected message came." if complete else "Not every expected message came."
        self._page.broadcast_caption(f"{result} Now it is your turn.")
