"""What people type and what appears in the channel, told on a terminal as it happens."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from bot.local.discord import LocalDiscord
from bot.local.discord.happenings import Happening
from bot.local.discord.messages import Message

_STYLES = re.compile(
    r"\\(?P<plain>[!-/:-@\[-`{-~])"  # an escaped character
    r"|<@!?(?P<user>\d+)>|<#(?P<channel>\d+)>|<t:(?P<time>\d+)(?::(?P<look>\w))?>"
    r"|\*\*(?P<bold>(?:\\.|[^*\\])+)\*\*|`(?P<code>[^`]+)`"
    r"|\[(?P<label>(?:\\.|[^\]\\])+)\]\((?P<url>https?://[^\s)]+)\)"
)
_SUBTEXT = re.compile(r"^-# ", re.MULTILINE)
_WIDEST = 88


class Transcript:
    """Prints every happening of a local Discord that a person could see."""

    def __init__(self, console: Console, discord: LocalDiscord) -> None:
        self._console = console
        self._discord = discord
        self._began = time.monotonic()
        discord.on_happening(self._tell)

    def chapter(self, title: str) -> None:
        """Begin a new part of the story."""
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left", style="dim")

    def aside(self, text: str) -> None:
        """Say something that happens outside Discord."""
        self._console.print(Text(f"{self._clock()}  {text}", style="dim italic"))

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"

    def _tell(self, happening: Happening) -> None:
        if happening.kind == "interaction" and happening.interaction:
            interaction = happening.interaction
            line = Text(f"{self._clock()}  ")
            line.append(f"{interaction.user.name} ", style="bold cyan")
            line.append(f"in {_place(interaction.channel)}  ", style="dim")
            typed = interaction.describe().removeprefix(f"{interaction.user.name}: ")
            self._console.print(line.append(typed))
        elif happening.kind in {"message", "answer", "edit"} and happening.message:
            self._show(happening.message, edited=happening.kind == "edit")

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
        self._console.print(Padding(body, (0, 0, 0, 9)), width=_WIDEST)

    def _parts(self, message: Message) -> Iterator[RenderableType]:
        if message.content:
            yield self._render(message.content)
        for embed in message.embeds:
            yield self._embed(embed)
        for attachment in message.attachments:
            yield Text(f"📎 {attachment.filename} ({len(attachment.data)} bytes)")
        for row in message.components:
            yield from map(_button, row.get("components", []))

    def _embed(self, embed: dict[str, Any]) -> Panel:
        return Panel(
            Group(*self._lines(embed)),
            title=self._render(embed["title"]) if embed.get("title") else None,
            subtitle=Text(embed["url"], style="dim") if embed.get("url") else None,
            title_align="left",
            subtitle_align="left",
            border_style=f"#{embed.get('color') or 0x4E5058:06x}",
        )

    def _lines(self, embed: dict[str, Any]) -> Iterator[Text]:
        if embed.get("description"):
            yield self._render(embed["description"])
        for field in embed.get("fields", []):
            yield self._render(f"**{field['name']}**\n{field['value']}")
        for key in ("image", "thumbnail"):
            if embed.get(key):
                yield Text(f"({key}) {embed[key]['url']}", style="dim", overflow="fold")
        if embed.get("footer"):
            yield Text(embed["footer"]["text"], style="dim")

    def _render(self, markdown: str) -> Text:
        """Return Discord's markdown, as far as the bot uses it, as text for a terminal."""
        source = _SUBTEXT.sub("", markdown)
        text, end = Text(overflow="fold"), 0
        for match in _STYLES.finditer(source):
            text.append(source[end : match.start()])
            text.append_text(self._styled(match))
            end = match.end()
        return text.append(source[end:])

    def _styled(self, match: re.Match[str]) -> Text:
        if match["plain"]:
            return Text(match["plain"])
        if match["user"]:
            return Text(f"@{self._name(int(match['user']))}", style="bold yellow")
        if match["channel"]:
            return Text(f"#{self._name(int(match['channel']))}", style="bold yellow")
        if match["time"]:
            return Text(_moment(int(match["time"]), match["look"]))
        if match["bold"]:
            return _bold(self._render(match["bold"]))
        if match["code"]:
            return Text(match["code"], style="green")
        label = self._render(match["label"])
        return label.append(f" ({match['url']})", style="dim")

    def _name(self, id_: int) -> str:
        """Return the name of a user or a channel."""
        world = self._discord.world
        named = world.users.get(id_) or world.channels.get(id_)
        return named.name if named else str(id_)


def _bold(text: Text) -> Text:
    text.stylize("bold")
    return text


def _place(channel: Any) -> str:
    return f"#{channel.name}" if channel.guild else "a direct message"


def _button(component: dict[str, Any]) -> Text:
    text = Text(f"[ {component.get('label', '')} ]", style="bold")
    return text.append(f" {component['url']}", style="dim") if component.get("url") else text


def _moment(seconds: int, look: str | None) -> str:
    """Return a time as Discord shows it: ``R`` relative, else the time of day (UTC)."""
    if look == "R":
        ago = int(time.time()) - seconds
        return f"{ago} seconds ago" if ago < 120 else f"{ago // 60} minutes ago"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
