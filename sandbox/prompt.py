"""Commands typed on the terminal while the demo stays."""

import asyncio
import shlex
import sys
from collections.abc import Callable

from rich.console import Console

from sandbox.discord import ActionUnavailable, Channel, LocalDiscord, User
from sandbox.relay import LocalRelay, RelayTask, failing, half_success, lyrics_task, song, stuck

NEW_TASKS: dict[str, Callable[[], RelayTask]] = {
    "song": lambda: song(takes=12.0),
    "lyrics": lambda: lyrics_task(takes=6.0),
    "failing": lambda: failing(takes=6.0),
    "half": lambda: half_success(takes=12.0),
    "stuck": stuck,
}

HELP = f"""Type
  new {"|".join(NEW_TASKS)}   to start a task at the relay
  /suno status ID, /suno watch ID, /suno list, …   as you would in Discord
and end with Ctrl+D."""


async def take_commands(
    console: Console, discord: LocalDiscord, relay: LocalRelay, user: User, channel: Channel
) -> None:
    """Do what is typed, a line each, until the input ends."""
    console.print("\nIt is your turn.", style="bold", end=" ")
    console.print(HELP, markup=False)
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            answer = await _do(shlex.split(line), discord, relay, user, channel)
        except (ActionUnavailable, TimeoutError, ValueError) as error:
            answer = str(error)
        if answer:
            console.print(answer, markup=False)


async def _do(
    words: list[str], discord: LocalDiscord, relay: LocalRelay, user: User, channel: Channel
) -> str:
    match words:
        case []:
            return ""
        case ["new", kind] if kind in NEW_TASKS:
            task = NEW_TASKS[kind]()
            relay.add(task)
            return f"A new task at the relay: {task.id}"
        case ["/suno", command, *ids]:
            options = {"id": " ".join(ids)} if ids else {}
            interaction = await discord.command(user, channel, f"suno {command}", **options)
            await interaction.answered(timeout=5)
            return ""
        case _:
            return HELP
