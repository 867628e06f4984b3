"""Tests of orderly shutdown: within ten seconds, with exit code 0, and without losing notices."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from sandbox.bot_process import BotProcess
from sandbox.relay import song
from sandbox.relay.faults import slow_headers
from tests.support.forwarder import Forwarder
from tests.support.sandbox_session import SandboxSession

SONG = "song-of-this-stop"
POST = "POST /channels/{id}/messages"
SHUTDOWN_TIMEOUT = 10.0


async def started_bot(sandbox: SandboxSession, **changes: str) -> BotProcess:
    """Start the bot; return it once it works."""
    bot = BotProcess(sandbox.folder, sandbox.environment | changes)
    await bot.start()
    await sandbox.discord.wait_until_ready(timeout=120)
    await sandbox.discord.wait_until_commands(timeout=120)
    return bot


async def wait_for_line(bot: BotProcess, text: str) -> None:
    """Wait until the log of the bot contains a text."""
    async with asyncio.timeout(120):
        while text not in bot.log:  # noqa: ASYNC110 # a process writes it to a file
            await asyncio.sleep(0.05)


async def assert_stops(bot: BotProcess) -> None:
    """Stop the bot; assert that it exits in time, with code 0 and without a warning."""
    assert await bot.stop(grace_period=SHUTDOWN_TIMEOUT) == 0
    assert bot.log.rstrip().endswith("Stopped")
    assert "Traceback" not in bot.log


async def assert_notified_once(sandbox: SandboxSession, *task_ids: str) -> None:
    """Start the bot again; assert that each task has exactly one notice."""
    sandbox.discord.faults.clear()
    sandbox.relay.faults.clear()
    bot = await started_bot(sandbox)
    for task_id in task_ids:
        await sandbox.wait_for_notice(task_id)
    await sandbox.command_answer("suno list")
    await bot.stop()
    for task_id in task_ids:
        assert len(sandbox.notices(task_id)) == 1


async def test_messages_in_flight_are_sent_exactly_once(sandbox: SandboxSession) -> None:
    """After a restart, both the messages Discord had taken and the others exist once."""
    tasks = [f"{SONG}-{number}" for number in range(4)]
    sandbox.relay.add(*(song(task_id, takes=120) for task_id in tasks))
    bot = await started_bot(sandbox)
    for task_id in tasks:
        await sandbox.command_answer("suno watch", id=task_id)
    posting = [
        sandbox.discord.faults.add(POST, delay=60, when="after", times=1, channel=sandbox.songs),
        sandbox.discord.faults.add(POST, delay=60, times=None, channel=sandbox.songs),
    ]
    sandbox.relay.clock.advance(200)
    await sandbox.discord.wait_for(lambda: any(fault.hits for fault in posting), 120)
    await assert_stops(bot)
    await assert_notified_once(sandbox, *tasks)


async def test_a_hanging_poll_does_not_delay_shutdown(sandbox: SandboxSession) -> None:
    """A relay that accepts a request and does not respond does not delay the exit."""
    sandbox.relay.add(song(SONG, takes=120))
    bot = await started_bot(sandbox)
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.relay.faults.add(slow_headers())
    await sandbox.relay.wait_for_requests(len(sandbox.relay.requests) + 1)
    await assert_stops(bot)
    sandbox.relay.clock.advance(200)
    await assert_notified_once(sandbox, SONG)


async def test_shutdown_while_the_gateway_is_unreachable(sandbox: SandboxSession) -> None:
    """The reconnecting of discord.py does not delay the exit."""
    sandbox.relay.add(song(SONG, takes=120))
    async with Forwarder(sandbox.discord.port) as line:
        own, sandbox.discord.gateway.url = (
            sandbox.discord.gateway.url,
            f"ws://127.0.0.1:{line.port}/gateway",
        )
        bot = await started_bot(sandbox, DISCORD_GATEWAY_URL=sandbox.discord.gateway.url)
        await sandbox.command_answer("suno watch", id=SONG)
        line.cut()
        await sandbox.discord.wait_until_disconnected()
        await wait_for_line(bot, "WARNING discord.shard: Attempting a reconnect")
        await assert_stops(bot)
    sandbox.discord.gateway.url = own
    sandbox.relay.clock.advance(200)
    await assert_notified_once(sandbox, SONG)


async def test_shutdown_while_the_gateway_does_not_read(sandbox: SandboxSession) -> None:
    """A gateway that never confirms the close does not delay the exit."""
    async with open_unresponsive_gateway(hello) as (url, greeted):
        bot = BotProcess(sandbox.folder, sandbox.environment | {"DISCORD_GATEWAY_URL": url})
        await bot.start()
        await greeted.wait()
        await asyncio.sleep(1)
        await assert_stops(bot)


async def test_shutdown_before_the_gateway_sends_hello(sandbox: SandboxSession) -> None:
    """A bot that is started and not ready exits in time."""
    async with open_unresponsive_gateway(silence) as (url, greeted):
        bot = BotProcess(sandbox.folder, sandbox.environment | {"DISCORD_GATEWAY_URL": url})
        await bot.start()
        await greeted.wait()
        await assert_stops(bot)


@pytest.mark.parametrize(
    "request_", ["GET /users/@me", "GET /gateway/bot", "PUT /applications/{id}/commands"]
)
async def test_shutdown_during_a_slow_login(sandbox: SandboxSession, request_: str) -> None:
    """A slow request before READY does not delay the exit."""
    fault = sandbox.discord.faults.add(request_, delay=60, times=None)
    bot = BotProcess(sandbox.folder, sandbox.environment)
    await bot.start()
    await sandbox.discord.wait_for(lambda: fault.hits, 120)
    await assert_stops(bot)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_does_not_abort_the_shutdown(
    sandbox: SandboxSession, second: signal.Signals
) -> None:
    """After a second signal, pending operations still have their time."""
    sandbox.relay.add(song(SONG, takes=120))
    bot = await started_bot(sandbox)
    await sandbox.command_answer("suno watch", id=SONG)
    await sandbox.discord.wait_for(sandbox.cards, 120, "the card")
    fault = sandbox.discord.faults.add(POST, delay=2, times=None, channel=sandbox.songs)
    sandbox.relay.clock.advance(200)
    await sandbox.discord.wait_for(lambda: fault.hits, 120)
    bot.send_signal(signal.SIGTERM)
    await wait_for_line(bot, "Stopping")
    bot.send_signal(second)
    await assert_stops(bot)
    assert f"task={SONG} channel={sandbox.songs.id} message=" in bot.log
    await assert_notified_once(sandbox, SONG)


async def test_a_hanging_thread_is_ended_by_the_process_exit(tmp_path: Path) -> None:
    """A blocked thread is named in the log, and the process exits with code 1."""
    program = """
import asyncio, logging, time
import bot.shutdown
bot.shutdown.SHUTDOWN_TIMEOUT = 0.5
logging.basicConfig(level="INFO", format="%(message)s")
async def hang():
    logging.info("working")
    await asyncio.to_thread(time.sleep, 60)
asyncio.run(bot.shutdown.run_until_signal(hang()))
"""
    process = BotProcess(tmp_path, {}, program=("-c", program))
    await process.start()
    await wait_for_line(process, "working")
    assert await process.stop(grace_period=30) == 1
    assert process.log.split()[:3] == ["working", "Stopping", "Stopped"]
    assert "Thread" in process.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_during_the_first_imports_is_handled(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The signal is handled before the bot exists, also by process 1 of a container."""
    program = """
import importlib.abc, sys, time
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "bot.app":
            print("loading", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
from bot.__main__ import main
main(["run"])
"""
    process = BotProcess(tmp_path, {}, program=("-c", program))
    await process.start()
    await wait_for_line(process, "loading")
    process.send_signal(number)
    async with asyncio.timeout(120):
        assert await process.ended() == 0
    assert process.log == "loading\n"


async def hello(socket: web.WebSocketResponse) -> None:
    """Send HELLO as Discord does, then stop reading."""
    await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})


async def silence(socket: web.WebSocketResponse) -> None:
    """Send nothing at all."""


@asynccontextmanager
async def open_unresponsive_gateway(
    greet: Callable[[web.WebSocketResponse], Awaitable[None]],
) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Open a gateway that reads nothing; yield its address and an event set after its greeting."""
    greeted, over = asyncio.Event(), asyncio.Event()

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        await greet(socket)
        greeted.set()
        await over.wait()
        return socket

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}", greeted
    finally:
        over.set()
        await runner.cleanup()
