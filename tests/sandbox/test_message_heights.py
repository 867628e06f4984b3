"""No message of the bot takes more of a channel than its budget, whatever a relay sends."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from sandbox.page import PageEnvironment, page_environment
from sandbox.relay import song
from tests.support.browser import NARROW, launch_browser, needs_chromium, open_page
from tests.support.message_heights import BUDGETS, measure_heights

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def environment() -> AsyncIterator[PageEnvironment]:
    """Return the demo with the real bot; the relay's clock stands still."""
    async with page_environment(speed=0.0) as environment:
        await environment.discord.wait_until_commands(timeout=120)
        yield environment


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Return a browser."""
    async with launch_browser() as browser:
        yield browser


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_messages_stay_within_their_height(
    environment: PageEnvironment, browser: Browser, locale: str
) -> None:
    """Notices, cards, answers and failures of typical and hostile tasks fit their budgets."""
    guild = environment.discord.add_guild(f"Heights {locale}", locale)
    user = environment.users.chinese_user if locale == "zh-CN" else environment.users.you
    guild.add_member(user)
    channel = guild.add_channel(f"heights-{locale}")
    heights = [each async for each in measure_heights(environment, browser, user, channel)]
    assert {height.kind for height in heights} == set(BUDGETS)
    assert [height for height in heights if height.pixels > BUDGETS[height.kind]] == []


async def test_headline_and_play_button_fit_on_the_screen_of_a_phone(
    environment: PageEnvironment, browser: Browser
) -> None:
    """Who is pinged on a phone plays the song without scrolling."""
    user, channel = environment.users.you, environment.users.songs
    environment.relay.add(song("a-song-for-the-phone", takes=1))
    environment.relay.age(10)
    await environment.discord.command(user, channel, "suno watch", id="a-song-for-the-phone")
    async with open_page(browser, environment.server.url, size=NARROW) as page:
        notice = page.locator(".message.pinged").last
        await notice.scroll_into_view_if_needed()
        message = await notice.bounding_box()
        button = await notice.locator(".button").first.bounding_box()
        timeline = await page.locator("#timeline").bounding_box()
    assert message is not None
    assert button is not None
    assert timeline is not None
    assert button["y"] + button["height"] - message["y"] <= timeline["height"]
