"""Making songs on the demo's page, with the real bot: what a newcomer sees and presses."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from bot.i18n.catalog import catalog_for
from sandbox.page import PageEnvironment, page_environment
from tests.support.browser import NARROW, WIDE, launch_browser, needs_chromium, open_page
from tests.support.page_harness import switch_user

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

ENGLISH = catalog_for("en")


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


async def use(page: Page, command: str) -> None:
    """Type a command and send it."""
    form = page.locator(".command-form")
    await page.locator(".composer-text").fill(command)
    await expect(form.or_(page.locator(".suggestion")).first).to_be_visible()
    if not await form.count():
        await page.keyboard.press("Enter")
        await expect(form).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(form).to_have_count(0)


def notice(page: Page, text: str) -> Locator:
    """Return the public message that mentions the user and says something."""
    return page.locator(".message.pinged", has_text=text).last


async def test_a_newcomer_makes_a_song_with_three_presses(
    environment: PageEnvironment, browser: Browser
) -> None:
    """From an empty channel: the answer, the card, the notice, the menu, the timed lyrics."""
    async with open_page(browser, environment.server.url) as page:
        await page.get_by_role("button", name="Make a song").click()
        await page.keyboard.press("Enter")
        answer = page.locator(".message.ephemeral").first
        await expect(answer).to_contain_text("Making City lights at midnight")
        await expect(answer).to_contain_text(ENGLISH.text("create-left", left=19, limit=20))
        await expect(page.locator(".message:not(.ephemeral)").first).to_contain_text("Song")
        await expect(page.locator(".task")).to_have_count(1)
        await expect(page.locator(".charges")).to_have_text("Charged once so far.")
        await expect(page.locator(".submission")).to_contain_text("soft piano")
        await page.get_by_role("button", name="+1 min").click()
        posted = notice(page, "City Lights At Midnight")
        await posted.get_by_role("button", name="More…").click()
        menu = page.locator(".message.ephemeral", has_text="what next?").last
        await menu.get_by_role("button", name="Timed lyrics 1").click()
        timed = page.locator(".message.ephemeral", has_text="timed lyrics of").last
        await timed.locator(".select").click()
        await expect(page.get_by_role("option", name="Verse · 0:02")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(timed.get_by_role("link", name=re.compile(r"\.lrc$"))).to_be_visible()
        await menu.get_by_role("button", name="WAV 1").click()
        await page.get_by_role("link", name="download").click()
        await expect(page.locator(".dock audio")).to_have_js_property("readyState", 4)


async def test_pressing_enter_twice_creates_one_song(
    environment: PageEnvironment, browser: Browser
) -> None:
    """The second press comes before the first is answered."""
    charges = len(environment.relay.submissions.charges)
    async with open_page(browser, environment.server.url) as page:
        await switch_user(page, "friend")
        await page.locator(".composer-text").fill("/suno create Boats that come home")
        await expect(page.locator(".option-input")).to_be_visible()
        await page.locator(".option-input").evaluate(
            """(field) => {
              const enter = { key: "Enter", bubbles: true };
              for (let press = 0; press < 2; press += 1) {
                field.dispatchEvent(new KeyboardEvent("keydown", enter));
              }
            }"""
        )
        answers = page.locator(".message.ephemeral", has_text="Making")
        await expect(answers).to_have_count(1)
        await environment.relay.wait_for_charges(charges + 1)
        await use(page, "/suno list ")
        await expect(page.locator(".message.ephemeral").last).to_contain_text("watching")
        await expect(answers).to_have_count(1)
    assert len(environment.relay.submissions.charges) == charges + 1
    environment.relay.age(60)


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_modal_fits_its_window_with_every_kind_of_field(
    environment: PageEnvironment, browser: Browser, size: tuple[int, int]
) -> None:
    """The menu of models, the checkbox and the texts are as wide as the modal, and are sent."""
    charges = len(environment.relay.submissions.charges)
    async with open_page(browser, environment.server.url, size=size) as page:
        await use(page, "/suno compose")
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Title").fill("Harbour")
        await dialog.get_by_label("Style").fill("slow folk")
        await dialog.get_by_label("Instrumental").check()
        await dialog.get_by_role("button", name=re.compile("^Model")).click()
        await page.get_by_role("option", name="v4.5", exact=True).click()
        widths = await dialog.locator(".text-field, .select").evaluate_all(
            "(all) => all.map((one) => one.offsetWidth)"
        )
        assert len(set(widths)) == 1
        overflow = "(one) => one.scrollWidth - one.clientWidth"
        assert await dialog.evaluate(overflow) == 0
        await dialog.get_by_role("button", name="Submit").click()
        await expect(page.locator(".message.ephemeral").last).to_contain_text("Making Harbour")
    await environment.relay.wait_for_charges(charges + 1)
    body = environment.relay.submissions.charges[-1].body
    assert (body["title"], body["tags"], body["mv"]) == ("Harbour", "slow folk", "chirp-auk")
    assert body["make_instrumental"] is True
    environment.relay.age(60)


async def test_lyrics_become_a_song(environment: PageEnvironment, browser: Browser) -> None:
    """*Make a song* under finished lyrics opens the modal with them, in Chinese too."""
    chinese = catalog_for("zh-CN")
    async with open_page(browser, environment.server.url) as page:
        await switch_user(page, "歌友")
        await use(page, "/suno 写词 boats at home")
        await expect(page.locator(".message.ephemeral").last).to_contain_text("boats at home")
        await page.locator(".task-state", has_text="等待中").first.wait_for()
        await page.get_by_role("button", name="+1 分钟").click()
        posted = notice(page, "Boats At Home")
        await posted.get_by_role("button", name=chinese.text("create-button-song")).click()
        dialog = page.get_by_role("dialog")
        lyrics = dialog.get_by_label(chinese.text("create-field-lyrics"))
        await expect(lyrics).to_have_value(re.compile("They asked about boats at home"))


@pytest.mark.parametrize(
    ("fault", "charged", "told"),
    [
        ("Refused: moderation", False, ENGLISH.text("create-rejected-moderation")),
        ("Refused: no credit", False, ENGLISH.text("create-rejected-credit")),
        ("Charged, but the answer is lost", True, "It may have been charged"),
    ],
)
async def test_each_failure_ends_in_a_notice_that_offers_to_try_again(
    environment: PageEnvironment, browser: Browser, fault: str, charged: bool, told: str
) -> None:
    """The panel shows what was charged; *Try again* makes the song once the relay works."""
    before = len(environment.relay.submissions.charges)
    async with open_page(browser, environment.server.url) as page:
        await page.get_by_label(fault).check()
        await use(page, f"/suno create A song about {fault}")
        failure = notice(page, told)
        await expect(failure).to_be_visible()
        assert len(environment.relay.submissions.charges) == before + charged
        state = "charged" if charged else "refused"
        await expect(page.locator(f".submission .is-{state}")).to_be_visible()
        await page.get_by_label("Accepted", exact=True).check()
        await failure.get_by_role("button", name="Try again").click()
        await expect(page.locator(".message.ephemeral").last).to_contain_text("Making")
        await environment.relay.wait_for_charges(before + charged + 1)
        await page.get_by_role("button", name="+1 min").click()
        await expect(notice(page, "A Song About").first).to_be_visible()


async def test_creation_stays_off_after_a_restart(
    environment: PageEnvironment, browser: Browser
) -> None:
    """Whoever turns it off in the demo has decided that, and can turn it on again."""
    async with open_page(browser, environment.server.url) as page:
        await switch_user(page, "admin")
        await use(page, "/suno-settings create")
        panel = page.locator(".message.ephemeral").last
        await panel.get_by_role("button", name="Switch off").click()
        await expect(panel.get_by_role("button", name="Switch on")).to_be_visible()
        await environment.bot.stop()
        await environment.bot.start()
        await environment.discord.wait_until_ready(timeout=120)
        await expect(page.locator(".top-state")).to_have_attribute("data-state", "on")
        await use(page, "/suno create boats")
        refused = page.locator(".message.ephemeral", has_text="switched off in this server").last
        await expect(refused).to_be_visible()
        await use(page, "/suno-settings create")
        await page.get_by_role("button", name="Switch on").last.click()
        await expect(page.get_by_role("button", name="Switch off").last).to_be_visible()
