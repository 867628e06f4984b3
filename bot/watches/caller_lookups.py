"""Looks ids up at the accounts that a caller may use, within the limits of the caller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.accounts.connection import AccountConnection
from bot.accounts.lookup import AccountLookup, look_up
from bot.accounts.registry import AccountRegistry
from bot.relay.lookup_result import LookupResult
from bot.storage.creation_rows import is_pending_id
from bot.storage.errors import NoRelayAccount
from bot.storage.models import Caller
from bot.storage.watch_store import WatchStore
from bot.watches.lookup_limiter import LookupLimiter


class CallerLookups:
    """Looks ids up at the accounts that a caller may use, within the limits of the caller."""

    def __init__(
        self, accounts: AccountRegistry, store: WatchStore, limiter: LookupLimiter
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._limiter = limiter

    async def candidates(
        self, ids: Sequence[str], caller: Caller, accounts: Mapping[str, str]
    ) -> dict[str, list[AccountConnection]]:
        """Return the connections that may be asked about each id, in order.

        Raises ``NoRelayAccount`` if the caller may use no account at all.
        """
        usable = await self._accounts.for_caller(caller)
        candidates = {}
        for each in ids:
            account = accounts.get(each)
            known = await self._accounts.by_id(account) if account else None
            candidates[each] = usable if account is None else [known] if known else []
        if not usable and not any(candidates.values()):
            raise NoRelayAccount
        return candidates

    async def look_up_at(
        self, connections: list[AccountConnection], ids: Sequence[str], caller: Caller
    ) -> AccountLookup:
        """Look up ids at the same connections. Raises ``NoRelayAccount`` if there are none."""
        if not connections:
            raise NoRelayAccount
        return await self.look_up(dict.fromkeys(ids, connections), caller)

    async def look_up(
        self, candidates: Mapping[str, list[AccountConnection]], caller: Caller
    ) -> AccountLookup:
        """Look up ids at their candidates, within the limits of the caller.

        What no relay has begun is not looked up. Raises ``RelayError`` if no relay can be reached,
        ``TooManyLookups`` if this user or server has caused too many look-ups.
        """
        pending = await self._pending(filter(is_pending_id, candidates), caller)
        asked = {each: known for each, known in candidates.items() if not is_pending_id(each)}
        if not asked:
            return pending
        self._limiter.admit(caller)
        found = await look_up(asked)
        self._limiter.charge_misses(caller, len(found.result.missing))
        return AccountLookup(
            replace(
                found.result,
                tasks={**found.result.tasks, **pending.result.tasks},
                missing=found.result.missing | pending.result.missing,
            ),
            {**found.connections, **pending.connections},
        )

    async def _pending(self, ids: Iterable[str], caller: Caller) -> AccountLookup:
        """Return the tasks of requests that wait to be sent, as far as the caller may see them."""
        wanted = frozenset(ids)
        stored = await self._store.pending_tasks(wanted, caller) if wanted else {}
        connections = {
            key.task_id: connection
            for key in stored
            if (connection := await self._accounts.by_id(key.account))
        }
        tasks = {key.task_id: task for key, task in stored.items() if key.task_id in connections}
        return AccountLookup(LookupResult(tasks, wanted - tasks.keys()), connections)
