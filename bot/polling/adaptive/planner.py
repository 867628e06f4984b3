"""Plans polls within the request budget: estimated hazards, and a price for each poll.

While the budget allows, every task is polled once an interval. When it is exceeded, polls get a
price (the seconds of delay that a poll must save), and each task is polled when that is best for
its age. Pure: ``now`` is passed in; all times are Unix seconds, all spans seconds.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from bot.polling.adaptive.hazards import HazardEstimator
from bot.polling.adaptive.inspection_policy import InspectionPolicy
from bot.relay.models import TaskKind
from bot.storage.models import PollTarget

LOOKAHEAD = 2.0
"""Seconds before its time at which a task may be polled, where the budget has room just now."""

_DAMPING = 0.5
"""The share of a lateness that one change of the price corrects: its effect is seen only after
all tasks were polled once, and 1 would oscillate."""
_INITIAL_PRICE = 0.01
"""Prices are seconds of delay."""
_MIN_PRICE = 0.004
_MAX_PRICE = 60.0
_MAX_STEP = 5.0
"""Seconds that count between two changes of the price at most."""
_MAX_RISE = 0.25
"""The exponent of the greatest rise at one change."""
_POLICY_TTL = 5.0
"""Seconds for which computed policies are used."""


class Planner:
    """Decides how long to wait before the next poll of a task."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._hazards: defaultdict[TaskKind | None, HazardEstimator] = defaultdict(HazardEstimator)
        self._policies: dict[TaskKind | None, InspectionPolicy] = {}
        self._policies_from = 0.0
        self._price = 0.0
        self._gap = interval
        self._adjusted_at = 0.0
        self._had_room = True

    @property
    def price(self) -> float:
        """The seconds of delay that a poll must save; 0 while the budget allows every poll."""
        return self._price

    @property
    def lookahead(self) -> float:
        """Seconds before their time at which tasks may be polled now."""
        return LOOKAHEAD if self._price else 0.0

    def wait(self, kind: TaskKind | None, age: float) -> float:
        """Return how long to wait after the poll of a running task of this age."""
        if not self._price:
            return self.interval
        if kind not in self._policies:
            self._policies[kind] = InspectionPolicy(self._hazards[kind].at, self._price)
        return max(self._policies[kind].wait(age), self.interval)

    def observe(self, target: PollTarget, until: float, *, ended: bool) -> None:
        """Record that a task ran since its last poll until then, and whether it ended then."""
        hazards = self._hazards[target.expected_kind]
        since = target.polled_at or target.added_at
        hazards.record_running(since - target.submitted_at, until - target.submitted_at)
        if ended:
            hazards.record_end(until - target.submitted_at)

    def learn_durations(self, kind: TaskKind, durations: Iterable[float]) -> None:
        """Record the durations of earlier tasks of a kind."""
        for seconds in durations:
            self._hazards[kind].record_running(0, seconds)
            self._hazards[kind].record_end(seconds)

    def adjust_price(self, due: Sequence[PollTarget], now: float, *, full: bool) -> None:
        """Raise the price when polls come too late, and lower it when there is room for more.

        Called at every tick. ``due``: what is polled now, the longest due first; empty where
        nothing is due. ``full``: the batch holds no more.
        """
        elapsed = min(max(now - self._adjusted_at, 0.0), _MAX_STEP)
        gaps = [
            min(now - target.polled_at, 2 * self._gap)  # an outage does not count in full
            for target in due
            if target.polled_at is not None
        ]
        if gaps:
            weight = min(elapsed / self._gap, 1.0) / 4
            self._gap += (max(sum(gaps) / len(gaps), self.interval) - self._gap) * weight
        late = min(now - due[-1].next_poll_at, self._gap) if full else 0.0
        if self._had_room:  # so that nothing had to wait since
            late = -self._gap
        elif late > self.interval / 2:
            self._price = self._price or _INITIAL_PRICE
        # The waits grow as the root of the price, and a change takes a gap to take effect.
        change = 2 * _DAMPING * late * elapsed / self._gap**2
        price = min(self._price * math.exp(min(change, _MAX_RISE)), _MAX_PRICE)
        self._price = price if price >= _MIN_PRICE else 0.0
        self._adjusted_at, self._had_room = now, not full
        if not 0 <= now - self._policies_from < _POLICY_TTL:
            self._policies.clear()
            self._policies_from = now
