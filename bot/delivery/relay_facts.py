"""What live cards show of the relay besides their tasks: outages, and how long tasks take."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.relay.models import TaskKind
from bot.storage.models import DurationStats, LiveCard


async def _unknown_duration(_account: str, _kind: TaskKind) -> None:
    return None


@dataclass(frozen=True, slots=True)
class RelayFacts:
    """Where the facts come from; delivery itself knows no relay client."""

    failing_since: Callable[[], Mapping[str, float]] = dict
    """Returns since when the relays of accounts fail (Unix seconds), for those that do."""
    duration_stats: Callable[[str, TaskKind], Awaitable[DurationStats | None]] = _unknown_duration
    """Returns how long the last tasks of an account and a kind took."""
    min_outage: float = 60.0
    """Seconds for which a relay fails before cards say so."""

    def outages(self, now: float) -> dict[str, float]:
        """Return since when the relays of accounts fail, if they do for long enough to be shown."""
        return {
            account: since
            for account, since in self.failing_since().items()
            if now - since >= self.min_outage
        }

    async def added_to(self, card: LiveCard, now: float) -> LiveCard:
        """Return a card with what it shows of the relay."""
        outages = self.outages(now) if card.watchers else {}
        accounts = {entry.account for entry in card.tasks if entry.watched}
        down_since = min((outages[each] for each in accounts & outages.keys()), default=None)
        return replace(card, relay_down_since=down_since, typical=await self._typical(card))

    async def _typical(self, card: LiveCard) -> DurationStats | None:
        """Return how long tasks like the first running one take."""
        running = [entry for entry in card.tasks if not entry.end_reason and entry.known]
        if not running:
            return None
        return await self.duration_stats(running[0].account, running[0].task.kind or TaskKind.MUSIC)
