"""What live cards show of the relay besides their tasks: outages, and how long tasks take."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.relay.models import TaskKind
from bot.storage.models import DurationStats, LiveCard


async def _unknown_duration(_kind: TaskKind) -> None:
    return None


@dataclass(frozen=True, slots=True)
class RelayFacts:
    """Where the facts come from; delivery itself knows no relay client."""

    failing_since: Callable[[], float | None] = lambda: None
    """Returns since when the relay fails (Unix seconds), ``None`` while it works."""
    duration_stats: Callable[[TaskKind], Awaitable[DurationStats | None]] = _unknown_duration
    """Returns how long the last tasks of a kind took."""
    min_outage: float = 60.0
    """Seconds for which the relay fails before cards say so."""

    def down_since(self, now: float) -> float | None:
        """Return since when the relay fails, if it does for long enough to be shown."""
        since = self.failing_since()
        return since if since is not None and now - since >= self.min_outage else None

    async def added_to(self, card: LiveCard, now: float) -> LiveCard:
        """Return a card with what it shows of the relay."""
        running = [entry.task for entry in card.tasks if not entry.end_reason and entry.known]
        return replace(
            card,
            relay_down_since=self.down_since(now) if card.watchers else None,
            typical=await self.duration_stats(running[0].kind or TaskKind.MUSIC)
            if running
            else None,
        )
