"""Takes the pictures of the documents: ``make screenshots``.

The real bot is behind the page; it sent everything on the pictures. The fonts are those of
the system: fonts-inter, fonts-noto-cjk and fonts-noto-color-emoji look best.
"""

import asyncio
import re
import sys

from playwright.async_api import Browser, Locator, Page, expect

from sandbox.page import PageEnvironment, page_environment
from sandbox.page.environment import SERVER_KEY
from tests.support.browser import CHROMIUM, NARROW, launch_browser, open_page
from tests.support.first_notice import FirstNotice
from tests.support.message_heights import BUDGETS, measure_heights
from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "pictures"
WINDOW = (1280, 800)
TALL = (1280, 870)
"""For a song from the command to its notice."""
LARGEST = 300_000
"""Bytes of a picture."""
WAIT = 20_000
"""Milliseconds for something to come."""


async def main() -> None:
    """Take every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with page_environment(speed=0.0) as environment, launch_browser() as browser:
        await environment.discord.wait_until_commands(timeout=120)
        await _status_and_notice(environment, browser)
        await _summary(environment, browser)
        await _lyrics(environment, browser)
        await _held(environment, browser)
        await _settings(environment, browser)
        await _narrow(environment, browser)
        await _heights(environment, browser)
    async with page_environment(speed=0.0) as environment, launch_browser() as browser:
        await environment.discord.wait_until_commands(timeout=120)
        await _creation(environment, browser)
        await _creation_on_a_phone(environment, browser)
    async with page_environment(speed=0.0) as environment, launch_browser() as browser:
        await environment.discord.wait_until_commands(timeout=120)
        await _connect(environment, browser)
        await _own_account(environment, browser)


async def _heights(environment: PageEnvironment, browser: Browser) -> None:
    """Print the height of each kind of message beside its budget."""
    user, guild = environment.users.you, environment.discord.add_guild("Heights")
    guild.add_member(user)
    channel = guild.add_channel("heights")
    async for each in measure_heights(environment, browser, user, channel):
        print(f"{each.kind}: {each.pixels} of {BUDGETS[each.kind]} px ({each.task})")  # noqa: T201 # as below


async def _take(page: Page, name: str) -> None:
    path = FOLDER / f"{name}.png"
    await page.mouse.move(0, 0)
    await page.wait_for_function(
        "() => [...document.images].every((one) => one.complete && one.naturalWidth)"
    )
    await page.screenshot(path=path, animations="disabled", caret="hide")
    size = path.stat().st_size
    print(f"{path.relative_to(FOLDER.parents[1])}: {size // 1000} kB")  # noqa: T201 # a command that says what it did
    if size > LARGEST:
        sys.exit(f"{path} is too large")


async def _start(page: Page, kind: str) -> str:
    before = await page.locator(".task").count()
    await page.locator(f'[data-name="{kind}"]').click()
    await expect(page.locator(".task")).to_have_count(before + 1)
    return await page.locator(".task-id code").first.inner_text()


async def _press(page: Page, button: str) -> None:
    """Press one of the buttons of the newest task, and send what that puts into the box."""
    before = await page.locator(".message .context").count()
    task = page.locator(".task").first
    await task.get_by_role("button", name=button, exact=True).click()
    await page.keyboard.press("Enter")
    await expect(page.locator(".message .context")).to_have_count(before + 1)
    await expect(page.locator(".thinking")).to_have_count(0)


def _notice(page: Page, task_id: str) -> Locator:
    return page.locator(".message.pinged", has_text=task_id).last


async def _show(page: Page, message: Locator) -> None:
    await message.evaluate("(node) => node.scrollIntoView({ block: 'start' })")
    await page.locator("#timeline").evaluate("(node) => { node.scrollTop -= 12; }")


async def _status_and_notice(environment: PageEnvironment, browser: Browser) -> None:
    """Take the private status of a running song, then the notice of its end."""
    async with open_page(browser, environment.server.url, size=WINDOW) as page:
        task_id = await _start(page, "song")
        await page.get_by_label("Message #songs").click()
        await page.keyboard.type("/suno")
        await expect(page.locator(".suggestion").nth(2)).to_be_visible()
        await _take(page, "commands-dark")
        await page.keyboard.press("Escape")
        await page.get_by_label("Message #songs").fill("")
        await page.get_by_role("button", name="+10 s").click()
        await page.get_by_role("button", name="+10 s").click()
        await _press(page, "How is it?")
        await _take(page, "status-dark")
        await _press(page, "Watch it")
        environment.discord.send_message(
            environment.users.friend, environment.users.songs, "Paper boats? I want to hear that!"
        )
        await page.get_by_role("button", name="+1 min").click()
        await expect(_notice(page, task_id)).to_be_visible(timeout=WAIT)
        await _show(page, _notice(page, task_id))
        await _take(page, "notice-dark")


async def _summary(environment: PageEnvironment, browser: Browser) -> None:
    """Watch several tasks with one command: one message says how all of them ended."""
    async with open_page(browser, environment.server.url, size=WINDOW) as page:
        ids = [await _start(page, kind) for kind in ("song", "lyrics", "failing", "song")]
        await page.get_by_label("Message #songs").click()
        await page.keyboard.type("/suno watch")
        await page.keyboard.press("Tab")
        await page.keyboard.insert_text(" ".join(ids))
        await page.keyboard.press("Enter")
        await expect(page.locator(".thinking")).to_have_count(0)
        await page.get_by_role("button", name="+1 min").click()
        summary = page.locator(".message.pinged", has_text="♫").last
        await expect(summary).to_be_visible(timeout=WAIT)
        await expect(page.locator(".message .button", has_text="Me too")).to_have_count(0)
        await _take(page, "summary-dark")


async def _lyrics(environment: PageEnvironment, browser: Browser) -> None:
    """Show very long lyrics to one who reads Chinese."""
    async with open_page(browser, environment.server.url, size=WINDOW, dark=False) as page:
        await page.locator(".switcher").click()
        await page.get_by_role("menuitemradio", name="歌友").click()
        await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        await page.get_by_role("button", name="lyrics", exact=True).first.click()
        await _start(page, "long")
        await page.get_by_role("button", name="+1 分钟").click()
        await expect(page.locator(".task-state").first).to_have_text("已完成")
        await _press(page, "歌词")
        await page.locator(".message").last.evaluate("(node) => node.scrollIntoView(false)")
        await _take(page, "lyrics-light")


async def _held(environment: PageEnvironment, browser: Browser) -> None:
    """Take Send Messages away: the bot says that it keeps the notice, and what is missing."""
    async with open_page(browser, environment.server.url, size=WINDOW) as page:
        await page.get_by_role("button", name=re.compile("^lyrics")).click()
        await _start(page, "lyrics")
        await _press(page, "Watch it")
        await page.get_by_role("tab", name="Permissions").click()
        await page.get_by_role("switch", name="Send Messages in #lyrics").click()
        await page.get_by_role("tab", name="Relay").click()
        await page.get_by_role("button", name="+1 min").click()
        await page.get_by_role("tab", name="Permissions").click()
        direct = page.get_by_role("button", name=re.compile("^Suno Bot, 1 unread"))
        await direct.click(timeout=WAIT)
        await _take(page, "held-dark")
        await page.get_by_role("switch", name="Send Messages in #lyrics").click()


async def _settings(environment: PageEnvironment, browser: Browser) -> None:
    """Show the panel of one who may manage the server."""
    async with open_page(browser, environment.server.url, size=WINDOW) as page:
        await page.locator(".switcher").click()
        await page.get_by_role("menuitemradio", name="admin").click()
        await expect(page.locator(".switcher strong")).to_have_text("admin")
        await page.get_by_label("Message #songs").click()
        await page.keyboard.type("/suno-settings")
        await expect(page.locator(".suggestion").first).to_contain_text("panel")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message").last).to_contain_text("Only you can see this")
        await _take(page, "settings-dark")


async def _creation(environment: PageEnvironment, browser: Browser) -> None:
    """Make a song, and do what comes next: the modals, timed lyrics, and an answer that is lost."""
    async with open_page(browser, environment.server.url, size=TALL) as page:
        await page.get_by_role("button", name="Make a song").click()
        await _take(page, "create-dark")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message .embed")).to_have_count(1)
        await environment.relay.wait_for_charges()
        await page.get_by_role("button", name="+1 min").click()
        notice = page.locator(".message.pinged").last
        await expect(notice).to_be_visible()
        await expect(page.locator(".message", has_text="✅")).to_have_count(1)
        await _take(page, "loop-dark")
        await notice.get_by_role("button", name="More…").click()
        menu = page.locator(".message.ephemeral", has_text="what next?")
        await menu.get_by_role("button", name="Timed lyrics 1").click()
        await expect(page.locator(".message.ephemeral")).to_have_count(3)
        await page.locator(".message .select").last.click()
        await expect(page.get_by_role("option").first).to_be_visible()
        await _take(page, "timed-dark")
        await page.keyboard.press("Escape")
        await menu.get_by_role("button", name="Extend 2").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Continue from").fill("0:20")
        await dialog.get_by_label("Lyrics").fill("[Bridge]\nAnd when the last train has gone by")
        await _take(page, "extend-dark")
        await page.keyboard.press("Escape")
        await page.locator(".composer-text").fill("/suno compose")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await dialog.get_by_label("Title").fill("Paper Boats at Noon")
        await dialog.get_by_label("Style").fill("warm indie folk, fingerpicked guitar")
        await dialog.get_by_label("Lyrics").fill("[Verse]\nWe folded up the morning news")
        await _take(page, "compose-dark")
        await page.keyboard.press("Escape")
        await page.get_by_label("Charged, but the answer is lost").check()
        await page.locator(".composer-text").fill("/suno create Boats that come home by night")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message", has_text="It may have been charged")).to_have_count(1)
        await expect(page.locator(".message", has_text="❔")).to_have_count(1)
        await expect(page.locator(".charges")).to_have_text("Charged 2 times so far.")
        await page.locator(".charges").scroll_into_view_if_needed()
        await _take(page, "unconfirmed-dark")
        await page.get_by_label("Accepted", exact=True).check()


async def _creation_on_a_phone(environment: PageEnvironment, browser: Browser) -> None:
    """Make a song in Chinese on a phone."""
    async with open_page(
        browser, environment.server.url, size=NARROW, dark=False, scale=1.5
    ) as page:
        await _switch_to_chinese(page)
        await page.locator(".composer-text").fill("/suno 创作 午夜的城市灯火：慢速，温暖，钢琴")
        await page.keyboard.press("Enter")
        await environment.relay.wait_for_charges(3)
        environment.relay.age(60)
        notice = page.locator(".message.pinged").last
        await notice.locator(".button", has_text="更多").click()
        menu = page.locator(".message.ephemeral").last
        await expect(menu.get_by_role("button", name="续写 1")).to_be_visible()
        await _take(page, "create-phone-light")


async def _connect(environment: PageEnvironment, browser: Browser) -> None:
    """Invite the bot, and connect the relay of the server."""
    async with open_page(browser, environment.server.url, size=WINDOW) as page:

        async def take(step: str) -> None:
            if name := {"key": "connect-dark", "connected": "connected-dark"}.get(step):
                await _take(page, name)
            elif step == "watching":
                await page.get_by_role("button", name="+1 min").click()

        await FirstNotice(page, take).play()


async def _own_account(environment: PageEnvironment, browser: Browser) -> None:
    """Connect a key of one's own, in Chinese on a phone."""
    async with open_page(
        browser, environment.server.url, size=NARROW, dark=False, scale=1.5
    ) as page:
        await _switch_to_chinese(page)
        await page.get_by_role("button", name="显示频道").click()
        await page.get_by_role("button", name=re.compile("^Suno Bot")).click()
        await page.locator(".composer-text").fill("/suno 账号")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        panel = page.locator(".message.ephemeral").last
        await panel.get_by_role("button", name="DeerAPI").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("textbox").fill(SERVER_KEY)
        await dialog.get_by_role("button", name="提交").click()
        await expect(panel).to_contain_text("已连接")
        await _take(page, "account-light")


async def _switch_to_chinese(page: Page) -> None:
    """Show the view of one who reads Chinese, on a phone."""
    await page.get_by_role("button", name="Show the channels").click()
    await page.locator(".switcher").click()
    await page.get_by_role("menuitemradio", name="歌友").click()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await page.keyboard.press("Escape")
    await expect(page.locator("#sidebar")).to_be_hidden()


async def _narrow(environment: PageEnvironment, browser: Browser) -> None:
    """Show the same on a phone."""
    async with open_page(browser, environment.server.url, size=NARROW, scale=1.5) as page:
        await _show(page, page.locator(".message.pinged").first)
        await _take(page, "phone-dark")


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("There is no Chromium: install the package `chromium`.")
    asyncio.run(main())
