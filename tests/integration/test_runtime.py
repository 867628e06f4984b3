import asyncio
import re
import sys

import pytest

from bot.lifecycle import serve
from bot.runtime import new_event_loop
from bot.settings import Settings
from sandbox.bot_process import BotProcess
from tests.support.sandbox_session import SandboxSession

REPORTS_RUNTIME_AT_EXIT = """
import atexit, gc, sys
from bot.__main__ import main
atexit.register(lambda: print("interval", sys.getswitchinterval(), "frozen", gc.get_freeze_count()))
sys.argv = ["suno-bot", "run"]
main()
"""
"""Runs the bot and prints the settings of the interpreter when it exits."""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows")
def test_the_event_loop_is_uvloop() -> None:
    """The bot uses uvloop where it is installed."""
    loop = new_event_loop()
    loop.close()
    assert type(loop).__module__.startswith("uvloop")


def test_asyncio_is_used_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvloop, the bot runs on the event loop of asyncio."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert type(runner.get_loop()).__module__.startswith("asyncio")
        assert runner.run(asyncio.sleep(0, "done")) == "done"


async def test_the_ready_callback_runs_once(sandbox: SandboxSession) -> None:
    """The callback runs once, after Discord has sent the servers."""
    calls = []
    ready = asyncio.Event()

    def when_ready() -> None:
        calls.append(sandbox.discord.gateway.all_shards_ready)
        ready.set()

    values = {name.lower(): value for name, value in sandbox.environment.items()}
    bot = asyncio.create_task(serve(Settings.model_validate(values), when_ready=when_ready))
    async with asyncio.timeout(120):
        await ready.wait()
        await sandbox.discord.drop_gateway()
        await sandbox.discord.wait_until_ready()
    bot.cancel()
    await asyncio.gather(bot, return_exceptions=True)
    assert calls == [True]


async def test_a_ready_bot_freezes_the_garbage_collector(sandbox: SandboxSession) -> None:
    """When the bot is ready, the loaded objects are excluded from garbage collection."""
    bot = BotProcess(sandbox.folder, sandbox.environment, program=("-c", REPORTS_RUNTIME_AT_EXIT))
    await bot.start()
    async with asyncio.timeout(120):
        while "Gateway ready" not in bot.log:  # noqa: ASYNC110 # a process writes it
            await asyncio.sleep(0.1)
    assert await bot.stop() == 0
    switch_interval, frozen = re.findall(r"interval (\S+) frozen (\d+)", bot.log)[0]
    assert float(switch_interval) == pytest.approx(0.001)
    assert int(frozen) > 50_000
