from playwright.async_api import expect

from sandbox.page import page_environment
from tests.support.browser import launch_browser, needs_chromium, open_page
from tests.support.first_notice import FirstNotice

pytestmark = needs_chromium


async def test_a_manager_connects_the_relay_of_the_server_and_gets_its_song() -> None:
    """The greeting leads there; only the relay that was connected knows the song."""
    async with page_environment(speed=0.0) as environment, launch_browser() as browser:
        await environment.discord.wait_until_commands(timeout=120)
        async with open_page(browser, environment.server.url) as page:

            async def advance(step: str) -> None:
                if step == "watching":
                    await page.get_by_role("button", name="+1 min").click()

            way = FirstNotice(page, advance)
            notice = await way.play()
            assert len(way.actions) == 10 + 1  # as docs/relays.md says, and the notice
            ((task, _),) = environment.server_relay.tasks
            await expect(notice).to_contain_text(task.id)
            await expect(notice).to_contain_text("is ready")
        assert environment.relay.tasks == []
