"""The demo: the real bot, on a Discord and a relay that live as long as it runs.

Nothing of it is played: the bot is a process of its own that knows the two servers by their
addresses alone, and the demo fails if a message does not come.
"""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from bot.local.bot_process import BotProcess, settings_for
from bot.local.discord import Channel, LocalDiscord, Message, User
from bot.local.prompt import take_commands
from bot.local.relay import LocalRelay, failing, replay
from bot.local.transcript import Transcript

SPEED = 12.0
"""Seconds of the relay's time in one of ours: a song of two minutes takes ten seconds."""

PATIENCE = 30.0
"""Seconds after which a message that has not come counts as missing."""

STRANGER = "00000000-0000-4000-8000-000000000000"


@dataclass
class Stage:
    """Who and what there is in the demo."""

    discord: LocalDiscord
    relay: LocalRelay
    you: User
    friend: User
    songs: Channel
    lyrics: Channel


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


def demo(*, keep: bool) -> bool:
    """Play the demo; return whether every expected message came.

    With ``keep`` it goes on afterwards, and takes commands from the terminal.
    """
    return asyncio.run(_demo(Console(highlight=False), keep=keep))


async def _demo(console: Console, *, keep: bool) -> bool:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="suno-bot-demo-")))
        discord = await stack.enter_async_context(LocalDiscord())
        relay = await stack.enter_async_context(LocalRelay(speed=SPEED))
        stage = _set_stage(discord, relay)
        transcript = Transcript(console, discord)
        checklist = Checklist(console)
        console.print("[bold]Suno Bot, on a Discord and a relay of this machine's own.[/bold]")
        console.print("No token, no network: the real bot connects to both over loopback.")
        bot = await stack.enter_async_context(
            BotProcess(folder, settings_for(discord, relay, folder))
        )
        try:
            await _log_in(discord, transcript)
        except TimeoutError:
            console.print(f"[red]The bot did not log in. It said:[/red]\n{bot.log}", markup=False)
            return False
        for scene in (_running_song, _lyrics, _failure, _two_at_once, _reading):
            await scene(stage, transcript, checklist)
        checklist.print()
        if keep:
            await take_commands(console, discord, relay, stage.you, stage.songs)
        console.print(_verdict(complete=checklist.complete))
        return checklist.complete


def _set_stage(discord: LocalDiscord, relay: LocalRelay) -> Stage:
    guild = discord.add_guild("Song Club")
    you, friend = discord.add_user("you"), discord.add_user("friend")
    for person in (you, friend):
        guild.add_member(person)
    return Stage(
        discord, relay, you, friend, guild.add_channel("songs"), guild.add_channel("lyrics")
    )


async def _log_in(discord: LocalDiscord, transcript: Transcript) -> None:
    await discord.wait_until_ready(timeout=PATIENCE)
    transcript.aside("The bot has logged in.")
    await discord.wait_until_commands(timeout=PATIENCE)
    transcript.aside("It has registered its commands.")


async def _type(
    stage: Stage, user: User, channel: Channel, command: str, **options: str
) -> Message:
    interaction = await stage.discord.command(user, channel, command, **options)
    return await interaction.answered(timeout=PATIENCE)


async def _notice(stage: Stage, channel: Channel, about: str) -> Message:
    """Wait for the public message whose footer or text names a task."""
    found = await stage.discord.wait_for(
        lambda: [message for message in channel.messages if about in str(message.payload())],
        timeout=PATIENCE,
    )
    return found[0]


async def _running_song(stage: Stage, transcript: Transcript, checklist: Checklist) -> None:
    """Make a song: look at it, watch it, look again, be told."""
    transcript.chapter("A song is being made")
    (song,) = replay("batch")
    stage.relay.add(song)
    first = _type(stage, stage.you, stage.songs, "suno status", id=song.id)
    await checklist.expect("an answer to /suno status of a running song", first)
    watching = _type(stage, stage.you, stage.songs, "suno watch", id=song.id)
    await checklist.expect("a confirmation of /suno watch", watching)
    await _type(stage, stage.friend, stage.songs, "suno watch", id=song.id)
    transcript.aside("… the relay goes on making the song …")
    await asyncio.sleep(40 / SPEED)
    again = _type(stage, stage.you, stage.songs, "suno status", id=song.id)
    await checklist.expect("its progress, with a preview while it streams", again)
    notice = await checklist.expect(
        "the song's notice, mentioning the two who watched",
        _notice(stage, stage.songs, song.id),
    )
    if notice and notice.pinged != {stage.you.id, stage.friend.id}:
        checklist.rows.append(("exactly the two who watched were mentioned", False, 0.0))


async def _lyrics(stage: Stage, transcript: Transcript, checklist: Checklist) -> None:
    """Write lyrics, told in another channel."""
    transcript.chapter("Lyrics are being written")
    words, _ = replay("submit-fetch", takes=30)
    stage.relay.add(words)
    await _type(stage, stage.friend, stage.lyrics, "suno watch", id=words.id)
    await checklist.expect("the lyrics' notice", _notice(stage, stage.lyrics, words.id))


async def _failure(stage: Stage, transcript: Transcript, checklist: Checklist) -> None:
    """Let a task fail, and ask for an id that nobody knows."""
    transcript.chapter("Things go wrong")
    bad = failing(reason="Song Description contained artist name", takes=20)
    stage.relay.add(bad)
    await _type(stage, stage.you, stage.songs, "suno watch", id=bad.id)
    await checklist.expect("a failure, with its reason", _notice(stage, stage.songs, bad.id))
    unknown = _type(stage, stage.you, stage.songs, "suno watch", id=STRANGER)
    await checklist.expect("a clear word about an unknown id", unknown)


async def _two_at_once(stage: Stage, transcript: Transcript, checklist: Checklist) -> None:
    """Watch two songs of two more documents with one command."""
    transcript.chapter("Two songs with one command")
    (first,), (_, second) = replay("single", takes=25), replay("submit-fetch", takes=35)
    stage.relay.add(first, second)
    await _type(stage, stage.you, stage.lyrics, "suno watch", id=f"{first.id} {second.id}")
    for song in (first, second):
        await checklist.expect(f"the notice of {song.id}", _notice(stage, stage.lyrics, song.id))


async def _reading(stage: Stage, transcript: Transcript, checklist: Checklist) -> None:
    """Show the lyrics of a finished song, and a list that is empty again."""
    transcript.chapter("Read the lyrics again")
    (song,) = replay("single")
    reading = _type(stage, stage.you, stage.songs, "suno lyrics", id=song.id)
    await checklist.expect("the lyrics, whole", reading)
    await checklist.expect(
        "an empty list of watches", _type(stage, stage.you, stage.songs, "suno list")
    )


def _verdict(*, complete: bool) -> str:
    if complete:
        return "\n[bold green]Every expected message came.[/bold green]"
    return "\n[bold red]Not every expected message came.[/bold red]"
