"""The health page of a server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.monitoring.health import StalenessLimits
from bot.relay.errors import ErrorKind
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.permissions import invite_link
from sandbox.discord import Message
from sandbox.relay import song
from tests.support.sandbox_session import (
    SandboxSession,
    open_sandbox,
    running_assembled_bot,
    running_bot,
)

CATALOG = catalog_for("en")
SONG = "a-song-with-a-long-id"
UNDER_A_MINUTE = CATALOG.text("health-minutes", count=0)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which Ada manages the server; no bot runs yet."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.guild.add_member(sandbox.ada, permissions=("manage_guild",))
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        yield sandbox


async def health_page(sandbox: SandboxSession) -> Message:
    """Return the health page."""
    return await sandbox.command_answer("suno-settings health")


def first_lines(page: Message) -> list[str]:
    """Return the verdict and the other problems."""
    return str(page.embeds[0]["description"]).splitlines()


def details(page: Message) -> str:
    """Return the details below."""
    (field,) = page.embeds[0]["fields"]
    return str(field["value"])


async def page_with(sandbox: SandboxSession, line: str) -> Message:
    """Ask for the health page until it has a line."""
    async with asyncio.timeout(120):
        while line not in first_lines(page := await health_page(sandbox)):
            pass  # each page is a request to the bot, which goes on meanwhile
    return page


async def test_the_page_begins_with_the_verdict(sandbox: SandboxSession) -> None:
    """Nothing else is above the details, and the invite link is a button."""
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id=SONG)
        page = await health_page(sandbox)
    assert page.ephemeral
    assert first_lines(page) == [CATALOG.text("health-ok", time=UNDER_A_MINUTE)]
    assert CATALOG.text("health-channel-ok", channel=sandbox.songs.mention) in details(page)
    (button,) = page.components[0]["components"]
    assert button["url"] == invite_link(sandbox.discord.application_id)


async def test_an_outage_of_the_relay_is_the_verdict(sandbox: SandboxSession) -> None:
    """Problems of the server follow."""
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id=SONG)
        sandbox.relay.start_outage()
        sandbox.songs.deny("embed_links")
        page = await page_with(
            sandbox, CATALOG.text("health-relay-unavailable", time=UNDER_A_MINUTE)
        )
    assert first_lines(page) == [
        CATALOG.text("health-relay-unavailable", time=UNDER_A_MINUTE),
        CATALOG.text("health-channel-plain", channel=sandbox.songs.mention),
    ]


async def test_everything_works_again_after_an_outage(sandbox: SandboxSession) -> None:
    """The page says so, from then on."""
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id=SONG)
        sandbox.relay.start_outage()
        await page_with(sandbox, CATALOG.text("health-relay-unavailable", time=UNDER_A_MINUTE))
        sandbox.relay.end_outage()
        await page_with(sandbox, CATALOG.text("health-ok", time=UNDER_A_MINUTE))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_of_relay_error_has_a_verdict(kind: ErrorKind, language: str) -> None:
    """It tells for how long."""
    name = kind.value.replace("_", "-")
    assert "3 days" in catalog_for(language).text(f"health-relay-{name}", time="3 days")


async def until_every_loop_ticked(bot: SunoBot) -> None:
    """Wait until no loop of the bot is in its first tick any more."""
    async with asyncio.timeout(120):
        names = set(bot.background.names)
        while not bot.background.last_tick_at.keys() >= names:  # noqa: ASYNC110 # nothing tells
            await asyncio.sleep(0.01)


async def test_waiting_results_and_missing_permissions_are_problems(
    sandbox: SandboxSession,
) -> None:
    """The page names the channel and the permission."""
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id=SONG)
        sandbox.songs.deny("send_messages")
        sandbox.relay.clock.advance(200)
        held = CATALOG.text("health-held", count=1, time=UNDER_A_MINUTE)
        page = await page_with(sandbox, held)
    missing: dict[str, Any] = {"permissions": CATALOG.text("permission-send-messages")}
    problem = CATALOG.text("settings-problem-channel", channel=sandbox.songs.mention, **missing)
    assert first_lines(page) == [held, problem]
    assert CATALOG.text("health-results", due=0, held=1) in details(page)


async def test_a_setting_that_cannot_work_is_a_problem(sandbox: SandboxSession) -> None:
    """The channel of the settings is hidden from the bot."""
    async with running_assembled_bot(sandbox) as bot:
        settings: ServerSettingsStore = bot.services.server_settings
        await settings.change(sandbox.guild.id, channel_id=sandbox.lyrics.id)
        sandbox.lyrics.deny("view_channel", "send_messages")
        names = [CATALOG.text(f"permission-{name}") for name in ("view-channel", "send-messages")]
        problem = CATALOG.text(
            "settings-problem-channel",
            channel=sandbox.lyrics.mention,
            permissions=CATALOG.listed(names),
        )
        page = await page_with(sandbox, problem)
    assert first_lines(page) == [problem]


async def test_a_stuck_loop_is_the_verdict(sandbox: SandboxSession) -> None:
    """Only a restart helps, so the page asks for one."""
    async with running_assembled_bot(sandbox) as bot:
        bot.staleness_limits = StalenessLimits(poll=-1, others=-1)
        page = await health_page(sandbox)
    assert first_lines(page) == [CATALOG.text("health-stuck", time=UNDER_A_MINUTE)]


@pytest.mark.parametrize(
    ("seconds", "key", "count"),
    [(5 * 60, "minutes", 5), (3 * 3600, "hours", 3), (86400, "hours", 24), (4 * 86400, "days", 4)],
)
async def test_the_verdict_tells_for_how_long(
    sandbox: SandboxSession, seconds: int, key: str, count: int
) -> None:
    """In the largest unit that there are two of."""
    async with running_assembled_bot(sandbox) as bot:
        await until_every_loop_ticked(bot)  # a loop that never did is late since the start
        bot.started_at -= seconds
        page = await health_page(sandbox)
    duration = CATALOG.text(f"health-{key}", count=count)
    assert first_lines(page) == [CATALOG.text("health-ok", time=duration)]
