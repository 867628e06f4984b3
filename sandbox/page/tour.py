"""Plays the scenario of the demo on the page: captions, and the channel to look at."""

import asyncio
from contextlib import suppress

from rich.console import Console

from sandbox.discord import ActionUnavailable, Channel, LocalDiscord
from sandbox.page.page_state import PageState
from sandbox.relay import LocalRelay
from sandbox.scenario import Checklist, Scenario
from sandbox.users import DemoUsers

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
        self._page.broadcast_caption(self._title, text)

    def show_channel(self, channel: Channel) -> None:
        """Open a channel on every page."""
        self._page.broadcast_caption(*self._page.caption, channel=channel)

    async def pause(self) -> None:
        """Give the audience time to read."""
        await asyncio.sleep(self._reading_time)

    def end(self, *, complete: bool) -> None:
        """Show the result, and invite the user to try the bot."""
        result = "Every expected message came." if complete else "Not every expected message came."
        self._page.broadcast_caption(result, "Now it is your turn.")


class TourPlayer:
    """Plays the tour when somebody presses its button, or the demo starts with it."""

    def __init__(
        self,
        discord: LocalDiscord,
        relay: LocalRelay,
        users: DemoUsers,
        page: PageState,
        *,
        reading_time: float = READING_TIME,
    ) -> None:
        self._parts = discord, relay, users
        self._page = page
        self._reading_time = reading_time
        self._playing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the tour in the background unless it plays already."""
        if self._playing is None or self._playing.done():
            self._playing = asyncio.create_task(self.play(Checklist(Console(quiet=True))))

    async def stop(self) -> None:
        """End a tour that plays in the background."""
        if self._playing is not None:
            self._playing.cancel()
            with suppress(asyncio.CancelledError):
                await self._playing

    async def play(self, checklist: Checklist) -> None:
        """Play the tour to its end."""
        tour = Tour(self._page, reading_time=self._reading_time)
        try:
            await Scenario(*self._parts, tour, checklist).play()
        except (TimeoutError, ActionUnavailable):  # the bot was stopped meanwhile
            tour.end(complete=False)
        else:
            tour.end(complete=checklist.complete)
