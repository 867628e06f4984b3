"""A server in which creating is on, with the operator's relay and one that people connect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import discord
from pydantic import SecretStr
from yarl import URL

from bot.accounts.service import NewAccount
from bot.app import BotParts
from bot.client import Services
from bot.relay.creation import CreationKind, CreationRequest
from bot.storage.models import (
    AccountOwner,
    Caller,
    CreationOffer,
    CreationRefusal,
    CreationReport,
    RelayAccount,
    TaskKey,
    WatchRefusal,
)
from bot.watches.destinations import DEFAULT_OPTIONS, WatchOptions
from sandbox.discord import Channel, User
from sandbox.relay import LocalRelay
from tests.support.sandbox_session import SandboxSession, running_built_bot

HOST = "relay.example"
SONG = CreationRequest(CreationKind.DESCRIPTION, description="a harbour at night")


@dataclass(frozen=True)
class Club:
    """A bot in a server where creation is on, and the relay of accounts that people connect."""

    sandbox: SandboxSession
    bot: BotParts
    relay: LocalRelay

    @property
    def services(self) -> Services:
        """What the cogs use."""
        return self.bot.client.services

    async def asked(
        self, user: User | None = None, place: Channel | None = None
    ) -> discord.Interaction[Any]:
        """Let a person use some command; return the interaction as the bot received it."""
        received: asyncio.Future[discord.Interaction[Any]] = asyncio.Future()

        async def receive(interaction: discord.Interaction[Any]) -> None:
            if not received.done():
                received.set_result(interaction)

        self.bot.client.add_listener(receive, "on_interaction")
        person = user or self.sandbox.ada
        used = await self.sandbox.discord.command(person, place or self.sandbox.songs, "suno help")
        await used.wait_for_answer(timeout=120)
        self.bot.client.remove_listener(receive, "on_interaction")
        return await received

    @property
    def caller(self) -> Caller:
        """Return Ada, who asks in the channel."""
        sandbox = self.sandbox
        return Caller(sandbox.ada.id, sandbox.guild.id, sandbox.songs.id)

    async def connect(self, owner: AccountOwner) -> RelayAccount:
        """Connect an account at the second relay."""
        new = NewAccount("custom", f"https://{HOST}", "", SecretStr(self.relay.key))
        accounts = self.services.accounts
        connected = await accounts.connect(owner, new, user_id=self.sandbox.ada.id, locale="en-US")
        return connected.account

    async def set(self, **changes: Any) -> None:
        """Change the settings of the server."""
        await self.services.server_settings.change(self.sandbox.guild.id, **changes)

    async def offer(
        self, user: User | None = None, place: Channel | None = None, account: str = ""
    ) -> CreationOffer | CreationRefusal:
        """Return what a person is offered."""
        return await self.services.creations.offer(await self.asked(user, place), account)

    async def create(
        self,
        request: CreationRequest = SONG,
        options: WatchOptions = DEFAULT_OPTIONS,
        user: User | None = None,
        place: Channel | None = None,
    ) -> CreationReport:
        """Let a person create something; it is stored."""
        asked = await self.asked(user, place)
        report = await self.services.creations.create(asked, request, options)
        assert isinstance(report, CreationReport)
        return report

    async def refusal(
        self, request: CreationRequest = SONG, options: WatchOptions = DEFAULT_OPTIONS
    ) -> CreationRefusal | WatchRefusal:
        """Let a person create something; it is refused, and nothing is sent."""
        answer = await self.services.creations.create(await self.asked(), request, options)
        assert not isinstance(answer, CreationReport)
        assert self.charges == 0
        return answer

    @property
    def charges(self) -> int:
        """For how many requests the relays have charged."""
        relays = (self.relay, self.sandbox.relay)
        return sum(len(each.submissions.charges) for each in relays)

    async def task_of(self, report: CreationReport) -> TaskKey:
        """Wait until a relay has begun what was asked for; return its task."""
        pending = report.creation.pending_task_id
        while True:
            ids = await self.services.task_reader.ids_in(pending, report.creation.user_id)
            if ids != [pending]:
                return TaskKey(report.creation.account, ids[0])
            await asyncio.sleep(0.01)


@asynccontextmanager
async def open_club(sandbox: SandboxSession, **changes: object) -> AsyncIterator[Club]:
    """Run a bot whose operator lets servers create; the server has turned it on."""
    async with LocalRelay(key="sk-of-the-server") as relay:
        hosts = {HOST: URL(relay.base_url).port or 0}
        settings = {"shared_relay_creates": True, **changes}
        async with running_built_bot(sandbox, relay_hosts=hosts, changes=settings) as bot:
            club = Club(sandbox, bot, relay)
            await club.set(creation=True)
            yield club
