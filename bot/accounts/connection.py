"""The connection of one relay account: its client, its tasks and its poller."""

from dataclasses import dataclass

from bot.polling.poller import Poller
from bot.polling.schedule import Schedule
from bot.relay.client import RelayClient
from bot.relay.providers import RelayProfile
from bot.storage.tasks import TaskStore


@dataclass(frozen=True, slots=True, eq=False)
class AccountConnection:
    """What asks one relay with one key. Everything in it belongs to this account alone."""

    account: str
    """The id of the account; the operator's is the name of the relay."""
    profile: RelayProfile
    client: RelayClient
    tasks: TaskStore
    poller: Poller
    schedule: Schedule

    async def aclose(self) -> None:
        """Cancel what is under way; people who wait get a ``RelayError``."""
        await self.poller.finish(shutdown_timeout=0)
        await self.client.aclose()
