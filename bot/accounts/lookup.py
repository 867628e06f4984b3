"""Looks tasks up in every relay account that a person may use, in order.

First the server's account, then the person's own, then the operator's if it is shared. Nobody
learns about a task through an account that they could not have used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from bot.accounts.connection import AccountConnection
from bot.relay.errors import RelayError
from bot.relay.lookup_result import LookupResult


@dataclass(frozen=True, slots=True)
class AccountLookup:
    """What several accounts know of the requested ids."""

    result: LookupResult
    """An id is ``missing`` if no account knows it."""
    connections: Mapping[str, AccountConnection] = field(default_factory=dict)
    """By id: the account that knows the task, else the first that could not be asked about it.
    Tasks that nobody had to be asked about have none."""


async def look_up(candidates: Mapping[str, Sequence[AccountConnection]]) -> AccountLookup:
    """Look up each id at its candidates, one after the other, until one of them knows it.

    Raises the first ``RelayError`` if none of them could be asked about anything.
    """
    found = _Accumulator(list(candidates))
    for connection in dict.fromkeys(chain.from_iterable(candidates.values())):
        if ids := [each for each in found.unknown_ids if connection in candidates[each]]:
            await found.ask(connection, ids)
    return found.result()


class _Accumulator:
    """Collects what the accounts know."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids
        self._found = LookupResult(missing=frozenset(ids))
        self._connections: dict[str, AccountConnection] = {}
        self._errors: list[RelayError] = []

    @property
    def unknown_ids(self) -> list[str]:
        """The ids of which no account has known the task so far."""
        return [each for each in self._ids if each not in self._found.tasks]

    async def ask(self, connection: AccountConnection, ids: Sequence[str]) -> None:
        """Ask one account about ids, and add what it knows."""
        try:
            found = await connection.client.look_up(ids, interactive=True)
        except RelayError as error:
            self._errors.append(error)
            found = LookupResult(failed=dict.fromkeys(ids, error))
        for task_id in found.tasks:
            self._connections[task_id] = connection
        for task_id in (*found.failed, *found.unlisted):
            self._connections.setdefault(task_id, connection)
        self._found = self._merged(found)

    def _merged(self, found: LookupResult) -> LookupResult:
        tasks = {**self._found.tasks, **found.tasks}
        failed = {**found.failed, **self._found.failed}
        unlisted = (*self._found.unlisted, *found.unlisted)
        return LookupResult(
            tasks,
            (self._found.missing - tasks.keys() - failed.keys()).difference(unlisted),
            {each: error for each, error in failed.items() if each not in tasks},
            tuple(each for each in dict.fromkeys(unlisted) if each not in {*tasks, *failed}),
        )

    def result(self) -> AccountLookup:
        """Return what was found; raises the error with which all accounts failed."""
        if self._errors and len(self._found.failed) == len(self._ids):
            raise self._errors[0]
        return AccountLookup(self._found, self._connections)
