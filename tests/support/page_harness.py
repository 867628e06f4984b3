"""The page before a bot whose answers each test sets itself, and what one does on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import discord
from playwright.async_api import Browser, Locator, Page, expect

from sandbox.discord import LocalDiscord, Message, User
from sandbox.page import PageServer, PageState, RelayControls
from sandbox.relay import LocalRelay
from sandbox.users import add_demo_users
from tests.support.browser import launch_browser, open_page
from tests.support.sandbox_client import SampleBot, redirect_discord_py


@dataclass(frozen=True)
class PageHarness:
    """A page before a bot whose answers each test sets itself."""

    local: LocalDiscord
    bot: SampleBot
    server: PageServer
    browser: Browser
    you: User
    friend: User

    @asynccontextmanager
    async def page(self, **options: Any) -> AsyncIterator[Page]:
        """Open the page in a window of its own, in a channel of its own."""
        number = len(self.local.state.channels)
        channel = next(iter(self.local.state.guilds.values())).add_channel(f"room-{number}")
        self.rooms.append(channel)
        async with open_page(self.browser, self.server.url, **options) as page:
            item = page.locator(".channel-item", has_text=channel.name)
            if not await item.is_visible():
                await page.get_by_role("button", name="Show the channels").click()
            await item.click()
            yield page

    rooms: list[Any]

    async def post(self, **payload: Any) -> Message:
        """Let the bot post in the channel that was opened last."""
        room = self.rooms[-1]
        route = discord.http.Route("POST", f"/channels/{room.id}/messages")
        await self.bot.http.request(route, json=payload)
        message: Message = room.messages[-1]
        return message


@asynccontextmanager
async def open_page_harness() -> AsyncIterator[PageHarness]:
    """Open a page with a bot and a browser."""
    async with LocalDiscord() as local:
        users = add_demo_users(local)
        with redirect_discord_py(local):
            bot = SampleBot()
            server = PageServer(PageState(local, RelayControls(LocalRelay()), users.all))
            async with server, launch_browser() as browser, bot:
                await bot.login(local.token)
                running = asyncio.create_task(bot.connect())
                await local.wait_until_ready()
                yield PageHarness(local, bot, server, browser, users.you, users.friend, [])
                await bot.close()
                await running


def last(page: Page) -> Locator:
    """Return the last message."""
    return page.locator(".message").last


async def use(page: Page, typed: str) -> None:
    """Type a text into the message box and send it."""
    await page.locator(".composer-text").click()
    await page.keyboard.type(typed)
    await page.keyboard.press("Enter")


async def switch_user(page: Page, name: str) -> None:
    """Show the view of another user."""
    await page.get_by_role("button", name="Switch user").click()
    await page.get_by_role("menuitemradio", name=name).click()
    await expect(page.locator(".switcher strong")).to_have_text(name)


ROW: dict[str, Any] = {"type": 1}
