"""The scenes of the demo: what people do, and what must come of it.

A ``ScenarioObserver`` shows them: a transcript on a terminal, or the page. Nothing is played:
the bot is a process of its own, and what does not come is missing from the checklist.
"""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from sandbox.discord import Channel, LocalDiscord, Message, User
from sandbox.relay import LocalRelay, RelayTask, failing, replay
from sandbox.users import DemoUsers

PATIENCE = 30.0
"""Seconds after which a message that has not come counts as missing."""

SONG_TAKES = 6.0
"""Seconds that the relay needs for the first song; everything after it is quicker."""

_TIMES = ("submit_time", "start_time", "finish_time")

STRANGER = "00000000-0000-4000-8000-000000000000"


class ScenarioObserver(Protocol):
    """Whoever tells the story."""

    def chapter(self, title: str) -> None:
        """Begin a new part of the story."""

    def aside(self, text: str) -> None:
        """Say something that happens outside Discord."""

    def turn_to(self, channel: Channel) -> None:
        """Look at a channel."""

    async def let_read(self) -> None:
        """Give those who look time to read."""


@dataclass(frozen=True, slots=True)
class ScenarioContext:
    """Where it is played, by whom, and who tells it."""

    discord: LocalDiscord
    relay: LocalRelay
    cast: DemoUsers
    teller: ScenarioObserver


@dataclass
class Checklist:
    """What was expected, and whether it came."""

    console: Console
    rows: list[tuple[str, bool, float]] = field(default_factory=list)

    async def expect(self, what: str, coming: Awaitable[Message]) -> Message | None:
        """Wait for a message, and note whether it came."""
        began = time.monotonic()
        try:
            message: Message | None = await coming
        except TimeoutError as error:
            self.console.print(f"[red]✗ {what}: {error}")
            message = None
        self.rows.append((what, message is not None, time.monotonic() - began))
        return message

    @property
    def complete(self) -> bool:
        """Whether everything came."""
        return all(came for _, came, _ in self.rows)

    def print(self) -> None:
        """Sum up."""
        table = Table("", "What was expected", "after", box=None, header_style="dim")
        for what, came, seconds in self.rows:
            mark = "[green]✓" if came else "[red]✗"
            table.add_row(mark, what, f"{seconds:.1f} s")
        self.console.print()
        self.console.print(table)


async def play(context: ScenarioContext, checklist: Checklist) -> None:
    """Play every scene, one after the other."""
    for scene in (_running_song, _lyrics, _failure, _two_at_once, _reading):
        await scene(context, checklist)
        await context.teller.let_read()


async def log_in(discord: LocalDiscord, teller: ScenarioObserver) -> None:
    """Wait until the bot is there. Raises TimeoutError."""
    await discord.wait_until_ready(timeout=PATIENCE)
    teller.aside("The bot has logged in.")
    await discord.wait_until_commands(timeout=PATIENCE)
    teller.aside("It has registered its commands.")


async def _type(
    context: ScenarioContext, user: User, channel: Channel, command: str, **options: str
) -> Message:
    context.teller.turn_to(channel)
    interaction = await context.discord.command(user, channel, command, **options)
    return await interaction.answered(timeout=PATIENCE)


async def _notice(context: ScenarioContext, channel: Channel, about: str) -> Message:
    """Wait for the message that ends the watch of a task: its footer or text names the id."""
    found = await context.discord.wait_for(
        lambda: [message for message in channel.messages if about in str(message.payload())],
        timeout=PATIENCE,
    )
    return found[0]


def _recorded(name: str, *, takes: float) -> tuple[RelayTask, ...]:
    """Give the tasks of a recorded answer as they would be today: without the times of then."""
    return tuple(
        replace(
            task, stages=tuple(replace(one, fields=_undated(one.fields)) for one in task.stages)
        )
        for task in replay(name, takes=takes)
    )


def _undated(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _TIMES}


async def _running_song(context: ScenarioContext, checklist: Checklist) -> None:
    """Make a song: look at it, watch it, look again, be told."""
    context.teller.chapter("A song is being made")
    (song,) = _recorded("batch", takes=SONG_TAKES)
    context.relay.add(song)
    you, friend, songs = context.cast.you, context.cast.friend, context.cast.songs
    first = _type(context, you, songs, "suno status", id=song.id)
    await checklist.expect("an answer to /suno status of a running song", first)
    watching = _type(context, you, songs, "suno watch", id=song.id)
    await checklist.expect("a confirmation of /suno watch", watching)
    await _type(context, friend, songs, "suno watch", id=song.id)
    context.teller.aside("… the relay goes on making the song …")
    await asyncio.sleep(SONG_TAKES / 3)
    again = _type(context, you, songs, "suno status", id=song.id)
    await checklist.expect("its progress, with a preview while it streams", again)
    notice = await checklist.expect(
        "the song's notice, mentioning the two who watched", _notice(context, songs, song.id)
    )
    if notice and notice.pinged != {you.id, friend.id}:
        checklist.rows.append(("exactly the two who watched were mentioned", False, 0.0))


async def _lyrics(context: ScenarioContext, checklist: Checklist) -> None:
    """Write lyrics, told in another channel."""
    context.teller.chapter("Lyrics are being written")
    words, _ = _recorded("submit-fetch", takes=2.5)
    context.relay.add(words)
    lyrics = context.cast.lyrics
    await _type(context, context.cast.friend, lyrics, "suno watch", id=words.id)
    await checklist.expect("the lyrics' notice", _notice(context, lyrics, words.id))


async def _failure(context: ScenarioContext, checklist: Checklist) -> None:
    """Let a task fail, and ask for an id that nobody knows."""
    context.teller.chapter("Things go wrong")
    bad = failing(reason="Song Description contained artist name", takes=2.0)
    context.relay.add(bad)
    you, songs = context.cast.you, context.cast.songs
    await _type(context, you, songs, "suno watch", id=bad.id)
    await checklist.expect("a failure, with its reason", _notice(context, songs, bad.id))
    unknown = _type(context, you, songs, "suno watch", id=STRANGER)
    await checklist.expect("a clear word about an unknown id", unknown)


async def _two_at_once(context: ScenarioContext, checklist: Checklist) -> None:
    """Watch two songs of two more documents with one command."""
    context.teller.chapter("Two songs with one command")
    (first,), (_, second) = _recorded("single", takes=2.5), _recorded("submit-fetch", takes=3.0)
    context.relay.add(first, second)
    you, lyrics = context.cast.you, context.cast.lyrics
    await _type(context, you, lyrics, "suno watch", id=f"{first.id} {second.id}")
    for song in (first, second):
        await checklist.expect(f"the notice of {song.id}", _notice(context, lyrics, song.id))


async def _reading(context: ScenarioContext, checklist: Checklist) -> None:
    """Show the lyrics of a finished song, and a list that is empty again."""
    context.teller.chapter("Read the lyrics again")
    (song,) = replay("single")
    you, songs = context.cast.you, context.cast.songs
    reading = _type(context, you, songs, "suno lyrics", id=song.id)
    await checklist.expect("the lyrics, whole", reading)
    await context.teller.let_read()
    await checklist.expect("an empty list of watches", _type(context, you, songs, "suno list"))
