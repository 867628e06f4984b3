"""Crash test: kills a journey of relay accounts at each system call that writes the database.

``python -m tests.e2e.account_crashes`` runs the journey once without a fault and counts the calls
that write or sync; then once for each of them, at which the process is killed. Then the database
is opened again and audited: no key may be left behind, none lost that was confirmed, no task may
run whose account does not exist, and each watch has to end in one message. The exit code is 1 if
that is violated.
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
from pydantic import SecretStr

from bot.encryption import Cipher, parse_keys
from bot.storage.models import EndReason, RelayAccount
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.bot_process import ENCRYPTION_KEY, ROOT
from tests.e2e.account_journey import (
    DIRECT,
    ELSEWHERE,
    HERE,
    KEYS,
    OWN_KEYS,
    SERVER_KEYS,
    STEPS,
    open_journey,
)
from tests.support.account_harness import SERVER, USER, AccountHarness
from tests.support.account_panels import database_files
from tests.support.write_faults import (
    WriteFault,
    WriteFaultKind,
    count_calls,
    possible_faults,
    strace_command,
    unavailable_reason,
    was_injected,
)

_CIPHER = Cipher(parse_keys(ENCRYPTION_KEY))
_HEADER_SIZE = 5
"""Bytes at the beginning of every ciphertext with the same key."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one journey."""

    fault: WriteFault | None
    injected: bool
    """Whether the fault happened."""
    steps: int
    """How many steps were confirmed."""
    violations: tuple[str, ...]
    calls: dict[str, int]
    """How often the process made each system call, see ``count_calls``."""


async def run_journey(folder: Path, fault: WriteFault | None = None) -> Result:
    """Run the journey with a fault, open its database again, and audit it."""
    trace = folder / "trace"
    process = await asyncio.create_subprocess_exec(
        *strace_command(folder / "suno.db", trace, fault),
        *(sys.executable, "-m", "tests.e2e.account_journey", str(folder)),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    done = output.decode().splitlines()
    if fault is None and done != list(STEPS):
        raise RuntimeError(f"the journey failed without a fault: {errors.decode()}")
    async with open_journey(folder) as harness:
        violations = await audit(harness, folder, len(done))
    return Result(fault, was_injected(trace), len(done), tuple(violations), count_calls(trace))


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
    ("here", HERE, 3, len(STEPS) - 1),
    ("direct", DIRECT, 4, _NEVER),
    ("elsewhere", ELSEWHERE, 5, _NEVER),
)
"""Each watch, after how many steps it is confirmed, and from which on it may be erased."""


async def run_journeys(
    faults: Sequence[WriteFault], folder: Path, jobs: int, on_result: Callable[[Result], None]
) -> None:
    """Run the journey with each fault, ``jobs`` at a time."""
    slots = asyncio.Semaphore(jobs)

    async def run_one(fault: WriteFault) -> None:
        async with slots:
            subfolder = folder / str(fault).replace(" ", "-")
            subfolder.mkdir()
            on_result(await run_journey(subfolder, fault))

    await asyncio.gather(*map(run_one, faults))


@click.command()
@click.option("--every", default=1, show_default=True, help="Only every n-th call.")
@click.option("--skip", default=0, show_default=True, help="The first calls, to run in parts.")
@click.option("--jobs", default=2, show_default=True, help="Journeys at a time.")
def main(every: int, skip: int, jobs: int) -> None:
    """Kill the journey at every write to the database, and audit what is left."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if reason := unavailable_reason(folder):
            raise click.ClickException(reason)
        (folder / "no-fault").mkdir()
        results = [asyncio.run(run_journey(folder / "no-fault"))]
        faults = list(possible_faults(results[0].calls, [WriteFaultKind.KILL]))
        asyncio.run(run_journeys(faults[skip::every], folder, jobs, _collector(results)))
    violating = [result for result in results if result.violations]
    click.echo(f"{len(results) - 1:>8} journeys with a kill, of {len(faults)} possible")
    click.echo(f"{sum(result.injected for result in results):>8} in which it happened")
    click.echo(f"{len(violating):>8} with violations")
    sys.exit(1 if violating else 0)


def _collector(results: list[Result]) -> Callable[[Result], None]:
    """Return what adds a result to the others, and prints at once what it violates."""

    def on_result(result: Result) -> None:
        results.append(result)
        for violation in result.violations:
            click.echo(f"{result.fault} after {result.steps} steps: {violation}", err=True)

    return on_result


if __name__ == "__main__":
    main()
