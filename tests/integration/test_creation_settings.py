"""``/suno-settings create``: turning creation on, and limiting it, in both languages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.discord import Message
from sandbox.relay import faults
from tests.support.creation_studio import (
    Studio,
    button,
    custom_ids,
    filled_in,
    furnish,
    open_studio,
    running_studio,
    switch_on,
)
from tests.support.sandbox_session import SandboxSession
from tests.support.settings_panel import shown_text

LOCALES = ("en-US", "zh-CN")
MUSIC_PATH = "/suno/submit/music"


@pytest.fixture(params=LOCALES)
async def studio(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Studio]:
    """Yield a running bot in a server where creation is on."""
    async with open_studio(tmp_path, request.param) as studio:
        yield studio


@pytest.fixture
async def english(tmp_path: Path) -> AsyncIterator[Studio]:
    """Yield the same, in English only."""
    async with open_studio(tmp_path) as studio:
        yield studio


async def panel_of(studio: Studio) -> Message:
    """Open the panel."""
    return (await studio.use("suno-settings create")).messages[0]


async def page_of(studio: Studio, name: str) -> Message:
    """Open the page of a setting."""
    panel = await panel_of(studio)
    await studio.select(panel, "create-settings-menu", name)
    return panel


def line(studio: Studio, name: str, value: str) -> str:
    """Return the line of a setting in the overview."""
    label = studio.text(f"create-settings-label-{name}")
    return studio.text("settings-line", label=label, value=value)


async def test_creation_is_off_until_a_manager_turns_it_on(sandbox: SandboxSession) -> None:
    """Nobody can create before, and the panel says so first."""
    studio = furnish(sandbox, "en-US")
    async with running_studio(studio):
        refused = await studio.use("suno create", description="a harbour")
        assert studio.text("create-refused-off") in refused.messages[0].content
        panel = await panel_of(studio)
        assert studio.text("create-settings-off") in shown_text(panel)
        await studio.press(panel, "create-settings-button:on")
        text = shown_text(panel)
        assert studio.text("create-settings-switched-on") in text
        assert studio.text("create-settings-on") in text
        await studio.use("suno create", description="a harbour")
        assert len(await studio.submitted()) == 1


@pytest.mark.parametrize("way", ["off", "reset"])
async def test_what_waits_when_creating_is_switched_off_is_not_sent(
    studio: Studio, way: str
) -> None:
    """The relay was busy, so it waits. Nothing is spent any more, and the member is told why."""
    studio.sandbox.relay.faults.add(faults.refuses_submission("503 no channel"), path=MUSIC_PATH)
    await studio.use("suno create", studio.bea, description="a harbour")
    if way == "off":
        panel = await panel_of(studio)
        await studio.press(panel, "create-settings-button:off")
        assert studio.text("create-settings-switched-off") in shown_text(panel)
    else:
        panel = (await studio.use("suno-settings reset")).messages[0]
        await studio.press(panel, "settings-default:all")
        assert studio.text("settings-reset-done") in shown_text(panel)
    (notice,) = await studio.notices(studio.text("create-rejected-off"))
    assert studio.text("create-advice-off") in str(notice.embeds)
    assert studio.text("notice-rejected", titled="no", kind="music") in notice.content
    again = button(notice, "create:again")
    refused = await studio.press(notice, again, studio.bea)
    assert studio.text("create-refused-off") in refused.messages[0].content
    assert studio.sandbox.relay.submissions.charges == []
    studio.sandbox.relay.faults.clear()
    await switch_on(studio)
    await studio.press(notice, again, studio.bea)
    assert len(await studio.submitted()) == 1


async def test_every_setting_is_changed_in_its_page(studio: Studio) -> None:
    """Quotas by menus, models by their versions, and the price as it was written."""
    panel = await page_of(studio, "user")
    await studio.select(panel, "create-settings:user", "3")
    assert line(studio, "user", studio.text("create-settings-a-day", number=3)) in shown_text(panel)
    panel = await page_of(studio, "server")
    await studio.select(panel, "create-settings:server", "20")
    a_day = studio.text("create-settings-a-day", number=20)
    assert line(studio, "server", a_day) in shown_text(panel)
    panel = await page_of(studio, "models")
    await studio.select(panel, "create-settings:models", "chirp-v4", "chirp-auk")
    assert line(studio, "models", studio.catalog.listed(["v4", "v4.5"])) in shown_text(panel)
    panel = await page_of(studio, "model")
    await studio.select(panel, "create-settings:model", "chirp-v4")
    assert line(studio, "model", "v4") in shown_text(panel)
    panel = await page_of(studio, "price")
    opened = await studio.press(panel, "create-settings-button:price")
    await studio.send(opened, price="*2* credits")
    assert line(studio, "price", "\\*2\\* credits") in shown_text(panel)
    used = await studio.use("suno create", description="a harbour")
    content = used.messages[0].content
    assert studio.text("create-left", left=2, limit=3) in content
    assert studio.text("create-price", price="\\*2\\* credits") in content
    assert (await studio.submitted())[0]["mv"] == "chirp-v4"
    opened = await studio.use("suno compose")
    assert filled_in(opened)["model"] == ["chirp-v4"]


async def test_the_panel_of_the_server_says_whether_creation_is_on(studio: Studio) -> None:
    """And which command changes that."""
    for is_on in (True, False):
        panel = (await studio.use("suno-settings panel")).messages[0]
        assert studio.text("settings-create", on="yes" if is_on else "no") in shown_text(panel)
        if is_on:
            await studio.press(await panel_of(studio), "create-settings-button:off")


async def test_defaults_are_restored(studio: Studio) -> None:
    """The price, the models and the roles, each with a button on its page."""
    role = studio.sandbox.guild.add_role("Makers")
    panel = await page_of(studio, "roles")
    await studio.select(panel, "create-settings:roles", role)
    assert line(studio, "roles", f"<@&{role.id}>") in shown_text(panel)
    panel = await page_of(studio, "models")
    await studio.select(panel, "create-settings:models", "chirp-v4")
    panel = await page_of(studio, "price")
    await studio.send(await studio.press(panel, "create-settings-button:price"), price="a lot")
    for name, default in (
        ("roles", "create-settings-roles-all"),
        ("models", "create-settings-models-all"),
        ("price", "create-settings-price-none"),
    ):
        panel = await page_of(studio, name)
        await studio.press(panel, f"create-settings-default:{name}")
        assert line(studio, name, studio.text(default)) in shown_text(panel)
        panel = await page_of(studio, name)
        assert f"create-settings-default:{name}" not in custom_ids(panel)


async def test_only_members_with_a_role_create(english: Studio) -> None:
    """Whoever manages the server always can."""
    role = english.sandbox.guild.add_role("Makers")
    panel = await page_of(english, "roles")
    await english.select(panel, "create-settings:roles", role)
    refused = await english.use("suno create", english.bea, description="a harbour")
    text = english.text("create-refused-role-missing", roles=f"<@&{role.id}>")
    assert text in refused.messages[0].content
    await english.use("suno create", english.ada, description="a harbour")
    assert len(await english.submitted()) == 1


async def test_the_role_of_everyone_is_refused(english: Studio) -> None:
    """It would limit nobody."""
    panel = await page_of(english, "roles")
    everyone = english.sandbox.guild.roles[english.sandbox.guild.id]
    await english.select(panel, "create-settings:roles", everyone)
    assert english.text("create-settings-problem-everyone") in shown_text(panel)
    assert english.text("settings-not-saved") in shown_text(panel)


async def test_a_model_that_is_not_offered_is_refused(english: Studio) -> None:
    """Its field is named."""
    panel = await page_of(english, "models")
    await english.select(panel, "create-settings:models", "chirp-v4")
    used = await english.use("suno create", description="a harbour", model="chirp-crow")
    field = english.text("create-field-model")
    assert english.text("create-problem-model", field=field) in used.messages[0].content


async def test_without_an_account_that_may_be_charged_the_panel_says_so(
    sandbox: SandboxSession,
) -> None:
    """The operator's account is not used for creation unless the operator says so."""
    studio = furnish(sandbox, "en-US")
    async with running_studio(studio, shared_relay_creates=False):
        panel = await panel_of(studio)
        assert studio.text("create-settings-no-account") in shown_text(panel)
        await studio.press(panel, "create-settings-button:on")
        refused = await studio.use("suno create", description="a harbour")
        assert studio.text("create-refused-no-account") in refused.messages[0].content
    assert not sandbox.relay.submissions.recorded


async def test_a_member_changes_nothing_with_a_panel_that_is_open(english: Studio) -> None:
    """Permissions are checked each time."""
    panel = await panel_of(english)
    guild = english.sandbox.guild
    for role in list(guild.members[english.ada.id].roles):
        guild.take_role(english.ada, role)
    pressed = await english.press(panel, "create-settings-button:off")
    assert pressed.follow_ups or pressed.messages
    assert english.text("settings-not-yours") in str([each.content for each in pressed.messages])
