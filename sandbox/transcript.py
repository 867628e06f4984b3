"""What people type and what appears in the channel, told on a terminal as it happens."""

import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from sandbox.discord import Channel, LocalDiscord
from sandbox.discord.events import Event
from sandbox.discord.messages import Message
from sandbox.terminal_text import render

_WIDEST = 92
_INDENT = 9


class Transcript:
    """Prints every happening of a local Discord that a person could see."""

    def __init__(self, console: Console, discord: LocalDiscord) -> None:
        self._console = console
        self._discord = discord
        self._began = time.monotonic()
        discord.on_event(self._tell)

    def chapter(self, title: str) -> None:
        """Begin a new part of the story."""
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left", style="dim")

    def turn_to(self, channel: Channel) -> None:
        """Every channel is told here: there is nothing to turn to."""

    async def let_read(self) -> None:
        """Go on at once: a terminal can be scrolled back."""

    def aside(self, text: str) -> None:
        """Say something that happens outside Discord."""
        self._console.print(Text(f"{self._clock()}  {text}", style="dim italic"))

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"

    def _tell(self, event: Event) -> None:
        if event.kind == "interaction" and event.interaction:
            interaction = event.interaction
            line = Text(f"{self._clock()}  ")
            line.append(f"{interaction.user.name} ", style="bold cyan")
            line.append(f"in {_place(interaction.channel)}  ", style="dim")
            typed = interaction.describe().removeprefix(f"{interaction.user.name}: ")
            self._console.print(line.append(typed))
        elif event.kind in {"message", "answer", "edit"} and event.message:
            self._show(event.message, edited=event.kind == "edit")

    def _show(self, message: Message, *, edited: bool) -> None:
        if message.thinking:
            return
        head = Text(f"{self._clock()}  ")
        head.append(f"{message.author.name} ", style="bold magenta")
        head.append(f"in {_place(message.channel)}", style="dim")
        if message.ephemeral:
            head.append("  (only you can see this)", style="dim italic")
        if edited:
            head.append("  (edited)", style="dim italic")
        self._console.print(head)
        body = Group(*self._parts(message))
        width = min(self._console.width, _WIDEST + _INDENT)
        self._console.print(Padding(body, (0, 0, 0, _INDENT)), width=width)

    def _parts(self, message: Message) -> Iterator[RenderableType]:
        if message.content:
            yield self._render(message.content)
        for embed in message.embeds:
            yield self._embed(embed)
        for attachment in message.attachments:
            yield Text(f"📎 {attachment.filename} ({len(attachment.data)} bytes)")
        for row in message.components:
            controls = [_control(one) for one in row.get("components", [])]
            if controls:
                yield Text("  ").join(controls)

    def _embed(self, embed: dict[str, Any]) -> Panel:
        title = self._render(embed["title"]) if embed.get("title") else None
        if title and embed.get("url"):
            title.stylize(f"link {embed['url']}")
        return Panel(
            Group(*self._lines(embed)),
            title=title,
            title_align="left",
            border_style=f"#{embed.get('color') or 0x4E5058:06x}",
        )

    def _lines(self, embed: dict[str, Any]) -> Iterator[Text]:
        if embed.get("description"):
            yield self._render(embed["description"])
        for field in embed.get("fields", []):
            yield self._render(f"**{field['name']}**\n{field['value']}")
        for key in ("image", "thumbnail"):
            if embed.get(key):
                line = f"({key}) {embed[key]['url']}"
                yield Text(line, style="dim", overflow="ellipsis", no_wrap=True)
        if embed.get("footer"):
            footer = embed["footer"]["text"]
            yield Text(footer, style="dim", overflow="ellipsis", no_wrap=True)

    def _render(self, markdown: str) -> Text:
        return render(markdown, self._name)

    def _name(self, id_: int) -> str:
        """Return the name of a user or a channel."""
        world = self._discord.state
        named = world.users.get(id_) or world.channels.get(id_)
        return named.name if named else str(id_)


def _place(channel: Channel) -> str:
    return f"#{channel.name}" if channel.guild else "a direct message"


def _control(component: dict[str, Any]) -> Text:
    """Return a button or a select; a link can be followed where the terminal can."""
    emoji = (component.get("emoji") or {}).get("name")
    label = component.get("label") or component.get("placeholder")
    name = " ".join(filter(None, (emoji, label)))
    url = component.get("url")
    style = f"bold link {url}" if url else "bold"
    return Text(f"[ {name} ↗ ]" if url else f"[ {name} ]", style=style)
