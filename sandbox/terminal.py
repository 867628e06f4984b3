"""Prints the scenario of the demo on a terminal: captions, and every event in one line."""

import time

from rich.console import Console
from rich.text import Text

from sandbox.discord import Channel, Event, LocalDiscord


class TerminalObserver:
    """A scenario observer that prints what users do and what appears in the channels."""

    def __init__(self, console: Console, discord: LocalDiscord) -> None:
        self._console = console
        self._began = time.monotonic()
        discord.on_event(self._on_event)

    def start_scene(self, title: str) -> None:
        """Print the title of a scene."""
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left", style="dim")

    def comment(self, text: str) -> None:
        """Print something that happens outside Discord."""
        self._print(text, style="dim italic")

    def show_channel(self, channel: Channel) -> None:
        """Do nothing: every channel is printed."""

    async def pause(self) -> None:
        """Continue at once: a terminal can be scrolled back."""

    def _on_event(self, event: Event) -> None:
        message = event.message
        if event.kind == "interaction":
            self._print(event.text)
        elif event.kind in ("message", "answer", "edit") and message and not message.thinking:
            note = " (ephemeral)" if message.ephemeral else ""
            line = f"#{message.channel.name}{note} {message.author.name}: {message.summary()}"
            self._print(" ".join(line.split()))

    def _print(self, text: str, style: str = "") -> None:
        """Print one line with the time, cut at the width of the terminal."""
        line = Text(f"{time.monotonic() - self._began:5.1f} s  {text}", style=style)
        self._console.print(line, no_wrap=True, overflow="ellipsis")
