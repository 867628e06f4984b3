"""The demo: the real bot, on a Discord and a relay that live as long as it runs.

Nothing of it is played: the bot is a process of its own that knows the two servers by their
addresses alone. It is shown as a page in a browser, or told on the terminal.
"""

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import LocalDiscord
from sandbox.page import PageEnvironment, page_environment
from sandbox.page.tour import Tour
from sandbox.prompt import take_commands
from sandbox.relay import LocalRelay
from sandbox.scenario import PATIENCE, Checklist, ScenarioContext, log_in, play
from sandbox.transcript import Transcript
from sandbox.users import add_demo_users


def show_page(*, port: int, script: bool) -> bool:
    """Show the demo as a page until Ctrl+C; return False if the bot did not come up.

    ``port`` 0 takes a free one. With ``script``, a tour begins as soon as the page is open.
    """
    console = Console(highlight=False)
    try:
        return asyncio.run(_show_page(console, port=port, script=script))
    except asyncio.CancelledError:
        return False
    except OSError as error:
        console.print(f"The page cannot be served on port {port}: {error.strerror}", style="red")
        return False


async def _show_page(console: Console, *, port: int, script: bool) -> bool:
    _take_the_bot_along()
    async with page_environment(port=port) as stage:
        try:
            await stage.discord.wait_until_commands(timeout=PATIENCE)
        except TimeoutError:
            console.print("The bot did not log in. It said:", style="red")
            console.print("\n".join(stage.bot.described()["log"]), markup=False)
            return False
        console.print("[bold]Suno Bot, on a Discord and a relay of this machine's own.[/bold]")
        console.print("No token, no network. Open this in a browser; Ctrl+C ends it.\n")
        console.print(f"  {stage.page.url}\n", style="bold", soft_wrap=True)
        touring = asyncio.create_task(_tour(stage, console)) if script else None
        await _told_to_end()
        if touring is not None:
            touring.cancel()
            with suppress(asyncio.CancelledError):
                await touring
    console.print("The demo has ended; nothing of it is kept.")
    return True


def _take_the_bot_along() -> None:
    """Let the signal with which systems end programs unwind this one, so that the bot ends too."""
    task = asyncio.current_task()
    if task is not None:
        with suppress(NotImplementedError):  # Windows has no such handlers
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _told_to_end() -> None:
    """Wait for Ctrl+C, or for the signal with which systems end programs."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has no such handlers: Ctrl+C interrupts
            loop.add_signal_handler(number, ended.set)
    await ended.wait()


async def _tour(stage: PageEnvironment, console: Console) -> None:
    await stage.page.visited.wait()
    checklist = Checklist(console)
    tour = Tour(stage.page)
    await play(ScenarioContext(stage.discord, stage.relay, stage.cast, tour), checklist)
    tour.end(complete=checklist.complete)
    checklist.print()


def tell(*, keep: bool) -> bool:
    """Tell the demo on the terminal; return whether every expected message came.

    With ``keep`` it goes on afterwards, and takes commands from the terminal.
    """
    try:
        return asyncio.run(_tell(Console(highlight=False), keep=keep))
    except asyncio.CancelledError:
        return False


async def _tell(console: Console, *, keep: bool) -> bool:
    _take_the_bot_along()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="suno-bot-demo-")))
        discord = await stack.enter_async_context(LocalDiscord())
        discord.gateway.identify_limits.seconds = 0  # the bot is started anew at once
        relay = await stack.enter_async_context(LocalRelay(speed=1.0))
        cast = add_demo_users(discord)
        transcript = Transcript(console, discord)
        console.print("[bold]Suno Bot, on a Discord and a relay of this machine's own.[/bold]")
        console.print("No token, no network: the real bot connects to both over loopback.")
        bot = await stack.enter_async_context(
            BotProcess(folder, settings_for(discord, relay, folder))
        )
        try:
            await log_in(discord, transcript)
        except TimeoutError:
            console.print("The bot did not log in. It said:", style="red")
            console.print(bot.log, markup=False)
            return False
        checklist = Checklist(console)
        await play(ScenarioContext(discord, relay, cast, transcript), checklist)
        checklist.print()
        if keep:
            await take_commands(console, discord, relay, cast.you, cast.songs)
        console.print(_verdict(complete=checklist.complete))
        return checklist.complete


def _verdict(*, complete: bool) -> str:
    if complete:
        return "\n[bold green]Every expected message came.[/bold green]"
    return "\n[bold red]Not every expected message came.[/bold red]"
