"""The relay accounts of a bot that is built but not started, and the relays on this machine."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.accounts.registry import AccountRegistry
from bot.accounts.service import AccountService, NewAccount
from bot.app import TIMING, BotParts, build_bot
from bot.app.relays import make_relay_client
from bot.client import Services
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from bot.storage.engine import Engine
from bot.storage.models import (
    AccountOwner,
    Caller,
    Destination,
    RelayAccount,
    WatchRequest,
    WatchResult,
)
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.bot_process import ENCRYPTION_KEY
from sandbox.relay import LocalRelay
from sandbox.relay_hosts import session_for
from tests.support.databases import location

SERVER, USER = AccountOwner(guild_id=50), AccountOwner(user_id=7)
NOTHING: Mapping[str, Any] = MappingProxyType({})
HOST = "relay.example"
"""Stands for the relay of the harness where somebody connects an account."""


@dataclass(frozen=True)
class AccountHarness:
    """The accounts of a bot, and its database."""

    database: DatabaseThread
    registry: AccountRegistry
    accounts: AccountService
    services: Services
    loops: tuple[str, ...]
    """The names of the background loops."""
    relay: LocalRelay
    bot: BotParts

    async def connect(
        self,
        owner: AccountOwner = SERVER,
        *,
        key: str | None = None,
        user_id: int = 7,
        host: str = HOST,
    ) -> RelayAccount:
        """Connect an account, by default with the key that the relay accepts."""
        new = NewAccount("custom", f"https://{host}", "", SecretStr(key or self.relay.key))
        connected = await self.accounts.connect(owner, new, user_id=user_id, locale="en-US")
        return connected.account

    async def watch(
        self, task_id: str, destination: Destination, user_id: int = 7, guild_id: int | None = None
    ) -> WatchResult:
        """Watch a task for a person who asks in a server, by default that of the channel."""
        (result,) = await self.services.watchlist.add(
            [task_id],
            WatchRequest(user_id, destination),
            caller_guild_id=guild_id or destination.guild_id,
        )
        return result

    async def messages(self) -> dict[int, list[tuple[str, str]]]:
        """Return by channel each told task and how it ended."""
        rows = await self.database.read(
            "SELECT channel_id, task_id, end_reason FROM task_deliveries ORDER BY id", []
        )
        told: dict[int, list[tuple[str, str]]] = {}
        for row in rows:
            told.setdefault(row["channel_id"], []).append((row["task_id"], row["end_reason"]))
        return told

    async def told(self, channel_id: int) -> list[tuple[str, str]]:
        """Wait for a message in a channel; return the tasks that are told there by now."""

        async def any_message() -> bool:
            return channel_id in await self.messages()

        await until(any_message)
        return (await self.messages())[channel_id]

    async def running_tasks(self) -> list[tuple[str, str]]:
        """Return the account and the id of each running task."""
        rows = await self.database.read(
            "SELECT account, task_id FROM tasks WHERE state = 'running' ORDER BY task_id", []
        )
        return [(row["account"], row["task_id"]) for row in rows]

    async def usable(self, guild_id: int | None = 50, user_id: int = 7) -> list[str]:
        """Return the accounts that a look-up may use, in order."""
        return [each.account for each in await self.registry.for_caller(Caller(user_id, guild_id))]

    @property
    def open_accounts(self) -> list[str]:
        """The connected accounts that have an open connection."""
        operator = self.registry.operator
        return [each.account for each in self.registry.connections if each is not operator]


def another_registry(
    harness: AccountHarness,
    tell_rejected: Callable[[RelayAccount], Awaitable[bool]],
    clock: Callable[[], float] = time.time,
) -> AccountRegistry:
    """Return a registry of the same accounts, without an operator.

    A test may move its clock forward; the pollers' clock is the real one.
    """
    return AccountRegistry(
        RelayAccountStore(harness.database, harness.services.outbox),
        harness.registry._open_connection,
        None,
        is_shared=False,
        tell_rejected=tell_rejected,
        on_failure=lambda _: None,
        clock=clock,
    )


async def tell_nobody(account: RelayAccount) -> bool:
    """Fail: no key is refused here."""
    raise AssertionError(f"the key of {account.id} is not refused")


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(120):
        while not await condition():  # noqa: ASYNC110 # of rows and logs, which notify nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def open_accounts(
    folder: Path,
    relay: LocalRelay,
    changes: Mapping[str, str] = NOTHING,
    hosts: Mapping[str, LocalRelay] = NOTHING,
    engine: Engine | None = None,
) -> AsyncIterator[AccountHarness]:
    """Build a bot, and let ``https://relay.example`` lead to the relay.

    ``changes``: of the settings. ``hosts``: more hosts and the relays to which they lead.
    ``engine``: as for ``DatabaseThread``.
    """
    values = {
        "discord_token": "token",
        "suno_relay": "custom",
        "suno_base_url": "http://127.0.0.1:9",
        "suno_api_key": "sk-of-the-operator",
        "encryption_key": ENCRYPTION_KEY,
        "database_path": str(folder / "suno.db"),
        "poll_interval": "0.1",
        "poll_requests_per_second": "100",
    }
    settings = Settings.model_validate({**values, **changes})
    ports = {name: _port(each) for name, each in {HOST: relay, **hosts}.items()}
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            DatabaseThread(location(settings.database_path), engine=engine)
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        account_session = await stack.enter_async_context(session_for(ports))
        client = None
        if settings.operator_account:
            client = make_relay_client(settings, session, database.clock)
        bot = build_bot(
            settings,
            database,
            client,
            AudioFetcher(),
            (),
            TIMING,
            fingerprint="",
            account_session=account_session,
        )
        stack.push_async_callback(bot.registry.aclose)
        services = bot.client.services
        loops = bot.client.background.names
        yield AccountHarness(database, bot.registry, services.accounts, services, loops, relay, bot)


def _port(relay: LocalRelay) -> int:
    return int(relay.base_url.rpartition(":")[2])
