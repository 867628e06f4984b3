"""Requests to create, in a database that tests look into."""

from collections.abc import Mapping
from typing import Any

from bot.relay.creation import CreationKind, CreationRequest, Submission
from bot.storage.creation_debits import CreationDebits
from bot.storage.creations import NO_MAXIMA, CreationStore
from bot.storage.database import DatabaseThread
from bot.storage.limits import DEFAULT_LIMITS, WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.models import Creation, Delivery, NewCreation
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.storage.watch_store import WatchStore
from tests.support.builders import HERE, NOON

ADA, BEA = 1, 2
ACCOUNT = "deerapi"
DEADLINE = 3600.0

HARBOUR = CreationRequest(
    CreationKind.CUSTOM, title="Harbour", style="folk", lyrics="Boats in the rain", model="chirp-v5"
)


class CreationHarness:
    """The stores of a bot on one database."""

    def __init__(self, database: DatabaseThread, limits: WatchLimits = DEFAULT_LIMITS) -> None:
        self.database = database
        self.outbox = Outbox(database)
        self.cards = LiveCards(database, limits)
        self.creations = CreationStore(database, self.outbox, self.cards, limits)
        self.debits = CreationDebits(database)
        self.tasks = TaskStore(database, self.outbox, ACCOUNT, limits, fingerprint="key 1")
        self.watches = WatchStore(database, self.outbox, limits)

    async def add(self, now: float = NOON, **changes: Any) -> Creation:
        """Store a request of Ada's in a server, if nothing else is said."""
        values: dict[str, Any] = {
            "account": ACCOUNT,
            "request": HARBOUR,
            "user_id": ADA,
            "destination": HERE,
            "caller_guild_id": HERE.guild_id,
            "now": now,
            "deadline": DEADLINE,
        }
        new = NewCreation(**values | changes)
        await let_create(self.database, new.caller_guild_id)
        return (await self.creations.add(new)).creation

    async def claim(self, now: float = NOON) -> Creation:
        """Claim the one request that is due."""
        (creation,) = await self.claim_due(now)
        return creation

    async def claim_due(
        self, now: float = NOON, max_sending: int = 10, limits: Mapping[str, int | None] = NO_MAXIMA
    ) -> list[Creation]:
        """Claim what is due, as if the turn of all came at once."""
        chosen = await self.creations.choose_due(now, max_sending, limits)
        claimed = [await self.creations.claim(each) for each in chosen]
        return [creation for creation in claimed if creation]

    async def sending(self, now: float = NOON, **changes: Any) -> Creation:
        """Store a request and claim it."""
        await self.add(now, **changes)
        return await self.claim(now)

    async def state(self, creation: Creation) -> str:
        """Return the state of a request."""
        rows = await self.database.read("SELECT state FROM creations WHERE id = ?", [creation.id])
        return str(rows[0]["state"])

    async def notices(self, now: float = NOON) -> list[Delivery]:
        """Return the messages that are due, as they are sent."""
        return await self.outbox.claim(now, 100)

    async def post(self, now: float = NOON) -> None:
        """Post everything that is due."""
        while claimed := await self.notices(now):
            for delivery in claimed:
                await self.outbox.acknowledge(delivery, message_id=delivery.id, now=now)

    async def counts(self) -> dict[str, int]:
        """Return how many rows are kept about requests and tasks."""
        rows = await self.database.read(
            "SELECT (SELECT count(*) FROM creations) AS creations,"
            " (SELECT count(*) FROM creation_tasks) AS creation_tasks,"
            " (SELECT count(*) FROM tasks) AS tasks",
            [],
        )
        return dict(rows[0])

    async def running(self) -> list[str]:
        """Return the ids of the running tasks."""
        rows = await self.database.read(
            "SELECT task_id FROM tasks WHERE state = 'running' ORDER BY added_at, task_id", []
        )
        return [row["task_id"] for row in rows]


async def let_create(database: DatabaseThread, guild_id: int | None) -> None:
    """Let creating be on in a server whose managers have set nothing yet."""
    if guild_id is not None:
        await database.write(
            "INSERT INTO server_settings (guild_id, settings) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [guild_id, '{"creation": true}'],
        )


def began(*ids: str) -> Submission:
    """Return the answer of a relay that has begun some tasks."""
    return Submission(ids)
