"""Uses the settings panel of the sandbox's bot as a manager does."""

from typing import Any

from bot.i18n.catalog import catalog_for
from sandbox.discord import Interaction, Message, User
from tests.support.sandbox_session import SandboxSession

CATALOG = catalog_for("en")


async def open_panel(sandbox: SandboxSession) -> Message:
    """Return the settings panel, opened by Ada."""
    return await sandbox.command_answer("suno-settings panel")


async def open_page(sandbox: SandboxSession, panel: Message, name: str) -> Message:
    """Open the page of a setting in the panel."""
    await choose(sandbox, panel, "settings-menu", name)
    return panel


async def set_to(sandbox: SandboxSession, name: str, *values: Any, page: str = "") -> Message:
    """Open the panel and the page of a setting, choose values; return the panel after that."""
    panel = await open_page(sandbox, await open_panel(sandbox), page or name)
    await choose(sandbox, panel, f"settings:{name}", *values)
    return panel


async def choose(
    sandbox: SandboxSession, panel: Message, custom_id: str, *values: Any
) -> Interaction:
    """Choose values in a menu, and wait for what comes of it."""
    interaction = await sandbox.discord.select(sandbox.ada, panel, custom_id, list(values))
    await sandbox.discord.wait_for(lambda: interaction.updated_source or interaction.follow_ups)
    return interaction


async def press(
    sandbox: SandboxSession, panel: Message, custom_id: str, user: User | None = None
) -> Interaction:
    """Press a button, and wait for what comes of it."""
    interaction = await sandbox.discord.press(user or sandbox.ada, panel, custom_id)
    await sandbox.discord.wait_for(lambda: interaction.updated_source or interaction.follow_ups)
    return interaction


def shown_text(panel: Message) -> str:
    """Return the text that the panel shows."""
    (embed,) = panel.embeds
    return f"{embed['title']}\n{embed['description']}"


def value_line(name: str, key: str, **values: Any) -> str:
    """Return the line of a setting whose value has a key in the catalogue."""
    label = CATALOG.text(f"settings-label-{name}")
    return CATALOG.text("settings-line", label=label, value=CATALOG.text(key, **values))


def now_line(key: str, **values: Any) -> str:
    """Return the line of a page whose setting's value has a key in the catalogue."""
    return CATALOG.text("settings-now", value=CATALOG.text(key, **values))


def components_of(message: Message) -> dict[str, dict[str, Any]]:
    """Return the components of a message by their custom ids."""
    return {one["custom_id"]: one for row in message.components for one in row["components"]}
