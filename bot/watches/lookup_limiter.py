"""Limits how often people cause look-ups: a token bucket for each person and each server.

A token is worth about one request. A look-up costs one, and each id that the relay does not know
costs three more, since it is looked up singly on up to three paths. So users who watch songs are
hardly ever limited, and users who invent ids soon are.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from bot.storage.errors import TooManyLookups
from bot.storage.models import Caller

COST_OF_A_MISS = 3

USER_BURST, USER_SHARE = 10, 1 / 8
SERVER_BURST, SERVER_SHARE = 40, 1 / 2
"""Tokens at once, and the part of the relay's request budget that a person or a server gets for
good. The rest of the budget is for everybody else; the poller has its own half (`RateLimiter`)."""

MAX_BUCKETS = 10_000
"""Of each kind. Beyond that the least recently used one is dropped; it counts as full then."""


class TokenBucket:
    """Holds up to ``capacity`` tokens, full at first, and gains ``per_second``.

    It may be overdrawn, by what turns out to cost more than was known before; times are seconds.
    """

    __slots__ = ("_at", "_capacity", "_per_second", "_tokens")

    def __init__(self, capacity: float, per_second: float, now: float) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._tokens = capacity
        self._at = now

    def wait(self, now: float) -> float:
        """Return in how many seconds there is a whole token; 0 if there is one now."""
        self._refill(now)
        return max(1 - self._tokens, 0) / self._per_second

    def take(self, tokens: float, now: float) -> None:
        """Take tokens, whether or not there are so many."""
        self._refill(now)
        self._tokens -= tokens

    def _refill(self, now: float) -> None:
        gained = max(now - self._at, 0) * self._per_second
        self._tokens = min(self._tokens + gained, self._capacity)
        self._at = now


class LookupLimiter:
    """Admits look-ups of people while they, and their server, have tokens left.

    ``requests_per_second`` is the budget of the relay, ``clock`` tells seconds; the buckets of
    ``most`` people and servers are remembered.
    """

    def __init__(
        self,
        requests_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        most: int = MAX_BUCKETS,
    ) -> None:
        self._clock = clock
        self._users = _Buckets(USER_BURST, USER_SHARE * requests_per_second, most)
        self._servers = _Buckets(SERVER_BURST, SERVER_SHARE * requests_per_second, most)

    def admit(self, caller: Caller) -> None:
        """Take a token for a look-up; raise TooManyLookups, with when to try again, if none is."""
        now = self._clock()
        buckets = self._of(caller, now)
        wait = max(bucket.wait(now) for bucket in buckets)
        if wait > 0:
            raise TooManyLookups(math.ceil(wait))
        for bucket in buckets:
            bucket.take(1, now)

    def charge_misses(self, caller: Caller, count: int) -> None:
        """Take what a look-up cost in which so many ids turned out to be unknown."""
        now = self._clock()
        for bucket in self._of(caller, now):
            bucket.take(COST_OF_A_MISS * count, now)

    def _of(self, caller: Caller, now: float) -> list[TokenBucket]:
        buckets = [self._users.of(caller.user_id, now)]
        if caller.guild_id is not None:
            buckets.append(self._servers.of(caller.guild_id, now))
        return buckets


class _Buckets:
    """The buckets of one kind, by the id of their owner; only so many are remembered."""

    def __init__(self, capacity: float, per_second: float, most: int) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._most = most
        self._by_owner: OrderedDict[int, TokenBucket] = OrderedDict()

    def of(self, owner: int, now: float) -> TokenBucket:
        if owner not in self._by_owner:
            self._by_owner[owner] = TokenBucket(self._capacity, self._per_second, now)
        self._by_owner.move_to_end(owner)
        if len(self._by_owner) > self._most:
            self._by_owner.popitem(last=False)
        return self._by_owner[owner]
