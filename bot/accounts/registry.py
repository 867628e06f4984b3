"""Opens the connections of relay accounts, polls the tasks of each, and closes idle ones.

The operator's connection is open all the time and polled by the background loop. A connected
account has a connection while it has running tasks or somebody looks something up with it. Each is
polled by a coroutine of its own, so that a slow, broken or greedy account costs the others nothing;
they only take turns, in the order in which they became due.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.accounts.connection import AccountConnection
from bot.background import Loop, run_forever
from bot.encryption import DecryptionError
from bot.relay.errors import ErrorKind
from bot.storage.models import AccountOwner, Caller, RelayAccount
from bot.storage.relay_accounts import RelayAccountStore

log = logging.getLogger(__name__)

MAX_CONCURRENT_TICKS = 64
"""Accounts whose polls are prepared at once; requests under way do not count."""
TICK_INTERVAL = 15.0
"""Seconds between two checks of the open connections."""
IDLE_TIMEOUT = 600.0
"""Seconds after which a connection that nobody needs is closed."""

OpenConnection = Callable[[RelayAccount], Awaitable[AccountConnection]]
"""Makes the connection of an account. Raises ``DecryptionError`` if its key cannot be read."""


@dataclass(slots=True)
class _Open:
    """An open connection, the coroutine that polls it, and when it was needed last."""

    connection: AccountConnection
    polling: asyncio.Task[None]
    used_at: float
    """Unix seconds."""


class AccountRegistry:
    """The relay accounts that are in use."""

    def __init__(
        self,
        accounts: RelayAccountStore,
        open_connection: OpenConnection,
        operator: AccountConnection | None,
        *,
        is_shared: bool,
        on_rejected: Callable[[RelayAccount], Awaitable[None]],
        on_failure: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``is_shared``: whether everybody may use the operator's account.

        ``on_rejected`` is called once when the relay begins to refuse the key of an account.
        ``on_failure`` is called with the name of the loop after each poll that failed unexpectedly.
        """
        self.operator = operator
        self._accounts = accounts
        self._open_connection = open_connection
        self._is_shared = is_shared
        self._on_rejected = on_rejected
        self._on_failure = on_failure
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._opening = asyncio.Lock()
        self._turns = asyncio.Semaphore(MAX_CONCURRENT_TICKS)

    @property
    def connections(self) -> list[AccountConnection]:
        """The connections that are open now, the operator's first."""
        connected = [each.connection for each in self._open.values()]
        return [self.operator, *connected] if self.operator else connected

    async def start(self) -> None:
        """Open the connections of all accounts that have running tasks."""
        for account in await self._accounts.with_running_tasks():
            await self._get(account)

    async def by_id(self, account_id: str) -> AccountConnection | None:
        """Return the connection of an account, ``None`` if it is not connected any more."""
        if self.operator is not None and account_id == self.operator.account:
            return self.operator
        account = await self._accounts.get(account_id)
        return await self._get(account) if account else None

    async def for_caller(self, caller: Caller) -> list[AccountConnection]:
        """Return the connections that a look-up may use, in order.

        First the server's, then the user's own, then the operator's if it is shared.
        """
        owners = [AccountOwner(guild_id=caller.guild_id)] if caller.guild_id else []
        owners.append(AccountOwner(user_id=caller.user_id))
        accounts = [account for each in owners if (account := await self._accounts.of(each))]
        connections = [found for each in accounts if (found := await self._get(each))]
        if self.operator is not None and self._is_shared:
            connections.append(self.operator)
        return connections

    async def close(self, account_id: str) -> None:
        """Close the connection of an account whose key was replaced, or which is disconnected."""
        if entry := self._open.pop(account_id, None):
            entry.polling.cancel()
            await asyncio.gather(entry.polling, return_exceptions=True)
            await entry.connection.aclose()

    async def reopen(self, account: RelayAccount) -> AccountConnection | None:
        """Use the key of ``account`` from now on."""
        await self.close(account.id)
        return await self._get(account)

    async def tick(self) -> float:
        """Notice keys that relays refuse, and close what is idle; return when to do it again."""
        now = self._clock()
        for account_id, entry in list(self._open.items()):
            await self._check_key(account_id, entry.connection, now)
            is_idle = entry.used_at <= now - IDLE_TIMEOUT
            if is_idle and await entry.connection.tasks.next_poll_at() is None:
                await self.close(account_id)
        return now + TICK_INTERVAL

    async def _check_key(self, account_id: str, connection: AccountConnection, now: float) -> None:
        """Store whether the relay refuses the key, and tell who connected it if that is news."""
        status = connection.client.circuit_status
        if status.cause is ErrorKind.AUTH:
            if await self._accounts.set_rejected(account_id, now):
                log.warning("Key refused, watches wait: account=%s", account_id)
                if account := await self._accounts.get(account_id):
                    await self._on_rejected(account)
        elif status.working_since is not None:
            await self._accounts.set_rejected(account_id, None)

    async def aclose(self) -> None:
        """Close all connections but the operator's."""
        await asyncio.gather(*map(self.close, list(self._open)))

    async def _get(self, account: RelayAccount) -> AccountConnection | None:
        """Return the connection of an account, opened if it was not; ``None`` without its key."""
        async with self._opening:
            entry = self._open.get(account.id)
            if entry is None:
                try:
                    connection = await self._open_connection(account)
                except DecryptionError as error:
                    log.error("Account cannot be used: account=%s cause=%s", account.id, error)
                    return None
                polling = asyncio.create_task(self._poll(connection))
                entry = self._open[account.id] = _Open(connection, polling, self._clock())
            entry.used_at = self._clock()
            return entry.connection

    async def _poll(self, connection: AccountConnection) -> None:
        """Poll the tasks of an account until its connection is closed."""

        async def tick() -> float | None:
            async with self._turns:
                return await connection.poller.tick()

        loop = Loop(f"poll {connection.account}", tick, connection.tasks.changed)
        await run_forever(loop, {}, self._on_failure)
