"""Opens the connections of relay accounts, polls the tasks of each, and closes idle ones.

The operator's connection is open all the time and polled by the background loop. A connected
account has a connection while it has running tasks or somebody looks something up with it. Each is
polled by a coroutine of its own, with a rate limit and a circuit breaker of its own, so that a
slow, broken or greedy account costs the others nothing: they share only the database, which serves
them in the order in which they ask.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass

from bot.accounts.connection import AccountConnection
from bot.accounts.owner_messages import TellOwner, tell_owners
from bot.background import Loop, run_forever
from bot.encryption import DecryptionError
from bot.relay.circuit_breaker import CircuitStatus
from bot.relay.errors import ErrorKind
from bot.storage.models import AccountOwner, Caller, RelayAccount
from bot.storage.relay_accounts import RelayAccountStore

log = logging.getLogger(__name__)

TICK_INTERVAL = 15.0
"""Seconds between two checks of the open connections."""
IDLE_TIMEOUT = 600.0
"""Seconds after which a connection that nobody needs is closed."""
MAX_CONCURRENT_OPENINGS = 64
"""Connections that are opened together: they share commits."""
POLL_LOOP = "poll"
"""The name under which failures of all polls are counted."""

OpenConnection = Callable[[RelayAccount], Awaitable[AccountConnection]]
"""Makes the connection of an account.

Raises ``DecryptionError`` if its key cannot be read, ``ValueError`` for an unusable address.
"""


@dataclass(slots=True)
class _Open:
    """An open connection, the coroutine that polls it, and when it was needed last."""

    account: RelayAccount
    """As it was stored at the last tick, with the key with which the connection asks."""
    connection: AccountConnection
    polling: asyncio.Task[None] | None
    """``None`` while another process polls."""
    used_at: float
    """Unix seconds."""
    seen: CircuitStatus
    """How the relay had answered by the last tick."""

    def has_key_of(self, account: RelayAccount) -> bool:
        """Whether it asks with the key of ``account``: no two encryptions of a key are equal."""
        return self.account.encrypted_key == account.encrypted_key


class AccountRegistry:
    """The relay accounts that are in use."""

    def __init__(
        self,
        accounts: RelayAccountStore,
        open_connection: OpenConnection,
        operator: AccountConnection | None,
        *,
        is_shared: bool,
        tell_rejected: TellOwner,
        on_failure: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``operator``: ``None`` if the operator has no account.

        ``is_shared``: whether everybody may use the operator's account. ``tell_rejected`` tells who
        connected an account that the relay refuses its key, and returns whether that is done; if
        not, it is called again. ``on_failure`` is called with the name of the loop after each poll
        that failed unexpectedly.
        """
        self.operator = operator
        self._accounts = accounts
        self._open_connection = open_connection
        self._is_shared = is_shared
        self._tell_rejected = tell_rejected
        self._on_failure = on_failure
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._opening = asyncio.Lock()
        self._poll_lock = asyncio.Lock()
        """Its waiters are served in order: the accounts that are due at once begin to poll one per
        iteration of the event loop, which serves everything else in between."""
        self._unusable: dict[str, bytes] = {}
        """The accounts whose key or address this process cannot use, with the encrypted key."""
        self._is_closed = False
        self._poll_context: Context | None = copy_context()
        """In which the accounts are polled; ``None`` while another process does that."""

    @property
    def connections(self) -> list[AccountConnection]:
        """The connections that are open now, the operator's first."""
        connected = [each.connection for each in self._open.values()]
        return [self.operator, *connected] if self.operator else connected

    def failing_since(self) -> dict[str, float]:
        """Return by account since when its relay fails (Unix seconds), for those that do."""
        statuses = {each.account: each.client.circuit_status for each in self.connections}
        return {
            account: status.failing_since
            for account, status in statuses.items()
            if status.failing_since is not None
        }

    def circuits(self) -> list[tuple[str, CircuitStatus]]:
        """Return the relay's name and the state of each connected account that is open now."""
        connections = [each.connection for each in self._open.values()]
        return [(each.profile.name, each.client.circuit_status) for each in connections]

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

    async def reopen(self, account: RelayAccount) -> None:
        """Use the key of an account that was connected, or whose key was replaced."""
        await self._get(account)

    async def close_deleted(self) -> Mapping[str, bool]:
        """Close the connections of accounts that are not connected any more.

        Returns the ids of those that are, and whether tasks of each are watched.
        """
        async with self._opening:
            running = await self._accounts.running_tasks()
            for account_id in self._open.keys() - running.keys():
                await self._close(account_id)
        return running

    async def tick(self) -> float:
        """Notice keys that relays refuse, and open and close what is needed and what is idle.

        Returns when to do it again (Unix seconds).
        """
        now = self._clock()
        running = await self.close_deleted()
        await self._refresh()
        await self._check_keys(now)
        await self._open_running(running)
        await self._close_idle(now, {each for each, has_tasks in running.items() if has_tasks})
        await tell_owners(self._accounts, self._tell_rejected, self._clock)
        return now + TICK_INTERVAL

    async def follower_tick(self) -> float:
        """Do what ``tick`` does for connections that look up, but do not poll.

        Returns when to do it again (Unix seconds).
        """
        now = self._clock()
        await self.close_deleted()
        await self._refresh()
        await self._check_keys(now)
        await self._close_idle(now, set())
        return now + TICK_INTERVAL

    def start_polling(self) -> None:
        """Poll the accounts, in the context of the caller."""
        self._poll_context = copy_context()
        for entry in self._open.values():
            if entry.polling is None:
                entry.polling = self._start_polling(entry.connection)

    async def stop_polling(self) -> None:
        """Poll no account: another process does."""
        self._poll_context = None
        polling = [entry.polling for entry in self._open.values() if entry.polling]
        for entry in self._open.values():
            entry.polling = None
        for task in polling:
            task.cancel()
        await asyncio.gather(*polling, return_exceptions=True)
        await asyncio.gather(*(each.poller.abandon() for each in self.connections))

    def _start_polling(self, connection: AccountConnection) -> asyncio.Task[None] | None:
        if self._poll_context is None:
            return None
        return asyncio.create_task(self._poll(connection), context=self._poll_context.copy())

    async def _close_idle(self, now: float, polled: Collection[str]) -> None:
        for account_id, entry in list(self._open.items()):
            if entry.used_at <= now - IDLE_TIMEOUT and account_id not in polled:
                await self._close(account_id)

    async def aclose(self) -> None:
        """Close all connections but the operator's; none is opened any more."""
        async with self._opening:
            self._is_closed = True
            await asyncio.gather(*map(self._close, list(self._open)))

    async def _open_running(self, running: Mapping[str, bool]) -> None:
        """Open those of some accounts that have running tasks, as far as they can be used."""
        known = self._open.keys() | self._unusable.keys()
        ids = [each for each, has_tasks in running.items() if has_tasks and each not in known]
        for start in range(0, len(ids), MAX_CONCURRENT_OPENINGS):
            group = ids[start : start + MAX_CONCURRENT_OPENINGS]
            async with self._opening:  # a person who needs a connection waits for one group
                await asyncio.gather(*map(self._open_current, group))

    async def _refresh(self) -> None:
        """Read the accounts again: another process may have changed them.

        Connections whose keys were replaced are opened anew, and accounts that could not be used
        may be tried again with another key.
        """
        stored = await self._accounts.connected(self._open.keys() | self._unusable.keys())
        for account_id, key in list(self._unusable.items()):
            if account_id not in stored or stored[account_id].encrypted_key != key:
                del self._unusable[account_id]
        for account_id, entry in list(self._open.items()):
            account = stored.get(account_id, entry.account)
            if entry.has_key_of(account):
                entry.account = account
            else:
                async with self._opening:
                    await self._open_current(account_id)

    async def _check_keys(self, now: float) -> None:
        """Store which keys relays refuse, and which they accept again."""
        checked = [(each, each.connection.client.circuit_status) for each in self._open.values()]
        changed = [entry.account for entry, status in checked if _has_news(entry, status)]
        await asyncio.gather(*(self._store_rejection(account, now) for account in changed))
        for entry, status in checked:
            entry.seen = status

    async def _store_rejection(self, account: RelayAccount, now: float) -> None:
        is_rejected = account.rejected_since is None
        is_new = await self._accounts.set_rejected(account, now if is_rejected else None)
        if is_new and is_rejected:
            log.warning("Key refused, watches wait: account=%s", account.id)

    async def _get(self, account: RelayAccount) -> AccountConnection | None:
        """Return the connection of an account, opened if it was not; ``None`` without its key."""
        entry = self._open.get(account.id)
        if entry is None or not entry.has_key_of(account):
            async with self._opening:
                entry = await self._open_current(account.id)
        if entry is None:
            return None
        entry.used_at = self._clock()
        return entry.connection

    async def _open_current(self, account_id: str) -> _Open | None:
        """While ``_opening``: open the connection of an account as it is stored now.

        One with an old key is closed.
        """
        account, entry = await self._accounts.get(account_id), self._open.get(account_id)
        if entry is not None and account is not None and entry.has_key_of(account):
            return entry
        await self._close(account_id)
        if account is None or self._is_closed:
            return None
        try:
            connection = await self._open_connection(account)
        except (DecryptionError, ValueError) as error:
            self._log_unusable(account, error)
            return None
        self._unusable.pop(account_id, None)
        polling = self._start_polling(connection)
        entry = _Open(account, connection, polling, self._clock(), CircuitStatus())
        self._open[account_id] = entry
        return entry

    def _log_unusable(self, account: RelayAccount, error: Exception) -> None:
        if self._unusable.get(account.id) != account.encrypted_key:
            self._unusable[account.id] = account.encrypted_key
            log.error("Account cannot be used: account=%s cause=%s", account.id, error)

    async def _close(self, account_id: str) -> None:
        if entry := self._open.pop(account_id, None):
            if entry.polling is not None:
                entry.polling.cancel()
                await asyncio.gather(entry.polling, return_exceptions=True)
            await entry.connection.aclose()

    async def _poll(self, connection: AccountConnection) -> None:
        """Poll the tasks of an account until its connection is closed."""

        async def tick() -> float | None:
            async with self._poll_lock:
                await asyncio.sleep(0)  # until the next iteration of the event loop
            return await connection.poller.tick()

        loop = Loop(f"{POLL_LOOP} {connection.account}", tick, connection.tasks.changed)
        await run_forever(loop, {}, lambda _: self._on_failure(POLL_LOOP), clock=self._clock)


def _has_news(entry: _Open, status: CircuitStatus) -> bool:
    """Whether the relay refuses a key that it accepted so far, or the other way round.

    Only what it has answered since the last tick says so: what is stored may be newer.
    """
    is_refused = status.cause is ErrorKind.AUTH
    if entry.account.rejected_since is None:
        return is_refused and status.last_failure_at != entry.seen.last_failure_at
    is_accepted = status.working_since is not None and not is_refused
    return is_accepted and status.last_success_at != entry.seen.last_success_at
