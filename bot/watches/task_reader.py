"""Reads tasks for users: the ids that they type, what is stored, and what the relay tells now."""

from collections.abc import Sequence
from dataclasses import replace

from bot.accounts.lookup import AccountLookup
from bot.accounts.registry import AccountRegistry
from bot.relay.circuit_breaker import CircuitStatus
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Task
from bot.storage.creation_rows import is_guessable_id, is_pending_id
from bot.storage.models import Caller, TaskKey
from bot.storage.watch_store import WatchStore
from bot.watches.caller_lookups import CallerLookups
from bot.watches.task_ids import parse_ids, unusual_ids


class TaskReader:
    """Reads tasks for users, at the accounts that they may use."""

    def __init__(
        self, accounts: AccountRegistry, lookups: CallerLookups, store: WatchStore
    ) -> None:
        self._accounts = accounts
        self._lookups = lookups
        self._store = store

    async def circuit_status(self, caller: Caller) -> CircuitStatus:
        """Return whether the relay works that a caller's look-ups use first."""
        connections = await self._accounts.for_caller(caller)
        return connections[0].client.circuit_status if connections else CircuitStatus()

    async def ids_in(self, text: str, user_id: int) -> list[str]:
        """Return the task ids in the input of a user.

        An id of an unusual form, such as one with a slash, is accepted only if the database has it.
        For the id of a request to create something, the tasks that the relay has begun for this
        user are returned. Raises what ``parse_ids`` does.
        """
        unusual = unusual_ids(text)
        ids = parse_ids(text, await self._store.known_ids(unusual) if unusual else ())
        begun = await self._store.begun_tasks(filter(is_pending_id, ids), user_id)
        return [task_id for each in ids for task_id in begun.get(each, [each])]

    async def look_up(self, ids: Sequence[str], caller: Caller) -> AccountLookup:
        """Request tasks from the relay at once, for a user who waits for the result.

        Raises ``RelayError`` if the relay cannot be reached, ``TooManyLookups`` if this user or
        server has caused too many look-ups, ``NoRelayAccount`` if there is no account to ask.
        """
        return await self._lookups.look_up_at(await self._accounts.for_caller(caller), ids, caller)

    async def read_all(self, ids: Sequence[str], caller: Caller) -> AccountLookup:
        """Return tasks to show: the stored results of ended tasks, the others from the relay.

        Raises what ``look_up`` does, if there is anything to look up.
        """
        connections = await self._accounts.for_caller(caller)
        accounts = [each.account for each in connections]
        ended = {}
        for each in ids:
            task = await self._store.ended_task(each, caller, accounts)
            if task is not None:
                ended[each] = task
        rest = [each for each in ids if each not in ended]
        if not rest:
            return AccountLookup(LookupResult(ended))
        found = await self._lookups.look_up_at(connections, rest, caller)
        result = replace(found.result, tasks={**ended, **found.result.tasks})
        return AccountLookup(result, found.connections)

    async def read(self, task_id: str, caller: Caller) -> Task | None:
        """Return one task to show; ``None`` if the relay does not know it.

        Raises what ``look_up`` does.
        """
        found = (await self.read_all([task_id], caller)).result
        if error := found.failed.get(task_id):
            raise error
        return found.tasks.get(task_id)

    async def read_shown(self, key: TaskKey, caller: Caller) -> Task | None:
        """Return the task that a message shows: of its account, if the caller may use that.

        Another account may have a task with the same id. Raises what ``look_up`` does.
        """
        usable = {each.account for each in await self._accounts.for_caller(caller)}
        if key.account in usable and not is_guessable_id(key.task_id):
            return await self.read_at(key, caller)
        return await self.read(key.task_id, caller)

    async def read_at(self, key: TaskKey, caller: Caller) -> Task | None:
        """Return a task of one account, to go on with it there; ``None`` if it is not known there.

        Raises what ``look_up`` does, also if the caller may not use the account.
        """
        usable = await self._accounts.for_caller(caller)
        connections = [each for each in usable if each.account == key.account]
        is_stored = bool(connections) and not is_guessable_id(key.task_id)
        if is_stored and (task := await self._store.ended_task_of(key)) is not None:
            return task
        found = (await self._lookups.look_up_at(connections, [key.task_id], caller)).result
        if error := found.failed.get(key.task_id):
            raise error
        return found.tasks.get(key.task_id)
