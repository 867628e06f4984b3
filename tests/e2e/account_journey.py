"""Connects, uses and deletes relay accounts: a short journey that a crash test kills.

The relays run in the same process.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.storage.models import Destination
from sandbox.relay import LocalRelay, stuck
from tests.e2e.journey_crashes import retried
from tests.support.account_harness import SERVER, USER, AccountHarness, open_accounts

KEYS = ("sk-first-key-of-the-server", "sk-key-of-a-person", "sk-second-key-of-the-server")
HOSTS = ("first.example", "own.example", "second.example")
"""By key, the host of the relay that accepts it."""
HERE, DIRECT, ELSEWHERE = Destination(500, 50), Destination(700), Destination(600, 60)

STEPS = (
    "open",
    "connect the server",
    "connect a person",
    "watch here",
    "watch directly",
    "watch elsewhere",
    "replace",
    "disconnect the person",
    "remove the bot",
)
SERVER_KEYS = (None, None, *[KEYS[0]] * 5, *[KEYS[2]] * 2, None)
"""The key of the server after so many steps."""
OWN_KEYS = (None, None, None, *[KEYS[1]] * 5, None, None)
"""The key of the person after so many steps."""


@asynccontextmanager
async def open_journey(folder: Path) -> AsyncIterator[AccountHarness]:
    """Open the accounts in a folder, with a relay for each key."""
    async with AsyncExitStack() as stack:
        relays = [await stack.enter_async_context(LocalRelay(key=key)) for key in KEYS]
        for relay in relays[:2]:
            relay.add(stuck("here"), stuck("direct"), stuck("elsewhere"))
        hosts = dict(zip(HOSTS, relays, strict=True))
        changes = {"poll_interval": "3600"}  # so that each run makes the same writes
        yield await stack.enter_async_context(
            open_accounts(folder, relays[0], changes, hosts=hosts)
        )


def steps(harness: AccountHarness) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return the steps by their names."""

    async def remove_bot() -> None:
        async with harness.accounts.erasing(SERVER):
            await harness.services.erasure.erase_server(50, time.time())

    (first, own, second), (first_host, own_host, second_host) = KEYS, HOSTS
    actions: list[Callable[[], Awaitable[object]]] = [
        harness.running_tasks,
        lambda: harness.connect(SERVER, key=first, host=first_host),
        lambda: harness.connect(USER, key=own, host=own_host),
        lambda: harness.watch("here", HERE),
        lambda: harness.watch("direct", DIRECT, guild_id=50),
        lambda: harness.watch("elsewhere", ELSEWHERE),
        lambda: harness.connect(SERVER, key=second, host=second_host),
        lambda: harness.accounts.disconnect(USER),
        remove_bot,
    ]
    return dict(zip(STEPS, actions, strict=True))


async def main(on_step: Callable[[str], object], folder: Path) -> None:
    """Run all steps on the database in a folder."""
    async with open_journey(folder) as harness:
        for name, action in steps(harness).items():
            await retried(action)
            on_step(name)
