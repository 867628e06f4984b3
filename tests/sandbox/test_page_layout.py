"""What is visible on the page: answers, buttons, options, the log, and in which language."""

import re
from collections.abc import AsyncIterator

import discord
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from sandbox.page.page_state import MEDIA_URL
from tests.support.browser import NARROW, WIDE, needs_chromium
from tests.support.page_harness import ROW, PageHarness, last, open_page_harness, switch_user, use

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness() -> AsyncIterator[PageHarness]:
    """Return a page with a bot and a browser, shared by the tests of this file."""
    async with open_page_harness() as harness:
        yield harness


LINES = "\n".join(f"line {number}" for number in range(80))


async def expect_in_view(node: Locator) -> None:
    """Wait until the beginning of a node is within the visible part of the messages."""
    inside = """async (node) => {
      const isInside = () => {
        const view = document.querySelector("#timeline").getBoundingClientRect();
        const box = node.getBoundingClientRect();
        return box.top >= view.top - 1 && Math.min(box.bottom, box.top + 40) <= view.bottom + 1;
      };
      for (let frame = 0; frame < 300 && !isInside(); frame += 1) await new Promise(requestAnimationFrame);
      return isInside();
    }"""  # noqa: E501 # a line of JavaScript
    assert await node.evaluate(inside)


async def scroll_up(page: Page) -> None:
    """Scroll to the first message, as somebody who reads what was before."""
    await page.locator("#timeline").evaluate("(node) => { node.scrollTop = 0; }")
    await page.wait_for_function("() => document.querySelector('#timeline').scrollTop === 0")


@pytest.mark.parametrize("text", ["short", LINES], ids=["short", "long"])
async def test_an_answer_to_a_command_scrolls_into_view(harness: PageHarness, text: str) -> None:
    """Its beginning is visible, also for somebody who had scrolled up."""

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content=text)

    harness.bot.answer = answer
    async with harness.page() as page:
        await harness.post(content=LINES[:600])
        await harness.post(content=LINES[:600])
        await scroll_up(page)
        await use(page, "/suno status x")
        answered = page.locator(".message.ephemeral", has_text=text[:5])
        await expect_in_view(answered)


async def test_a_message_of_others_does_not_scroll(harness: PageHarness) -> None:
    """Whoever reads earlier messages goes on reading."""
    async with harness.page() as page:
        await harness.post(content=LINES[:600])
        await harness.post(content=LINES[:600])
        await scroll_up(page)
        await harness.post(content="news")
        await expect(last(page)).to_contain_text("news")
        assert await page.locator("#timeline").evaluate("(node) => node.scrollTop") == 0


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_player_covers_no_button(harness: PageHarness, size: tuple[int, int]) -> None:
    """The last message moves up by as much as the player takes."""
    links = [
        {"type": 2, "style": 5, "label": f"Listen {n}", "url": f"{MEDIA_URL}/tune-{n}.mp3"}
        for n in (1, 2)
    ]
    async with harness.page(size=size) as page:
        await harness.post(content=LINES[:600])
        await harness.post(content="done", components=[ROW | {"components": links}])
        button = page.get_by_role("link", name="Listen 1")
        await button.click()
        await expect(page.locator(".dock audio")).to_be_visible()
        await page.wait_for_function(
            "() => document.querySelector('.dock').getBoundingClientRect().top"
            " >= document.querySelector('.message:last-of-type').getBoundingClientRect().bottom"
        )
        await expect_in_view(button)


@pytest.mark.parametrize("size", [NARROW, (320, 640), (900, 700), WIDE])
async def test_options_stay_within_the_message_box(
    harness: PageHarness, size: tuple[int, int]
) -> None:
    """However long a value is, each option and each offered one is inside."""
    async with harness.page(size=size) as page:
        await page.locator(".composer-text").click()
        await page.keyboard.type("/suno everything mood:" + "b8f3d2a1-5c6e-4f70 " * 12)
        while await (offers := page.locator(".option-offer")).count():
            await offers.first.click()
        overflowing = """() => {
          const box = document.querySelector(".command-form").getBoundingClientRect();
          return [...document.querySelectorAll(".option, .option-offer, .option-input")]
            .map((node) => node.getBoundingClientRect())
            .filter((one) => one.right > box.right + 1 || one.left < box.left - 1).length;
        }"""
        assert await page.evaluate(overflowing) == 0
        composer = await page.locator(".composer").bounding_box()
        assert composer
        assert composer["height"] <= size[1] / 2


NAMES = {"ID", "JSON", "Suno", "suno", "Bot", "SIGKILL", "Song", "Club", "APP"}


async def test_the_whole_page_follows_the_language(harness: PageHarness) -> None:
    """No Latin words are left but names; and back again in English."""
    async with harness.page() as page:
        english = await page.locator("#control-panel").inner_text()
        await switch_user(page, "歌友")
        await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        for tab in await page.get_by_role("tab").all():
            await tab.click()
            words = await latin_words(page)
            assert words <= NAMES, words
        await page.get_by_role("tab").first.click()
        await page.locator(".switcher").click()
        await page.get_by_role("menuitemradio", name="you").click()
        await expect(page.locator("html")).to_have_attribute("lang", "en-US")
        assert await page.locator("#control-panel").inner_text() == english


async def latin_words(page: Page) -> set[str]:
    """Return the Latin words of the page outside of the channels' names and the log."""
    shown = await page.evaluate("""() => {
      const all = (selector) => [...document.querySelectorAll(selector)];
      const names = all(".channel-name, legend").map((node) => node.textContent.replace("#", ""));
      names.sort((one, other) => other.length - one.length);
      const labels = all("[aria-label], [title]")
        .filter((node) => !node.closest(".channel-list, .log, .message"))
        .map((node) => node.getAttribute("aria-label") ?? node.title);
      const text = document.querySelector("#app").innerText + labels.join(" ");
      return names.reduce((rest, name) => rest.replaceAll(name, ""), text);
    }""")
    return set(re.findall(r"[A-Za-z]{2,}", shown))
