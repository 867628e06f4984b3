"""The scenario of the demo: what users do, and which messages must come of it.

A ``ScenarioObserver`` shows it on a terminal or on the page. The bot is a process of its own; an
expected message that does not come is missing from the checklist.
"""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from sandbox.discord import Channel, LocalDiscord, Message, User
from sandbox.discord.message_parts import walk_components
from sandbox.relay import LocalRelay, RelayTask, failing, replay
from sandbox.relay.faults import after_charging, cut_before_headers
from sandbox.users import DemoUsers

MESSAGE_TIMEOUT = 120.0
"""Seconds after which a message that has not come counts as missing."""

SONG_DURATION = 6.0
"""Seconds that the relay takes for the first song; everything after it is quicker."""

DESCRIPTION = "City lights at midnight: slow, warm, soft piano"

_TIME_FIELDS = ("submit_time", "start_time", "finish_time")

UNKNOWN_TASK = "00000000-0000-4000-8000-000000000000"


class ScenarioObserver(Protocol):
    """Shows the scenario to an audience."""

    def start_scene(self, title: str) -> None:
        """Show the title of a scene."""

    def comment(self, text: str) -> None:
        """Show something that happens outside Discord."""

    def show_channel(self, channel: Channel) -> None:
        """Show the messages of a channel."""

    async def pause(self) -> None:
        """Give the audience time to read."""


@dataclass
class Checklist:
    """The expected messages, and whether they came."""

    console: Console
    rows: list[tuple[str, bool, float]] = field(default_factory=list)

    async def expect(self, what: str, coming: Awaitable[Message]) -> Message | None:
        """Wait for a message, and record whether it came."""
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
        """Print a table of the expected messages."""
        table = Table("", "What was expected", "after", box=None, header_style="dim")
        for what, came, seconds in self.rows:
            mark = "[green]✓" if came else "[red]✗"
            table.add_row(mark, what, f"{seconds:.1f} s")
        self.console.print()
        self.console.print(table)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The scenes with their servers, users, audience and checklist."""

    discord: LocalDiscord
    relay: LocalRelay
    users: DemoUsers
    observer: ScenarioObserver
    checklist: Checklist

    async def play(self) -> None:
        """Play every scene, one after the other."""
        for scene in (
            self._creation,
            self._lost_answer,
            self._song,
            self._lyrics,
            self._failure,
            self._two_songs,
            self._reader,
        ):
            await scene()
            await self.observer.pause()

    async def _command(self, user: User, channel: Channel, name: str, **options: str) -> Message:
        """Use a slash command, and wait for its answer."""
        self.observer.show_channel(channel)
        interaction = await self.discord.command(user, channel, name, **options)
        return await interaction.wait_for_answer(timeout=MESSAGE_TIMEOUT)

    async def _notice(self, channel: Channel, text: str) -> Message:
        """Wait for the message that ends a watch, by what it says, such as the task's id."""
        found = await self.discord.wait_for(
            lambda: [one for one in channel.messages if text in str(one.payload())],
            timeout=MESSAGE_TIMEOUT,
        )
        return found[0]

    async def _creation(self) -> None:
        """Make a song from a description, and get the timed lyrics of its first version."""
        self.observer.start_scene("Make a song")
        submissions, expect = self.relay.submissions, self.checklist.expect
        before, usual = len(submissions.charges), submissions.song_takes
        submissions.song_takes = SONG_DURATION
        try:
            await expect("a private answer to /suno create", self._create())
            async with asyncio.timeout(MESSAGE_TIMEOUT):
                await self.relay.wait_for_charges(before + 1)
        finally:
            submissions.song_takes = usual
        self.observer.comment("… the relay is making the song …")
        (task_id,) = submissions.charges[before].task_ids
        notice = await expect("the song", self._notice(self.users.songs, task_id))
        await self.observer.pause()
        menu = notice and await expect("its menu", self._press(notice, "More…"))
        await self.observer.pause()
        if menu:
            await expect("its timed lyrics", self._press(menu, "Timed lyrics 1"))

    async def _lost_answer(self) -> None:
        """Lose the answer of a relay that has charged: the bot says so, and repeats nothing."""
        self.observer.start_scene("An answer is lost")
        before = len(self.relay.submissions.charges)
        fault = after_charging(cut_before_headers())
        self.relay.faults.add(fault, times=1, path="/suno/submit/music")
        await self._create()
        self.observer.comment("The relay has charged it, and the connection breaks.")
        what = "the truth: it may have been charged"
        await self.checklist.expect(what, self._notice(self.users.songs, "may have been charged"))
        charged = len(self.relay.submissions.charges) - before
        self.checklist.rows.append(("nothing was sent twice", charged == 1, 0.0))

    def _create(self) -> Awaitable[Message]:
        you, songs = self.users.you, self.users.songs
        return self._command(you, songs, "suno create", description=DESCRIPTION)

    async def _press(self, message: Message, label: str) -> Message:
        """Press a button, and wait for the answer."""
        pressed = [
            each for each in walk_components(message.components) if each.get("label") == label
        ]
        interaction = await self.discord.press(self.users.you, message, pressed[0]["custom_id"])
        return await interaction.wait_for_answer(timeout=MESSAGE_TIMEOUT)

    async def _song(self) -> None:
        """Generate a song: look it up, watch it, look again, receive the notice."""
        self.observer.start_scene("A song is being made")
        (song,) = _recorded("batch", takes=SONG_DURATION)
        self.relay.add(song)
        you, friend, songs = self.users.you, self.users.friend, self.users.songs
        expect = self.checklist.expect
        first = self._command(you, songs, "suno status", id=song.id)
        await expect("an answer to /suno status of a running song", first)
        watching = self._command(you, songs, "suno watch", id=song.id)
        await expect("a confirmation of /suno watch", watching)
        await self._command(friend, songs, "suno watch", id=song.id)
        self.observer.comment("… the relay goes on making the song …")
        await asyncio.sleep(SONG_DURATION / 3)
        again = self._command(you, songs, "suno status", id=song.id)
        await expect("its progress, with a preview while it streams", again)
        what = "the song's notice, mentioning the two who watched"
        notice = await expect(what, self._notice(songs, song.id))
        if notice and notice.pinged != {you.id, friend.id}:
            self.checklist.rows.append(("exactly the two who watched were mentioned", False, 0.0))

    async def _lyrics(self) -> None:
        """Generate lyrics that are watched in another channel."""
        self.observer.start_scene("Lyrics are being written")
        task, _ = _recorded("submit-fetch", takes=2.5)
        self.relay.add(task)
        channel = self.users.lyrics
        await self._command(self.users.friend, channel, "suno watch", id=task.id)
        await self.checklist.expect("the lyrics' notice", self._notice(channel, task.id))

    async def _failure(self) -> None:
        """Let a task fail, and watch an id that the relay does not know."""
        self.observer.start_scene("Things go wrong")
        task = failing(reason="Song Description contained artist name", takes=2.0)
        self.relay.add(task)
        you, songs = self.users.you, self.users.songs
        await self._command(you, songs, "suno watch", id=task.id)
        await self.checklist.expect("a failure, with its reason", self._notice(songs, task.id))
        unknown = self._command(you, songs, "suno watch", id=UNKNOWN_TASK)
        await self.checklist.expect("a clear word about an unknown id", unknown)

    async def _two_songs(self) -> None:
        """Watch two songs with one command."""
        self.observer.start_scene("Two songs with one command")
        (first,), (_, second) = _recorded("single", takes=2.5), _recorded("submit-fetch", takes=3.0)
        self.relay.add(first, second)
        channel = self.users.lyrics
        await self._command(self.users.you, channel, "suno watch", id=f"{first.id} {second.id}")
        for song in (first, second):
            await self.checklist.expect(f"the notice of {song.id}", self._notice(channel, song.id))

    async def _reader(self) -> None:
        """Read the lyrics of a finished song, and list the watches, of which none is left."""
        self.observer.start_scene("Read the lyrics again")
        (song,) = replay("single")
        you, songs = self.users.you, self.users.songs
        reading = self._command(you, songs, "suno lyrics", id=song.id)
        await self.checklist.expect("the lyrics, whole", reading)
        await self.observer.pause()
        watches = self._command(you, songs, "suno list")
        await self.checklist.expect("an empty list of watches", watches)


async def wait_for_login(discord: LocalDiscord, observer: ScenarioObserver) -> None:
    """Wait until the bot has logged in and registered its commands. Raises TimeoutError."""
    await discord.wait_until_ready(timeout=MESSAGE_TIMEOUT)
    observer.comment("The bot has logged in.")
    await discord.wait_until_commands(timeout=MESSAGE_TIMEOUT)
    observer.comment("It has registered its commands.")


def _recorded(name: str, *, takes: float) -> tuple[RelayTask, ...]:
    """Return the tasks of a recorded answer with the times of today instead of the recorded."""
    return tuple(
        replace(
            task,
            stages=tuple(
                replace(stage, fields=_without_times(stage.fields)) for stage in task.stages
            ),
        )
        for task in replay(name, takes=takes)
    )


def _without_times(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _TIME_FIELDS}
