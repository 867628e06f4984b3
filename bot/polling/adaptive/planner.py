"""When a look is worth its price: learned hazards, a price that keeps looks within the budget.

While the budget of requests allows, every task is looked at once an interval. When it is short,
looks get a price (seconds of delay that one has to save), and each task is looked at when that is
best for its age. Pure: ``now`` is an argument; all times are Unix seconds, all spans seconds.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from bot.polling.adaptive.hazards import HazardEstimator
from bot.polling.adaptive.inspection_policy import InspectionPolicy
from bot.relay.models import TaskKind
from bot.storage.models import PollTarget

LOOKAHEAD = 2.0
"""How much before its time a task may be looked at, where the budget has room just now."""

_CALM = 0.5
"""How much of a lateness one round of looks makes good: what a change of the price does is seen
only a round later, and 1 would swing."""
_FIRST_PRICE = 0.01
_LEAST_PRICE = 0.004
_HIGHEST_PRICE = 60.0
_LONGEST_STEP = 5.0
_GREATEST_RISE = 0.25
_TIMETABLES_LAST = 5.0


class Planner:
    """Says how long to wait before the next look at a task."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._hazards: defaultdict[TaskKind | None, HazardEstimator] = defaultdict(HazardEstimator)
        self._timetables: dict[TaskKind | None, InspectionPolicy] = {}
        self._timetables_from = 0.0
        self._price = 0.0
        self._gap = interval
        self._adjusted_at = 0.0
        self._had_room = True

    @property
    def price(self) -> float:
        """How many seconds of delay a look has to save; 0 while the budget allows every look."""
        return self._price

    @property
    def lookahead(self) -> float:
        """How much before their time tasks may be looked at now."""
        return LOOKAHEAD if self._price else 0.0

    def wait(self, kind: TaskKind | None, age: float) -> float:
        """Return how long to wait after a look at a running task of this age."""
        if not self._price:
            return self.interval
        if kind not in self._timetables:
            self._timetables[kind] = InspectionPolicy(self._hazards[kind].at, self._price)
        return max(self._timetables[kind].wait(age), self.interval)

    def observe(self, watched: PollTarget, until: float, *, ended: bool) -> None:
        """Take in that a task ran until then since the last look at it, or that it ended then."""
        hazards = self._hazards[watched.hint]
        since = watched.polled_at or watched.added_at
        hazards.lived(since - watched.submitted_at, until - watched.submitted_at)
        if ended:
            hazards.ended(until - watched.submitted_at)

    def learn_durations(self, kind: TaskKind, lives: Iterable[float]) -> None:
        """Take in how long tasks of a kind took before."""
        for seconds in lives:
            self._hazards[kind].lived(0, seconds)
            self._hazards[kind].ended(seconds)

    def adjust_price(self, due: Sequence[PollTarget], now: float, *, full: bool) -> None:
        """Make looks dearer when they come too late, and cheaper when there is room for more.

        To be told of every round. ``due``: what is looked at now, the longest due first; nothing
        where nothing is due. ``full``: no more than that fit in.
        """
        elapsed = min(max(now - self._adjusted_at, 0.0), _LONGEST_STEP)
        gaps = [
            min(now - watched.polled_at, 2 * self._gap)  # an outage makes no pace
            for watched in due
            if watched.polled_at is not None
        ]
        if gaps:
            weight = min(elapsed / self._gap, 1.0) / 4
            self._gap += (max(sum(gaps) / len(gaps), self.interval) - self._gap) * weight
        late = min(now - due[-1].next_poll_at, self._gap) if full else 0.0
        if self._had_room:  # so that nothing had to wait since
            late = -self._gap
        elif late > self.interval / 2:
            self._price = self._price or _FIRST_PRICE
        # The waits grow as the root of the price, and a change takes a gap to come about.
        change = 2 * _CALM * late * elapsed / self._gap**2
        price = min(self._price * math.exp(min(change, _GREATEST_RISE)), _HIGHEST_PRICE)
        self._price = price if price >= _LEAST_PRICE else 0.0
        self._adjusted_at, self._had_room = now, not full
        if not 0 <= now - self._timetables_from < _TIMETABLES_LAST:
            self._timetables.clear()
            self._timetables_from = now
