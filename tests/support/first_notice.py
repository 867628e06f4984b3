"""What a manager does on the demo's page, from the invitation of the bot to the first notice.

``python -m tests.support.first_notice --pause 5`` does that with a relay that takes 45 seconds for
a song, and prints when each action was done.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from playwright.async_api import Locator, Page, expect

from sandbox.page import page_environment
from sandbox.page.environment import SERVER_KEY
from tests.support.browser import launch_browser, open_page
from tests.support.page_harness import switch_user


async def _ignore(_step: str) -> None:
    """Do nothing about a step that is shown."""


@dataclass(slots=True)
class FirstNotice:
    """The way of a manager to the first song of the server's own relay.

    The operator's relay does not know the song. ``shown`` is told what the page shows now:
    ``greeting``, ``choice``, ``key``, ``connected``, ``watching`` and ``notice``. ``pause`` are the
    seconds that the manager takes to read before each action.
    """

    page: Page
    shown: Callable[[str], Awaitable[None]] = _ignore
    pause: float = 0.0
    actions: list[tuple[str, float]] = field(default_factory=list)
    """What was done, and the time from ``time.monotonic`` when it was; the notice at the end."""

    async def play(self) -> Locator:
        """Remove the bot from the server, invite it again, and go on; return the notice."""
        await switch_user(self.page, "admin")
        await self._tab("Bot")
        await self._button("Remove it").click()
        await self._do("invite the bot", self._button("Invite it").click())
        greeting = self.page.locator(".message", has_text="👋").last
        command = greeting.get_by_role("button", name="/suno-settings relay")
        await expect(command).to_be_visible()
        await self._tab("Relay")
        await self.page.get_by_label("The server's own").check()
        await self.shown("greeting")
        await self._do("press /suno-settings relay in the greeting", command.click())
        await self._connect()
        return await self._watch()

    async def _connect(self) -> None:
        """Send the command, choose a relay, and paste the key."""
        await self._do("send it", self.page.keyboard.press("Enter"))
        panel = self.page.locator(".message.ephemeral").last
        relay = panel.get_by_role("button", name="DeerAPI")
        await expect(relay).to_be_visible()
        await self.shown("choice")
        await self._do("choose DeerAPI", relay.click())
        dialog = self.page.get_by_role("dialog")
        await self._do("paste the key", dialog.get_by_role("textbox").fill(SERVER_KEY))
        await self.shown("key")
        await self._do("submit it", dialog.get_by_role("button", name="Submit").click())
        await expect(panel).to_contain_text("Connected:")
        await self.shown("connected")

    async def _watch(self) -> Locator:
        """Start a song at the relay of the server, and watch it to its end."""
        page, tasks = self.page, self.page.locator(".task")
        before = await tasks.count()
        await self._do("start a song at the relay", page.locator('[data-name="song"]').click())
        await expect(tasks).to_have_count(before + 1)
        task_id = await page.locator(".task-id code", has_not_text=SERVER_KEY).first.inner_text()
        command = page.locator(".message.ephemeral").last.get_by_role("button", name="/suno watch")
        await self._do("press /suno watch", command.click())
        await self._do("paste the id of the song", page.keyboard.insert_text(task_id))
        await self._do("send it", page.keyboard.press("Enter"))
        await expect(page.locator(".context").last).to_contain_text("used /suno watch")
        notice = page.locator(".message.pinged", has_text=task_id).last
        await self.shown("watching")
        await expect(notice).to_be_visible(timeout=120_000)
        self.actions.append(("the notice is there", time.monotonic()))
        await self.shown("notice")
        return notice

    def _button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    async def _tab(self, name: str) -> None:
        await self.page.get_by_role("tab", name=name, exact=True).click()

    async def _do(self, what: str, action: Awaitable[None]) -> None:
        await asyncio.sleep(self.pause)
        await action
        self.actions.append((what, time.monotonic()))


async def _measure(pause: float) -> None:
    async with page_environment() as environment, launch_browser() as browser:
        await environment.discord.wait_until_commands(timeout=120)
        async with open_page(browser, environment.server.url) as page:
            way = FirstNotice(page, pause=pause)
            await way.play()
    _, began = way.actions[0]
    for what, at in way.actions:
        print(f"{at - began + pause:6.1f} s  {what}")  # noqa: T201 # a command that says what it did


def main() -> None:
    """Print how long the way takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before each action")
    asyncio.run(_measure(parser.parse_args().pause))


if __name__ == "__main__":
    main()
