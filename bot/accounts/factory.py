"""Makes the clients and connections of relay accounts."""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from pydantic import SecretStr

from bot.accounts.connection import AccountConnection
from bot.encryption import Cipher, DecryptionError
from bot.metrics import Metrics
from bot.polling.adaptive.planner import Planner
from bot.polling.poller import Poller
from bot.polling.schedule import Schedule
from bot.relay.client import RelayClient
from bot.relay.providers import RelayProfile, relay_profile
from bot.relay.requester import RequestStats
from bot.relay.transport import ResponseLimits
from bot.storage.database import DatabaseThread
from bot.storage.history import History
from bot.storage.key_value import RelayAccess, create_fingerprint
from bot.storage.limits import WatchLimits
from bot.storage.models import RelayAccount
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore


@dataclass(frozen=True, slots=True)
class PollSettings:
    """How each relay account is polled."""

    interval: float
    """Seconds between two polls of a task, where the request budget allows."""
    deadline: float
    """Seconds that a watch may last."""
    requests_per_second: float
    max_batch_size: int
    """Ids in one request, where the relay takes as many."""

    def batch_size(self, profile: RelayProfile) -> int:
        """Return how many ids one request to a relay may hold."""
        return min(self.max_batch_size, profile.batch_size)


@dataclass(frozen=True, slots=True)
class TaskStorage:
    """Where the tasks of all accounts are stored."""

    database: DatabaseThread
    outbox: Outbox
    limits: WatchLimits
    history: History


class ConnectionFactory:
    """Makes the connections of all accounts, and the clients of connected ones.

    ``session`` asks the relays that servers and users connect. ``cipher`` decrypts their keys,
    ``None`` without ``ENCRYPTION_KEY``. ``relays``: those that are known, by name.
    """

    def __init__(
        self,
        settings: PollSettings,
        storage: TaskStorage,
        metrics: Metrics,
        session: aiohttp.ClientSession,
        cipher: Cipher | None,
        relays: Mapping[str, RelayProfile],
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._metrics = metrics
        self._session = session
        self._cipher = cipher
        self._relays = relays
        self.stats = {name: RequestStats() for name in relays}
        """The requests to the relays of connected accounts, by the name of the relay."""

    def client(self, profile: RelayProfile, key: SecretStr, account: str = "new") -> RelayClient:
        """Make the client of a connected account; ``account`` is its id once it is stored."""
        return RelayClient(
            self._session,
            profile,
            key,
            batch_size=self._settings.batch_size(profile),
            requests_per_second=self._settings.requests_per_second,
            limits=ResponseLimits(redirects=0),
            account=account,
            stats=self.stats[profile.name],
            wall_clock=self._storage.database.clock,
        )

    def connection(
        self, account: str, profile: RelayProfile, client: RelayClient, fingerprint: str
    ) -> AccountConnection:
        """Make the connection of an account: what looks up, stores and polls its tasks.

        ``fingerprint``: of the relay's address and the key with which ``client`` asks.
        """
        storage = self._storage
        tasks = TaskStore(
            storage.database, storage.outbox, account, storage.limits, fingerprint=fingerprint
        )
        schedule = Schedule(Planner(self._settings.interval), self._settings.deadline)
        batch_size = self._settings.batch_size(profile)
        poller = Poller(
            client,
            tasks,
            schedule,
            batch_size=batch_size,
            metrics=self._metrics,
            clock=storage.database.clock,
        )
        client.on_success(poller.resume)
        return AccountConnection(account, profile, client, tasks, poller, schedule)

    async def open(self, account: RelayAccount) -> AccountConnection:
        """Make the connection of a connected account.

        Raises ``DecryptionError`` if its key cannot be read, ``ValueError`` for an unusable
        address.
        """
        if self._cipher is None:
            raise DecryptionError("ENCRYPTION_KEY is not set")
        key = self._cipher.decrypt(account.encrypted_key, account.id)
        profile = relay_profile(
            account.relay, account.base_url, account.fetch_path, relays=self._relays
        )
        access = RelayAccess(account.id, profile.base_url, key)
        fingerprint = await create_fingerprint(self._storage.database, access)
        client = self.client(profile, key, account.id)
        connection = self.connection(account.id, profile, client, fingerprint)
        await connection.poller.learn_from_history(self._storage.history)
        return connection
