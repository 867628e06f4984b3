"""Crash test: injects a fault into each system call of relay accounts that writes the database.

``python -m tests.e2e.account_crashes`` runs the journey once without a fault and counts the calls
that write or sync; then once for each of them, at which the process is killed, or the disk fails or
is full once. Then the database is opened again and audited: no key may be left behind, none lost
that was confirmed, no task may run whose account does not exist, and each watch has to end in one
message. The exit code is 1 if that is violated.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from bot.encryption import Cipher, parse_keys
from bot.storage.models import EndReason, RelayAccount
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.bot_process import ENCRYPTION_KEY
from tests.e2e.account_journey import (
    DIRECT,
    ELSEWHERE,
    HERE,
    KEYS,
    OWN_KEYS,
    SERVER_KEYS,
    STEPS,
    main,
    open_journey,
)
from tests.e2e.fault_runs import command
from tests.e2e.journey_crashes import Result, result, run_program
from tests.support.account_harness import SERVER, USER, AccountHarness
from tests.support.account_panels import database_files
from tests.support.write_faults import WriteFault

_CIPHER = Cipher(parse_keys(ENCRYPTION_KEY))
_HEADER_SIZE = 5
"""Bytes at the beginning of every ciphertext with the same key."""


async def run_journey(folder: Path, fault: WriteFault | None = None) -> Result:
    """Run the journey with a fault, open its database again, and audit it."""
    done = await run_program(folder, main, (), STEPS, fault)
    async with open_journey(folder) as harness:
        violations = await audit(harness, folder, done)
    return result(folder, fault, done, STEPS, violations)


async def audit(harness: AccountHarness, folder: Path, done: int) -> list[str]:
    """Return what is wrong after ``done`` steps were confirmed, and perhaps one more was made."""
    accounts = RelayAccountStore(harness.database, harness.services.outbox)
    stored = {each.owner: _key_of(each) for each in await accounts.all()}
    violations = [
        f"the key of {owner} is {stored.get(owner)}, but {done} steps are done"
        for owner, keys in ((SERVER, SERVER_KEYS), (USER, OWN_KEYS))
        if stored.get(owner) not in keys[done : done + 2]
    ]
    violations += await _rows_without_account(harness)
    violations += _keys_in_files(folder, [each.encrypted_key for each in await accounts.all()])
    await harness.accounts.disconnect(SERVER)
    await harness.accounts.disconnect(USER)
    return violations + await _untold_watches(harness, done)


def _key_of(account: RelayAccount) -> str:
    return _CIPHER.decrypt(account.encrypted_key, account.id).get_secret_value()


async def _rows_without_account(harness: AccountHarness) -> list[str]:
    """Return what says that a task runs at an account that does not exist, or a watch waits."""
    orphans = {
        "a task runs without an account": "SELECT 1 FROM tasks WHERE state = 'running'"
        " AND account NOT IN (SELECT id FROM relay_accounts)",
        "a watch waits for no running task": "SELECT 1 FROM watches w WHERE delivery_id IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.account = w.account"
        "  AND t.task_id = w.task_id AND t.state = 'running')",
    }
    return [text for text, query in orphans.items() if await harness.database.read(query, [])]


def _keys_in_files(folder: Path, encrypted: Sequence[bytes]) -> list[str]:
    """Return what says that the database's files or a backup hold a key that they should not.

    ``encrypted``: the keys of the accounts, as they may be there.
    """
    backup = folder / "backup.db"
    with closing(sqlite3.connect(folder / "suno.db")) as database:
        database.execute("VACUUM INTO ?", [str(backup)])
    contents = {**database_files(folder / "suno.db"), backup.name: backup.read_bytes()}
    backup.unlink()
    violations = [
        f"{name} holds a key"
        for name, content in contents.items()
        if any(key.encode() in content for key in KEYS)
    ]
    header = _CIPHER.encrypt(SecretStr("any"), "any")[:_HEADER_SIZE]
    return violations + [
        f"{name} holds the encrypted key of a deleted account"
        for name, content in contents.items()
        if any(not content.startswith(tuple(encrypted), at) for at in _positions(header, content))
    ]


def _positions(part: bytes, content: bytes) -> Iterator[int]:
    at = content.find(part)
    while at >= 0:
        yield at
        at = content.find(part, at + 1)


async def _untold_watches(harness: AccountHarness, done: int) -> list[str]:
    """Return which watches did not end in one message, after both accounts were disconnected."""
    told = await harness.messages()
    violations = []
    for task_id, destination, watched_after, erased_after in _WATCHES:
        messages = told.get(destination.channel_id, [])
        must_be_told = watched_after <= done < erased_after
        if messages != [(task_id, EndReason.DISCONNECTED)] and (messages or must_be_told):
            violations.append(f"{task_id} was told as {messages}")
    return violations


_NEVER = len(STEPS) + 1
_WATCHES = (
    ("here", HERE, 4, len(STEPS) - 1),
    ("direct", DIRECT, 5, _NEVER),
    ("elsewhere", ELSEWHERE, 6, _NEVER),
)
"""Each watch, after how many steps it is confirmed, and from which on it may be erased."""


if __name__ == "__main__":
    command(run_journey)()
