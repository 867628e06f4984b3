"""The demo: the real bot with a Discord and a relay on loopback, which end with it.

The bot is a process of its own that knows the two servers by their addresses alone. A page in a
browser shows them, or the terminal prints what happens.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from sandbox.bot_process import BotProcess, creation_settings, local_program, settings_for
from sandbox.discord import LocalDiscord
from sandbox.page import PageEnvironment, page_environment
from sandbox.relay import LocalRelay
from sandbox.scenario import MESSAGE_TIMEOUT, Checklist, Scenario, wait_for_login
from sandbox.terminal import TerminalObserver
from sandbox.users import add_demo_users

_TITLE = "[bold]Suno Bot with a Discord and a relay on this machine[/bold]"


def serve_page(*, port: int, script: bool) -> bool:
    """Serve the page until Ctrl+C; return False if the bot or the page did not start.

    ``port`` 0 takes a free one. With ``script``, the scenario is played once a page is open.
    """
    console = Console(highlight=False)
    try:
        return asyncio.run(_serve_page(console, port=port, script=script))
    except asyncio.CancelledError:
        return False
    except OSError as error:
        console.print(f"The page cannot be served on port {port}: {error.strerror}", style="red")
        return False


async def _serve_page(console: Console, *, port: int, script: bool) -> bool:
    _cancel_on_sigterm()
    async with page_environment(port=port) as environment:
        try:
            await environment.discord.wait_until_commands(timeout=MESSAGE_TIMEOUT)
        except TimeoutError:
            _print_failed_login(console, "\n".join(environment.bot.description()["log"]))
            return False
        console.print(_TITLE)
        console.print("No token, no network. Open this address in a browser; Ctrl+C ends it.\n")
        console.print(f"  {environment.server.url}\n", style="bold", soft_wrap=True)
        tour = asyncio.create_task(_play_tour(environment, console)) if script else None
        await _wait_for_signal()
        if tour is not None:
            tour.cancel()
            with suppress(asyncio.CancelledError):
                await tour
    console.print("The demo has ended; nothing of it is kept.")
    return True


def _cancel_on_sigterm() -> None:
    """Let SIGTERM cancel the current task, so that the bot's process is stopped too."""
    task = asyncio.current_task()
    if task is not None:
        _handle_signal(signal.SIGTERM, task.cancel)


async def _wait_for_signal() -> None:
    """Wait for SIGINT (Ctrl+C) or SIGTERM."""
    received = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        _handle_signal(number, received.set)
    await received.wait()


def _handle_signal(number: signal.Signals, callback: Callable[[], object]) -> None:
    """Call back when a signal arrives. On Windows, Ctrl+C raises ``KeyboardInterrupt`` instead."""
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(number, callback)


async def _play_tour(environment: PageEnvironment, console: Console) -> None:
    await environment.page.opened.wait()
    checklist = Checklist(console)
    await environment.tour.play(checklist)
    checklist.print()


def run_headless() -> bool:
    """Play the scenario on the terminal; return whether every expected message came."""
    try:
        return asyncio.run(_run_headless(Console(highlight=False)))
    except asyncio.CancelledError:
        return False


async def _run_headless(console: Console) -> bool:
    _cancel_on_sigterm()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="suno-bot-demo-")))
        discord = await stack.enter_async_context(LocalDiscord())
        discord.gateway.identify_limits.seconds = 0  # the bot may be restarted at once
        relay = await stack.enter_async_context(LocalRelay(speed=1.0))
        users = add_demo_users(discord)
        observer = TerminalObserver(console, discord)
        console.print(_TITLE)
        console.print("No token, no network: the real bot connects to both over loopback.")
        settings = settings_for(discord, relay, folder) | creation_settings(folder)
        program = local_program(users.guild.id)
        bot = await stack.enter_async_context(BotProcess(folder, settings, program))
        try:
            await wait_for_login(discord, observer)
        except TimeoutError:
            _print_failed_login(console, bot.log)
            return False
        checklist = Checklist(console)
        await Scenario(discord, relay, users, observer, checklist).play()
        checklist.print()
        if checklist.complete:
            console.print("\n[bold green]Every expected message came.[/bold green]")
        else:
            console.print("\n[bold red]Not every expected message came.[/bold red]")
        return checklist.complete


def _print_failed_login(console: Console, log: str) -> None:
    console.print("The bot did not log in. Its log:", style="red")
    console.print(log, markup=False)
