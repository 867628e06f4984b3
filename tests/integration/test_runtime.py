import asyncio
import re
import sys

import pytest

from bot.lifecycle import serve
from bot.runtime import new_event_loop
from bot.settings import Settings
from sandbox.bot_process import BotProcess
from tests.support.sandbox_session import SandboxSession

TELLS_AT_ITS_END = """
import atexit, gc, sys
from bot.__main__ import main
atexit.register(lambda: print("turns of", sys.getswitchinterval(), "frozen", gc.get_freeze_count()))
sys.argv = ["suno-bot", "run"]
main()
"""
"""The bot, which says when it has stopped how Python ran it."""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows")
def test_the_loop_is_uvloops() -> None:
    """It takes less time for the same work."""
    loop = new_event_loop()
    loop.close()
    assert type(loop).__module__.startswith("uvloop")


def test_without_uvloop_the_loop_is_asyncios_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot runs where uvloop is not to be had, too."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert type(runner.get_loop()).__module__.startswith("asyncio")
        assert runner.run(asyncio.sleep(0, "done")) == "done"


async def test_it_is_told_once_that_everything_is_there(sandbox: SandboxSession) -> None:
    """Not before Discord has told of the servers."""
    results = []
    ready = asyncio.Event()

    def when_ready() -> None:
        results.append(sandbox.discord.gateway.all_shards_ready)
        ready.set()

    values = {name.lower(): value for name, value in sandbox.environment.items()}
    bot = asyncio.create_task(serve(Settings.model_validate(values), when_ready=when_ready))
    async with asyncio.timeout(30):
        await ready.wait()
        await sandbox.discord.drop_gateway()
        await sandbox.discord.wait_until_ready()
    bot.cancel()
    await asyncio.gather(bot, return_exceptions=True)
    assert results == [True]


async def test_what_is_loaded_is_not_searched_for_garbage(sandbox: SandboxSession) -> None:
    """A bot that is ready has frozen it, and lets its event loop have its turn soon."""
    bot = BotProcess(sandbox.folder, sandbox.environment, program=("-c", TELLS_AT_ITS_END))
    await bot.start()
    async with asyncio.timeout(30):
        while "Gateway ready" not in bot.log:  # noqa: ASYNC110 # a process writes it
            await asyncio.sleep(0.1)
    assert await bot.stop() == 0
    turns, frozen = re.findall(r"turns of (\S+) frozen (\d+)", bot.log)[0]
    assert float(turns) == pytest.approx(0.001)
    assert int(frozen) > 50_000
