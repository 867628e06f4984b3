"""Creates songs and lyrics: a short journey that a crash test kills.

The relays run elsewhere, so that they outlive it and know what was charged.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bot.creation.submission_policy import SUBMISSION_POLICY
from bot.relay.creation import CreationKind, CreationRequest
from bot.storage.models import AccountOwner, CreationQuotas
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.relay import LocalRelay
from tests.e2e.journey_crashes import retried
from tests.support.account_harness import SERVER, until
from tests.support.creation_harness import OPERATOR, CreationHarness, open_creations

HOSTS = ("refuses.example", "loses.example")
"""The hosts of the relays but the first, which is the operator's and accepts everything."""
OWNERS = (SERVER, AccountOwner(user_id=8))
"""Who has an account at these."""
QUOTAS = CreationQuotas(per_user=20, at_once=20)
POLICY = replace(SUBMISSION_POLICY, store_interval=0.05)


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to be created at one of the relays."""

    name: str
    relay: int
    kind: CreationKind = CreationKind.DESCRIPTION

    @property
    def request(self) -> CreationRequest:
        """What is stored; *Try again* stores the same."""
        text = self.name.removesuffix(" again")
        model = "" if self.kind is CreationKind.LYRICS else "chirp-v4"
        return CreationRequest(self.kind, description=text, model=model)


WISHES = (
    Wish("a song", 0),
    Wish("a refused song", 1),
    Wish("a lost song", 2),
    Wish("a lost song again", 2),
    Wish("some lyrics", 0, CreationKind.LYRICS),
)
STEPS = (
    "open",
    "connect refuses",
    "connect loses",
    *(wish.name for wish in WISHES),
    "two at once",
    "end",
)
AT_ONCE = (Wish("one of two", 0), Wish("two of two", 0))


@asynccontextmanager
async def open_journey(
    folder: Path, relays: Sequence[LocalRelay]
) -> AsyncIterator[CreationHarness]:
    """Open the requests in a folder; ``relays`` need not run in this process."""
    changes = {"poll_interval": "3600"}  # so that each run makes the same writes
    hosts = dict(zip(HOSTS, relays[1:], strict=True))
    async with open_creations(folder, relays[0], changes, hosts) as harness:
        harness.clock.now = time.time()  # by which tasks are looked up
        yield harness


async def connect(harness: CreationHarness, number: int) -> None:
    """Connect the account at one of the relays but the first."""
    await retried(lambda: harness.accounts.connect(OWNERS[number], host=HOSTS[number]))


async def create(harness: CreationHarness, *wishes: Wish) -> None:
    """Store requests, and send them."""
    stored = RelayAccountStore(harness.accounts.database, harness.accounts.services.outbox)
    connected = {each.owner: each.id for each in await stored.all()}
    accounts = [OPERATOR, *(connected[owner] for owner in OWNERS)]
    for wish in wishes:
        account = accounts[wish.relay]
        await retried(partial(harness.request, wish.request, account=account, quotas=QUOTAS))
    await settle(harness)


async def settle(harness: CreationHarness) -> None:
    """Send what is due until nothing is, however long it is postponed."""
    submitter = harness.submitter(POLICY)
    while (due_at := await retried(lambda: harness.send(submitter))) is not None:
        harness.clock.now = max(due_at, harness.clock.now)


async def end(harness: CreationHarness) -> None:
    """Look up what was begun until it has ended."""

    async def has_ended() -> bool:
        for connection in harness.accounts.registry.connections:
            await retried(connection.poller.tick)
        return not await harness.accounts.running_tasks()

    await until(has_ended)


async def main(on_step: Callable[[str], object], folder: Path, *ports: int) -> None:
    """Run all steps on the database in a folder, at the relays at these ports of this machine."""
    relays = [LocalRelay(port=port) for port in ports]
    async with open_journey(folder, relays) as harness:
        steps: list[Callable[[], Awaitable[object]]] = [
            harness.states,
            *(partial(connect, harness, number) for number in range(len(HOSTS))),
            *(partial(create, harness, wish) for wish in WISHES),
            partial(create, harness, *AT_ONCE),
            partial(end, harness),
        ]
        for name, step in zip(STEPS, steps, strict=True):
            await step()
            on_step(name)
