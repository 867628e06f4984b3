import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import expect

from bot.settings import Settings
from sandbox.bot_process import without_settings
from sandbox.page import page_environment
from tests.support.browser import launch_browser, needs_chromium, open_page
from tests.support.paths import ROOT


@asynccontextmanager
async def called(*words: str, columns: int = 100) -> AsyncIterator[asyncio.subprocess.Process]:
    """Call the command line; neither it nor the bot that it starts outlives the test."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        "-m",
        "bot",
        *words,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": str(columns)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()  # a kill would leave the bot behind
        async with asyncio.timeout(120):
            await process.communicate()


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        pytest.skip("this system does not show the parent of a process")
    return [int(one) for one in children.read_text(encoding="ascii").split()]


def still_runs(pid: int) -> bool:
    """Return whether a process runs."""
    return Path(f"/proc/{pid}").exists()


async def address_of(process: asyncio.subprocess.Process) -> str:
    """Return the one address that the demo prints."""
    assert process.stdout is not None
    async with asyncio.timeout(120):
        async for line in process.stdout:
            if found := re.search(rb"http://127\.0\.0\.1:\d+/", line):
                return found[0].decode()
    raise AssertionError("the demo printed no address")


async def test_the_headless_demo_prints_the_messages_and_the_result() -> None:
    """It exits by itself, with code 0 only if every message came, and prints no long line."""
    async with called("demo", "--headless", columns=80) as process:
        printed, _ = await process.communicate()
    output = printed.decode()
    assert process.returncode == 0, output
    for shown in ("/suno status", "/suno watch", "Suno Bot", "(ephemeral)", "Your task failed"):
        assert shown in output
    assert "Every expected message came" in output
    assert "✗" not in output
    assert max(map(len, output.splitlines())) <= 80


async def test_the_demo_serves_its_page_until_it_is_interrupted() -> None:
    """It prints its address, and ends at Ctrl+C without an error message."""
    async with called("demo") as process, aiohttp.ClientSession() as session:
        url = await address_of(process)
        async with session.get(url) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        printed, _ = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in printed
    assert b"ended" in printed


@pytest.mark.parametrize("option", [("--script",), ("--port", "8000")])
async def test_the_headless_demo_refuses_the_options_of_the_page(option: tuple[str, ...]) -> None:
    """They had no effect, without a word."""
    async with called("demo", "--headless", *option) as process:
        output, _ = await process.communicate()
    assert process.returncode == 2
    assert b"leave out --script and --port" in output


async def test_the_headless_demo_stops_its_bot_when_it_is_interrupted() -> None:
    """No bot process is left behind."""
    async with called("demo", "--headless") as process:
        assert process.stdout is not None
        async with asyncio.timeout(120):
            while b"logged in" not in await process.stdout.readline():
                pass
        (bot,) = children_of(process.pid)
        process.terminate()
        await process.communicate()
    assert process.returncode == 1
    assert not still_runs(bot)


async def test_a_port_in_use_is_reported() -> None:
    """The error contains the port, and the exit code is 1."""
    async with called("demo") as first:
        port = (await address_of(first)).rpartition(":")[2].rstrip("/")
        async with called("demo", "--port", port) as second:
            printed, _ = await second.communicate()
        assert second.returncode == 1
        assert port in printed.decode()
        assert "Traceback" not in printed.decode()


@needs_chromium
async def test_the_tour_plays_on_the_page() -> None:
    """Its button plays the scenes of the headless demo, and every expected message comes."""
    async with (
        page_environment(speed=3.0, reading_time=0.0) as environment,
        launch_browser() as browser,
    ):
        await environment.discord.wait_until_commands(timeout=120)
        await environment.discord.wait_until_ready(timeout=120)
        async with open_page(browser, environment.server.url) as page:
            await expect(page.locator(".top-state")).to_have_attribute("data-state", "on")
            await expect(page.locator(".first-steps li")).to_have_count(3)
            await page.get_by_role("button", name="Play the tour").click()
            caption = page.locator("#caption")
            await expect(caption).to_contain_text("Every expected message came", timeout=60_000)
            await expect(page.locator(".first-steps, .play-tour")).to_have_count(0)
            await expect(page.locator(".top-name")).to_have_text("songs")
            failure = page.locator(".message.pinged", has_text="artist name")
            await expect(failure).to_have_count(1)
            placeholder = page.get_by_role("img", name="Cover not available offline")
            await expect(placeholder.first).to_be_attached()


def test_no_setting_of_the_operator_reaches_a_bot_of_the_sandbox() -> None:
    """Whatever is set in the shell where the demo or the tests are started."""
    settings = dict.fromkeys((name.upper() for name in Settings.model_fields), "set")
    assert without_settings({**settings, "HOME": "/home/ada"}) == {"HOME": "/home/ada"}
