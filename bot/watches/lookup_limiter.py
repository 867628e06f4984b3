"""Limits the look-ups that users cause: a token bucket for each user and each server.

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

TOKENS_PER_MISS = 3
"""Tokens that an id costs which the relay does not know."""

USER_BURST, USER_SHARE = 10, 1 / 8
SERVER_BURST, SERVER_SHARE = 40, 1 / 2
"""The capacity of a bucket in tokens, and the share of the relay's request budget by which it is
refilled. The poller has a half of the budget for itself (``RateLimiter``)."""

MAX_BUCKETS = 10_000
"""Buckets of users, and of servers, that are kept; the least recently used is dropped, which
refills it."""


class TokenBucket:
    """Holds up to ``capacity`` tokens, full at first, and gains ``per_second``.

    It may be overdrawn, because the cost of a look-up is known only afterwards. Times are seconds.
    """

    __slots__ = ("_at", "_capacity", "_per_second", "_tokens")

    def __init__(self, capacity: float, per_second: float, now: float) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._tokens = capacity
        self._at = now

    def wait(self, now: float) -> float:
        """Return the seconds until there is a whole token; 0 if there is one now."""
        self._refill(now)
        return max(1 - self._tokens, 0) / self._per_second

    def take(self, tokens: float, now: float) -> None:
        """Take tokens, also more than there are."""
        self._refill(now)
        self._tokens -= tokens

    def _refill(self, now: float) -> None:
        gained = max(now - self._at, 0) * self._per_second
        self._tokens = min(self._tokens + gained, self._capacity)
        self._at = now


class LookupLimiter:
    """Admits look-ups of users while they, and their server, have tokens left.

    ``requests_per_second`` is the request budget of the relay, ``clock`` returns seconds. The
    buckets of ``max_buckets`` users and as many servers are kept.
    """

    def __init__(
        self,
        requests_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        max_buckets: int = MAX_BUCKETS,
    ) -> None:
        self._clock = clock
        self._users = _Buckets(USER_BURST, USER_SHARE * requests_per_second, max_buckets)
        self._servers = _Buckets(SERVER_BURST, SERVER_SHARE * requests_per_second, max_buckets)

    def admit(self, caller: Caller) -> None:
        """Take a token for a look-up.

        Raises ``TooManyLookups``, with the seconds to wait, if there is none.
        """
        now = self._clock()
        buckets = self._of(caller, now)
        wait = max(bucket.wait(now) for bucket in buckets)
        if wait > 0:
            raise TooManyLookups(math.ceil(wait))
        for bucket in buckets:
            bucket.take(1, now)

    def charge_misses(self, caller: Caller, count: int) -> None:
        """Take the tokens for ``count`` ids of a look-up that the relay does not know."""
        now = self._clock()
        for bucket in self._of(caller, now):
            bucket.take(TOKENS_PER_MISS * count, now)

    def _of(self, caller: Caller, now: float) -> list[TokenBucket]:
        buckets = [self._users.of(caller.user_id, now)]
        if caller.guild_id is not None:
            buckets.append(self._servers.of(caller.guild_id, now))
        return buckets


class _Buckets:
    """The buckets of users or of servers, by the id of their owner."""

    def __init__(self, capacity: float, per_second: float, max_buckets: int) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._max_buckets = max_buckets
        self._by_owner: OrderedDict[int, TokenBucket] = OrderedDict()

    def of(self, owner: int, now: float) -> TokenBucket:
        if owner not in self._by_owner:
            self._by_owner[owner] = TokenBucket(self._capacity, self._per_second, now)
        self._by_owner.move_to_end(owner)
        if len(self._by_owner) > self._max_buckets:
            self._by_owner.popitem(last=False)
        return self._by_owner[owner]
