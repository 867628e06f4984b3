"""Lets two users of the sandbox create songs with commands, buttons and modals."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.i18n.catalog import Catalog, catalog_for
from sandbox.discord import Interaction, Message, User
from sandbox.discord.message_parts import walk_components
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

EVERYTHING = """
[relays.custom]
capabilities = ["music", "lyrics", "extend", "wav", "timing", "stems"]
"""
"""A relay of which the operator knows that it can do everything."""


@dataclass(frozen=True)
class Studio:
    """A sandbox in which creation is on, in the language of its users."""

    sandbox: SandboxSession
    ada: User
    """Who manages the server."""
    bea: User
    catalog: Catalog

    def text(self, key: str, **values: Any) -> str:
        """Return a text in the language of the users."""
        return self.catalog.text(key, **values)

    async def use(self, command: str, user: User | None = None, **options: Any) -> Interaction:
        """Use a command; wait for its answer or its modal."""
        discord = self.sandbox.discord
        used = await discord.command(user or self.ada, self.sandbox.songs, command, **options)
        return await self._answered(used)

    async def press(
        self, message: Message, custom_id: str, user: User | None = None
    ) -> Interaction:
        """Press a button; wait for the answer, the modal or the change of the message."""
        discord = self.sandbox.discord
        return await self._answered(await discord.press(user or self.ada, message, custom_id))

    async def select(self, message: Message, custom_id: str, *values: Any) -> Interaction:
        """Choose from a menu as the manager."""
        used = await self.sandbox.discord.select(self.ada, message, custom_id, list(values))
        return await self._answered(used)

    async def send(self, opened: Interaction, **values: Any) -> Interaction:
        """Send a modal; what is not named stays as it is filled in."""
        discord = self.sandbox.discord
        return await self._answered(await discord.submit_modal(opened.user, opened, values))

    async def _answered(self, used: Interaction) -> Interaction:
        await self.sandbox.discord.wait_for(
            lambda: used.answer or used.modal or used.updated_source, 120, "an answer"
        )
        return used

    async def notice(self, task_id: str) -> Message:
        """Let the relay finish its tasks; return the notice of one."""
        self.sandbox.relay.clock.advance(200)
        return await self.sandbox.wait_for_notice(task_id)

    async def notices(self, text: str, count: int = 1) -> list[Message]:
        """Wait for messages in the channel that say something."""

        def saying() -> list[Message]:
            found = self.sandbox.songs.messages
            return [each for each in found if text in str(each.payload())]

        await self.sandbox.discord.wait_for(lambda: len(saying()) >= count, 120, f"{text!r}")
        return saying()

    async def submitted(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait for requests at the relay; return the bodies of all of them."""
        submissions = self.sandbox.relay.submissions
        await self.sandbox.discord.wait_for(lambda: len(submissions.recorded) >= count, 120)
        return [each.body for each in submissions.recorded]

    async def task_ids(self, count: int = 1) -> list[str]:
        """Wait for tasks that the relay has begun; return their ids."""
        submissions = self.sandbox.relay.submissions
        await self.sandbox.discord.wait_for(lambda: len(submissions.charges) >= count, 120)
        return [task_id for each in submissions.charges for task_id in each.task_ids]


@asynccontextmanager
async def open_studio(folder: Path, locale: str = "en-US", **changes: Any) -> AsyncIterator[Studio]:
    """Start a sandbox and a bot that creates with the operator's account; creation is on."""
    async with open_sandbox(folder) as sandbox:
        studio = furnish(sandbox, locale)
        async with running_studio(studio, **changes):
            await switch_on(studio)
            yield studio


def furnish(sandbox: SandboxSession, locale: str) -> Studio:
    """Return a studio for two users of a language; no bot runs yet."""
    ada = sandbox.discord.add_user("Ada Lin", locale)
    bea = sandbox.discord.add_user("Bea Lin", locale)
    sandbox.guild.add_member(ada, permissions=("manage_guild",))
    sandbox.guild.add_member(bea)
    return Studio(sandbox, ada, bea, catalog_for(locale))


@asynccontextmanager
async def running_studio(studio: Studio, **changes: Any) -> AsyncIterator[None]:
    """Run a bot in a studio."""
    profiles = studio.sandbox.folder / "profiles.toml"
    profiles.write_text(EVERYTHING)
    settings: dict[str, Any] = {
        "shared_relay_creates": True,
        "relay_profiles": str(profiles),
    } | changes
    async with running_bot(studio.sandbox, **settings):
        yield


async def switch_on(studio: Studio) -> Message:
    """Let the manager turn creation on; return the panel."""
    panel = (await studio.use("suno-settings create")).messages[0]
    await studio.press(panel, "create-settings-button:on")
    return panel


def custom_ids(message: Message) -> list[str]:
    """Return the custom ids of the components of a message, in order."""
    return [
        each["custom_id"] for each in walk_components(message.components) if "custom_id" in each
    ]


def button(message: Message, prefix: str) -> str:
    """Return the custom id of a message that begins with a prefix."""
    found = [each for each in custom_ids(message) if each.startswith(prefix)]
    assert found, f"no {prefix} among {custom_ids(message)}"
    return found[0]


def fields_of(opened: Interaction) -> dict[str, Any]:
    """Return the fields of a modal by their names."""
    assert opened.modal is not None
    return {each["custom_id"]: each for each in _fields(opened.modal)}


def filled_in(opened: Interaction) -> dict[str, Any]:
    """Return what is filled in in the fields of a modal: texts, choices, chosen options."""
    values: dict[str, Any] = {}
    for name, field in fields_of(opened).items():
        if "options" in field:
            values[name] = [one["value"] for one in field["options"] if one.get("default")]
        else:
            values[name] = field.get("value", field.get("default", ""))
    return values


def _fields(modal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in modal["components"]:
        if "component" in row:
            yield row["component"]
