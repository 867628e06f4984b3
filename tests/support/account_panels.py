"""Connects relay accounts as people do, with buttons and a modal; and finds their stored keys."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sandbox.discord import Channel, Interaction, Message, User
from tests.support.sandbox_session import SandboxSession

COMMANDS = {"server": "suno-settings relay", "own": "suno account"}


@dataclass(frozen=True)
class AccountPanels:
    """How Ada, or somebody else, connects relay accounts in a sandbox."""

    sandbox: SandboxSession

    async def panel(
        self, owner: str = "server", user: User | None = None, channel: Channel | None = None
    ) -> Message:
        """Return the panel of an account."""
        asked = await self.sandbox.discord.command(
            user or self.sandbox.ada, channel or self.sandbox.songs, COMMANDS[owner]
        )
        await asked.wait_for_answer(timeout=120)
        return asked.messages[0]

    async def press(self, panel: Message, custom_id: str) -> Interaction:
        """Press a button as whoever sees the panel, and wait for what comes of it."""
        user = panel.visible_to or self.sandbox.ada
        pressed = await self.sandbox.discord.press(user, panel, custom_id)
        await self.sandbox.discord.wait_for(
            lambda: pressed.updated_source or pressed.modal or pressed.messages
        )
        return pressed

    async def submit(self, opened: Interaction, **values: str) -> Interaction:
        """Send the modal, and wait until the test of the key is over."""
        sent = await self.sandbox.discord.submit_modal(opened.user, opened, values)
        panel = opened.source
        assert panel is not None
        await self.sandbox.discord.wait_for(
            lambda: panel.components if sent.updated_source else sent.messages, 15
        )
        return sent

    async def enter_key(
        self, panel: Message, relay: str, owner: str = "server", **values: str
    ) -> Message:
        """Enter a key for a relay; return the panel after the test."""
        opened = await self.press(panel, f"account-connect:{owner}:{relay}")
        await self.submit(opened, **values)
        return panel


def encrypted_keys(database: Path) -> list[bytes]:
    """Return the encrypted keys of all accounts in a database, which a bot may be using."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT encrypted_key FROM relay_accounts").fetchall()
    return [encrypted for (encrypted,) in rows]


def database_files(database: Path) -> dict[str, bytes]:
    """Return what the files of a database hold: itself and, among others, its write-ahead log."""
    return {each.name: each.read_bytes() for each in database.parent.glob(f"{database.name}*")}
