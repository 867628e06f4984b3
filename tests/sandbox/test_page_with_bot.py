import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from bot.i18n.catalog import catalog_for
from sandbox.page import PageEnvironment, page_environment
from sandbox.relay import lyrics_task, song
from tests.support.browser import NARROW, WIDE, launch_browser, needs_chromium, open_page

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True)
class Demo:
    """The demo as ``make demo`` shows it, and what opens its page."""

    environment: PageEnvironment
    browser: Browser

    @property
    def page(self) -> Callable[..., AbstractAsyncContextManager[Page]]:
        """Open the page in a window of its own."""
        return partial(open_page, self.browser, self.environment.server.url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    """Return the demo with the real bot; the relay's clock stands still."""
    async with page_environment(speed=0.0) as environment, launch_browser() as browser:
        await environment.discord.wait_until_commands(timeout=120)
        yield Demo(environment, browser)


def last(page: Page) -> Locator:
    """Return the last message."""
    return page.locator(".message").last


async def new_task(page: Page, kind: str) -> str:
    """Start a task at the relay; return its id."""
    before = await page.locator(".task").count()
    await page.locator(f'[data-name="{kind}"]').click()
    await expect(page.locator(".task")).to_have_count(before + 1)
    return await page.locator(".task-id code").first.inner_text()


async def advance_relay_clock(page: Page, time: str) -> None:
    """Advance the clock of the relay."""
    await page.get_by_role("button", name=time).click()


async def switch_user(page: Page, name: str) -> None:
    """Show the view of another user."""
    await page.locator(".switcher").click()
    await page.get_by_role("menuitemradio", name=name).click()
    await expect(page.locator(".switcher strong")).to_have_text(name)


def notice(page: Page, task_id: str) -> Locator:
    """Return the public message about the end of a task."""
    return page.locator(".message:not(.ephemeral)", has_text=task_id).last


async def test_a_song_is_watched_to_its_end(demo: Demo) -> None:
    """Choose the command, watch, and get a notice with a cover, a player and a link."""
    async with demo.page() as page:
        task_id = await new_task(page, "song")
        await page.get_by_label("Message #songs").click()
        await page.keyboard.type("/suno st")
        described = catalog_for("en").text("command-status")
        await expect(page.get_by_role("option", name="/suno status")).to_contain_text(described)
        await page.keyboard.press("Tab")
        await page.keyboard.type(task_id)
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("Only you can see this")
        await expect(last(page)).to_contain_text(task_id)
        await page.get_by_role("button", name="Watch it").first.click()
        await page.keyboard.press("Enter")
        await expect(page.locator(".context").last).to_contain_text("you used /suno watch")
        await advance_relay_clock(page, "+1 min")
        posted = notice(page, task_id)
        title = await page.locator(".task-head strong").first.inner_text()
        await expect(posted).to_contain_text(title, timeout=60_000)
        await expect(posted).to_have_class(re.compile("pinged"))
        await expect(posted.locator("img.picture").first).to_have_js_property("naturalWidth", 320)
        await expect(posted.locator(".file audio")).to_have_js_property("readyState", 4)
        await posted.get_by_role("link", name="▶ 1").click()
        await expect(page.locator(".dock")).to_contain_text("Now playing")
        await expect(page.locator(".dock audio")).to_have_js_property("readyState", 4)


async def test_typing_after_a_command_fills_in_its_first_option(demo: Demo) -> None:
    """A command with only optional options asks for none of them until one types."""
    async with demo.page() as page:
        await page.get_by_label("Message #songs").click()
        await page.keyboard.type("/suno history")
        await page.keyboard.press("Tab")
        await expect(page.locator(".option-input")).to_have_count(0)
        await page.keyboard.type("zither")
        await expect(page.locator(".option-input")).to_have_value("zither")
        await page.keyboard.press("Enter")
        nothing = catalog_for("en").text("history-nothing-found", search="zither")
        await expect(last(page)).to_contain_text(nothing)


async def test_a_notice_without_permission_is_held_and_sent_later(demo: Demo) -> None:
    """Without Send Messages the notice is held until the permission is back."""
    async with demo.page() as page:
        await page.get_by_role("button", name=re.compile("^lyrics")).click()
        task_id = await new_task(page, "lyrics")
        await page.get_by_role("button", name="Watch it").first.click()
        await page.keyboard.press("Enter")
        await expect(page.locator(".context").last).to_contain_text("/suno watch")
        await page.get_by_role("tab", name="Permissions").click()
        switch = page.get_by_role("switch", name="Send Messages in #lyrics")
        await switch.press("Space")
        await expect(page.locator(".denied")).to_contain_text("Send Messages")
        await page.get_by_role("tab", name="Relay").click()
        await advance_relay_clock(page, "+1 min")
        direct = page.get_by_role("button", name="Suno Bot, 1 unread")
        await expect(direct).to_be_visible(timeout=60_000)
        await expect(notice(page, task_id).locator(".embed")).to_have_count(0)
        await page.get_by_role("tab", name="Permissions").click()
        await switch.press("Space")
        await expect(notice(page, task_id).locator(".embed")).to_be_visible(timeout=60_000)


async def test_the_page_is_shown_in_the_language_of_the_member(demo: Demo) -> None:
    """The page is translated, and the bot gets the locale with every command."""
    async with demo.page() as page:
        await switch_user(page, "歌友")
        await expect(page.locator(".composer-text")).to_have_attribute(
            "placeholder", "发消息到 #songs"
        )
        await page.locator(".composer-text").click()
        await page.keyboard.type("/suno list ")
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("只有您能看到这条消息")
        asked = demo.environment.discord.interactions[-1]
        assert asked.payload()["locale"] == "zh-CN"
        await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_lyrics_are_read_page_by_page_and_shared(demo: Demo) -> None:
    """A card's button opens pages of lyrics, and shared lyrics are public."""
    words = "\n\n".join(f"[Verse {number}]\n" + "la la la\n" * 30 for number in range(1, 6))
    task = lyrics_task(title="A Long Evening", text=words, takes=1.0)
    demo.environment.relay.add(task)
    demo.environment.relay.age(60)
    async with demo.page() as page:
        await page.locator(".composer-text").click()
        await page.keyboard.type(f"/suno status {task.id}")
        await page.keyboard.press("Enter")
        card = page.locator(".message.ephemeral", has_text=task.id)
        await card.get_by_role("button", name="Lyrics").click()
        reader = page.locator(".message.ephemeral", has_text="Page 1 of")
        await expect(reader).to_contain_text("[Verse 1]")
        await reader.get_by_role("button", name="▶").click()
        second_page = page.locator(".message.ephemeral", has_text="Page 2 of")
        await expect(second_page).not_to_contain_text("[Verse 1]")
        await second_page.get_by_role("button", name="Share in channel").click()
        shared = page.locator(".message:not(.ephemeral)", has_text="Shared by")
        await expect(shared).to_contain_text("Page 2 of")


async def test_ended_tasks_are_found_in_the_history(demo: Demo) -> None:
    """A word of the lyrics finds the task, also in Chinese."""
    task = lyrics_task(title="长河谣", text="[副歌]\n带着月亮慢慢走", takes=1.0)
    demo.environment.relay.add(task)
    demo.environment.relay.age(60)
    async with demo.page() as page:
        await page.locator(".composer-text").click()
        await page.keyboard.type(f"/suno watch {task.id}")
        await page.keyboard.press("Enter")
        await expect(notice(page, task.id)).to_be_visible()
        await page.locator(".composer-text").click()
        await page.keyboard.type("/suno history search:月亮")
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("长河谣")
        await expect(last(page)).to_contain_text("Only you can see this")


async def test_a_hostile_title_is_shown_as_it_is(demo: Demo) -> None:
    """The title is shown without the escapes: no markup, link or mention."""
    title = "**b** <b>x</b> [a](b) ||s|| <@1> \\"
    task = song(title=title, media=demo.environment.page.relays["operator"].media, takes=10.0)
    demo.environment.relay.add(task)
    demo.environment.relay.age(60)
    async with demo.page() as page:
        await page.locator(".composer-text").click()
        await page.keyboard.type(f"/suno status {task.id}")
        await page.keyboard.press("Enter")
        answer = page.locator(".message.ephemeral", has_text=task.id)
        shown = answer.locator(".embed-title")
        await expect(shown).to_be_visible()
        assert (await shown.inner_text()).replace("\u200b", "") == title
        assert await shown.locator("b, strong, a, code, .spoiler, .mention").count() == 0


async def test_the_page_can_be_used_by_keyboard_alone(demo: Demo) -> None:
    """The keyboard reaches the box, commands, messages and other channels."""
    async with demo.page() as page:
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.get_by_label("Message #songs").focus()
        await page.keyboard.type("/suno li")
        await page.keyboard.press("Escape")
        await expect(page.locator(".suggestions")).to_be_hidden()
        await page.keyboard.type("s")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("group", name="/suno list")).to_be_focused()
        before = await page.locator(".message").count()
        await page.keyboard.press("Enter")
        await expect(page.locator(".message")).to_have_count(before + 1)
        await expect(last(page)).to_contain_text("Only you can see this")
        await expect(page.get_by_label("Message #songs")).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(last(page)).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_label("Message #songs")).to_be_focused()
        await page.keyboard.press("Alt+ArrowDown")
        await expect(page.locator(".top-name")).to_have_text("lyrics")
        await page.get_by_role("tab", name="Relay").focus()
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("tab", name="Permissions")).to_be_focused()
        await expect(page.get_by_role("switch").first).to_be_visible()


async def test_an_outage_of_the_relay_is_reported_until_it_ends(demo: Demo) -> None:
    """During the outage the bot reports it; afterwards a look-up succeeds."""
    async with demo.page() as page:
        task_id = await new_task(page, "song")
        await page.get_by_label("Down: no answer at all").check()
        for attempt in ("down", "healed"):
            await page.get_by_role("button", name="How is it?").first.click()
            await page.keyboard.press("Enter")
            if attempt == "down":
                await expect(last(page)).to_contain_text(re.compile("relay", re.I), timeout=60_000)
                await page.get_by_label("Healthy").check()
        await expect(last(page)).to_contain_text(task_id, timeout=60_000)


async def test_the_log_opens_at_its_newest_line(demo: Demo) -> None:
    """It follows what the bot logs while it is shown, unless somebody has scrolled up."""
    at_end = """() => {
      const log = document.querySelector(".log");
      return log.scrollHeight > log.clientHeight
        && log.scrollHeight - log.scrollTop - log.clientHeight < 2;
    }"""
    async with demo.page(size=(1360, 420)) as page:
        await page.get_by_role("tab", name="Bot").click()
        await page.wait_for_function(at_end)
        await page.get_by_label("Message #songs").click()
        await page.keyboard.type("/suno watch an-id-that-the-log-names-001")
        demo.environment.relay.add(song("an-id-that-the-log-names-001", takes=1000))
        await page.keyboard.press("Enter")
        await expect(page.locator(".log")).to_contain_text("an-id-that-the-log-names-001")
        await page.wait_for_function(at_end)


async def test_the_page_reports_a_bot_that_does_not_run(demo: Demo) -> None:
    """The error is that of Discord; after a start the bot answers again."""
    async with demo.page() as page:
        await page.get_by_role("tab", name="Bot").click()
        await page.get_by_role("button", name="Kill (SIGKILL)").click()
        await expect(page.locator(".bot-state")).to_contain_text("does not run")
        await expect(page.locator(".top-state")).to_have_text("Bot is off")
        await page.get_by_label("Message #songs").click()
        await page.keyboard.type("/suno list ")
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("The application did not respond")
        await page.get_by_role("button", name="Start").click()
        await expect(page.locator(".top-state")).to_have_text("Bot is on", timeout=60_000)
        await page.get_by_label("Message #songs").click()
        await page.keyboard.type("/suno list ")
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("watching", ignore_case=True)


@pytest.mark.parametrize("size", [NARROW, (320, 640), (900, 700), WIDE])
async def test_nothing_is_wider_than_the_window(demo: Demo, size: tuple[int, int]) -> None:
    """A phone's window has drawers and no horizontal scroll bar."""
    async with demo.page(size=size) as page:
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(overflow) <= 0
        inside = "Math.max(...[...document.querySelectorAll('#chat, #timeline, #composer, .message')].map((one) => one.getBoundingClientRect().right)) - innerWidth"  # noqa: E501 # a line of JavaScript
        assert await page.evaluate(inside) <= 0


async def test_the_drawers_of_a_narrow_window_open_and_close(demo: Demo) -> None:
    """Esc and choosing a channel close them."""
    async with demo.page(size=NARROW) as page:
        await expect(page.locator("#sidebar")).to_be_hidden()
        await page.get_by_role("button", name="Show the channels").click()
        await page.get_by_role("button", name=re.compile("^lyrics")).click()
        await expect(page.locator("#sidebar")).to_be_hidden()
        await page.get_by_role("button", name="Show the controls").click()
        await expect(page.get_by_role("tab", name="Relay")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("#control-panel")).to_be_hidden()


async def test_the_theme_follows_the_system_until_it_is_chosen(demo: Demo) -> None:
    """A chosen theme is kept after a reload."""
    async with demo.page(dark=False) as page:
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        await page.get_by_role("button", name="Switch to the dark theme").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("kind", ["song", "lyrics", "failing", "half", "stuck", "long"])
async def test_a_task_of_each_kind_can_be_started(demo: Demo, kind: str) -> None:
    """The bot shows a status for each of them."""
    async with demo.page() as page:
        task_id = await new_task(page, kind)
        await advance_relay_clock(page, "+1 min")
        await page.get_by_role("button", name="How is it?").first.click()
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text(task_id)
