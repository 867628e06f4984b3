"""Reads facts about relay accounts and their keys from outside the bot (see ``inspection``)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.storage.account_rows import read_accounts
from bot.storage.engine import Connection
from bot.storage.key_value import RelayAccess, read_fingerprint
from bot.storage.models import RelayAccount


class KeyProblem(StrEnum):
    """Why nothing can be asked with the key of a connected account."""

    UNREADABLE = "unreadable"
    """No key in ``ENCRYPTION_KEY`` decrypts it."""
    REJECTED = "rejected"
    """The relay refuses it."""


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """How the relays of accounts are called with the current settings."""

    operator: RelayAccess | None
    """``None`` if the settings do not tell."""
    connected: Callable[[RelayAccount], RelayAccess | None]
    """Returns ``None`` for an account whose key cannot be decrypted."""


NO_ACCESS = AccountAccess(None, lambda _: None)
"""Where the settings do not tell how relays are called."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The facts about a connected account and its tasks."""

    account: RelayAccount
    key_problem: KeyProblem | None
    running: int
    other_key: int
    """Running tasks that the relay has returned with another key, and does not with this one."""


def account_facts(
    db: Connection, access: AccountAccess, running: Mapping[str, int]
) -> tuple[AccountFacts, ...]:
    """Return the facts about every connected account.

    ``running``: the number of running tasks of each account.
    """
    missing = missing_tasks(db)

    def facts(account: RelayAccount) -> AccountFacts:
        key_access = access.connected(account)
        other_key = 0 if key_access is None else count_of_other_key(db, key_access, missing)
        problem = key_problem(account, key_access)
        return AccountFacts(account, problem, running.get(account.id, 0), other_key)

    return tuple(map(facts, read_accounts(db)))


def key_problem(account: RelayAccount, access: RelayAccess | None) -> KeyProblem | None:
    """Return what is wrong with the key of an account; ``access``: ``None`` if unreadable."""
    if access is None:
        return KeyProblem.UNREADABLE
    return None if account.rejected_since is None else KeyProblem.REJECTED


MissingTasks = Mapping[str, Mapping[str | None, int]]
"""How many running tasks a relay does not return any more, by account and by the fingerprint of
the access with which it last returned them."""


def missing_tasks(db: Connection) -> MissingTasks:
    """Count the running tasks that relays have returned before and do not return any more."""
    counts: dict[str, dict[str | None, int]] = {}
    rows = db.execute(
        "SELECT account, fingerprint, count(*) FROM tasks"
        " WHERE state = 'running' AND known AND misses > 0 GROUP BY account, fingerprint"
    )
    for account, fingerprint, count in rows:
        counts.setdefault(account, {})[fingerprint] = count
    return counts


def count_of_other_key(db: Connection, access: RelayAccess, missing: MissingTasks) -> int:
    """Return how many missing tasks of an account were returned with another access than this."""
    counts = missing.get(access.account, {})
    current = read_fingerprint(db, access) if counts else None
    return sum(count for fingerprint, count in counts.items() if fingerprint != current)
