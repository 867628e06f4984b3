"""Requests to create at a relay on this machine, sent when a test says so, by the test's clock."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.accounts.credit import CreditMonitor
from bot.accounts.pauses import AccountPauses
from bot.creation.recorder import SubmissionRecorder
from bot.creation.submission_policy import SUBMISSION_POLICY, SubmissionPolicy
from bot.creation.submitter import CreationSubmitter
from bot.relay.creation import CreationKind, CreationRequest
from bot.storage.creations import CreationStore
from bot.storage.engine import Engine
from bot.storage.models import (
    Creation,
    CreationQuotas,
    CreationState,
    Destination,
    NewCreation,
    RelayAccount,
)
from sandbox.relay import LocalRelay
from tests.support.account_harness import NOTHING, AccountHarness, open_accounts, until
from tests.support.creations import let_create

CHANNEL = Destination(500, 50)
OPERATOR = "custom"
NO_QUOTAS = CreationQuotas(at_once=1000)
SONG = CreationRequest(CreationKind.DESCRIPTION, description="a harbour at night", model="chirp-v4")
LYRICS = CreationRequest(CreationKind.LYRICS, description="a harbour at night")


@dataclass
class SetClock:
    """A clock that moves when a test says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time (Unix seconds)."""
        return self.now


@asynccontextmanager
async def blocked(relay: LocalRelay) -> AsyncIterator[None]:
    """Let the relay begin what it is asked for, and not answer until this ends."""
    release = asyncio.Event()
    relay.delay = release.wait
    try:
        yield
    finally:
        release.set()


@dataclass
class CreationHarness:
    """The store of requests, and what sends them."""

    accounts: AccountHarness
    store: CreationStore
    clock: SetClock = field(default_factory=SetClock)
    told: list[str] = field(default_factory=list)
    """The accounts of which somebody was told that they have no credit."""

    @property
    def relay(self) -> LocalRelay:
        """The relay of the operator."""
        return self.accounts.relay

    def submitter(
        self, policy: SubmissionPolicy = SUBMISSION_POLICY, *, operator_creates: bool = True
    ) -> CreationSubmitter:
        """Return what sends requests, as a process that has just started has it."""
        pauses = AccountPauses(self.accounts.database, self.clock)
        metrics = self.accounts.bot.metrics
        return CreationSubmitter(
            self.store,
            self.accounts.registry,
            pauses,
            SubmissionRecorder(self.store, self.credit, pauses, metrics, policy, self.clock),
            policy,
            self.clock,
            operator_creates=operator_creates,
        )

    @property
    def credit(self) -> CreditMonitor:
        """Return what knows the accounts without credit; it tells ``told``."""

        async def tell(account: RelayAccount) -> bool:
            self.told.append(account.id)
            return True

        return CreditMonitor(self.accounts.services.credit, tell, self.clock)

    async def request(
        self,
        request: CreationRequest = SONG,
        *,
        account: str = OPERATOR,
        user_id: int = 7,
        destination: Destination = CHANNEL,
        quotas: CreationQuotas = NO_QUOTAS,
    ) -> Creation:
        """Store a request that is due."""
        await let_create(self.accounts.database, destination.guild_id)
        added = await self.store.add(
            NewCreation(
                account=account,
                request=request,
                user_id=user_id,
                destination=destination,
                caller_guild_id=destination.guild_id,
                now=self.clock.now,
                deadline=86400.0,
                quotas=quotas,
            )
        )
        return added.creation

    async def states(self) -> list[CreationState]:
        """Return the state of each request, in order."""
        rows = await self.accounts.database.read("SELECT state FROM creations ORDER BY id", [])
        return [CreationState(row["state"]) for row in rows]

    async def until_states(self, *states: CreationState) -> None:
        """Wait until the requests have these states."""

        async def reached() -> bool:
            return await self.states() == list(states)

        await until(reached)

    async def send(self, submitter: CreationSubmitter) -> float | None:
        """Send what is due, and wait for its end; return when more is due."""
        await submitter.tick()
        while submitter.in_flight:
            await asyncio.wait(submitter.in_flight)
        return await submitter.tick()

    async def waits(self) -> list[float]:
        """Return in how many seconds each queued request is due."""
        rows = await self.accounts.database.read(
            "SELECT due_at FROM creations WHERE state = 'queued' ORDER BY id", []
        )
        return [row["due_at"] - self.clock.now for row in rows]


@asynccontextmanager
async def open_creations(
    folder: Path,
    relay: LocalRelay,
    changes: Mapping[str, str] = NOTHING,
    hosts: Mapping[str, LocalRelay] = NOTHING,
    engine: Engine | None = None,
) -> AsyncIterator[CreationHarness]:
    """Build a bot whose operator's account is at ``relay``; it is not started.

    ``changes``, ``hosts`` and ``engine`` as for ``open_accounts``.
    """
    operator = {"suno_base_url": relay.base_url, "suno_api_key": relay.key}
    limits = {"watches_per_user": "1000", "messages_per_user": "1000"}
    many = {**limits, "messages_per_channel": "1000"}
    async with open_accounts(
        folder, relay, {**operator, **many, **changes}, hosts, engine
    ) as accounts:
        services = accounts.services
        store = CreationStore(
            accounts.database, services.outbox, services.live_cards, services.limits
        )
        yield CreationHarness(accounts, store)
